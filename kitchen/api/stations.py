"""The stations of the kitchen: all staff read them, the kitchen and the manager set them up, close them, open them."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpResponse
from rest_framework.request import Request

from kitchen.models import Station
from kitchen.selectors import stations_of
from kitchen.services.stations import BIGGEST_CAPACITY, change_station, create_station, delete_station
from kitchen.shapes import StationShape, station_shape
from orders.api.documents import documented, paged, shown
from orders.api.endpoints import Endpoint, answer, keyed
from orders.api.fields import Body, Flag, Text, Whole
from orders.api.pages import NoQuery, Ordering, PageQuery, page, query_of
from orders.errors import Duplicate, InUse, NotFound
from orders.scopes import Scope

TAG = "kitchen"
LONGEST_NAME = 50


class StationBody(Body):
    """A station; of one that there is, the fields that are sent are changed."""

    name = Text(max_length=LONGEST_NAME)
    capacity = Whole(required=False, min_value=1, max_value=BIGGEST_CAPACITY, help_text="Items at a time.")
    is_active = Flag(required=False, help_text="False closes it: it gets nothing, and what waits there goes elsewhere.")


class Stations(Endpoint):
    """All stations."""

    read_scope = Scope.KITCHEN_READ
    write_scope = Scope.KITCHEN_WRITE

    @documented("list_stations", tag=TAG, query=PageQuery, answers={200: paged(StationShape)})
    def get(self, request: Request) -> HttpResponse:
        """List the stations with their load."""
        query = query_of(request, PageQuery)
        ordering = Ordering(("name", "id"))
        return page(request, stations_of(self.restaurant_id), station_shape, ordering=ordering, query=query)

    @documented("create_station", tag=TAG, body=StationBody, answers={201: shown(StationShape)}, refuses=(Duplicate,))
    @keyed
    def post(self, request: Request) -> HttpResponse:
        """Set up a station."""
        query_of(request, NoQuery)
        station = create_station(actor=self.actor, **self.body(StationBody))
        shape = station_shape(found_station(self.restaurant_id, station.pk))
        return answer(shape, HTTPStatus.CREATED, location=f"/api/kitchen/stations/{station.pk}")


def found_station(restaurant_id: int, station_id: int) -> Station:
    """Return the restaurant's station, with the load that it has now; raises NotFound."""
    station = stations_of(restaurant_id).filter(pk=station_id).first()
    if station is None:
        raise NotFound("There is no such station.")
    return station


class OneStation(Endpoint):
    """One station."""

    read_scope = Scope.KITCHEN_READ
    write_scope = Scope.KITCHEN_WRITE

    @documented("get_station", tag=TAG, answers={200: shown(StationShape)})
    def get(self, request: Request, station_id: int) -> HttpResponse:
        """Return a station with its load."""
        query_of(request, NoQuery)
        return answer(station_shape(found_station(self.restaurant_id, station_id)))

    @documented(
        "change_station",
        tag=TAG,
        body=StationBody(partial=True),
        answers={200: shown(StationShape)},
        refuses=(Duplicate,),
    )
    def patch(self, request: Request, station_id: int) -> HttpResponse:
        """Change the fields of a station that are sent.

        One that closes (`is_active` false) gets nothing more, and what waits there is moved to stations that are
        open; what is in work is finished.
        """
        query_of(request, NoQuery)
        change_station(station_id=station_id, actor=self.actor, **self.body(StationBody, partial=True))
        return answer(station_shape(found_station(self.restaurant_id, station_id)))

    @documented("delete_station", tag=TAG, answers={204: None}, refuses=(InUse,))
    def delete(self, request: Request, station_id: int) -> HttpResponse:
        """Take a station out of the kitchen; 409 while there is work for it, and while dishes or recipes name it."""
        query_of(request, NoQuery)
        delete_station(station_id=station_id, actor=self.actor)
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
