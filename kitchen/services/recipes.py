"""Recipes: written, changed, taken away. Each write makes a version of its own, and the ones before it stay."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TypeVar

from django.utils import timezone

from kitchen.measures import converted, is_exact, is_same_kind, smallest_of
from kitchen.models import Ingredient, Recipe, RecipeIngredient, RecipeStep, RecipeStepStation, Station
from orders.actors import Actor
from orders.errors import Duplicate, FieldProblem, InvalidFields, NotFound, StaleVersion
from orders.models import MenuItem
from orders.reading import read_rows
from orders.scopes import Scope
from orders.states import Role
from orders.units import require_unit, unit_of_work

# What a portion takes at most of an ingredient, in the smallest unit of its kind: a hundred kilograms. So what ninety-
# nine of them take is told in any unit.
MOST_OF_PORTION = Decimal(100_000)

M = TypeVar("M", Station, Ingredient)


@dataclass(frozen=True, slots=True)
class AskedStep:
    """One step: at any one of the stations, the first of them before the others; none is the dish's own."""

    name: str
    minutes: int
    station_id: int | None = None
    station_ids: tuple[int, ...] = ()

    @property
    def places(self) -> tuple[int, ...]:
        """The stations that can do it, in the order in which they are asked."""
        first = () if self.station_id is None else (self.station_id,)
        return (*first, *(pk for pk in self.station_ids if pk not in first))


@dataclass(frozen=True, slots=True)
class AskedIngredient:
    """What one portion takes of an ingredient; without a unit it is the ingredient's own."""

    ingredient_id: int
    quantity: Decimal
    unit: str = ""


@unit_of_work
def create_recipe(
    *,
    menu_item_id: int,
    actor: Actor,
    steps: Sequence[AskedStep] | None = None,
    ingredients: Sequence[AskedIngredient] = (),
) -> Recipe:
    """Write down how a dish is made; without steps in one, at its own station. What is on tickets already stays so.

    Locks the dish. The recipe of a dish that had one before goes on with the next version.

    Raises NotAllowed, NotFound for ids that the restaurant hasn't, InvalidFields, and Duplicate for a dish that has a
    recipe.
    """
    _require(actor)
    dish = _lock_dish(menu_item_id, actor)
    now = timezone.now()
    recipe = Recipe.objects.filter(menu_item=dish).first()
    if recipe is None:
        recipe = Recipe(restaurant_id=actor.restaurant_id, menu_item=dish, version=0, created_at=now, updated_at=now)
    elif recipe.is_active:
        raise Duplicate(f"{dish} has a recipe: change that one.", "/menu_item_id")
    if steps is None:
        steps = [AskedStep(dish.name, dish.prep_minutes)]
    ingredients = _checked(actor.restaurant_id, steps, ingredients)
    recipe.is_active = True
    return _write(recipe, steps, ingredients)


@unit_of_work
def update_recipe(
    *,
    recipe_id: int,
    actor: Actor,
    menu_item_id: int | None = None,
    steps: Sequence[AskedStep] | None = None,
    ingredients: Sequence[AskedIngredient] | None = None,
    version: int | None = None,
) -> Recipe:
    """Make the next version of a recipe; what isn't given stays as it was in the one before.

    Locks the dish, then the recipe. ``menu_item_id`` may only say whose recipe it is.

    Raises NotAllowed, NotFound, InvalidFields, and StaleVersion if ``version`` is given and is not the recipe's.
    """
    _require(actor)
    recipe = _lock_recipe(recipe_id, actor, version)
    if menu_item_id not in (None, recipe.menu_item_id):
        _lock_dish(menu_item_id or 0, actor)
        raise InvalidFields.one("/menu_item_id", "fixed", "A recipe stays that of its dish.")
    if steps is None:
        steps = _steps_of(recipe)
    if ingredients is None:
        ingredients = _ingredients_of(recipe)
    ingredients = _checked(actor.restaurant_id, steps, ingredients)
    return _write(recipe, steps, ingredients)


