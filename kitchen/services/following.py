"""How a ticket follows its order, where staff and not the kitchen have moved it: no event twice, no way back."""

from __future__ import annotations

from kitchen import states
from kitchen.models import KitchenOrder
from kitchen.services.courses import fire_due
from kitchen.services.new_allergens import check_confirmed
from kitchen.services.tickets import check_fired, make_rest_ready, move_item, start
from kitchen.services.touching import (
    enter,
    lock_ticket_of,
    settle,
    take_up,
    ticket_items,
    ticket_of,
    touch,
)
from kitchen.states import TicketItemStatus, TicketStatus
from orders.actors import Actor
from orders.models import Order, OrderItem
from orders.services.kitchen_side import follow_ticket
from orders.states import ItemStatus, OrderStatus

_HANDED_OVER = (OrderStatus.SERVED, OrderStatus.DELIVERING, OrderStatus.DELIVERED)


def follow_order(order: Order, actor: Actor) -> None:
    """Take the ticket where staff have taken its order."""
    ticket = lock_ticket_of(order)
    if ticket is not None and order.status in _HANDED_OVER:
        check_confirmed(order, ticket, ticket_items(ticket))
    if ticket is None or not ticket.is_open:
        return
    if order.status == OrderStatus.PREPARING:
        start(order, ticket, actor)
    elif order.status == OrderStatus.READY:
        start(order, ticket, actor)
        if ticket.status != TicketStatus.READY:
            make_rest_ready(order, ticket)
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
    """Take the production item where staff have taken the order's line; what was served may fire the next course."""
    ticket = lock_ticket_of(order)
    if ticket is None or not ticket.is_open:
        return
    if line.status == ItemStatus.SERVED:
        check_confirmed(order, ticket, [item for item in ticket_items(ticket) if item.order_item_id == line.pk])
        fire_due(order, ticket)
    if line.status in (ItemStatus.PREPARING, ItemStatus.READY):
        _move(order, ticket, line, actor)


def _move(order: Order, ticket: KitchenOrder, line: OrderItem, actor: Actor) -> None:
    to = TicketItemStatus(line.status)
    for item in ticket_items(ticket):
        if item.order_item_id == line.pk and item.status in states.TO_MAKE and item.status != to:
            check_fired(ticket, [item])
            if to == TicketItemStatus.READY:
                check_confirmed(order, ticket, [item])
            start(order, ticket, actor)
            move_item(order, item, to)
            touch(ticket)
    settle(order, ticket)


def take_up_again(order: Order) -> None:
    """Send an order that was ready or served back to preparing, its ticket with it: there is more to make.

    What is put off of its contract may wait: other changes of the unit may come.
    """
    ticket = ticket_of(order)
    if ticket is None or order.status not in (OrderStatus.READY, OrderStatus.SERVED):
        return
    take_up(order, ticket)
    follow_ticket(order, OrderStatus.PREPARING)
