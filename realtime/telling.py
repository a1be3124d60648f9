"""One order's story: what a unit of work did to it, its ticket and its bill, told as events.

The shapes are those after the unit, made once.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
from msgspec import Struct

from kitchen.models import KitchenOrder, KitchenOrderItem
from kitchen.shapes import KitchenOrderShape, StepShape, ticket_shape
from orders import states
from orders.aggregates import lines_of, rows_of
from orders.models import CancellationRequest, Order, OrderItem, Payment, QRCode, Refund
from orders.shapes import (
    OrderShape,
    as_builtins,
    item_shape,
    keep_shape,
    maybe_timestamp,
    money,
    order_shape,
    timestamp,
)
from orders.states import ItemStatus, OrderStatus, PaymentOutcome, RequestStatus
from orders.units import Change, Unit
from realtime import events
from realtime.drafts import EMPTY, Draft, Pairs, merge, net, pairs, said

_encode = msgspec.json.Encoder().encode

_NEVER_TOLD = frozenset({"version", "updated_at"})
# What only the services reckon with: no part of an order as anybody is told of it, nor of its history.
_RECKONED_WITH = frozenset({"discount_granted", "portions_taken"})
_OF_STATUS = frozenset(
    {
        "status",
        "confirmed_at",
        "ready_at",
        "served_at",
        "completed_at",
        "cancelled_at",
        "cancel_reason",
        "unpaid_reason",
        "estimated_ready_at",
    }
)
_TICKET_OF_STATUS = frozenset(
    {"status", "acknowledged_at", "started_at", "ready_at", "completed_at", "chef_id", "chef_name"}
)
_PUBLIC_NAMES = {"total_amount": ("subtotal", "total_amount")}
_ORDER_FIELDS = frozenset(OrderShape.__struct_fields__)


@dataclass(slots=True)
class Story:
    """What a unit did to one order, its ticket, its cancellation request and its bill, in the order of doing it."""

    order: list[Change] = field(default_factory=list)
    items: list[Change] = field(default_factory=list)
    ticket: list[Change] = field(default_factory=list)
    ticket_items: list[Change] = field(default_factory=list)
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


class Teller:
    """Tells one order's story; the shapes are those after the unit, made once."""

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
        """Return the stations at which the ticket is worked on."""
        ticket = self.ticket()
        if ticket is None:
            return []
        return sorted({item.station_id for item in rows_of(ticket, "items") if item.station_id})

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
                self.rooms(line.rooms, counter_id),
                _encode(payload),
                order.pk,
                changes or {},
                order.order_number,
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
        """Return what comes before the news of dishes and stations."""
        if self.deleted:
            if not self.created:
                was = self.story.order[-1].fields.get("status", (self.order.status, None))
                self.add(events.OrderDeleted, changes={"status": list(was)})
            return self.drafts
        if self.created:
            self.add(events.OrderCreated, order=self.shape(), changes=self.as_taken())
        self.tell_left()
        self.tell_statuses()
        if not self.created:
            self.tell_items()
        self.tell_requests()
        self.tell_ticket()
        self.tell_ticket_items()
        return self.drafts

    def as_taken(self) -> Pairs:
        """Return what a new order began with; what it came to by a status in the same unit is that status's to tell."""
        fields: Pairs = {}
        for change in self.story.order:
            later = _OF_STATUS if change.kind == "updated" and "status" in change.fields else frozenset()
            fields |= {name: [None, pair[1]] for name, pair in change.fields.items() if name not in later}
        return {name: pair for name, pair in fields.items() if pair[1] not in EMPTY}

    def tell_last(self) -> list[Draft]:
        """Tell what follows everything else of the unit."""
        earlier = bool(self.drafts)
        self.drafts = []
        self.tell_bill()
        # What went there and back is no change, but the version that rose by it is.
        is_silent = not earlier and not self.drafts and "version" in self.fields
        if not self.created and not self.deleted:
            self.tell_updated(is_due=is_silent)
        return self.drafts

    def tell_left(self) -> None:
        """Tell the table and the customer whom the order has left, and nothing more than that."""
        order = self.order
        for name, room in (("table_id", "table"), ("customer_id", "customer")):
            old, new = self.fields.get(name, (None, None))
            if old is not None and old != new:
                data = events.OrderLeft(order_id=order.pk, order_number=order.order_number)
                self.drafts.append(
                    Draft(order.restaurant_id, "order:left", [f"{room}:{old}"], _encode(data), order.pk, {})
                )

    def tell_statuses(self) -> None:
        """Tell each status that the order passed through."""
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
        """Tell what was added, changed and taken off."""
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
                self.add(events.OrderItemRemoved, item_id=change.pk, changes=said(change, item_id=change.pk))
            elif change.kind == "updated" and change.pk in lines:
                self.tell_item(change, lines[change.pk])

    def tell_item(self, change: Change, line: OrderItem) -> None:
        """Tell what became of one line."""
        others = sorted(name for name in change.fields if name not in ("status", "void_reason"))
        if others:
            self.add(
                events.OrderItemUpdated,
                item=item_shape(line),
                changed_fields=others,
                changes=pairs(change, *others) | {"item_id": [change.pk, change.pk]},
            )
        if "status" in change.fields:
            old, new = change.fields["status"]
            self.add(
                events.OrderItemStatusChanged,
                item_id=change.pk,
                previous_status=old,
                status=new,
                changes=pairs(change, "status", "void_reason") | {"item_id": [change.pk, change.pk]},
            )
            if new == ItemStatus.CANCELLED:
                self.add(events.OrderItemRemoved, item_id=change.pk)

    def tell_requests(self) -> None:
        """Tell that a cancellation was asked for, and what the kitchen said; what else ended the request is told so."""
        for change in self.story.requests:
            request = change.instance
            assert isinstance(request, CancellationRequest)
            if change.kind == "created":
                self.add(
                    events.CancellationRequested,
                    request_id=change.pk,
                    reason=request.reason,
                    staff_id=request.requested_by_id,
                    changes=said(change, request_id=change.pk),
                )
            if change.kind != "updated" or "status" not in change.fields or self.ticket() is None:
                continue
            answered = {"request_id": change.pk, "changes": said(change, request_id=change.pk)}
            if request.status == RequestStatus.ACCEPTED:
                self.add_ticket(events.CancellationAccepted, **answered)
            elif request.status == RequestStatus.REJECTED:
                self.add_ticket(events.CancellationRejected, reason=request.decision_reason, **answered)

    def tell_bill(self) -> None:
        """Tell what was paid and given back, and whose slip was scanned."""
        for change in self.story.bill:
            row = change.instance
            if isinstance(row, Payment) and change.kind == "created" and row.status == PaymentOutcome.SUCCESS:
                self.add(
                    events.PaymentProcessed,
                    payment_id=row.pk,
                    amount_paid=money(row.amount),
                    payment_method=row.method,
                    transaction_reference=row.transaction_reference,
                    status=row.status,
                    change=money(row.change),
                    counter_id=row.counter_id,
                    changes=said(change, payment_id=change.pk),
                    **self.bill_context(),
                )
            elif isinstance(row, Refund) and change.kind == "created":
                self.add(
                    events.PaymentRefunded,
                    refund_id=row.pk,
                    refund_amount=money(row.amount),
                    transaction_reference=row.transaction_reference,
                    original_payment_id=row.payment_id,
                    reason=row.reason,
                    counter_id=row.payment.counter_id,
                    changes=said(change, refund_id=change.pk),
                    **self.bill_context(),
                )
            elif isinstance(row, QRCode) and change.kind == "updated" and "scan_count" in change.fields:
                self.add(
                    events.QRScanned,
                    qr_id=row.pk,
                    status=row.status,
                    scanned_count=row.scan_count,
                    customer_name=self.order.customer_name or None,
                    changes=pairs(change, "status", "scan_count"),
                )

    def bill_context(self) -> dict[str, Any]:
        """Return what the events of a payment say of its order."""
        return {"customer_name": self.order.customer_name or None, "payment_status": self.order.payment_status}

    def tell_ticket(self) -> None:
        """Tell what became of the ticket itself."""
        told = False
        rest: set[str] = set()
        changed_rest: Pairs = {}
        for change in self.story.ticket:
            if change.kind == "created":
                self.add_ticket(events.TicketNew, changes={"ticket_status": [None, change.instance.status]})  # type: ignore[attr-defined]
                told = True
                continue
            names = set(change.fields) - _NEVER_TOLD
            if "status" in names:
                names -= _TICKET_OF_STATUS if self.tell_ticket_status(change) else set()
            if "priority" in names:
                old, new = change.fields["priority"]
                changed = {"ticket_priority": [old, new]}
                self.add_ticket(events.TicketPriorityChanged, previous_priority=old, priority=new, changes=changed)
                names.discard("priority")
            rest |= names
            if "status" in names:  # cancelled, or sent back
                changed_rest["ticket_status"] = list(change.fields["status"])
        created = any(change.kind == "created" for change in self.story.ticket_items)
        edited = any(
            change.kind == "updated" and set(change.fields) - {"status", "steps", "started_at", "ready_at"}
            for change in self.story.ticket_items
        )
        if (created and not told) or edited:
            rest.add("items")
        if rest and not told:
            self.add_ticket(events.TicketUpdated, changed_fields=sorted(rest), changes=changed_rest)

    def tell_ticket_status(self, change: Change) -> bool:
        """Tell one step of the ticket by its own event; False where it has none."""
        ticket = self.ticket()
        assert ticket is not None
        old, new = change.fields["status"]
        changes = {"ticket_status": [old, new]} | pairs(change, "chef_name")
        if new == "acknowledged":
            chef = {"chef_id": ticket.chef_id, "chef_name": ticket.chef_name or None}
            self.add_ticket(events.TicketAcknowledged, changes=changes, **chef)
        elif new == "preparing" and old in ("pending", "acknowledged"):
            self.add_ticket(events.TicketPreparing, changes=changes)
        elif new == "ready":
            self.add_ticket(events.TicketReady, changes=changes)
        elif new == "completed":
            self.add_ticket(events.TicketCompleted, prep_time=ticket.prep_minutes, changes=changes)
        else:
            return False
        return True

    def tell_ticket_items(self) -> None:
        """Tell how far each production item is."""
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
                    changes={"ticket_item_id": [change.pk, change.pk]} | pairs(change, "status", "steps"),
                )

    def add_ticket(self, kind: type[Struct], **data: Any) -> None:
        """Add an event about the ticket."""
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
