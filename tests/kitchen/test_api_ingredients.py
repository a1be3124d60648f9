"""Ingredients over REST: counted in, renamed, dropped, and what is in them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from kitchen.models import Ingredient, IngredientAllergen
from orders.scopes import Scope
from orders.states import Role
from tests.factories import AllergenFactory
from tests.pantry import stocked, written

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

    from orders.models import Allergen
    from tests.callers import House

pytestmark = pytest.mark.django_db


@pytest.fixture
def milk(house: House) -> Allergen:
    row: Allergen = AllergenFactory(restaurant=house.restaurant, name="Milk")
    return row


@pytest.fixture
def nuts(house: House) -> Allergen:
    row: Allergen = AllergenFactory(restaurant=house.restaurant, name="Nuts")
    return row


def test_ingredient_is_shown_whole_when_it_is_taken_up(house: House, milk: Allergen, nuts: Allergen) -> None:
    said = {"name": "Butter", "unit": "kg", "on_hand": "2.5", "allergen_ids": [milk.pk], "may_contain_ids": [nuts.pk]}

    reply = house.manager.post("/api/ingredients", said)

    assert (reply.status, reply.headers["Location"]) == (201, f"/api/ingredients/{reply.body['id']}")
    assert reply.body == {
        "id": reply.body["id"],
        "name": "Butter",
        "unit": "kg",
        "on_hand": "2.500",
        "allergens": [{"id": milk.pk, "name": "Milk"}],
        "may_contain": [{"id": nuts.pk, "name": "Nuts"}],
    }
    assert house.waiter.get(reply.headers["Location"]).body == reply.body


def test_nothing_is_on_hand_when_nothing_is_counted(house: House) -> None:
    reply = house.manager.post("/api/ingredients", {"name": "Salt", "unit": "g"})

    assert (reply.body["on_hand"], reply.body["allergens"], reply.body["may_contain"]) == ("0.000", [], [])


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_only_what_is_sent_changes(house: House, milk: Allergen, method: str) -> None:
    butter = stocked(house.restaurant.pk, "Butter", "2", "kg", allergen_ids=[milk.pk])

    reply = house.manager.call(method, f"/api/ingredients/{butter.pk}", {"on_hand": "-0.125"})

    assert (reply.status, reply.body["on_hand"], reply.body["name"]) == (200, "-0.125", "Butter")
    assert reply.body["allergens"] == [{"id": milk.pk, "name": "Milk"}]


def test_allergen_is_either_inside_or_may_be(house: House, milk: Allergen, nuts: Allergen) -> None:
    row = stocked(house.restaurant.pk, "Pesto", allergen_ids=[milk.pk], may_contain_ids=[nuts.pk])
    address = f"/api/ingredients/{row.pk}"

    both = house.manager.patch(address, {"allergen_ids": [nuts.pk, milk.pk]}).body
    refused = house.manager.patch(address, {"may_contain_ids": [milk.pk]})
    moved = house.manager.patch(address, {"allergen_ids": [milk.pk], "may_contain_ids": [nuts.pk]}).body
    bare = house.manager.patch(address, {"allergen_ids": [], "may_contain_ids": []}).body

    assert ([each["name"] for each in both["allergens"]], both["may_contain"]) == (["Milk", "Nuts"], [])
    assert (refused.status, refused.pointers) == (400, [("/may_contain_ids/0", "duplicate")])
    assert [each["name"] for each in (*moved["allergens"], *moved["may_contain"])] == ["Milk", "Nuts"]
    assert (bare["allergens"], bare["may_contain"]) == ([], [])
    assert not IngredientAllergen.objects.exists()


@pytest.mark.parametrize(
    ("said", "pointers"),
    [
        ({"name": None}, [("/name", "null")]),
        ({"name": " "}, [("/name", "blank")]),
        ({"name": "x" * 101}, [("/name", "max_length")]),
        ({"name": "a\0"}, [("/name", "null_characters_not_allowed")]),
        ({"unit": "cup"}, [("/unit", "invalid_choice")]),
        ({"unit": None}, [("/unit", "null")]),
        ({"on_hand": 5}, [("/on_hand", "invalid")]),
        ({"on_hand": "0.0005"}, [("/on_hand", "invalid")]),
        ({"on_hand": "1234567890"}, [("/on_hand", "invalid")]),
        ({"on_hand": "NaN"}, [("/on_hand", "invalid")]),
        ({"on_hand": None}, [("/on_hand", "null")]),
        ({"allergen_ids": None}, [("/allergen_ids", "null")]),
        ({"allergen_ids": ["1"]}, [("/allergen_ids/0", "invalid")]),
        ({"may_contain_ids": [1] * 101}, [("/may_contain_ids", "max_length")]),
        ({"load": 1}, [("/load", "unknown")]),
    ],
)
def test_every_wrong_field_is_named_when_an_ingredient_is_malformed(
    house: House, said: dict[str, Any], pointers: list[tuple[str, str]]
) -> None:
    salt = stocked(house.restaurant.pk, "Salt", "7")

    made = house.manager.post("/api/ingredients", {"name": "Sugar", "unit": "g", **said})
    changed = house.manager.patch(f"/api/ingredients/{salt.pk}", said)

    assert [(reply.status, reply.pointers) for reply in (made, changed)] == [(400, pointers)] * 2
    assert list(Ingredient.objects.values_list("name", "unit", "on_hand")) == [("Salt", "g", Decimal(7))]


def test_not_found_when_an_allergen_is_anothers(house: House, foreign: House, milk: Allergen) -> None:
    theirs = AllergenFactory(restaurant=foreign.restaurant)
    said = {"name": "Butter", "unit": "g", "allergen_ids": [milk.pk, theirs.pk], "may_contain_ids": [theirs.pk]}

    reply = house.manager.post("/api/ingredients", said)

    assert (reply.status, reply.pointers) == (
        404,
        [("/allergen_ids/1", "not_found"), ("/may_contain_ids/0", "not_found")],
    )
    assert not Ingredient.objects.exists()


def test_refused_when_an_allergen_is_named_twice(house: House, milk: Allergen) -> None:
    said = {"name": "Butter", "unit": "g", "allergen_ids": [milk.pk, milk.pk]}

    reply = house.manager.post("/api/ingredients", said)

    assert (reply.status, reply.pointers) == (400, [("/allergen_ids/1", "duplicate")])


def test_duplicate_when_the_name_is_taken(house: House, foreign: House) -> None:
    stocked(house.restaurant.pk, "Salt")
    sugar = stocked(house.restaurant.pk, "Sugar")
    stocked(foreign.restaurant.pk, "Pepper")

    made = house.manager.post("/api/ingredients", {"name": "Salt", "unit": "g"})
    renamed = house.manager.patch(f"/api/ingredients/{sugar.pk}", {"name": "Salt"})

    refusals = [(reply.status, reply.body["code"], reply.pointers) for reply in (made, renamed)]
    assert refusals == [(409, "duplicate", [("/name", "duplicate")])] * 2
    assert house.manager.post("/api/ingredients", {"name": "Pepper", "unit": "g"}).status == 201


def test_what_is_on_hand_is_told_anew_when_the_unit_is_another_of_its_kind(house: House) -> None:
    flour = stocked(house.restaurant.pk, "Flour", "1500", "g")
    written(house.dish, [(flour, "250", "g")])
    address = f"/api/ingredients/{flour.pk}"

    told = house.manager.patch(address, {"unit": "kg"}).body
    counted = house.manager.patch(address, {"unit": "g", "on_hand": "900"}).body
    house.manager.patch(address, {"unit": "kg", "on_hand": "999999999"})
    refused = house.manager.patch(address, {"unit": "g"})

    assert (told["unit"], told["on_hand"]) == ("kg", "1.500")
    assert (counted["unit"], counted["on_hand"]) == ("g", "900.000")
    assert (refused.status, refused.pointers) == (400, [("/unit", "max_value")])


def test_in_use_when_the_unit_would_be_of_another_kind_than_recipes_take(house: House) -> None:
    eggs = stocked(house.restaurant.pk, "Eggs", "12", "piece")
    recipe = written(house.dish, [(eggs, "2", "piece")])
    house.manager.patch(f"/api/recipes/{recipe.pk}", {"ingredients": []})

    reply = house.manager.patch(f"/api/ingredients/{eggs.pk}", {"unit": "kg"})

    assert (reply.status, reply.body["code"], reply.pointers) == (409, "in_use", [("/unit", "in_use")])
    eggs.refresh_from_db()
    assert (eggs.unit, eggs.on_hand) == ("piece", Decimal(12))


def test_it_is_counted_anew_when_the_unit_becomes_one_of_another_kind(house: House) -> None:
    eggs = stocked(house.restaurant.pk, "Eggs", "12", "piece")

    refused = house.manager.patch(f"/api/ingredients/{eggs.pk}", {"unit": "kg"})
    counted = house.manager.patch(f"/api/ingredients/{eggs.pk}", {"unit": "l", "on_hand": "0"}).body
    bare = house.manager.patch(f"/api/ingredients/{eggs.pk}", {"unit": "kg"}).body

    assert (refused.status, refused.body["errors"][0]["pointer"]) == (400, "/on_hand")
    assert (counted["unit"], counted["on_hand"]) == ("l", "0.000")
    assert (bare["unit"], bare["on_hand"]) == ("kg", "0.000")


def test_ingredient_is_deleted_when_no_recipe_ever_took_it(house: House, milk: Allergen) -> None:
    butter = stocked(house.restaurant.pk, "Butter", allergen_ids=[milk.pk])

    reply = house.manager.delete(f"/api/ingredients/{butter.pk}")

    assert (reply.status, Ingredient.objects.count(), IngredientAllergen.objects.count()) == (204, 0, 0)


def test_in_use_when_a_version_of_a_recipe_takes_the_ingredient(house: House) -> None:
    salt = stocked(house.restaurant.pk, "Salt")
    recipe = written(house.dish, [(salt, "2", "g")])
    house.manager.patch(f"/api/recipes/{recipe.pk}", {"ingredients": []})
    house.manager.delete(f"/api/recipes/{recipe.pk}")

    reply = house.manager.delete(f"/api/ingredients/{salt.pk}")

    assert (reply.status, reply.body["code"]) == (409, "in_use")
    assert reply.body["detail"] == "Salt can't be deleted. A recipe, or an earlier version of one, takes it."


@pytest.mark.parametrize("name", ["allergen_ids", "may_contain_ids"])
def test_in_use_when_an_ingredient_has_the_allergen_that_is_deleted(house: House, milk: Allergen, name: str) -> None:
    butter = stocked(house.restaurant.pk, "Butter")
    house.manager.patch(f"/api/ingredients/{butter.pk}", {name: [milk.pk]})

    kept = house.manager.delete(f"/api/allergens/{milk.pk}")
    house.manager.patch(f"/api/ingredients/{butter.pk}", {name: []})

    assert (kept.status, kept.body["code"]) == (409, "in_use")
    assert kept.body["detail"] == "Milk can't be deleted. Ingredients contain it, or may."
    assert house.manager.delete(f"/api/allergens/{milk.pk}").status == 204


def test_not_found_when_the_ingredient_is_anothers(house: House, foreign: House) -> None:
    theirs = f"/api/ingredients/{stocked(foreign.restaurant.pk, 'Salt').pk}"

    replies = [house.manager.get(theirs), house.manager.patch(theirs, {"unit": "kg"}), house.manager.delete(theirs)]
    replies += [house.manager.put(theirs, {"on_hand": "1"})]

    assert [(reply.status, reply.body["code"]) for reply in replies] == [(404, "not_found")] * 4
    assert house.manager.get("/api/ingredients").body["results"] == []


@pytest.mark.parametrize("role", [Role.WAITER, Role.KITCHEN, Role.CASHIER])
def test_ingredient_is_read_and_not_written_when_one_is_no_manager(house: House, role: Role) -> None:
    salt = stocked(house.restaurant.pk, "Salt", "5")
    caller, address = house.caller(role), f"/api/ingredients/{salt.pk}"

    writes = [
        caller.post("/api/ingredients", {"name": "Sugar", "unit": "g"}),
        caller.put(address, {"on_hand": "1"}),
        caller.patch(address, {"on_hand": "1"}),
        caller.delete(address),
    ]

    assert [(reply.status, reply.body["code"]) for reply in writes] == [(403, "forbidden")] * 4
    assert (caller.get("/api/ingredients").status, caller.get(address).body["on_hand"]) == (200, "5.000")


def test_device_reads_with_the_scope_of_the_menu_or_the_kitchen_and_writes_with_the_menus(house: House) -> None:
    address = f"/api/ingredients/{stocked(house.restaurant.pk, 'Salt').pk}"

    statuses = {
        scope: (device.get(address).status, device.get("/api/ingredients").status, device.patch(address, {}).status)
        for scope in (Scope.MENU_READ, Scope.KITCHEN_READ, Scope.MENU_WRITE, Scope.ORDERS_READ)
        for device in [house.device(scope)]
    }

    assert statuses == {
        Scope.MENU_READ: (200, 200, 403),
        Scope.KITCHEN_READ: (200, 200, 403),
        Scope.MENU_WRITE: (403, 403, 200),
        Scope.ORDERS_READ: (403, 403, 403),
    }


def test_ingredients_are_listed_by_name_and_by_what_is_asked(house: House, milk: Allergen, nuts: Allergen) -> None:
    stocked(house.restaurant.pk, "Pesto", may_contain_ids=[nuts.pk], allergen_ids=[milk.pk])
    stocked(house.restaurant.pk, "Butter", allergen_ids=[milk.pk])
    stocked(house.restaurant.pk, "Salt")

    def names(query: str) -> list[str]:
        return [row["name"] for row in house.cook.get(f"/api/ingredients{query}").body["results"]]

    assert names("") == ["Butter", "Pesto", "Salt"]
    assert names("?search=T") == ["Butter", "Pesto", "Salt"]
    assert names("?search=tt") == ["Butter"]
    assert names(f"?allergen={milk.pk}") == ["Butter", "Pesto"]
    assert names(f"?allergen={nuts.pk}&search=b") == []


@pytest.mark.parametrize("rows", [1, 8])
def test_queries_are_as_many_however_many_ingredients_there_are(
    house: House, milk: Allergen, nuts: Allergen, rows: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(rows):
        stocked(house.restaurant.pk, f"No. {number}", allergen_ids=[milk.pk], may_contain_ids=[nuts.pk])
    house.waiter.get("/api/ingredients")

    # The revision; ingredients, what is in them.
    with django_assert_num_queries(3):
        assert len(house.waiter.get("/api/ingredients").body["results"]) == rows
