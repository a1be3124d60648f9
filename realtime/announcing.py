"""From what a unit of work changed to the events that it announces.

The rows of one order and its ticket are told together, as they are after the unit: order, items, ticket, ticket's
items; then dishes and stations, and ``order:updated`` last. Each status that was passed through is an event of its own.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import msgspec
from msgspec import Struct

from kitchen.models import KitchenOrder, KitchenOrderItem, Station
from kitchen.shapes import KitchenOrderShape, StepShape, station_shape, ticket_shape
from orders import states
from orders.aggregates import lines_of, rows_of
from orders.models import MenuItem, Order, OrderItem, OrderItemModifier
from orders.shapes import (
    OrderShape,
    as_builtins,
    item_shape,
    keep_shape,
    maybe_timestamp,
    menu_item_brief,
    money,
    order_shape,
    timestamp,
)
from orders.states import ItemStatus, OrderStatus
from orders.units import Change, Unit
from realtime import events
from realtime.models import Alert

_encode = msgspec.json.Encoder().encode

_NEVER_TOLD = frozenset({"version", "updated_at"})
_OF_STATUS = frozenset(
    {
        "status",
        "confirmed_at",
        "ready_at",
        "served_at",
        "completed_at",
        "cancelled_at",
        "cancel_reason",
        "estimated_ready_at",
    }
)
_TICKET_OF_STATUS = frozenset(
    {"status", "acknowledged_at", "started_at", "ready_at", "completed_at", "chef_id", "chef_name"}
)
_PUBLIC_NAMES = {"total_amount": ("subtotal", "total_amount")}
_ORDER_FIELDS = frozenset(OrderShape.__struct_fields__)


@dataclass(frozen=True, slots=True)
class Draft:
    """An event that has no number yet. ``data`` is its payload for staff, encoded."""

    restaurant_id: int
    type: str
    rooms: list[str]
    data: bytes
    order_id: int | None
    changes: dict[str, list[Any]]


@dataclass(slots=True)
class _Story:
    """What a unit did to one order and its ticket, in the order in which it did it."""

    order: list[Change] = field(default_factory=list)
    items: list[Change] = field(default_factory=list)
    ticket: list[Change] = field(default_factory=list)
    ticket_items: list[Change] = field(default_factory=list)


def drafts_of(unit: Unit) -> list[Draft]:
    """Return the events of a unit of work, in the order in which they are to be numbered."""
    stories: dict[int, _Story] = defaultdict(_Story)
    others: list[Change] = []
    for change in unit.changes:
        row = change.instance
        if isinstance(row, Order):
            stories[change.pk].order.append(change)
        elif isinstance(row, OrderItem):
            stories[row.order_id].items.append(change)
        elif isinstance(row, KitchenOrder):
            stories[row.order_id].ticket.append(change)
        elif isinstance(row, KitchenOrderItem):
            stories[row.ticket.order_id].ticket_items.append(change)
        elif not isinstance(row, OrderItemModifier):
            others.append(change)
    tellers = [_Teller(unit, order_id, story) for order_id, story in stories.items()]
    drafts = [draft for teller in tellers for draft in teller.tell()]
    return drafts + _others(others) + [draft for teller in tellers for draft in teller.tell_last()]


def _others(changes: list[Change]) -> list[Draft]:
    last: dict[tuple[type, int], Change] = {}
    names: dict[tuple[type, int], dict[str, list[Any]]] = defaultdict(dict)
    for change in changes:
        key = (type(change.instance), change.pk)
        last[key] = change
        _merge(names[key], change)
    return [draft for key, change in last.items() if (draft := _other(change, _net(names[key]))) is not None]


def _merge(into: dict[str, list[Any]], change: Change) -> None:
    for name, (old, new) in change.fields.items():
        into[name] = [into[name][0] if name in into else old, new]


def _net(fields: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Leave out what ended as it was."""
    return {name: pair for name, pair in fields.items() if pair[0] != pair[1]}


def _other(change: Change, fields: dict[str, list[Any]]) -> Draft | None:
    row: Any = change.instance
    if change.kind == "deleted" or not fields:
        return None
    if row.changed():  # what a savepoint took back, or nobody saved, is no news
        row = type(row).objects.get(pk=change.pk)
    if isinstance(row, MenuItem):
        data: Struct = events.MenuItemUpdated(
            menu_item=menu_item_brief(row), changed_fields=sorted(name.removesuffix("_id") for name in fields)
        )
        rooms = ["kitchen", "waiters", "orders", "table:*"]
    elif isinstance(row, Station):
        data = events.StationUpdated(station=station_shape(row))
        rooms = ["kitchen", f"station:{row.pk}"]
    elif isinstance(row, Alert):
        data = events.AlertRaised(severity=row.severity, message=row.message, audience=row.audience)
        rooms = ["*"]
    else:
        message = f"{type(row).__name__} is tracked, but the catalogue has no event for it."
        raise TypeError(message)
    return Draft(row.restaurant_id, events.NAMES[type(data)], rooms, _encode(data), None, fields)


