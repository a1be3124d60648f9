"""Payments and refunds in the admin: seen there, and never made, changed or deleted."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from orders.models import Order, Payment, Refund
from orders.services.payments import refund_payment, take_payment
from orders.states import PaymentMethod, Role

if TYPE_CHECKING:
    from tests.places import Place


@pytest.fixture
def place(transactional_db: None) -> Place:
    from tests.places import open_place  # noqa: PLC0415 - models can be imported once the settings are there

    return open_place("grillhaus")


@pytest.fixture
def manager(place: Place) -> Client:
    client = Client()
    client.force_login(place.staff(Role.MANAGER).user)
    return client


def paid(place: Place) -> tuple[Order, Payment, Refund]:
    order = place.order()
    payment = take_payment(order_id=order.pk, amount=Decimal("9.50"), method=PaymentMethod.CASH, actor=place.actor)
    refund = refund_payment(payment_id=payment.pk, amount=Decimal("2.25"), reason="It was cold", actor=place.actor)
    return order, payment, refund


def test_orders_page_shows_what_was_paid_and_given_back(place: Place, manager: Client) -> None:
    order, payment, refund = paid(place)

    page = manager.get(f"/admin/orders/order/{order.pk}/change/").text

    for said in (payment.transaction_reference, refund.transaction_reference, "It was cold", "9.50", "2.25"):
        assert said in page
    assert f"/admin/orders/payment/{payment.pk}/change/" in page


def test_payments_page_shows_its_refunds_and_leads_to_its_order(place: Place, manager: Client) -> None:
    order, payment, refund = paid(place)

    page = manager.get(f"/admin/orders/payment/{payment.pk}/change/").text

    assert refund.transaction_reference in page
    assert f"/admin/orders/order/{order.pk}/change/" in page


@pytest.mark.parametrize("kind", ["payment", "refund"])
def test_nothing_is_booked_or_changed_here(place: Place, manager: Client, kind: str) -> None:
    _, payment, refund = paid(place)
    row = payment if kind == "payment" else refund
    address = f"/admin/orders/{kind}"
    before = type(row).objects.values().get()

    statuses = [
        manager.get(f"{address}/add/").status_code,
        manager.post(f"{address}/add/", {"amount": "1.00"}).status_code,
        manager.post(f"{address}/{row.pk}/change/", {"amount": "1.00"}).status_code,
        manager.post(f"{address}/{row.pk}/delete/", {"post": "yes"}).status_code,
    ]
    manager.post(f"{address}/", {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"})

    assert statuses == [403, 403, 403, 403]
    assert type(row).objects.values().get() == before


@pytest.mark.parametrize("kind", ["payment", "refund"])
def test_rows_are_found_by_reference_and_by_order(place: Place, manager: Client, kind: str) -> None:
    order, payment, refund = paid(place)
    row = payment if kind == "payment" else refund

    for words in (row.transaction_reference, order.order_number):
        response = manager.get(f"/admin/orders/{kind}/", {"q": words})
        assert [found.pk for found in response.context["cl"].result_list] == [row.pk]


def test_paid_order_is_protected_when_it_is_deleted(place: Place, manager: Client) -> None:
    order, *_ = paid(place)

    manager.post(f"/admin/orders/order/{order.pk}/delete/", {"post": "yes"})

    assert Order.objects.get().status == "pending"
