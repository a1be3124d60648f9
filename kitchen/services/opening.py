"""A ticket comes into being, and follows what changes on its order."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import prefetch_related_objects
from django.utils import timezone

from kitchen.models import KitchenOrder, KitchenOrderItem, Station
from kitchen.services.touching import lock_ticket_of, settle, ticket_items, touch
from kitchen.states import TO_MAKE, TicketItemStatus, TicketStatus
from orders.aggregates import keep_rows, lines_of
from orders.models import Order, OrderItem
from orders.services.kitchen_side import follow_ticket
from orders.states import ItemStatus, OrderStatus
from orders.units import require_unit


def open_ticket(order: Order) -> KitchenOrder:
    """Open the ticket of a confirmed order, each item at its dish's station. Needs the order locked by this unit."""
    ticket = KitchenOrder(restaurant_id=order.restaurant_id, order=order, created_at=timezone.now())
    _copy_details(ticket, order)
    ticket.save()
    rows = _make_items(ticket, [line for line in lines_of(order) if line.status != ItemStatus.CANCELLED])
    keep_rows(ticket, "items", rows)
    require_unit().adopt(ticket)
    return ticket


def _copy_details(ticket: KitchenOrder, order: Order) -> None:
    ticket.order_number = order.order_number
    ticket.channel = order.channel
    ticket.table_id = order.table_id
    ticket.table_name = order.table_name
    ticket.notes = order.notes
    ticket.allergies = list(order.allergies)
    ticket.priority = order.priority
    ticket.estimated_ready_at = order.estimated_ready_at


def _make_items(ticket: KitchenOrder, lines: Iterable[OrderItem]) -> list[KitchenOrderItem]:
    lines = list(lines)
    prefetch_related_objects(lines, "menu_item")
    stations = {
        station.pk: station
        for station in Station.objects.filter(
            restaurant_id=ticket.restaurant_id, pk__in={line.menu_item.station_id for line in lines}
        )
    }
    return KitchenOrderItem.objects.insert(
        [_production_item(ticket, line, stations.get(line.menu_item.station_id or 0)) for line in lines]
    )


def _production_item(ticket: KitchenOrder, line: OrderItem, station: Station | None) -> KitchenOrderItem:
    item = KitchenOrderItem(
        ticket=ticket,
        order_item_id=line.pk,
        menu_item_id=line.menu_item_id,
        allergens=list(line.allergens),
        station=station,
        station_name=station.name if station else "",
    )
    _copy_line(item, line)
    item.steps = [
        {
            "name": line.name,
            "minutes": line.menu_item.prep_minutes,
            "station_id": item.station_id,
            "station_name": item.station_name or None,
            "done": False,
        }
    ]
    return item


def _copy_line(item: KitchenOrderItem, line: OrderItem) -> None:
    item.name = line.name
    item.quantity = line.quantity
    item.modifiers = [
        {"id": modifier.modifier_id, "name": modifier.name, "price": f"{modifier.price:.2f}"}
        for modifier in line.modifiers.all()
    ]
    item.special_instructions = line.special_instructions
    item.course = line.course


def follow_details(order: Order, fields: set[str]) -> None:
    """Copy the order's table, notes, priority and allergies onto its ticket, where there is one."""
    if not fields & {"table", "notes", "priority", "allergies"}:
        return
    ticket = lock_ticket_of(order)
    if ticket is None:
        return
    _copy_details(ticket, order)
    touch(ticket)


def follow_added(order: Order, lines: list[OrderItem]) -> None:
    """Put added lines on the ticket; one that was ready or put away goes back to preparing, and so does the order."""
    ticket = lock_ticket_of(order)
    if ticket is None:
        return
    ticket_items(ticket).extend(_make_items(ticket, lines))
    if ticket.status in (TicketStatus.READY, TicketStatus.COMPLETED):
        ticket.status = TicketStatus.PREPARING
        ticket.ready_at = None
        ticket.completed_at = None
        follow_ticket(order, OrderStatus.PREPARING)
    touch(ticket)


def follow_changed(order: Order, line: OrderItem) -> None:
    """Copy a changed line onto its production item."""
    ticket = lock_ticket_of(order)
    for item in ticket_items(ticket) if ticket else []:
        if ticket and item.order_item_id == line.pk:
            _copy_line(item, line)
            item.save()
            touch(ticket)


def follow_removed(order: Order, line: OrderItem) -> None:
    """Cancel the production item of a removed or voided line, unless it is made; a ticket may so become ready."""
    ticket = lock_ticket_of(order)
    for item in ticket_items(ticket) if ticket else []:
        if ticket and item.order_item_id == line.pk and item.status in TO_MAKE:
            item.status = TicketItemStatus.CANCELLED
            item.save()
            touch(ticket)
            settle(order, ticket)
