"""Work goes from one station to another: by hand, or because the station closes."""

from __future__ import annotations

from dataclasses import replace

from kitchen import states
from kitchen.assigning import Places
from kitchen.models import KitchenOrder, KitchenOrderItem, Station
from kitchen.production import ProductionStep, read_steps, write_steps
from kitchen.services.touching import lock_ticket, stations_locked, ticket_items, touch
from kitchen.states import TO_MAKE, TicketItemStatus
from orders.actors import Actor
from orders.errors import Conflict, FieldProblem, NotEditable, NotFound
from orders.last_moves import last_of_ticket_item, who
from orders.scopes import Scope
from orders.units import unit_of_work


@unit_of_work
def move_to_station(
    *, ticket_id: int, item_id: int, station_id: int, actor: Actor, version: int | None = None
) -> KitchenOrder:
    """Have an item's current step done at another station; at the one where it is, is no change at all.

    Locks the order row, the ticket, then all stations by id. Announces ``kitchen:station_assigned``, to the station
    that it leaves too.

    Raises NotAllowed, NotFound for an item or station that is not there, Conflict for a closed station, NotEditable
    for what is made or not wanted any more, StaleVersion.
    """
    actor.require(*states.WORKERS, to="move work", scope=Scope.KITCHEN_WRITE)
    order, ticket = lock_ticket(ticket_id, actor=actor, version=version)
    item = next((row for row in ticket_items(ticket) if row.pk == item_id), None)
    if item is None:
        raise NotFound("There is no such item on this ticket.")
    station = next((row for row in stations_locked(ticket.restaurant_id) if row.pk == station_id), None)
    if station is None:
        detail = "There is no such station."
        raise NotFound(detail, problems=[FieldProblem("/station_id", "not_found", detail)])
    if item.status not in TO_MAKE or not ticket.is_open:
        raise NotEditable(f"{item.name} is {item.status}.", **who(last_of_ticket_item(order, item.pk)))
    if item.station_id == station.pk:
        return ticket
    if not station.is_active:
        raise Conflict(f"Station {station.name} is closed.")
    steps = read_steps(item)
    current = next(number for number, step in enumerate(steps) if not step.done)
    _write(item, [_at(step, station) if number == current else step for number, step in enumerate(steps)])
    touch(ticket)
    return ticket


def _at(step: ProductionStep, station: Station) -> ProductionStep:
    return replace(step, station_id=station.pk, station_name=station.name)


def _write(item: KitchenOrderItem, steps: list[ProductionStep]) -> None:
    write_steps(item, steps)
    item.save()


@unit_of_work
def move_waiting_of(*, ticket_id: int, station_id: int, actor: Actor) -> KitchenOrder:
    """Take what waits at a closed station off it, on one ticket: steps that nobody has begun go where others can.

    What was begun there as an item's first step is finished there. Where no other station is open it stays. Locks as
    ``move_to_station``.
    """
    _, ticket = lock_ticket(ticket_id, actor=actor)
    rows = stations_locked(ticket.restaurant_id)
    closed = next((row for row in rows if row.pk == station_id), None)
    if closed is None or closed.is_active or not ticket.is_open:
        return ticket
    places = Places(rows)
    moved = False
    for item in ticket_items(ticket):
        if item.status in TO_MAKE:
            moved |= _leave(item, closed, places)
    if moved:
        touch(ticket)
    return ticket


def _leave(item: KitchenOrderItem, closed: Station, places: Places) -> bool:
    steps = read_steps(item)
    left = list(steps)
    current = next(number for number, step in enumerate(steps) if not step.done)
    for number in range(_first_waiting(item, current), len(steps)):
        step = steps[number]
        if step.station_id != closed.pk:
            continue
        is_load = number == current and not item.held
        station = places.take(step.station_ids or (closed.pk,), step.minutes, is_first=is_load)
        if station is not None and station.pk != closed.pk:
            left[number] = _at(step, station)
    if tuple(left) == steps:
        return False
    _write(item, left)
    return True


def _first_waiting(item: KitchenOrderItem, current: int) -> int:
    """Return the first step that nobody has begun: the current one, but for the very first of an item that is in work.

    That somebody has begun a later one is said nowhere: rather it goes elsewhere than that it waits where nobody is.
    """
    is_begun = item.status == TicketItemStatus.PREPARING and current == 0
    return current + is_begun
