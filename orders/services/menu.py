"""Dishes: put on the menu, changed, 86'd, taken off it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any, TypedDict, Unpack

from django.db import models

from orders import signals
from orders.actors import Actor
from orders.books import book_of
from orders.errors import FieldProblem, InvalidFields, NotFound
from orders.in_use import check_unused
from orders.models import (
    Allergen,
    Category,
    FoodType,
    MenuItem,
    MenuItemAllergen,
    MenuItemModifierGroup,
    ModifierGroup,
)
from orders.money import why_not_payable
from orders.pictures import forget_picture
from orders.reading import read_rows
from orders.scopes import Scope
from orders.services.menu_news import telling_menu_changes
from orders.services.saving import save_once
from orders.states import Role
from orders.units import once_committed, require_unit, unit_of_work

_TAKEN: Mapping[str, tuple[str, str]] = {
    "menu_item_external_id": ("/external_id", "A menu item with this external_id exists."),
}
# The stations are the kitchen's: the column names their model, and orders imports nothing of the kitchen's.
_STATION: Any = MenuItem._meta.get_field("station").remote_field.model  # noqa: SLF001
_ROWS_OF: dict[str, tuple[Any, str]] = {
    "category_id": (Category, "category"),
    "food_type_id": (FoodType, "food type"),
    "station_id": (_STATION, "station"),
}


class Availability(TypedDict, total=False):
    """What may be said of a dish's availability; ``stock`` None is as many as you like, absent is as it was."""

    is_available: bool
    stock: int | None


class DishChanges(Availability, total=False):
    """The fields of a dish that may be sent; those that are absent stay as they are."""

    category_id: int
    name: str
    description: str
    price: Decimal
    food_type_id: int | None
    station_id: int | None
    prep_minutes: int
    tax_rate: Decimal | None
    external_id: str | None
    allergen_ids: Sequence[int]
    modifier_group_ids: Sequence[int]


@unit_of_work
def create_menu_item(*, actor: Actor, **fields: Unpack[DishChanges]) -> MenuItem:
    """Put a dish on the menu. Announces ``menu-item:updated``.

    Raises NotAllowed, NotFound for ids that the restaurant hasn't, InvalidFields, and Duplicate for an
    ``external_id`` in use.
    """
    actor.require(Role.MANAGER, to="change the menu", scope=Scope.MENU_WRITE)
    dish = MenuItem(restaurant_id=actor.restaurant_id)
    _set_columns(dish, fields)
    _share_parts(dish.restaurant_id, fields)
    save_once(dish, _TAKEN)
    _set_parts(dish, fields)
    return dish


@unit_of_work
def update_menu_item(*, row_id: int, actor: Actor, **changes: Unpack[DishChanges]) -> MenuItem:
    """Change fields of a dish: the ones given, and no others. Orders keep what they were taken with.

    Locks the dish, and where its allergens are written the stations: open tickets with it are looked over then.
    Announces ``menu-item:updated``; nothing when nothing differs.

    Raises NotAllowed, NotFound, InvalidFields, Duplicate.
    """
    actor.require(Role.MANAGER, to="change the menu", scope=Scope.MENU_WRITE)
    dish = require_unit().lock(MenuItem, row_id, restaurant_id=actor.restaurant_id)
    if "allergen_ids" in changes:
        signals.dish_allergens_set.send(sender=MenuItem, allergen_ids=changes["allergen_ids"], actor=actor)
    _set_columns(dish, changes)
    _share_parts(dish.restaurant_id, changes)
    save_once(dish, _TAKEN)
    if "allergen_ids" in changes or "modifier_group_ids" in changes:
        own = MenuItem.objects.filter(pk=dish.pk)
        with telling_menu_changes(dish.restaurant_id, own, "allergens", "modifier_groups"):
            _set_parts(dish, changes)
    return dish


@unit_of_work
def delete_menu_item(*, row_id: int, actor: Actor) -> None:
    """Take a dish off the menu that nobody has ordered, and its picture with it.

    Locks the dish. Raises NotAllowed, NotFound, and InUse once it was ordered: it is 86'd then.
    """
    actor.require(Role.MANAGER, to="change the menu", scope=Scope.MENU_WRITE)
    dish = require_unit().lock(MenuItem, row_id, restaurant_id=actor.restaurant_id)
    check_unused(dish)
    dish.delete()
    if dish.image:
        once_committed(partial(forget_picture, dish.image))


@unit_of_work
def set_availability(*, menu_item_id: int, actor: Actor, **changes: Unpack[Availability]) -> MenuItem:
    """86 a dish, have it back, or count its portions.

    Locks the dish. Announces ``menu-item:updated`` when anything differs. Raises NotAllowed, NotFound.
    """
    actor.require(Role.MANAGER, Role.KITCHEN, to="set availability", scope=Scope.MENU_WRITE)
    dish = require_unit().lock(MenuItem, menu_item_id, restaurant_id=actor.restaurant_id)
    for name, value in changes.items():
        setattr(dish, name, value)
    dish.save()
    return dish


