"""Courses: what is held, who fires it and when, and how an order of several courses comes to its end."""

from __future__ import annotations

import datetime as dt

import pytest

from kitchen.invariants import broken
from kitchen.models import KitchenOrder, KitchenOrderItem, Station
from kitchen.services.courses import fire_course
from kitchen.services.moving import move_to_station
from kitchen.services.recalls import recall_ticket
from kitchen.services.tickets import ItemMove, set_ticket_item_statuses, set_ticket_status
from kitchen.states import TicketItemStatus, TicketStatus
from orders.actors import Actor
from orders.errors import CourseHeld, NotAllowed, NotEditable, NotFound, StaleVersion
from orders.models import Order, OrderItem
from orders.services.dishes import AskedItem
from orders.services.items import add_items, change_item, remove_item, set_item_status
from orders.services.orders import create_order, set_order_status
from orders.states import Channel, ItemStatus, OrderStatus, Role
from tests.contracts import items, latest, lines, loads, stored, ticket_of, versions
from tests.cookery import recipe
from tests.places import Place
from tests.streams import hearing, payloads


@pytest.fixture
def cook(place: Place) -> Actor:
    return place.actor_of(Role.KITCHEN)


@pytest.fixture
def waiter(place: Place) -> Actor:
    return place.actor_of(Role.WAITER)


def order_of(place: Place, *courses: int) -> Order:
    """A confirmed order with one burger for each of the courses."""
    asked = [AskedItem(place.dish.pk, 1, (), "", course) for course in courses]
    return place.confirm(create_order(actor=place.actor, channel=Channel.DINE_IN, items=asked, table_id=place.table.pk))


def held(order: Order) -> list[bool]:
    return [item.held for item in items(order)]


def statuses(order: Order) -> tuple[str, str, list[str], list[str]]:
    """Return the stored states of (order, ticket, lines, production items)."""
    return (
        stored(order).status,
        ticket_of(order).status,
        [line.status for line in lines(order)],
        [item.status for item in items(order)],
    )


def bump(item: KitchenOrderItem, actor: Actor, to: TicketItemStatus = TicketItemStatus.READY) -> KitchenOrder:
    return set_ticket_item_statuses(ticket_id=item.ticket_id, moves=[ItemMove(item.pk, to)], actor=actor)


def serve(line: OrderItem, actor: Actor) -> None:
    set_item_status(order_id=line.order_id, item_id=line.pk, to=ItemStatus.SERVED, actor=actor)


def add(order: Order, place: Place, *courses: int) -> None:
    asked = [AskedItem(place.dish.pk, 1, (), "", course) for course in courses]
    add_items(order_id=order.pk, items=asked, actor=place.actor)


def fired(place: Place) -> list[int]:
    return [payload["course"] for payload in payloads(place.restaurant, "kitchen:course_fired")]


# Held ---------------------------------------------------------------------------------------------


def test_later_courses_are_held_and_count_for_nobody_when_an_order_is_confirmed(place: Place) -> None:
    order = order_of(place, 1, 2, 2, 3)

    assert held(order) == [False, True, True, True]
    assert loads(place.station) == [(1, 20)]
    assert latest(order).estimated_minutes == 10


def test_lowest_course_is_made_when_an_order_has_no_first(place: Place) -> None:
    order = order_of(place, 3, 2)

    assert held(order) == [True, False]


@pytest.mark.parametrize("to", [TicketItemStatus.PREPARING, TicketItemStatus.READY])
def test_held_item_is_refused_when_it_is_begun_or_bumped(place: Place, cook: Actor, to: TicketItemStatus) -> None:
    order = order_of(place, 1, 2)
    before = statuses(order)

    with hearing(place.restaurant) as heard, pytest.raises(CourseHeld) as refused:
        bump(items(order)[1], cook, to)

    assert (refused.value.code, refused.value.extra["courses"]) == ("course_held", [2])
    assert (heard.types, statuses(order)) == ([], before)


def test_held_step_is_refused_when_it_is_done(place: Place, cook: Actor) -> None:
    item = items(order_of(place, 1, 2))[1]

    with pytest.raises(CourseHeld):
        set_ticket_item_statuses(
            ticket_id=item.ticket_id, moves=[ItemMove(item.pk, TicketItemStatus.PREPARING, 0)], actor=cook
        )


def test_whole_ticket_is_refused_when_a_course_is_held(place: Place, cook: Actor, waiter: Actor) -> None:
    order = order_of(place, 1, 2)
    ticket = set_ticket_status(ticket_id=ticket_of(order).pk, to=TicketStatus.PREPARING, actor=cook)

    with pytest.raises(CourseHeld):
        set_ticket_status(ticket_id=ticket.pk, to=TicketStatus.READY, actor=cook)
    with pytest.raises(CourseHeld):
        set_order_status(order_id=order.pk, to=OrderStatus.READY, actor=waiter)
    with pytest.raises(CourseHeld):
        set_item_status(order_id=order.pk, item_id=lines(order)[1].pk, to=ItemStatus.PREPARING, actor=waiter)

    assert statuses(order) == ("preparing", "preparing", ["pending"] * 2, ["pending"] * 2)


