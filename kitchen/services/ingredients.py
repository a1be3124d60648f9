"""Ingredients: taken up, counted, dropped, and which allergens are in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TypedDict, Unpack

from kitchen.measures import converted, is_exact, is_same_kind, told
from kitchen.models import Ingredient, IngredientAllergen, RecipeIngredient
from kitchen.services.new_allergens import ask_once_written, hold_tickets
from orders.actors import Actor
from orders.errors import FieldProblem, InUse, InvalidFields, NotFound
from orders.in_use import check_unused
from orders.models import Allergen
from orders.reading import read_rows
from orders.scopes import Scope
from orders.services.saving import save_once
from orders.states import Role
from orders.units import require_unit, unit_of_work

# What a count may be, in any unit; the column holds a hundred times as much, so that using up never ends there.
MOST_ON_HAND = Decimal("999999999.999")
_TAKEN: Mapping[str, tuple[str, str]] = {"ingredient_once": ("/name", "There is an ingredient of this name.")}


class IngredientChanges(TypedDict, total=False):
    """The fields of an ingredient that may be sent; ``on_hand`` is what was counted, in ``unit``."""

    name: str
    unit: str
    on_hand: Decimal
    allergen_ids: Sequence[int]
    may_contain_ids: Sequence[int]


@unit_of_work
def create_ingredient(*, actor: Actor, **fields: Unpack[IngredientChanges]) -> Ingredient:
    """Take up an ingredient. Raises NotAllowed, Duplicate, InvalidFields, NotFound for allergens of nobody's."""
    actor.require(Role.MANAGER, to="change ingredients", scope=Scope.MENU_WRITE)
    ingredient = Ingredient(
        restaurant_id=actor.restaurant_id,
        name=fields["name"],
        unit=fields["unit"],
        on_hand=fields.get("on_hand", Decimal(0)),
    )
    save_once(ingredient, _TAKEN)
    _set_allergens(ingredient, fields)
    return ingredient


@unit_of_work
def update_ingredient(*, row_id: int, actor: Actor, **changes: Unpack[IngredientChanges]) -> Ingredient:
    """Change fields of an ingredient: the ones given, and no others. A count replaces what was reckoned with.

    Locks the ingredient, which what is being made takes from; before it the stations, where its allergens are
    written: open tickets that it is in ask for a word then. In another unit of its kind what is on hand is told
    anew; for one of another kind it has to be given too, unless there is nothing. Raises an alert when the count is
    below zero and was not.

    Raises NotAllowed, NotFound, Duplicate, InvalidFields, and InUse for a unit of another kind while recipes take it.
    """
    actor.require(Role.MANAGER, to="change ingredients", scope=Scope.MENU_WRITE)
    if "allergen_ids" in changes or "may_contain_ids" in changes:
        hold_tickets(actor)
    ingredient = _lock(row_id, actor, wholly="unit" in changes)
    if changes.get("unit", ingredient.unit) != ingredient.unit:
        _change_unit(ingredient, changes["unit"], is_counted="on_hand" in changes)
    ingredient.name = changes.get("name", ingredient.name)
    ingredient.on_hand = changes.get("on_hand", ingredient.on_hand)
    save_once(ingredient, _TAKEN)
    ask_once_written(_set_allergens(ingredient, changes), actor=actor)
    return ingredient


@unit_of_work
def delete_ingredient(*, row_id: int, actor: Actor) -> None:
    """Drop an ingredient that no recipe has ever taken, and of which nothing was used.

    Locks the ingredient. Raises NotAllowed, NotFound, InUse.
    """
    actor.require(Role.MANAGER, to="change ingredients", scope=Scope.MENU_WRITE)
    ingredient = _lock(row_id, actor, wholly=True)
    check_unused(ingredient)
    ingredient.delete()


def _lock(ingredient_id: int, actor: Actor, *, wholly: bool) -> Ingredient:
    """Return the ingredient locked until the unit ends; ``wholly`` also against recipes that would name it now.

    Whoever finishes a dish locks the ingredient before the stream, and so never waits for this lock with that one
    held.
    """
    if not wholly:
        return require_unit().lock(Ingredient, ingredient_id, restaurant_id=actor.restaurant_id)
    found = read_rows(Ingredient, "WHERE id = %s AND restaurant_id = %s FOR UPDATE", ingredient_id, actor.restaurant_id)
    if not found:
        raise NotFound("There is no such ingredient.")
    require_unit().adopt(found[0])
    return found[0]


