"""Tickets on which nothing is wanted any more: they leave the boards, and come back when there is something to make."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from kitchen.invariants import broken
from kitchen.models import KitchenOrder, KitchenOrderItem, Station
from kitchen.services.allergies import confirm_allergy
from kitchen.services.recalls import recall_ticket
from kitchen.services.tickets import ItemMove, acknowledge_ticket, set_ticket_item_statuses, set_ticket_status
from kitchen.states import TicketItemStatus, TicketStatus
from kitchen.stats import kitchen_stats
from orders.errors import InvalidTransition, TooLate
from orders.models import Allergen, Order
from orders.services.cancellations import request_cancellation
from orders.services.dishes import AskedItem
from orders.services.items import add_items, remove_item, void_item
from orders.services.orders import create_order, set_order_status
from orders.states import Channel, OrderStatus, Role
from tests.contracts import items, lines, stored, ticket_of, versions
from tests.places import Place
from tests.streams import head, payloads, types


@pytest.fixture
def order(place: Place) -> Order:
    """A confirmed order of two burgers on two lines."""
    asked = [AskedItem(place.dish.pk, 1), AskedItem(place.dish.pk, 2)]
    made = create_order(actor=place.actor, channel=Channel.DINE_IN, items=asked, table_id=place.table.pk)
    return place.confirm(made)


def void_all(place: Place, order: Order) -> None:
    for line in lines(order):
        void_item(order_id=order.pk, item_id=line.pk, actor=place.actor, reason="sent back")


def move(place: Place, order: Order, *numbers: int, to: str) -> None:
    rows = items(order)
    moves = [ItemMove(rows[number].pk, TicketItemStatus(to)) for number in numbers]
    set_ticket_item_statuses(ticket_id=ticket_of(order).pk, moves=moves, actor=place.actor)


def one_more(place: Place, order: Order) -> None:
    add_items(order_id=order.pk, items=[AskedItem(place.dish.pk, 1)], actor=place.actor)


def stands(order: Order) -> tuple[str, str]:
    return stored(order).status, ticket_of(order).status


def told_statuses(place: Place, *, after: int) -> list[str]:
    """Return the ticket's status of each ``kitchen:order_updated`` that tells another one."""
    return [
        data["kitchen_order"]["status"]
        for data in payloads(place.restaurant, "kitchen:order_updated", after=after)
        if "status" in data["changed_fields"]
    ]


def test_ticket_is_cancelled_when_its_last_line_is_voided(place: Place, order: Order) -> None:
    before = head(place.restaurant)

    void_all(place, order)

    assert stands(order) == ("confirmed", "cancelled")
    assert told_statuses(place, after=before) == ["cancelled"]
    assert Station.objects.get(pk=place.station.pk).load == 0
    assert versions(order) == [1, 2, 3]


def test_ticket_stays_when_one_line_of_two_is_voided(place: Place, order: Order) -> None:
    void_item(order_id=order.pk, item_id=lines(order)[0].pk, actor=place.actor, reason="sent back")

    assert stands(order) == ("confirmed", "pending")


def test_ticket_is_cancelled_when_the_kitchen_will_make_nothing_of_it(place: Place, order: Order) -> None:
    move(place, order, 0, 1, to="cancelled")

    assert stands(order) == ("confirmed", "cancelled")
    assert [line.status for line in lines(order)] == ["cancelled", "cancelled"]


def test_ticket_is_cancelled_when_what_was_made_of_it_is_voided_too(place: Place, order: Order) -> None:
    move(place, order, 0, to="ready")

    void_all(place, order)

    assert stands(order) == ("preparing", "cancelled")
    assert [item.status for item in items(order)] == ["ready", "cancelled"]


def test_ticket_is_cancelled_when_all_of_it_is_voided_at_the_pass(place: Place, order: Order) -> None:
    move(place, order, 0, 1, to="ready")

    void_all(place, order)

    assert stands(order) == ("ready", "cancelled")


