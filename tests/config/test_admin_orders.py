"""The page of an order: what may be corrected, what may be deleted, and the code on its slip."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from orders.models import Order, QRCode
from orders.services.orders import set_order_status
from orders.services.payments import take_payment
from orders.services.qr_codes import issue_qr_code
from orders.states import OrderStatus, PaymentMethod, Role

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


def page_of(client: Client, order: Order, page: str = "change") -> str:
    response = client.get(f"/admin/orders/order/{order.pk}/{page}/")
    assert response.status_code == 200
    return response.content.decode()


def test_page_says_what_may_be_corrected_only_where_something_may(place: Place, manager: Client) -> None:
    open_order, closed = place.order(), place.order()
    set_order_status(order_id=closed.pk, to=OrderStatus.CANCELLED, actor=place.actor)

    assert "May be corrected" in page_of(manager, open_order)
    assert "May be corrected" not in page_of(manager, closed)


def test_order_is_deleted_by_the_service_when_nobody_cooks_it(place: Place, manager: Client) -> None:
    order = place.order()

    offered = page_of(manager, order)
    answer = manager.post(f"/admin/orders/order/{order.pk}/delete/", {"post": "yes"})

    assert f"/admin/orders/order/{order.pk}/delete/" in offered
    assert answer.status_code == 302
    assert not Order.objects.filter(pk=order.pk).exists()


def test_deletion_is_not_offered_when_the_order_is_cooked_or_paid(place: Place, manager: Client) -> None:
    cooked, paid = place.confirm(place.order()), place.order()
    take_payment(order_id=paid.pk, amount=Decimal(5), method=PaymentMethod.CARD, actor=place.actor)

    for order in (cooked, paid):
        answer = manager.post(f"/admin/orders/order/{order.pk}/delete/", {"post": "yes"})

        assert f"/admin/orders/order/{order.pk}/delete/" not in page_of(manager, order)
        assert answer.status_code == 403
        assert Order.objects.filter(pk=order.pk).exists()


def test_page_says_how_often_the_slip_was_scanned(place: Place, manager: Client) -> None:
    order = place.order()
    code = issue_qr_code(order_id=order.pk, actor=place.actor)
    QRCode.objects.filter(pk=code.pk).update(silently=True, scan_count=41)

    page = page_of(manager, order)

    assert '<td class="field-scan_count">' in page
    assert "<p>41</p>" in page
    assert code.token not in page
