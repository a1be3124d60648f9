"""What keeps a row from being deleted: asked with EXISTS, since a dish may have been ordered a million times."""

from __future__ import annotations

from typing import Any

from django.db import models

from orders.errors import InUse
from orders.models import (
    Allergen,
    Category,
    FoodType,
    MenuItem,
    MenuItemAllergen,
    MenuItemModifierGroup,
    Modifier,
    ModifierGroup,
    Order,
    OrderItem,
    OrderItemModifier,
    Table,
)

# For each kind of row: the rows that may refer to it, by which field, and what is said of it then.
_KEEPERS: dict[type[models.Model], list[tuple[Any, str, str]]] = {
    Category: [(MenuItem, "category", "There are dishes in it.")],
    FoodType: [(MenuItem, "food_type", "Dishes are of this type.")],
    Allergen: [(MenuItemAllergen, "allergen", "Dishes contain it.")],
    ModifierGroup: [
        (MenuItemModifierGroup, "group", "Dishes offer it."),
        (OrderItemModifier, "modifier__group", "It was ordered from: take it off the dishes instead."),
    ],
    Modifier: [(OrderItemModifier, "modifier", "It was ordered: make it unavailable instead.")],
    MenuItem: [(OrderItem, "menu_item", "It was ordered: 86 it instead.")],
    Table: [(Order, "table", "There are orders of it.")],
}


def keep(row: type[models.Model], *, by: Any, path: str, reason: str) -> None:
    """Keep rows of a kind from being deleted while another app's refer to them by ``path``, for this reason."""
    _KEEPERS.setdefault(row, []).append((by, path, reason))


def why_kept(row: models.Model) -> str | None:
    """Return why the row can't be deleted, or None where nothing refers to it."""
    for model, path, reason in _KEEPERS.get(type(row), ()):
        if model.objects.filter(**{path: row.pk}).exists():
            return reason
    return None


def check_unused(row: models.Model) -> None:
    """Raise InUse, with the reason, when the row can't be deleted."""
    reason = why_kept(row)
    if reason is not None:
        raise InUse(f"{row} can't be deleted. {reason}")
