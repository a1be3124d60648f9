"""How the server takes requests to Django: bodies bounded, the API on threads that stay."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from orders.states import Role
from tests.pictures import picture

if TYPE_CHECKING:
    from config.handler import Handler
    from tests.places import Place

LIMIT = 1024 * 1024


@pytest.fixture
def handler(settings: Any) -> Iterator[Handler]:
    from config.handler import Handler  # noqa: PLC0415 - needs the settings

    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = LIMIT
    handler = Handler()
    yield handler
    handler._threads.shutdown()


@pytest.fixture
def place(transactional_db: None) -> Place:
    from tests.places import open_place  # noqa: PLC0415

    return open_place("grillhaus")


class Answer:
    """What was sent for one request, and how many parts of its body were asked for."""

    def __init__(self, sent: list[dict[str, Any]], received: int) -> None:
        self.status: int = sent[0]["status"] if sent else 0
        self.headers = {name.decode().lower(): value.decode() for name, value in (sent[0]["headers"] if sent else ())}
        self.text = b"".join(message.get("body", b"") for message in sent[1:])
        self.received = received

    @property
    def body(self) -> Any:
        return json.loads(self.text)


async def ask(
    handler: Handler,
    path: str,
    *parts: bytes,
    method: str = "GET",
    query: bytes = b"",
    leaves: bool = False,
    **headers: str,
) -> Answer:
    """Send a request whose body comes in parts; the client may leave after them."""
    sent: list[dict[str, Any]] = []
    received = 0

    async def receive() -> dict[str, Any]:
        nonlocal received
        received += 1
        if received <= max(1, len(parts)):
            more = leaves or received < len(parts)
            return {"type": "http.request", "body": parts[received - 1] if parts else b"", "more_body": more}
        if leaves:
            return {"type": "http.disconnect"}
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    named = {"host": "testserver"} | {name.replace("_", "-"): value for name, value in headers.items()}
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query,
        "headers": [(name.encode(), value.encode()) for name, value in named.items()],
        "client": ("127.0.0.1", 1),
        "server": ("testserver", 80),
        "scheme": "http",
    }
    await handler(scope, receive, send)
    return Answer(sent, received)


@pytest.fixture
def managers_cookie(place: Place) -> str:
    """What the manager's browser brings."""
    client = Client()
    client.force_login(place.staff(Role.MANAGER).user)
    return f"sessionid={client.cookies['sessionid'].value}"


@pytest.fixture
def token(place: Place) -> str:
    """What the waiter's requests bring."""
    return f"Bearer {place.token(Role.WAITER)}"


@pytest.fixture
def managers_token(place: Place) -> str:
    """What the manager's requests bring."""
    return f"Bearer {place.token(Role.MANAGER)}"


# Bodies ---------------------------------------------------------------------------------------------


async def test_nothing_is_read_when_the_body_is_said_to_be_too_large(handler: Handler) -> None:
    answer = await ask(handler, "/api/orders", b"x", method="POST", content_length=str(LIMIT + 1))

    assert (answer.status, answer.body["code"], answer.received) == (413, "too_large", 0)
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/api/orders", "/login/"])
async def test_reading_ends_when_the_body_grows_too_large(handler: Handler, path: str) -> None:
    parts = [b"x" * (LIMIT // 2)] * 9

    answer = await ask(handler, path, *parts, method="POST")

    assert (answer.status, answer.received) == (413, 3)


async def test_too_large_when_one_part_is(handler: Handler) -> None:
    assert (await ask(handler, "/api/orders", b"x" * (LIMIT + 1), method="POST")).status == 413


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/api/menu-items/1/image"),
        ("PUT", "/api/menu-items/1/image/"),
    ],
)
async def test_larger_body_is_read_where_a_picture_is_put(handler: Handler, method: str, path: str) -> None:
    taken = await ask(handler, path, b"x" * (5 * LIMIT), method=method)
    refused = await ask(handler, path, b"x", method=method, content_length=str(6 * LIMIT))

    assert taken.status != 413
    assert (refused.status, refused.body["detail"]) == (413, "The picture is larger than 5 MiB.")


