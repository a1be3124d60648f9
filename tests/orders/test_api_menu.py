"""The menu and the room over REST."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from orders.models import MenuItem
from orders.states import Role
from orders.tokens import table_of
from tests.callers import Caller
from tests.factories import (
    AllergenFactory,
    CategoryFactory,
    ChoiceFactory,
    CounterFactory,
    FoodTypeFactory,
    MenuItemFactory,
    ModifierFactory,
    ModifierGroupFactory,
    TableFactory,
)

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

    from tests.callers import House

pytestmark = pytest.mark.django_db
FACTORIES: dict[str, Any] = {
    "categories": CategoryFactory,
    "food-types": FoodTypeFactory,
    "allergens": AllergenFactory,
    "menu-items": MenuItemFactory,
    "modifier-groups": ModifierGroupFactory,
    "tables": TableFactory,
    "counters": CounterFactory,
}
EVERYBODY = [Role.OWNER, Role.MANAGER, Role.WAITER, Role.KITCHEN, Role.CASHIER]


@pytest.mark.parametrize("kind", FACTORIES)
@pytest.mark.parametrize("role", EVERYBODY)
def test_rows_are_read_by_every_role(house: House, kind: str, role: Role) -> None:
    row = FACTORIES[kind](restaurant=house.restaurant, name="Zucchini")
    caller = house.caller(role)

    single = caller.get(f"/api/{kind}/{row.pk}")

    assert (single.status, single.body["id"], single.body["name"]) == (200, row.pk, "Zucchini")
    assert single.body in caller.get(f"/api/{kind}/").body["results"]


@pytest.mark.parametrize("kind", FACTORIES)
def test_not_found_when_the_row_is_another_restaurants(house: House, foreign: House, kind: str) -> None:
    row = FACTORIES[kind](restaurant=foreign.restaurant)

    reply = house.manager.get(f"/api/{kind}/{row.pk}")

    assert (reply.status, reply.body["code"]) == (404, "not_found")
    assert row.pk not in [found["id"] for found in house.manager.get(f"/api/{kind}").body["results"]]


@pytest.mark.parametrize("kind", FACTORIES)
def test_unauthenticated_when_nobody_signed_in(house: House, kind: str) -> None:
    row = FACTORIES[kind](restaurant=house.restaurant)

    assert [Caller().get(path).status for path in (f"/api/{kind}", f"/api/{kind}/{row.pk}")] == [401, 401]


@pytest.mark.parametrize("kind", FACTORIES)
@pytest.mark.parametrize("query", ["colour=red", "limit=x", "category=x&limit=1"])
def test_bad_request_when_a_parameter_is_wrong(house: House, kind: str, query: str) -> None:
    assert house.manager.get(f"/api/{kind}?{query}").status == 400


def test_dish_is_shown_with_its_choices(house: House) -> None:
    modifier = ModifierFactory(group__restaurant=house.restaurant, group__name="Extras", group__max=2, price="1.50")
    ChoiceFactory(menu_item=house.dish, group=modifier.group)
    allergen = AllergenFactory(restaurant=house.restaurant, name="milk")
    house.dish.allergens.add(allergen)

    dish = house.waiter.get(f"/api/menu-items/{house.dish.pk}").body

    assert dish == {
        "id": house.dish.pk,
        "name": house.dish.name,
        "description": "",
        "price": "9.50",
        "category": {"id": house.dish.category.pk, "name": house.dish.category.name},
        "food_type": None,
        "allergens": [{"id": allergen.pk, "name": "milk"}],
        "modifier_groups": [
            {
                "id": modifier.group.pk,
                "name": "Extras",
                "min": 0,
                "max": 2,
                "modifiers": [{"id": modifier.pk, "name": modifier.name, "price": "1.50", "is_available": True}],
            }
        ],
        "station_id": house.station.pk,
        "prep_minutes": 10,
        "tax_rate": None,
        "external_id": None,
        "is_available": True,
        "stock": None,
        "image_url": None,
    }


def test_menu_is_in_the_order_of_its_chapters(house: House) -> None:
    drinks = CategoryFactory(restaurant=house.restaurant, position=2)
    starters = CategoryFactory(restaurant=house.restaurant, position=1)
    wine = MenuItemFactory(restaurant=house.restaurant, category=drinks, name="Wine")
    soup = MenuItemFactory(restaurant=house.restaurant, category=starters, name="Soup")
    beer = MenuItemFactory(restaurant=house.restaurant, category=drinks, name="Beer", is_available=False)
    read = house.waiter.get

    assert [row["id"] for row in read("/api/menu-items").body["results"]] == [house.dish.pk, soup.pk, beer.pk, wine.pk]
    second = read(read("/api/menu-items?limit=2").body["next"]).body
    assert [row["id"] for row in second["results"]] == [beer.pk, wine.pk]
    assert [row["id"] for row in read(f"/api/menu-items?category={drinks.pk}&is_available=true").body["results"]] == [
        wine.pk
    ]


@pytest.mark.parametrize(
    ("role", "shown"),
    [(Role.OWNER, True), (Role.MANAGER, True), (Role.WAITER, True), (Role.KITCHEN, False), (Role.CASHIER, False)],
)
def test_tables_token_is_shown_when_the_role_may_print_it(house: House, role: Role, shown: bool) -> None:
    table = house.caller(role).get(f"/api/tables/{house.table.pk}").body

    if shown:
        assert table_of(table["token"]) == house.table
        assert table["url"] == f"http://testserver/t/#{table['token']}"
    else:
        assert (table["token"], table["url"]) == (None, None)


@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.OWNER, 200), (Role.MANAGER, 200), (Role.KITCHEN, 200), (Role.WAITER, 403), (Role.CASHIER, 403)],
)
def test_dish_is_86d_when_the_role_may(house: House, role: Role, status: int) -> None:
    caller, before = house.caller(role), house.announced()

    reply = caller.patch(f"/api/menu-items/{house.dish.pk}/availability", {"is_available": False})

    assert reply.status == status
    assert house.events()[before:] == (["menu-item:updated"] if status == 200 else [])
    assert MenuItem.objects.get().is_available == (status != 200)


def test_stock_is_counted_when_it_is_given_and_endless_when_null(house: House) -> None:
    address = f"/api/menu-items/{house.dish.pk}/availability"

    counted = house.cook.patch(address, {"is_available": True, "stock": 3}).body
    kept = house.cook.patch(address, {"is_available": False}).body
    endless = house.cook.patch(address, {"is_available": True, "stock": None}).body

    assert [(dish["is_available"], dish["stock"]) for dish in (counted, kept, endless)] == [
        (True, 3),
        (False, 3),
        (True, None),
    ]


def test_nothing_is_announced_when_the_availability_is_already_that(house: House) -> None:
    caller, before = house.cook, house.announced()

    assert caller.patch(f"/api/menu-items/{house.dish.pk}/availability", {"is_available": True}).status == 200
    assert house.announced() == before


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/is_available"),
        ({"is_available": "no"}, "/is_available"),
        ({"is_available": None}, "/is_available"),
        ({"is_available": True, "stock": -1}, "/stock"),
        ({"is_available": True, "stock": 2**31}, "/stock"),
        ({"is_available": True, "stock": "3"}, "/stock"),
        ({"is_available": True, "price": "1.00"}, "/price"),
    ],
)
def test_bad_request_when_availability_is_malformed(house: House, body: Any, pointer: str) -> None:
    caller, before = house.cook, house.announced()

    reply = caller.patch(f"/api/menu-items/{house.dish.pk}/availability", body)

    assert (reply.status, [found for found, _ in reply.pointers]) == (400, [pointer])
    assert house.announced() == before


def test_not_found_when_a_foreign_dish_is_86d(house: House, foreign: House) -> None:
    before = foreign.announced()

    reply = house.manager.patch(f"/api/menu-items/{foreign.dish.pk}/availability", {"is_available": False})

    assert reply.status == 404
    assert foreign.announced() == before


@pytest.mark.parametrize("rows", [1, 6])
@pytest.mark.parametrize(
    ("kind", "queries"),
    [("categories", 2), ("tables", 2), ("modifier-groups", 3), ("menu-items", 6)],
)
def test_lists_take_a_constant_number_of_queries(
    house: House, kind: str, queries: int, rows: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(rows):
        modifier = ModifierFactory(group__restaurant=house.restaurant)
        dish = MenuItemFactory(restaurant=house.restaurant)
        ChoiceFactory(menu_item=dish, group=modifier.group)
        dish.allergens.add(AllergenFactory(restaurant=house.restaurant))
        TableFactory(restaurant=house.restaurant)
    reader = house.waiter
    reader.get("/api/counters")  # from now on it is known who calls, as long as nothing changes

    with django_assert_num_queries(queries):
        assert reader.get(f"/api/{kind}").status == 200
