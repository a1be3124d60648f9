"""One order's story told as events: the order, its lines, its bill; then what became of its ticket."""

from __future__ import annotations

from typing import Any

import msgspec

from orders.aggregates import lines_of
from orders.models import CancellationRequest, OrderItem, Payment, QRCode, Refund
from orders.shapes import as_builtins, item_shape, maybe_timestamp, money, timestamp
from orders.states import ItemStatus, OrderStatus, PaymentOutcome, RequestStatus
from orders.units import Change
from realtime import events
from realtime.drafts import EMPTY, Draft, Pairs, pairs, said
from realtime.stories import NEVER_TOLD, ORDER_FIELDS, PUBLIC_NAMES
from realtime.telling_tickets import TicketTelling

_encode = msgspec.json.Encoder().encode

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


class Teller(TicketTelling):
    """Tells one order's story."""

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
        self.tell_contracts()
        self.tell_ticket()
        self.tell_ticket_items()
        self.tell_consumed()
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
        moves = [change for change in self.story.order if change.kind == "updated" and "status" in change.fields]
        for change in moves:
            old, new = change.fields["status"]
            self.add(
                events.OrderStatusChanged,
                previous_status=old,
                new_status=new,
                status=new,
                updated_at=timestamp(order.updated_at),
                changes=self.of_status(change, moves),
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

    def of_status(self, change: Change, moves: list[Change]) -> Pairs:
        """Return what a status brought with it; the last of a unit also what was saved beside it, as an estimate is."""
        told: Pairs = {name: list(pair) for name, pair in change.fields.items() if name in _OF_STATUS}
        if change is moves[-1] and not self.created:
            before = {name for move in moves[:-1] for name in move.fields}
            told |= {name: list(pair) for name, pair in self.fields.items() if name in _OF_STATUS - before}
        return told

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

    def tell_updated(self, *, is_due: bool) -> None:
        """Tell the rest, once: other fields than the status, or items that were added, changed or removed."""
        names = set(self.fields) - NEVER_TOLD
        if "status" in names:
            names -= _OF_STATUS
        public = {p for name in names for p in PUBLIC_NAMES.get(name, (name,)) if p in ORDER_FIELDS}
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