def test_ticket_stays_put_away_when_all_of_it_is_voided_after_that(place: Place, order: Order) -> None:
    move(place, order, 0, 1, to="ready")
    set_ticket_status(ticket_id=ticket_of(order).pk, to=TicketStatus.COMPLETED, actor=place.actor)

    void_all(place, order)

    assert stands(order) == ("ready", "completed")


def test_ticket_is_new_again_when_a_line_is_added(place: Place, order: Order) -> None:
    acknowledge_ticket(ticket_id=ticket_of(order).pk, actor=place.actor)
    void_all(place, order)
    KitchenOrder.objects.update(silently=True, late_at=None)
    before = head(place.restaurant)

    one_more(place, order)

    ticket = ticket_of(order)
    assert stands(order) == ("confirmed", "pending")
    assert (ticket.chef_id, ticket.chef_name, ticket.acknowledged_at) == (None, "", None)
    assert ticket.late_at is not None
    assert told_statuses(place, after=before) == ["pending"]
    assert [item.status for item in items(order)] == ["cancelled", "cancelled", "pending"]


def test_ticket_is_in_work_again_when_a_line_is_added_to_an_order_in_work(place: Place, order: Order) -> None:
    move(place, order, 0, to="preparing")
    void_all(place, order)

    one_more(place, order)

    assert stands(order) == ("preparing", "preparing")
    assert ticket_of(order).chef_name == "Manager"


@pytest.mark.parametrize("to", [OrderStatus.READY, OrderStatus.SERVED])
def test_order_is_in_work_again_when_a_line_is_added_after_all_was_voided(
    place: Place, order: Order, to: OrderStatus
) -> None:
    void_all(place, order)
    for step in (OrderStatus.PREPARING, OrderStatus.READY, OrderStatus.SERVED):
        if stored(order).status != to:
            set_order_status(order_id=order.pk, to=step, actor=place.actor)

    one_more(place, order)

    assert stands(order) == ("preparing", "preparing")


def test_ticket_stays_cancelled_when_staff_close_its_order(place: Place, order: Order) -> None:
    void_all(place, order)

    set_order_status(order_id=order.pk, to=OrderStatus.CANCELLED, actor=place.actor, reason="nothing left")

    assert stands(order) == ("cancelled", "cancelled")


def test_order_is_cancelled_when_a_manager_cancels_its_dropped_ticket(place: Place, order: Order) -> None:
    void_all(place, order)

    set_ticket_status(
        ticket_id=ticket_of(order).pk, to=TicketStatus.CANCELLED, actor=place.actor, reason="nothing left"
    )

    assert stands(order) == ("cancelled", "cancelled")


def test_order_is_cancelled_at_once_when_that_is_asked_after_all_was_voided(place: Place, order: Order) -> None:
    void_all(place, order)

    request = request_cancellation(order_id=order.pk, reason="they left", actor=place.actor_of(Role.WAITER))

    assert (request.status, *stands(order)) == ("accepted", "cancelled", "cancelled")


@pytest.mark.parametrize("by_the_kitchen", [False, True])
def test_order_is_cancelled_when_all_is_voided_while_that_was_asked(
    place: Place, order: Order, by_the_kitchen: bool
) -> None:
    asked = request_cancellation(order_id=order.pk, reason="they left", actor=place.actor_of(Role.WAITER))

    if by_the_kitchen:
        move(place, order, 0, 1, to="cancelled")
    else:
        void_all(place, order)

    asked.refresh_from_db()
    assert stands(order) == ("cancelled", "cancelled")
    assert (asked.status, asked.decided_by_name, stored(order).cancel_reason) == ("accepted", "Manager", "they left")
    assert broken(place.restaurant.pk) == []


def test_ticket_that_came_back_is_counted_anew(place: Place, order: Order) -> None:
    move(place, order, 0, 1, to="ready")
    recall_ticket(ticket_id=ticket_of(order).pk, actor=place.actor, reason="cold")
    set_ticket_status(ticket_id=ticket_of(order).pk, to=TicketStatus.READY, actor=place.actor)
    long_ago = timezone.now() - dt.timedelta(hours=2)
    KitchenOrder.objects.update(silently=True, created_at=long_ago, clock_at=long_ago)

    one_more(place, order)

    ticket = ticket_of(order)
    assert (ticket.recalled_at, ticket.recall_reason, ticket.ready_at) == (None, "", None)
    move(place, order, 2, to="ready")
    assert ticket_of(order).prep_minutes == 0
    assert kitchen_stats(place.restaurant.pk).prep_minutes.average == pytest.approx(0, abs=0.5)


