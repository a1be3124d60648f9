"""One order's story: what a unit of work did to it, its ticket and its bill, and what every event of it says.

The shapes are those after the unit, made once.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
from msgspec import Struct

from kitchen.models import KitchenOrder, KitchenOrderItem
from kitchen.shapes import KitchenOrderShape, ticket_shape
from orders import states
from orders.aggregates import lines_of, rows_of
from orders.models import Order
from orders.shapes import OrderShape, keep_shape, order_shape
from orders.units import Change, Unit
from realtime import events
from realtime.drafts import Draft, Pairs, merge, net

_encode = msgspec.json.Encoder().encode

NEVER_TOLD = frozenset({"version", "updated_at"})
# What only the services reckon with: no part of an order as anybody is told of it, nor of its history.
_RECKONED_WITH = frozenset({"discount_granted", "portions_taken"})
PUBLIC_NAMES = {"total_amount": ("subtotal", "total_amount")}
ORDER_FIELDS = frozenset(OrderShape.__struct_fields__)


@dataclass(slots=True)
class Story:
    """What a unit did to one order, its contract, ticket, cancellation request and bill, in the order of doing it."""

    order: list[Change] = field(default_factory=list)
    items: list[Change] = field(default_factory=list)
    contracts: list[Change] = field(default_factory=list)
    ticket: list[Change] = field(default_factory=list)
    ticket_items: list[Change] = field(default_factory=list)
    consumed: list[Change] = field(default_factory=list)
    requests: list[Change] = field(default_factory=list)
    bill: list[Change] = field(default_factory=list)


def _news(changes: list[Change]) -> list[Change]:
    """Leave out of changes what only the services reckon with, and changes that were of nothing else."""
    told = [
        change
        if _RECKONED_WITH.isdisjoint(change.fields)
        else replace(change, fields={n: pair for n, pair in change.fields.items() if n not in _RECKONED_WITH})
        for change in changes
    ]
    return [change for change in told if change.fields or change.kind != "updated"]


# The columns of a ticket that its shape shows, by their names there.


class Telling:
    """What is told of one order; the shapes are those after the unit, made once."""

    def __init__(self, unit: Unit, order_id: int, story: Story) -> None:
        self.story = story
        story.order, story.items = _news(story.order), _news(story.items)
        self.drafts: list[Draft] = []
        self.deleted = any(change.kind == "deleted" for change in story.order)
        self.created = any(change.kind == "created" for change in story.order)
        self.unit = unit
        self.order = self._order(order_id)
        fields: Pairs = {}
        for change in story.order:
            if change.kind == "updated":
                merge(fields, change)
        self.fields = net(fields)
        self._ticket: KitchenOrder | None = None
        self._shape: OrderShape | None = None
        self._ticket_shape: KitchenOrderShape | None = None
        self._stations: list[int] | None = None

    def _order(self, order_id: int) -> Order:
        """The order that the unit holds, else read: another instance may say what a savepoint has taken back."""
        if not self.deleted:
            return self.unit.held(Order, order_id) or Order.objects.get(pk=order_id)
        order = self.story.order[-1].instance
        assert isinstance(order, Order)
        order.pk = order_id
        return order

    def shape(self) -> OrderShape:
        """Return the order as it is after the unit."""
        if self._shape is None:
            lines_of(self.order)
            self._shape = order_shape(self.order)
            keep_shape(self.order, self._shape)
        return self._shape

    def ticket(self) -> KitchenOrder | None:
        """The order's ticket with its items: the one that the unit holds, else read."""
        if self._ticket is None and self.order.status not in states.NOT_YET_IN_KITCHEN:
            touched = [change.pk for change in self.story.ticket]
            touched += [
                c.instance.ticket_id for c in self.story.ticket_items if isinstance(c.instance, KitchenOrderItem)
            ]
            for pk in touched:
                self._ticket = self.unit.held(KitchenOrder, pk)
            if self._ticket is None:
                self._ticket = KitchenOrder.objects.filter(order_id=self.order.pk).first()
            if self._ticket is not None:
                rows_of(self._ticket, "items")
        return self._ticket

    def ticket_shape(self) -> KitchenOrderShape:
        """Return the ticket as it is after the unit."""
        ticket = self.ticket()
        assert ticket is not None
        if self._ticket_shape is None:
            self._ticket_shape = ticket_shape(ticket)
        return self._ticket_shape

    def stations(self) -> list[int]:
        """Return the stations at which the ticket is worked on, and those that have just lost work on it."""
        if self._stations is None:
            ticket = self.ticket()
            items = rows_of(ticket, "items") if ticket else []
            before = [change.before or {} for change in self.story.ticket_items]
            self._stations = sorted(
                {pk for item in items for pk in item.station_ids}
                | {pk for values in before for pk in values.get("station_ids", ())}
            )
        return self._stations

    def rooms(self, letters: str, counter_id: int | None = None) -> list[str]:
        """Return the rooms that a line of the catalogue means for this order."""
        order = self.order
        rooms: list[str] = []
        for letter in letters:
            if letter == "K":
                rooms += ["kitchen", *(f"station:{pk}" for pk in self.stations())]
            elif letter == "T":
                rooms += [f"table:{order.table_id}"] if order.table_id else []
            elif letter == "C":
                rooms += [f"counter:{counter_id}"] if counter_id else []
            elif letter == "c":
                rooms += [f"customer:{order.customer_id}"] if order.customer_id else []
            else:
                rooms.append({"W": "waiters", "O": "orders", "#": f"order:{order.pk}", "D": "display"}[letter])
        return rooms

    def add(
        self,
        kind: type[Struct],
        *,
        changes: Pairs | None = None,
        counter_id: int | None = None,
        **data: Any,
    ) -> None:
        """Add an event about the order; ``counter_id`` is the till of a payment."""
        order = self.order
        line = events.CATALOGUE[events.NAMES[kind]]
        data.setdefault("version", order.version)
        payload = kind(
            order_id=order.pk,
            order_number=order.order_number,
            channel=order.channel,
            table_id=order.table_id,
            changes=self.own_changes(),
            **data,
        )
        self.drafts.append(
            Draft(
                order.restaurant_id,
                line.name,
                self.rooms(line.rooms, counter_id),
                _encode(payload),
                order.pk,
                changes or {},
                order.order_number,
            )
        )

    def own_changes(self) -> dict[str, Any]:
        """Return {public name: new value} of the order's own fields that the unit changed after it was made."""
        names = [public for name in self.fields for public in PUBLIC_NAMES.get(name, (name,)) if public in ORDER_FIELDS]
        if not names:
            return {}
        shape = self.shape()
        return {name: getattr(shape, name) for name in names}

    def add_ticket(self, kind: type[Struct], **data: Any) -> None:
        """Add an event about the ticket."""
        shape = self.ticket_shape()
        self.add(kind, kitchen_order_id=shape.id, kitchen_order=shape, **data)
