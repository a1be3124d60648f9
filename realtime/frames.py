"""An event on its way to the screens: encoded once for each audience, however many sockets get it."""

from __future__ import annotations

import functools
import struct
from typing import Any

import msgspec

from orders.redaction import guest_view
from realtime.audiences import Audience, public_view, rooms_for
from realtime.events import CATALOGUE

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


def encoded(value: Any) -> str:
    """Encode a value as JSON text."""
    return _encode(value).decode()


class Frame:
    """One text message to a client. Its WebSocket frame is made once, however many sockets it is written to.

    A server's frames are not masked and not compressed (RFC 6455, 5.2): the same bytes serve every client.
    """

    __slots__ = ("_wire", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._wire: bytes | None = None

    @property
    def wire(self) -> bytes:
        """The frame as it goes over the wire: final, text, length in 7, 16 or 64 bits, payload."""
        if self._wire is None:
            payload = self.text.encode()
            size = len(payload)
            if size < 126:  # noqa: PLR2004 - RFC 6455, 5.2
                head = struct.pack("!BB", 0x81, size)
            elif size < 65536:  # noqa: PLR2004
                head = struct.pack("!BBH", 0x81, 126, size)
            else:
                head = struct.pack("!BBQ", 0x81, 127, size)
            self._wire = head + payload
        return self._wire


class StreamEvent(msgspec.Struct, array_like=True, dict=True):
    """A numbered event, as the stream has it and as one process tells another.

    ``data`` is the payload for staff, encoded; ``at`` is UTC in ISO 8601 with three decimals.
    """

    restaurant_id: int
    epoch: str
    seq: int
    id: str
    type: str
    at: str
    rooms: list[str]
    data: str

    def frame(self, audience: Audience, *, replayed: bool = False, name: str | None = None) -> Frame:
        """Return the frame for an audience, made once; ``name`` is the client's own word for the type."""
        if name is not None:  # a client may make up as many names as it likes: these are not kept
            return self._frame(audience, name, replayed=replayed)
        frames: dict[tuple[Audience, bool], Frame] = self.__dict__.setdefault("frames", {})
        frame = frames.get((audience, replayed))
        if frame is None:
            frame = frames[audience, replayed] = self._frame(audience, self.type, replayed=replayed)
        return frame

    def drop_frames(self) -> None:
        """Let go of what was encoded; who asks for it again has it made again."""
        self.__dict__.pop("frames", None)
        self.__dict__.pop("bodies", None)

    def _frame(self, audience: Audience, name: str, *, replayed: bool) -> Frame:
        body = self._body(audience)
        if replayed:
            body = f'{body[:-1]},"replayed":true}}'
        return Frame(f'{{"type":{encoded(name)},{body}')

    def _body(self, audience: Audience) -> str:
        bodies: dict[Audience, str] = self.__dict__.setdefault("bodies", {})
        body = bodies.get(audience)
        if body is None:
            body = bodies[audience] = self._encode_body(audience)
        return body

    def _encode_body(self, audience: Audience) -> str:
        rooms = encoded(rooms_for(audience, self.rooms))
        return (
            f'"id":"{self.id}","epoch":"{self.epoch}","seq":{self.seq},"timestamp":"{self.at}",'
            f'"rooms":{rooms},"data":{self._data(audience)}}}'
        )

    def _data(self, audience: Audience) -> str:
        if audience is Audience.STAFF:
            return self.data
        data = _decode(self.data)
        if audience is Audience.GUEST:
            return encoded(guest_view(CATALOGUE[self.type].data, data))
        return encoded(public_view(data))

    @functools.cached_property
    def everywhere(self) -> bool:
        """Whether the event is for every socket of its audience, in whatever room."""
        return "*" in self.rooms

    @functools.cached_property
    def lowest_audience(self) -> Audience:
        """The audience below which an event for everywhere is not told."""
        return Audience.PUBLIC if '"audience":"all"' in self.data else Audience.STAFF


class PassingEvent(StreamEvent):
    """An event that is in no stream, and so without a number: nobody is told it later."""

    def _encode_body(self, audience: Audience) -> str:
        rooms = encoded(rooms_for(audience, self.rooms))
        return (
            f'"id":"{self.id}","epoch":"{self.epoch}","timestamp":"{self.at}",'
            f'"rooms":{rooms},"data":{self._data(audience)}}}'
        )


def reply(ref: str | None, data: Any) -> str:
    """Encode the answer to a command that went well."""
    return encoded({"type": "reply", "ref": ref, "ok": True, "data": data})


def refusal(ref: str | None, code: str, detail: str, **extra: Any) -> str:
    """Encode the answer to a command that was refused."""
    return encoded({"type": "reply", "ref": ref, "ok": False, "error": {"code": code, "detail": detail, **extra}})
