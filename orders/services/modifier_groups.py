"""The choices that guests have with a dish, and what there is to choose from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import TypedDict, Unpack

from orders.actors import Actor
from orders.errors import FieldProblem, InUse, InvalidFields, NotFound
from orders.in_use import check_unused, why_kept
from orders.models import MenuItem, Modifier, ModifierGroup
from orders.reading import read_rows
from orders.scopes import Scope
from orders.services.menu import check_prices
from orders.services.menu_news import telling_menu_changes
from orders.states import Role
from orders.units import require_unit, unit_of_work


class AskedModifier(TypedDict, total=False):
    """A modifier as a list of them names it: one that there is by its ``id``, else a new one."""

    id: int
    name: str
    price: Decimal
    is_available: bool


class GroupChanges(TypedDict, total=False):
    """The fields of a group that may be sent; ``modifiers`` are all that it then has, in their order."""

    name: str
    min: int
    max: int
    modifiers: Sequence[AskedModifier]


@unit_of_work
def create_modifier_group(*, actor: Actor, **fields: Unpack[GroupChanges]) -> ModifierGroup:
    """Add a choice that dishes can offer. Raises NotAllowed, InvalidFields."""
    actor.require(Role.MANAGER, to="change the menu", scope=Scope.MENU_WRITE)
    group = ModifierGroup(restaurant_id=actor.restaurant_id)
    _set_columns(group, fields)
    group.save()
    _set_modifiers(group, fields.get("modifiers", ()))
    return group


@unit_of_work
def update_modifier_group(*, row_id: int, actor: Actor, **changes: Unpack[GroupChanges]) -> ModifierGroup:
    """Change fields of a choice: the ones given, and no others; the dishes that offer it are announced.

    Locks the group. Raises NotAllowed, NotFound, InvalidFields, and InUse for a modifier that would go but was
    ordered: it can be made unavailable.
    """
    actor.require(Role.MANAGER, to="change the menu", scope=Scope.MENU_WRITE)
    group = require_unit().lock(ModifierGroup, row_id, restaurant_id=actor.restaurant_id)
    with telling_group_changes(group):
        _set_columns(group, changes)
        group.save()
        if "modifiers" in changes:
            _set_modifiers(group, changes["modifiers"])
    return group


@unit_of_work
def delete_modifier_group(*, row_id: int, actor: Actor) -> None:
    """Drop a choice that no dish offers, and nothing of which was ordered. Raises NotAllowed, NotFound, InUse."""
    actor.require(Role.MANAGER, to="change the menu", scope=Scope.MENU_WRITE)
    # Locked also against a dish that would offer it now, which shares its key.
    found = read_rows(ModifierGroup, "WHERE id = %s AND restaurant_id = %s FOR UPDATE", row_id, actor.restaurant_id)
    if not found:
        raise NotFound("There is no such modifier group.")
    check_unused(found[0])
    found[0].delete()


@contextmanager
def telling_group_changes(group: ModifierGroup) -> Iterator[None]:
    """Announce the dishes that offer a group in which something is changed here."""
    # Of one that is not saved yet there are none; asked for no group at all, Django would find those without any.
    dishes = MenuItem.objects.none() if group._state.adding else MenuItem.objects.filter(choices__group=group)  # noqa: SLF001
    with telling_menu_changes(group.restaurant_id, dishes, "modifier_groups"):
        yield


def _set_columns(group: ModifierGroup, fields: GroupChanges) -> None:
    if "name" in fields:
        group.name = fields["name"]
    group.min = fields.get("min", group.min)
    group.max = fields.get("max", group.max)
    if group.min > group.max:
        pointer = "/min" if "min" in fields else "/max"
        raise InvalidFields.one(pointer, "range", f"At least {group.min} of at most {group.max} can't be chosen.")


def _set_modifiers(group: ModifierGroup, asked: Sequence[AskedModifier]) -> None:
    """Have the group consist of these, in this order."""
    present = {modifier.pk: modifier for modifier in group.modifiers.all()}
    _check_modifiers(asked, present)
    check_prices(
        group.restaurant_id,
        {f"/modifiers/{index}/price": each["price"] for index, each in enumerate(asked) if "price" in each},
    )
    named = {modifier["id"] for modifier in asked if "id" in modifier}
    for pk, modifier in present.items():
        if pk not in named:
            _remove(modifier)
    for position, fields in enumerate(asked):
        modifier = present[fields["id"]] if "id" in fields else Modifier(group=group)
        said = {name: value for name, value in fields.items() if name != "id"} | {"position": position}
        if "id" not in fields or any(getattr(modifier, name) != value for name, value in said.items()):
            for name, value in said.items():
                setattr(modifier, name, value)
            modifier.save()


def _check_modifiers(asked: Sequence[AskedModifier], present: dict[int, Modifier]) -> None:
    """Raise NotFound for ids that the group hasn't, InvalidFields for one named twice and for a new one unnamed."""
    missing, wrong = [], []
    seen: set[int] = set()
    for index, modifier in enumerate(asked):
        pk = modifier.get("id")
        if pk is None:
            if "name" not in modifier:
                wrong.append(FieldProblem(f"/modifiers/{index}/name", "required", "A new modifier has a name."))
        elif pk not in present:
            missing.append(FieldProblem(f"/modifiers/{index}/id", "not_found", "The group has no such modifier."))
        elif pk in seen:
            wrong.append(FieldProblem(f"/modifiers/{index}/id", "duplicate", "This is named twice."))
        seen |= {pk} if pk else set()
    if wrong:
        raise InvalidFields(wrong)
    if missing:
        raise NotFound("The group has no such modifier.", problems=missing)


def _remove(modifier: Modifier) -> None:
    reason = why_kept(modifier)
    if reason is not None:
        detail = f"{modifier} can't be removed. {reason}"
        raise InUse(detail, problems=[FieldProblem("/modifiers", "in_use", detail, {"modifier_id": modifier.pk})])
    modifier.delete()
