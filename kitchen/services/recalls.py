"""Recall: what went out wrong, or too soon, is in work again."""

from __future__ import annotations

from dataclasses import replace

from django.utils import timezone

from kitchen import states
from kitchen.assigning import Places
from kitchen.cookbook import cookbook_of
from kitchen.models import KitchenOrder, KitchenOrderItem
from kitchen.production import ProductionStep, read_steps, write_steps
from kitchen.services.estimates import estimate_again, places_of
from kitchen.services.touching import alert_again, is_wanted, lock_ticket, ticket_items, touch
from kitchen.states import TicketItemStatus, TicketStatus
from orders.actors import Actor
from orders.card_numbers import refuse_card_number
from orders.errors import InvalidTransition, NotEditable, TooLate
from orders.last_moves import last_status, last_ticket_status, who
from orders.models import Order
from orders.scopes import Scope
from orders.services.kitchen_side import follow_ticket, recall_line
from orders.shapes import timestamp
from orders.states import OrderStatus
from orders.units import unit_of_work

_FROM = (TicketStatus.READY, TicketStatus.COMPLETED)
_OF_ORDERS = (OrderStatus.PREPARING, OrderStatus.READY, OrderStatus.SERVED)


@unit_of_work
def recall_ticket(*, ticket_id: int, actor: Actor, reason: str = "", version: int | None = None) -> KitchenOrder:
    """Take a ticket that was ready, or put away, back to preparing; its order follows, paid or not.

    Locks the order row, the ticket, then the stations. What was made within that time is preparing again, its last
    step not done, unless it was voided since; its ingredients stay written off, once. Announces
    ``kitchen:order_recalled``.

    Raises NotAllowed, NotFound, InvalidTransition for a ticket that is not made yet and for an order that has left
    the house or is closed (naming who brought it there, and when), TooLate more than 15 minutes after it was ready,
    NotEditable when all that was made was voided since, StaleVersion.
    """
    actor.require(*states.WORKERS, to="recall a ticket", scope=Scope.KITCHEN_WRITE)
    refuse_card_number(reason, "/reason")
    order, ticket = lock_ticket(ticket_id, actor=actor, version=version)
    _check_recallable(order, ticket)
    made = _made_lately(ticket)
    if not made:
        raise NotEditable(f"Ticket {ticket.order_number} has nothing on it that is still wanted.")
    places = places_of(ticket.restaurant_id)
    for item in made:
        _take_back(order, item, places)
    # While it was ready nobody asked: the guest's allergies may have changed since.
    alert_again(order, ticket, cookbook_of(order.restaurant_id))
    for item in made:
        item.save()
    now = timezone.now()
    ticket.status = TicketStatus.PREPARING
    ticket.ready_at = ticket.completed_at = None
    ticket.recalled_at = now
    ticket.recall_reason = reason
    follow_ticket(order, OrderStatus.PREPARING)
    estimate_again(order, ticket)
    touch(ticket)
    return ticket


def _made_lately(ticket: KitchenOrder) -> list[KitchenOrderItem]:
    """Return what was made within the time for a recall, and at least what was made last: no course of long ago."""
    made = [item for item in ticket_items(ticket) if item.status == TicketItemStatus.READY and is_wanted(item)]
    last = max((item.ready_at for item in made if item.ready_at), default=timezone.now())
    since = min(last, timezone.now() - states.RECALL_WITHIN)
    return [item for item in made if item.ready_at is None or item.ready_at >= since]


def _check_recallable(order: Order, ticket: KitchenOrder) -> None:
    if ticket.status not in _FROM:
        raise InvalidTransition(
            subject=f"Ticket {ticket.order_number}",
            status=ticket.status,
            to="recalled",
            allowed=[str(step) for step in states.next_statuses(ticket.status)],
            **who(last_ticket_status(order)),
        )
    if order.status not in _OF_ORDERS:
        raise InvalidTransition(
            subject=f"Order {order.order_number}",
            status=order.status,
            to="recalled",
            allowed=[],
            **who(last_status(order)),
        )
    assert ticket.ready_at is not None
    if timezone.now() - ticket.ready_at > states.RECALL_WITHIN:
        minutes = int(states.RECALL_WITHIN.total_seconds() // 60)
        ready_at = timestamp(ticket.ready_at)
        raise TooLate(
            f"Ticket {ticket.order_number} was ready at {ready_at}: it can be recalled for {minutes} minutes.",
            ready_at=ready_at,
        )


def _take_back(order: Order, item: KitchenOrderItem, places: Places) -> None:
    """Have an item in work again at its last step, and its line with it; saves the line alone."""
    item.status = TicketItemStatus.PREPARING
    item.ready_at = None
    *before, last = read_steps(item)
    write_steps(item, [*before, _undone(last, places)])
    recall_line(order, item.order_item_id)


def _undone(step: ProductionStep, places: Places) -> ProductionStep:
    """Return the step as it is to be done again: where it was, or elsewhere if that station has been closed."""
    undone = replace(step, done=False)
    was = places.stations.get(step.station_id or 0)
    if step.station_id is None or (was is not None and was.is_active):
        return undone
    station = places.take(step.station_ids or (step.station_id,), step.minutes, is_first=True)
    return undone if station is None else replace(undone, station_id=station.pk, station_name=station.name)
