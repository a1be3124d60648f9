"""The menu written over REST: by whom, what is refused, what is announced."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from orders.models import Category, MenuItem, Restaurant
from orders.states import Role
from realtime.models import Event
from tests.factories import (
    AllergenFactory,
    CategoryFactory,
    ChoiceFactory,
    FoodTypeFactory,
    MenuItemFactory,
    ModifierFactory,
    ModifierGroupFactory,
    StationFactory,
)

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

    from tests.callers import House

pytestmark = pytest.mark.django_db
LISTS: dict[str, Any] = {
    "categories": CategoryFactory,
    "food-types": FoodTypeFactory,
    "allergens": AllergenFactory,
    "modifier-groups": ModifierGroupFactory,
}
BIG = 2**63


def dish_body(house: House, **others: Any) -> dict[str, Any]:
    return {"category_id": house.dish.category_id, "name": "Soup", "price": "4.50", **others}


def told(house: House, since: int) -> list[tuple[str, list[str]]]:
    """The dishes that were announced since, with the fields that changed."""
    events = Event.objects.filter(restaurant=house.restaurant, type="menu-item:updated").order_by("seq")[since:]
    datas = [house_data(event) for event in events]
    return [(data["menu_item"]["name"], data["changed_fields"]) for data in datas]


def house_data(event: Event) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(event.data)
    return data


def heard(house: House) -> int:
    return Event.objects.filter(restaurant=house.restaurant, type="menu-item:updated").count()


# Lists ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", LISTS)
def test_row_is_made_changed_and_deleted_by_a_manager(house: House, kind: str) -> None:
    made = house.manager.post(f"/api/{kind}", {"name": "Zucchini"})
    address = f"/api/{kind}/{made.body['id']}"
    changed = house.manager.patch(address, {"name": "Courgette"})
    put = house.manager.put(f"{address}/", {"name": "Marrow"})

    assert (made.status, made.body["name"], made.headers["Location"]) == (201, "Zucchini", address)
    assert (changed.status, changed.body) == (200, made.body | {"name": "Courgette"})
    assert (put.status, put.body["name"], house.waiter.get(address).body["name"]) == (200, "Marrow", "Marrow")
    assert (house.manager.delete(address).status, house.manager.get(address).status) == (204, 404)


@pytest.mark.parametrize("kind", ["menu-items", *LISTS])
@pytest.mark.parametrize("role", [Role.WAITER, Role.KITCHEN, Role.CASHIER])
def test_forbidden_when_another_role_writes(house: House, kind: str, role: Role) -> None:
    row = MenuItemFactory(restaurant=house.restaurant) if kind == "menu-items" else None
    row = row or LISTS[kind](restaurant=house.restaurant)
    caller, address = house.caller(role), f"/api/{kind}/{row.pk}"
    body = dish_body(house) if kind == "menu-items" else {"name": "New"}
    before = house.announced()

    replies = [caller.post(f"/api/{kind}", body), caller.patch(address, body), caller.put(address, body)]
    replies.append(caller.delete(address))

    assert [(reply.status, reply.body["code"]) for reply in replies] == [(403, "forbidden")] * 4
    assert (house.announced(), house.manager.get(address).body["name"]) == (before, row.name)


@pytest.mark.parametrize("kind", ["menu-items", *LISTS])
def test_not_found_when_a_foreign_row_is_written(house: House, foreign: House, kind: str) -> None:
    row = foreign.dish if kind == "menu-items" else LISTS[kind](restaurant=foreign.restaurant)
    address, before = f"/api/{kind}/{row.pk}", foreign.announced()

    assert [house.manager.patch(address, {"name": "x"}).status, house.manager.delete(address).status] == [404, 404]
    row.refresh_from_db()
    assert (row.name != "x", foreign.announced()) == (True, before)


@pytest.mark.parametrize("kind", ["categories", "food-types", "allergens"])
def test_duplicate_when_the_name_is_taken(house: House, foreign: House, kind: str) -> None:
    LISTS[kind](restaurant=house.restaurant, name="Same")
    LISTS[kind](restaurant=foreign.restaurant, name="Other")
    row = house.manager.post(f"/api/{kind}", {"name": "Other"})

    made = house.manager.post(f"/api/{kind}", {"name": "Same"})
    renamed = house.manager.patch(f"/api/{kind}/{row.body['id']}", {"name": "Same"})

    assert row.status == 201
    for reply in (made, renamed):
        assert (reply.status, reply.body["code"], reply.pointers) == (409, "duplicate", [("/name", "duplicate")])


@pytest.mark.parametrize("kind", LISTS)
@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, [("/name", "required")]),
        ({"name": None}, [("/name", "null")]),
        ({"name": ""}, [("/name", "blank")]),
        ({"name": " "}, [("/name", "blank")]),
        ({"name": 5}, [("/name", "invalid")]),
        ({"name": ["x"]}, [("/name", "invalid")]),
        ({"name": "x" * 101}, [("/name", "max_length")]),
        ({"name": "a\0b"}, [("/name", "null_characters_not_allowed")]),
        ({"name": "x", "colour": 1, "restaurant_id": 1}, [("/colour", "unknown"), ("/restaurant_id", "unknown")]),
    ],
)
def test_bad_request_when_a_row_is_malformed(
    house: House, kind: str, body: Any, pointers: list[tuple[str, str]]
) -> None:
    reply = house.manager.post(f"/api/{kind}", body)

    assert (reply.status, reply.pointers) == (400, pointers)


@pytest.mark.parametrize("position", [-1, 2**15, "1", 1.0, True, None, BIG])
def test_bad_request_when_a_position_is_none(house: House, position: Any) -> None:
    row = CategoryFactory(restaurant=house.restaurant, position=3)

    reply = house.manager.patch(f"/api/categories/{row.pk}", {"position": position})

    assert (reply.status, [pointer for pointer, _ in reply.pointers]) == (400, ["/position"])
    assert Category.objects.get(pk=row.pk).position == 3


def test_row_is_made_once_when_the_key_is_the_same(house: House) -> None:
    first, second = [house.manager.post("/api/categories", {"name": "Fish"}, idempotency_key="f") for _ in range(2)]

    assert (second.status, second.body, second.headers["Idempotency-Replayed"]) == (201, first.body, "true")
    assert second.headers["Location"] == f"/api/categories/{first.body['id']}"


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("categories", "There are dishes in it."),
        ("food-types", "Dishes are of this type."),
        ("allergens", "Dishes contain it."),
        ("modifier-groups", "Dishes offer it."),
    ],
)
def test_in_use_when_a_row_that_dishes_have_is_deleted(house: House, kind: str, reason: str) -> None:
    row = LISTS[kind](restaurant=house.restaurant, name="Kept")
    dish = MenuItemFactory(restaurant=house.restaurant)
    if kind in ("categories", "food-types"):
        MenuItem.objects.filter(pk=dish.pk).update(
            silently=True, **{{"categories": "category", "food-types": "food_type"}[kind]: row}
        )
    elif kind == "allergens":
        dish.allergens.add(row)
    else:
        ChoiceFactory(menu_item=dish, group=row)

    reply = house.manager.delete(f"/api/{kind}/{row.pk}")

    assert (reply.status, reply.body["code"]) == (409, "in_use")
    assert reply.body["detail"] == f"Kept can't be deleted. {reason}"
    assert house.manager.get(f"/api/{kind}/{row.pk}").status == 200


def test_dishes_are_announced_when_what_they_are_shown_with_is_renamed(house: House) -> None:
    food_type = FoodTypeFactory(restaurant=house.restaurant)
    milk = AllergenFactory(restaurant=house.restaurant)
    dish = MenuItemFactory(restaurant=house.restaurant, name="Flan", food_type=food_type)
    dish.allergens.add(milk)
    group = ModifierFactory(group__restaurant=house.restaurant).group
    ChoiceFactory(menu_item=dish, group=group)
    since = heard(house)

    for address in (
        f"/api/categories/{dish.category_id}",
        f"/api/food-types/{food_type.pk}",
        f"/api/allergens/{milk.pk}",
        f"/api/modifier-groups/{group.pk}",
    ):
        assert house.manager.patch(address, {"name": "Renamed"}).status == 200
        assert house.manager.patch(address, {"name": "Renamed"}).status == 200  # the same is no news

    assert told(house, since) == [
        ("Flan", ["category"]),
        ("Flan", ["food_type"]),
        ("Flan", ["allergens"]),
        ("Flan", ["modifier_groups"]),
    ]


# Dishes ---------------------------------------------------------------------------------------------


def test_dish_is_put_on_the_menu_with_all_that_it_has(house: House) -> None:
    food_type, station = FoodTypeFactory(restaurant=house.restaurant), StationFactory(restaurant=house.restaurant)
    nuts, milk = [AllergenFactory(restaurant=house.restaurant, name=name) for name in ("Nuts", "Milk")]
    sauces, sizes = [ModifierGroupFactory(restaurant=house.restaurant) for _ in range(2)]
    since = heard(house)

    reply = house.manager.post(
        "/api/menu-items",
        dish_body(
            house,
            food_type_id=food_type.pk,
            allergen_ids=[nuts.pk, milk.pk],
            station_id=station.pk,
            prep_minutes=3,
            is_available=False,
            stock=7,
            modifier_group_ids=[sizes.pk, sauces.pk],
            description="Of the day.",
            tax_rate="0.07",
            external_id="S1",
        ),
    )

    assert (reply.status, reply.headers["Location"]) == (201, f"/api/menu-items/{reply.body['id']}")
    assert reply.body == {
        "id": reply.body["id"],
        "name": "Soup",
        "description": "Of the day.",
        "price": "4.50",
        "category": {"id": house.dish.category_id, "name": house.dish.category.name},
        "food_type": {"id": food_type.pk, "name": food_type.name},
        "allergens": [{"id": milk.pk, "name": "Milk"}, {"id": nuts.pk, "name": "Nuts"}],
        "modifier_groups": [
            {"id": group.pk, "name": group.name, "min": 0, "max": 1, "modifiers": []} for group in (sizes, sauces)
        ],
        "station_id": station.pk,
        "prep_minutes": 3,
        "tax_rate": "0.0700",
        "external_id": "S1",
        "is_available": False,
        "stock": 7,
        "image_url": None,
    }
    assert [name for name, _ in told(house, since)] == ["Soup"]
    assert house.waiter.get(f"/api/menu-items/{reply.body['id']}").body == reply.body


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_only_what_is_sent_is_changed(house: House, method: str) -> None:
    address = f"/api/menu-items/{house.dish.pk}"
    before, since = house.waiter.get(address).body, heard(house)

    reply = house.manager.call(method, address, {"price": "10.00", "stock": 4})

    assert (reply.status, reply.body) == (200, before | {"price": "10.00", "stock": 4})
    assert told(house, since) == [(house.dish.name, ["price", "stock"])]


def test_nothing_is_announced_when_nothing_differs(house: House) -> None:
    milk = AllergenFactory(restaurant=house.restaurant)
    house.dish.allergens.add(milk)
    address, since = f"/api/menu-items/{house.dish.pk}", heard(house)

    for body in ({}, {"price": "9.50", "allergen_ids": [milk.pk], "modifier_group_ids": [], "external_id": None}):
        assert house.manager.patch(address, body).status == 200

    assert told(house, since) == []


def test_change_of_allergens_and_choices_is_announced(house: House) -> None:
    old, new = AllergenFactory(restaurant=house.restaurant), AllergenFactory(restaurant=house.restaurant)
    house.dish.allergens.add(old)
    first, second = [ModifierGroupFactory(restaurant=house.restaurant) for _ in range(2)]
    ChoiceFactory(menu_item=house.dish, group=first)
    address, since = f"/api/menu-items/{house.dish.pk}", heard(house)

    other = house.manager.patch(address, {"allergen_ids": [new.pk], "modifier_group_ids": [second.pk, first.pk]})
    turned = house.manager.patch(address, {"modifier_group_ids": [first.pk, second.pk]})
    bare = house.manager.patch(address, {"allergen_ids": [], "modifier_group_ids": []})

    assert [allergen["id"] for allergen in other.body["allergens"]] == [new.pk]
    assert [group["id"] for group in other.body["modifier_groups"]] == [second.pk, first.pk]
    assert [group["id"] for group in turned.body["modifier_groups"]] == [first.pk, second.pk]
    assert (bare.body["allergens"], bare.body["modifier_groups"]) == ([], [])
    assert [fields for _, fields in told(house, since)] == [
        ["allergens", "modifier_groups"],
        ["modifier_groups"],
        ["allergens", "modifier_groups"],
    ]


def test_orders_keep_what_they_were_taken_with_when_the_dish_changes(house: House) -> None:
    order = house.order(2)

    house.manager.patch(f"/api/menu-items/{house.dish.pk}", {"name": "Other", "price": "99.00", "tax_rate": "1"})

    assert house.waiter.get(f"/api/orders/{order['id']}").body == order


@pytest.mark.parametrize(
    ("changes", "pointers"),
    [
        ({"name": None}, [("/name", "null")]),
        ({"name": "x" * 101}, [("/name", "max_length")]),
        ({"name": "a\0b"}, [("/name", "null_characters_not_allowed")]),
        ({"description": None}, [("/description", "null")]),
        ({"description": "x" * 2001}, [("/description", "max_length")]),
        ({"description": "a\0b"}, [("/description", "null_characters_not_allowed")]),
        ({"category_id": None}, [("/category_id", "null")]),
        ({"category_id": 0}, [("/category_id", "min_value")]),
        ({"category_id": BIG}, [("/category_id", "max_value")]),
        ({"food_type_id": "1"}, [("/food_type_id", "invalid")]),
        ({"station_id": 1.5}, [("/station_id", "invalid")]),
        ({"allergen_ids": None}, [("/allergen_ids", "null")]),
        ({"allergen_ids": 1}, [("/allergen_ids", "not_a_list")]),
        ({"allergen_ids": [True]}, [("/allergen_ids/0", "invalid")]),
        ({"allergen_ids": [1] * 101}, [("/allergen_ids", "max_length")]),
        ({"modifier_group_ids": [None]}, [("/modifier_group_ids/0", "null")]),
        ({"prep_minutes": -1}, [("/prep_minutes", "min_value")]),
        ({"prep_minutes": 1441}, [("/prep_minutes", "max_value")]),
        ({"prep_minutes": None}, [("/prep_minutes", "null")]),
        ({"is_available": "yes"}, [("/is_available", "invalid")]),
        ({"is_available": None}, [("/is_available", "null")]),
        ({"stock": -1}, [("/stock", "min_value")]),
        ({"stock": 2**31}, [("/stock", "max_value")]),
        ({"external_id": "x" * 101}, [("/external_id", "max_length")]),
        ({"external_id": "a\0b"}, [("/external_id", "null_characters_not_allowed")]),
        ({"id": 5, "image": "x"}, [("/id", "unknown"), ("/image", "unknown")]),
    ],
)
def test_every_wrong_field_is_named_when_a_dish_is_malformed(
    house: House, changes: dict[str, Any], pointers: list[tuple[str, str]]
) -> None:
    caller, before = house.manager, house.announced()

    made = caller.post("/api/menu-items", dish_body(house) | changes)
    changed = caller.patch(f"/api/menu-items/{house.dish.pk}", changes)

    assert [(reply.status, reply.pointers) for reply in (made, changed)] == [(400, pointers)] * 2
    assert (MenuItem.objects.count(), house.announced()) == (1, before)


@pytest.mark.parametrize("value", [5, 9.5, True, None, "-1.00", "1.005", "NaN", "Infinity", "1e3", "", "123456789.00"])
def test_price_is_refused_when_it_is_no_decimal_string(house: House, value: Any) -> None:
    reply = house.manager.patch(f"/api/menu-items/{house.dish.pk}", {"price": value})

    assert (reply.status, [pointer for pointer, _ in reply.pointers]) == (400, ["/price"])


def test_price_is_refused_when_the_currency_has_no_unit_so_small(house: House) -> None:
    Restaurant.objects.filter(pk=house.restaurant.pk).update(currency="JPY")
    path = f"/api/menu-items/{house.dish.pk}"

    replies = [
        house.manager.patch(path, {"price": "9.50"}),
        house.manager.post("/api/menu-items", dish_body(house, price="9.50")),
    ]
    taken = house.manager.patch(path, {"price": "950.00"})

    assert [(reply.status, reply.pointers) for reply in replies] == [(400, [("/price", "currency_unit")])] * 2
    assert (taken.status, taken.body["price"], MenuItem.objects.count()) == (200, "950.00", 1)


@pytest.mark.parametrize("value", [0, 0.07, "7", "1.01", "-0.1", "0.12345", "NaN", "", "07", True])
def test_tax_is_refused_when_it_is_no_share(house: House, value: Any) -> None:
    reply = house.manager.patch(f"/api/menu-items/{house.dish.pk}", {"tax_rate": value})

    assert (reply.status, reply.pointers) == (400, [("/tax_rate", "invalid")])


def test_required_fields_are_named_when_they_are_missing(house: House) -> None:
    reply = house.manager.post("/api/menu-items", {})

    assert reply.pointers == [("/category_id", "required"), ("/name", "required"), ("/price", "required")]


@pytest.mark.parametrize("body", [b"", b"[]", b"5", b'"x"', b"{", b'{"name": NaN}', b"\xff", b"null"])
def test_bad_request_when_the_body_is_no_dish(house: House, body: bytes) -> None:
    reply = house.manager.call("POST", "/api/menu-items", body, content_type="application/json")

    assert reply.status == 400


def test_every_foreign_id_is_named_when_a_dish_refers_to_it(house: House, foreign: House) -> None:
    allergen, own = AllergenFactory(restaurant=foreign.restaurant), AllergenFactory(restaurant=house.restaurant)
    group = ModifierGroupFactory(restaurant=foreign.restaurant)
    food_type = FoodTypeFactory(restaurant=foreign.restaurant)
    columns = {"category_id": foreign.dish.category_id, "food_type_id": food_type.pk, "station_id": foreign.station.pk}

    of_columns = house.manager.post("/api/menu-items", dish_body(house) | columns)
    of_allergens = house.manager.post("/api/menu-items", dish_body(house, allergen_ids=[own.pk, allergen.pk]))
    of_groups = house.manager.patch(f"/api/menu-items/{house.dish.pk}", {"modifier_group_ids": [group.pk, BIG - 1]})

    assert (of_columns.status, of_columns.pointers) == (404, [(f"/{name}", "not_found") for name in sorted(columns)])
    assert (of_allergens.status, of_allergens.pointers) == (404, [("/allergen_ids/1", "not_found")])
    missing = [("/modifier_group_ids/0", "not_found"), ("/modifier_group_ids/1", "not_found")]
    assert (of_groups.status, of_groups.pointers) == (404, missing)
    assert MenuItem.objects.filter(restaurant=house.restaurant).count() == 1


def test_bad_request_when_an_allergen_is_named_twice(house: House) -> None:
    milk = AllergenFactory(restaurant=house.restaurant)

    reply = house.manager.patch(f"/api/menu-items/{house.dish.pk}", {"allergen_ids": [milk.pk, milk.pk]})

    assert (reply.status, reply.pointers) == (400, [("/allergen_ids/1", "duplicate")])


def test_duplicate_when_the_external_id_is_taken(house: House, foreign: House) -> None:
    MenuItemFactory(restaurant=house.restaurant, external_id="A")
    MenuItemFactory(restaurant=foreign.restaurant, external_id="B")

    made = house.manager.post("/api/menu-items", dish_body(house, external_id="A"))
    changed = house.manager.patch(f"/api/menu-items/{house.dish.pk}", {"external_id": "A"})
    own = house.manager.patch(f"/api/menu-items/{house.dish.pk}", {"external_id": "B"})

    for reply in (made, changed):
        assert (reply.status, reply.body["code"], reply.pointers) == (409, "duplicate", [("/external_id", "duplicate")])
    assert own.body["external_id"] == "B"
    assert [house.manager.post("/api/menu-items", dish_body(house)).status for _ in range(2)] == [201, 201]


def test_dish_is_deleted_when_nobody_has_ordered_it(house: House) -> None:
    dish = MenuItemFactory(restaurant=house.restaurant)
    dish.allergens.add(AllergenFactory(restaurant=house.restaurant))
    ChoiceFactory(menu_item=dish, group=ModifierGroupFactory(restaurant=house.restaurant))

    assert house.manager.delete(f"/api/menu-items/{dish.pk}").status == 204
    assert not MenuItem.objects.filter(pk=dish.pk).exists()


@pytest.mark.parametrize("orders", [1, 5])
def test_in_use_at_a_constant_cost_when_an_ordered_dish_is_deleted(
    house: House, orders: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(orders):
        house.order()
    boss = house.manager
    boss.get("/api/categories")

    # Whether it still stands who calls; the lock, and whether there is any order; three for a savepoint taken back.
    with django_assert_num_queries(6):
        reply = boss.delete(f"/api/menu-items/{house.dish.pk}")

    assert (reply.status, reply.body["code"]) == (409, "in_use")
    assert reply.body["detail"] == f"{house.dish.name} can't be deleted. It was ordered: 86 it instead."


@pytest.mark.parametrize("parts", [1, 6])
def test_writing_a_dish_takes_a_constant_number_of_queries(
    house: House, parts: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    allergens = [AllergenFactory(restaurant=house.restaurant).pk for _ in range(parts)]
    groups = [ModifierFactory(group__restaurant=house.restaurant).group for _ in range(parts)]
    boss, address = house.manager, f"/api/menu-items/{house.dish.pk}"
    for group in groups:
        ChoiceFactory(menu_item=house.dish, group=group)
    body = {"price": "8.00", "allergen_ids": allergens, "modifier_group_ids": [group.pk for group in groups]}
    boss.patch(address, {"modifier_group_ids": body["modifier_group_ids"]})
    boss.get("/api/categories")

    # Ten of them read the menu before and after, to know what differs on it, two the currency, and five the answer; two
    # hold the stations, so that no ticket is opened by what was on the menu before, and read the allergens' names.
    with django_assert_num_queries(33):
        assert boss.patch(address, body).status == 200
