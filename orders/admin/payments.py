"""Payments and refunds in the admin: to look at. They are taken and given back at the till, by the services."""

from __future__ import annotations

from typing import Any, TypeVar

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from orders.admin.base import OwnFilter, ReadOnlyInline, RestaurantAdmin
from orders.models import Order, Payment, Refund

M = TypeVar("M", Payment, Refund)


def order_link(order: Order) -> SafeString:
    """Lead to an order's page."""
    return format_html('<a href="{}">{}</a>', reverse("admin:orders_order_change", args=(order.pk,)), order)


class _Booked(RestaurantAdmin[M]):
    """A list of what was booked, which nobody changes afterwards."""

    date_hierarchy = "created_at"
    search_fields = ("transaction_reference", "order__order_number")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Book through the API."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Leave it as it was booked."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Keep it."""
        return False

    @admin.display(description=_("order"), ordering="order")
    def order_link(self, row: Payment | Refund) -> SafeString:
        """Lead to the order."""
        return order_link(row.order)


class RefundOfPaymentInline(ReadOnlyInline):
    """What was given back of a payment."""

    model = Refund
    fields = ("created_at", "amount", "reason", "transaction_reference", "given_by_name")
    readonly_fields = fields


class PaymentInline(ReadOnlyInline):
    """What was paid for an order."""

    model = Payment
    fields = (
        "created_at", "amount", "method", "tendered", "change", "refunded_amount", "transaction_reference", "status",
        "taken_by_name",
    )  # fmt: skip
    readonly_fields = fields
    show_change_link = True


class RefundInline(RefundOfPaymentInline):
    """What was given back for an order."""

    show_change_link = True


@admin.register(Payment)
class PaymentAdmin(_Booked[Payment]):
    """Payments: found by reference, order or day."""

    fields = (
        "restaurant", "order_link", "created_at", "amount", "method", "tendered", "change", "counter",
        "transaction_reference", "status", "refunded_amount", "taken_by_name",
    )  # fmt: skip
    inlines = (RefundOfPaymentInline,)
    list_display = (
        "transaction_reference", "order_link", "amount", "method", "status", "refunded_amount", "counter",
        "taken_by_name", "created_at",
    )  # fmt: skip
    list_filter = ("method", "status", ("counter", OwnFilter))
    list_select_related = ("restaurant", "order", "counter")


@admin.register(Refund)
class RefundAdmin(_Booked[Refund]):
    """Refunds: found by reference, order or day."""

    fields = (
        "restaurant", "order_link", "payment", "created_at", "amount", "reason", "transaction_reference",
        "given_by_name",
    )  # fmt: skip
    list_display = ("transaction_reference", "order_link", "amount", "reason", "given_by_name", "created_at")
    list_select_related = ("restaurant", "order")
