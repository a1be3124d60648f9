"""How the kitchen answers what the orders app announces, inside the same unit of work."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from kitchen.services import opening, tickets
from orders import signals
from orders.actors import Actor
from orders.models import Order, OrderItem


@receiver(signals.order_confirmed)
def open_ticket(order: Order, **_: Any) -> None:
    """A confirmed order gets its ticket."""
    opening.open_ticket(order)


@receiver(signals.order_status_set)
def move_ticket(order: Order, actor: Actor, **_: Any) -> None:
    """A ticket goes where staff have taken its order."""
    tickets.follow_order(order, actor)


@receiver(signals.order_details_changed)
def copy_details(order: Order, fields: set[str], **_: Any) -> None:
    """A ticket shows its order's table, notes, priority and allergies."""
    opening.follow_details(order, fields)


@receiver(signals.items_added)
def put_on_ticket(order: Order, items: list[OrderItem], **_: Any) -> None:
    """A ticket takes up what was added."""
    opening.follow_added(order, items)


@receiver(signals.item_changed)
def change_on_ticket(order: Order, item: OrderItem, **_: Any) -> None:
    """A production item is what its line says."""
    opening.follow_changed(order, item)


@receiver(signals.item_removed)
def take_off_ticket(order: Order, item: OrderItem, **_: Any) -> None:
    """What was removed is not made."""
    opening.follow_removed(order, item)


@receiver(signals.item_status_set)
def move_on_ticket(order: Order, item: OrderItem, actor: Actor, **_: Any) -> None:
    """A production item goes where staff have taken its line."""
    tickets.follow_item(order, item, actor)
