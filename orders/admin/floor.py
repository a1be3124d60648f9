"""The tables, the tills and the guests in the admin."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from orders.admin.base import RestaurantAdmin
from orders.models import Counter, Customer, Table
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
