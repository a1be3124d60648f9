"""The tables, the tills and the guests in the admin."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from orders.admin.base import RestaurantAdmin
from orders.models import Counter, Customer, Table
from orders.reach import reach_of
from orders.services.customers import CustomerChanges, update_customer
from orders.services.erasing import erase_customer, erase_customers
from orders.tokens import table_token


@admin.register(Table)
class TableAdmin(RestaurantAdmin[Table]):
    """Where guests sit."""

    fields = ("restaurant", "name", "area", "seats", "token")
    readonly_fields = ("token",)
    list_display = ("name", "area", "seats")
    list_editable = ("seats",)
    list_filter = ("area",)
    list_select_related = ("restaurant",)
    search_fields = ("name", "area")

    @admin.display(description=_("token"))
    def token(self, table: Table) -> str:
        """Show the token that the table's guests order with."""
        return table_token(table) if table.pk else "-"


@admin.register(Counter)
class CounterAdmin(RestaurantAdmin[Counter]):
    """Where guests pay."""

    fields = ("restaurant", "name")
    list_display = ("name",)
    list_select_related = ("restaurant",)
    search_fields = ("name",)


@admin.register(Customer)
class CustomerAdmin(RestaurantAdmin[Customer]):
    """The guests whom the restaurant knows by name."""

    fields = ("restaurant", "name", "phone", "email", "created_at")
    readonly_fields = ("created_at",)
    list_display = ("__str__", "phone", "email", "created_at")
    list_select_related = ("restaurant",)
    date_hierarchy = "created_at"
    search_fields = ("name", "phone", "email")

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[Any, Any, set[str], list[Any]]:
        """Say who would be forgotten: the orders stay, without the name."""
        return [str(customer) for customer in objs], {}, set(), []

    def save_model(self, request: HttpRequest, obj: Customer, form: Any, change: Any) -> None:
        """Write what was changed of a guest, as everybody else does: who was erased meanwhile does not come back."""
        if not change:
            super().save_model(request, obj, form, change)
            return
        said: CustomerChanges = {name: form.cleaned_data[name] for name in form.changed_data}  # type: ignore[assignment]
        update_customer(row_id=obj.pk, actor=reach_of(request).actor(obj.restaurant_id), **said)

    def delete_model(self, request: HttpRequest, obj: Customer) -> None:
        """Forget a guest, also on orders, in their history and in what was announced."""
        erase_customer(row_id=obj.pk, actor=reach_of(request).actor(obj.restaurant_id))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Customer]) -> None:
        """Forget several guests, those of a restaurant together: their orders are locked before any of them."""
        chosen: defaultdict[int, list[int]] = defaultdict(list)
        for restaurant_id, pk in queryset.order_by("restaurant_id", "pk").values_list("restaurant_id", "pk"):
            chosen[restaurant_id].append(pk)
        for restaurant_id, pks in chosen.items():
            erase_customers(row_ids=pks, actor=reach_of(request).actor(restaurant_id))

    # The log is for ever, and says by whom it was done: it calls a guest by number.

    def log_addition(self, request: HttpRequest, obj: Customer, message: Any) -> Any:
        """Note who made a guest known."""
        return super().log_addition(request, _nameless(obj), message)

    def log_change(self, request: HttpRequest, obj: Customer, message: Any) -> Any:
        """Note who changed what is known of a guest."""
        return super().log_change(request, _nameless(obj), message)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """Note who had guests forgotten."""
        nameless: Any = [_nameless(customer) for customer in queryset]
        return super().log_deletions(request, nameless)


def _nameless(customer: Customer) -> Customer:
    return Customer(pk=customer.pk)