@unit_of_work
def delete_recipe(*, recipe_id: int, actor: Actor, version: int | None = None) -> None:
    """Take a recipe away: its dish is made in one step at its station. Its versions stay, for what was made by them.

    Locks the dish, then the recipe. Raises NotAllowed, NotFound, StaleVersion.
    """
    _require(actor)
    recipe = _lock_recipe(recipe_id, actor, version)
    recipe.is_active = False
    recipe.updated_at = timezone.now()
    recipe.save()


def _require(actor: Actor) -> None:
    actor.require(Role.MANAGER, to="change recipes", scope=Scope.MENU_WRITE)


def _lock_dish(menu_item_id: int, actor: Actor) -> MenuItem:
    try:
        return require_unit().lock(MenuItem, menu_item_id, restaurant_id=actor.restaurant_id)
    except NotFound as error:
        detail = "There is no such menu item."
        raise NotFound(detail, problems=[FieldProblem("/menu_item_id", "not_found", detail)]) from error


def _lock_recipe(recipe_id: int, actor: Actor, version: int | None) -> Recipe:
    """Return the recipe locked until the unit ends, its dish before it: whoever deletes that takes all versions along.

    Raises NotFound, also for one that was taken away, and StaleVersion.
    """
    own = Recipe.objects.filter(restaurant_id=actor.restaurant_id, pk=recipe_id)
    menu_item_id = own.values_list("menu_item_id", flat=True).first()
    if menu_item_id is None:
        raise NotFound("There is no such recipe.")
    require_unit().lock(MenuItem, menu_item_id, restaurant_id=actor.restaurant_id)
    recipe = require_unit().lock(Recipe, recipe_id, restaurant_id=actor.restaurant_id)
    if not recipe.is_active:
        raise NotFound("There is no such recipe.")
    if version is not None and version != recipe.version:
        raise StaleVersion(version=version, current=recipe.version)
    return recipe


def parts_of(recipe: Recipe) -> tuple[list[AskedStep], list[AskedIngredient]]:
    """Return what the version in force says, as it would be asked for: whoever asks for the same changes nothing."""
    return _steps_of(recipe), _ingredients_of(recipe)


def _steps_of(recipe: Recipe) -> list[AskedStep]:
    rows = RecipeStep.objects.filter(recipe=recipe, version=recipe.version).prefetch_related("places")
    return [
        AskedStep(row.name, row.minutes, station_ids=tuple(place.station_id for place in row.places.all()))
        for row in rows
    ]


def _ingredients_of(recipe: Recipe) -> list[AskedIngredient]:
    rows = RecipeIngredient.objects.filter(recipe=recipe, version=recipe.version)
    return [AskedIngredient(row.ingredient_id, row.quantity, row.unit) for row in rows]


def _checked(
    restaurant_id: int, steps: Sequence[AskedStep], ingredients: Sequence[AskedIngredient]
) -> list[AskedIngredient]:
    """Return what a portion takes, each in a unit.

    Raises NotFound for stations and ingredients that the restaurant hasn't, InvalidFields for what makes no sense.

    Locks both, by id, so that none is deleted meanwhile, nor told in a unit of another kind. That is in nobody's way
    who makes something at the stations or takes from the ingredients.
    """
    stations = _shared(Station, restaurant_id, {pk for step in steps for pk in step.places})
    known = _shared(Ingredient, restaurant_id, {asked.ingredient_id for asked in ingredients})
    missing = [*_unknown_stations(steps, stations), *_unknown_ingredients(ingredients, known)]
    if missing:
        raise NotFound(missing[0].detail, problems=missing)
    told = [replace(use, unit=use.unit or known[use.ingredient_id].unit) for use in ingredients]
    wrong = [*_wrong_steps(steps), *_wrong_ingredients(told, known)]
    if wrong:
        raise InvalidFields(wrong)
    return told


def _shared(model: type[M], restaurant_id: int, ids: set[int]) -> dict[int, M]:
    if not ids:
        return {}
    which = "WHERE restaurant_id = %s AND id = ANY(%s) ORDER BY id FOR KEY SHARE"
    return {row.pk: row for row in read_rows(model, which, restaurant_id, sorted(ids))}


