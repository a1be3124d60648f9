"""Recipes: all staff read them, the manager writes them; each write makes the next version."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpResponse
from rest_framework.request import Request

from kitchen.api.recipe_inputs import RecipeBody, RecipeChangesBody, RecipeListQuery, RecipeQuery, asked_recipe
from kitchen.models import Recipe, RecipeIngredient, RecipeStepStation
from kitchen.pantry import find_recipe, read_recipes, recipes_of
from kitchen.recipe_shapes import RecipeShape, recipe_shape
from kitchen.services.recipes import create_recipe, delete_recipe, update_recipe
from orders.api.documents import documented, paged, shown
from orders.api.endpoints import Endpoint, answer, keyed
from orders.api.pages import NoQuery, Ordering, page, query_of
from orders.errors import Duplicate
from orders.scopes import Scope

TAG = "menu"
BY_DISH = Ordering(("menu_item__name", "id"))


def _asked_for(restaurant_id: int, query: dict[str, Any]) -> QuerySet[Recipe]:
    rows = recipes_of(restaurant_id)
    if "menu_item" in query:
        rows = rows.filter(menu_item_id=query["menu_item"])
    if "search" in query:
        rows = rows.filter(menu_item__name__icontains=query["search"])
    if "ingredient" in query:
        used = RecipeIngredient.objects.filter(
            recipe=OuterRef("pk"), version=OuterRef("version"), ingredient_id=query["ingredient"]
        )
        rows = rows.filter(Exists(used))
    if "station" in query:
        there = RecipeStepStation.objects.filter(
            step__recipe=OuterRef("pk"), step__version=OuterRef("version"), station_id=query["station"]
        )
        rows = rows.filter(Exists(there))
    return rows


class Recipes(Endpoint):
    """All recipes that are in force."""

    read_scope = Scope.MENU_READ
    other_read_scope = Scope.KITCHEN_READ
    write_scope = Scope.MENU_WRITE

    @documented("list_recipes", tag=TAG, query=RecipeListQuery, answers={200: paged(RecipeShape)})
    def get(self, request: Request) -> HttpResponse:
        """List the recipes."""
        query = query_of(request, RecipeListQuery)
        rows = _asked_for(self.restaurant_id, query)
        return page(
            request,
            rows,
            lambda row: recipe_shape(row, row.version),
            ordering=BY_DISH,
            query=query,
            read=read_recipes,
        )

    @documented("create_recipe", tag=TAG, body=RecipeBody, answers={201: shown(RecipeShape)}, refuses=(Duplicate,))
    @keyed
    def post(self, request: Request) -> HttpResponse:
        """Write down how a dish is made."""
        query_of(request, NoQuery)
        body = self.body(RecipeBody)
        recipe = create_recipe(actor=self.actor, **asked_recipe(body))
        return self._shown(recipe.pk, f"{request.path.rstrip('/')}/{recipe.pk}")

    def _shown(self, recipe_id: int, location: str) -> HttpResponse:
        recipe = find_recipe(self.restaurant_id, recipe_id)
        return answer(
            recipe_shape(recipe, recipe.version), HTTPStatus.CREATED, version=recipe.version, location=location
        )


class OneRecipe(Endpoint):
    """One recipe."""

    read_scope = Scope.MENU_READ
    other_read_scope = Scope.KITCHEN_READ
    write_scope = Scope.MENU_WRITE

    @documented("get_recipe", tag=TAG, query=RecipeQuery, answers={200: shown(RecipeShape)})
    def get(self, request: Request, recipe_id: int) -> HttpResponse:
        """Return a recipe, or an earlier version of it."""
        return self._shown(recipe_id, query_of(request, RecipeQuery).get("version"))

    @documented("replace_recipe_fields", tag=TAG, body=RecipeChangesBody, answers={200: shown(RecipeShape)})
    def put(self, request: Request, recipe_id: int) -> HttpResponse:
        """Make the next version of a recipe, with the fields that are sent."""
        return self._change(request, recipe_id)

    @documented("change_recipe", tag=TAG, body=RecipeChangesBody, answers={200: shown(RecipeShape)})
    def patch(self, request: Request, recipe_id: int) -> HttpResponse:
        """Make the next version of a recipe, with the fields that are sent (the same as PUT)."""
        return self._change(request, recipe_id)

    @documented("delete_recipe", tag=TAG, answers={204: None})
    def delete(self, request: Request, recipe_id: int) -> HttpResponse:
        """Take a recipe away: its dish is made in one step again, at its own station."""
        query_of(request, NoQuery)
        delete_recipe(recipe_id=recipe_id, actor=self.actor, version=self.version())
        return HttpResponse(status=HTTPStatus.NO_CONTENT)

    def _change(self, request: Request, recipe_id: int) -> HttpResponse:
        query_of(request, NoQuery)
        body = self.body(RecipeChangesBody)
        version = self.version(body)
        update_recipe(recipe_id=recipe_id, actor=self.actor, version=version, **asked_recipe(body))
        return self._shown(recipe_id)

    def _shown(self, recipe_id: int, version: int | None = None) -> HttpResponse:
        recipe = find_recipe(self.restaurant_id, recipe_id, version)
        said = version or recipe.version
        return answer(recipe_shape(recipe, said), version=said)
