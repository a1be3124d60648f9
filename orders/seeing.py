"""Rows that are read to be shown, and never to be changed.

A page of fifty orders is fifty orders, a few hundred lines and their modifiers. As models each remembers what it was
loaded with and carries managers for what hangs on it; a list needs none of that, and is made of the database's answer
in a fifth of the time. What is seen has the model's columns, its properties and its related rows, and nothing else.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any, TypeVar

from django.db.models import Model, QuerySet

M = TypeVar("M", bound=Model)


class Related(list[Any]):
    """The rows that hang on one, as a model's manager gives them."""

    def all(self) -> Related:
        """Return them."""
        return self


class Seen:
    """A row as the database gave it."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.__dict__ = values

    @property
    def pk(self) -> int:
        """The row's id."""
        number: int = self.__dict__["id"]
        return number


@functools.cache
def _kind(model: type[Model]) -> type[Seen]:
    """Return the class of seen rows of a model: it has the properties that the model itself defines."""
    properties = {name: value for name, value in vars(model).items() if isinstance(value, property)}
    return type(model.__name__, (Seen,), properties)


def seen(rows: QuerySet[M]) -> list[M]:
    """Read rows to be shown: one query, whatever the queryset would prefetch."""
    kind: Any = _kind(rows.model)
    names = [field.attname for field in rows.model._meta.concrete_fields]  # noqa: SLF001
    found = rows.prefetch_related(None).values_list(*names)
    return [kind(dict(zip(names, values, strict=True))) for values in found]


def hang(parents: Iterable[Any], name: str, rows: QuerySet[Any], column: str) -> list[Any]:
    """Read the rows whose ``column`` names one of the parents, and hang them on these under a name: one query.

    Returns the rows. They keep the order of the queryset.
    """
    by_id = {parent.pk: Related() for parent in parents}
    for parent in parents:
        parent.__dict__[name] = by_id[parent.pk]
    if not by_id:
        return []
    children: list[Any] = seen(rows.filter(**{f"{column}__in": by_id}))
    for child in children:
        by_id[getattr(child, column)].append(child)
    return children
