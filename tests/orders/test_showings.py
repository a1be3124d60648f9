"""A list shows each order as it is now, however often it was shown before."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from orders.models import Order
from orders.showings import Showings
from tests.callers import open_house

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

    from tests.callers import House

pytestmark = pytest.mark.django_db

MOMENT = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)


def _listed(house: House) -> list[dict[str, object]]:
    listed: list[dict[str, object]] = house.waiter.get("/api/orders").body["results"]
    return listed


def test_a_list_shows_what_each_order_shows_by_itself(house: House) -> None:
    orders = [house.order(notes=f"Table by the window, no. {number}") for number in range(3)]

    for _ in range(2):
        listed = _listed(house)

        assert listed == [house.waiter.get(f"/api/orders/{order['id']}").body for order in reversed(orders)]


def test_every_change_is_shown_at_once(house: House) -> None:
    order = house.order()
    assert [shown["notes"] for shown in _listed(house)] == [""]
    address = f"/api/orders/{order['id']}"

    house.waiter.patch(address, {"notes": "No onions."})
    assert [shown["notes"] for shown in _listed(house)] == ["No onions."]

    house.waiter.post(f"{address}/items", {"menu_item_id": house.dish.pk, "quantity": 3})
    assert [shown["items_count"] for shown in _listed(house)] == [4]

    house.waiter.put(f"{address}/confirm")
    assert [shown["status"] for shown in _listed(house)] == ["confirmed"]


def test_an_order_that_was_put_back_to_an_older_version_is_another_one(house: House) -> None:
    order = house.order(notes="As it was.")
    before = Order.objects.get(pk=order["id"])
    house.waiter.patch(f"/api/orders/{order['id']}", {"notes": "As it became."})
    _listed(house)

    # A restored backup goes back to an older version, and from there on counts the same ones again.
    Order.objects.filter(pk=before.pk).update(
        silently=True,
        notes="As it became instead.",
        version=before.version + 1,
        updated_at=before.updated_at + dt.timedelta(hours=1),
    )

    assert [shown["notes"] for shown in _listed(house)] == ["As it became instead."]


def test_orders_that_are_known_cost_one_query(
    house: House, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(5):
        house.order()
    with django_assert_max_num_queries(6) as first:
        before = _listed(house)
    with django_assert_max_num_queries(6) as again:
        assert _listed(house) == before

    assert len(first) - len(again) == 3


def test_nobody_is_shown_what_another_restaurant_was_shown(house: House) -> None:
    house.order(notes="Ours.")
    other = open_house()
    other.order(notes="Theirs.")

    for _ in range(2):
        assert [shown["notes"] for shown in _listed(house)] == ["Ours."]
        assert [shown["notes"] for shown in _listed(other)] == ["Theirs."]


def test_what_was_not_shown_for_longest_is_dropped() -> None:
    showings = Showings(most_bytes=4000)
    keys = [(number, 1, MOMENT) for number in range(4)]
    showings.keep(dict.fromkeys(keys[:3], b"x" * 1000))
    assert set(showings.find([keys[0]])) == {keys[0]}

    showings.keep({keys[3]: b"x" * 1000})

    assert set(showings.find(keys)) == {keys[0], keys[2], keys[3]}
    assert len(showings) == 3


def test_what_is_kept_already_is_counted_once() -> None:
    showings = Showings(most_bytes=4000)
    for _ in range(10):
        showings.keep({(1, 1, MOMENT): b"x" * 1000, (2, 1, MOMENT): b"x" * 1000})

    assert len(showings) == 2
