"""Stations: set up, changed, closed, taken out of the kitchen. What waits at one that closes goes elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TypedDict, Unpack

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from kitchen import states
from kitchen.models import KitchenOrder, KitchenOrderItem, RecipeStepStation, Station
from kitchen.selectors import at_station
from kitchen.services.moving import move_waiting_of
from kitchen.services.touching import stations_locked
from kitchen.states import TicketStatus
from orders.actors import Actor
from orders.errors import InUse, NotFound
from orders.models import MenuItem
from orders.reading import read_rows
from orders.scopes import Scope
from orders.services.saving import save_once
from orders.units import current_unit, once_committed, unit_of_work

BIGGEST_CAPACITY = 999
_TAKEN: Mapping[str, tuple[str, str]] = {"station_once": ("/name", "There is a station of this name.")}


class StationChanges(TypedDict, total=False):
    """The fields of a station that may be sent."""

    name: str
    capacity: int
    is_active: bool


def create_station(*, actor: Actor, **fields: Unpack[StationChanges]) -> Station:
    """Set up a station. What waits where nobody works goes there, if there was no other place for it.

    Announces ``station:updated``. Raises NotAllowed, Duplicate.
    """
    station = _create(actor=actor, **fields)
    _now_or_once_committed(partial(move_all_waiting, actor=actor))
    return station


@unit_of_work
def _create(*, actor: Actor, **fields: Unpack[StationChanges]) -> Station:
    _require_worker(actor)
    station = Station(restaurant_id=actor.restaurant_id, **fields)
    save_once(station, _TAKEN)
    return station


def change_station(*, station_id: int, actor: Actor, **changes: Unpack[StationChanges]) -> Station:
    """Change fields of a station: the ones given, and no others. ``is_active`` closes it, or opens it again.

    Closing is committed first: from then on the station gets nothing. Then what waits there is moved, each ticket in a
    unit of its own, since none may hold up the floor until all are done. Where a crash has left some of it, the next
    change of any station moves the rest, be it that the closed one is closed again.

    Announces ``station:updated``, and ``kitchen:station_assigned`` for each step that goes elsewhere. Raises
    NotAllowed, NotFound, Duplicate.
    """
    station = _change(station_id=station_id, actor=actor, **changes)
    _now_or_once_committed(partial(move_all_waiting, actor=actor))
    return station


@unit_of_work
def _change(*, station_id: int, actor: Actor, **changes: Unpack[StationChanges]) -> Station:
    _require_worker(actor)
    station = _locked(station_id, actor)
    for name, value in changes.items():
        setattr(station, name, value)
    save_once(station, _TAKEN)
    return station


def _require_worker(actor: Actor) -> None:
    actor.require(*states.WORKERS, to="change the stations", scope=Scope.KITCHEN_WRITE)


def _locked(station_id: int, actor: Actor) -> Station:
    """Return the station, locked with all others: whoever holds one of them holds them all."""
    station = next((row for row in stations_locked(actor.restaurant_id) if row.pk == station_id), None)
    if station is None:
        raise NotFound("There is no such station.")
    return station


def _now_or_once_committed(work: Callable[[], None]) -> None:
    """Do what takes units of its own: now, or when the unit that we are called in is committed."""
    if current_unit() is None:
        work()
    else:
        once_committed(work)


def move_all_waiting(*, actor: Actor) -> None:
    """Move what waits at the restaurant's closed stations to open ones, ticket by ticket, each in a unit of its own.

    Begun again it goes on where it was broken off. What is in work at a closed station is finished there.
    """
    for ticket_id, station_id in _waiting(actor.restaurant_id):
        move_waiting_of(ticket_id=ticket_id, station_id=station_id, actor=actor)


def _waiting(restaurant_id: int) -> Iterator[tuple[int, int]]:
    """Return each open ticket with each closed station that has something of it to make, while another is open."""
    stations = list(Station.objects.filter(restaurant_id=restaurant_id))
    closed = {station.pk for station in stations if not station.is_active}
    if not closed or len(closed) == len(stations):
        return
    there = KitchenOrderItem.objects.filter(
        ticket__restaurant_id=restaurant_id,
        ticket__status__in=states.OPEN,
        status__in=states.TO_MAKE,
        station_ids__overlap=sorted(closed),
    )
    pairs = {
        (ticket_id, station_id)
        for ticket_id, station_ids in there.values_list("ticket_id", "station_ids")
        for station_id in closed.intersection(station_ids)
    }
    yield from sorted(pairs)


@unit_of_work
def delete_station(*, station_id: int, actor: Actor) -> None:
    """Take a station out of the kitchen that no dish, recipe in force or ticket in work names.

    Past tickets keep its name; earlier versions of recipes, by which nothing new is made, do without it. Locks the
    stations, this one against being named too: who writes a dish or a recipe shares its key.

    Announces ``station:updated``. Raises NotAllowed, NotFound, InUse.
    """
    _require_worker(actor)
    station = _locked(station_id, actor)
    read_rows(Station, "WHERE id = %s FOR UPDATE", station.pk)
    reason = why_needed(station)
    if reason is not None:
        raise InUse(f"{station} can't be deleted. {reason}")
    RecipeStepStation.objects.filter(station=station).delete()
    station.delete()


def why_needed(station: Station) -> str | None:
    """Return why a station can't be deleted, or None where nothing needs it."""
    if at_station(_may_be_worked_on(station.restaurant_id), station.pk).exists():
        return "There is work for it, or what was made there may still be recalled: close it first."
    if MenuItem.objects.filter(station_id=station.pk).exists():
        return "Dishes are made there: give them another station first."
    in_force = RecipeStepStation.objects.filter(step__version=F("step__recipe__version"), step__recipe__is_active=True)
    if in_force.filter(station=station).exists():
        return "A recipe names it: give that another station first, or close it."
    return None


def _may_be_worked_on(restaurant_id: int) -> QuerySet[KitchenOrder]:
    recallable = timezone.now() - states.RECALL_WITHIN
    put_away = Q(status=TicketStatus.COMPLETED, completed_at__gte=recallable, ready_at__gte=recallable)
    return KitchenOrder.objects.filter(Q(status__in=states.OPEN) | put_away, restaurant_id=restaurant_id)
