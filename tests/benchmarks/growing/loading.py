"""Loads orders, tickets and events by the million: made inside PostgreSQL, so that nothing has to be sent there."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from tests.benchmarks.growing import rows
from tests.benchmarks.growing.places import ModelEvent, Places, furnish, model_events

# Fewer than this, and making indexes anew takes longer than keeping them.
MANY_ORDERS = 50_000
CHUNK = 10_000
LARGE_TABLES = (
    "orders_customer",
    "orders_order",
    "orders_orderitem",
    "orders_orderitemmodifier",
    "kitchen_kitchenorder",
    "kitchen_kitchenorderitem",
    "orders_payment",
    "orders_cancellationrequest",
    "orders_historyentry",
    "realtime_event",
)

Progress = Callable[[str, int, int], None]


@dataclass(slots=True)
class Loaded:
    """What was loaded and how fast: {table: rows}, {table: seconds}."""

    orders: int
    rows: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    megabytes: int = 0

    @property
    def rows_per_second(self) -> int:
        """Rows of all tables over the time that all of it took, indexes and VACUUM too."""
        return round(sum(self.rows.values()) / sum(self.seconds.values()))


def load(orders: int, *, progress: Progress = lambda _what, _done, _total: None, settle: bool = True) -> Loaded:
    """Fill an empty, migrated database with so many orders (a multiple of 20, at least 1,000), ten events each.

    ``settle`` vacuums afterwards, as a server that has run for a while has done; needs no open transaction.
    """
    assert orders % 20 == 0
    assert orders >= 1000
    places = furnish()
    models = model_events(places)
    loaded = Loaded(orders)
    with _fast(orders, loaded, progress):
        values = _values(orders, places, models)
        _insert(rows.CUSTOMERS, "orders_customer", values["customers"], values, loaded, progress)
        for statement, table in (
            (rows.ORDERS, "orders_order"),
            (rows.ITEMS, "orders_orderitem"),
            (rows.MODIFIERS, "orders_orderitemmodifier"),
            (rows.TICKETS, "kitchen_kitchenorder"),
            (rows.TICKET_ITEMS, "kitchen_kitchenorderitem"),
            (rows.PAYMENTS, "orders_payment"),
            (rows.CANCELLATIONS, "orders_cancellationrequest"),
            (rows.HISTORY, "orders_historyentry"),
            (rows.EVENTS, "realtime_event"),
        ):
            _insert(statement, table, orders, values, loaded, progress)
    _finish(loaded, progress, settle=settle)
    return loaded


def _values(orders: int, places: Places, models: list[ModelEvent]) -> dict[str, Any]:
    return {
        "orders": orders,
        "end": dt.datetime.now(dt.UTC),
        "quiet": list(rows.QUIET_AGES),
        "step": orders // (rows.RARE_ORDERS + 1) // 20 * 20,
        "customers": orders // 5,
        "given": rows.GIVEN.split(),
        "family": rows.FAMILY.split(),
        **{name: getattr(places, name) for name in Places.__slots__},
        "types": [model.type for model in models],
        "rooms": [rows.template(model.rooms) for model in models],
        "datas": [rows.template(model.data) for model in models],
        "changes": [model.changes for model in models],
    }


def _insert(statement: str, table: str, count: int, values: dict[str, Any], loaded: Loaded, progress: Progress) -> None:
    began = time.monotonic()
    inserted = 0
    with connection.cursor() as cursor:
        for first in range(1, count + 1, CHUNK):
            last = min(first + CHUNK - 1, count)
            cursor.execute(statement, {**values, "first": first, "last": last})
            inserted += cursor.rowcount
            progress(table, last, count)
    loaded.rows[table] = inserted
    loaded.seconds[table] = time.monotonic() - began


@contextmanager
def _fast(orders: int, loaded: Loaded, progress: Progress) -> Iterator[None]:
    """Leave checks of foreign keys and, for many rows, the indexes until afterwards."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("SET maintenance_work_mem = '512MB'")
        cursor.execute("SET synchronous_commit = off")
        dropped = _indexes() if orders >= MANY_ORDERS else []
        for name, _ in dropped:
            cursor.execute(f'DROP INDEX "{name}"')
        yield
        began = time.monotonic()
        for done, (_, definition) in enumerate(dropped, start=1):
            cursor.execute(definition)
            progress("indexes", done, len(dropped))
        cursor.execute("SET session_replication_role = origin")
        cursor.execute("RESET synchronous_commit")
    loaded.seconds["indexes"] = time.monotonic() - began


def _indexes() -> list[tuple[str, str]]:
    """Return (name, definition) of the large tables' indexes that no constraint needs."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
            " WHERE i.indrelid::regclass::text = ANY(%s) AND NOT EXISTS"
            " (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid) ORDER BY 1",
            [list(LARGE_TABLES)],
        )
        return list(cursor.fetchall())


def _finish(loaded: Loaded, progress: Progress, *, settle: bool) -> None:
    began = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute(rows.ENDS.format(last=rows.ORDERS_PER_DAY))
        for name in LARGE_TABLES[:-1]:
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), (SELECT max(id) FROM {name}))"  # noqa: S608
            )
        for done, name in enumerate(LARGE_TABLES, start=1):
            cursor.execute(f"VACUUM (ANALYZE) {name}" if settle else f"ANALYZE {name}")
            progress("vacuum", done, len(LARGE_TABLES))
        cursor.execute("ANALYZE")
        cursor.execute("SELECT pg_database_size(current_database()) / 1024 / 1024")
        loaded.megabytes = cursor.fetchone()[0]
    loaded.seconds["vacuum"] = time.monotonic() - began
