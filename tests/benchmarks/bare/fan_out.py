"""The limit of what a Python process can do: a POST makes one frame, and picows sends its bytes to every socket.

Run as a program, with the port as its argument. A port speaks both HTTP and WebSocket: the first bytes of a
connection tell which.
"""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import sys
from typing import Any, cast

import aiofastnet
import uvloop
from picows import WSAutoPingStrategy, WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest
from picows.picows import WSProtocol  # type: ignore[attr-defined]  # its types leave out what api.py itself uses

# As long as Brigade's event of an order with three lines.
FILLING = "x" * 1400
# picows writes the header into the space before the payload.
HEADER_SPACE = 16
BACKLOG = 4096
ANSWER = b'HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n{"id":0}'
END_OF_HEAD = b"\r\n\r\n"

screens: set[WSTransport] = set()


class Screen(WSListener):  # type: ignore[misc, unused-ignore]
    """One screen; it is told, and says nothing."""

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Say that it will be told from now on."""
        screens.add(transport)
        transport.send(WSMsgType.TEXT, b'{"type":"ready"}')

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Answer its goodbye."""
        if frame.msg_type == WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code())
            transport.disconnect()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Forget it."""
        screens.discard(transport)


def tell(notes: str) -> None:
    """Send one frame to every screen."""
    payload = json.dumps({"type": "order:created", "notes": notes, "filling": FILLING}, separators=(",", ":")).encode()
    frame = bytearray(HEADER_SPACE) + payload
    # A send that fails takes the screen out of the set.
    for screen in tuple(screens):
        screen.send_reuse_external_bytearray(WSMsgType.TEXT, frame, HEADER_SPACE)


class Orders(asyncio.Protocol):
    """A connection that posts orders, one after the other."""

    def __init__(self) -> None:
        self.received = b""
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep where to answer."""
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Tell the screens of each request that is complete, and answer."""
        self.received += data
        while END_OF_HEAD in self.received:
            head, _, rest = self.received.partition(END_OF_HEAD)
            length = content_length(head)
            if len(rest) < length:
                return
            tell(rest[:length].decode())
            self.received = rest[length:]
            assert self.transport is not None
            self.transport.write(ANSWER)


def content_length(head: bytes) -> int:
    """Return how long a request's body is."""
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


def screen_protocol() -> Any:
    """Return picows' server protocol, made as its own ``ws_create_server`` makes it."""

    def listener(_: WSUpgradeRequest) -> WSListener:
        return Screen()

    return WSProtocol(
        None, None, False, listener, logging.getLogger("bare"), True, 60, False, 20, 20,
        WSAutoPingStrategy.PING_WHEN_IDLE, True, 64 * 1024, None, 4096,
    )  # fmt: skip


async def admit(client: socket.socket) -> None:
    """Look at a connection's first bytes and hand it to whom it is for."""
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(client, readable.set)
    await readable.wait()
    loop.remove_reader(client)
    try:
        begins = client.recv(4, socket.MSG_PEEK)
    except OSError:
        begins = b""
    if not begins:
        client.close()
    elif begins == b"POST":
        await loop.connect_accepted_socket(Orders, client)
    else:
        await aiofastnet.connect_accepted_socket(loop, screen_protocol, client)


async def serve(port: int) -> None:
    """Take connections for ever."""
    loop = asyncio.get_running_loop()
    listener = socket.create_server(("127.0.0.1", port), backlog=BACKLOG)
    listener.setblocking(False)
    admitting: set[asyncio.Task[None]] = set()
    while True:
        client, _ = await loop.sock_accept(listener)
        task = loop.create_task(admit(client))
        admitting.add(task)
        task.add_done_callback(admitting.discard)


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