def _unknown_stations(steps: Sequence[AskedStep], own: Mapping[int, Station]) -> Iterator[FieldProblem]:
    for number, step in enumerate(steps):
        named = {f"/station_ids/{index}": pk for index, pk in enumerate(step.station_ids)}
        if step.station_id is not None:
            named["/station_id"] = step.station_id
        for place, pk in named.items():
            if pk not in own:
                yield FieldProblem(f"/steps/{number}{place}", "not_found", "There is no such station.")


def _unknown_ingredients(asked: Sequence[AskedIngredient], own: Mapping[int, Ingredient]) -> Iterator[FieldProblem]:
    for number, use in enumerate(asked):
        if use.ingredient_id not in own:
            yield FieldProblem(f"/ingredients/{number}/ingredient_id", "not_found", "There is no such ingredient.")


def _wrong_steps(steps: Sequence[AskedStep]) -> Iterator[FieldProblem]:
    if not steps:
        yield FieldProblem("/steps", "min_length", "A dish is made in one step at least.")
    for number, step in enumerate(steps):
        for index, pk in enumerate(step.station_ids):
            if pk in step.station_ids[:index]:
                yield FieldProblem(f"/steps/{number}/station_ids/{index}", "duplicate", "This is named twice.")
        if step.station_ids and step.station_id not in (None, *step.station_ids):
            detail = "It is not among the stations that can do it."
            yield FieldProblem(f"/steps/{number}/station_id", "conflict", detail)


def _wrong_ingredients(asked: Sequence[AskedIngredient], own: Mapping[int, Ingredient]) -> Iterator[FieldProblem]:
    seen: set[int] = set()
    for number, use in enumerate(asked):
        ingredient = own[use.ingredient_id]
        pointer = f"/ingredients/{number}"
        if use.ingredient_id in seen:
            yield FieldProblem(f"{pointer}/ingredient_id", "duplicate", f"{ingredient} is named twice.")
        seen.add(use.ingredient_id)
        if not is_same_kind(use.unit, ingredient.unit):
            detail = f"{ingredient} is counted in {ingredient.unit}, which {use.unit} can't be told in."
            yield FieldProblem(f"{pointer}/unit", "unit_kind", detail)
        elif not is_exact(use.quantity, use.unit, ingredient.unit):
            told = f"{ingredient} is counted in {ingredient.unit}"
            detail = f"{told}, of which three decimals don't tell that: count it in a smaller unit."
            yield FieldProblem(f"{pointer}/quantity", "too_fine", detail)
        if converted(use.quantity, use.unit, smallest_of(use.unit)) > MOST_OF_PORTION:
            detail = f"That is more than {MOST_OF_PORTION} {smallest_of(use.unit)} in one portion."
            yield FieldProblem(f"{pointer}/quantity", "max_value", detail)


def _write(recipe: Recipe, steps: Sequence[AskedStep], ingredients: Sequence[AskedIngredient]) -> Recipe:
    """Make the next version; the recipe's own row renews what each process keeps of how dishes are made."""
    recipe.version += 1
    recipe.updated_at = timezone.now()
    recipe.save()
    rows = RecipeStep.objects.bulk_create(
        RecipeStep(recipe=recipe, version=recipe.version, position=position, name=step.name, minutes=step.minutes)
        for position, step in enumerate(steps, start=1)
    )
    RecipeStepStation.objects.bulk_create(
        RecipeStepStation(step=row, station_id=pk, position=position)
        for row, step in zip(rows, steps, strict=True)
        for position, pk in enumerate(step.places, start=1)
    )
    RecipeIngredient.objects.bulk_create(
        RecipeIngredient(
            recipe=recipe,
            version=recipe.version,
            ingredient_id=use.ingredient_id,
            quantity=use.quantity,
            unit=use.unit,
        )
        for use in ingredients
    )
    return recipe
