"""Asking for an order to be cancelled, and what becomes of the request."""

from __future__ import annotations

from django.utils import timezone

from orders import states
from orders.actors import Actor
from orders.aggregates import lines_of, lock_order
from orders.card_numbers import refuse_card_number
from orders.errors import AlreadyAsked, AlreadyDecided, InvalidFields, InvalidTransition, NotFound
from orders.last_moves import last_status, who
from orders.models import CancellationRequest, Order
from orders.scopes import Scope
from orders.services.statuses import cancel, settle_request
from orders.services.touching import touch
from orders.shapes import PendingCancellation, as_builtins, timestamp
from orders.statements import fetch
from orders.states import ItemStatus, OrderStatus, RequestStatus, Role
from orders.units import require_unit, unit_of_work

_ORDER_OF = "SELECT order_id FROM orders_cancellationrequest WHERE id = %s AND restaurant_id = %s"


@unit_of_work
def request_cancellation(
    *, order_id: int, reason: str, actor: Actor, version: int | None = None
) -> CancellationRequest:
    """Ask the kitchen to let go of an order.

    One of which it has nothing to make, yet or any more, is cancelled at once, the request accepted.

    Locks the order row. Announces ``order:cancel_request``, and of an order cancelled at once ``order:cancelled``.

    Raises NotAllowed, NotFound, InvalidFields without a reason, InvalidTransition (naming what is allowed) for an
    order that was handed over or closed, AlreadyAsked while a request waits, StaleVersion.
    """
    actor.require(Role.WAITER, Role.MANAGER, to="ask for a cancellation", scope=Scope.ORDERS_WRITE)
    _check_reason(reason)
    order = lock_order(order_id, actor=actor, version=version)
    allowed = states.next_statuses(order.status, order.channel)
    if OrderStatus.CANCELLED not in allowed:
        raise InvalidTransition(
            subject=f"Order {order.order_number}",
            status=order.status,
            to=OrderStatus.CANCELLED,
            allowed=[str(step) for step in allowed],
            **who(last_status(order)),
        )
    if order.pending_cancellation is not None:
        raise AlreadyAsked(
            f"The cancellation of order {order.order_number} was asked for already.",
            pending_cancellation=order.pending_cancellation,
        )
    is_wanted = any(line.status != ItemStatus.CANCELLED for line in lines_of(order))
    if order.status in states.NOT_YET_IN_KITCHEN or not is_wanted:
        return _cancelled_at_once(order, reason, actor)
    request = _new_request(order, reason, actor)
    request.save()
    order.pending_cancellation = as_builtins(
        PendingCancellation(
            id=request.pk,
            reason=request.reason,
            requested_by_id=request.requested_by_id,
            requested_by_name=request.requested_by_name,
            created_at=timestamp(request.created_at),
        )
    )
    touch(order)
    return request


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise InvalidFields.one("/reason", "required", "Say why.")
    refuse_card_number(reason, "/reason")


def _new_request(order: Order, reason: str, actor: Actor) -> CancellationRequest:
    return CancellationRequest(
        restaurant_id=order.restaurant_id,
        order=order,
        reason=reason,
        requested_by_id=actor.user_id,
        requested_by_name=actor.name,
        created_at=timezone.now(),
    )


def _cancelled_at_once(order: Order, reason: str, actor: Actor) -> CancellationRequest:
    request = _new_request(order, reason, actor)
    request.status = RequestStatus.ACCEPTED
    request.decided_by_id = actor.user_id
    request.decided_by_name = actor.name
    request.decided_at = request.created_at
    request.save()
    cancel(order, actor=actor, reason=reason)
    return request


def lock_request(request_id: int, *, actor: Actor) -> tuple[Order, CancellationRequest]:
    """Return the actor's restaurant's request and its order, both locked until the unit ends: the order first.

    Raises NotFound, and AlreadyDecided, saying by whom and when, for a request that does not wait any more.
    """
    found = fetch(_ORDER_OF, request_id, actor.restaurant_id)
    if not found:
        raise NotFound("There is no such cancellation request.")
    order = lock_order(found[0][0], actor=actor)
    request = require_unit().lock(CancellationRequest, request_id, restaurant_id=actor.restaurant_id)
    if request.status != RequestStatus.PENDING:
        raise _decided_before(request, order)
    return order, request


def _decided_before(request: CancellationRequest, order: Order) -> AlreadyDecided:
    who = request.decided_by_name or "Somebody"
    assert request.decided_at is not None
    moment = timestamp(request.decided_at)
    return AlreadyDecided(
        f"{who} has {request.status} the cancellation of order {order.order_number} at {moment}.",
        request_status=request.status,
        decided_by_name=request.decided_by_name or None,
        decided_at=moment,
        decision_reason=request.decision_reason or None,
    )


def grant(order: Order, request: CancellationRequest, *, actor: Actor) -> None:
    """Cancel the order as was asked, its ticket with it. Needs both locked; who may is the kitchen's to check."""
    settle_request(order, RequestStatus.ACCEPTED, actor=actor, reason="")
    cancel(order, actor=actor, reason=request.reason)


def refuse(order: Order, *, actor: Actor, reason: str) -> None:
    """Go on with the order, and say why. Needs it locked; who may is the kitchen's to check.

    Raises InvalidFields without a reason.
    """
    _check_reason(reason)
    settle_request(order, RequestStatus.REJECTED, actor=actor, reason=reason)
    touch(order)
