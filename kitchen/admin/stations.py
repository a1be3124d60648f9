"""The kitchen's stations in the admin."""

from __future__ import annotations

from django.contrib import admin

from kitchen.models import Station
from orders.admin.base import RestaurantAdmin


@admin.register(Station)
class StationAdmin(RestaurantAdmin[Station]):
    """The places where items are made."""

    fields = ("restaurant", "name", "capacity", "is_active", "load")
    readonly_fields = ("load",)
    list_display = ("name", "capacity", "load", "is_active")
    list_filter = ("is_active",)
    list_select_related = ("restaurant",)
    search_fields = ("name",)
