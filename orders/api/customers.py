"""The guests whom a restaurant knows: waiters and cashiers keep them, a manager erases one who asks for it."""

from __future__ import annotations

from typing import Annotated, Any

from django.db.models import OuterRef, QuerySet, Subquery
from msgspec import Meta, Struct
from rest_framework import serializers

from orders.api.endpoints import Endpoint
from orders.api.menu_inputs import GuestBody
from orders.api.order_filters import one_of
from orders.api.pages import NEWEST_FIRST, PageQuery
from orders.api.shelves import Shelf, ShelfList, Writes, shelf_views
from orders.guest_terms import guests_like
from orders.models import Customer
from orders.scopes import Scope
from orders.services.customers import create_customer, update_customer
from orders.services.erasing import erase_customer
from orders.shapes import Timestamp, timestamp

# More guests than these, and the next one who is meant is never far: the list is read until the page is full.
MANY_GUESTS = 10_000


class CustomerShape(Struct, frozen=True):
    """A guest whom the restaurant knows; null is not known."""

    id: int
    name: str | None
    phone: str | None
    email: Annotated[str | None, Meta(examples=["ada@example.org"])]
    created_at: Timestamp


def customer_shape(customer: Customer, _: Endpoint) -> CustomerShape:
    """Show a guest."""
    return CustomerShape(
        id=customer.pk,
        name=customer.name or None,
        phone=customer.phone or None,
        email=customer.email or None,
        created_at=timestamp(customer.created_at),
    )


class CustomerQuery(PageQuery):
    """Which guests."""

    search = serializers.CharField(
        required=False,
        max_length=100,
        help_text="The beginning of words of the guest's name, of the phone number or of the email.",
    )


class Customers(ShelfList):
    """The list of guests, newest first, with its search."""

    query = CustomerQuery

    def filtered(self, rows: QuerySet[Any], query: dict[str, Any]) -> QuerySet[Any]:
        """Return the guests who were asked for: found by the index where they are few."""
        if "search" not in query:
            return rows
        is_meant = guests_like(self.restaurant_id, query["search"])
        found = list(rows.filter(is_meant).order_by().values_list("pk", flat=True)[: MANY_GUESTS + 1])
        if len(found) <= MANY_GUESTS:
            return rows.filter(one_of("id", found))
        # Asked one guest after the other: so the list's own order is kept, and nothing is sorted.
        guest = Customer.objects.filter(pk=OuterRef("pk")).annotate(is_meant=is_meant).values("is_meant")
        return rows.filter(Subquery(guest))


CustomerList, CustomerRow = shelf_views(
    Shelf(
        lambda restaurant_id: Customer.objects.filter(restaurant_id=restaurant_id),
        NEWEST_FIRST,
        customer_shape,
        Writes(
            GuestBody,
            create_customer,
            update_customer,
            erase_customer,
            erases="Erase a guest: from the orders, their history and the events too.",
        ),
        Scope.ORDERS_READ,
        Scope.ORDERS_WRITE,
    ),
    CustomerShape,
    one="customer",
    many="customers",
    tag="customers",
    base=Customers,
)
