# ruff: noqa: S608, SLF001 - the statements are made of the names of our own tables and columns
"""Rows of a model, read by a statement that the server has prepared: what a service needs before it can begin."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, models

from orders.statements import fetch

M = TypeVar("M", bound=models.Model)
Converter = Callable[[Any, Any, Any], Any]


@functools.cache
def _selection(model: type[models.Model]) -> tuple[str, list[str], list[tuple[int, Converter]]]:
    """Return the statement's beginning, the names of what it reads, and what is to be converted at which place."""
    fields = model._meta.concrete_fields
    columns = ", ".join(f'"{field.column}"' for field in fields)
    converters = [
        (place, converter) for place, field in enumerate(fields) for converter in field.get_db_converters(connection)
    ]
    return f'SELECT {columns} FROM "{model._meta.db_table}"', [field.attname for field in fields], converters


def read_rows(model: type[M], which: str, *values: Any) -> list[M]:
    """Return the rows that ``which`` names (a constant text, from WHERE on), as a queryset would make them."""
    selection, names, converters = _selection(model)
    return [
        model.from_db(DEFAULT_DB_ALIAS, names, _converted(row, converters))
        for row in fetch(f"{selection} {which}", *values)
    ]


def _converted(row: tuple[Any, ...], converters: list[tuple[int, Converter]]) -> list[Any]:
    values = list(row)
    for place, converter in converters:
        values[place] = converter(values[place], None, connection)
    return values
