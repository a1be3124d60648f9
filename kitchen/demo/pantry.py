"""Writes down what a planned restaurant cooks with, and how."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from django.utils import timezone

from kitchen.demo.plans import Formula, Plan, Stuff
from kitchen.models import (
    Ingredient,
    IngredientAllergen,
    Recipe,
    RecipeIngredient,
    RecipeStep,
    RecipeStepStation,
    Station,
)
from orders.models import Allergen, MenuItem, Restaurant


def write_recipes(
    restaurant: Restaurant,
    plan: Plan,
    *,
    dishes: Mapping[str, MenuItem],
    stations: Mapping[str, Station],
    allergens: Mapping[str, Allergen],
) -> None:
    """Count in the planned ingredients, and write the first version of each planned recipe. Needs a unit of work."""
    pantry = _count_in(restaurant, plan.ingredients, allergens)
    now = timezone.now()
    recipes = Recipe.objects.bulk_create(
        Recipe(restaurant=restaurant, menu_item=dishes[name], created_at=now, updated_at=now) for name in plan.recipes
    )
    written = list(zip(recipes, plan.recipes.values(), strict=True))
    _write_steps(written, stations)
    RecipeIngredient.objects.bulk_create(
        RecipeIngredient(recipe=recipe, version=1, ingredient=pantry[name], quantity=Decimal(quantity), unit=unit)
        for recipe, formula in written
        for name, (quantity, unit) in formula.portion().items()
    )


def _count_in(
    restaurant: Restaurant, planned: Sequence[Stuff], allergens: Mapping[str, Allergen]
) -> dict[str, Ingredient]:
    rows = Ingredient.objects.insert(
        [
            Ingredient(restaurant=restaurant, name=stuff.name, unit=stuff.unit, on_hand=Decimal(stuff.on_hand))
            for stuff in planned
        ]
    )
    IngredientAllergen.objects.bulk_create(
        IngredientAllergen(ingredient=row, allergen=allergens[name], is_trace=is_trace)
        for row, stuff in zip(rows, planned, strict=True)
        for names, is_trace in ((stuff.contains, False), (stuff.may_contain, True))
        for name in names
    )
    return {row.name: row for row in rows}


def _write_steps(recipes: Sequence[tuple[Recipe, Formula]], stations: Mapping[str, Station]) -> None:
    tasks = [
        (recipe, position, task) for recipe, formula in recipes for position, task in enumerate(formula.tasks, start=1)
    ]
    steps = RecipeStep.objects.bulk_create(
        RecipeStep(recipe=recipe, version=1, position=position, name=task.name, minutes=task.minutes)
        for recipe, position, task in tasks
    )
    RecipeStepStation.objects.bulk_create(
        RecipeStepStation(step=step, station=stations[name], position=position)
        for step, (_, _, task) in zip(steps, tasks, strict=True)
        for position, name in enumerate(task.stations, start=1)
    )
