"""Statements that are sent for every order: the server binds their values, prepares them once, and keeps the plan."""

from __future__ import annotations

from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections


def fetch(sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """Run one statement of which the text is always the same, and return its rows.

    Django writes values into the text and has it parsed and planned anew each time, which for an order with its
    events is more work than the order. Otherwise this is a statement like any other: wrapped, logged, its errors
    are Django's. It is prepared once it has been seen ``prepare_threshold`` times (config.connections).
    """
    with _cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()  # type: ignore[no-any-return]


def _cursor() -> Any:
    own: Any = connections[DEFAULT_DB_ALIAS]
    if own.queries_logged:  # where somebody looks on, with the values in the text
        return own.cursor()
    own.close_if_health_check_failed()
    own.ensure_connection()
    return own._prepare_cursor(psycopg.Cursor(own.connection))  # noqa: SLF001
