"""A list of payments reads little, however many there are, also where few of them are meant."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import CounterFactory

if TYPE_CHECKING:
    from tests.callers import Caller, House

pytestmark = pytest.mark.django_db

# Twenty thousand card payments, and the first ten by transfer: the farthest from where a list begins.
_MANY = """
INSERT INTO orders_payment (restaurant_id, order_id, amount, method, change, counter_id, transaction_reference, status,
    refunded_amount, taken_by_name, created_at)
SELECT %s, %s, 1, CASE WHEN n <= 10 THEN 'transfer' ELSE 'card' END, 0, CASE WHEN n > 10 THEN %s::bigint END, 'X' || n,
    'success', 0, '', now() - (20000 - n) * interval '1 minute'
FROM generate_series(1, 20000) n
"""
# Pages of 8 KiB. The heap alone has some 300 of them.
MOST_READ = 100


def pages_read(caller: Caller, address: str) -> list[int]:
    """Ask for a list and its next page; return how much PostgreSQL reads for each."""
    reads = []
    link: str | None = address
    for _ in range(2):
        if link is None:
            break
        with CaptureQueriesContext(connection) as asked:
            link = caller.get(link).body["next"]
        (statement,) = (query["sql"] for query in asked.captured_queries if "orders_payment" in query["sql"])
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {statement}")
            plan = " ".join(line for (line,) in cursor.fetchall())
        touched = re.search(r"Buffers: shared (?:hit=(\d+))?(?: ?read=(\d+))?", plan)
        assert touched is not None
        reads.append(sum(int(number or 0) for number in touched.groups()))
    return reads


def test_little_is_read_of_many_payments(house: House) -> None:
    order = house.order()
    till = CounterFactory(restaurant=house.restaurant)
    with connection.cursor() as cursor:
        cursor.execute(_MANY, [house.restaurant.pk, order["id"], till.pk])
        cursor.execute("ANALYZE orders_payment")
    house.cashier.get("/api/payments")

    reads = {
        query: pages_read(house.cashier, f"/api/payments?limit=5&{query}")
        for query in (
            "",
            "method=transfer",
            "method=transfer,cash",
            "method=card",
            "status=failed",
            f"counter={till.pk}",
            f"counter={till.pk}&method=transfer",
            "created_before=2100-01-01T00:00:00Z",
        )
    }

    assert {query: most for query, numbers in reads.items() if (most := max(numbers)) > MOST_READ} == {}
