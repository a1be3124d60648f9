"""Guests known by name."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from orders.errors import FieldProblem, NotFound
from orders.models import Customer


@dataclass(frozen=True, slots=True)
class AskedCustomer:
    """A guest as an order names one."""

    name: str = ""
    phone: str = ""
    email: str = ""


def find_customer(restaurant_id: int, customer_id: int) -> Customer:
    """Return the restaurant's customer, or raise NotFound."""
    customer = Customer.objects.filter(restaurant_id=restaurant_id, pk=customer_id).first()
    if customer is None:
        detail = "There is no such customer."
        raise NotFound(detail, problems=[FieldProblem("/customer_id", "not_found", detail)])
    return customer


def match_customer(restaurant_id: int, asked: AskedCustomer) -> Customer:
    """Return the customer with this phone, else with this email, else a new one; what is newly known is written.

    Locks the customer's row; for a new one the phone and the email, so that two orders at once make one customer.
    """
    found = _known_customer(restaurant_id, asked)
    if found is None:
        _lock_addresses(restaurant_id, asked)
        found = _known_customer(restaurant_id, asked)
    customer = found or Customer(restaurant_id=restaurant_id)
    known = (customer.name, customer.phone, customer.email)
    customer.name = asked.name or customer.name
    customer.phone = asked.phone or customer.phone
    customer.email = asked.email or customer.email
    # A regular's row would else be written with every order, and the index of all guests with it.
    if found is None or known != (customer.name, customer.phone, customer.email):
        customer.save()
    return customer


def _known_customer(restaurant_id: int, asked: AskedCustomer) -> Customer | None:
    known = Customer.objects.filter(restaurant_id=restaurant_id).order_by("id").select_for_update(no_key=True)
    customer = known.filter(phone=asked.phone).first() if asked.phone else None
    if customer is None and asked.email:
        customer = known.filter(email=asked.email).first()
    return customer


def _lock_addresses(restaurant_id: int, asked: AskedCustomer) -> None:
    with connection.cursor() as cursor:
        for address in sorted(filter(None, (asked.phone, asked.email))):
            cursor.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"customer {restaurant_id} {address}"]
            )
