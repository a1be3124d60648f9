"""Reads of recipes and ingredients, with all that they show."""

from __future__ import annotations

from django.db.models import F, Prefetch, QuerySet

from kitchen.models import Ingredient, IngredientAllergen, Recipe, RecipeIngredient, RecipeStep, RecipeStepStation
from orders.errors import NotFound


def recipes_of(restaurant_id: int, version: int | None = None) -> QuerySet[Recipe]:
    """Return the recipes that are in force, with the present steps and ingredients or those of a version.

    Four queries, however many recipes.
    """
    wanted = F("recipe__version") if version is None else version
    places = RecipeStepStation.objects.select_related("station").order_by("position")
    steps = RecipeStep.objects.filter(version=wanted).order_by("position").prefetch_related(Prefetch("places", places))
    used = RecipeIngredient.objects.filter(version=wanted).select_related("ingredient").order_by("id")
    return (
        Recipe.objects.filter(restaurant_id=restaurant_id, is_active=True)
        .select_related("menu_item")
        .prefetch_related(Prefetch("steps", steps), Prefetch("ingredients", used))
    )


def find_recipe(restaurant_id: int, recipe_id: int, version: int | None = None) -> Recipe:
    """Return a recipe as it is, or as it was at a version; raises NotFound."""
    recipe = recipes_of(restaurant_id, version).filter(pk=recipe_id).first()
    if recipe is None:
        raise NotFound("There is no such recipe.")
    if version is not None and not 1 <= version <= recipe.version:
        raise NotFound(f"The recipe has {recipe.version} versions.")
    return recipe


def ingredients_of(restaurant_id: int) -> QuerySet[Ingredient]:
    """Return the restaurant's ingredients with the allergens in them: two queries, however many."""
    contained = IngredientAllergen.objects.select_related("allergen")
    return Ingredient.objects.filter(restaurant_id=restaurant_id).prefetch_related(Prefetch("contained", contained))