def _set_columns(dish: MenuItem, fields: Mapping[str, object]) -> None:
    """Set what is kept in the dish's own row. Rows that it refers to are locked, so that nobody deletes them meanwhile.

    Raises NotFound for ids that the restaurant hasn't, InvalidFields for a price that nobody can pay.
    """
    missing = [
        FieldProblem(f"/{name}", "not_found", f"There is no such {called}.")
        for name, (model, called) in _ROWS_OF.items()
        if (row_id := fields.get(name)) is not None
        and not read_rows(model, "WHERE restaurant_id = %s AND id = %s FOR KEY SHARE", dish.restaurant_id, row_id)
    ]
    if missing:
        raise NotFound(missing[0].detail, problems=missing)
    price = fields.get("price")
    if isinstance(price, Decimal):
        check_prices(dish.restaurant_id, {"/price": price})
    for name, value in fields.items():
        if name not in ("allergen_ids", "modifier_group_ids"):
            setattr(dish, name, "" if name == "external_id" and value is None else value)


def check_prices(restaurant_id: int, prices: Mapping[str, Decimal]) -> None:
    """Raise InvalidFields for {pointer: price} finer than the unit of the restaurant's currency, naming each."""
    if not prices:
        return
    currency = book_of(restaurant_id).restaurant.currency
    why = {pointer: why_not_payable(price, currency) for pointer, price in prices.items()}
    problems = [FieldProblem(pointer, "currency_unit", detail) for pointer, detail in why.items() if detail]
    if problems:
        raise InvalidFields(problems)


def _share_parts(restaurant_id: int, fields: DishChanges) -> None:
    """Lock what the dish is to contain and to offer, so that nobody deletes it meanwhile.

    Before the dish is written: whoever deletes such a row has it locked, and then renews what each process keeps of
    the menu, as writing the dish does. Raises as ``_share`` does.
    """
    if "allergen_ids" in fields:
        _share(Allergen, restaurant_id, fields["allergen_ids"], "/allergen_ids", "allergen")
    if "modifier_group_ids" in fields:
        _share(ModifierGroup, restaurant_id, fields["modifier_group_ids"], "/modifier_group_ids", "modifier group")


def _set_parts(dish: MenuItem, fields: DishChanges) -> None:
    """Set the allergens that the dish contains, and the choices that it offers, in their order."""
    if "allergen_ids" in fields:
        wanted = fields["allergen_ids"]
        kept = _drop(MenuItemAllergen.objects.filter(menu_item=dish), "allergen_id", wanted)
        MenuItemAllergen.objects.bulk_create(
            MenuItemAllergen(menu_item=dish, allergen_id=row_id) for row_id in wanted if row_id not in kept
        )
    if "modifier_group_ids" in fields:
        wanted = fields["modifier_group_ids"]
        kept = _drop(MenuItemModifierGroup.objects.filter(menu_item=dish), "group_id", wanted)
        for position, row_id in enumerate(wanted):
            choice = kept.get(row_id) or MenuItemModifierGroup(menu_item=dish, group_id=row_id, position=-1)
            if choice.position != position:
                choice.position = position
                choice.save()


def _share(model: type[models.Model], restaurant_id: int, ids: Sequence[int], pointer: str, called: str) -> None:
    """Share the rows' keys, by id; raises InvalidFields for one that is named twice, NotFound for those not ours."""
    repeated = [
        FieldProblem(f"{pointer}/{index}", "duplicate", "This is named twice.")
        for index, row_id in enumerate(ids)
        if row_id in ids[:index]
    ]
    if repeated:
        raise InvalidFields(repeated)
    which = "WHERE restaurant_id = %s AND id = ANY(%s) ORDER BY id FOR KEY SHARE"
    own = {row.pk for row in read_rows(model, which, restaurant_id, sorted(ids))} if ids else set()
    missing = [
        FieldProblem(f"{pointer}/{index}", "not_found", f"There is no such {called}.")
        for index, row_id in enumerate(ids)
        if row_id not in own
    ]
    if missing:
        raise NotFound(missing[0].detail, problems=missing)


def _drop(rows: models.QuerySet[Any], column: str, wanted: Iterable[int]) -> dict[int, Any]:
    """Delete the rows of which the column names nothing that is wanted; return the others by that column."""
    found = {getattr(row, column): row for row in rows}
    gone = [row.pk for row_id, row in found.items() if row_id not in set(wanted)]
    if gone:
        rows.filter(pk__in=gone).delete()
    return {row_id: row for row_id, row in found.items() if row.pk not in gone}
