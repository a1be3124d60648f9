"""No test finds what another has committed."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
from django.apps import apps
from django.db import connection
from django.test import TransactionTestCase

from orders.models import User
from tests.emptying import KEPT, LARGEST_BYTES
from tests.places import open_place


def left() -> dict[str, int]:
    """Return how many rows each table has, of those that have any."""
    counts = {model._meta.db_table: model._base_manager.count() for model in apps.get_models()}
    return {table: count for table, count in counts.items() if count and table not in KEPT}


def test_nothing_is_left_when_a_test_that_committed_is_over(transactional_db: None) -> None:
    open_place("grillhaus").ticket()

    TransactionTestCase()._fixture_teardown()  # type: ignore[attr-defined]

    assert left() == {}


def test_nothing_is_left_when_a_test_has_filled_a_table_that_others_refer_to(transactional_db: None) -> None:
    open_place("grillhaus").ticket()
    User.objects.bulk_create(User(username=f"{number}", name="x" * 150, password="x" * 128) for number in range(4000))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_relation_size('orders_user')")
        assert cursor.fetchone()[0] > LARGEST_BYTES

    TransactionTestCase()._fixture_teardown()  # type: ignore[attr-defined]

    assert left() == {}


def is_waiting(watcher: psycopg.Connection, pid: int) -> bool:
    return watcher.execute("SELECT FROM pg_locks WHERE pid = %s AND NOT granted", [pid]).fetchone() is not None


def test_nothing_is_left_when_a_server_still_writes_in_another_order(transactional_db: None) -> None:
    open_place("grillhaus").ticket()
    with connection.cursor() as cursor:
        # Longer than the writer needs to get in our way.
        cursor.execute("SET deadlock_timeout = '2s'")
        cursor.execute("SELECT pg_backend_pid(), current_database()")
        pid, database = cursor.fetchone()
    url = f"{os.environ['DATABASE_URL'].rpartition('/')[0]}/{database}"

    with psycopg.connect(url) as writer, psycopg.connect(url, autocommit=True) as watcher, ThreadPoolExecutor() as pool:
        writer.execute("SET LOCAL deadlock_timeout = '1min'")  # it is not the one who finds out and loses
        writer.execute("LOCK TABLE realtime_stream IN ROW EXCLUSIVE MODE")

        def write_what_is_locked_already() -> None:
            while not is_waiting(watcher, pid):
                time.sleep(0.01)
            writer.execute("LOCK TABLE auth_group IN ROW EXCLUSIVE MODE")
            writer.commit()

        written = pool.submit(write_what_is_locked_already)
        TransactionTestCase()._fixture_teardown()  # type: ignore[attr-defined]
        written.result()

    assert left() == {}
    with connection.cursor() as cursor:
        cursor.execute("RESET deadlock_timeout")
