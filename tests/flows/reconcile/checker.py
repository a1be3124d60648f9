"""Compares what the clients were sent, and the writers promised, with what the database holds in the end.

lost        an event of its rooms never reached a client that has got past it
doubled     an event reached a client more than once
reordered   an event came after a later one
changed     an event's frame differs from the stored event as the client's audience may see it
foreign     an event of another restaurant, of rooms that the client is not in, or that no stream holds
missing     an order, a line or a change that was acknowledged is not there
twice       two orders or two lines were made for one key
hole        the event table lacks a number, or its head is not its last event
untold      a row differs from what its events say
unsettled   a client was not caught up in time
resynced    a client was refused a replay that could have been exact
refused     a client or a writer got an answer that it should never get
stale       a client's snapshot, with the events applied to it, is not what a fresh snapshot says
crashed     a server wrote a stack trace: it ran into something that it did not expect
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from realtime.audiences import Audience
from tests.flows.reconcile.record import Ledger, Record, Seat

KINDS = (
    "lost", "doubled", "reordered", "changed", "foreign", "missing", "twice", "hole", "untold", "unsettled",
    "resynced", "refused", "stale", "crashed",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it must be; ``who`` is a client, a key, an order or a restaurant."""

    kind: str
    who: str
    detail: str
    seq: int | None = None


@dataclass(slots=True)
class Told:
    """An event as it is stored; ``prints`` are the fingerprints of its frame for each audience."""

    seq: int
    type: str
    rooms: frozenset[str]
    prints: Mapping[Audience, int]
    # Of what is for everywhere: the audience from which on.
    lowest: Audience | None = None


@dataclass
class Stream:
    """A restaurant's stream as the database holds it in the end, with what was pruned during the run."""

    restaurant_id: int
    slug: str
    epoch: str
    head: int
    min_seq: int = 1
    told: dict[int, Told] = field(default_factory=dict)


def is_for(event: Told, seat: Seat) -> bool:
    """Tell whether a room has an event, by the rules of the protocol."""
    if event.lowest is not None:
        return seat.audience >= event.lowest
    if seat.room == "restaurant" or seat.room in event.rooms:
        return True
    return "table:*" in event.rooms and seat.room.startswith("table:")


def due(event: Told, record: Record) -> tuple[Audience, str] | None:
    """Return as whom, and under which type, a client is to get an event; None when it is not for it."""
    best: Seat | None = None
    joined = [seat for seat in record.seats if seat.after >= 0]
    if event.lowest is not None and event.seq in record.early:
        joined = [replace(seat, after=0) for seat in joined]
    for seat in joined:
        is_asked = seat.only is None or event.type in seat.only
        if event.seq > seat.after and is_asked and is_for(event, seat) and (not best or seat.audience > best.audience):
            best = seat
    if best is not None:
        return best.audience, best.names.get(event.type, event.type)
    if joined and event.lowest is not None and record.is_staff and event.seq > min(seat.after for seat in joined):
        # What is for everybody reaches staff in whatever room they are, also in the public one.
        asks = any(seat.only is None or event.type in seat.only for seat in joined)
        return (Audience.STAFF, event.type) if asks else None
    return None


def check_record(record: Record, stream: Stream) -> Iterator[Finding]:
    """Find what a client was not sent as it should have been."""
    who = record.client
    for epoch, seq, kind in record.strangers:
        yield Finding("foreign", who, f"{kind} of the stream {epoch}", seq)
    for kind, seq, detail in record.complaints:
        yield Finding(kind, who, detail, seq)
    seen: set[int] = set()
    highest = -1
    for index, seq in enumerate(record.seqs):
        kind = record.types[index]
        if seq in seen:
            yield Finding("doubled", who, kind, seq)
            continue
        seen.add(seq)
        if seq < highest:
            yield Finding("reordered", who, f"{kind} came after {highest}", seq)
        highest = max(highest, seq)
        yield from _check_frame(record, stream, seq, kind, record.prints[index])
    yield from _find_lost(record, stream, seen)


def _check_frame(record: Record, stream: Stream, seq: int, kind: str, fingerprint: int) -> Iterator[Finding]:
    event = stream.told.get(seq)
    if event is None:
        yield Finding("foreign", record.client, f"{kind}, which {stream.slug} never stored", seq)
        return
    wanted = due(event, record)
    if wanted is None:
        yield Finding("foreign", record.client, f"{kind} for {' '.join(sorted(event.rooms))}", seq)
    elif kind != wanted[1]:
        yield Finding("changed", record.client, f"its type is {kind}, not {wanted[1]}", seq)
    elif event.prints[wanted[0]] != fingerprint:
        yield Finding("changed", record.client, f"{kind} is not what {wanted[0].name.lower()} may see of it", seq)


def _find_lost(record: Record, stream: Stream, seen: set[int]) -> Iterator[Finding]:
    first = min((seat.after for seat in record.seats if seat.after >= 0), default=record.until)
    for seq in range(first + 1, record.until + 1):
        event = stream.told.get(seq)
        if event is None or seq in seen or any(after < seq <= to for after, to in record.covered):
            continue
        if due(event, record) is not None:
            yield Finding("lost", record.client, event.type, seq)


