# ruff: noqa: SLF001 - Django's prefetched rows are kept where Django itself looks for them
"""The rows of one order in memory: read once in a unit of work, and the same objects for everybody in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import models

from orders.actors import Actor
from orders.errors import StaleVersion
from orders.models import Order, OrderItem
from orders.reading import read_rows
from orders.units import require_unit


def lock_order(order_id: int, *, actor: Actor, version: int | None = None) -> Order:
    """Return the actor's restaurant's order, locked until the unit ends.

    Raises NotFound, and StaleVersion if ``version`` is given and is not the row's.
    """
    order = require_unit().lock(Order, order_id, restaurant_id=actor.restaurant_id)
    if version is not None and version != order.version:
        raise StaleVersion(version=version, current=order.version)
    return order


def rows_of(parent: models.Model, name: str) -> list[Any]:
    """Return the related rows as the list that the parent keeps: changes to it are seen by who reads the parent."""
    cache = _cache(parent)
    if name not in cache:
        relation: Any = parent._meta.get_field(name)
        keep_rows(parent, name, _children([parent], relation))
    queryset = cache[name]
    if queryset._result_cache is None:
        queryset._fetch_all()
    return queryset._result_cache  # type: ignore[no-any-return]


def _children(parents: Sequence[models.Model], relation: models.ManyToOneRel) -> list[Any]:
    """Read the rows that refer to the parents, by their keys; each knows its parent."""
    link = relation.field
    of_key = {parent.pk: parent for parent in parents}
    rows = read_rows(relation.related_model, f'WHERE "{link.column}" = ANY(%s) ORDER BY id', list(of_key))
    for row in rows:
        link.set_cached_value(row, of_key[getattr(row, link.attname)])
    return rows


def keep_rows(parent: models.Model, name: str, rows: list[Any]) -> None:
    """Give the parent its related rows, all of them, so that nobody need read them."""
    queryset = getattr(parent, name).all()
    queryset._result_cache = rows
    queryset._prefetch_done = True
    _cache(parent)[name] = queryset


def _cache(parent: models.Model) -> dict[str, Any]:
    if not hasattr(parent, "_prefetched_objects_cache"):
        parent._prefetched_objects_cache = {}  # type: ignore[attr-defined]
    return parent._prefetched_objects_cache  # type: ignore[attr-defined, no-any-return]


def lines_of(order: Order) -> list[OrderItem]:
    """Return the order's items with their modifiers."""
    if "items" in _cache(order):
        return rows_of(order, "items")
    lines: list[OrderItem] = rows_of(order, "items")
    relation: Any = OrderItem._meta.get_field("modifiers")
    modifiers = _children(lines, relation) if lines else []
    for line in lines:
        keep_rows(line, "modifiers", [modifier for modifier in modifiers if modifier.item_id == line.pk])
    return lines
