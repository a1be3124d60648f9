"""The kitchen's numbers and its all-day counts: what counts, of which day, and how promises are measured."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from kitchen.models import KitchenOrder
from kitchen.stats import OpenTickets, kitchen_stats, open_ticket_counts
from kitchen.stats import all_day as count_all_day
from orders.models import Order
from orders.scopes import Scope
from tests.factories import (
    ChoiceFactory,
    MenuItemFactory,
    ModifierFactory,
    ModifierGroupFactory,
    StationFactory,
)

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

    from orders.models import MenuItem
    from tests.callers import House

pytestmark = pytest.mark.django_db
NOTHING_FORETOLD = {
    "tickets": 0,
    "mean_absolute_error": None,
    "kept": None,
    "naive": {"mean_absolute_error": None, "kept": None},
}


def stats(house: House) -> Any:
    reply = house.waiter.get("/api/kitchen/stats")
    assert reply.status == 200, reply.body
    return reply.body


def all_day(house: House, query: str = "") -> Any:
    reply = house.cook.get(f"/api/kitchen/all-day{query}")
    assert (reply.status, reply.body["next"], reply.body["previous"]) == (200, None, None)
    return reply.body["results"]


def changed(ticket: dict[str, Any], **columns: Any) -> None:
    """Have a ticket be of another time."""
    KitchenOrder.objects.filter(pk=ticket["id"]).update(silently=True, **columns)


def moved(house: House, ticket: dict[str, Any], status: str, *, items: slice = slice(None)) -> None:
    moves = [{"item_id": item["id"], "status": status} for item in ticket["items"][items]]
    reply = house.cook.put(f"/api/kitchen/orders/{ticket['id']}/items/status", {"items": moves})
    assert reply.status == 200, reply.body


def made(house: House, minutes: float, *, promised: float, naive: int = 10, **others: Any) -> dict[str, Any]:
    """Have a ticket made that took so many minutes, and was promised for others."""
    house.dish.prep_minutes = naive
    house.dish.save()
    ticket = house.ticket(**others)
    moved(house, ticket, "ready")
    arrived = timezone.now() - dt.timedelta(hours=1)
    changed(
        ticket,
        created_at=arrived,
        clock_at=arrived,
        ready_at=arrived + dt.timedelta(minutes=minutes),
        promised_ready_at=arrived + dt.timedelta(minutes=promised),
    )
    return ticket


def dish_with_choices(house: House) -> tuple[MenuItem, Any, Any]:
    """Return a dish that is asked for with extras, and two of them."""
    group = ModifierGroupFactory(restaurant=house.restaurant, max=2)
    dish = MenuItemFactory(restaurant=house.restaurant, station=house.station, name="Burger")
    ChoiceFactory(menu_item=dish, group=group)
    return dish, ModifierFactory(group=group, name="No onions"), ModifierFactory(group=group, name="Extra cheese")


def test_everything_is_nothing_when_the_kitchen_has_no_ticket(house: House) -> None:
    assert stats(house) == {
        "pending": 0,
        "preparing": 0,
        "ready": 0,
        "total": 0,
        "late": 0,
        "prep_minutes": {"average": None, "p90": None},
        "stations": [
            {
                "id": house.station.pk,
                "name": house.station.name,
                "capacity": 4,
                "load": 0,
                "is_active": True,
                "fullness": 0.0,
            }
        ],
        "estimate": NOTHING_FORETOLD,
    }


def test_open_tickets_are_counted_by_status_when_some_are_closed(house: House, foreign: House) -> None:
    house.ticket()
    claimed, begun, ready, gone = (house.ticket() for _ in range(4))
    house.cook.put(f"/api/kitchen/orders/{claimed['id']}/acknowledge")
    moved(house, begun, "preparing")
    moved(house, ready, "ready")
    moved(house, gone, "ready")
    house.cook.put(f"/api/kitchen/orders/{gone['id']}/status", {"status": "completed"})
    foreign.ticket()

    figures = stats(house)

    assert [figures[name] for name in ("pending", "preparing", "ready", "total")] == [2, 1, 1, 4]
    assert [(row["load"], row["fullness"]) for row in figures["stations"]] == [(3, 0.75)]
    assert open_ticket_counts([house.restaurant.pk, foreign.restaurant.pk, 0]) == {
        house.restaurant.pk: OpenTickets(2, 1, 1, 4),
        foreign.restaurant.pk: OpenTickets(1, 0, 0, 1),
        0: OpenTickets(0, 0, 0, 0),
    }


def test_late_are_tickets_in_work_when_their_time_is_up(house: House) -> None:
    late, in_time, ready = house.ticket(), house.ticket(), house.ticket()
    moved(house, ready, "ready")
    past = timezone.now() - dt.timedelta(seconds=1)
    changed(late, late_at=past)
    changed(ready, late_at=past - dt.timedelta(minutes=5))
    changed(in_time, late_at=past + dt.timedelta(minutes=5), warn_at=past)

    assert stats(house)["late"] == 1


def test_minutes_are_the_business_days_when_there_are_others(house: House) -> None:
    for minutes in (2, 4, 6, 8, 30):
        made(house, minutes, promised=10)
    yesterdays = made(house, 500, promised=10)
    day = house.restaurant.business_date(timezone.now()) - dt.timedelta(days=1)
    Order.objects.filter(pk=yesterdays["order_id"]).update(silently=True, business_date=day)
    house.ticket()

    assert stats(house)["prep_minutes"] == {"average": 10.0, "p90": 21.2}


def test_promises_are_measured_beside_the_plain_sum_when_tickets_were_ready(house: House) -> None:
    made(house, 8, promised=9, naive=20)
    made(house, 12, promised=9, naive=10)
    made(house, 30, promised=30, naive=15)

    assert stats(house)["estimate"] == {
        "tickets": 3,
        "mean_absolute_error": 1.3,
        "kept": 0.667,
        "naive": {"mean_absolute_error": 9.7, "kept": 0.333},
    }


def test_no_promise_is_measured_when_the_ticket_was_made_otherwise(house: House) -> None:
    recalled, courses = made(house, 8, promised=9), {"menu_item_id": house.dish.pk, "quantity": 1}
    changed(recalled, recalled_at=timezone.now())
    two = house.ticket(items=[{**courses, "course": 1}, {**courses, "course": 2}])
    changed(two, ready_at=timezone.now())
    more = house.ticket()
    house.waiter.post(f"/api/orders/{more['order_id']}/items", {"menu_item_id": house.dish.pk, "quantity": 1})
    changed(more, ready_at=timezone.now())

    figures = stats(house)

    assert figures["estimate"] == NOTHING_FORETOLD
    assert figures["prep_minutes"]["average"] is not None


def test_numbers_take_four_queries_when_there_are_many_tickets(
    house: House, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(5):
        moved(house, house.ticket(3), "preparing")
    StationFactory.create_batch(3, restaurant=house.restaurant)
    kitchen_stats(house.restaurant.pk)

    with django_assert_num_queries(4):
        kitchen_stats(house.restaurant.pk)
    with django_assert_num_queries(1):
        count_all_day(house.restaurant.pk)


def test_what_is_to_make_is_counted_by_dish_and_modifiers(house: House, foreign: House) -> None:
    burger, plain, cheese = dish_with_choices(house)
    one = {"menu_item_id": burger.pk, "quantity": 1}
    house.ticket(items=[{**one, "quantity": 2, "modifier_ids": [plain.pk, cheese.pk]}, {**one, "course": 2}])
    house.ticket(items=[{**one, "modifier_ids": [cheese.pk, plain.pk]}, {**one, "modifier_ids": [plain.pk]}])
    moved(house, house.ticket(9), "ready")
    foreign.ticket(9)

    assert all_day(house) == [
        {"menu_item_id": burger.pk, "name": "Burger", "modifiers": ["Extra cheese", "No onions"], "quantity": 3,
         "held": 0},
        {"menu_item_id": burger.pk, "name": "Burger", "modifiers": [], "quantity": 1, "held": 1},
        {"menu_item_id": burger.pk, "name": "Burger", "modifiers": ["No onions"], "quantity": 1, "held": 0},
    ]  # fmt: skip


def test_what_is_to_make_is_paged_both_ways_when_a_limit_is_asked_for(house: House) -> None:
    burger, plain, cheese = dish_with_choices(house)
    lines = [
        {"menu_item_id": burger.pk, "quantity": 2, "modifier_ids": [plain.pk]},
        {"menu_item_id": burger.pk, "quantity": 2, "modifier_ids": [cheese.pk]},
        {"menu_item_id": burger.pk, "quantity": 3},
        {"menu_item_id": house.dish.pk, "quantity": 1},
        {"menu_item_id": burger.pk, "quantity": 2, "modifier_ids": [cheese.pk, plain.pk]},
    ]
    house.ticket(items=lines)
    whole = all_day(house)

    first = house.cook.get("/api/kitchen/all-day?limit=2").body
    second = house.cook.get(first["next"].partition("testserver")[2]).body
    third = house.cook.get(second["next"].partition("testserver")[2]).body
    back = house.cook.get(third["previous"].partition("testserver")[2]).body

    assert [row["quantity"] for row in whole] == [3, 2, 2, 2, 1]
    assert [page["results"] for page in (first, second, third)] == [whole[:2], whole[2:4], whole[4:]]
    assert (first["previous"], third["next"]) == (None, None)
    assert (back["results"], back["next"] is None, back["previous"] is None) == (whole[2:4], False, False)


def test_rest_is_on_the_next_page_when_what_the_first_ended_with_is_made(house: House) -> None:
    soda = MenuItemFactory(restaurant=house.restaurant, station=house.station, name="Soda")
    tickets = [
        house.ticket(items=[{"menu_item_id": pk, "quantity": n}]) for pk, n in ((soda.pk, 2), (house.dish.pk, 1))
    ]
    first = house.cook.get("/api/kitchen/all-day?limit=1").body
    moved(house, tickets[0], "ready")

    second = house.cook.get(first["next"].partition("testserver")[2]).body

    assert [row["menu_item_id"] for row in (*first["results"], *second["results"])] == [soda.pk, house.dish.pk]


@pytest.mark.parametrize(("query", "pointer"), [("limit=0", "/limit"), ("limit=x", "/limit"), ("cursor=x", "/cursor")])
def test_bad_request_when_a_page_of_what_is_to_make_is_none(house: House, query: str, pointer: str) -> None:
    reply = house.cook.get(f"/api/kitchen/all-day?{query}")

    assert (reply.status, [found for found, _ in reply.pointers]) == (400, [pointer])


def test_what_is_to_make_at_a_station_is_what_stands_there_now(house: House, foreign: House) -> None:
    bar = StationFactory(restaurant=house.restaurant)
    drink = MenuItemFactory(restaurant=house.restaurant, station=bar, name="Soda")
    house.ticket(items=[{"menu_item_id": drink.pk, "quantity": 2}, {"menu_item_id": house.dish.pk, "quantity": 1}])

    assert [(row["name"], row["quantity"]) for row in all_day(house, f"?station={bar.pk}")] == [("Soda", 2)]
    assert len(all_day(house)) == 2
    assert all_day(house, f"?station={foreign.station.pk}") == []
    assert house.cook.get("/api/kitchen/all-day?station=bar").pointers == [("/station", "invalid")]


def test_device_reads_the_numbers_when_it_may_read_the_kitchen(house: House) -> None:
    reader, other = house.device(Scope.KITCHEN_READ), house.device(Scope.ORDERS_READ)

    for path in ("/api/kitchen/stats", "/api/kitchen/all-day"):
        assert (reader.get(path).status, other.get(path).status) == (200, 403)
