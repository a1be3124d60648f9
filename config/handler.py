"""Runs Django behind an ASGI server: what the API is asked on threads that stay, pages as Django does it.

Django takes a request to a thread and back for each middleware, begins a new thread for each request, and with it a
new connection object; that is most of what a small request costs. Nothing here is asynchronous behind Django (what
waits is an application beside it), so one change of thread, to one of a few that stay, is enough.
"""

from __future__ import annotations

import asyncio
import contextvars
import re
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from io import BytesIO
from typing import Any, NamedTuple

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler, ASGIRequest, get_script_prefix
from django.core.handlers.exception import convert_exception_to_response
from django.core.signals import request_started
from django.http import HttpRequest, HttpResponse
from django.urls import set_script_prefix
from django.utils.log import log_response
from django.utils.module_loading import import_string

from config.bodies import Gone, Scope, TooLarge, draining, read_body, replaying
from config.problems import RETRY_SECONDS, problem
from orders.pictures import MOST_BODY_BYTES, SENT_TOO_MUCH, TOO_MUCH

API = "/api/"
# The one page there: it needs its policy, also where a proxy adds a token of its own.
DOCS = ("/api/docs", "/api/docs/")
# Where a picture of a dish is put; nothing else that is sent is nearly as large.
_PICTURE = re.compile(r"/(?:api/menu-items/[0-9]+/image|admin/orders/menuitem/[0-9]+/image)/?")
# Where a person does it, who is to read a page and not a problem.
_PICTURE_PAGE = re.compile(r"/admin/orders/menuitem/[0-9]+/image/")
_OF_BODIES = (b"content-length", b"content-type", b"transfer-encoding")
# More threads than database connections: who waits too long for a connection is told so, not left in the queue.
MOST_THREADS = 64
MOST_WAITING = 1000
# What a request that brings a token needs: it has neither session nor cookies, and is answered no page.
TOKEN_MIDDLEWARE = (
    "django.middleware.security.SecurityMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
)
# Only where a client says which language it reads; otherwise the default is told without looking.
LANGUAGE_MIDDLEWARE = "django.middleware.locale.LocaleMiddleware"

Send = Callable[[dict[str, Any]], Awaitable[None]]
Chain = Callable[[HttpRequest], HttpResponse]


class Reply(NamedTuple):
    """An answer, ready to be sent."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class Handler(ASGIHandler):
    """Django's handler with bounded bodies, and a way of its own for the API."""

    def __init__(self) -> None:
        super().__init__()
        self._threads = ThreadPoolExecutor(MOST_THREADS, thread_name_prefix="brigade-api")
        self._waiting = 0

    def load_middleware(self, is_async: bool = False) -> None:  # noqa: FBT002 - Django's signature
        """Build the synchronous chains: the whole one, and the short ones for requests with a token."""
        super().load_middleware(is_async=False)
        chain: Any = self._middleware_chain  # type: ignore[has-type]
        self._chain: Chain = chain
        self._middleware_chain = sync_to_async(chain, thread_sensitive=True)
        self._token_chain = self._chain_of(*TOKEN_MIDDLEWARE)
        self._language_chain = self._chain_of(LANGUAGE_MIDDLEWARE, *TOKEN_MIDDLEWARE)

    def _chain_of(self, *names: str) -> Chain:
        chain: Any = convert_exception_to_response(self._get_response)  # type: ignore[attr-defined]
        for name in reversed(names):
            chain = convert_exception_to_response(import_string(name)(chain))
        return chain  # type: ignore[no-any-return]

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """Answer a request."""
        try:
            body = await read_body(scope, receive, most=_most_bytes(scope))
        except TooLarge:
            if _PICTURE_PAGE.fullmatch(scope["path"]):
                await super().__call__(_shown_again(scope), replaying(b"", draining(receive)), send)
            else:
                await _send(_as_reply(_too_large(scope)), send)
            return
        except Gone:
            return
        if not scope["path"].startswith(API):
            await super().__call__(scope, replaying(body, receive), send)
        elif self._waiting >= MOST_WAITING:
            await _send(_as_reply(_busy()), send)
        else:
            await _send(await self._in_thread(scope, body), send)

    async def _in_thread(self, scope: Scope, body: bytes) -> Reply:
        # A context of its own: what a request activates on a thread, such as a language, ends with it.
        context = contextvars.copy_context()
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._threads, context.run, self._reply, scope, body
            )
        finally:
            self._waiting -= 1

    def _reply(self, scope: Scope, body: bytes) -> Reply:
        """Answer a request to the API, and hand back the database connection."""
        set_script_prefix(get_script_prefix(scope))
        request_started.send(sender=type(self), scope=scope)
        response = self._answer(scope, body)
        try:
            return _as_reply(response)
        finally:
            response.close()

    def _answer(self, scope: Scope, body: bytes) -> HttpResponse:
        made: Any = self.create_request(scope, BytesIO(body))
        request, _ = made
        if request is None:  # bytes in the query that are no UTF-8; nothing of it can be read, not even for a log
            return problem(HTTPStatus.BAD_REQUEST, "bad_request", "The request is malformed.")
        response = self._chain_for(request)(request)
        response._resource_closers.append(request.close)  # type: ignore[attr-defined]  # noqa: SLF001 - as Django does
        if response.status_code >= HTTPStatus.BAD_REQUEST:
            reason = response.reason_phrase
            log_response("%s: %s", reason, request.path, response=response, request=request)
        return response

    def _chain_for(self, request: ASGIRequest) -> Chain:
        if request.META.get("HTTP_AUTHORIZATION", "")[:7].lower() != "bearer " or request.path_info in DOCS:
            return self._chain
        return self._language_chain if "HTTP_ACCEPT_LANGUAGE" in request.META else self._token_chain


def _takes_picture(scope: Scope) -> bool:
    return scope["method"] in ("PUT", "POST") and _PICTURE.fullmatch(scope["path"]) is not None


def _most_bytes(scope: Scope) -> int:
    most: int = MOST_BODY_BYTES if _takes_picture(scope) else settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    return most


def _too_large(scope: Scope) -> HttpResponse:
    detail = TOO_MUCH if _takes_picture(scope) else "The body is larger than 1 MiB."
    return problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", detail)


def _shown_again(scope: Scope) -> Scope:
    """Ask for the page itself, which then says that what was sent to it was too large."""
    headers = [(name, value) for name, value in scope["headers"] if name not in _OF_BODIES]
    return {**scope, "method": "GET", "headers": headers, SENT_TOO_MUCH: True}


def _busy() -> HttpResponse:
    return problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "unavailable_now",
        "Too much is asked at once. Try again.",
        headers={"Retry-After": str(RETRY_SECONDS)},
    )


def _as_reply(response: HttpResponse) -> Reply:
    headers = [(name.encode("ascii"), value.encode("latin-1")) for name, value in response.items()]
    headers += [
        (b"Set-Cookie", cookie.output(header="").strip().encode("ascii")) for cookie in response.cookies.values()
    ]
    return Reply(response.status_code, headers, response.getvalue())


async def _send(reply: Reply, send: Send) -> None:
    await send({"type": "http.response.start", "status": reply.status, "headers": reply.headers})
    await send({"type": "http.response.body", "body": reply.body})
