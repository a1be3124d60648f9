"""Recipes and ingredients through the services, also written by several at once."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from kitchen.cookbook import Step, cookbook_of
from kitchen.models import (
    Ingredient,
    IngredientAllergen,
    Recipe,
    RecipeIngredient,
    RecipeStep,
    RecipeStepStation,
    Station,
)
from kitchen.pantry import read_recipes, recipes_of
from kitchen.recipe_shapes import recipe_shape
from kitchen.services.ingredients import delete_ingredient, update_ingredient
from kitchen.services.recipes import AskedStep, create_recipe, delete_recipe, update_recipe
from kitchen.services.stations import delete_station
from orders.actors import Actor
from orders.errors import Duplicate, InUse, InvalidFields, NotAllowed, NotFound, StaleVersion
from orders.models import Allergen, MenuItem, MenuItemAllergen
from orders.services.menu import delete_menu_item, update_menu_item
from orders.services.menu_lists import delete_allergen
from orders.states import Role
from tests.factories import StationFactory
from tests.pantry import asked, stocked, written
from tests.races import first_then, outcome
from tests.streams import at_once, hearing

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.places import Place

BAKE = AskedStep("Bake", 12)


def kinds(results: list[Any]) -> list[str]:
    """Return what became of several writers: "done", or the name of the refusal."""
    return sorted(type(result).__name__ if isinstance(result, Exception) else "done" for result in results)


def test_version_is_whole_and_the_one_before_stays_when_a_recipe_is_changed(place: Place) -> None:
    salt, oil = stocked(place.restaurant.pk, "Salt"), stocked(place.restaurant.pk, "Oil", unit="ml")
    recipe = written(place.dish, [(salt, "2", "g")], [AskedStep("Season", 1), AskedStep("Grill", 8)])

    with hearing(place.restaurant) as heard:
        update_recipe(recipe_id=recipe.pk, actor=place.actor, steps=[BAKE], ingredients=asked([(oil, "5", "ml")]))

    assert list(RecipeStep.objects.values_list("version", "position", "name")) == [
        (1, 1, "Season"),
        (1, 2, "Grill"),
        (2, 1, "Bake"),
    ]
    assert list(RecipeIngredient.objects.values_list("version", "ingredient__name")) == [(1, "Salt"), (2, "Oil")]
    assert heard.types == []


def test_cookbook_is_that_of_the_last_write(place: Place) -> None:
    own = (place.station.pk,)
    milk = Allergen.objects.create(restaurant=place.restaurant, name="Milk")
    butter = stocked(place.restaurant.pk, "Butter", may_contain_ids=[milk.pk])

    def making() -> tuple[int | None, tuple[Step, ...], set[str], set[str]]:
        made = cookbook_of(place.restaurant.pk).makings([place.dish.pk])[place.dish.pk]
        return made.recipe_version, made.steps, set(made.contains), set(made.may_contain)

    assert making() == (None, (Step("Burger", 10, own),), set(), set())
    recipe = written(place.dish, [(butter, "10", "g")], [BAKE])
    assert making() == (1, (Step("Bake", 12, own),), set(), {"Milk"})
    update_ingredient(row_id=butter.pk, actor=place.actor, allergen_ids=[milk.pk])
    assert making() == (1, (Step("Bake", 12, own),), {"Milk"}, set())
    update_recipe(recipe_id=recipe.pk, actor=place.actor, steps=[AskedStep("Rest", 3), BAKE], ingredients=[])
    assert making() == (2, (Step("Rest", 3, own), Step("Bake", 12, own)), set(), set())
    delete_recipe(recipe_id=recipe.pk, actor=place.actor)
    assert making() == (None, (Step("Burger", 10, own),), set(), set())
    written(place.dish, steps=[BAKE])
    assert making() == (3, (Step("Bake", 12, own),), set(), set())


@pytest.mark.parametrize("role", [Role.WAITER, Role.KITCHEN, Role.CASHIER, None])
def test_not_allowed_when_one_is_no_manager(place: Place, role: Role | None) -> None:
    recipe, salt = written(place.dish), stocked(place.restaurant.pk, "Salt", "5")
    actor = Actor(restaurant_id=place.restaurant.pk, role=role)

    for act in (
        partial(create_recipe, menu_item_id=place.dish.pk, actor=actor),
        partial(update_recipe, recipe_id=recipe.pk, actor=actor),
        partial(delete_recipe, recipe_id=recipe.pk, actor=actor),
        partial(update_ingredient, row_id=salt.pk, actor=actor, on_hand=Decimal(1)),
        partial(delete_ingredient, row_id=salt.pk, actor=actor),
    ):
        with pytest.raises(NotAllowed):
            act()

    assert (Recipe.objects.get().version, Ingredient.objects.get().on_hand) == (1, Decimal(5))


def test_refused_when_there_is_no_step(place: Place) -> None:
    with pytest.raises(InvalidFields) as refusal:
        create_recipe(menu_item_id=place.dish.pk, steps=[], actor=place.actor)

    assert [(problem.pointer, problem.code) for problem in refusal.value.problems] == [("/steps", "min_length")]
    assert not Recipe.objects.exists()


def test_both_versions_are_whole_when_two_write_at_once(place: Place) -> None:
    salt, oil = stocked(place.restaurant.pk, "Salt"), stocked(place.restaurant.pk, "Oil", unit="ml")
    recipe = written(place.dish)
    write = partial(update_recipe, recipe_id=recipe.pk, actor=place.actor)

    results = at_once(
        [
            partial(write, steps=[AskedStep("Season", 1)] * 3, ingredients=asked([(salt, "2", "g")])),
            partial(write, steps=[AskedStep("Fry", 5)] * 3, ingredients=asked([(oil, "9", "ml")])),
        ]
    )

    assert sorted(result.version for result in results) == [2, 3]
    assert Recipe.objects.get().version == 3
    made = {
        version: (
            set(RecipeStep.objects.filter(version=version).values_list("name", flat=True)),
            RecipeStep.objects.filter(version=version).count(),
            RecipeIngredient.objects.get(version=version).ingredient.name,
        )
        for version in (2, 3)
    }
    assert sorted(made.values(), key=str) == [({"Fry"}, 3, "Oil"), ({"Season"}, 3, "Salt")]


def test_one_is_stale_when_two_change_the_same_version_at_once(place: Place) -> None:
    recipe = written(place.dish)
    write = partial(update_recipe, recipe_id=recipe.pk, actor=place.actor, version=1, steps=[BAKE])

    results = at_once([write, write])

    assert kinds(results) == ["StaleVersion", "done"]
    assert Recipe.objects.get().version == 2
    refusal = next(result for result in results if isinstance(result, StaleVersion))
    assert refusal.extra == {"version": 2}


def test_one_is_a_duplicate_when_two_write_a_first_recipe_at_once(place: Place) -> None:
    write = partial(create_recipe, menu_item_id=place.dish.pk, actor=place.actor, steps=[BAKE])

    results = at_once([write, write, write])

    assert kinds(results) == ["Duplicate", "Duplicate", "done"]
    assert (Recipe.objects.get().version, RecipeStep.objects.count()) == (1, 1)
    assert all(isinstance(result, Duplicate | Recipe) for result in results)


def test_ingredient_is_dropped_or_taken_and_never_both_when_it_is_both_at_once(place: Place) -> None:
    salt = stocked(place.restaurant.pk, "Salt")
    recipe = written(place.dish)

    wrote, dropped = at_once(
        [
            partial(update_recipe, recipe_id=recipe.pk, actor=place.actor, ingredients=asked([(salt, "1", "g")])),
            partial(delete_ingredient, row_id=salt.pk, actor=place.actor),
        ]
    )

    if Ingredient.objects.exists():
        assert isinstance(wrote, Recipe)
        assert isinstance(dropped, InUse)
        assert RecipeIngredient.objects.get().ingredient_id == salt.pk
    else:
        assert isinstance(wrote, NotFound)
        assert [problem.pointer for problem in wrote.problems] == ["/ingredients/0/ingredient_id"]
        assert (dropped, RecipeIngredient.objects.count()) == (None, 0)


def test_unit_is_of_the_kind_that_recipes_take_when_both_change_at_once(place: Place) -> None:
    salt = stocked(place.restaurant.pk, "Salt")
    recipe = written(place.dish)

    wrote, changed = at_once(
        [
            partial(update_recipe, recipe_id=recipe.pk, actor=place.actor, ingredients=asked([(salt, "1", "g")])),
            partial(update_ingredient, row_id=salt.pk, actor=place.actor, unit="piece"),
        ]
    )

    salt.refresh_from_db()
    outcome = (type(wrote).__name__, type(changed).__name__, salt.unit)
    assert outcome in [("Recipe", "InUse", "g"), ("InvalidFields", "Ingredient", "piece")]


def test_dish_and_recipe_are_gone_when_one_is_deleted_and_the_other_written_at_once(place: Place) -> None:
    dish = MenuItem.objects.create(
        restaurant=place.restaurant, name="Soup", price="4.00", category=place.dish.category, station=place.station
    )
    recipe = written(dish)

    wrote, deleted = at_once(
        [
            partial(update_recipe, recipe_id=recipe.pk, actor=place.actor, steps=[BAKE]),
            partial(delete_menu_item, row_id=dish.pk, actor=place.actor),
        ]
    )

    assert (deleted, isinstance(wrote, Recipe | NotFound)) == (None, True)
    assert (Recipe.objects.count(), RecipeStep.objects.count()) == (0, 0)


def test_each_change_is_kept_when_different_fields_of_an_ingredient_change_at_once(place: Place) -> None:
    milk = Allergen.objects.create(restaurant=place.restaurant, name="Milk")
    butter = stocked(place.restaurant.pk, "Butter")
    change = partial(update_ingredient, row_id=butter.pk, actor=place.actor)

    results = at_once(
        [
            partial(change, name="Salted butter"),
            partial(change, on_hand=Decimal(7)),
            partial(change, allergen_ids=[milk.pk]),
        ]
    )

    butter.refresh_from_db()
    assert kinds(results) == ["done"] * 3
    assert (butter.name, butter.on_hand) == ("Salted butter", Decimal(7))
    assert IngredientAllergen.objects.get().allergen_id == milk.pk


def naming(place: Place, allergen: Allergen, *, dish: bool) -> Callable[[], object]:
    """Say of an ingredient, or of a dish, that the allergen is in it."""
    if dish:
        return partial(update_menu_item, row_id=place.dish.pk, actor=place.actor, allergen_ids=[allergen.pk])
    butter = stocked(place.restaurant.pk, "Butter")
    return partial(update_ingredient, row_id=butter.pk, actor=place.actor, allergen_ids=[allergen.pk])


@pytest.mark.parametrize("dish", [True, False])
def test_allergen_is_in_use_when_it_is_deleted_while_something_is_given_it(place: Place, dish: bool) -> None:
    milk = Allergen.objects.create(restaurant=place.restaurant, name="Milk")
    drop = partial(delete_allergen, row_id=milk.pk, actor=place.actor)

    named, dropped = first_then(naming(place, milk, dish=dish), drop, actor=place.actor)

    assert [outcome(named), outcome(dropped)] == ["done", "in_use by None"]
    assert Allergen.objects.filter(pk=milk.pk).exists()


@pytest.mark.parametrize("dish", [True, False])
def test_nothing_is_given_an_allergen_when_that_is_being_deleted(place: Place, dish: bool) -> None:
    milk = Allergen.objects.create(restaurant=place.restaurant, name="Milk")
    drop = partial(delete_allergen, row_id=milk.pk, actor=place.actor)

    dropped, named = first_then(drop, naming(place, milk, dish=dish), actor=place.actor)

    assert [outcome(dropped), outcome(named)] == ["done", "not_found by None"]
    assert not Allergen.objects.filter(pk=milk.pk).exists()


@pytest.mark.parametrize("dish", [True, False])
def test_allergen_is_dropped_or_named_and_never_both_when_it_is_both_at_once(place: Place, dish: bool) -> None:
    milk = Allergen.objects.create(restaurant=place.restaurant, name="Milk")

    named, dropped = at_once(
        [naming(place, milk, dish=dish), partial(delete_allergen, row_id=milk.pk, actor=place.actor)]
    )

    is_there = Allergen.objects.exists()
    assert [outcome(named), outcome(dropped)] == (
        ["done", "in_use by None"] if is_there else ["not_found by None", "done"]
    )
    assert IngredientAllergen.objects.count() + MenuItemAllergen.objects.count() == int(is_there)


def test_in_use_when_a_station_is_deleted_that_a_recipe_in_force_names(place: Place) -> None:
    oven = StationFactory(restaurant=place.restaurant, name="Oven")
    written(place.dish, steps=[AskedStep("Bake", 5, place.station.pk), AskedStep("Brown", 5, oven.pk)])

    with pytest.raises(InUse) as refusal:
        delete_station(station_id=oven.pk, actor=place.actor)

    expected = "Oven can't be deleted. A recipe names it: give that another station first, or close it."
    assert refusal.value.detail == expected


@pytest.mark.parametrize("taken_away", [False, True])
def test_station_is_gone_when_only_earlier_versions_named_it(place: Place, taken_away: bool) -> None:
    oven = StationFactory(restaurant=place.restaurant, name="Oven")
    recipe = written(place.dish, steps=[AskedStep("Bake", 5, station_ids=(oven.pk, place.station.pk))])
    if taken_away:
        delete_recipe(recipe_id=recipe.pk, actor=place.actor)
    else:
        update_recipe(recipe_id=recipe.pk, actor=place.actor, steps=[BAKE])

    delete_station(station_id=oven.pk, actor=place.actor)

    assert not Station.objects.filter(pk=oven.pk).exists()
    left = RecipeStepStation.objects.filter(step__recipe=recipe, step__version=1)
    assert [row.station_id for row in left] == [place.station.pk]


def test_recipe_is_shown_of_one_version_when_the_next_is_written_while_it_is_read(place: Place) -> None:
    salt = stocked(place.restaurant.pk, "Salt")
    recipe = written(place.dish, [(salt, "2", "g")], [AskedStep("Grill", 8)])
    rows = recipes_of(place.restaurant.pk)
    assert len(rows) == 1  # read, and kept
    update_recipe(recipe_id=recipe.pk, actor=place.actor, steps=[BAKE, BAKE], ingredients=[])

    shape = recipe_shape(read_recipes(rows)[0], 1)

    assert [step.name for step in shape.steps] == ["Grill"]
    assert [used.name for used in shape.ingredients] == ["Salt"]
