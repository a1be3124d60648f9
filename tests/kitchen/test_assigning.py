"""Which station does a step: told from the stations alone, and proved with orders that are confirmed at once."""

from __future__ import annotations

import math
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitchen.assigning import Places
from kitchen.invariants import broken
from kitchen.models import KitchenOrderItem, Station
from kitchen.services.recipes import AskedStep
from kitchen.services.stations import change_station
from kitchen.services.tickets import ItemMove, set_ticket_item_statuses
from kitchen.states import TicketItemStatus
from orders.models import Restaurant
from orders.services.dishes import AskedItem
from orders.services.items import add_items
from orders.services.orders import confirm_order
from tests.contracts import items
from tests.cookery import recipe
from tests.pantry import written
from tests.places import Place
from tests.streams import at_once


def station(pk: int, *, capacity: int = 1, load: int = 0, work: int = 0, is_active: bool = True) -> Station:
    return Station(pk=pk, name=f"S{pk}", capacity=capacity, load=load, work=work, is_active=is_active)


def taken(places: Places, able: tuple[int, ...], *, times: int = 1, minutes: int = 5) -> list[int | None]:
    """Return the stations that so many first steps are given to, one after the other."""
    chosen = [places.take(able, minutes, is_first=True) for _ in range(times)]
    return [each.pk if each else None for each in chosen]


def test_least_loaded_for_its_size_has_it() -> None:
    places = Places([station(1, capacity=2, load=1), station(2, capacity=4, load=1), station(3, capacity=1, load=1)])

    assert taken(places, (1, 2, 3)) == [2]


def test_least_work_for_its_size_has_it_when_loads_are_the_same() -> None:
    places = Places([station(1, capacity=2, load=2, work=40), station(2, capacity=2, load=2, work=30)])

    assert taken(places, (1, 2)) == [2]


def test_first_that_is_named_has_it_when_all_else_is_the_same() -> None:
    assert taken(Places([station(1), station(2)]), (2, 1)) == [2]


def test_what_was_given_out_counts_for_the_next() -> None:
    places = Places([station(1, capacity=1), station(2, capacity=3)])

    assert taken(places, (1, 2), times=8) == [1, 2, 2, 2, 1, 2, 2, 2]


def test_later_steps_count_by_their_minutes_alone() -> None:
    places = Places([station(1), station(2)])
    places.take((1,), 30, is_first=False)

    assert taken(places, (1, 2), times=2) == [2, 1]


def test_what_a_unit_has_changed_counts_too() -> None:
    places = Places([station(1, load=3), station(2)], loads={1: -3, 2: 1}, work={})

    assert taken(places, (1, 2)) == [1]


def test_closed_station_gets_nothing_when_another_can_do_it() -> None:
    places = Places([station(1, is_active=False), station(2, load=9)])

    assert taken(places, (1, 2), times=3) == [2, 2, 2]


def test_any_open_station_has_it_when_all_that_can_are_closed() -> None:
    places = Places([station(1, is_active=False), station(2, load=1), station(3)])

    assert taken(places, (1,)) == [3]


def test_first_that_can_keeps_it_when_no_station_is_open() -> None:
    places = Places([station(1, is_active=False), station(2, is_active=False)])

    assert taken(places, (2, 1)) == [2]


@pytest.mark.parametrize("able", [(), (7,)])
def test_nobody_has_it_when_no_station_is_named_or_it_is_gone(able: tuple[int, ...]) -> None:
    assert taken(Places([station(1)]), able) == [None]


@given(st.lists(st.integers(1, 9), min_size=1, max_size=6), st.integers(0, 60))
def test_nobody_is_overfilled_while_another_has_room(capacities: list[int], steps: int) -> None:
    places = Places([station(pk, capacity=capacity) for pk, capacity in enumerate(capacities, 1)])
    able = tuple(range(1, len(capacities) + 1))

    given_out = taken(places, able, times=steps)

    shares = [given_out.count(pk) / capacity for pk, capacity in enumerate(capacities, 1)]
    room = [given_out.count(pk) < capacity for pk, capacity in enumerate(capacities, 1)]
    assert max(shares) <= 1 or not any(room)


# At once ------------------------------------------------------------------------------------------


def alternatives(place: Place, *capacities: int) -> list[Station]:
    """Have the place's dish made at any one of as many new stations."""
    stations = [
        Station.objects.create(restaurant=place.restaurant, name=f"Fire {number}", capacity=capacity)
        for number, capacity in enumerate(capacities)
    ]
    step = AskedStep("Grill", 10, station_ids=tuple(each.pk for each in stations))
    written(place.dish, steps=[step])
    return stations


