"""The event table as the run reads it: each event once, in order, also what is pruned later."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import msgspec
from django.db import connection, transaction

from kitchen.models import KitchenOrder
from orders.models import Order, OrderItem
from orders.redaction import guest_view
from orders.shapes import timestamp
from realtime.audiences import Audience, public_view, rooms_for
from realtime.events import CATALOGUE
from realtime.models import Event
from realtime.models import Stream as StreamRow
from tests.flows.reconcile.checker import Books, Finding, Row, Stream, Told
from tests.flows.reconcile.houses import House
from tests.flows.reconcile.record import print_of

READ_EVENTS = 2000
_encode = msgspec.json.Encoder().encode


def told_of(row: Event, epoch: str, data: dict[str, Any]) -> Told:
    """Return a stored event with what each audience is to be sent of it, made here to the protocol's letter."""
    seen: dict[Audience, str] = {
        Audience.STAFF: row.data,
        Audience.GUEST: _encode(guest_view(CATALOGUE[row.type].data, data)).decode(),
        Audience.PUBLIC: _encode(public_view(data)).decode(),
    }
    prints = {
        audience: print_of(
            f'{{"type":"{row.type}","id":"{row.event_id}","epoch":"{epoch}","seq":{row.seq},'
            f'"timestamp":"{timestamp(row.at)}","rooms":{_encode(rooms_for(audience, row.rooms)).decode()},'
            f'"data":{text}}}'
        )
        for audience, text in seen.items()
    }
    lowest = None
    if "*" in row.rooms:
        lowest = Audience.PUBLIC if data.get("audience") == "all" else Audience.STAFF
    return Told(row.seq, row.type, frozenset(row.rooms), prints, lowest)


class Table:
    """All streams of a run, and what their events say of the rows."""

    def __init__(self, houses: Iterable[House]) -> None:
        self.books = Books()
        self.streams: dict[int, Stream] = {}
        for house in houses:
            stream = StreamRow.objects.get(restaurant_id=house.restaurant_id)
            self.streams[house.restaurant_id] = Stream(house.restaurant_id, house.slug, str(stream.epoch), 0)

    def read_on(self) -> dict[int, int]:
        """Read what has been committed since; return each stream's head."""
        for stream in self.streams.values():
            while self._read_some(stream):
                pass
        return {pk: stream.head for pk, stream in self.streams.items()}

    def _read_some(self, stream: Stream) -> bool:
        rows = Event.objects.filter(restaurant_id=stream.restaurant_id, seq__gt=stream.head).order_by("seq")
        read = list(rows[:READ_EVENTS])
        for row in read:
            data = json.loads(row.data)
            stream.told[row.seq] = told_of(row, stream.epoch, data)
            self.books.take(row.type, data)
            stream.head = row.seq
        return len(read) == READ_EVENTS

    def prune(self, restaurant_id: int, before: int) -> int:
        """Delete old events as an operator's pruning does; what was read of them stays here. Return min_seq."""
        with transaction.atomic():
            row = StreamRow.objects.select_for_update().get(restaurant_id=restaurant_id)
            row.min_seq = max(row.min_seq, min(before, row.head + 1))
            row.save()
            with connection.cursor() as cursor:
                cursor.execute(
                    "DELETE FROM realtime_event WHERE restaurant_id = %s AND seq < %s", [restaurant_id, row.min_seq]
                )
        self.streams[restaurant_id].min_seq = row.min_seq
        return int(row.min_seq)

    def close(self) -> list[Finding]:
        """Read the rest and the rows at the end; return what the table itself has wrong."""
        self.read_on()
        findings: list[Finding] = []
        for stream in self.streams.values():
            row = StreamRow.objects.get(restaurant_id=stream.restaurant_id)
            stored = set(Event.objects.filter(restaurant_id=stream.restaurant_id).values_list("seq", flat=True))
            stream.head = row.head
            late = sorted(stored - stream.told.keys())
            findings += [Finding("hole", stream.slug, "it was committed after later ones", seq) for seq in late]
            gone = sorted(seq for seq in stream.told if seq >= row.min_seq and seq not in stored)
            findings += [Finding("hole", stream.slug, "it was there, and is not any more", seq) for seq in gone]
            if str(row.epoch) != stream.epoch:
                findings.append(Finding("hole", stream.slug, "its epoch is another"))
        self._read_rows()
        return findings

    def _read_rows(self) -> None:
        books, ours = self.books, list(self.streams)
        for order in Order.objects.filter(restaurant_id__in=ours).iterator():
            books.orders[order.pk] = Row(order.status, order.version)
            books.restaurant_of[order.pk] = order.restaurant_id
            books.made.setdefault(order.notes, set()).add(order.pk)
        for ticket in KitchenOrder.objects.filter(restaurant_id__in=ours).iterator():
            books.tickets[ticket.pk] = Row(ticket.status, ticket.version)
        for line in OrderItem.objects.filter(order__restaurant_id__in=ours).exclude(special_instructions=""):
            books.made_lines.setdefault(line.special_instructions, set()).add(line.pk)
