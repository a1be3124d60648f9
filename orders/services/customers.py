"""Guests known by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict, Unpack

from django.db import connection

from orders.actors import Actor
from orders.errors import FieldProblem, InvalidFields, NotFound
from orders.models import Customer
from orders.scopes import Scope
from orders.states import Role
from orders.units import require_unit, unit_of_work

KEEPERS = (Role.WAITER, Role.CASHIER, Role.MANAGER)


@dataclass(frozen=True, slots=True)
class AskedCustomer:
    """A guest as an order names one."""

    name: str = ""
    phone: str = ""
    email: str = ""


class CustomerChanges(TypedDict, total=False):
    """What may be said of a guest; an empty text is nothing."""

    name: str
    phone: str
    email: str


@unit_of_work
def create_customer(*, actor: Actor, **fields: Unpack[CustomerChanges]) -> Customer:
    """Make a guest known by name, phone or email. Raises NotAllowed, InvalidFields when nothing is said."""
    actor.require(*KEEPERS, to="make customers", scope=Scope.ORDERS_WRITE)
    customer = Customer(restaurant_id=actor.restaurant_id, **fields)
    _check_known(customer)
    customer.save()
    return customer


@unit_of_work
def update_customer(*, row_id: int, actor: Actor, **changes: Unpack[CustomerChanges]) -> Customer:
    """Change what is known of a guest: what is given, and nothing else. Orders keep the name they were taken with.

    Locks the customer. Raises NotAllowed, NotFound, InvalidFields when nothing would be known any more.
    """
    actor.require(*KEEPERS, to="change customers", scope=Scope.ORDERS_WRITE)
    customer = lock_customer(row_id, restaurant_id=actor.restaurant_id)
    if all(getattr(customer, name) == value for name, value in changes.items()):
        return customer
    for name, value in changes.items():
        setattr(customer, name, value)
    _check_known(customer)
    customer.save()
    return customer


def _check_known(customer: Customer) -> None:
    if not (customer.name or customer.phone or customer.email):
        raise InvalidFields.one("", "required", "Give a name, a phone number or an email address.")


def lock_customer(customer_id: int, *, restaurant_id: int) -> Customer:
    """Return the restaurant's customer, locked until the unit ends; raises NotFound, also for one who was erased."""
    customer = require_unit().lock(Customer, customer_id, restaurant_id=restaurant_id)
    if customer.erased_at is not None:
        raise NotFound("There is no such customer.")
    return customer


def find_customer(restaurant_id: int, customer_id: int) -> Customer:
    """Return the restaurant's customer, or raise NotFound.

    Locks the row: who is being erased is not named on another order meanwhile.
    """
    known = Customer.objects.filter(restaurant_id=restaurant_id, pk=customer_id)
    customer = known.select_for_update(no_key=True).first()
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
