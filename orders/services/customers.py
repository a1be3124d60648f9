"""Guests known by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict, Unpack

from django.db import connection
from django.db.models import F, TextField, Value
from django.db.models.functions import Cast, Lower

from orders.actors import Actor
from orders.errors import FieldProblem, InvalidFields, NotFound
from orders.guest_addresses import PlainPhone, plain_email, plain_phone
from orders.models import Customer
from orders.scopes import Scope
from orders.states import Role
from orders.units import require_unit, unit_of_work

_LOCK = """
SELECT pg_advisory_xact_lock(key)
FROM (SELECT hashtextextended(address, 0) AS key FROM unnest(%s::text[]) AS address ORDER BY key) AS keys
"""
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

    A phone number may be grouped in any way, an email written in capital letters. Locks the phone and the email, known
    or not, so that two orders at once make one customer; then the customer's row.
    """
    _lock_addresses(restaurant_id, asked)
    found = _known_customer(restaurant_id, asked)
    customer = found or Customer(restaurant_id=restaurant_id)
    known = (customer.name, customer.phone, customer.email)
    customer.name = asked.name or customer.name
    if plain_phone(asked.phone) not in ("", plain_phone(customer.phone)):
        customer.phone = asked.phone
    if plain_email(asked.email) not in ("", plain_email(customer.email)):
        customer.email = asked.email
    # A regular's row would else be written with every order, and the index of all guests with it.
    if found is None or known != (customer.name, customer.phone, customer.email):
        customer.save()
    return customer


def _known_customer(restaurant_id: int, asked: AskedCustomer) -> Customer | None:
    # By an expression: the ids' own index would be taken for the first of them, and all guests be looked through.
    oldest = F("id") + 0
    known = Customer.objects.filter(restaurant_id=restaurant_id).order_by(oldest).select_for_update(no_key=True)
    customer = None
    if asked.phone:
        phones = known.exclude(phone="").alias(plain=PlainPhone("phone"))
        customer = phones.filter(plain=PlainPhone(_text(asked.phone))).first()
    if customer is None and asked.email:
        emails = known.exclude(email="").alias(plain=Lower("email"))
        customer = emails.filter(plain=Lower(_text(asked.email))).first()
    return customer


def _text(value: str) -> Cast:
    return Cast(Value(value), TextField())


def _lock_addresses(restaurant_id: int, asked: AskedCustomer) -> None:
    """Lock what somebody else may write to a customer, or make one with, in an order that is the same for all."""
    addresses = [plain for plain in (plain_phone(asked.phone), plain_email(asked.email)) if plain]
    if addresses:
        with connection.cursor() as cursor:
            cursor.execute(_LOCK, [[f"customer {restaurant_id} {address}" for address in addresses]])
