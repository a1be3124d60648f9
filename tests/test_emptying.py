"""No test finds what another has committed."""

from __future__ import annotations

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
