"""Dishes that look different on the menu although their own rows are the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db.models import QuerySet

from orders.models import MenuItem
from orders.selectors import menu_of
from orders.shapes import as_builtins, menu_item_shape
from orders.units import Change, require_unit

Looks = dict[int, tuple[MenuItem, dict[str, Any]]]


@contextmanager
def telling_menu_changes(restaurant_id: int, dishes: QuerySet[MenuItem], *parts: str) -> Iterator[None]:
    """Announce ``menu-item:updated`` for each of the dishes of which what is done here changes a part.

    ``parts`` are fields of the dish's shape that are kept in other rows: its category's name, its allergens, its
    choices. Eight queries, however many dishes. Needs a unit of work.
    """
    ids = list(dishes.order_by().values_list("pk", flat=True))
    before = _looks(restaurant_id, ids, parts)
    yield
    for pk, (dish, look) in _looks(restaurant_id, ids, parts).items():
        was = before[pk][1]
        fields = {part: (was[part], look[part]) for part in parts if was[part] != look[part]}
        if fields:
            require_unit().note(Change(dish, "updated", fields, pk=pk, before=dish.loaded))


def _looks(restaurant_id: int, ids: list[int], parts: tuple[str, ...]) -> Looks:
    if not ids:
        return {}
    looks: Looks = {}
    for dish in menu_of(restaurant_id).filter(pk__in=ids):
        shape = as_builtins(menu_item_shape(dish))
        looks[dish.pk] = (dish, {part: shape[part] for part in parts})
    return looks
