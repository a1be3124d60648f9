# ruff: noqa: SLF001 - Django's prefetched rows are kept where Django itself looks for them
"""The rows of one order in memory: read once in a unit of work, and the same objects for everybody in it."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import prefetch_related_objects

from orders.actors import Actor
from orders.errors import StaleVersion
from orders.models import Order, OrderItem
from orders.units import require_unit


def lock_order(order_id: int, *, actor: Actor, version: int | None = None) -> Order:
    """Return the actor's restaurant's order, locked until the unit ends.

    Raises NotFound, and StaleVersion if ``version`` is given and is not the row's.
    """
    order = require_unit().lock(Order.objects.filter(restaurant_id=actor.restaurant_id), order_id)
    if version is not None and version != order.version:
        raise StaleVersion(version=version, current=order.version)
    return order


def rows_of(parent: models.Model, name: str, *lookups: str) -> list[Any]:
    """Return the related rows as the list that the parent keeps: changes to it are seen by who reads the parent."""
    cache = _cache(parent)
    if name not in cache:
        prefetch_related_objects([parent], name, *lookups)
    queryset = _cache(parent)[name]
    if queryset._result_cache is None:
        queryset._fetch_all()
    return queryset._result_cache  # type: ignore[no-any-return]


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
    return rows_of(order, "items", "items__modifiers")
