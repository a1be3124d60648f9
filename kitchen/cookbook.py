"""How a restaurant's dishes are made, kept by each process between changes as ``orders.books`` are.

A cookbook is of one revision of the restaurant: a new version of a recipe, another station of a dish, an allergen of
an ingredient make a new one. Nothing in it is ever changed.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Prefetch

from kitchen.models import IngredientAllergen, Recipe, RecipeIngredient, RecipeStep, RecipeStepStation
from orders.books import MOST_BOOKS, Book, book_of
from orders.models import MenuItem


@dataclass(frozen=True, slots=True)
class Step:
    """One step of making a dish, at the first of its stations or another one of them."""

    name: str
    minutes: int
    station_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Use:
    """What one portion takes of an ingredient."""

    ingredient_id: int
    quantity: Decimal
    unit: str


@dataclass(frozen=True, slots=True)
class Making:
    """How a dish is made: by the version of its recipe, or in one step where it has none.

    ``contains`` are the allergens that the menu names and those of its ingredients, ``may_contain`` those of which
    there may be traces.
    """

    recipe_version: int | None
    steps: tuple[Step, ...]
    contains: frozenset[str]
    may_contain: frozenset[str]


class Cookbook:
    """One restaurant's dishes at one revision."""

    def __init__(self, book: Book) -> None:
        self.restaurant_id = book.restaurant_id
        self.revision: uuid.UUID | None = book.revision
        self._book = book
        self._makings: dict[int, Making] = {}
        self._uses: dict[tuple[int, int], tuple[Use, ...]] = {}
        self._allergens: dict[tuple[int, int | None], frozenset[str]] = {}

    def makings(self, dish_ids: Iterable[int]) -> dict[int, Making]:
        """Return {dish's id: how it is made} of those ids that are on the menu."""
        wanted = set(dish_ids)
        unread = wanted - self._makings.keys()
        if unread:
            self._makings |= _read_makings(self._book, unread)
        return {pk: self._makings[pk] for pk in wanted if pk in self._makings}

    def uses(self, recipes: Iterable[tuple[int, int]]) -> dict[tuple[int, int], tuple[Use, ...]]:
        """Return {(dish's id, version of its recipe): what a portion takes}, also of versions of long ago."""
        wanted = set(recipes)
        unread = wanted - self._uses.keys()
        if unread:
            self._uses |= _read_uses(self.restaurant_id, unread)
        return {recipe: self._uses[recipe] for recipe in wanted}

    def allergens(self, recipes: Iterable[tuple[int, int | None]]) -> dict[tuple[int, int | None], frozenset[str]]:
        """Return {(dish's id, version of its recipe): what is in it, or may be}, by what is known now.

        Also of versions of long ago; of None, which is a dish without a recipe, what the menu says of it.
        """
        wanted = set(recipes)
        unread = wanted - self._allergens.keys()
        if unread:
            dishes = self._book.dishes(dish_id for dish_id, _ in unread)
            uses = self.uses((dish_id, version) for dish_id, version in unread if version is not None)
            inside = _read_allergens({use.ingredient_id for each in uses.values() for use in each})
            for dish_id, version in unread:
                on_menu = dishes[dish_id].allergens if dish_id in dishes else ()
                used = uses[(dish_id, version)] if version is not None else ()
                self._allergens[dish_id, version] = frozenset(on_menu).union(*(inside[u.ingredient_id] for u in used))
        return {recipe: self._allergens[recipe] for recipe in wanted}


def _read_makings(book: Book, dish_ids: Iterable[int]) -> dict[int, Making]:
    restaurant_id = book.restaurant_id
    dishes = MenuItem.objects.filter(restaurant_id=restaurant_id, pk__in=dish_ids)
    on_menu = book.dishes(dish_ids)
    recipes = {
        recipe.menu_item_id: recipe
        for recipe in Recipe.objects.filter(
            restaurant_id=restaurant_id, menu_item_id__in=dish_ids, is_active=True
        ).prefetch_related(
            Prefetch("steps", RecipeStep.objects.prefetch_related(Prefetch("places", RecipeStepStation.objects.all()))),
            Prefetch("ingredients", RecipeIngredient.objects.all()),
        )
    }
    used = {row.ingredient_id for recipe in recipes.values() for row in recipe.ingredients.all()}
    contained = list(IngredientAllergen.objects.filter(ingredient_id__in=used).select_related("allergen"))
    return {
        dish.pk: _making(dish, recipes.get(dish.pk), frozenset(on_menu[dish.pk].allergens), contained)
        for dish in dishes
        if dish.pk in on_menu
    }


def _making(
    dish: MenuItem, recipe: Recipe | None, on_menu: frozenset[str], contained: list[IngredientAllergen]
) -> Making:
    own = () if dish.station_id is None else (dish.station_id,)
    steps = [
        Step(step.name, step.minutes, tuple(place.station_id for place in step.places.all()) or own)
        for step in (recipe.steps.all() if recipe else ())
        if recipe and step.version == recipe.version
    ]
    used = {
        row.ingredient_id
        for row in (recipe.ingredients.all() if recipe else ())
        if recipe and row.version == recipe.version
    }
    inside = [row for row in contained if row.ingredient_id in used]
    return Making(
        recipe_version=recipe.version if recipe else None,
        steps=tuple(steps) or (Step(dish.name, dish.prep_minutes, own),),
        contains=on_menu | {row.allergen.name for row in inside if not row.is_trace},
        may_contain=frozenset(row.allergen.name for row in inside if row.is_trace),
    )


def _read_uses(restaurant_id: int, recipes: Iterable[tuple[int, int]]) -> dict[tuple[int, int], tuple[Use, ...]]:
    found: dict[tuple[int, int], list[Use]] = {recipe: [] for recipe in recipes}
    rows = (
        RecipeIngredient.objects.filter(
            recipe__restaurant_id=restaurant_id,
            recipe__menu_item_id__in={dish_id for dish_id, _ in found},
            version__in={version for _, version in found},
        )
        .select_related("recipe")
        .order_by("id")
    )
    for row in rows:
        recipe = (row.recipe.menu_item_id, row.version)
        if recipe in found:
            found[recipe].append(Use(row.ingredient_id, row.quantity, row.unit))
    return {recipe: tuple(uses) for recipe, uses in found.items()}


def _read_allergens(ingredient_ids: Iterable[int]) -> dict[int, set[str]]:
    inside: dict[int, set[str]] = {pk: set() for pk in ingredient_ids}
    for row in IngredientAllergen.objects.filter(ingredient_id__in=inside).select_related("allergen"):
        inside[row.ingredient_id].add(row.allergen.name)
    return inside


_cookbooks: dict[int, Cookbook] = {}
_keeping = threading.Lock()


def cookbook_of(restaurant_id: int) -> Cookbook:
    """Return the restaurant's cookbook as it is now; inside a transaction as that transaction sees it."""
    book = book_of(restaurant_id)
    cookbook = _cookbooks.get(restaurant_id)
    if cookbook is None or cookbook.revision != book.revision or book.revision is None:
        cookbook = Cookbook(book)
        if book.revision is not None:
            _keep(cookbook)
    return cookbook


def _keep(cookbook: Cookbook) -> None:
    """Keep a cookbook for the next caller; of very many restaurants, those that were opened last."""
    with _keeping:
        _cookbooks.pop(cookbook.restaurant_id, None)
        _cookbooks[cookbook.restaurant_id] = cookbook
        while len(_cookbooks) > MOST_BOOKS:
            del _cookbooks[next(iter(_cookbooks))]
