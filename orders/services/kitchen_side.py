"""How an order follows its ticket: the kitchen calls it, has checked the step, and is not told of it again."""

from __future__ import annotations

import datetime as dt

from orders.aggregates import lines_of
from orders.models import Order
from orders.services.items import move_line, write_off
from orders.services.statuses import enter
from orders.services.touching import touch
from orders.states import ItemStatus, OrderStatus, next_statuses
from orders.units import require_unit

_FORWARD = (OrderStatus.CONFIRMED, OrderStatus.PREPARING, OrderStatus.READY)


def follow_ticket(order: Order, to: OrderStatus) -> None:
    """Take the order where its ticket is: through each status on the way forward, back to preparing at once.

    Needs the order locked by this unit. An order that was handed over stays so, unless it goes back to preparing.
    """
    require_unit()
    if order.status == to:
        return
    if to == OrderStatus.PREPARING and order.status in (OrderStatus.READY, OrderStatus.SERVED):
        order.ready_at = None
        order.served_at = None
        enter(order, to)
        return
    if order.status not in _FORWARD:
        return
    for step in _FORWARD[_FORWARD.index(OrderStatus(order.status)) + 1 : _FORWARD.index(to) + 1]:
        enter(order, step)


def serve_again(order: Order, ready_at: dt.datetime) -> bool:
    """Have an order be served whose guests have all that they still want: what else was to be made is voided.

    Needs the order locked by this unit. Says whether it is so; not where an order is handed over in another way.
    """
    wanted = [line for line in lines_of(order) if line.status != ItemStatus.CANCELLED]
    is_served = all(line.status == ItemStatus.SERVED for line in wanted)
    if not is_served or OrderStatus.SERVED not in next_statuses(OrderStatus.READY, order.channel):
        return False
    order.ready_at = ready_at
    enter(order, OrderStatus.SERVED)
    return True


def follow_ticket_item(order: Order, item_id: int, to: ItemStatus) -> None:
    """Set one line to what the kitchen has made of it; a line that is gone, voided or served is left alone."""
    for line in lines_of(order):
        if line.pk == item_id and line.status != to and line.status not in (ItemStatus.SERVED, ItemStatus.CANCELLED):
            move_line(order, line, to)


def void_ticket_item(order: Order, item_id: int) -> None:
    """Void one line that the kitchen will not make: nobody pays for it, and a portion not begun is there again."""
    for line in lines_of(order):
        if line.pk == item_id and line.status in (ItemStatus.PENDING, ItemStatus.PREPARING):
            write_off(order, line, "not made by the kitchen")


def recall_line(order: Order, item_id: int) -> None:
    """Take one line back into the kitchen, also from the guest's table; one that is gone or voided is left alone."""
    for line in lines_of(order):
        if line.pk == item_id and line.status in (ItemStatus.READY, ItemStatus.SERVED):
            move_line(order, line, ItemStatus.PREPARING)


def expect_at(order: Order, ready_at: dt.datetime) -> None:
    """Say on the order when the kitchen will have it ready, by what it has to make now. Needs the order locked."""
    if order.estimated_ready_at != ready_at:
        order.estimated_ready_at = ready_at
        touch(order)
