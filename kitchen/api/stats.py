"""The kitchen's numbers, and what is still to make."""

from __future__ import annotations

from django.http import HttpResponse
from rest_framework.request import Request

from kitchen.stats import AllDayShape, KitchenStatsShape, all_day, kitchen_stats, most_first
from orders.api.documents import documented, paged, shown
from orders.api.endpoints import Endpoint, answer
from orders.api.pages import NoQuery, Ordering, PageQuery, id_parameter, page_of, query_of
from orders.scopes import Scope

TAG = "kitchen"


MOST_FIRST = Ordering(("quantity", "name", "modifiers", "menu_item_id"))


class AllDayQuery(PageQuery):
    """Of which station; without one, of the whole kitchen."""

    station = id_parameter(help_text="Items whose current step is there.")


class KitchenStats(Endpoint):
    """How the kitchen is doing."""

    read_scope = Scope.KITCHEN_READ

    @documented("get_kitchen_stats", tag=TAG, answers={200: shown(KitchenStatsShape)})
    def get(self, request: Request) -> HttpResponse:
        """Return the kitchen's numbers: its open tickets, the business day's minutes, and how good promises were."""
        query_of(request, NoQuery)
        return answer(kitchen_stats(self.restaurant_id))


class AllDay(Endpoint):
    """What is still to make."""

    read_scope = Scope.KITCHEN_READ

    @documented("list_all_day", tag=TAG, query=AllDayQuery, answers={200: paged(AllDayShape)})
    def get(self, request: Request) -> HttpResponse:
        """Count what is still to make, per dish and set of modifiers, most first.

        What is held is counted too. Each page counts anew: what the first one had may be less, or more, by the second.
        """
        query = query_of(request, AllDayQuery)
        rows = all_day(self.restaurant_id, station_id=query.get("station"))
        return page_of(request, rows, ordering=MOST_FIRST, key=most_first, query=query)