# Fired by hand ------------------------------------------------------------------------------------


def test_course_is_made_and_promised_anew_when_it_is_fired(place: Place, cook: Actor) -> None:
    order = order_of(place, 1, 2)
    earlier = ticket_of(order)

    with hearing(place.restaurant) as heard:
        ticket = fire_course(ticket_id=earlier.pk, course=2, actor=cook)

    assert (held(order), loads(place.station)) == ([False, False], [(2, 40)])
    assert heard.types == ["kitchen:course_fired", "station:updated", "order:updated"]
    assert (ticket.version, fired(place)) == (2, [2])
    assert earlier.estimated_ready_at is not None
    assert ticket.estimated_ready_at is not None
    assert ticket.estimated_ready_at > earlier.estimated_ready_at
    assert stored(order).estimated_ready_at == ticket.estimated_ready_at
    assert versions(order) == [1]


def test_nothing_happens_when_a_course_is_fired_twice(place: Place, cook: Actor) -> None:
    order = order_of(place, 1, 2)
    fire_course(ticket_id=ticket_of(order).pk, course=2, actor=cook)

    with hearing(place.restaurant) as heard:
        fire_course(ticket_id=ticket_of(order).pk, course=2, actor=place.actor)
        fire_course(ticket_id=ticket_of(order).pk, course=1, actor=place.actor)

    assert (heard.types, ticket_of(order).version) == ([], 2)


def test_nothing_happens_when_a_course_of_a_finished_ticket_is_fired_again(place: Place, cook: Actor) -> None:
    order = order_of(place, 1, 2)
    fire_course(ticket_id=ticket_of(order).pk, course=2, actor=cook)
    for item in items(order):
        bump(item, cook)
    set_order_status(order_id=order.pk, to=OrderStatus.SERVED, actor=place.actor)

    with hearing(place.restaurant) as heard:
        fire_course(ticket_id=ticket_of(order).pk, course=2, actor=cook)

    assert heard.types == []


def test_only_the_course_that_was_named_is_fired(place: Place, cook: Actor) -> None:
    order = order_of(place, 1, 2, 3)

    fire_course(ticket_id=ticket_of(order).pk, course=3, actor=cook)

    assert held(order) == [False, True, False]


def test_firing_is_refused_when_it_can_not_be(place: Place, other_place: Place, cook: Actor, waiter: Actor) -> None:
    ticket = ticket_of(order_of(place, 1, 2))

    with pytest.raises(NotFound):
        fire_course(ticket_id=ticket.pk, course=3, actor=cook)
    with pytest.raises(NotFound):
        fire_course(ticket_id=ticket.pk, course=2, actor=other_place.actor)
    with pytest.raises(NotAllowed):
        fire_course(ticket_id=ticket.pk, course=2, actor=waiter)
    with pytest.raises(StaleVersion):
        fire_course(ticket_id=ticket.pk, course=2, actor=cook, version=7)


def test_firing_is_refused_by_name_when_the_ticket_is_cancelled(place: Place, cook: Actor) -> None:
    order = order_of(place, 1, 2)
    set_order_status(order_id=order.pk, to=OrderStatus.CANCELLED, actor=place.actor, reason="Gone")

    for course in (1, 2):
        with pytest.raises(NotEditable) as refused:
            fire_course(ticket_id=ticket_of(order).pk, course=course, actor=cook)

        assert refused.value.extra["by_name"] == "Manager"
        assert refused.value.extra["at"] in refused.value.detail


def test_firing_is_refused_by_name_when_the_ticket_is_put_away_and_another_had_fired(place: Place, cook: Actor) -> None:
    order = order_of(place, 1, 2)
    fire_course(ticket_id=ticket_of(order).pk, course=2, actor=cook)
    for item in items(order):
        bump(item, cook)
    set_ticket_status(ticket_id=ticket_of(order).pk, to=TicketStatus.COMPLETED, actor=cook)

    with pytest.raises(NotEditable) as refused:
        fire_course(ticket_id=ticket_of(order).pk, course=2, actor=place.actor)

    assert refused.value.extra["by_name"] == cook.name


# Fired as the guests are done with what is before -------------------------------------------------


