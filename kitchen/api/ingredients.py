"""Ingredients: all staff read them, the manager writes them and counts what is on hand."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from kitchen.api.recipe_inputs import IngredientBody, IngredientListQuery
from kitchen.models import IngredientAllergen
from kitchen.pantry import ingredients_of
from kitchen.recipe_shapes import IngredientShape, ingredient_shape
from kitchen.services.ingredients import create_ingredient, delete_ingredient, update_ingredient
from orders.api.shelves import BY_NAME, Shelf, ShelfList, Writes, shelf_views
from orders.errors import InUse
from orders.scopes import Scope


class Pantry(ShelfList):
    """The list of ingredients, with its filters."""

    query = IngredientListQuery

    def filtered(self, rows: QuerySet[Any], query: dict[str, Any]) -> QuerySet[Any]:
        """Return the ingredients that were asked for."""
        if "search" in query:
            rows = rows.filter(name__icontains=query["search"])
        if "allergen" in query:
            inside = IngredientAllergen.objects.filter(ingredient=OuterRef("pk"), allergen_id=query["allergen"])
            rows = rows.filter(Exists(inside))
        return rows


IngredientList, IngredientRow = shelf_views(
    Shelf(
        ingredients_of,
        BY_NAME,
        lambda row, _: ingredient_shape(row),
        Writes(IngredientBody, create_ingredient, update_ingredient, delete_ingredient, change_refuses=(InUse,)),
        Scope.MENU_READ,
        Scope.MENU_WRITE,
        other_read_scope=Scope.KITCHEN_READ,
    ),
    IngredientShape,
    one="ingredient",
    many="ingredients",
    tag="menu",
    base=Pantry,
)