def test_order_is_served_again_when_its_second_round_is_voided(place: Place, order: Order) -> None:
    move(place, order, 0, 1, to="ready")
    set_order_status(order_id=order.pk, to=OrderStatus.SERVED, actor=place.actor)
    long_ago = timezone.now() - dt.timedelta(hours=1)
    KitchenOrderItem.objects.update(silently=True, ready_at=long_ago)
    KitchenOrder.objects.update(silently=True, created_at=long_ago - dt.timedelta(minutes=12))
    one_more(place, order)

    void_item(order_id=order.pk, item_id=lines(order)[2].pk, actor=place.actor, reason="changed their mind")

    ticket = ticket_of(order)
    assert stands(order) == ("served", "completed")
    assert (ticket.ready_at, ticket.prep_minutes, stored(order).ready_at) == (long_ago, 12, long_ago)
    assert [line.status for line in lines(order)] == ["served", "served", "cancelled"]
    assert broken(place.restaurant.pk) == []
    with pytest.raises(TooLate):
        recall_ticket(ticket_id=ticket.pk, actor=place.actor)


def test_dropped_ticket_is_begun_when_its_order_is_and_more_is_wanted(place: Place, order: Order) -> None:
    void_all(place, order)
    set_order_status(order_id=order.pk, to=OrderStatus.PREPARING, actor=place.actor)
    before = head(place.restaurant)

    one_more(place, order)

    ticket = ticket_of(order)
    assert (ticket.status, ticket.chef_name) == ("preparing", "Manager")
    assert None not in (ticket.acknowledged_at, ticket.started_at)
    told = [name for name in types(place.restaurant, after=before) if name.startswith("kitchen:order_")]
    assert told == ["kitchen:order_acknowledged", "kitchen:order_preparing", "kitchen:order_updated"]


def test_dropped_ticket_is_refused_when_a_chef_goes_on_with_it(place: Place, order: Order) -> None:
    ticket = ticket_of(order)
    void_all(place, order)

    with pytest.raises(InvalidTransition, match=r"is cancelled \(by Manager at .*\) and can't become preparing"):
        set_ticket_status(ticket_id=ticket.pk, to=TicketStatus.PREPARING, actor=place.actor)
    with pytest.raises(InvalidTransition, match=r"is cancelled \(by Manager at .*\) and can't become recalled"):
        recall_ticket(ticket_id=ticket.pk, actor=place.actor)


def test_line_is_on_the_ticket_when_it_replaces_the_only_one(place: Place) -> None:
    order = place.confirm(
        create_order(actor=place.actor, channel=Channel.TAKEAWAY, items=[AskedItem(place.dish.pk, 1)])
    )
    remove_item(order_id=order.pk, item_id=lines(order)[0].pk, actor=place.actor)

    one_more(place, order)

    assert stands(order) == ("confirmed", "pending")
    move(place, order, 1, to="ready")
    assert stands(order) == ("ready", "ready")


def test_allergy_is_asked_for_when_a_ticket_is_back(place: Place) -> None:
    nuts = Allergen.objects.get_or_create(restaurant=place.restaurant, name="Nuts")[0]
    place.dish.allergens.add(nuts)
    asked = [AskedItem(place.dish.pk, 1)]
    made = create_order(actor=place.actor, channel=Channel.TAKEAWAY, items=asked, allergen_ids=[nuts.pk])
    order = place.confirm(made)
    item = items(order)[0]
    confirm_allergy(ticket_id=item.ticket_id, item_id=item.pk, actor=place.actor)
    void_all(place, order)

    one_more(place, order)

    assert [(row.status, row.allergy_alert, row.allergy_confirmed_by_name) for row in items(order)][1:] == [
        ("pending", ["Nuts"], "")
    ]
