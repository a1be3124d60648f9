"""What became of an order, change by change, as it is shown."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from msgspec import Struct

from orders.errors import NotFound
from orders.models import HistoryEntry, Order
from orders.shapes import Timestamp, timestamp


class HistoryActor(Struct, frozen=True):
    """Who did it; a device or a guest has a name and no id."""

    id: int | None
    name: str


class HistoryRowShape(Struct, frozen=True):
    """One change of an order, its items, payments or ticket; ``changes`` are {field: [old, new]}."""

    at: Timestamp
    actor: HistoryActor | None
    source: str
    event: str
    changes: dict[str, Any]


def history_of(restaurant_id: int, order_id: int) -> QuerySet[HistoryEntry]:
    """Return what is kept of an order, also of one that is gone itself."""
    return HistoryEntry.objects.filter(restaurant_id=restaurant_id, order_id=order_id)


def read_history(rows: QuerySet[HistoryEntry], *, restaurant_id: int, order_id: int) -> list[HistoryEntry]:
    """Read a page of an order's history: one query, and two more where the page is empty.

    Raises NotFound when the restaurant has neither such an order nor any history of it.
    """
    found = list(rows)
    if found or Order.objects.filter(restaurant_id=restaurant_id, pk=order_id).exists():
        return found
    if not history_of(restaurant_id, order_id).exists():
        raise NotFound("There is no such order.")
    return found


def history_row_shape(entry: HistoryEntry) -> HistoryRowShape:
    """Show one change. What Brigade did by itself has no actor."""
    nobody = entry.actor_id is None and (entry.source == "system" or not entry.actor_name)
    return HistoryRowShape(
        at=timestamp(entry.at),
        actor=None if nobody else HistoryActor(entry.actor_id, entry.actor_name),
        source=entry.source,
        event=entry.event,
        changes=entry.changes,
    )
