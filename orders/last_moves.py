"""Who brought an order, its ticket or a part of it to where it is: said to whoever came second."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, TypedDict

from orders.actors import Actor
from orders.models import HistoryEntry, Order
from orders.shapes import timestamp


class Who(TypedDict, total=False):
    """Who and when, as a refusal says it; neither where that is not known."""

    by_name: str
    at: str


@dataclass(frozen=True, slots=True)
class Move:
    """One change that is kept in an order's history."""

    by_id: int | None
    by_name: str
    at: dt.datetime

    def is_by(self, actor: Actor) -> bool:
        """Whether it was this very actor, coming again."""
        if self.by_id is not None:
            return self.by_id == actor.user_id
        return actor.user_id is None and self.by_name == actor.name

    def as_extra(self) -> Who:
        """Return who and when."""
        return Who(by_name=self.by_name, at=timestamp(self.at))


def last_status(order: Order) -> Move | None:
    """Return who gave the order its status, as was committed; None where nobody knows."""
    return _last(order, event="order:status_changed")


def last_ticket_status(order: Order) -> Move | None:
    """Return who gave the order's ticket its status."""
    return _last(order, changes__has_key="ticket_status")


def last_of_ticket_item(order: Order, item_id: int) -> Move | None:
    """Return who gave a production item its status, or did a step of it."""
    return _last(order, event="kitchen:item_status_changed", changes__contains={"ticket_item_id": [item_id, item_id]})


def moves_of_ticket_item(order: Order, item_id: int) -> list[Move]:
    """Return who has moved a production item, or done a step of it, the last one first."""
    entries = HistoryEntry.objects.filter(
        restaurant_id=order.restaurant_id,
        order_id=order.pk,
        event="kitchen:item_status_changed",
        changes__contains={"ticket_item_id": [item_id, item_id]},
    )
    found = [Move(entry.actor_id, entry.actor_name, entry.at) for entry in entries.order_by("-pk")]
    return [move for move in found if move.by_name]


def last_confirmation(order: Order, item_id: int) -> Move | None:
    """Return who last confirmed the allergy alert of a production item."""
    return _last(order, event="kitchen:allergy_confirmed", changes__contains={"ticket_item_id": [item_id, item_id]})


def last_firing(order: Order, course: int) -> Move | None:
    """Return who had a course made that was held."""
    return _last(order, event="kitchen:course_fired", changes__contains={"fired_course": [None, course]})


def last_of_line(order: Order, item_id: int) -> Move | None:
    """Return who gave a line of the order its status."""
    return _last(order, event="order:item_status_changed", changes__contains={"item_id": [item_id, item_id]})


def _last(order: Order, **which: Any) -> Move | None:
    entries = HistoryEntry.objects.filter(restaurant_id=order.restaurant_id, order_id=order.pk, **which)
    entry = entries.order_by("-pk").first()
    if entry is None or not entry.actor_name:
        return None
    return Move(entry.actor_id, entry.actor_name, entry.at)


def who(move: Move | None) -> Who:
    """Return who and when."""
    return move.as_extra() if move else Who()
