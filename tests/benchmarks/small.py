"""A server small enough to be read at one sitting, with which the benchmark tests itself: it can be told to misbehave.

It takes orders by POST, keeps their notes in a list, and sends each to all screens; a screen may come back with a
cursor. Run as a program with a port and, optionally, a misdeed.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import sys
from pathlib import Path
from struct import pack

from tests.benchmarks.contestants.base import Dialect, Ground, OrderTaker, Request, marker
from tests.benchmarks.contestants.processes import ServerProcess, plain_environment

ROOT = Path(__file__).parents[2]
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
JOIN = b'{"join":"orders"}'
# What a screen misses, has twice, or has late, and where: the seventh order of each hundred, on the first screen.
MISDEEDS = ("loses", "doubles", "reorders", "dies")
EVERY, PLACE = 100, 7


def text_frame(text: bytes) -> bytes:
    """Frame a text as servers do."""
    return b"\x81" + (bytes([len(text)]) if len(text) < 126 else b"\x7e" + pack("!H", len(text))) + text


class Restaurant:
    """Everything that the server knows."""

    def __init__(self, misdeed: str) -> None:
        """Open with no orders and no screens."""
        self.misdeed = misdeed
        self.events: list[bytes] = []
        self.orders = 0
        self.screens: list[asyncio.Transport] = []
        self.held = b""

    def take(self, notes: str) -> int:
        """Take an order and tell all screens."""
        self.orders += 1
        self.tell(notes)
        return self.orders

    def tell(self, notes: str) -> None:
        """Tell all screens of an order, or not quite."""
        seq = len(self.events) + 1
        frame = text_frame(b'{"type":"order","epoch":"one","seq":%d,"notes":"%s"}' % (seq, notes.encode()))
        self.events.append(frame)
        is_bad = seq % EVERY == PLACE
        for number, screen in enumerate(self.screens):
            if number:
                screen.write(frame)
            else:
                self.tell_first(screen, frame, is_bad=is_bad)
        if is_bad and self.misdeed == "dies":
            sys.exit(1)

    def tell_first(self, screen: asyncio.Transport, frame: bytes, *, is_bad: bool) -> None:
        """Tell the first screen, which is the one that suffers."""
        if is_bad and self.misdeed == "reorders":
            self.held = frame
            return
        times = {"loses": 0, "doubles": 2}.get(self.misdeed, 1) if is_bad else 1
        screen.write(frame * times + self.held)
        self.held = b""


class Server(asyncio.Protocol):
    """One connection, which may turn into a screen."""

    def __init__(self, restaurant: Restaurant) -> None:
        """Take where it is served."""
        self.restaurant = restaurant
        self.received = bytearray()
        self.is_screen = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a screen."""
        if self.transport in self.restaurant.screens:
            self.restaurant.screens.remove(self.transport)

    def data_received(self, data: bytes) -> None:
        """Answer each request or frame once it is whole."""
        self.received += data
        while self.frame() if self.is_screen else self.request():
            pass

    def request(self) -> bool:
        """Answer one HTTP request; False if there is none yet."""
        head, end, rest = bytes(self.received).partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
        length = int(headers.get("content-length", 0))
        if not end or len(rest) < length:
            return False
        del self.received[: len(head) + len(end) + length]
        if "sec-websocket-key" in headers:
            accept = base64.b64encode(hashlib.sha1(headers["sec-websocket-key"].encode() + GUID).digest())  # noqa: S324 - RFC 6455
            upgrade = b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
            self.transport.write(upgrade + accept + b"\r\n\r\n")
            self.is_screen = True
            return True
        self.answer(lines[0].split(" ")[0], json.loads(rest[:length]) if length else {})
        return True

    def answer(self, method: str, body: dict[str, str]) -> None:
        """Take an order, change one, or list them."""
        status, text = b"200 OK", b"[]"
        if method == "POST":
            status, text = b"201 Created", b'{"id":%d}' % self.restaurant.take(body["notes"])
        elif method == "PATCH":
            self.restaurant.tell(body["notes"])
        self.transport.write(b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status, len(text), text))

    def frame(self) -> bool:
        """Let a screen join; False if it has not said so yet. Its frames are short."""
        if len(self.received) < 6 or len(self.received) < 6 + (self.received[1] & 0x7F):
            return False
        opcode, length = self.received[0] & 0x0F, self.received[1] & 0x7F
        mask, text = self.received[2:6], self.received[6 : 6 + length]
        said = bytes(byte ^ mask[place % 4] for place, byte in enumerate(text))
        del self.received[: 6 + length]
        if opcode == 1:
            cursor = json.loads(said).get("since")
            missed = self.restaurant.events[cursor:] if cursor is not None else []
            self.transport.write(text_frame(b'{"joined":"orders","epoch":"one","seq":%d}' % (cursor or 0)))
            self.transport.write(b"".join(missed))
            self.restaurant.screens.append(self.transport)
        return True


class Small(OrderTaker):
    """The server as a contestant."""

    name = "small"
    misdeed = ""

    def __init__(self) -> None:
        """Begin without a server."""
        self.server: ServerProcess | None = None

    def missing(self) -> str | None:
        """Nothing."""
        return None

    def versions(self) -> dict[str, str]:
        """It has one version."""
        return {"small": "1"}

    def start(self, ground: Ground) -> None:
        """Start it; it needs neither database nor layer."""
        command = [sys.executable, str(Path(__file__)), str(ground.port), self.misdeed]
        environment = plain_environment(PYTHONPATH=str(ROOT))
        log = ground.home / f"{self.name}.log"
        self.server = ServerProcess(command, environment, ground.core, ground.port, log)
        self.server.start()

    def stop(self) -> None:
        """End it."""
        if self.server is not None:
            self.server.stop()
            self.server = None

    def server_pids(self) -> list[int]:
        """Return the one process."""
        return [self.server.pid] if self.server is not None else []

    def dialect(self) -> Dialect:
        """Join, with or without a cursor."""
        return Dialect(
            path="/",
            headers={},
            opening=(JOIN,),
            ready=b'"joined"',
            event=b'{"type":"order"',
            resuming=(b'{"join":"orders","since":{seq}}',),
        )

    def post(self, number: int) -> Request:
        """Take an order."""
        return Request("POST", "/", {}, json.dumps({"notes": marker(number)}).encode())

    def list(self) -> Request:
        """List them."""
        return Request("GET", "/")

    def patch(self, order_id: int, number: int) -> Request:
        """Change one."""
        return Request("PATCH", f"/{order_id}", {}, json.dumps({"notes": marker(number)}).encode())

    def order_id(self, answer: bytes) -> int:
        """Return the order's id."""
        return int(json.loads(answer)["id"])


async def serve(port: int, misdeed: str) -> None:
    """Serve until killed."""
    restaurant = Restaurant(misdeed)
    server = await asyncio.get_running_loop().create_server(lambda: Server(restaurant), "127.0.0.1", port, backlog=2048)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), sys.argv[2]))
