"""The lists that a menu is made with: its chapters, its kinds of food, the allergens that it names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict, TypeVar, Unpack

from django.db.models import Model, Q, QuerySet

from orders.actors import Actor
from orders.errors import InUse, NotFound
from orders.in_use import check_unused
from orders.models import Allergen, Category, FoodType, MenuItem, Order
from orders.reading import read_rows
from orders.scopes import Scope
from orders.services.menu_news import telling_menu_changes
from orders.services.saving import save_once
from orders.states import OPEN, Role
from orders.units import require_unit, unit_of_work

M = TypeVar("M", Category, FoodType, Allergen)

_TAKEN: Mapping[str, tuple[str, str]] = {
    "category_once": ("/name", "There is a category of this name."),
    "food_type_once": ("/name", "There is a food type of this name."),
    "allergen_once": ("/name", "There is an allergen of this name."),
}


class CategoryChanges(TypedDict, total=False):
    """The fields of a category that may be sent."""

    name: str
    position: int


class NameChange(TypedDict, total=False):
    """The field of a food type or an allergen that may be sent."""

    name: str


@unit_of_work
def create_category(*, actor: Actor, name: str, position: int = 0) -> Category:
    """Add a chapter to the menu. Raises NotAllowed, Duplicate."""
    return _create(Category(restaurant_id=actor.restaurant_id, name=name, position=position), actor)


@unit_of_work
def update_category(*, row_id: int, actor: Actor, **changes: Unpack[CategoryChanges]) -> Category:
    """Rename a chapter, or put it elsewhere; its dishes are announced under the new name.

    Raises NotAllowed, NotFound, Duplicate.
    """
    dishes = MenuItem.objects.filter(category_id=row_id)
    return _update(Category, row_id, actor, changes, dishes, "category")


@unit_of_work
def delete_category(*, row_id: int, actor: Actor) -> None:
    """Take an empty chapter off the menu. Raises NotAllowed, NotFound, InUse."""
    _delete(Category, row_id, actor)


@unit_of_work
def create_food_type(*, actor: Actor, name: str) -> FoodType:
    """Add a kind of food that the menu tells apart. Raises NotAllowed, Duplicate."""
    return _create(FoodType(restaurant_id=actor.restaurant_id, name=name), actor)


@unit_of_work
def update_food_type(*, row_id: int, actor: Actor, **changes: Unpack[NameChange]) -> FoodType:
    """Rename a kind of food; its dishes are announced. Raises NotAllowed, NotFound, Duplicate."""
    dishes = MenuItem.objects.filter(food_type_id=row_id)
    return _update(FoodType, row_id, actor, changes, dishes, "food_type")


@unit_of_work
def delete_food_type(*, row_id: int, actor: Actor) -> None:
    """Drop a kind of food that no dish has. Raises NotAllowed, NotFound, InUse."""
    _delete(FoodType, row_id, actor)


@unit_of_work
def create_allergen(*, actor: Actor, name: str) -> Allergen:
    """Add something that dishes can be marked with. Raises NotAllowed, Duplicate."""
    return _create(Allergen(restaurant_id=actor.restaurant_id, name=name), actor)


@unit_of_work
def update_allergen(*, row_id: int, actor: Actor, **changes: Unpack[NameChange]) -> Allergen:
    """Rename an allergen; the dishes with it are announced, orders keep the name that they were taken with.

    Raises NotAllowed, NotFound, Duplicate, and InUse while an open order names it, or has a dish that contains it: what
    a guest can't have is found by its name.
    """
    actor.require(Role.MANAGER, to="change the menu", scope=Scope.MENU_WRITE)
    row = require_unit().lock(Allergen, row_id, restaurant_id=actor.restaurant_id)
    if changes.get("name", row.name) != row.name:
        _check_not_awaited(row)
    dishes = MenuItem.objects.filter(contained__allergen_id=row_id)
    return _update(Allergen, row_id, actor, changes, dishes, "allergens")


def _check_not_awaited(allergen: Allergen) -> None:
    named = Q(allergies__contains=[allergen.name]) | Q(items__allergens__contains=[allergen.name])
    still_open = Order.objects.filter(restaurant_id=allergen.restaurant_id, status__in=OPEN)
    if still_open.filter(named).exists():
        raise InUse(f"{allergen} can't be renamed while open orders name it, or have dishes with it.")


@unit_of_work
def delete_allergen(*, row_id: int, actor: Actor) -> None:
    """Drop an allergen that no dish contains. Raises NotAllowed, NotFound, InUse."""
    _delete(Allergen, row_id, actor)


def _create(row: M, actor: Actor) -> M:
    actor.require(Role.MANAGER, to="change the menu", scope=Scope.MENU_WRITE)
    save_once(row, _TAKEN)
    return row


def _update(
    model: type[M], row_id: int, actor: Actor, changes: Mapping[str, Any], dishes: QuerySet[MenuItem], part: str
) -> M:
    actor.require(Role.MANAGER, to="change the menu", scope=Scope.MENU_WRITE)
    row = require_unit().lock(model, row_id, restaurant_id=actor.restaurant_id)
    if not _set(row, changes):
        return row
    with telling_menu_changes(actor.restaurant_id, dishes, part):
        save_once(row, _TAKEN)
    return row


def _set(row: Model, changes: Mapping[str, Any]) -> bool:
    """Set the fields that were sent; returns whether any differs."""
    differs = any(getattr(row, name) != value for name, value in changes.items())
    for name, value in changes.items():
        setattr(row, name, value)
    return differs


def _delete(model: type[M], row_id: int, actor: Actor) -> None:
    """Delete the row, locked also against what would name it now: that shares its key before it locks anything more."""
    actor.require(Role.MANAGER, to="change the menu", scope=Scope.MENU_WRITE)
    found = read_rows(model, "WHERE id = %s AND restaurant_id = %s FOR UPDATE", row_id, actor.restaurant_id)
    if not found:
        raise NotFound(f"There is no such {model._meta.verbose_name}.")  # noqa: SLF001 - public but for its name
    check_unused(found[0])
    found[0].delete()