def _change_unit(ingredient: Ingredient, unit: str, *, is_counted: bool) -> None:
    if not is_same_kind(ingredient.unit, unit):
        # Of earlier versions too: what they take is still written off for the tickets that were opened by them.
        if RecipeIngredient.objects.filter(ingredient=ingredient).exists():
            detail = f"Recipes take {ingredient.name} in {ingredient.unit}: it can't be counted in {unit}."
            raise InUse(detail, problems=[FieldProblem("/unit", "in_use", detail)])
        if ingredient.on_hand and not is_counted:
            raise InvalidFields.one("/on_hand", "required", f"Say how much of it is on hand in {unit}.")
    else:
        _check_told(ingredient, unit)
    if is_same_kind(ingredient.unit, unit) and not is_counted:
        on_hand = converted(ingredient.on_hand, ingredient.unit, unit)
        if abs(on_hand) > MOST_ON_HAND:
            raise InvalidFields.one("/unit", "max_value", f"{told(on_hand, unit)} on hand are more than can be told.")
        ingredient.on_hand = on_hand
    ingredient.unit = unit


def _check_told(ingredient: Ingredient, unit: str) -> None:
    """Raise InUse where a recipe takes less than can be told in the unit: it would be written off many times over."""
    for use in RecipeIngredient.objects.filter(ingredient=ingredient):
        if not is_exact(use.quantity, use.unit, unit):
            detail = (
                f"A recipe takes {told(use.quantity, use.unit)} of {ingredient.name}: {unit} is too coarse for that."
            )
            raise InUse(detail, problems=[FieldProblem("/unit", "in_use", detail)])


def _set_allergens(ingredient: Ingredient, fields: IngredientChanges) -> list[int]:
    """Set what is in the ingredient, and what may be: an allergen is one of the two. Return what was written."""
    if "allergen_ids" not in fields and "may_contain_ids" not in fields:
        return []
    present = {row.allergen_id: row for row in IngredientAllergen.objects.filter(ingredient=ingredient)}
    contained = fields.get("allergen_ids", [pk for pk, row in present.items() if not row.is_trace])
    traces = fields.get("may_contain_ids", [pk for pk, row in present.items() if row.is_trace and pk not in contained])
    _check_allergens(ingredient.restaurant_id, fields, contained)
    wanted = dict.fromkeys(traces, True) | dict.fromkeys(contained, False)
    for pk, row in present.items():
        if pk not in wanted:
            row.delete()
        elif row.is_trace != wanted[pk]:
            row.is_trace = wanted[pk]
            row.save()
    IngredientAllergen.objects.bulk_create(
        IngredientAllergen(ingredient=ingredient, allergen_id=pk, is_trace=is_trace)
        for pk, is_trace in wanted.items()
        if pk not in present
    )
    return list(wanted)


def _check_allergens(restaurant_id: int, fields: IngredientChanges, contained: Sequence[int]) -> None:
    """Raise NotFound for allergens that are not the restaurant's, InvalidFields for one that is named twice.

    Locks them, by id: whoever deletes one waits before renewing what each process keeps, as we are about to.
    """
    named = {"allergen_ids": fields.get("allergen_ids", ()), "may_contain_ids": fields.get("may_contain_ids", ())}
    ids = {pk for each in named.values() for pk in each}
    which = "WHERE restaurant_id = %s AND id = ANY(%s) ORDER BY id FOR KEY SHARE"
    own = {row.pk for row in read_rows(Allergen, which, restaurant_id, sorted(ids))} if ids else set()
    missing, twice = [], []
    for name, each in named.items():
        for index, pk in enumerate(each):
            pointer = f"/{name}/{index}"
            if pk not in own:
                missing.append(FieldProblem(pointer, "not_found", "There is no such allergen."))
            elif pk in each[:index]:
                twice.append(FieldProblem(pointer, "duplicate", "This is named twice."))
            elif name == "may_contain_ids" and pk in contained:
                twice.append(FieldProblem(pointer, "duplicate", "It is in there, and so not only traces of it."))
    if missing:
        raise NotFound(missing[0].detail, problems=missing)
    if twice:
        raise InvalidFields(twice)
