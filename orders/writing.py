# ruff: noqa: S608 - the statements are made of the names of our own tables and columns
"""Rows of a model, inserted and updated by statements that are always the same, whatever they say.

The values go over as one JSON document, which PostgreSQL takes apart by the types of the columns; so a statement is
prepared once, also for any number of rows. Django would compile it anew each time: a third of what an order costs.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import Any

import msgspec
from django.contrib.postgres.fields import ArrayField
from django.db import connection, models

from orders.statements import fetch

_encode = msgspec.json.Encoder().encode
_PLAIN = (
    models.CharField,
    models.TextField,
    models.IntegerField,
    models.DecimalField,
    models.BooleanField,
    models.DateField,
    models.TimeField,
    models.UUIDField,
    models.JSONField,
    models.ForeignKey,
    ArrayField,
)
_SIZE = re.compile(r"\(.*?\)")


@functools.cache
def _fields(model: type[models.Model]) -> tuple[models.Field[Any, Any], ...]:
    return tuple(field for field in model._meta.concrete_fields if not field.primary_key)  # noqa: SLF001


@functools.cache
def can_write(model: type[models.Model]) -> bool:
    """Whether all that the model's columns hold can be said in JSON, and its key is the database's to give."""
    key = model._meta.pk  # noqa: SLF001
    return (
        isinstance(key, models.AutoField)
        and not model._meta.parents  # noqa: SLF001
        and all(isinstance(field, _PLAIN) for field in _fields(model))
    )


@functools.cache
def _stamped(model: type[models.Model]) -> tuple[models.Field[Any, Any], ...]:
    """Return the fields that have a say in what is written, such as the moment of making."""
    return tuple(field for field in _fields(model) if type(field).pre_save is not models.Field.pre_save)


def _document(rows: Sequence[models.Model]) -> str:
    """Write what the rows say, by their columns."""
    columns = [(field.column, field.attname) for field in _fields(type(rows[0]))]
    for row in rows:
        for field in _stamped(type(row)):
            field.pre_save(row, add=True)
    return _encode([{column: row.__dict__[name] for column, name in columns} for row in rows]).decode()


def _names(fields: Sequence[models.Field[Any, Any]]) -> str:
    return ", ".join(f'"{field.column}"' for field in fields)


def _types(fields: Sequence[models.Field[Any, Any]]) -> str:
    """Return the columns with their types; sizes are left to the table, which refuses what is too long."""
    return ", ".join(f'"{field.column}" {_SIZE.sub("", field.db_type(connection) or "")}' for field in fields)


def _rows_of(fields: Sequence[models.Field[Any, Any]]) -> str:
    """Return the rows of a document as a table, numbered as they stand in it."""
    return (
        f"ROWS FROM (json_to_recordset(%s::json) AS ({_types(fields)})) WITH ORDINALITY"
        f' AS listed ({_names(fields)}, "number in list")'
    )


@functools.cache
def _statement(model: type[models.Model]) -> str:
    fields = _fields(model)
    return (
        f'INSERT INTO "{model._meta.db_table}" ({_names(fields)})'  # noqa: SLF001
        f' SELECT {_names(fields)} FROM {_rows_of(fields)} ORDER BY "number in list"'
        f' RETURNING "{model._meta.pk.column}"'  # noqa: SLF001
    )


@functools.cache
def _family_statement(parent: type[models.Model], child: type[models.Model], link: str) -> str:
    own = [field for field in _fields(child) if field.name != link]
    key = child._meta.get_field(link)  # noqa: SLF001
    assert isinstance(key, models.ForeignKey)
    return (
        f"WITH parent (id) AS ({_statement(parent)}), child (id) AS ("
        f'INSERT INTO "{child._meta.db_table}" ("{key.column}", {_names(own)})'  # noqa: SLF001
        f" SELECT parent.id, {_names(own)}"
        f' FROM parent, {_rows_of(own)} ORDER BY "number in list" RETURNING "{child._meta.pk.column}")'  # noqa: SLF001
        " SELECT (SELECT id FROM parent), ARRAY(SELECT id FROM child)"
    )


def insert_rows(rows: Sequence[models.Model]) -> list[int]:
    """Insert rows of one model, and return the keys that they were given, in their order."""
    return [key for (key,) in fetch(_statement(type(rows[0])), _document(rows))] if rows else []


def insert_family(parent: models.Model, children: Sequence[models.Model], link: str) -> tuple[int, list[int]]:
    """Insert a row and those that refer to it by their field ``link``; return the keys that they were given."""
    ((key, keys),) = fetch(
        _family_statement(type(parent), type(children[0]), link), _document([parent]), _document(children)
    )
    return key, keys


@functools.lru_cache(1000)
def _update_statement(model: type[models.Model], columns: tuple[str, ...]) -> str:
    fields = [field for field in _fields(model) if field.column in columns]
    return (
        f'UPDATE "{model._meta.db_table}" AS stored SET '  # noqa: SLF001
        + ", ".join(f'"{field.column}" = said."{field.column}"' for field in fields)
        + f" FROM json_to_record(%s::json) AS said ({_types(fields)})"
        + f' WHERE stored."{model._meta.pk.column}" = %s RETURNING 1'  # noqa: SLF001
    )


def update_row(model: type[models.Model], key: int, values: dict[str, Any]) -> bool:
    """Write {column: value} to a row; False where there is no such."""
    return bool(fetch(_update_statement(model, tuple(sorted(values))), _encode(values).decode(), key))
