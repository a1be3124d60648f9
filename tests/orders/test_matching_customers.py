"""A guest who is known is found again, and written only when something new is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import connection

from orders.models import Customer

if TYPE_CHECKING:
    from tests.callers import House

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


def test_row_is_written_when_something_new_is_known(house: House) -> None:
    house.order(customer={"name": "Ada", "phone": "+44"})

    house.order(customer={"name": "Ada Byron", "phone": "+44", "email": "ada@byron.example"})

    customer = Customer.objects.get()
    assert (customer.name, customer.phone, customer.email) == ("Ada Byron", "+44", "ada@byron.example")