def loads(restaurant: Restaurant) -> dict[int, int]:
    return dict(Station.objects.filter(restaurant=restaurant, name__startswith="Fire").values_list("pk", "load"))


@pytest.mark.parametrize("capacities", [(2, 2), (1, 3)])
def test_no_station_is_overfilled_when_orders_are_confirmed_at_once(place: Place, capacities: tuple[int, int]) -> None:
    stations = alternatives(place, *capacities)
    orders = [place.order() for _ in range(8)]

    results = at_once([partial(confirm_order, order_id=order.pk, actor=place.actor) for order in orders])

    assert [result for result in results if isinstance(result, Exception)] == []
    share = len(orders) / sum(capacities)
    expected = {each.pk: math.ceil(share * each.capacity) for each in stations}
    assert loads(place.restaurant) == expected
    for each in stations:
        assert KitchenOrderItem.objects.filter(station=each, status="pending").count() == expected[each.pk]
    assert broken(place.restaurant.pk) == []


def test_no_station_is_overfilled_when_items_are_added_while_orders_are_confirmed(place: Place) -> None:
    stations = alternatives(place, 3, 3)
    tickets = [place.ticket() for _ in range(2)]
    orders = [place.order() for _ in range(4)]
    item = [AskedItem(place.dish.pk, 1)]

    results = at_once(
        [
            *[partial(confirm_order, order_id=order.pk, actor=place.actor) for order in orders],
            *[partial(add_items, order_id=ticket.order_id, items=item * 2, actor=place.actor) for ticket in tickets],
        ]
    )

    assert [result for result in results if isinstance(result, Exception)] == []
    assert loads(place.restaurant) == {each.pk: 5 for each in stations}
    assert broken(place.restaurant.pk) == []


def test_next_step_goes_where_the_least_is_when_the_one_before_it_is_done(place: Place) -> None:
    grills = [Station.objects.create(restaurant=place.restaurant, name=f"Grill {n}", capacity=2) for n in (1, 2)]
    recipe(place.dish, {"Cut": (2, [place.station]), "Grill": (10, grills)})
    found = [items(place.confirm(place.order()))[0] for _ in range(4)]

    for item in found:
        moves = [ItemMove(item.pk, TicketItemStatus.PREPARING, 0)]
        set_ticket_item_statuses(ticket_id=item.ticket_id, moves=moves, actor=place.actor)

    assert [row.load for row in Station.objects.filter(name__startswith="Grill ").order_by("name")] == [2, 2]
    assert broken(place.restaurant.pk) == []


def test_next_step_leaves_a_station_that_closes_though_the_one_before_it_is_done(place: Place) -> None:
    grills = [Station.objects.create(restaurant=place.restaurant, name=f"Grill {n}") for n in (1, 2)]
    recipe(place.dish, {"Cut": (2, [place.station]), "Grill": (10, grills)})
    item = items(place.confirm(place.order()))[0]
    moves = [ItemMove(item.pk, TicketItemStatus.PREPARING, 0)]
    set_ticket_item_statuses(ticket_id=item.ticket_id, moves=moves, actor=place.actor)
    there, other = grills if items_at(grills[0]) else reversed(grills)

    change_station(station_id=there.pk, is_active=False, actor=place.actor)

    assert (items_at(there), items_at(other)) == ([], [item.pk])
    assert broken(place.restaurant.pk) == []


def items_at(station: Station) -> list[int]:
    return list(KitchenOrderItem.objects.filter(station_id=station.pk, status="preparing").values_list("pk", flat=True))


def test_stations_share_what_a_closed_one_leaves_when_its_items_are_on_one_ticket(place: Place) -> None:
    grills = [Station.objects.create(restaurant=place.restaurant, name=f"Grill {n}", capacity=2) for n in (1, 2, 3)]
    recipe(place.dish, {"Cut": (2, [place.station]), "Grill": (10, grills)})
    Station.objects.filter(pk__in=[grill.pk for grill in grills[1:]]).update(silently=True, is_active=False)
    order = place.order()
    add_items(order_id=order.pk, items=[AskedItem(place.dish.pk, 1)] * 3, actor=place.actor)
    found = items(place.confirm(order))
    moves = [ItemMove(item.pk, TicketItemStatus.PREPARING, 0) for item in found]
    set_ticket_item_statuses(ticket_id=found[0].ticket_id, moves=moves, actor=place.actor)
    Station.objects.filter(pk__in=[grill.pk for grill in grills[1:]]).update(silently=True, is_active=True)

    change_station(station_id=grills[0].pk, is_active=False, actor=place.actor)

    assert [len(items_at(grill)) for grill in grills] == [0, 2, 2]
    assert broken(place.restaurant.pk) == []
