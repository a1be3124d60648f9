"""A guest who is known is found again, and written only when something new is known."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.models import Customer
from orders.services.customers import AskedCustomer, match_customer
from orders.units import open_unit
from tests.factories import CustomerFactory
from tests.streams import at_once

if TYPE_CHECKING:
    from tests.callers import House
    from tests.places import Place

pytestmark = pytest.mark.django_db


def _place_of_row() -> str:
    """Where the only customer's row lies; a row that is written lies elsewhere afterwards."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT ctid::text FROM orders_customer")
        ((place,),) = cursor.fetchall()
    return str(place)


@pytest.mark.parametrize("guest", [{"name": "Ada", "phone": "+44"}, {"phone": "+44"}, {"email": "ada@byron.example"}])
def test_row_is_not_written_when_nothing_new_is_known(house: House, guest: dict[str, str]) -> None:
    known = {"name": "Ada", "phone": "+44", "email": "ada@byron.example"}
    first = house.order(customer=known)
    place = _place_of_row()

    second = house.order(customer=guest)

    assert (second["customer_id"], _place_of_row()) == (first["customer_id"], place)


@pytest.mark.parametrize(
    "guest",
    [
        {"phone": "+44201234"},
        {"phone": "+44 (20) 12-34", "email": "somebody@else.example"},
        {"email": "ADA@Byron.Example"},
        {"phone": "+1", "email": "Ada@byron.example"},
    ],
)
def test_guest_is_found_again_however_phone_and_email_are_written(house: House, guest: dict[str, str]) -> None:
    first = house.order(customer={"phone": "+44 20 1234", "email": "ada@byron.example"})

    second = house.order(customer=guest)

    assert (second["customer_id"], Customer.objects.count()) == (first["customer_id"], 1)


@pytest.mark.parametrize("guest", [{"phone": "+44 20 12345"}, {"phone": "20 1234"}, {"phone": "x 12"}])
def test_guest_is_another_when_the_number_is(house: House, guest: dict[str, str]) -> None:
    first = house.order(customer={"phone": "+44 20 1234"})

    second = house.order(customer=guest)

    assert second["customer_id"] != first["customer_id"]


def test_number_without_digits_is_found_again(house: House) -> None:
    first, second, third = (house.order(customer={"phone": phone}) for phone in ("Room Blue", "room blue", "Room Red"))

    assert second["customer_id"] == first["customer_id"]
    assert third["customer_id"] != first["customer_id"]


def test_row_is_not_written_when_the_same_is_written_in_another_way(house: House) -> None:
    house.order(customer={"name": "Ada", "phone": "+44 20 1234", "email": "ada@byron.example"})
    place = _place_of_row()

    house.order(customer={"name": "Ada", "phone": "+44201234", "email": "ADA@byron.example"})

    assert _place_of_row() == place


@pytest.mark.parametrize(
    ("asked", "index"),
    [(AskedCustomer(phone="+44 500"), "customer_phone"), (AskedCustomer(email="G500@a.example"), "customer_email")],
)
def test_guest_is_found_by_an_index(house: House, asked: AskedCustomer, index: str) -> None:
    Customer.objects.bulk_create(
        Customer(restaurant=house.restaurant, phone=f"+44-{n}", email=f"g{n}@a.example") for n in range(2000)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE orders_customer")
        with open_unit(), CaptureQueriesContext(connection) as queries:
            found = match_customer(house.restaurant.pk, asked)
        cursor.execute("EXPLAIN " + queries[-1]["sql"])
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert found.email == "g500@a.example"
    assert (f"using {index}" in plan or f"on {index}" in plan, "customer_list" in plan) == (True, False)


@pytest.mark.django_db(transaction=True)
def test_number_makes_no_second_guest_when_it_is_being_written_to_one(place: Place) -> None:
    CustomerFactory(restaurant=place.restaurant, name="Ada", phone="", email="ada@byron.example")
    written, finish, came = threading.Event(), threading.Event(), threading.Event()

    def learn() -> Customer:
        with open_unit(place.actor):
            known = match_customer(place.restaurant.pk, AskedCustomer(phone="+1", email="ada@byron.example"))
            written.set()
            assert finish.wait(30)
        return known

    def come() -> Customer:
        assert written.wait(30)
        with open_unit(place.actor):
            found = match_customer(place.restaurant.pk, AskedCustomer(phone="+1"))
        came.set()
        return found

    def let() -> None:
        """Let the first go on once the second waits for it, or has come by."""
        assert written.wait(30)
        while not (_is_waited_for() or came.is_set()):
            pass
        finish.set()

    first, second, _ = at_once([learn, come, let])

    assert (second.pk, Customer.objects.filter(phone="+1").count()) == (first.pk, 1)


def _is_waited_for() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        return bool(cursor.fetchone()[0])


def test_row_is_written_when_something_new_is_known(house: House) -> None:
    house.order(customer={"name": "Ada", "phone": "+44"})

    house.order(customer={"name": "Ada Byron", "phone": "+44", "email": "ada@byron.example"})

    customer = Customer.objects.get()
    assert (customer.name, customer.phone, customer.email) == ("Ada Byron", "+44", "ada@byron.example")
