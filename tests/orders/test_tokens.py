"""The guests' tokens: what they open, and what ends them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.core import signing
from django.test import override_settings

from orders.models import Order, Table
from orders.tokens import (
    CUSTOMER_PREFIX,
    LONGEST_TOKEN,
    TABLE_PREFIX,
    TRACKING_PREFIX,
    customer_link,
    guest_pass,
    is_guest_token,
    table_of,
    table_token,
    tracking_link,
)
from tests.factories import CustomerFactory

if TYPE_CHECKING:
    from tests.callers import House

pytestmark = pytest.mark.django_db


def of_each_kind(house: House) -> dict[str, str]:
    order = Order.objects.get(pk=house.order()["id"])
    return {
        "table": table_token(house.table),
        "tracking": tracking_link(order).token,
        "customer": customer_link(CustomerFactory(restaurant=house.restaurant)).token,
    }


def test_each_token_opens_what_it_names(house: House) -> None:
    customer = CustomerFactory(restaurant=house.restaurant)
    order = Order.objects.get(pk=house.order()["id"])
    tokens = [table_token(house.table), tracking_link(order).token, customer_link(customer).token]

    passes = [guest_pass(token) for token in tokens]

    assert [
        guest and (guest.kind, guest.table_id, guest.order_id, guest.customer_id, guest.room) for guest in passes
    ] == [
        ("table", house.table.pk, None, None, f"table:{house.table.pk}"),
        ("tracking", None, order.pk, None, f"order:{order.pk}"),
        ("customer", None, None, customer.pk, f"customer:{customer.pk}"),
    ]
    assert {guest.restaurant for guest in passes if guest} == {house.restaurant}
    assert all(is_guest_token(token) and len(token) < LONGEST_TOKEN for token in tokens)


def test_actor_of_a_token_is_a_guest_of_its_restaurant(house: House) -> None:
    guest = guest_pass(table_token(house.table))
    assert guest is not None

    actor = guest.actor("api")

    assert (actor.kind, actor.restaurant_id, actor.role, actor.user_id) == ("table", house.restaurant.pk, None, None)
    assert (actor.table_id, actor.nonce, actor.is_guest, actor.source) == (
        house.table.pk,
        house.table.nonce,
        True,
        "api",
    )


@pytest.mark.parametrize("kind", ["table", "tracking", "customer"])
@pytest.mark.parametrize(
    "what", ["tampered", "cut", "another kind's prefix", "no prefix", "enormous", "odd characters"]
)
def test_nothing_is_opened_when_the_token_is_bad(house: House, kind: str, what: str) -> None:
    good = of_each_kind(house)[kind]
    prefix = {"table": TRACKING_PREFIX, "tracking": CUSTOMER_PREFIX, "customer": TABLE_PREFIX}[kind]
    bad = {
        "tampered": good[:-1] + ("A" if good[-1] != "A" else "B"),
        "cut": good[: len(good) // 2],
        "another kind's prefix": prefix + good[4:],
        "no prefix": good[4:],
        "enormous": good + "A" * 10_000,
        "odd characters": good[:4] + "\0\ud800é🍔:::",
    }[what]

    assert guest_pass(good) is not None
    assert guest_pass(bad) is None


@pytest.mark.parametrize("kind", ["tracking", "customer"])
def test_link_opens_nothing_when_its_time_has_passed(house: House, kind: str) -> None:
    with override_settings(TRACKING_LINK_HOURS=0):
        token = of_each_kind(house)[kind]

    assert guest_pass(token) is None


def test_link_says_until_when_it_is_good(house: House) -> None:
    with override_settings(TRACKING_LINK_HOURS=2):
        link = tracking_link(Order.objects.get(pk=house.order()["id"]))

    guest = guest_pass(link.token)
    assert guest is not None
    assert guest.ends == link.expires_at


def test_table_token_opens_nothing_when_its_code_was_rotated(house: House) -> None:
    token = table_token(house.table)

    Table.objects.filter(pk=house.table.pk).update(nonce="another")

    assert (table_of(token), guest_pass(token)) == (None, None)


def test_tokens_open_nothing_when_what_they_name_is_gone(house: House) -> None:
    customer = CustomerFactory(restaurant=house.restaurant)
    order = house.order()
    tokens = [tracking_link(Order.objects.get(pk=order["id"])).token, customer_link(customer).token]

    house.waiter.delete(f"/api/orders/{order['id']}")
    customer.delete()

    assert [guest_pass(token) for token in tokens] == [None, None]


def test_nothing_is_opened_when_something_else_of_ours_was_signed(house: House) -> None:
    """A page's cursor is signed with the same key, but under a name of its own."""
    cursor = signing.dumps([house.table.pk, house.table.nonce], salt="brigade.cursor")

    assert guest_pass(TABLE_PREFIX + cursor) is None


def test_customers_link_opens_nothing_when_the_customer_was_erased(house: House) -> None:
    customer = CustomerFactory(restaurant=house.restaurant)
    house.order(customer_id=customer.pk)
    token = customer_link(customer).token

    erased = house.manager.delete(f"/api/customers/{customer.pk}")

    assert (erased.status, guest_pass(token)) == (204, None)
