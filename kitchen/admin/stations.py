"""The kitchen's stations in the admin: set up, closed and taken out by the services, like everywhere else."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from kitchen.models import Station
from kitchen.services.stations import (
    BIGGEST_CAPACITY,
    StationChanges,
    change_station,
    create_station,
    delete_station,
    why_needed,
)
from orders.admin.base import OwnedForm, RestaurantAdmin
from orders.reach import reach_of


class StationForm(OwnedForm):
    """A station; closing it moves what waits there."""

    capacity = forms.IntegerField(label=_("Capacity"), min_value=1, max_value=BIGGEST_CAPACITY, initial=4)

    def said(self) -> StationChanges:
        """Return what the user has said, as the services are asked for it."""
        names = self.changed_data if self.instance.pk is not None else list(StationChanges.__annotations__)
        return cast("StationChanges", {name: self.cleaned_data[name] for name in names if name != "restaurant"})


@admin.register(Station)
class StationAdmin(RestaurantAdmin[Station]):
    """The places where items are made."""

    form = StationForm
    shared_fields = ("name", "capacity", "is_active")
    fields = ("restaurant", *shared_fields, "load")
    readonly_fields = ("load",)
    list_display = ("name", "capacity", "load", "is_active")
    list_filter = ("is_active",)
    list_select_related = ("restaurant",)
    search_fields = ("name",)

    def save_model(self, request: HttpRequest, obj: Station, form: Any, change: bool) -> None:
        """Have the service write the station, and move what waits at one that is closed."""
        actor = reach_of(request).actor(obj.restaurant_id)
        if change:
            change_station(station_id=obj.pk, actor=actor, **form.said())
        else:
            obj.pk = create_station(actor=actor, **form.said()).pk

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[Any, Any, set[str], list[Any]]:
        """Say which stations go; such as are needed keep the others. What was made there stays as it is."""
        kept = [f"{station}: {reason}" for station in objs if (reason := why_needed(station)) is not None]
        return ([], {}, set(), kept) if kept else ([str(station) for station in objs], {}, set(), [])

    def delete_model(self, request: HttpRequest, obj: Station) -> None:
        """Have the service take the station out."""
        delete_station(station_id=obj.pk, actor=reach_of(request).actor(obj.restaurant_id))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Station]) -> None:
        """Have the service take the stations out, all or none."""
        for station in queryset.order_by("pk"):
            self.delete_model(request, station)
