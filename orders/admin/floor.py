"""The tables, the tills and the guests in the admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from orders.admin.base import RestaurantAdmin
from orders.models import Counter, Customer, Table
from orders.reach import reach_of
from orders.services.erasing import erase_customer
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

    def delete_model(self, request: HttpRequest, obj: Customer) -> None:
        """Forget a guest, also on orders, in their history and in what was announced."""
        erase_customer(row_id=obj.pk, actor=reach_of(request).actor(obj.restaurant_id))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Customer]) -> None:
        """Forget several guests."""
        for customer in queryset.order_by("pk"):
            self.delete_model(request, customer)
