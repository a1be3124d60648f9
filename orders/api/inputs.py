"""What may be sent about orders: their bodies and the parameters of their list."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from orders.api.fields import (
    MOST_CHOICES,
    MOST_ITEMS,
    Amount,
    Body,
    Choice,
    Flag,
    Items,
    OneOf,
    Text,
    Versioned,
    Whole,
    id_field,
)
from orders.api.pages import FlagParameter, PageQuery, Query, SeveralParameter, id_parameter
from orders.api.quick import QuickOrder
from orders.services.customers import AskedCustomer
from orders.services.dishes import AskedItem
from orders.states import Channel, ItemStatus, OrderStatus, PaymentStatus, Priority

LONGEST_REASON = 500
LAST_COURSE = 20


class ItemBody(Body):
    """One line: the dish by its id, the choices by theirs; the price is the menu's."""

    menu_item_id = id_field()
    quantity = Whole(min_value=1, max_value=99)
    modifier_ids = Items(child=id_field(), required=False, allow_null=True, max_length=MOST_CHOICES)
    special_instructions = Text(required=False, allow_null=True, allow_blank=True, max_length=500)
    course = Whole(required=False, allow_null=True, min_value=1, max_value=LAST_COURSE)


class SingleItemBody(ItemBody, Versioned):
    """One line to add."""


class SeveralItemsBody(Versioned):
    """Lines to add, all or none."""

    items = Items(child=ItemBody(), min_length=1, max_length=MOST_ITEMS)


def asked_item(values: dict[str, Any]) -> AskedItem:
    """Return the line that was asked for."""
    return AskedItem(
        menu_item_id=values["menu_item_id"],
        quantity=values["quantity"],
        modifier_ids=tuple(values.get("modifier_ids") or ()),
        special_instructions=values.get("special_instructions") or "",
        course=values.get("course") or 1,
    )


class ItemChangesBody(Versioned):
    """The fields of a line that may be changed; what is absent stays as it is."""

    quantity = Whole(required=False, min_value=1, max_value=99)
    special_instructions = Text(required=False, allow_blank=True, max_length=500)
    course = Whole(required=False, min_value=1, max_value=LAST_COURSE)


class ItemStatusBody(Versioned):
    """Where a line is to go."""

    status = Choice(ItemStatus)


class CustomerBody(Body):
    """A guest, by at least one of these; matched by phone, then by email."""

    name = Text(required=False, allow_null=True, allow_blank=True, max_length=100)
    phone = Text(required=False, allow_null=True, allow_blank=True, max_length=32)
    email = serializers.EmailField(
        required=False, allow_null=True, allow_blank=True, max_length=254, trim_whitespace=False
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse a guest of whom nothing is said."""
        if not any(attrs.values()):
            raise serializers.ValidationError("Give a name, a phone number or an email address.", code="required")
        return attrs


def asked_customer(values: dict[str, Any]) -> AskedCustomer:
    """Return the guest whom an order names."""
    return AskedCustomer(**{name: value or "" for name, value in values.items()})


class _OneCustomer(Body):
    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse a guest who is named twice."""
        if attrs.get("customer") is not None and attrs.get("customer_id") is not None:
            problem = serializers.ErrorDetail("Give either customer or customer_id.", "conflict")
            raise serializers.ValidationError({"customer_id": [problem]})
        return attrs


class OrderBody(_OneCustomer):
    """An order as it is taken."""

    quick = QuickOrder

    channel = Choice(Channel)
    table_id = id_field(required=False, allow_null=True)
    customer = CustomerBody(required=False, allow_null=True)
    customer_id = id_field(required=False, allow_null=True)
    priority = Choice(Priority, required=False)
    notes = Text(required=False, allow_null=True, allow_blank=True, max_length=1000)
    allergen_ids = Items(child=id_field(), required=False, allow_null=True, max_length=MOST_CHOICES)
    external_id = Text(required=False, allow_null=True, allow_blank=True, max_length=100)
    draft = Flag(required=False)
    items = Items(child=ItemBody(), min_length=1, max_length=MOST_ITEMS)


class OrderChangesBody(_OneCustomer, Versioned):
    """The fields of an order that may be changed; what is absent stays as it is, null takes off."""

    channel = Choice(Channel, required=False)
    table_id = id_field(required=False, allow_null=True)
    customer = CustomerBody(required=False, allow_null=True)
    customer_id = id_field(required=False, allow_null=True)
    priority = Choice(Priority, required=False)
    notes = Text(required=False, allow_blank=True, max_length=1000)
    allergen_ids = Items(child=id_field(), required=False, max_length=MOST_CHOICES)
    discount_amount = Amount(required=False)


class StatusBody(Versioned):
    """Where an order is to go, and why."""

    status = Choice(OrderStatus)
    reason = Text(required=False, allow_null=True, allow_blank=True, max_length=LONGEST_REASON)


class ReasonQuery(Query):
    """Why something is taken back."""

    reason = serializers.CharField(required=False, allow_blank=True, max_length=LONGEST_REASON, trim_whitespace=False)


class OrderQuery(PageQuery):
    """Which orders, and in which order. ``…_after`` is from a moment on, ``…_before`` is up to it."""

    status = SeveralParameter(child=Choice(OrderStatus), required=False)
    channel = SeveralParameter(child=Choice(Channel), required=False)
    table = id_parameter()
    waiter = id_parameter()
    customer = id_parameter()
    payment_status = SeveralParameter(child=Choice(PaymentStatus), required=False)
    priority = SeveralParameter(child=Choice(Priority), required=False)
    created_after = serializers.DateTimeField(required=False)
    created_before = serializers.DateTimeField(required=False)
    updated_after = serializers.DateTimeField(required=False)
    open = FlagParameter(required=False)
    search = serializers.CharField(
        required=False,
        max_length=100,
        help_text="The beginning of an order's number; or of words of the guest's name, the phone number or the email.",
    )
    external_id = serializers.CharField(required=False, max_length=100, trim_whitespace=False)
    ordering = OneOf(
        choices=["id", "-id", "created_at", "-created_at", "updated_at", "-updated_at"],
        required=False,
        help_text="Without it `-id`; `-created_at` or `-updated_at` where the list is bounded by such a moment.",
    )
