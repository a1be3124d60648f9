"""What an order goes through when it takes a status: its moment, its stock, and the cancellation that waits."""

from __future__ import annotations

from django.utils import timezone

from orders import signals
from orders.actors import Actor
from orders.aggregates import lines_of
from orders.card_numbers import refuse_card_number
from orders.models import CancellationRequest, Order
from orders.services.dishes import give_back
from orders.services.qr_codes import expire_qr_code
from orders.services.touching import touch
from orders.states import CLOSED, ItemStatus, OrderStatus, RequestStatus
from orders.units import require_unit

_MOMENTS = {
    OrderStatus.CONFIRMED: "confirmed_at",
    OrderStatus.READY: "ready_at",
    OrderStatus.SERVED: "served_at",
    OrderStatus.DELIVERED: "served_at",
    OrderStatus.COMPLETED: "completed_at",
    OrderStatus.CANCELLED: "cancelled_at",
}


def enter(order: Order, to: OrderStatus) -> None:
    """Write a status with its moment. Needs the order locked; checks nothing and tells nobody in the kitchen."""
    order.status = to
    moment = _MOMENTS.get(to)
    if moment:
        setattr(order, moment, timezone.now())
    if to in CLOSED:
        expire_qr_code(order)
    touch(order)


def put_back(order: Order) -> None:
    """Return to stock what was not begun. Locks the dishes by id; needs the order locked."""
    unbegun = [line for line in lines_of(order) if line.status == ItemStatus.PENDING]
    give_back(order, unbegun)
    for line in unbegun:
        line.save()


def cancel(order: Order, *, actor: Actor, reason: str) -> None:
    """Cancel an order: portions not begun return, a request that waits for it is granted, the ticket follows.

    Needs the order locked; checks nothing but that the reason has no card number in it.
    """
    refuse_card_number(reason, "/reason")
    settle_request(order, RequestStatus.ACCEPTED, actor=actor, reason=reason)
    order.cancel_reason = reason
    previous = order.status
    enter(order, OrderStatus.CANCELLED)
    signals.order_status_set.send(sender=Order, order=order, previous=previous, actor=actor)
    put_back(order)  # last: dishes are locked after the ticket, and many orders want them


def settle_request(order: Order, to: RequestStatus, *, actor: Actor, reason: str) -> None:
    """Decide the cancellation request that waits for the order, where there is one; the caller touches the order.

    Needs the order locked, which is what guards its requests too.
    """
    if order.pending_cancellation is None:
        return
    request = require_unit().lock(
        CancellationRequest, order.pending_cancellation["id"], restaurant_id=order.restaurant_id
    )
    request.status = to
    request.decided_by_id = actor.user_id
    request.decided_by_name = actor.name
    request.decision_reason = reason
    request.decided_at = timezone.now()
    request.save()
    order.pending_cancellation = None
