"""The consumer: one for each WebSocket. It knows membership only; events come from the hub.

Frames are handled one after the other, so that the commands of a socket are answered in order. A fault in a command
answers that command: it closes nothing and disturbs nobody.
"""

from __future__ import annotations

import asyncio
import time
from http.cookies import CookieError, SimpleCookie
from typing import Any

import msgspec
import structlog
from channels.consumer import AsyncConsumer
from channels.exceptions import StopConsumer
from django.conf import settings
from django.db import DataError, OperationalError
from django.db import Error as DatabaseError
from django.utils import timezone

from orders.access import BadToken
from orders.addresses import network_of
from orders.errors import DomainError
from orders.shapes import timestamp
from realtime.commands import ALREADY_ANSWERED, COMMANDS, Auth, Call, convert, resolve, sign_in, to_sign_in
from realtime.credentials import UNAUTHENTICATED, Principal, principal_of_session, principal_of_token
from realtime.feeds import Feed
from realtime.frames import encoded, refusal, reply
from realtime.hub import HEARTBEAT_SECONDS, Hub, get_hub
from realtime.joining import Refused
from realtime.sockets import Socket

log = structlog.get_logger(__name__)

PROTOCOL = 1
AUTH_SECONDS = 10.0
MOST_CHARACTERS = 65_536
MOST_MALFORMED = 20
COMMANDS_PER_SECOND = 20
COMMAND_BURST = 40
MOST_LIMITED = 200

BINARY, TOO_LARGE, MALFORMED, TOO_MANY = 1003, 1009, 4400, 4429
_CODES = {"missing": "not_found", "forbidden": "forbidden", "stale": "conflict", "invalid": "bad_request"}
_decode = msgspec.json.Decoder().decode


