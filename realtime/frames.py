"""An event on its way to the screens: encoded once for each audience, however many sockets get it."""

from __future__ import annotations

import functools
from typing import Any

import msgspec

from realtime.audiences import Audience, guest_view, public_view, rooms_for
from realtime.events import CATALOGUE

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


def encoded(value: Any) -> str:
    """Encode a value as JSON text."""
    return _encode(value).decode()


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

    def frame(self, audience: Audience, *, replayed: bool = False, name: str | None = None) -> str:
        """Return the frame for an audience; ``name`` is the client's own word for the type."""
        body = self._body(audience)
        if replayed:
            body = f'{body[:-1]},"replayed":true}}'
        return f'{{"type":{encoded(name or self.type)},{body}'

    def _body(self, audience: Audience) -> str:
        cache: dict[Audience, str] = self.__dict__.setdefault("bodies", {})
        body = cache.get(audience)
        if body is None:
            body = cache[audience] = self._encode_body(audience)
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


def reply(ref: str | None, data: Any) -> str:
    """Encode the answer to a command that went well."""
    return encoded({"type": "reply", "ref": ref, "ok": True, "data": data})


def refusal(ref: str | None, code: str, detail: str, **extra: Any) -> str:
    """Encode the answer to a command that was refused."""
    return encoded({"type": "reply", "ref": ref, "ok": False, "error": {"code": code, "detail": detail, **extra}})