async def test_page_is_shown_when_a_picture_that_a_manager_chose_is_too_large(
    handler: Handler, place: Place, managers_cookie: str
) -> None:
    path = f"/admin/orders/menuitem/{place.dish.pk}/image/"
    parts = [b"x" * LIMIT] * 7

    announced = await ask(handler, path, b"x", method="POST", cookie=managers_cookie, content_length=str(6 * LIMIT))
    grown = await ask(handler, path, *parts, method="POST", cookie=managers_cookie)
    strange = await ask(handler, path, *parts, method="POST")

    assert (announced.status, announced.headers["content-type"]) == (413, "text/html; charset=utf-8")
    assert b"The picture is larger than 5 MiB." in announced.text
    assert b'<input type="file" name="image"' in announced.text
    assert (grown.status, b"The picture is larger than 5 MiB." in grown.text) == (413, True)
    assert (strange.status, strange.headers["location"]) == (302, f"/login/?next={path}")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PATCH", "/api/menu-items/1/image"),
        ("PUT", "/api/menu-items/1"),
        ("PUT", "/api/menu-items/1/images"),
        ("PUT", "/api/menu-items/x/image"),
        ("POST", "/admin/orders/menuitem/1/change/"),
    ],
)
async def test_larger_body_is_read_nowhere_else(handler: Handler, method: str, path: str) -> None:
    assert (await ask(handler, path, b"x" * (LIMIT + 1), method=method)).status == 413


async def test_nothing_is_answered_when_the_client_leaves_before_the_end(handler: Handler) -> None:
    answer = await ask(handler, "/api/orders", b"{", method="POST", leaves=True)

    assert (answer.status, answer.text) == (0, b"")


async def test_order_is_taken_when_its_body_comes_in_parts(handler: Handler, place: Place, token: str) -> None:
    body = json.dumps({"channel": "takeaway", "items": [{"menu_item_id": place.dish.pk, "quantity": 2}]}).encode()
    answer = await ask(
        handler,
        "/api/orders",
        body[:9],
        b"",
        body[9:],
        method="POST",
        authorization=token,
        content_type="application/json",
    )

    assert (answer.status, answer.body["final_amount"]) == (201, "19.00")


