"""Stations that close while there is work: nothing waits where nobody is, whoever comes in between."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from kitchen.invariants import broken
from kitchen.models import KitchenOrder, KitchenOrderItem, Station
from kitchen.services.moving import move_to_station
from kitchen.services.recalls import recall_ticket
from kitchen.services.recipes import AskedStep
from kitchen.services.stations import change_station, create_station, delete_station
from kitchen.services.tickets import ItemMove, set_ticket_item_statuses, set_ticket_status
from kitchen.states import TicketItemStatus, TicketStatus
from orders.actors import Actor
from orders.errors import Conflict, InUse, NotFound
from orders.models import Order
from orders.services.menu import update_menu_item
from orders.services.orders import confirm_order
from orders.states import Role
from orders.units import open_unit
from tests.pantry import written
from tests.places import Place
from tests.streams import at_once, hearing, payloads


@pytest.fixture
def spare(place: Place) -> Station:
    return Station.objects.create(restaurant=place.restaurant, name="Spare")


@pytest.fixture
def cook(place: Place) -> Actor:
    return place.actor_of(Role.KITCHEN)


def waiting_at(station: Station) -> list[int]:
    """Return the tickets of which an item waits at the station."""
    rows = KitchenOrderItem.objects.filter(station=station, status="pending").order_by("ticket_id")
    return list(rows.values_list("ticket_id", flat=True))


def close(station: Station, actor: Actor) -> Station:
    return change_station(station_id=station.pk, is_active=False, actor=actor)


def left_closed(station: Station) -> None:
    """Have a station closed as a crash right after that leaves it: nothing of what waits there is moved."""
    with open_unit():
        row = Station.objects.get(pk=station.pk)
        row.is_active = False
        row.save()


def all_done(results: list[Any]) -> bool:
    return [result for result in results if isinstance(result, Exception)] == []


# One after the other ------------------------------------------------------------------------------


def test_each_ticket_is_told_by_itself_when_a_station_closes(place: Place, spare: Station, cook: Actor) -> None:
    tickets = [place.ticket() for _ in range(3)]

    with hearing(place.restaurant) as heard:
        close(place.station, cook)

    assert heard.types == ["station:updated"] + ["kitchen:station_assigned", *["station:updated"] * 2] * 3
    assert waiting_at(spare) == [ticket.pk for ticket in tickets]
    assert [load for _, load in Station.objects.order_by("name").values_list("name", "load")] == [0, 3]
    assert [KitchenOrder.objects.get(pk=ticket.pk).version for ticket in tickets] == [2, 2, 2]
    assert broken(place.restaurant.pk) == []


def test_what_is_in_work_is_finished_there_when_a_station_closes(place: Place, spare: Station, cook: Actor) -> None:
    ticket = place.ticket()
    move = ItemMove(ticket.items.get().pk, TicketItemStatus.PREPARING)
    set_ticket_item_statuses(ticket_id=ticket.pk, moves=[move], actor=cook)

    close(place.station, cook)

    assert ticket.items.get().station_id == place.station.pk
    set_ticket_status(ticket_id=ticket.pk, to=TicketStatus.READY, actor=cook)
    assert broken(place.restaurant.pk) == []


def test_later_steps_go_elsewhere_when_their_station_closes(place: Place, spare: Station, cook: Actor) -> None:
    grill, third = place.station, Station.objects.create(restaurant=place.restaurant, name="Third", capacity=9)
    written(place.dish, steps=[AskedStep("Sear", 5, grill.pk), AskedStep("Plate", 2, spare.pk)])
    ticket = place.ticket()
    move = ItemMove(ticket.items.get().pk, TicketItemStatus.PREPARING)
    set_ticket_item_statuses(ticket_id=ticket.pk, moves=[move], actor=cook)

    close(spare, cook)

    item = ticket.items.get()
    assert [step["station_id"] for step in item.steps] == [grill.pk, third.pk]
    assert (item.station_id, item.station_ids) == (grill.pk, sorted([grill.pk, third.pk]))


def test_work_stays_when_no_other_station_is_open(place: Place, cook: Actor) -> None:
    ticket = place.ticket()

    with hearing(place.restaurant) as heard:
        close(place.station, cook)

    assert (heard.types, waiting_at(place.station)) == (["station:updated"], [ticket.pk])


@pytest.mark.parametrize("later", ["closed again", "another changed", "another set up"])
def test_rest_is_moved_by_a_later_change_when_a_crash_has_left_it(
    place: Place, spare: Station, cook: Actor, later: str
) -> None:
    ticket = place.ticket()
    left_closed(place.station)
    assert waiting_at(place.station) == [ticket.pk]

    if later == "closed again":
        close(place.station, cook)
    elif later == "another changed":
        change_station(station_id=spare.pk, capacity=2, actor=cook)
    else:
        create_station(name="Third", is_active=False, actor=cook)

    assert (waiting_at(place.station), waiting_at(spare)) == ([], [ticket.pk])
    assert broken(place.restaurant.pk) == []


def test_nothing_moves_when_the_unit_around_the_closing_fails(place: Place, spare: Station, cook: Actor) -> None:
    ticket = place.ticket()

    def close_and_fail() -> None:
        with open_unit(cook):
            close(place.station, cook)
            raise Conflict("Something else went wrong.")

    with hearing(place.restaurant) as heard, pytest.raises(Conflict):
        close_and_fail()

    assert (heard.types, waiting_at(place.station)) == ([], [ticket.pk])
    assert Station.objects.get(pk=place.station.pk).is_active


def test_work_moves_when_the_unit_around_the_closing_is_committed(place: Place, spare: Station, cook: Actor) -> None:
    ticket = place.ticket()

    with open_unit(cook):
        close(place.station, cook)
        assert waiting_at(spare) == []

    assert waiting_at(spare) == [ticket.pk]


def test_work_goes_nowhere_closed_when_it_is_moved_by_hand_or_recalled(
    place: Place, spare: Station, cook: Actor
) -> None:
    ticket, made = place.ticket(), place.ticket()
    move = ItemMove(made.items.get().pk, TicketItemStatus.READY)
    set_ticket_item_statuses(ticket_id=made.pk, moves=[move], actor=cook)
    close(place.station, cook)

    with pytest.raises(Conflict, match="Station Grill is closed"):
        move_to_station(ticket_id=ticket.pk, item_id=ticket.items.get().pk, station_id=place.station.pk, actor=cook)
    recall_ticket(ticket_id=made.pk, actor=cook)

    assert (ticket.items.get().station_id, made.items.get().station_id) == (spare.pk, spare.pk)
    assert broken(place.restaurant.pk) == []


def test_screens_let_go_of_a_station_when_it_is_gone(place: Place, spare: Station, cook: Actor) -> None:
    delete_station(station_id=spare.pk, actor=cook)

    gone = payloads(place.restaurant, "station:updated")[-1]
    assert (gone["station"]["id"], gone["station"]["is_active"], gone["is_deleted"]) == (spare.pk, False, True)


def test_dish_goes_without_a_station_when_it_is_gone_that_was_named_by_the_book(place: Place, cook: Actor) -> None:
    with pytest.raises(InUse):
        delete_station(station_id=place.station.pk, actor=cook)
    place.dish.station = None
    place.dish.save()

    delete_station(station_id=place.station.pk, actor=cook)

    assert place.ticket().items.get().station_id is None


# At once ------------------------------------------------------------------------------------------


def test_nothing_waits_at_a_closed_station_when_orders_come_as_it_closes(
    place: Place, spare: Station, cook: Actor
) -> None:
    before = [place.ticket() for _ in range(2)]
    orders = [place.order() for _ in range(6)]
    confirm = [partial(confirm_order, order_id=order.pk, actor=place.actor) for order in orders]

    results = at_once([*confirm[:3], partial(close, place.station, cook), *confirm[3:]])

    assert all_done(results)
    assert waiting_at(place.station) == []
    assert len(waiting_at(spare)) == len(before) + len(orders)
    assert broken(place.restaurant.pk) == []


def test_nothing_waits_at_closed_stations_when_two_close_at_once(place: Place, spare: Station, cook: Actor) -> None:
    third = Station.objects.create(restaurant=place.restaurant, name="Third")
    written(place.dish, steps=[AskedStep("Grill", 10, station_ids=(place.station.pk, spare.pk))])
    tickets = [place.ticket() for _ in range(4)]
    order = place.order()

    results = at_once(
        [
            partial(close, place.station, cook),
            partial(close, spare, cook),
            partial(confirm_order, order_id=order.pk, actor=place.actor),
        ]
    )

    assert all_done(results)
    assert (waiting_at(place.station), waiting_at(spare)) == ([], [])
    assert len(waiting_at(third)) == len(tickets) + 1
    assert broken(place.restaurant.pk) == []


def test_item_is_begun_or_moved_never_both_when_a_station_closes(place: Place, spare: Station, cook: Actor) -> None:
    tickets = [place.ticket() for _ in range(4)]
    begin = [
        partial(
            set_ticket_item_statuses,
            ticket_id=ticket.pk,
            moves=[ItemMove(ticket.items.get().pk, TicketItemStatus.PREPARING)],
            actor=cook,
        )
        for ticket in tickets
    ]

    results = at_once([*begin, partial(close, place.station, cook)])

    assert all_done(results)
    assert waiting_at(place.station) == []
    assert broken(place.restaurant.pk) == []


def test_work_is_not_lost_when_a_station_closes_as_it_is_moved_there(place: Place, spare: Station, cook: Actor) -> None:
    ticket = place.ticket()
    item_id = ticket.items.get().pk
    move = partial(move_to_station, ticket_id=ticket.pk, item_id=item_id, station_id=spare.pk, actor=cook)

    moved, closed = at_once([move, partial(close, spare, cook)])

    assert not isinstance(closed, Exception)
    assert isinstance(moved, KitchenOrder | Conflict)
    assert waiting_at(place.station) == [ticket.pk]
    assert broken(place.restaurant.pk) == []


def test_station_is_gone_or_has_the_work_when_it_is_deleted_as_an_order_comes(place: Place, cook: Actor) -> None:
    extra = Station.objects.create(restaurant=place.restaurant, name="Extra")
    ticket = place.ticket()
    item_id = ticket.items.get().pk

    moved, deleted = at_once(
        [
            partial(move_to_station, ticket_id=ticket.pk, item_id=item_id, station_id=extra.pk, actor=cook),
            partial(delete_station, station_id=extra.pk, actor=cook),
        ]
    )

    is_gone = not Station.objects.filter(pk=extra.pk).exists()
    assert isinstance(moved, NotFound) == is_gone
    assert isinstance(deleted, InUse) == (not is_gone)
    assert Order.objects.get(pk=ticket.order_id).status == "confirmed"
    assert broken(place.restaurant.pk) == []


@pytest.mark.parametrize("way", ["dish", "recipe"])
def test_station_is_gone_or_is_named_when_both_happen_at_once(place: Place, cook: Actor, way: str) -> None:
    extra = Station.objects.create(restaurant=place.restaurant, name="Extra")
    ways: dict[str, Callable[[], object]] = {
        "dish": partial(update_menu_item, row_id=place.dish.pk, station_id=extra.pk, actor=place.actor),
        "recipe": partial(written, place.dish, steps=[AskedStep("Grill", 10, extra.pk)]),
    }

    named, deleted = at_once([ways[way], partial(delete_station, station_id=extra.pk, actor=cook)])

    is_gone = not Station.objects.filter(pk=extra.pk).exists()
    assert isinstance(named, NotFound) == is_gone
    assert isinstance(deleted, InUse) == (not is_gone)
    assert all_done([result for result in (named, deleted) if not isinstance(result, NotFound | InUse)])