class _Teller:
    """Tells one order's story; the shapes are those after the unit, made once."""

    def __init__(self, unit: Unit, order_id: int, story: _Story) -> None:
        self.story = story
        self.drafts: list[Draft] = []
        self.deleted = any(change.kind == "deleted" for change in story.order)
        self.created = any(change.kind == "created" for change in story.order)
        self.unit = unit
        self.order = self._order(order_id)
        fields: dict[str, list[Any]] = {}
        for change in story.order:
            if change.kind == "updated":
                _merge(fields, change)
        self.fields = _net(fields)
        self._ticket: KitchenOrder | None = None
        self._shape: OrderShape | None = None
        self._ticket_shape: KitchenOrderShape | None = None

    def _order(self, order_id: int) -> Order:
        """The order that the unit holds, else read: another instance may say what a savepoint has taken back."""
        if not self.deleted:
            return self.unit.held(Order, order_id) or Order.objects.get(pk=order_id)
        order = self.story.order[-1].instance
        assert isinstance(order, Order)
        order.pk = order_id
        return order

    def shape(self) -> OrderShape:
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
        ticket = self.ticket()
        assert ticket is not None
        if self._ticket_shape is None:
            self._ticket_shape = ticket_shape(ticket)
        return self._ticket_shape

    def stations(self) -> list[int]:
        ticket = self.ticket()
        if ticket is None:
            return []
        return sorted({item.station_id for item in rows_of(ticket, "items") if item.station_id})

    def rooms(self, letters: str) -> list[str]:
        order = self.order
        rooms: list[str] = []
        for letter in letters:
            if letter == "K":
                rooms += ["kitchen", *(f"station:{pk}" for pk in self.stations())]
            elif letter == "T":
                rooms += [f"table:{order.table_id}"] if order.table_id else []
            elif letter == "c":
                rooms += [f"customer:{order.customer_id}"] if order.customer_id else []
            else:
                rooms.append({"W": "waiters", "O": "orders", "#": f"order:{order.pk}", "D": "display"}[letter])
        return rooms

    def add(
        self,
        kind: type[Struct],
        *,
        changes: dict[str, list[Any]] | None = None,
        **data: Any,
    ) -> None:
        order = self.order
        line = events.CATALOGUE[events.NAMES[kind]]
        payload = kind(
            order_id=order.pk,
            order_number=order.order_number,
            channel=order.channel,
            table_id=order.table_id,
            version=order.version,
            changes=self.own_changes(),
            **data,
        )
        self.drafts.append(
            Draft(
                order.restaurant_id,
                line.name,
                self.rooms(line.rooms),
                _encode(payload),
                order.pk,
                changes or {},
            )
        )

    def own_changes(self) -> dict[str, Any]:
        """Return {public name: new value} of the order's own fields that the unit changed after it was made."""
        names = [
            public for name in self.fields for public in _PUBLIC_NAMES.get(name, (name,)) if public in _ORDER_FIELDS
        ]
        if not names:
            return {}
        shape = self.shape()
        return {name: getattr(shape, name) for name in names}

    def tell(self) -> list[Draft]:
        if self.deleted:
            if not self.created:
                self.add(events.OrderDeleted)
            return self.drafts
        if self.created:
            fields: dict[str, list[Any]] = {}
            for change in self.story.order:
                _merge(fields, change)
            self.add(events.OrderCreated, order=self.shape(), changes=fields)
        self.tell_left()
        self.tell_statuses()
        if not self.created:
            self.tell_items()
        self.tell_ticket()
        self.tell_ticket_items()
        return self.drafts

    def tell_last(self) -> list[Draft]:
        """Tell what follows everything else of the unit."""
        # What went there and back is no change, but the version that rose by it is.
        is_silent = not self.drafts and "version" in self.fields
        self.drafts = []
        if not self.created and not self.deleted:
            self.tell_updated(is_due=is_silent)
        return self.drafts

    def tell_left(self) -> None:
        order = self.order
        for name, room in (("table_id", "table"), ("customer_id", "customer")):
            old, new = self.fields.get(name, (None, None))
            if old is not None and old != new:
                data = events.OrderLeft(order_id=order.pk, order_number=order.order_number)
                self.drafts.append(
                    Draft(order.restaurant_id, "order:left", [f"{room}:{old}"], _encode(data), order.pk, {})
                )

    def tell_statuses(self) -> None:
        order = self.order
        for change in self.story.order:
            if change.kind != "updated" or "status" not in change.fields:
                continue
            old, new = change.fields["status"]
            self.add(
                events.OrderStatusChanged,
                previous_status=old,
                new_status=new,
                status=new,
                updated_at=timestamp(order.updated_at),
                changes={name: list(pair) for name, pair in change.fields.items() if name in _OF_STATUS},
            )
            if new == OrderStatus.CONFIRMED and order.confirmed_at:
                self.add(
                    events.OrderConfirmed,
                    confirmed_at=timestamp(order.confirmed_at),
                    estimated_ready_at=maybe_timestamp(order.estimated_ready_at),
                )
            elif new == OrderStatus.CANCELLED:
                self.add(
                    events.OrderCancelled, reason=order.cancel_reason or None, refund_amount=money(order.paid_amount)
                )

    def tell_items(self) -> None:
        lines = {line.pk: line for line in lines_of(self.order)} if self.story.items else {}
        shapes = [item_shape(lines[c.pk]) for c in self.story.items if c.kind == "created" and c.pk in lines]
        if shapes:
            self.add(
                events.OrderItemsAdded,
                items=shapes,
                new_total_amount=money(self.order.total_amount),
                new_final_amount=money(self.order.final_amount),
            )
            for shape in shapes:
                self.add(events.OrderItemAdded, item=shape, changes={"item": [None, as_builtins(shape)]})
        for change in self.story.items:
            if change.kind == "deleted":
                self.add(events.OrderItemRemoved, item_id=change.pk, changes=_pairs(change))
            elif change.kind == "updated" and change.pk in lines:
                self.tell_item(change, lines[change.pk])

    def tell_item(self, change: Change, line: OrderItem) -> None:
        others = sorted(name for name in change.fields if name not in ("status", "void_reason"))
        if others:
            self.add(
                events.OrderItemUpdated,
                item=item_shape(line),
                changed_fields=others,
                changes=_pairs(change),
            )
        if "status" in change.fields:
            old, new = change.fields["status"]
            self.add(
                events.OrderItemStatusChanged,
                item_id=change.pk,
                previous_status=old,
                status=new,
                changes=_pairs(change),
            )
            if new == ItemStatus.CANCELLED:
                self.add(events.OrderItemRemoved, item_id=change.pk)

    def tell_ticket(self) -> None:
        told = False
        rest: set[str] = set()
        for change in self.story.ticket:
            if change.kind == "created":
                self.add_ticket(events.TicketNew)
                told = True
                continue
            names = set(change.fields) - _NEVER_TOLD
            if "status" in names:
                names -= _TICKET_OF_STATUS if self.tell_ticket_status(change) else set()
            if "priority" in names:
                old, new = change.fields["priority"]
                self.add_ticket(events.TicketPriorityChanged, previous_priority=old, priority=new)
                names.discard("priority")
            rest |= names
        created = any(change.kind == "created" for change in self.story.ticket_items)
        edited = any(
            change.kind == "updated" and set(change.fields) - {"status", "steps", "started_at", "ready_at"}
            for change in self.story.ticket_items
        )
        if (created and not told) or edited:
            rest.add("items")
        if rest and not told:
            self.add_ticket(events.TicketUpdated, changed_fields=sorted(rest))

    def tell_ticket_status(self, change: Change) -> bool:
        """Tell one step of the ticket by its own event; False where it has none."""
        ticket = self.ticket()
        assert ticket is not None
        old, new = change.fields["status"]
        if new == "acknowledged":
            self.add_ticket(events.TicketAcknowledged, chef_id=ticket.chef_id, chef_name=ticket.chef_name or None)
        elif new == "preparing" and old in ("pending", "acknowledged"):
            self.add_ticket(events.TicketPreparing)
        elif new == "ready":
            self.add_ticket(events.TicketReady)
        elif new == "completed":
            self.add_ticket(events.TicketCompleted, prep_time=ticket.prep_minutes)
        else:
            return False
        return True

    def tell_ticket_items(self) -> None:
        ticket = self.ticket() if self.story.ticket_items else None
        items = {item.pk: item for item in rows_of(ticket, "items")} if ticket else {}
        for change in self.story.ticket_items:
            item = items.get(change.pk)
            if item is not None and change.kind == "updated" and {"status", "steps"} & set(change.fields):
                old, new = change.fields.get("status", (item.status, item.status))
                self.add_ticket(
                    events.TicketItemStatusChanged,
                    item_id=change.pk,
                    order_item_id=item.order_item_id,
                    station_id=item.station_id,
                    previous_status=old,
                    status=new,
                    steps=[StepShape(**step) for step in item.steps],
                )

    def add_ticket(self, kind: type[Struct], **data: Any) -> None:
        shape = self.ticket_shape()
        self.add(kind, kitchen_order_id=shape.id, kitchen_order=shape, **data)

    def tell_updated(self, *, is_due: bool) -> None:
        """Tell the rest, once: other fields than the status, or items that were added, changed or removed."""
        names = set(self.fields) - _NEVER_TOLD
        if "status" in names:
            names -= _OF_STATUS
        public = {p for name in names for p in _PUBLIC_NAMES.get(name, (name,)) if p in _ORDER_FIELDS}
        if any(
            change.kind != "updated"
            or set(change.fields) - {"status"}
            or change.fields["status"][1] == ItemStatus.CANCELLED
            for change in self.story.items
        ):
            public |= {"items", "items_count"}
        if public or is_due:
            self.add(
                events.OrderUpdated,
                order=self.shape(),
                changed_fields=sorted(public),
                changes={name: pair for name, pair in self.fields.items() if name in names},
            )


def _pairs(change: Change) -> dict[str, list[Any]]:
    return {name: list(pair) for name, pair in change.fields.items()}
