"""Courses: what is held until the guests are ready for it, and what fires it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from kitchen import states
from kitchen.assigning import Places
from kitchen.models import KitchenOrder, KitchenOrderItem
from kitchen.production import read_steps, write_steps
from kitchen.services.estimates import estimate_again, places_of
from kitchen.services.touching import lock_ticket, start_clock, ticket_items, touch
from kitchen.states import TO_MAKE
from orders.actors import Actor
from orders.aggregates import lines_of
from orders.errors import NotEditable, NotFound
from orders.last_moves import last_firing, last_ticket_status, who
from orders.models import Order, OrderItem
from orders.scopes import Scope
from orders.states import ItemStatus
from orders.units import unit_of_work

_DONE_WITH = (ItemStatus.SERVED, ItemStatus.CANCELLED)


def is_held_at_first(course: int, courses: Collection[int]) -> bool:
    """Whether a new ticket's items of the course wait: all but those of its first."""
    return course > min(courses)


def hold_new(order: Order, others: Iterable[KitchenOrderItem], course: int) -> bool:
    """Whether what comes to a ticket waits: when it is of a later course than any that the guests are waiting for.

    Where they wait for nothing else, it is the first course of what comes now. Where all else is held
    ``release_due`` says what is first.
    """
    unserved = {line.pk for line in _unserved(order)}
    awaited = [item for item in others if item.order_item_id in unserved]
    fired = [item.course for item in awaited if not item.held]
    return bool(awaited) and (not fired or course > max(fired))


def _unserved(order: Order) -> list[OrderItem]:
    """Return the lines that guests are waiting for."""
    return [line for line in lines_of(order) if line.status not in _DONE_WITH]


@unit_of_work
def fire_course(*, ticket_id: int, course: int, actor: Actor, version: int | None = None) -> KitchenOrder:
    """Have a held course made now; one that is not held is no change at all.

    Locks the order row, the ticket, then the stations. Announces ``kitchen:course_fired``.

    Raises NotAllowed, NotFound for a course that the ticket hasn't, NotEditable for a ticket that is put away or
    cancelled (naming who has done that) but to whoever has fired the course before and says it again, StaleVersion.
    """
    actor.require(*states.WORKERS, to="fire a course", scope=Scope.KITCHEN_WRITE)
    order, ticket = lock_ticket(ticket_id, actor=actor, version=version)
    items = [item for item in ticket_items(ticket) if item.course == course]
    if not items:
        raise NotFound(f"Ticket {ticket.order_number} has no course {course}.")
    if not ticket.is_open:
        fired = last_firing(order, course)
        if fired is None or not fired.is_by(actor):
            raise NotEditable(f"Ticket {ticket.order_number} is {ticket.status}.", **who(last_ticket_status(order)))
    if any(item.held and item.status in TO_MAKE for item in items):
        _release(ticket, course)
        _fire(order, ticket)
    return ticket


def _release(ticket: KitchenOrder, course: int) -> None:
    """Hold the course no longer. The ticket's clock starts anew where nothing else was in work; saves nothing.

    What several stations can do goes to the one that has the least to do now: while it was held it was no load.
    """
    items = ticket_items(ticket)
    if not any(item.status in TO_MAKE and not item.held for item in items):
        start_clock(ticket)
    places = places_of(ticket.restaurant_id)
    for item in items:
        if item.course == course and item.held:
            item.held = False
            if item.status in TO_MAKE:
                _place_again(item, places)


def _place_again(item: KitchenOrderItem, places: Places) -> None:
    """Give the item's steps out anew, but for one that somebody has moved to a station that is none of its own."""
    steps = list(read_steps(item))
    for number, step in enumerate(steps):
        if step.station_id in step.station_ids:
            station = places.take(step.station_ids, step.minutes, is_first=number == 0)
            if station is not None:
                steps[number] = replace(step, station_id=station.pk, station_name=station.name)
    if tuple(steps) != read_steps(item):
        write_steps(item, steps)


def _fire(order: Order, ticket: KitchenOrder) -> None:
    """Write what was released: there is more to make, so it takes longer."""
    estimate_again(order, ticket)
    for item in ticket_items(ticket):
        item.save()
    touch(ticket)


def release_due(order: Order, ticket: KitchenOrder) -> bool:
    """Hold the first held course no longer when all before it is with the guests, or not wanted; saves nothing."""
    waiting = [item.course for item in ticket_items(ticket) if item.held and item.status in TO_MAKE]
    if not waiting or not ticket.is_open:
        return False
    course = min(waiting)
    is_due = all(line.course >= course for line in _unserved(order))
    if is_due:
        _release(ticket, course)
    return is_due


def fire_due(order: Order, ticket: KitchenOrder) -> None:
    """Fire the course that is due, if one is. Needs order and ticket locked."""
    if release_due(order, ticket):
        _fire(order, ticket)