def check_stream(stream: Stream) -> Iterator[Finding]:
    """Find holes: every number from the first to the head must be there."""
    first = min(stream.told, default=1)
    for seq in range(min(first, stream.min_seq), stream.head + 1):
        if seq not in stream.told:
            yield Finding("hole", stream.slug, "the table has no such event", seq)
    for seq in stream.told:
        if seq > stream.head:
            yield Finding("hole", stream.slug, f"the event is above the head, {stream.head}", seq)


@dataclass(slots=True)
class Row:
    """Where an order or a ticket stands: in its row, or as its events tell it."""

    status: str
    version: int


@dataclass
class Books:
    """The rows at the end, and what all events together say of them."""

    orders: dict[int, Row] = field(default_factory=dict)
    tickets: dict[int, Row] = field(default_factory=dict)
    told_orders: dict[int, Row] = field(default_factory=dict)
    told_tickets: dict[int, Row] = field(default_factory=dict)
    told_deleted: set[int] = field(default_factory=set)
    # key -> the orders, or lines, that were ever made for it: by the rows and by the events.
    made: dict[str, set[int]] = field(default_factory=dict)
    made_lines: dict[str, set[int]] = field(default_factory=dict)
    restaurant_of: dict[int, int] = field(default_factory=dict)

    def take(self, kind: str, data: Mapping[str, Any]) -> None:
        """Let the next event of a stream move what is told."""
        order_id = data.get("order_id")
        ticket = data.get("kitchen_order")
        if ticket is not None:
            self.told_tickets[ticket["id"]] = Row(ticket["status"], ticket["version"])
        if order_id is None or "version" not in data:
            return
        if kind == "order:deleted":
            self.told_orders.pop(order_id, None)
            self.told_deleted.add(order_id)
            return
        row = self.told_orders.setdefault(order_id, Row("?", 0))
        # A contract has a version of its own.
        row.version = data.get("order_version", data["version"])
        if kind == "order:created":
            row.status = data["order"]["status"]
            self.made.setdefault(data["order"]["notes"], set()).add(order_id)
        elif kind == "order:status_changed":
            row.status = data["new_status"]
        elif kind == "order-item:added":
            self.made_lines.setdefault(data["item"]["special_instructions"], set()).add(data["item"]["id"])


def check_books(books: Books) -> Iterator[Finding]:
    """Find rows that are not as their events say: each change of a row must have been told."""
    for word, rows, told in (
        ("order", books.orders, books.told_orders),
        ("ticket", books.tickets, books.told_tickets),
    ):
        for pk in sorted(rows.keys() | told.keys()):
            row, says = rows.get(pk), told.get(pk)
            if row != says:
                yield Finding("untold", f"{word} {pk}", f"the row is {_said(row)}, its events say {_said(says)}")


def _said(row: Row | None) -> str:
    return "not there" if row is None else f"{row.status} at version {row.version}"


def check_promises(ledger: Ledger, books: Books) -> Iterator[Finding]:
    """Find what was acknowledged and isn't there, and what was made twice for one key."""
    gone = ledger.deleted | books.told_deleted
    yield from _find_missing_orders(ledger, books, gone)
    for order_id, version in ledger.versions.items():
        row = books.orders.get(order_id)
        if row is not None and row.version < version:
            yield Finding("missing", f"order {order_id}", f"version {version} was acknowledged, it has {row.version}")
    for key, lines in ledger.lines.items():
        for order_id, item_id in lines:
            is_there = item_id in books.made_lines.get(key, ())
            if not is_there and item_id not in ledger.removed and order_id not in gone:
                yield Finding("missing", key, f"item {item_id} of order {order_id} was acknowledged")
    yield from _find_twice(ledger, books)
    for who, detail in ledger.complaints:
        yield Finding("refused", who, detail)


def _find_missing_orders(ledger: Ledger, books: Books, gone: set[int]) -> Iterator[Finding]:
    for key, promised in ledger.orders.items():
        for restaurant_id, order_id in promised:
            if order_id in books.orders:
                if books.restaurant_of.get(order_id, restaurant_id) != restaurant_id:
                    yield Finding("missing", key, f"order {order_id} is another restaurant's")
            elif order_id not in gone:
                yield Finding("missing", key, f"order {order_id} was acknowledged")


def _find_twice(ledger: Ledger, books: Books) -> Iterator[Finding]:
    for word, made, promised in (
        ("orders", books.made, ledger.orders),
        ("items", books.made_lines, ledger.lines),
    ):
        for key in ledger.asked:
            ids = made.get(key, set()) | {pk for _, pk in promised.get(key, ())}
            if len(ids) > 1:
                yield Finding("twice", key, f"{word} {', '.join(map(str, sorted(ids)))}")


def check_all(
    records: Iterable[Record], streams: Mapping[int, Stream], ledger: Ledger, books: Books
) -> Iterator[Finding]:
    """Find everything that is not as it must be; nothing, if Brigade keeps its promise."""
    for stream in streams.values():
        yield from check_stream(stream)
    for record in records:
        yield from check_record(record, streams[record.restaurant_id])
    yield from check_promises(ledger, books)
    yield from check_books(books)
