"""Recipes and ingredients, reached through the services."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from kitchen.models import Ingredient, Recipe
from kitchen.services.ingredients import create_ingredient
from kitchen.services.recipes import AskedIngredient, AskedStep, create_recipe
from orders.actors import Actor
from orders.models import MenuItem
from orders.states import Role

# An ingredient, what a portion takes of it, and in which unit.
Uses = Sequence[tuple[Ingredient, str, str]]


def boss_of(restaurant_id: int) -> Actor:
    """Return somebody who may write recipes there."""
    return Actor(restaurant_id=restaurant_id, role=Role.MANAGER, name="Manager", source="api")


def stocked(restaurant_id: int, name: str, on_hand: str = "0", unit: str = "g", **others: Any) -> Ingredient:
    """Take up an ingredient."""
    return create_ingredient(actor=boss_of(restaurant_id), name=name, unit=unit, on_hand=Decimal(on_hand), **others)


def asked(uses: Uses) -> list[AskedIngredient]:
    """Return what a portion takes, as the services are asked."""
    return [AskedIngredient(ingredient.pk, Decimal(quantity), unit) for ingredient, quantity, unit in uses]


def written(dish: MenuItem, uses: Uses = (), steps: Sequence[AskedStep] | None = None) -> Recipe:
    """Write a dish's recipe."""
    return create_recipe(menu_item_id=dish.pk, steps=steps, ingredients=asked(uses), actor=boss_of(dish.restaurant_id))