def test_course_is_fired_when_the_last_of_those_before_is_served(place: Place, cook: Actor, waiter: Actor) -> None:
    order = order_of(place, 1, 1, 2, 3)
    for item in items(order)[:2]:
        bump(item, cook)

    serve(lines(order)[0], waiter)
    before = held(order)
    serve(lines(order)[1], waiter)

    assert (before, held(order), fired(place)) == ([False, False, True, True], [False, False, False, True], [2])
    assert loads(place.station) == [(1, 20)]


def test_course_is_fired_when_what_was_before_is_not_wanted_any_more(place: Place) -> None:
    order = order_of(place, 1, 2)

    remove_item(order_id=order.pk, item_id=lines(order)[0].pk, actor=place.actor)

    assert held(order) == [False, False]
    assert (fired(place), versions(order), loads(place.station)) == ([2], [1, 2], [(1, 20)])
    assert ticket_of(order).estimated_ready_at == latest(order).estimated_ready_at == stored(order).estimated_ready_at


def test_course_is_fired_when_the_kitchen_will_not_make_what_was_before(place: Place, cook: Actor) -> None:
    order = order_of(place, 1, 2)

    bump(items(order)[0], cook, TicketItemStatus.CANCELLED)

    assert (held(order), fired(place)) == ([False, False], [2])


def test_next_but_one_is_fired_when_a_whole_held_course_is_voided(place: Place, cook: Actor, waiter: Actor) -> None:
    order = order_of(place, 1, 2, 3)
    bump(items(order)[0], cook)
    remove_item(order_id=order.pk, item_id=lines(order)[1].pk, actor=place.actor)
    before = held(order)

    serve(lines(order)[0], waiter)

    assert (before, held(order), fired(place)) == ([False, True, True], [False, True, False], [3])


def test_ticket_is_ready_when_all_that_was_held_is_voided(place: Place, cook: Actor) -> None:
    order = order_of(place, 1, 2)
    bump(items(order)[0], cook)

    remove_item(order_id=order.pk, item_id=lines(order)[1].pk, actor=place.actor)

    assert statuses(order) == ("ready", "ready", ["ready"], ["ready", "cancelled"])


# Added and changed --------------------------------------------------------------------------------


@pytest.mark.parametrize(("course", "waits"), [(1, False), (2, True), (3, True)])
def test_added_item_waits_when_its_course_does(place: Place, course: int, waits: bool) -> None:
    order = order_of(place, 1, 2)

    add(order, place, course)

    assert held(order) == [False, True, waits]


def test_added_item_is_made_when_its_course_was_fired(place: Place, cook: Actor) -> None:
    order = order_of(place, 1, 2)
    fire_course(ticket_id=ticket_of(order).pk, course=2, actor=cook)

    add(order, place, 2)

    assert held(order) == [False, False, False]


def test_added_course_waits_when_the_one_before_is_at_the_pass(place: Place, cook: Actor, waiter: Actor) -> None:
    order = order_of(place, 1)
    bump(items(order)[0], cook)

    add(order, place, 2)
    before = (held(order), statuses(order)[:2])
    serve(lines(order)[0], waiter)

    assert before == ([False, True], ("preparing", "preparing"))
    assert (held(order), fired(place)) == ([False, False], [2])


def test_second_round_begins_with_its_first_course_when_all_was_served(place: Place, cook: Actor) -> None:
    order = order_of(place, 1, 2)
    fire_course(ticket_id=ticket_of(order).pk, course=2, actor=cook)
    for item in items(order):
        bump(item, cook)
    set_order_status(order_id=order.pk, to=OrderStatus.SERVED, actor=place.actor)

    add(order, place, 3, 2)

    assert held(order) == [False, False, True, False]
    assert statuses(order)[:2] == ("preparing", "preparing")
    assert loads(place.station) == [(1, 20)]


@pytest.mark.parametrize(("line", "course", "after"), [(1, 1, [False, False]), (0, 2, [False, False])])
def test_item_waits_as_its_new_course_does_when_its_line_is_changed(
    place: Place, line: int, course: int, after: list[bool]
) -> None:
    order = order_of(place, 1, 2)

    change_item(order_id=order.pk, item_id=lines(order)[line].pk, actor=place.actor, course=course)

    assert (held(order), loads(place.station)) == (after, [(2, 40)])
    assert latest(order).estimated_ready_at == stored(order).estimated_ready_at
    assert latest(order).estimated_minutes == 10


def test_item_is_held_when_its_line_is_put_into_a_later_course(place: Place) -> None:
    order = order_of(place, 1, 1)

    change_item(order_id=order.pk, item_id=lines(order)[1].pk, actor=place.actor, course=2)

    assert (held(order), loads(place.station), fired(place)) == ([False, True], [(1, 20)], [])


# To the end ---------------------------------------------------------------------------------------


