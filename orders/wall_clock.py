"""The time that the admin tells: that of the restaurant, whose wall clock its people look at."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format

from orders.access import SESSION_KEY
from orders.models import Restaurant
from orders.reach import reach_of


def zone_of(request: HttpRequest) -> dt.tzinfo:
    """Return the zone of the restaurant that somebody runs; of several, of the one that they have chosen.

    Who has chosen none is told the time of the first; where there is none at all, that of the server.
    """
    reach = reach_of(request)
    own = reach.restaurants()
    chosen = reach.only_id or request.session.get(SESSION_KEY)
    name = own.filter(pk=chosen).values_list("timezone", flat=True).first() if chosen else None
    name = name or own.order_by("pk").values_list("timezone", flat=True).first()
    return ZoneInfo(name) if name else dt.UTC


def tell_time_of(row: models.Model) -> None:
    """Tell the time of the row's restaurant for the rest of the page, where the row has one."""
    home = row if isinstance(row, Restaurant) else getattr(row, "restaurant", None)
    if isinstance(home, Restaurant):
        timezone.activate(ZoneInfo(home.timezone))


def told_moment(moment: dt.datetime) -> str:
    """Return a moment as every page of the admin writes it."""
    return date_format(timezone.localtime(moment), "DATETIME_FORMAT")
