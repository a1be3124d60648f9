"""Statements that are sent for every order: the server binds their values, prepares them once, and keeps the plan."""

from __future__ import annotations

import threading
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections


class _OfThread(threading.local):
    """The cursor that a thread used last; a connection is one thread's at a time, and so is its cursor."""

    cursor: psycopg.Cursor[Any] | None = None


_of_thread = _OfThread()


def fetch(sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """Run one statement of which the text is always the same, and return its rows.

    Django writes values into the text and has it parsed and planned anew each time, which for an order with its
    events is more work than the order. Otherwise this is a statement like any other: wrapped, logged, its errors
    are Django's. It is prepared once it has been seen ``prepare_threshold`` times (config.connections).
    """
    own: Any = connections[DEFAULT_DB_ALIAS]
    if own.queries_logged:  # where somebody looks on, with the values in the text
        with own.cursor() as cursor:
            cursor.execute(sql, values)
            return cursor.fetchall()  # type: ignore[no-any-return]
    own.close_if_health_check_failed()
    own.ensure_connection()
    cursor = own.make_cursor(_cursor_of(own.connection))
    cursor.execute(sql, values)
    return cursor.fetchall()  # type: ignore[no-any-return]


def _cursor_of(connection: psycopg.Connection[Any]) -> psycopg.Cursor[Any]:
    cursor = _of_thread.cursor
    if cursor is None or cursor.connection is not connection:
        cursor = _of_thread.cursor = psycopg.Cursor(connection)
    return cursor
