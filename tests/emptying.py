"""Empties the test database after a test that committed, in milliseconds instead of a third of a second."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import OperationalError, connection, transaction
from django.test import TransactionTestCase
from psycopg import sql
from psycopg.errors import DeadlockDetected

# Django makes these after every migration and empties and makes them again after every test; nobody changes them.
KEPT = ("django_content_type", "auth_permission")
# What deleted rows leave behind until a vacuum stays small; a table that a test filled is thrown away as a whole.
LARGEST_BYTES = 1_000_000
MOST_ATTEMPTS = 5


@contextmanager
def emptied_in_milliseconds() -> Iterator[None]:
    """Have tests that commit leave an empty database by deleting what is there.

    Django truncates all tables, which makes new files for each of them and its indexes.
    """
    if not _may_switch_triggers_off():
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute(_function())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", _empty)
        yield


def _may_switch_triggers_off() -> bool:
    """Tell whether we may delete in any order; the owner of a database alone may not."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        return bool(cursor.fetchone()[0])


def _function() -> sql.Composed:
    """Return the function's definition: it waits for those who still write, and then deletes."""
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    names = [sql.Identifier(table) for table in sorted(set(tables) - set(KEPT))]
    clear = sql.SQL(
        """
        IF pg_relation_size({text}) > {largest} THEN TRUNCATE {table} CASCADE;
        ELSIF EXISTS (SELECT 1 FROM {table}) THEN DELETE FROM {table};
        END IF;
        """
    )
    steps = [
        clear.format(text=sql.Literal(name.as_string()), largest=sql.Literal(LARGEST_BYTES), table=name)
        for name in names
    ]
    return sql.SQL(
        """
        CREATE FUNCTION empty_all() RETURNS void LANGUAGE plpgsql SET session_replication_role = replica AS $$
        BEGIN
            LOCK TABLE {tables} IN EXCLUSIVE MODE;
            {steps}
        END
        $$
        """
    ).format(tables=sql.SQL(", ").join(names), steps=sql.SQL("").join(steps))


def _empty(_: TransactionTestCase) -> None:
    """Empty it; a server that still writes may have locked in another order, and whoever loses begins again."""
    for attempts_left in reversed(range(MOST_ATTEMPTS)):
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SELECT empty_all()")
        except OperationalError as error:
            if not attempts_left or not isinstance(error.__cause__, DeadlockDetected):
                raise
        else:
            return