class StreamConsumer(AsyncConsumer):
    """A client's WebSocket, at ``/ws/`` and ``/``."""

    hub: Hub
    socket: Socket
    feed: Feed | None = None

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Serve one connection; whatever ends it, the socket leaves its rooms."""
        self.scope = scope
        self.base_send = send
        self.hub = get_hub()
        self.malformed = 0
        self.limited = 0
        self.tokens = float(COMMAND_BURST)
        self.refilled_at = time.monotonic()
        self.auth_timer: asyncio.TimerHandle | None = None
        try:
            while True:
                await self.dispatch(await receive())
        except StopConsumer:
            pass
        finally:
            self._gone()

    def _gone(self) -> None:
        if self.auth_timer is not None:
            self.auth_timer.cancel()
        if hasattr(self, "socket"):
            self.hub.forget(self.socket)
            log.info("socket_disconnected", **self._about())

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Hand a message of the server to its handler."""
        await getattr(self, message["type"].replace(".", "_"))(message)

    @property
    def principal(self) -> Principal | None:
        """Who is on the socket, once known."""
        return self.socket.principal

    def _about(self) -> dict[str, Any]:
        principal = self.socket.principal
        return {
            "socket": self.socket.number,
            "user": principal.user_id if principal else None,
            "restaurant": principal.restaurant_id if principal else None,
        }

    # Connecting

    async def websocket_connect(self, message: dict[str, Any]) -> None:
        """Accept, find out who it is, and say welcome."""
        await self.base_send({"type": "websocket.accept"})
        self.socket = Socket(self.base_send, self.scope.get("extensions", {}).get("brigade.wire"))
        try:
            principal = await self._credentials()
            if principal is not None:
                await self._enter(principal)
        except BadToken:
            log.info("socket_refused", why="bad token", **self._about())
            self.socket.close(UNAUTHENTICATED)
            return
        except DatabaseError as error:
            log.warning("socket_refused", why=repr(error), **self._about())
            self.socket.close(1013)  # RFC 6455's registry: try again later
            return
        self.socket.put(encoded({"type": "welcome", "data": self._welcome()}))
        if self.principal is None:
            if not self.hub.admit(self.socket, self._address()):
                self.socket.close(TOO_MANY)
                return
            self.auth_timer = asyncio.get_running_loop().call_later(AUTH_SECONDS, self.socket.close, UNAUTHENTICATED)
        log.info("socket_connected", **self._about())

    async def _credentials(self) -> Principal | None:
        headers = dict(self.scope.get("headers", ()))
        authorization = headers.get(b"authorization")
        if authorization is not None:
            scheme, _, token = authorization.decode("latin-1").partition(" ")
            if scheme.lower() != "bearer" or not token:
                raise BadToken("The Authorization header takes a Bearer token.")
            return await to_sign_in(lambda: principal_of_token(token.strip()))
        key = _session_key(headers.get(b"cookie", b"").decode("latin-1"))
        return await to_sign_in(lambda: principal_of_session(key)) if key else None

    async def _enter(self, principal: Principal) -> None:
        self.socket.hold_early()
        self.feed = await self.hub.follow(principal.restaurant_id, self.socket)
        self.socket.principal = principal
        self.hub.sign_in(self.socket, principal)
        if self.auth_timer is not None:
            self.auth_timer.cancel()

    def _address(self) -> str:
        client = self.scope.get("client")
        return network_of(str(client[0])) if client else ""

    def _welcome(self) -> dict[str, Any]:
        nobody = {"authenticated": False, "user": None, "restaurant": None}
        return {
            "protocol": PROTOCOL,
            **(self.principal.described() if self.principal else nobody),
            "heartbeat_seconds": HEARTBEAT_SECONDS,
            "server_time": timestamp(timezone.now()),
        }

    async def websocket_disconnect(self, message: dict[str, Any]) -> None:
        """The client has gone, or the server is going."""
        raise StopConsumer

    # Frames

    async def websocket_receive(self, message: dict[str, Any]) -> None:
        """Answer one frame."""
        if self.socket.closing is not None:
            return
        text = message.get("text")
        if text is None:
            self.socket.close(BINARY)
        elif len(text) > MOST_CHARACTERS:
            self.socket.close(TOO_LARGE)
        elif self._within_rate(text):
            await self._answer(text)

    def _within_rate(self, text: str) -> bool:
        now = time.monotonic()
        self.tokens = min(COMMAND_BURST, self.tokens + (now - self.refilled_at) * COMMANDS_PER_SECOND)
        self.refilled_at = now
        if self.tokens >= 1:
            self.tokens -= 1
            return True
        self.limited += 1
        if self.limited > MOST_LIMITED:
            self.socket.close(TOO_MANY)
        else:
            self.socket.put(refusal(_ref_of(text), "rate_limited", f"At most {COMMANDS_PER_SECOND} commands a second."))
        return False

    async def _answer(self, text: str) -> None:
        frame = self._parse(text)
        if frame is None:
            return
        ref = frame.get("ref")
        if ref is not None and not isinstance(ref, str):
            self.socket.put(refusal(None, "bad_request", "ref must be a string."))
            return
        try:
            answer = await self._run(frame["type"], frame.get("data"), ref)
            if answer is not ALREADY_ANSWERED:
                self.socket.put(reply(ref, answer))
        except Refused as error:
            self.socket.put(refusal(ref, error.code, error.detail, **error.extra))
        except DomainError as error:
            self.socket.put(_domain_refusal(ref, error))
        except DataError:  # a text with a NUL, an amount that follows
            self.socket.put(refusal(ref, "bad_request", "A value can't be kept, or is too large."))
        except OperationalError as error:  # a row that stays locked, a database out of reach
            log.warning("command_failed", command=frame["type"], error=repr(error), **self._about())
            self.socket.put(refusal(ref, "internal", "The database did not answer in time. Try again."))
        except Exception:  # a border: a fault in one command answers that command alone
            log.exception("command_failed", command=frame["type"], **self._about())
            self.socket.put(refusal(ref, "internal", "This could not be done. Nothing was changed."))

    def _parse(self, text: str) -> dict[str, Any] | None:
        try:
            frame = _decode(text)
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
            frame = None
        if isinstance(frame, dict) and isinstance(frame.get("type"), str):
            return frame
        self.malformed += 1
        if self.malformed > MOST_MALFORMED:
            self.socket.close(MALFORMED)
        else:
            self.socket.put(refusal(None, "bad_json", "A frame is a JSON object with a type."))
        return None

    async def _run(self, command: str, data: Any, ref: str | None) -> Any:
        if command == "ping":
            return data
        if command == "auth":
            return await self._auth(convert({} if data is None else data, Auth))
        command, data = resolve(command, {} if data is None else data, self.principal)
        known = COMMANDS.get(command)
        if known is None:
            raise Refused("unknown_command", f"There is no command {command[:100]!r}.")
        if self.principal is None:
            raise Refused("unauthenticated", "Sign in with auth first.")
        kind, handler = known
        return await handler(Call(self, self.principal, ref), convert(data, kind))

    async def _auth(self, data: Auth) -> dict[str, Any]:
        principal = await sign_in(data, self.principal)
        if self.principal is None:
            await self._enter(principal)
        else:
            self.hub.become(self.socket, principal)
        return self._welcome()


def _ref_of(text: str) -> str | None:
    try:
        frame = _decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return None
    ref = frame.get("ref") if isinstance(frame, dict) else None
    return ref if isinstance(ref, str) else None


def _session_key(cookies: str) -> str | None:
    try:
        morsel = SimpleCookie(cookies).get(settings.SESSION_COOKIE_NAME)
    except CookieError:
        return None
    return morsel.value if morsel and morsel.value else None


def _domain_refusal(ref: str | None, error: DomainError) -> str:
    code = error.code if error.code == "invalid_transition" else _CODES.get(error.kind, "conflict")
    extra = dict(error.extra)
    if code == "conflict" and error.code != "conflict":
        extra["reason"] = error.code
    if error.problems:
        extra["errors"] = [problem.as_dict() for problem in error.problems]
    return refusal(ref, code, error.detail, **extra)
