"""Courses: what is held until the guests are ready for it, and what fires it."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from kitchen import states
from kitchen.models import KitchenOrder, KitchenOrderItem
from kitchen.services.touching import lock_ticket, start_clock, ticket_items, touch
from kitchen.states import TO_MAKE, TicketItemStatus
from orders.actors import Actor
from orders.aggregates import lines_of
from orders.errors import NotEditable, NotFound
from orders.models import Order
from orders.scopes import Scope
from orders.states import ItemStatus
from orders.units import unit_of_work


def is_held_at_first(course: int, courses: Collection[int]) -> bool:
    """Whether a new ticket's items of the course wait: all but those of its first."""
    return course > min(courses)


def hold_new(present: Iterable[KitchenOrderItem], course: int) -> bool:
    """Whether what is added to a ticket waits: when it is of a later course than any that was begun or fired.

    Where nothing of the ticket is left, it is the first course of what comes now.
    """
    wanted = [item for item in present if item.status != TicketItemStatus.CANCELLED]
    fired = [item.course for item in wanted if not item.held]
    return bool(wanted) and (not fired or course > max(fired)) and any(item.status in TO_MAKE for item in wanted)


@unit_of_work
def fire_course(*, ticket_id: int, course: int, actor: Actor, version: int | None = None) -> KitchenOrder:
    """Have a held course made now; one that is not held is no change at all.

    Locks the order row, then the ticket. Announces ``kitchen:course_fired``.

    Raises NotAllowed, NotFound for a course that the ticket hasn't, NotEditable for a ticket that is not in work,
    StaleVersion.
    """
    actor.require(*states.WORKERS, to="fire a course", scope=Scope.KITCHEN_WRITE)
    _, ticket = lock_ticket(ticket_id, actor=actor, version=version)
    items = [item for item in ticket_items(ticket) if item.course == course]
    if not items:
        raise NotFound(f"Ticket {ticket.order_number} has no course {course}.")
    if any(item.held and item.status in TO_MAKE for item in items):
        if not ticket.is_open:
            raise NotEditable(f"Ticket {ticket.order_number} is {ticket.status}.")
        _fire(ticket, course)
    return ticket


def _fire(ticket: KitchenOrder, course: int) -> None:
    """Have all held items of the course made. The ticket's clock starts anew where nothing else was in work."""
    items = ticket_items(ticket)
    if not any(item.status in TO_MAKE and not item.held for item in items):
        start_clock(ticket)
    for item in items:
        if item.course == course and item.held:
            item.held = False
            item.save()
    touch(ticket)


def fire_due(order: Order, ticket: KitchenOrder) -> None:
    """Fire the first held course when everything before it is with the guests, or is not wanted any more.

    Needs order and ticket locked.
    """
    waiting = [item for item in ticket_items(ticket) if item.held and item.status in TO_MAKE]
    if not waiting or not ticket.is_open:
        return
    course = min(item.course for item in waiting)
    ahead = [
        line.status
        for line in lines_of(order)
        if line.course < course and line.status not in (ItemStatus.SERVED, ItemStatus.CANCELLED)
    ]
    if not ahead:
        _fire(ticket, course)
