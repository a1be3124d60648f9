"""The few bytes of the WebSocket protocol that a screen has to say."""

from __future__ import annotations

from collections.abc import Iterable
from struct import pack

from tests.benchmarks.contestants.base import Dialect

HOST = "127.0.0.1"
TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA
# Any sixteen bytes will do; nothing here is secret, and nobody checks the answer's sum.
KEY = "YnJpZ2FkZS1iZW5jaG1hcg=="


def handshake(dialect: Dialect, number: int, port: int) -> bytes:
    """Write the request that opens the numbered screen's connection."""
    headers = {
        "Host": f"{HOST}:{port}",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": KEY,
        **dialect.headers_for(number),
    }
    lines = [f"GET {dialect.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def masked(text: bytes, opcode: int = TEXT) -> bytes:
    """Frame a message as clients must, with a mask of zeros, which changes nothing."""
    size = len(text)
    length = bytes([0x80 | size]) if size < 126 else bytes([0x80 | 126]) + pack("!H", size)
    return bytes([0x80 | opcode]) + length + bytes(4) + text


def all_masked(texts: Iterable[bytes]) -> bytes:
    """Frame several messages."""
    return b"".join(masked(text) for text in texts)
