"""Working on tickets: taking them, starting, making items, ready, put away, cancelled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils import timezone

from kitchen import states
from kitchen.models import KitchenOrder, KitchenOrderItem
from kitchen.services.touching import enter, lock_ticket, lock_ticket_of, settle, ticket_items, touch
from kitchen.states import TicketItemStatus, TicketStatus
from orders.actors import Actor
from orders.errors import FieldProblem, InvalidTransition, NotEditable, NotFound
from orders.models import Order, OrderItem
from orders.scopes import Scope
from orders.services.kitchen_side import follow_ticket, follow_ticket_item, void_ticket_item
from orders.services.orders import set_order_status
from orders.states import ItemStatus, OrderStatus, Role
from orders.units import unit_of_work


@unit_of_work
def set_ticket_status(
    *, ticket_id: int, to: TicketStatus, actor: Actor, reason: str = "", version: int | None = None
) -> KitchenOrder:
    """Move a ticket; to the status that it has is no change at all. Its order follows.

    Locks the order row, then the ticket. Starting a pending ticket acknowledges it by the way; ``ready`` makes what
    is left ready.

    Raises InvalidTransition (naming what is allowed), NotAllowed, NotFound, StaleVersion.
    """
    order, ticket = lock_ticket(ticket_id, actor=actor, version=version)
    if ticket.status == to:
        return ticket
    if to == TicketStatus.CANCELLED:
        actor.require(Role.MANAGER, to="cancel a ticket")
    else:
        actor.require(*states.WORKERS, to=f"set a ticket {to}", scope=Scope.KITCHEN_WRITE)
    allowed = states.next_statuses(ticket.status)
    if to not in allowed:
        raise InvalidTransition(
            subject=f"Ticket {ticket.order_number}",
            status=ticket.status,
            to=to,
            allowed=[str(step) for step in allowed],
        )
    if to == TicketStatus.CANCELLED:
        set_order_status(order_id=order.pk, to=OrderStatus.CANCELLED, actor=actor, reason=reason)
    elif to == TicketStatus.READY:
        _make_rest_ready(order, ticket)
    elif to == TicketStatus.PREPARING:
        _start(order, ticket, actor)
    else:
        if to == TicketStatus.ACKNOWLEDGED:
            _claim(ticket, actor)
        enter(ticket, to)
    return ticket


def acknowledge_ticket(*, ticket_id: int, actor: Actor, version: int | None = None) -> KitchenOrder:
    """Take a ticket: the actor is its chef. Raises as ``set_ticket_status`` does."""
    return set_ticket_status(ticket_id=ticket_id, to=TicketStatus.ACKNOWLEDGED, actor=actor, version=version)


def _claim(ticket: KitchenOrder, actor: Actor) -> None:
    ticket.chef_id = actor.user_id
    ticket.chef_name = actor.name


def _start(order: Order, ticket: KitchenOrder, actor: Actor) -> None:
    if ticket.status == TicketStatus.PENDING:
        _claim(ticket, actor)
        enter(ticket, TicketStatus.ACKNOWLEDGED)
    if ticket.status == TicketStatus.ACKNOWLEDGED:
        enter(ticket, TicketStatus.PREPARING)
        follow_ticket(order, OrderStatus.PREPARING)


def _make_rest_ready(order: Order, ticket: KitchenOrder) -> None:
    for item in ticket_items(ticket):
        if item.status in states.TO_MAKE:
            _move_item(order, item, TicketItemStatus.READY)
    enter(ticket, TicketStatus.READY)
    follow_ticket(order, OrderStatus.READY)


def _move_item(order: Order, item: KitchenOrderItem, to: TicketItemStatus) -> None:
    now = timezone.now()
    item.status = to
    item.started_at = item.started_at or now
    if to == TicketItemStatus.READY:
        item.ready_at = now
        item.steps = [{**step, "done": True} for step in item.steps]
    item.save()
    follow_ticket_item(order, item.order_item_id, ItemStatus(to))


@dataclass(frozen=True, slots=True)
class ItemMove:
    """That a production item is to be in a status."""

    item_id: int
    status: TicketItemStatus


@unit_of_work
def set_ticket_item_statuses(
    *, ticket_id: int, moves: Sequence[ItemMove], actor: Actor, version: int | None = None
) -> KitchenOrder:
    """Move production items, all or none. The first begun starts the ticket, the last ready makes it ready.

    Locks the order row, then the ticket. Raises InvalidTransition, NotAllowed, NotFound, NotEditable for a ticket
    that is not in work, StaleVersion.
    A cancelled one is voided on the order.
    """
    actor.require(*states.WORKERS, to="work on tickets", scope=Scope.KITCHEN_WRITE)
    order, ticket = lock_ticket(ticket_id, actor=actor, version=version)
    items = {item.pk: item for item in ticket_items(ticket)}
    for index, move in enumerate(moves):
        if move.item_id not in items:
            detail = "There is no such item on this ticket."
            raise NotFound(detail, problems=[FieldProblem(f"/items/{index}/item_id", "not_found", detail)])
        _apply(order, ticket, items[move.item_id], move.status, actor)
    settle(order, ticket)
    return ticket


def _apply(order: Order, ticket: KitchenOrder, item: KitchenOrderItem, to: TicketItemStatus, actor: Actor) -> None:
    if item.status == to:
        return
    allowed = states.next_item_statuses(item.status)
    if to not in allowed:
        raise InvalidTransition(subject=item.name, status=item.status, to=to, allowed=[str(step) for step in allowed])
    if ticket.status not in (TicketStatus.PENDING, TicketStatus.ACKNOWLEDGED, TicketStatus.PREPARING):
        raise NotEditable(f"Ticket {ticket.order_number} is {ticket.status}.")
    if to == TicketItemStatus.CANCELLED:
        item.status = to
        item.save()
        void_ticket_item(order, item.order_item_id)
    else:
        _start(order, ticket, actor)
        _move_item(order, item, to)
    touch(ticket)


def follow_order(order: Order, actor: Actor) -> None:
    """Take the ticket where staff have taken its order: no event twice, no way back to the order."""
    ticket = lock_ticket_of(order)
    if ticket is None or not ticket.is_open:
        return
    if order.status == OrderStatus.PREPARING:
        _start(order, ticket, actor)
    elif order.status == OrderStatus.READY:
        _start(order, ticket, actor)
        if ticket.status != TicketStatus.READY:
            _make_rest_ready(order, ticket)
    elif order.status in (OrderStatus.SERVED, OrderStatus.DELIVERED, OrderStatus.COMPLETED):
        enter(ticket, TicketStatus.COMPLETED)
    elif order.status == OrderStatus.CANCELLED:
        _cancel(ticket)


def _cancel(ticket: KitchenOrder) -> None:
    for item in ticket_items(ticket):
        if item.status in states.TO_MAKE:
            item.status = TicketItemStatus.CANCELLED
            item.save()
    enter(ticket, TicketStatus.CANCELLED)


def follow_item(order: Order, line: OrderItem, actor: Actor) -> None:
    """Take the production item where staff have taken the order's line."""
    ticket = lock_ticket_of(order)
    if ticket is None or not ticket.is_open or line.status not in (ItemStatus.PREPARING, ItemStatus.READY):
        return
    for item in ticket_items(ticket):
        if item.order_item_id == line.pk and item.status in states.TO_MAKE and item.status != line.status:
            _apply(order, ticket, item, TicketItemStatus(line.status), actor)
    settle(order, ticket)
