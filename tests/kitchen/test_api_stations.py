"""Stations over REST: who sets them up, what may be said of them, what closing and deleting does."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from kitchen.models import KitchenOrder, KitchenOrderItem, Recipe, RecipeStep, RecipeStepStation, Station
from orders.scopes import Scope
from orders.states import Role
from tests.factories import MenuItemFactory, StationFactory

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

    from tests.callers import House

pytestmark = pytest.mark.django_db
STATIONS = "/api/kitchen/stations"


def told(house: House, before: int) -> list[str]:
    return house.events()[before:]


def test_station_is_set_up_with_what_is_usual_when_only_its_name_is_said(house: House) -> None:
    before = house.announced()

    reply = house.cook.post(STATIONS, {"name": "Fry"})

    pk = Station.objects.get(name="Fry").pk
    assert (reply.status, reply.headers["Location"]) == (201, f"{STATIONS}/{pk}")
    assert reply.body == {"id": pk, "name": "Fry", "capacity": 4, "load": 0, "is_active": True}
    assert told(house, before) == ["station:updated"]


@pytest.mark.parametrize("role", [Role.OWNER, Role.MANAGER, Role.KITCHEN])
def test_station_is_changed_by_who_works_in_the_kitchen(house: House, role: Role) -> None:
    before = house.announced()

    reply = house.caller(role).patch(f"{STATIONS}/{house.station.pk}", {"capacity": 999, "name": "Grill"})

    assert reply.status == 200
    assert (reply.body["name"], reply.body["capacity"], reply.body["is_active"]) == ("Grill", 999, True)
    assert told(house, before) == ["station:updated"]


@pytest.mark.parametrize("role", [Role.WAITER, Role.CASHIER])
@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_forbidden_when_somebody_else_does_it(house: House, role: Role, method: str) -> None:
    spare = StationFactory(restaurant=house.restaurant, name="Spare")
    before = house.announced()
    path, body = (STATIONS, {"name": "Fry"}) if method == "POST" else (f"{STATIONS}/{spare.pk}", {"capacity": 9})

    reply = house.caller(role).call(method, path, None if method == "DELETE" else body)

    assert (reply.status, reply.body["code"]) == (403, "forbidden")
    assert (Station.objects.count(), house.announced()) == (2, before)


def test_device_sets_stations_up_when_it_may_work_in_the_kitchen(house: House) -> None:
    screen, board = house.device(Scope.KITCHEN_WRITE), house.device(Scope.KITCHEN_READ)

    assert screen.post(STATIONS, {"name": "Fry"}).status == 201
    assert screen.get(STATIONS).status == 403
    assert board.post(STATIONS, {"name": "Bar"}).status == 403
    assert board.get(STATIONS).status == 200


def test_nothing_is_announced_when_nothing_changes(house: House) -> None:
    before = house.announced()

    reply = house.cook.patch(f"{STATIONS}/{house.station.pk}", {"name": house.station.name, "is_active": True})

    assert (reply.status, house.announced()) == (200, before)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({}, ("/name", "required")),
        ({"name": ""}, ("/name", "blank")),
        ({"name": "x" * 51}, ("/name", "max_length")),
        ({"name": "Fry", "capacity": 0}, ("/capacity", "min_value")),
        ({"name": "Fry", "capacity": 1000}, ("/capacity", "max_value")),
        ({"name": "Fry", "capacity": "4"}, ("/capacity", "invalid")),
        ({"name": "Fry", "is_active": None}, ("/is_active", "null")),
        ({"name": "Fry", "load": 3}, ("/load", "unknown")),
    ],
)
def test_bad_request_when_a_field_is_wrong(house: House, body: Any, problem: tuple[str, str]) -> None:
    before = house.announced()

    reply = house.cook.post(STATIONS, body)

    assert (reply.status, reply.pointers) == (400, [problem])
    assert (Station.objects.count(), house.announced()) == (1, before)


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_duplicate_when_another_station_has_the_name(house: House, method: str) -> None:
    spare = StationFactory(restaurant=house.restaurant, name="Spare")
    before = house.announced()
    path = STATIONS if method == "POST" else f"{STATIONS}/{spare.pk}"

    reply = house.cook.call(method, path, {"name": house.station.name})

    assert (reply.status, reply.body["code"], reply.pointers) == (409, "duplicate", [("/name", "duplicate")])
    assert (Station.objects.count(), house.announced()) == (2, before)


def test_name_may_be_another_restaurants(house: House, foreign: House) -> None:
    reply = house.cook.post(STATIONS, {"name": foreign.station.name})

    assert reply.status == 201


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_not_found_when_it_is_another_restaurants(house: House, foreign: House, method: str) -> None:
    before = foreign.announced()

    reply = house.manager.call(
        method, f"{STATIONS}/{foreign.station.pk}", {"capacity": 1} if method == "PATCH" else None
    )

    assert (reply.status, reply.body["code"]) == (404, "not_found")
    assert (Station.objects.get(pk=foreign.station.pk).capacity, foreign.announced()) == (4, before)


def test_first_answer_comes_again_when_a_key_is_used_twice(house: House) -> None:
    first = house.cook.post(STATIONS, {"name": "Fry"}, idempotency_key="fry")
    again = house.cook.post(STATIONS, {"name": "Fry"}, idempotency_key="fry")
    other = house.cook.post(STATIONS, {"name": "Bar"}, idempotency_key="fry")

    assert (again.status, again.body, again.headers["Idempotency-Replayed"]) == (201, first.body, "true")
    assert (other.status, Station.objects.count()) == (422, 2)


def test_waiting_work_is_moved_when_a_station_closes(house: House) -> None:
    spare = StationFactory(restaurant=house.restaurant, name="Spare")
    waiting, begun = house.ticket(), house.ticket()
    item = {"item_id": begun["items"][0]["id"], "status": "preparing"}
    house.cook.put(f"/api/kitchen/orders/{begun['id']}/items/status", {"items": [item]})
    before = house.announced()

    reply = house.cook.patch(f"{STATIONS}/{house.station.pk}", {"is_active": False})

    assert (reply.status, reply.body["is_active"], reply.body["load"]) == (200, False, 1)
    places = {item.ticket_id: item.station_id for item in KitchenOrderItem.objects.all()}
    assert places == {waiting["id"]: spare.pk, begun["id"]: house.station.pk}
    assert Station.objects.get(pk=spare.pk).load == 1
    assert told(house, before) == [
        "station:updated", "kitchen:station_assigned", "station:updated", "station:updated",
    ]  # fmt: skip


def test_work_comes_again_when_a_station_opens_again(house: House) -> None:
    house.cook.patch(f"{STATIONS}/{house.station.pk}", {"is_active": False})

    reply = house.cook.patch(f"{STATIONS}/{house.station.pk}", {"is_active": True})

    assert (reply.status, reply.body["is_active"]) == (200, True)
    assert house.ticket()["items"][0]["station_id"] == house.station.pk


def test_station_is_gone_when_nothing_needs_it(house: House) -> None:
    spare = StationFactory(restaurant=house.restaurant, name="Spare")
    before = house.announced()

    reply = house.cook.delete(f"{STATIONS}/{spare.pk}")

    assert (reply.status, reply.body) == (204, None)
    assert house.cook.get(f"{STATIONS}/{spare.pk}").status == 404
    assert told(house, before) == ["station:updated"]


def test_in_use_when_work_waits_there(house: House) -> None:
    house.ticket()
    house.manager.patch(f"/api/menu-items/{house.dish.pk}", {"station_id": None})
    before = house.announced()

    reply = house.cook.delete(f"{STATIONS}/{house.station.pk}")

    assert (reply.status, reply.body["code"]) == (409, "in_use")
    assert "There is work for it" in reply.body["detail"]
    assert (Station.objects.count(), house.announced()) == (1, before)


def test_in_use_when_a_dish_is_made_there(house: House) -> None:
    reply = house.cook.delete(f"{STATIONS}/{house.station.pk}")

    assert (reply.status, reply.body["code"]) == (409, "in_use")
    assert "Dishes are made there" in reply.body["detail"]


def test_in_use_when_a_recipe_names_it(house: House) -> None:
    spare = StationFactory(restaurant=house.restaurant, name="Spare")
    now = timezone.now()
    recipe = Recipe.objects.create(restaurant=house.restaurant, menu_item=house.dish, created_at=now, updated_at=now)
    step = RecipeStep.objects.create(recipe=recipe, version=1, position=0, name="Fry", minutes=3)
    RecipeStepStation.objects.create(step=step, station=spare, position=0)

    reply = house.cook.delete(f"{STATIONS}/{spare.pk}")

    assert (reply.status, reply.body["code"]) == (409, "in_use")
    assert Station.objects.filter(pk=spare.pk).exists()


def test_past_tickets_keep_a_station_that_is_gone(house: House) -> None:
    spare = StationFactory(restaurant=house.restaurant, name="Spare")
    drink = MenuItemFactory(restaurant=house.restaurant, station=spare)
    ticket = house.ticket(items=[{"menu_item_id": drink.pk, "quantity": 1}])
    item = {"item_id": ticket["items"][0]["id"], "status": "ready"}
    house.cook.put(f"/api/kitchen/orders/{ticket['id']}/items/status", {"items": [item]})
    house.cook.put(f"/api/kitchen/orders/{ticket['id']}/status", {"status": "completed"})
    house.manager.patch(f"/api/menu-items/{drink.pk}", {"station_id": None})
    recallable = house.cook.delete(f"{STATIONS}/{spare.pk}")
    long_ago = timezone.now() - dt.timedelta(minutes=16)
    KitchenOrder.objects.filter(pk=ticket["id"]).update(silently=True, ready_at=long_ago)

    reply = house.cook.delete(f"{STATIONS}/{spare.pk}")

    assert (recallable.status, reply.status) == (409, 204)
    shown = house.cook.get(f"/api/kitchen/orders/{ticket['id']}").body["items"][0]
    assert (shown["station_id"], shown["station_name"]) == (spare.pk, "Spare")


@pytest.mark.parametrize("stations", [1, 20])
def test_list_takes_one_query_however_many_stations(
    house: House, stations: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(stations):
        StationFactory(restaurant=house.restaurant, name=f"S{number}")
    house.cook.get(STATIONS)

    with django_assert_num_queries(2):
        reply = house.cook.get(STATIONS)

    assert len(reply.body["results"]) == stations + 1
