"""The public shapes of recipes and ingredients. Quantities are decimal strings with three decimals, as in events."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

from kitchen.models import Ingredient, Recipe, RecipeIngredient, RecipeStep
from orders.shapes import Named, Timestamp, timestamp


class RecipeStepShape(Struct, frozen=True):
    """One step: at any of ``station_ids``, of which ``station_id`` is the first; without any at the dish's own."""

    name: str
    minutes: int
    station_id: int | None
    station_ids: list[int]
    station_name: str | None


class RecipeIngredientShape(Struct, frozen=True):
    """What one portion takes of an ingredient."""

    ingredient_id: int
    name: str
    quantity: str
    unit: str


class RecipeShape(Struct, frozen=True):
    """How a dish is made, by one version of its recipe; ``updated_at`` is when the latest was written."""

    id: int
    menu_item_id: int
    menu_item_name: str
    version: int
    steps: list[RecipeStepShape]
    ingredients: list[RecipeIngredientShape]
    updated_at: Timestamp


class IngredientShape(Struct, frozen=True):
    """Something that dishes are made of; ``on_hand`` is below zero when more was used than was counted in."""

    id: int
    name: str
    unit: str
    on_hand: str
    allergens: list[Named]
    may_contain: list[Named]


def quantity(value: Decimal) -> str:
    """Write a quantity."""
    return f"{value:.3f}"


def recipe_shape(recipe: Recipe, version: int) -> RecipeShape:
    """Show a version of a recipe; reads its dish, steps, their places, and ingredients (``pantry.read_recipes``)."""
    return RecipeShape(
        id=recipe.pk,
        menu_item_id=recipe.menu_item_id,
        menu_item_name=recipe.menu_item.name,
        version=version,
        steps=[_step_shape(step) for step in recipe.steps.all() if step.version == version],
        ingredients=[_used_shape(used) for used in recipe.ingredients.all() if used.version == version],
        updated_at=timestamp(recipe.updated_at),
    )


def _step_shape(step: RecipeStep) -> RecipeStepShape:
    stations = [place.station for place in step.places.all()]
    return RecipeStepShape(
        name=step.name,
        minutes=step.minutes,
        station_id=stations[0].pk if stations else None,
        station_ids=[station.pk for station in stations],
        station_name=stations[0].name if stations else None,
    )


def _used_shape(used: RecipeIngredient) -> RecipeIngredientShape:
    return RecipeIngredientShape(used.ingredient_id, used.ingredient.name, quantity(used.quantity), used.unit)


def ingredient_shape(ingredient: Ingredient) -> IngredientShape:
    """Show an ingredient; reads what it contains (prefetch it)."""
    contained = sorted(ingredient.contained.all(), key=lambda row: row.allergen.name)
    return IngredientShape(
        id=ingredient.pk,
        name=ingredient.name,
        unit=ingredient.unit,
        on_hand=quantity(ingredient.on_hand),
        allergens=[Named(row.allergen_id, row.allergen.name) for row in contained if not row.is_trace],
        may_contain=[Named(row.allergen_id, row.allergen.name) for row in contained if row.is_trace],
    )