def test_order_of_two_courses_is_served_and_its_ticket_completed_when_each_was_made_in_turn(
    place: Place, cook: Actor, waiter: Actor
) -> None:
    order = order_of(place, 1, 2)
    bump(items(order)[0], cook)
    first = statuses(order)
    serve(lines(order)[0], waiter)
    second = statuses(order)
    bump(items(order)[1], cook)
    third = statuses(order)

    set_order_status(order_id=order.pk, to=OrderStatus.SERVED, actor=waiter)

    assert first == ("preparing", "preparing", ["ready", "pending"], ["ready", "pending"])
    assert second == ("preparing", "preparing", ["served", "pending"], ["ready", "pending"])
    assert third == ("ready", "ready", ["served", "ready"], ["ready", "ready"])
    assert statuses(order) == ("served", "completed", ["served", "served"], ["ready", "ready"])


def test_order_can_be_closed_when_it_was_served_line_by_line(place: Place, cook: Actor, waiter: Actor) -> None:
    order = order_of(place, 1, 2)
    for item, line in zip(items(order), lines(order), strict=True):
        bump(item, cook)
        serve(line, waiter)
    at_the_end = statuses(order)

    set_order_status(order_id=order.pk, to=OrderStatus.SERVED, actor=waiter)
    set_order_status(order_id=order.pk, to=OrderStatus.COMPLETED, actor=place.actor, reason="On the house")

    assert at_the_end == ("ready", "ready", ["served", "served"], ["ready", "ready"])
    assert statuses(order) == ("completed", "completed", ["served", "served"], ["ready", "ready"])


def test_last_course_is_made_again_when_an_order_of_two_is_recalled(place: Place, cook: Actor) -> None:
    order = order_of(place, 1, 2)
    fire_course(ticket_id=ticket_of(order).pk, course=2, actor=cook)
    for item in items(order):
        bump(item, cook)

    recall_ticket(ticket_id=ticket_of(order).pk, actor=cook)

    assert (held(order), loads(place.station)) == ([False, False], [(2, 20)])
    assert statuses(order)[2:] == (["preparing"] * 2, ["preparing"] * 2)


# Lateness -----------------------------------------------------------------------------------------


def an_hour_ago(order: Order) -> dt.datetime:
    """Have the ticket be an hour old; return since when it is late."""
    ticket = ticket_of(order)
    assert ticket.warn_at is not None
    assert ticket.late_at is not None
    ticket.warn_at -= dt.timedelta(hours=1)
    ticket.late_at -= dt.timedelta(hours=1)
    ticket.save()
    return ticket.late_at


def since(order: Order) -> dt.datetime:
    late_at = ticket_of(order).late_at
    assert late_at is not None
    return late_at


def test_clock_starts_anew_when_a_course_is_fired_and_nothing_else_is_in_work(
    place: Place, cook: Actor, waiter: Actor
) -> None:
    order = order_of(place, 1, 2)
    bump(items(order)[0], cook)
    late_at = an_hour_ago(order)

    serve(lines(order)[0], waiter)

    assert since(order) - late_at > dt.timedelta(minutes=59)


def test_clock_goes_on_when_a_course_is_fired_beside_another(place: Place, cook: Actor) -> None:
    order = order_of(place, 1, 2)
    late_at = an_hour_ago(order)

    fire_course(ticket_id=ticket_of(order).pk, course=2, actor=cook)

    assert since(order) == late_at


def test_clock_starts_anew_when_a_second_round_is_ordered(place: Place, cook: Actor) -> None:
    order = order_of(place, 1)
    bump(items(order)[0], cook)
    late_at = an_hour_ago(order)

    add(order, place, 1)

    assert since(order) - late_at > dt.timedelta(minutes=59)


def test_each_station_gets_its_share_when_held_courses_are_fired(place: Place, cook: Actor) -> None:
    grill = Station.objects.create(restaurant=place.restaurant, name="Grill 2", capacity=place.station.capacity)
    recipe(place.dish, {"Grill": (10, [place.station, grill])})
    orders = [order_of(place, 1, 2) for _ in range(4)]
    for order in orders:
        bump(items(order)[0], cook)

    for order in orders:
        fire_course(ticket_id=ticket_of(order).pk, course=2, actor=cook)

    assert [load for load, _ in loads(place.station, grill)] == [2, 2]
    assert broken(place.restaurant.pk) == []


def test_a_held_item_stays_where_somebody_has_put_it_when_it_is_fired(place: Place, cook: Actor) -> None:
    bar = Station.objects.create(restaurant=place.restaurant, name="Bar")
    order = order_of(place, 1, 2)
    item = items(order)[1]
    move_to_station(ticket_id=item.ticket_id, item_id=item.pk, station_id=bar.pk, actor=cook)

    fire_course(ticket_id=item.ticket_id, course=2, actor=cook)

    assert items(order)[1].station_id == bar.pk
