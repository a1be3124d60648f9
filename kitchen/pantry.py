"""Reads of recipes and ingredients, with all that they show."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Prefetch, QuerySet, prefetch_related_objects

from kitchen.models import Ingredient, IngredientAllergen, Recipe, RecipeIngredient, RecipeStep, RecipeStepStation
from orders.errors import NotFound


def recipes_of(restaurant_id: int) -> QuerySet[Recipe]:
    """Return the recipes that are in force."""
    return Recipe.objects.filter(restaurant_id=restaurant_id, is_active=True).select_related("menu_item")


def read_recipes(rows: Iterable[Recipe], version: int | None = None) -> list[Recipe]:
    """Read recipes with the steps and ingredients of the versions that they are of, or of the one that is asked for.

    Four queries, however many recipes. Those of a version that somebody writes meanwhile are not read by the way.
    """
    recipes = list(rows)
    wanted = {version or recipe.version for recipe in recipes}
    places = RecipeStepStation.objects.select_related("station").order_by("position")
    steps = RecipeStep.objects.filter(version__in=wanted).order_by("position")
    used = RecipeIngredient.objects.filter(version__in=wanted).select_related("ingredient").order_by("id")
    prefetch_related_objects(
        recipes, Prefetch("steps", steps.prefetch_related(Prefetch("places", places))), Prefetch("ingredients", used)
    )
    return recipes


def find_recipe(restaurant_id: int, recipe_id: int, version: int | None = None) -> Recipe:
    """Return a recipe as it is, or as it was at a version; raises NotFound."""
    recipes = read_recipes(recipes_of(restaurant_id).filter(pk=recipe_id), version)
    if not recipes:
        raise NotFound("There is no such recipe.")
    if version is not None and version > recipes[0].version:
        raise NotFound(f"The recipe has {recipes[0].version} versions.")
    return recipes[0]


def ingredients_of(restaurant_id: int) -> QuerySet[Ingredient]:
    """Return the restaurant's ingredients with the allergens in them: two queries, however many."""
    contained = IngredientAllergen.objects.select_related("allergen")
    return Ingredient.objects.filter(restaurant_id=restaurant_id).prefetch_related(Prefetch("contained", contained))
