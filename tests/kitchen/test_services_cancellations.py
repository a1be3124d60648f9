"""Asking for a cancellation, and the kitchen's word on it; also when several act at the same moment."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from kitchen.models import KitchenOrder
from kitchen.services.cancellations import accept_cancellation, reject_cancellation
from kitchen.services.tickets import ItemMove, set_ticket_item_statuses, set_ticket_status
from kitchen.states import TicketItemStatus, TicketStatus
from orders.errors import AlreadyAsked, AlreadyDecided, InvalidFields, InvalidTransition, NotAllowed, NotFound
from orders.models import CancellationRequest, MenuItem, Order
from orders.services.cancellations import request_cancellation
from orders.services.dishes import AskedItem
from orders.services.items import add_items
from orders.services.orders import delete_order, set_order_status
from orders.services.payments import refund_payment, take_payment
from orders.shapes import timestamp
from orders.states import OrderStatus, PaymentMethod, Role
from tests.places import Place
from tests.streams import at_once, head, hearing, payloads


def asked(place: Place, order: Order, reason: str = "they left") -> CancellationRequest:
    return request_cancellation(order_id=order.pk, reason=reason, actor=place.actor_of(Role.WAITER))


def confirmed(place: Place, quantity: int = 1, **options: Any) -> Order:
    return place.confirm(place.order(quantity, **options))


def fresh(order: Order) -> Order:
    return Order.objects.get(pk=order.pk)


def counted(place: Place, stock: int) -> None:
    dish = MenuItem.objects.get(pk=place.dish.pk)
    dish.stock = stock
    dish.save()


def stock_of(place: Place) -> int | None:
    return MenuItem.objects.get(pk=place.dish.pk).stock


def accept(place: Place, request: CancellationRequest, role: Role = Role.KITCHEN) -> CancellationRequest:
    return accept_cancellation(request_id=request.pk, actor=place.actor_of(role))


def reject(place: Place, request: CancellationRequest, reason: str = "nearly done") -> CancellationRequest:
    return reject_cancellation(request_id=request.pk, reason=reason, actor=place.actor_of(Role.KITCHEN))


# Asking -------------------------------------------------------------------------------------------


def test_request_waits_and_order_says_so_when_the_kitchen_has_it(place: Place) -> None:
    order = confirmed(place)

    with hearing(place.restaurant) as heard:
        request = asked(place, order)

    waiter = place.staff(Role.WAITER)
    assert (request.status, request.requested_by_id, request.requested_by_name) == ("pending", waiter.user_id, "Waiter")
    assert fresh(order).pending_cancellation == {
        "id": request.pk,
        "reason": "they left",
        "requested_by_id": waiter.user_id,
        "requested_by_name": "Waiter",
        "created_at": timestamp(request.created_at),
    }
    assert (fresh(order).status, fresh(order).version) == ("confirmed", order.version + 1)
    assert heard.types == ["order:cancel_request", "order:updated"]


@pytest.mark.parametrize(("draft", "stock"), [(True, 10), (False, 10)])
def test_order_is_cancelled_at_once_when_the_kitchen_has_not_got_it(place: Place, draft: bool, stock: int) -> None:
    counted(place, stock)
    order = place.order(2, draft=draft)

    with hearing(place.restaurant) as heard:
        request = asked(place, order)

    assert (request.status, request.decided_by_name, request.decided_at) == ("accepted", "Waiter", request.created_at)
    after = fresh(order)
    assert (after.status, after.cancel_reason, after.pending_cancellation) == ("cancelled", "they left", None)
    assert stock_of(place) == stock
    assert [name for name in heard.types if name.startswith("order:")] == [
        "order:status_changed",
        "order:cancelled",
        "order:cancel_request",
    ]


def test_second_request_is_refused_when_one_waits(place: Place) -> None:
    order = confirmed(place)
    first = asked(place, order)

    with hearing(place.restaurant) as heard, pytest.raises(AlreadyAsked) as refused:
        asked(place, order, "again")

    assert refused.value.extra["pending_cancellation"]["id"] == first.pk
    assert heard.types == []
    assert CancellationRequest.objects.count() == 1


@pytest.mark.parametrize(
    ("steps", "allowed"),
    [((), []), (("preparing", "ready", "served"), ["completed"])],
)
def test_request_is_refused_naming_what_is_allowed_when_the_order_is_past_it(
    place: Place, steps: tuple[str, ...], allowed: list[str]
) -> None:
    order = confirmed(place)
    for step in steps or ("cancelled",):
        set_order_status(order_id=order.pk, to=OrderStatus(step), actor=place.actor, reason="why not")

    with hearing(place.restaurant) as heard, pytest.raises(InvalidTransition) as refused:
        asked(place, order)

    assert refused.value.extra["allowed"] == allowed
    assert heard.types == []
    assert not CancellationRequest.objects.exists()


@pytest.mark.parametrize("role", [Role.KITCHEN, Role.CASHIER])
def test_request_is_refused_when_the_role_may_not_ask(place: Place, role: Role) -> None:
    order = confirmed(place)

    with pytest.raises(NotAllowed):
        request_cancellation(order_id=order.pk, reason="no", actor=place.actor_of(role))

    assert fresh(order).pending_cancellation is None


def test_request_is_refused_when_no_reason_is_given(place: Place) -> None:
    order = confirmed(place)

    with pytest.raises(InvalidFields):
        asked(place, order, "  ")

    assert not CancellationRequest.objects.exists()


# Deciding -----------------------------------------------------------------------------------------


def test_order_and_ticket_are_cancelled_and_unbegun_portions_return_when_it_is_accepted(place: Place) -> None:
    counted(place, 10)
    order = confirmed(place, 2)
    add_items(order_id=order.pk, items=[AskedItem(place.dish.pk, 3)], actor=place.actor)
    ticket = KitchenOrder.objects.get(order=order)
    begun = ticket.items.order_by("id")[0]
    moves = [ItemMove(begun.pk, TicketItemStatus.PREPARING)]
    set_ticket_item_statuses(ticket_id=ticket.pk, moves=moves, actor=place.actor_of(Role.KITCHEN))
    request = asked(place, order)

    with hearing(place.restaurant) as heard:
        decided = accept(place, request)

    cook = place.staff(Role.KITCHEN)
    assert (decided.status, decided.decided_by_id, decided.decision_reason) == ("accepted", cook.user_id, "")
    after = fresh(order)
    assert (after.status, after.cancel_reason, after.pending_cancellation) == ("cancelled", "they left", None)
    ticket.refresh_from_db()
    assert (ticket.status, {item.status for item in ticket.items.all()}) == ("cancelled", {"cancelled"})
    assert stock_of(place) == 8
    assert heard.types[:2] == ["order:status_changed", "order:cancelled"]
    assert heard.types.count("kitchen:cancel_accepted") == 1
    assert heard.types[-1] == "order:updated"


def test_what_was_paid_and_not_given_back_is_offered_for_refund_when_it_is_accepted(place: Place) -> None:
    order = confirmed(place, 2)
    payment = take_payment(order_id=order.pk, amount=Decimal("12.00"), method=PaymentMethod.CARD, actor=place.actor)
    refund_payment(payment_id=payment.pk, amount=Decimal("2.50"), reason="too slow", actor=place.actor)
    request = asked(place, order)
    before = head(place.restaurant)

    accept(place, request)

    (told,) = payloads(place.restaurant, "order:cancelled", after=before)
    assert (told["refund_amount"], told["reason"]) == ("9.50", "they left")


def test_order_goes_on_when_it_is_rejected(place: Place) -> None:
    order = confirmed(place)
    request = asked(place, order)
    before = head(place.restaurant)

    decided = reject(place, request)

    assert (decided.status, decided.decision_reason) == ("rejected", "nearly done")
    after = fresh(order)
    assert (after.status, after.pending_cancellation, after.version) == ("confirmed", None, order.version + 2)
    (told,) = payloads(place.restaurant, "kitchen:cancel_rejected", after=before)
    assert (told["request_id"], told["reason"]) == (request.pk, "nearly done")
    assert asked(place, order, "they insist").status == "pending"


@pytest.mark.parametrize("first", [accept, reject])
@pytest.mark.parametrize("second", [accept, reject])
def test_second_decision_hears_who_decided_what_and_when(place: Place, first: Any, second: Any) -> None:
    order = confirmed(place)
    request = asked(place, order)
    decided = first(place, request)

    with hearing(place.restaurant) as heard, pytest.raises(AlreadyDecided) as refused:
        second(place, request)

    moment = timestamp(decided.decided_at)
    assert refused.value.extra["decided_by_name"] == "Kitchen"
    assert (refused.value.extra["request_status"], refused.value.extra["decided_at"]) == (decided.status, moment)
    assert refused.value.detail == (
        f"Kitchen has {decided.status} the cancellation of order {order.order_number} at {moment}."
    )
    assert heard.types == []


@pytest.mark.parametrize("role", [Role.WAITER, Role.CASHIER])
def test_decision_is_refused_when_the_role_may_not_decide(place: Place, role: Role) -> None:
    request = asked(place, confirmed(place))

    with pytest.raises(NotAllowed):
        accept(place, request, role)
    with pytest.raises(NotAllowed):
        reject_cancellation(request_id=request.pk, reason="no", actor=place.actor_of(role))

    request.refresh_from_db()
    assert request.status == "pending"


def test_rejection_is_refused_when_no_reason_is_given(place: Place) -> None:
    request = asked(place, confirmed(place))

    with pytest.raises(InvalidFields):
        reject(place, request, " ")

    request.refresh_from_db()
    assert request.status == "pending"


def test_request_is_not_found_when_it_is_another_restaurants(place: Place, other_place: Place) -> None:
    request = asked(place, confirmed(place))

    with pytest.raises(NotFound):
        accept(other_place, request)


# What else ends it --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("channel", "steps", "said"),
    [("dine_in", ("preparing", "ready", "served"), "The order is served."),
     ("delivery", ("preparing", "ready", "delivering"), "The order is delivering.")],
)  # fmt: skip
def test_request_is_rejected_when_the_order_is_handed_over(
    place: Place, channel: str, steps: tuple[str, ...], said: str
) -> None:
    order = confirmed(place)
    Order.objects.filter(pk=order.pk).update(silently=True, channel=channel, table=None, table_name="")
    request = asked(place, order)

    with hearing(place.restaurant) as heard:
        for step in steps:
            set_order_status(order_id=order.pk, to=OrderStatus(step), actor=place.actor)

    request.refresh_from_db()
    assert (request.status, request.decision_reason, request.decided_by_name) == ("rejected", said, "Manager")
    assert fresh(order).pending_cancellation is None
    assert heard.types.count("kitchen:cancel_rejected") == 1


@pytest.mark.parametrize("way", ["status", "delete", "ticket"])
def test_request_is_accepted_when_a_manager_cancels_the_order(place: Place, way: str) -> None:
    order = confirmed(place)
    request = asked(place, order)

    if way == "status":
        set_order_status(order_id=order.pk, to=OrderStatus.CANCELLED, actor=place.actor, reason="closing")
    elif way == "delete":
        delete_order(order_id=order.pk, actor=place.actor, reason="closing")
    else:
        ticket = KitchenOrder.objects.get(order=order)
        set_ticket_status(ticket_id=ticket.pk, to=TicketStatus.CANCELLED, actor=place.actor, reason="closing")

    request.refresh_from_db()
    assert (request.status, request.decision_reason, request.decided_by_name) == ("accepted", "closing", "Manager")
    assert (fresh(order).status, fresh(order).pending_cancellation) == ("cancelled", None)
    assert fresh(order).cancel_reason == "closing"


def test_request_still_waits_when_the_ticket_becomes_ready(place: Place) -> None:
    order = confirmed(place)
    request = asked(place, order)
    ticket = KitchenOrder.objects.get(order=order)
    for step in (TicketStatus.PREPARING, TicketStatus.READY):
        set_ticket_status(ticket_id=ticket.pk, to=step, actor=place.actor)

    accept(place, request)

    ticket.refresh_from_db()
    assert (fresh(order).status, ticket.status) == ("cancelled", "cancelled")


def test_order_alone_is_cancelled_when_the_kitchen_has_put_its_ticket_away(place: Place) -> None:
    order = confirmed(place)
    ticket = KitchenOrder.objects.get(order=order)
    for step in (TicketStatus.PREPARING, TicketStatus.READY, TicketStatus.COMPLETED):
        set_ticket_status(ticket_id=ticket.pk, to=step, actor=place.actor)
    request = asked(place, order)

    accept(place, request)

    ticket.refresh_from_db()
    assert (fresh(order).status, ticket.status) == ("cancelled", "completed")


# At the same moment -------------------------------------------------------------------------------


def outcome(result: Any) -> str:
    return result.status if isinstance(result, CancellationRequest) else type(result).__name__


def test_one_decision_stands_when_two_kitchens_decide_at_once(place: Place) -> None:
    request = asked(place, confirmed(place))
    cook, boss = place.actor_of(Role.KITCHEN), place.actor

    results = at_once(
        [
            partial(accept_cancellation, request_id=request.pk, actor=cook),
            partial(reject_cancellation, request_id=request.pk, reason="no", actor=boss),
        ]
    )

    request.refresh_from_db()
    assert sorted(map(outcome, results)) == sorted(["AlreadyDecided", request.status])
    (loser,) = [result for result in results if isinstance(result, AlreadyDecided)]
    assert loser.extra["decided_by_name"] == request.decided_by_name
    cancelled = fresh(request.order).status == "cancelled"
    assert cancelled == (request.status == "accepted")


def test_one_request_waits_when_two_waiters_ask_at_once(place: Place) -> None:
    order = confirmed(place)
    waiter, boss = place.actor_of(Role.WAITER), place.actor

    results = at_once(
        [partial(request_cancellation, order_id=order.pk, reason="gone", actor=actor) for actor in (waiter, boss)]
    )

    assert sorted(map(outcome, results)) == ["AlreadyAsked", "pending"]
    request = CancellationRequest.objects.get()
    assert (fresh(order).pending_cancellation or {})["id"] == request.pk


def test_order_is_either_cancelled_or_ready_when_both_happen_at_once(place: Place) -> None:
    order = confirmed(place)
    ticket = KitchenOrder.objects.get(order=order)
    cook, boss = place.actor_of(Role.KITCHEN), place.actor
    set_ticket_status(ticket_id=ticket.pk, to=TicketStatus.PREPARING, actor=cook)
    request = asked(place, order)

    decided, moved = at_once(
        [
            partial(accept_cancellation, request_id=request.pk, actor=cook),
            partial(set_ticket_status, ticket_id=ticket.pk, to=TicketStatus.READY, actor=boss),
        ]
    )

    ticket.refresh_from_db()
    assert outcome(decided) == "accepted"
    assert (fresh(order).status, ticket.status) == ("cancelled", "cancelled")
    assert isinstance(moved, (KitchenOrder, InvalidTransition))


def test_nothing_waits_when_it_is_asked_for_while_the_order_is_served(place: Place) -> None:
    order = confirmed(place)
    for step in (OrderStatus.PREPARING, OrderStatus.READY):
        set_order_status(order_id=order.pk, to=step, actor=place.actor)
    waiter, boss = place.actor_of(Role.WAITER), place.actor

    asking, _ = at_once(
        [
            partial(request_cancellation, order_id=order.pk, reason="gone", actor=waiter),
            partial(set_order_status, order_id=order.pk, to=OrderStatus.SERVED, actor=boss),
        ]
    )

    assert (fresh(order).status, fresh(order).pending_cancellation) == ("served", None)
    assert outcome(asking) in ("pending", "InvalidTransition")
    assert [row.status for row in CancellationRequest.objects.all()] in ([], ["rejected"])
