"""The figures of business days."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from django.http import HttpResponse
from rest_framework import serializers
from rest_framework.request import Request

from orders.api.documents import documented, shown
from orders.api.endpoints import Endpoint, answer
from orders.api.pages import Query, query_of
from orders.api.permissions import STAFF_ALONE
from orders.stats import OrderStatsShape, order_stats

TAG = "orders"
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class DateParameter(serializers.DateField):
    """A day in a query: 2026-11-21, and no other way to write it."""

    def to_internal_value(self, value: Any) -> dt.date:
        """Return the day."""
        if not isinstance(value, str) or _DATE.fullmatch(value) is None:
            self.fail("invalid", format="YYYY-MM-DD")
        day: dt.date = super().to_internal_value(value)
        return day


class StatsQuery(Query):
    """Which business days, both included. Without `to` until today, without `from` that day alone."""

    to = DateParameter(required=False, help_text="The last business day.")

    def get_fields(self) -> dict[str, Any]:
        """Return the fields, also the one whose name is a word of Python's own."""
        first = DateParameter(required=False, help_text="The first business day.")
        return {"from": first, **super().get_fields()}


class OrderStats(Endpoint):
    """What business days came to."""

    read_scope = STAFF_ALONE

    @documented("get_order_stats", tag=TAG, query=StatsQuery, answers={200: shown(OrderStatsShape)})
    def get(self, request: Request) -> HttpResponse:
        """Return what business days came to: today's, or those asked for."""
        query = query_of(request, StatsQuery)
        return answer(order_stats(actor=self.actor, first=query.get("from"), last=query.get("to")))
