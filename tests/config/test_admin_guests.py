"""Guests in the admin: its log, which is kept for ever, names none of them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import pytest
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test import Client

from orders.models import Customer, Order
from orders.services.customers import AskedCustomer
from orders.services.erasing import erase_customer
from orders.states import Role
from tests.factories import CustomerFactory

if TYPE_CHECKING:
    from tests.places import Place

CHANGED = {"name": "Ada Byron", "phone": "1", "email": ""}


@pytest.fixture
def place(transactional_db: None) -> Place:
    from tests.places import open_place  # noqa: PLC0415 - models can be imported once the settings are there

    return open_place("grillhaus")


@pytest.fixture
def manager(place: Place) -> Client:
    client = Client()
    client.force_login(place.staff(Role.MANAGER).user)
    return client


def logged() -> list[tuple[int, str]]:
    return list(LogEntry.objects.order_by("pk").values_list("action_flag", "object_repr"))


def log_by_name(place: Place, customer: Customer) -> None:
    assert place.actor.user_id is not None
    LogEntry.objects.create(
        user_id=place.actor.user_id,
        content_type=ContentType.objects.get_for_model(Customer),
        object_id=str(customer.pk),
        object_repr=customer.name,
        action_flag=CHANGE,
    )


def test_log_calls_a_guest_by_number_when_one_is_made_changed_and_deleted(place: Place, manager: Client) -> None:
    manager.post("/admin/orders/customer/add/", {"restaurant": place.restaurant.pk, "name": "Ada", "phone": "1"})
    ada = Customer.objects.get()

    manager.post(f"/admin/orders/customer/{ada.pk}/change/", CHANGED)
    ada.refresh_from_db()
    manager.post(f"/admin/orders/customer/{ada.pk}/delete/", {"post": "yes"})

    number = f"#{ada.pk}"
    assert (ada.name, ada.phone) == ("Ada Byron", "1")
    assert logged() == [(ADDITION, number), (CHANGE, number), (DELETION, number)]
    assert Customer.objects.count() == 0


def test_several_are_erased_and_logged_by_number_when_they_are_chosen_in_the_list(
    place: Place, manager: Client
) -> None:
    orders = [place.order(customer=AskedCustomer(name=name, phone=name)) for name in ("Ada", "Bob")]
    chosen = [order.customer_id for order in orders]

    answer = manager.post(
        "/admin/orders/customer/", {"action": "delete_selected", "post": "yes", "_selected_action": chosen}
    )

    assert answer.status_code == 302
    assert sorted(logged()) == sorted((DELETION, f"#{pk}") for pk in chosen)
    assert (Customer.objects.count(), set(Order.objects.values_list("customer_name", flat=True))) == (0, {""})


def test_what_was_logged_by_name_is_by_number_when_the_guest_is_erased(place: Place) -> None:
    ada, bob = (CustomerFactory(restaurant=place.restaurant, name=name) for name in ("Ada", "Bob"))
    log_by_name(place, ada)
    log_by_name(place, bob)

    erase_customer(row_id=ada.pk, actor=place.actor)

    assert logged() == [(CHANGE, f"#{ada.pk}"), (CHANGE, "Bob")]


def test_what_was_logged_by_name_is_by_number_when_brigade_is_updated(place: Place) -> None:
    ada = CustomerFactory(restaurant=place.restaurant, name="Ada")
    log_by_name(place, ada)
    migration = import_module("orders.migrations.0014_nameless_log").Migration

    with connection.cursor() as cursor:
        cursor.execute(migration.operations[0].sql)

    assert logged() == [(CHANGE, f"#{ada.pk}")]


def test_guest_stays_known_when_nothing_would_be_left_of_one(place: Place, manager: Client) -> None:
    ada = CustomerFactory(restaurant=place.restaurant, name="Ada", phone="", email="")

    page = manager.post(f"/admin/orders/customer/{ada.pk}/change/", {"name": "", "phone": "", "email": ""}, follow=True)

    ada.refresh_from_db()
    assert (ada.name, logged()) == ("Ada", [])
    assert "Give a name, a phone number or an email address." in page.content.decode()
