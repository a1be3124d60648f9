"""Recipes over REST: read by all staff, written by the manager, each write a version of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kitchen.models import Recipe, RecipeIngredient, RecipeStep
from orders.scopes import Scope
from orders.states import Role
from tests.factories import MenuItemFactory, StationFactory
from tests.pantry import stocked, written

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

    from kitchen.models import Ingredient
    from tests.callers import House

pytestmark = pytest.mark.django_db


@pytest.fixture
def flour(house: House) -> Ingredient:
    return stocked(house.restaurant.pk, "Flour", "10", "kg")


def body(house: House, flour: Ingredient, **others: Any) -> dict[str, Any]:
    return {
        "menu_item_id": house.dish.pk,
        "steps": [{"name": "Knead", "minutes": 5, "station_id": house.station.pk}, {"name": "Bake", "minutes": 12}],
        "ingredients": [{"ingredient_id": flour.pk, "quantity": "0.25", "unit": "kg"}],
        **others,
    }


def test_recipe_is_shown_whole_when_it_is_written(house: House, flour: Ingredient) -> None:
    reply = house.manager.post("/api/recipes", body(house, flour))

    assert (reply.status, reply.headers["ETag"]) == (201, '"1"')
    assert reply.headers["Location"] == f"/api/recipes/{reply.body['id']}"
    assert reply.body == {
        "id": reply.body["id"],
        "menu_item_id": house.dish.pk,
        "menu_item_name": house.dish.name,
        "version": 1,
        "steps": [
            {
                "name": "Knead",
                "minutes": 5,
                "station_id": house.station.pk,
                "station_ids": [house.station.pk],
                "station_name": house.station.name,
            },
            {"name": "Bake", "minutes": 12, "station_id": None, "station_ids": [], "station_name": None},
        ],
        "ingredients": [{"ingredient_id": flour.pk, "name": "Flour", "quantity": "0.250", "unit": "kg"}],
        "updated_at": reply.body["updated_at"],
    }
    assert house.waiter.get(f"/api/recipes/{reply.body['id']}").body == reply.body


def test_dish_is_made_in_one_step_at_its_station_when_no_step_is_sent(house: House) -> None:
    reply = house.manager.post("/api/recipes", {"menu_item_id": house.dish.pk})

    step = {"name": house.dish.name, "minutes": 10, "station_id": None, "station_ids": [], "station_name": None}
    assert (reply.status, reply.body["steps"], reply.body["ingredients"]) == (201, [step], [])


@pytest.mark.parametrize("unit", ["kg", "ml", "piece"])
def test_ingredient_is_told_in_its_own_unit_when_the_recipe_names_none(house: House, unit: str) -> None:
    own = stocked(house.restaurant.pk, "Something", unit=unit)
    uses = [{"ingredient_id": own.pk, "quantity": "0.25"}]

    made = house.manager.post("/api/recipes", {"menu_item_id": house.dish.pk, "ingredients": uses})
    changed = house.manager.patch(f"/api/recipes/{made.body['id']}", {"ingredients": uses})

    told = [{"ingredient_id": own.pk, "name": "Something", "quantity": "0.250", "unit": unit}]
    assert [(reply.status, reply.body["ingredients"]) for reply in (made, changed)] == [(201, told), (200, told)]


@pytest.mark.parametrize("quantity", ["100.001", "0.0001"])
def test_quantity_is_checked_in_the_ingredients_own_unit_when_the_recipe_names_none(
    house: House, flour: Ingredient, quantity: str
) -> None:
    uses = [{"ingredient_id": flour.pk, "quantity": quantity}]

    reply = house.manager.post("/api/recipes", body(house, flour, ingredients=uses))

    assert (reply.status, [pointer for pointer, _ in reply.pointers]) == (400, ["/ingredients/0/quantity"])


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_next_version_keeps_what_is_not_sent_and_the_one_before_stays(
    house: House, flour: Ingredient, method: str
) -> None:
    first = house.manager.post("/api/recipes", body(house, flour)).body
    address = f"/api/recipes/{first['id']}"

    reply = house.manager.call(method, address, {"steps": [{"name": "Fry", "minutes": 4}]})

    assert (reply.status, reply.headers["ETag"], reply.body["version"]) == (200, '"2"', 2)
    assert [step["name"] for step in reply.body["steps"]] == ["Fry"]
    assert reply.body["ingredients"] == first["ingredients"]
    earlier = house.cook.get(f"{address}?version=1")
    assert (earlier.headers["ETag"], earlier.body["version"]) == ('"1"', 1)
    assert (earlier.body["steps"], earlier.body["ingredients"]) == (first["steps"], first["ingredients"])
    assert house.cook.get(f"{address}?version=2").body == house.cook.get(address).body == reply.body


def test_alternatives_come_after_the_station_that_is_named(house: House) -> None:
    oven = StationFactory(restaurant=house.restaurant, name="Oven")
    both = [oven.pk, house.station.pk]

    def stations(**said: Any) -> tuple[Any, Any]:
        steps = [{"name": "Bake", "minutes": 5, **said}]
        house.restaurant.recipes.update(is_active=False)
        step = house.manager.post("/api/recipes", {"menu_item_id": house.dish.pk, "steps": steps}).body["steps"][0]
        return step["station_id"], step["station_ids"]

    assert stations(station_ids=both) == (oven.pk, both)
    assert stations(station_ids=both, station_id=None) == (oven.pk, both)
    assert stations(station_ids=both, station_id=house.station.pk) == (house.station.pk, both[::-1])
    assert stations(station_ids=None, station_id=oven.pk) == (oven.pk, [oven.pk])
    assert stations(station_ids=[], station_id=None) == (None, [])


def test_duplicate_when_the_dish_has_a_recipe(house: House, flour: Ingredient) -> None:
    written(house.dish)

    reply = house.manager.post("/api/recipes", body(house, flour))

    assert (reply.status, reply.body["code"], reply.pointers) == (409, "duplicate", [("/menu_item_id", "duplicate")])
    assert (Recipe.objects.get().version, RecipeIngredient.objects.count()) == (1, 0)


def test_recipe_goes_on_with_the_next_version_when_it_is_written_again(house: House, flour: Ingredient) -> None:
    first = house.manager.post("/api/recipes", body(house, flour)).body
    address = f"/api/recipes/{first['id']}"

    deleted = house.manager.delete(address)

    assert (deleted.status, deleted.body) == (204, None)
    assert house.manager.get("/api/recipes").body["results"] == []
    gone = [
        house.manager.get(address),
        house.manager.patch(address, {"ingredients": []}),
        house.manager.delete(address),
    ]
    assert [(reply.status, reply.body["code"]) for reply in gone] == [(404, "not_found")] * 3
    again = house.manager.post("/api/recipes", {"menu_item_id": house.dish.pk})
    assert (again.status, again.body["id"], again.body["version"]) == (201, first["id"], 2)
    assert house.manager.get(f"{address}?version=1").body["ingredients"] == first["ingredients"]


def test_not_found_when_there_was_no_such_version(house: House) -> None:
    recipe = written(house.dish)

    reply = house.manager.get(f"/api/recipes/{recipe.pk}?version=2")

    assert (reply.status, reply.body["code"]) == (404, "not_found")
    assert house.manager.get(f"/api/recipes/{recipe.pk}?version=0").pointers == [("/version", "min_value")]


def test_stale_when_somebody_else_wrote_a_version(house: House) -> None:
    recipe = written(house.dish)
    address = f"/api/recipes/{recipe.pk}"
    house.manager.patch(address, {"ingredients": []}, if_match='"1"')

    refused = [
        house.manager.patch(address, {"ingredients": []}, if_match='"1"'),
        house.manager.put(address, {"ingredients": [], "version": 1}),
        house.manager.delete(address, if_match='"1"'),
    ]

    assert [(reply.status, reply.body["code"], reply.body["version"]) for reply in refused] == [(412, "stale", 2)] * 3
    assert Recipe.objects.get().version == 2
    assert house.manager.delete(address, if_match='"2"').status == 204


def test_first_answer_is_given_again_when_a_key_is_repeated(house: House, flour: Ingredient) -> None:
    first = house.manager.post("/api/recipes", body(house, flour), idempotency_key="r-1")
    again = house.manager.post("/api/recipes", body(house, flour), idempotency_key="r-1")

    assert (again.status, again.body, again.headers["ETag"]) == (201, first.body, '"1"')
    assert again.headers["Idempotency-Replayed"] == "true"
    assert Recipe.objects.count() == 1


STEP: dict[str, Any] = {"name": "Bake", "minutes": 5}


@pytest.mark.parametrize(
    ("said", "pointers"),
    [
        ({"steps": None}, [("/steps", "null")]),
        ({"steps": []}, [("/steps", "min_length")]),
        ({"steps": [STEP] * 51}, [("/steps", "max_length")]),
        ({"steps": [{}]}, [("/steps/0/minutes", "required"), ("/steps/0/name", "required")]),
        ({"steps": [STEP | {"name": " "}]}, [("/steps/0/name", "blank")]),
        ({"steps": [STEP | {"name": "x" * 101}]}, [("/steps/0/name", "max_length")]),
        ({"steps": [STEP | {"minutes": -1}]}, [("/steps/0/minutes", "min_value")]),
        ({"steps": [STEP | {"minutes": 1441}]}, [("/steps/0/minutes", "max_value")]),
        ({"steps": [STEP | {"minutes": 1.5}]}, [("/steps/0/minutes", "invalid")]),
        ({"steps": [STEP, STEP | {"station_id": 0}]}, [("/steps/1/station_id", "min_value")]),
        ({"steps": [STEP | {"station_ids": [1] * 21}]}, [("/steps/0/station_ids", "max_length")]),
        ({"steps": [STEP | {"station": 1}]}, [("/steps/0/station", "unknown")]),
        ({"ingredients": None}, [("/ingredients", "null")]),
        ({"ingredients": [{"quantity": "1", "unit": "g"}]}, [("/ingredients/0/ingredient_id", "required")]),
        ({"ingredients": [{"ingredient_id": 1}]}, [("/ingredients/0/quantity", "required")]),
        ({"zzz": 1}, [("/zzz", "unknown")]),
    ],
)
def test_every_wrong_field_is_named_when_a_recipe_is_malformed(
    house: House, said: dict[str, Any], pointers: list[tuple[str, str]]
) -> None:
    other = written(MenuItemFactory(restaurant=house.restaurant))

    made = house.manager.post("/api/recipes", {"menu_item_id": house.dish.pk, **said})
    changed = house.manager.patch(f"/api/recipes/{other.pk}", said)

    assert [(reply.status, reply.pointers) for reply in (made, changed)] == [(400, pointers)] * 2
    assert list(Recipe.objects.values_list("version", flat=True)) == [1]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"quantity": "0"}, "min_value"),
        ({"quantity": "0.000"}, "min_value"),
        ({"quantity": "-1"}, "invalid"),
        ({"quantity": "0.0001"}, "invalid"),
        ({"quantity": "1e3"}, "invalid"),
        ({"quantity": 1}, "invalid"),
        ({"quantity": None}, "null"),
        ({"quantity": "1234567890"}, "invalid"),
        ({"quantity": "100.001"}, "max_value"),
        ({"unit": "pound"}, "invalid_choice"),
        ({"unit": "ml"}, "unit_kind"),
        ({"unit": "piece"}, "unit_kind"),
        ({"unit": None}, "null"),
        ({"ingredient_id": "1"}, "invalid"),
    ],
)
def test_use_of_an_ingredient_is_refused_when_it_makes_no_sense(
    house: House, flour: Ingredient, said: dict[str, Any], code: str
) -> None:
    use = {"ingredient_id": flour.pk, "quantity": "100", "unit": "kg", **said}

    reply = house.manager.post("/api/recipes", body(house, flour, ingredients=[use]))

    assert (reply.status, reply.pointers) == (400, [(f"/ingredients/0/{next(iter(said))}", code)])
    assert not Recipe.objects.exists()


def test_refused_when_something_is_named_twice_or_stations_disagree(house: House, flour: Ingredient) -> None:
    oven = StationFactory(restaurant=house.restaurant)
    use = {"ingredient_id": flour.pk, "quantity": "1", "unit": "g"}
    steps = [
        STEP | {"station_ids": [oven.pk, oven.pk]},
        STEP | {"station_ids": [oven.pk], "station_id": house.station.pk},
    ]

    reply = house.manager.post("/api/recipes", body(house, flour, steps=steps, ingredients=[use, use]))

    assert (reply.status, reply.pointers) == (
        400,
        [
            ("/ingredients/1/ingredient_id", "duplicate"),
            ("/steps/0/station_ids/1", "duplicate"),
            ("/steps/1/station_id", "conflict"),
        ],
    )
    assert not RecipeStep.objects.exists()


def test_not_found_when_a_recipe_names_what_is_anothers(house: House, foreign: House, flour: Ingredient) -> None:
    sugar = stocked(foreign.restaurant.pk, "Sugar")
    theirs = written(foreign.dish)
    there = foreign.station.pk
    steps = [STEP | {"station_id": there}, STEP | {"station_ids": [house.station.pk, there]}]
    ingredients = [{"ingredient_id": sugar.pk, "quantity": "1", "unit": "piece"}]

    made = house.manager.post("/api/recipes", body(house, flour, steps=steps, ingredients=ingredients))
    of_dish = house.manager.post("/api/recipes", {"menu_item_id": foreign.dish.pk})

    assert (made.status, made.pointers) == (
        404,
        [
            ("/ingredients/0/ingredient_id", "not_found"),
            ("/steps/0/station_id", "not_found"),
            ("/steps/1/station_ids/1", "not_found"),
        ],
    )
    assert (of_dish.status, of_dish.pointers) == (404, [("/menu_item_id", "not_found")])
    address = f"/api/recipes/{theirs.pk}"
    replies = [house.manager.get(address), house.manager.patch(address, {}), house.manager.delete(address)]
    assert [reply.status for reply in replies] == [404] * 3
    assert house.manager.get("/api/recipes").body["results"] == []


def test_recipe_stays_that_of_its_dish(house: House) -> None:
    recipe, other = written(house.dish), MenuItemFactory(restaurant=house.restaurant)

    same = house.manager.put(f"/api/recipes/{recipe.pk}", {"menu_item_id": house.dish.pk})
    another = house.manager.put(f"/api/recipes/{recipe.pk}", {"menu_item_id": other.pk})

    assert (same.status, same.body["version"]) == (200, 2)
    assert (another.status, another.pointers) == (400, [("/menu_item_id", "fixed")])


@pytest.mark.parametrize("role", [Role.WAITER, Role.KITCHEN, Role.CASHIER])
def test_recipe_is_read_and_not_written_when_one_is_no_manager(house: House, role: Role) -> None:
    recipe = written(house.dish)
    caller, address = house.caller(role), f"/api/recipes/{recipe.pk}"

    writes = [
        caller.post("/api/recipes", {"menu_item_id": house.dish.pk}),
        caller.put(address, {}),
        caller.patch(address, {}),
        caller.delete(address),
    ]

    assert [(reply.status, reply.body["code"]) for reply in writes] == [(403, "forbidden")] * 4
    assert (caller.get("/api/recipes").status, caller.get(address).status) == (200, 200)
    assert Recipe.objects.get().version == 1


def test_device_reads_with_the_scope_of_the_menu_or_the_kitchen_and_writes_with_the_menus(house: House) -> None:
    recipe = written(house.dish)
    address = f"/api/recipes/{recipe.pk}"

    statuses = {
        scope: (device.get(address).status, device.patch(address, {}).status)
        for scope in (Scope.MENU_READ, Scope.KITCHEN_READ, Scope.MENU_WRITE, Scope.ORDERS_READ)
        for device in [house.device(scope)]
    }

    assert statuses == {
        Scope.MENU_READ: (200, 403),
        Scope.KITCHEN_READ: (200, 403),
        Scope.MENU_WRITE: (403, 200),
        Scope.ORDERS_READ: (403, 403),
    }


def test_recipes_are_listed_by_dish_and_by_what_is_asked(house: House, flour: Ingredient) -> None:
    oven = StationFactory(restaurant=house.restaurant)
    dishes = {name: MenuItemFactory(restaurant=house.restaurant, name=name) for name in ("Pizza", "Bread", "Sorbet")}
    house.manager.post("/api/recipes", body(house, flour, menu_item_id=dishes["Pizza"].pk))
    written(dishes["Sorbet"])
    bread = body(house, flour, menu_item_id=dishes["Bread"].pk, steps=[STEP | {"station_ids": [oven.pk]}])
    address = f"/api/recipes/{house.manager.post('/api/recipes', bread).body['id']}"
    house.manager.patch(address, {"ingredients": []})

    def names(query: str) -> list[str]:
        return [row["menu_item_name"] for row in house.waiter.get(f"/api/recipes{query}").body["results"]]

    assert names("") == ["Bread", "Pizza", "Sorbet"]
    assert names(f"?menu_item={dishes['Pizza'].pk}") == ["Pizza"]
    assert names("?search=R") == ["Bread", "Sorbet"]
    assert names(f"?ingredient={flour.pk}") == ["Pizza"]
    assert names(f"?station={oven.pk}") == ["Bread"]
    assert names("?menu_item=0") == []
    first = house.waiter.get("/api/recipes?limit=2").body
    assert names(first["next"].partition("/api/recipes")[2]) == ["Sorbet"]


@pytest.mark.parametrize("recipes", [1, 8])
def test_queries_are_as_many_however_many_recipes_there_are(
    house: House, flour: Ingredient, recipes: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    address = ""
    for _ in range(recipes):
        dish = MenuItemFactory(restaurant=house.restaurant)
        address = house.manager.post("/api/recipes", body(house, flour, menu_item_id=dish.pk)).headers["Location"]
        house.manager.patch(address, {})
    house.waiter.get("/api/recipes")

    # The revision; recipes with their dishes, steps, their places with the stations, ingredients.
    with django_assert_num_queries(5):
        assert len(house.waiter.get("/api/recipes").body["results"]) == recipes
    with django_assert_num_queries(5):
        house.waiter.get(address)


def test_dish_takes_its_recipe_along_when_it_is_deleted(house: House, flour: Ingredient) -> None:
    dish = MenuItemFactory(restaurant=house.restaurant)
    house.manager.post("/api/recipes", body(house, flour, menu_item_id=dish.pk))

    reply = house.manager.delete(f"/api/menu-items/{dish.pk}")

    assert reply.status == 204
    assert (Recipe.objects.count(), RecipeStep.objects.count(), RecipeIngredient.objects.count()) == (0, 0, 0)
