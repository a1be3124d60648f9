"""The stations of the kitchen."""

from __future__ import annotations

from django.http import HttpResponse
from rest_framework.request import Request

from kitchen.selectors import stations_of
from kitchen.shapes import StationShape, station_shape
from orders.api.documents import documented, paged, shown
from orders.api.endpoints import Endpoint, answer
from orders.api.pages import NoQuery, Ordering, PageQuery, page, query_of
from orders.errors import NotFound
from orders.scopes import Scope

TAG = "kitchen"


class Stations(Endpoint):
    """All stations."""

    read_scope = Scope.KITCHEN_READ

    @documented("list_stations", tag=TAG, query=PageQuery, answers={200: paged(StationShape)})
    def get(self, request: Request) -> HttpResponse:
        """List the stations with their load."""
        query = query_of(request, PageQuery)
        ordering = Ordering(("name", "id"))
        return page(request, stations_of(self.restaurant_id), station_shape, ordering=ordering, query=query)


class OneStation(Endpoint):
    """One station."""

    read_scope = Scope.KITCHEN_READ

    @documented("get_station", tag=TAG, answers={200: shown(StationShape)})
    def get(self, request: Request, station_id: int) -> HttpResponse:
        """Return a station with its load."""
        query_of(request, NoQuery)
        station = stations_of(self.restaurant_id).filter(pk=station_id).first()
        if station is None:
            raise NotFound("There is no such station.")
        return answer(station_shape(station))
