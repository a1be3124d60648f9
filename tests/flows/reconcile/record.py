"""What is written down during a run: by each client what it was sent, by each writer what it was promised."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import Any

import msgspec

from realtime.audiences import Audience

_REPLAYED = ',"replayed":true}'


@dataclass(slots=True)
class Seat:
    """A client's place in a room: everything of the room that comes after ``after`` is to reach it, once.

    Below zero it has not been joined yet.
    """

    room: str
    audience: Audience
    after: int = -1
    only: frozenset[str] | None = None
    names: dict[str, str] = field(default_factory=dict)


class Head(msgspec.Struct):
    """What every frame begins with, as far as a client needs it to keep its cursor."""

    type: str
    epoch: str = ""
    seq: int = -1
    ref: str | None = None
    replayed: bool = False


_head = msgspec.json.Decoder(Head).decode


def read_head(text: str) -> Head:
    """Return the type, epoch and seq of a frame; the rest is passed over."""
    return _head(text)


def print_of(text: str) -> int:
    """Return the fingerprint of an event's frame, within this process: to the letter, but for its type's name.

    A replayed event has that of the live one, as the protocol promises.
    """
    body = text[text.index('"id":') :]
    return hash(body.removesuffix(_REPLAYED) + "}" if body.endswith(_REPLAYED) else body)


@dataclass
class Record:
    """What one client was sent, in the order in which it came.

    ``until`` is how far it had got at the end. ``covered`` are the stretches (after, to] that a snapshot stood for.
    ``early`` are the events that came before it was in any room: those for everybody may.
    """

    client: str
    restaurant_id: int
    seats: list[Seat]
    is_staff: bool = True
    epoch: str = ""
    until: int = 0
    covered: list[tuple[int, int]] = field(default_factory=list)
    early: set[int] = field(default_factory=set)
    seqs: array[int] = field(default_factory=lambda: array("q"))
    prints: array[int] = field(default_factory=lambda: array("q"))
    types: list[str] = field(default_factory=list)
    strangers: list[tuple[str, int, str]] = field(default_factory=list)
    complaints: list[tuple[str, int, str]] = field(default_factory=list)

    def take(self, head: Head, text: str) -> None:
        """Write an event down."""
        if self.epoch and head.epoch != self.epoch:
            self.strangers.append((head.epoch, head.seq, head.type))
            return
        self.add(head.seq, head.type, print_of(text))

    def add(self, seq: int, kind: str, fingerprint: int) -> None:
        """Write down what came of this client's own stream."""
        self.seqs.append(seq)
        self.types.append(kind)
        self.prints.append(fingerprint)

    def complain(self, kind: str, seq: int, detail: str) -> None:
        """Write down what the client itself saw to be wrong, as a finding of that kind."""
        self.complaints.append((kind, seq, detail))


@dataclass
class Ledger:
    """What the writers were promised, with the key under which they had asked for it."""

    # key -> (restaurant, order) of each order that was acknowledged; several answers to one key must be one order.
    orders: dict[str, set[tuple[int, int]]] = field(default_factory=dict)
    # key -> (order, item) of each line that was acknowledged.
    lines: dict[str, set[tuple[int, int]]] = field(default_factory=dict)
    # What was asked for at all, also where no answer came: key -> restaurant.
    asked: dict[str, int] = field(default_factory=dict)
    # order -> the highest version that an answer has shown.
    versions: dict[int, int] = field(default_factory=dict)
    # Orders whose deletion was acknowledged, and lines that were removed.
    deleted: set[int] = field(default_factory=set)
    removed: set[int] = field(default_factory=set)
    complaints: list[tuple[str, str]] = field(default_factory=list)
    requests: int = 0
    retries: int = 0
    refusals: int = 0

    def acknowledge_order(self, key: str, restaurant_id: int, order: dict[str, Any]) -> None:
        """Write down that an order was promised."""
        self.orders.setdefault(key, set()).add((restaurant_id, order["id"]))
        self.acknowledge_version(order)

    def acknowledge_version(self, order: dict[str, Any]) -> None:
        """Write down how far an order was seen."""
        self.versions[order["id"]] = max(self.versions.get(order["id"], 0), order["version"])
