"""Recipes as the tests write them: their rows, of one version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from django.utils import timezone

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


def ingredient(
    restaurant: Restaurant, name: str, *, on_hand: str = "10", unit: str = "kg", allergen: str = ""
) -> Ingredient:
    """Count an ingredient in, with the allergen that it contains."""
    row = Ingredient.objects.create(restaurant=restaurant, name=name, unit=unit, on_hand=Decimal(on_hand))
    if allergen:
        contained, _ = Allergen.objects.get_or_create(restaurant=restaurant, name=allergen)
        IngredientAllergen.objects.create(ingredient=row, allergen=contained)
    return row


def recipe(
    dish: MenuItem,
    steps: Mapping[str, tuple[int, Sequence[Station]]],
    uses: Mapping[Ingredient, tuple[str, str]] | None = None,
) -> Recipe:
    """Write how a dish is made: {step: (minutes, stations)}, and {ingredient: (quantity, unit)} of one portion."""
    now = timezone.now()
    row = Recipe.objects.create(restaurant_id=dish.restaurant_id, menu_item=dish, created_at=now, updated_at=now)
    for position, (name, (minutes, stations)) in enumerate(steps.items(), start=1):
        step = RecipeStep.objects.create(recipe=row, version=1, position=position, name=name, minutes=minutes)
        for place, station in enumerate(stations, start=1):
            RecipeStepStation.objects.create(step=step, station=station, position=place)
    for used, (quantity, unit) in (uses or {}).items():
        RecipeIngredient.objects.create(recipe=row, version=1, ingredient=used, quantity=Decimal(quantity), unit=unit)
    row.save()  # its revision: what was read of it while it was written is not kept
    return row
