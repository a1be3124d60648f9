"""Whose word counts on where a caller comes from: that of the proxies which the operator trusts, and nobody else's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest
from django.conf import settings

from config.proxies import behind
from config.serving import configuration
from tests.live import Served

if TYPE_CHECKING:
    from tests.callers import House

PROXIES = ("127.0.0.1", "10.0.0.0/8")
PROXY, CALLER = "10.0.0.2", "203.0.113.7"


async def seen(peer: str, *forwarded: str, proxies: tuple[str, ...] = PROXIES, **others: Any) -> dict[str, Any]:
    """Return the scope that the application gets from a peer with these X-Forwarded-For headers."""
    scopes: list[dict[str, Any]] = []

    async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
        scopes.append(scope)

    headers = [(b"x-forwarded-for", value.encode("latin-1")) for value in forwarded]
    headers += [(b"x-forwarded-proto", b"https")]
    scope = {"type": "http", "scheme": "http", "client": (peer, 50_000), "headers": headers, **others}
    await behind(proxies, application)(scope, None, None)
    return scopes[0]


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        (PROXY, [CALLER], CALLER),
        (f"::ffff:{PROXY}", [CALLER], CALLER),
        # What the caller wrote stands before what the proxies added.
        (PROXY, [f"198.51.100.1, {CALLER}"], CALLER),
        (PROXY, [f"198.51.100.1, {CALLER}, 10.9.9.9"], CALLER),
        (PROXY, ["198.51.100.1", CALLER], CALLER),
        (PROXY, [f"{CALLER}:4711"], CALLER),
        (PROXY, ["[2001:db8::1]:4711"], "2001:db8::1"),
        (PROXY, [], PROXY),
        # Anybody may write the header; nobody else is asked.
        (CALLER, ["198.51.100.1"], CALLER),
        (CALLER, ["x" * 46], CALLER),
    ],
)
async def test_caller_is_the_last_who_is_no_proxy(kind: str, peer: str, forwarded: list[str], address: str) -> None:
    scope = await seen(peer, *forwarded, type=kind)

    assert scope["client"][0] == address


@pytest.mark.parametrize("forwarded", ["x" * 46, "unknown", f"{CALLER}, _hidden", "203.0.113.999"])
async def test_caller_is_unknown_when_what_the_proxy_says_is_no_address(forwarded: str) -> None:
    assert (await seen(PROXY, forwarded))["client"] is None


@pytest.mark.parametrize(
    ("peer", "kind", "scheme"), [(PROXY, "http", "https"), (PROXY, "websocket", "wss"), (CALLER, "http", "http")]
)
async def test_scheme_is_the_proxys_when_it_is_trusted(peer: str, kind: str, scheme: str) -> None:
    assert (await seen(peer, type=kind))["scheme"] == scheme


async def test_nobody_is_believed_when_no_proxy_is_trusted() -> None:
    scope = await seen("127.0.0.1", CALLER, proxies=())

    assert (scope["client"], scope["scheme"]) == (("127.0.0.1", 50_000), "http")


def test_server_itself_believes_nobody_unless_told() -> None:
    assert configuration().proxy_headers is False
    assert settings.TRUSTED_PROXIES == ()


@pytest.fixture
def house(transactional_db: None) -> House:
    from tests.callers import open_house  # noqa: PLC0415 - models can be imported once the settings are there

    return open_house()


@pytest.mark.parametrize("server", ["uvicorn", "daphne"])
@pytest.mark.parametrize(("trusted", "address"), [("127.0.0.1", CALLER), ("", "127.0.0.1")])
def test_failures_count_for_the_caller_when_the_proxy_is_trusted(
    house: House, server: str, trusted: str, address: str
) -> None:
    from orders.models import FailedSignIn  # noqa: PLC0415

    served = Served(server=server, TRUSTED_PROXIES=trusted).start()
    try:
        reply = httpx.post(
            f"{served.url}/api/auth/token",
            json={"username": "mira", "password": "wrong"},
            headers={"X-Forwarded-For": f"198.51.100.1, {CALLER}"},
            trust_env=False,
        )
    finally:
        served.stop()

    assert reply.status_code == 401
    assert FailedSignIn.objects.get().address == address