async def test_picture_is_taken_when_its_body_comes_in_parts_of_unknown_number(
    handler: Handler, place: Place, managers_token: str, settings: Any, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path
    content = picture() + b"\0" * (3 * LIMIT)
    body = encode_multipart(BOUNDARY, {"image": SimpleUploadedFile("soup.jpg", content)})
    parts = [body[at : at + 100_000] for at in range(0, len(body), 100_000)]

    answer = await ask(
        handler,
        f"/api/menu-items/{place.dish.pk}/image",
        *parts,
        method="PUT",
        authorization=managers_token,
        content_type=MULTIPART_CONTENT,
    )
    shown = await ask(handler, answer.body["image_url"])

    assert (answer.status, shown.status, shown.headers["content-type"]) == (200, 200, "image/webp")


# Chains ---------------------------------------------------------------------------------------------


async def test_answer_to_a_token_has_the_headers_that_matter_and_no_cookie(handler: Handler, token: str) -> None:
    answer = await ask(handler, "/api/orders", authorization=token, cookie="sessionid=nobody")

    assert answer.status == 200
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert "set-cookie" not in answer.headers
    assert "cookie" not in answer.headers.get("vary", "").lower()


async def test_bad_request_when_the_host_of_a_request_with_a_token_is_not_ours(handler: Handler) -> None:
    answer = await ask(handler, "/api/orders", authorization="Bearer x", host="elsewhere.example")

    assert (answer.status, answer.body["code"]) == (400, "bad_request")


async def test_bad_request_when_the_query_is_no_text(handler: Handler) -> None:
    answer = await ask(handler, "/api/orders", query=b"search=\xff")

    assert (answer.status, answer.headers["content-type"]) == (400, "application/problem+json")
    assert answer.body["code"] == "bad_request"


@pytest.mark.parametrize("header", ["Basic dTpw", "Bearer", "Bearer of.the.proxy"])
async def test_page_keeps_its_policy_when_a_proxy_adds_credentials_of_its_own(handler: Handler, header: str) -> None:
    answer = await ask(handler, "/api/docs", authorization=header)

    assert answer.status == 200
    assert "script-src" in answer.headers["content-security-policy"]


async def test_mistakes_are_told_in_the_language_that_is_asked_for_and_in_no_other_after_that(
    handler: Handler, token: str
) -> None:
    told = []
    for language in ("", "de", ""):
        headers = {"accept_language": language} if language else {}
        headers |= {"authorization": token, "content_type": "application/json"}
        answer = await ask(handler, "/api/orders", b"{}", method="POST", **headers)  # type: ignore[arg-type]
        told.append({error["pointer"]: error["detail"] for error in answer.body["errors"]}["/channel"])

    assert told == ["This field is required.", "Dieses Feld ist zwingend erforderlich.", "This field is required."]


async def test_session_is_read_when_there_is_no_token(handler: Handler, place: Place) -> None:
    answer = await ask(handler, "/api/orders")

    assert (answer.status, answer.body["code"]) == (401, "unauthenticated")
    assert "cookie" in answer.headers["vary"].lower()


async def test_page_is_answered_beside_the_api(handler: Handler) -> None:
    answer = await ask(handler, "/nowhere/")

    assert answer.status == 404
    assert answer.headers["content-type"].startswith("text/html")


# Threads --------------------------------------------------------------------------------------------


async def test_requests_are_answered_at_the_same_time_on_threads_that_stay(
    handler: Handler, monkeypatch: pytest.MonkeyPatch
) -> None:
    meet = threading.Barrier(5)
    names: list[str] = []
    reply = handler._reply

    def meeting(*request: Any) -> Any:
        meet.wait(30)
        names.append(threading.current_thread().name)
        return reply(*request)

    monkeypatch.setattr(handler, "_reply", meeting)

    for _ in range(3):
        answers = await asyncio.gather(*(ask(handler, "/api/health/live") for _ in range(5)))
        assert [answer.status for answer in answers] == [200] * 5

    assert len(names) == 15
    assert len(set(names)) < 15


async def test_unavailable_when_too_many_wait_already(handler: Handler, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("config.handler.MOST_WAITING", 2)
    gate, reply = threading.Event(), handler._reply

    def waiting(*request: Any) -> Any:
        gate.wait(30)
        return reply(*request)

    monkeypatch.setattr(handler, "_reply", waiting)
    first = [asyncio.create_task(ask(handler, "/api/health/live")) for _ in range(2)]
    await asyncio.sleep(0)
    while handler._waiting < 2:
        await asyncio.sleep(0.001)

    refused = await ask(handler, "/api/health/live")
    gate.set()

    assert (refused.status, refused.body["code"], refused.headers["retry-after"]) == (503, "unavailable_now", "2")
    assert [(await task).status for task in first] == [200, 200]
    assert (await ask(handler, "/api/health/live")).status == 200


async def test_connection_goes_back_to_the_pool_when_the_request_is_answered(handler: Handler, token: str) -> None:
    pool = connection.pool  # type: ignore[attr-defined]

    def lent() -> int:
        """Count the connections that are out of the pool, or that it is still opening."""
        stats = pool.get_stats()
        return int(stats["pool_size"] - stats["pool_available"])

    await ask(handler, "/api/orders", authorization=token)
    before = lent()
    answers = await asyncio.gather(*(ask(handler, "/api/orders", authorization=token) for _ in range(30)))

    assert [answer.status for answer in answers] == [200] * 30
    async with asyncio.timeout(30):
        while lent() > before:
            await asyncio.sleep(0.01)
