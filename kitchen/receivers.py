"""How the kitchen answers what the orders app announces, inside the same unit of work."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.dispatch import receiver

from kitchen.services import contracts, following, new_allergens
from orders import signals
from orders.actors import Actor
from orders.models import Order, OrderItem

_TOLD_THE_KITCHEN = {"table", "notes", "priority", "allergies"}


@receiver(signals.order_confirmed)
def promise(order: Order, **_: Any) -> None:
    """A confirmed order gets its estimate, its contract and its ticket."""
    contracts.promise(order)


@receiver(signals.order_status_set)
def move_ticket(order: Order, actor: Actor, **_: Any) -> None:
    """A ticket goes where staff have taken its order."""
    following.follow_order(order, actor)


@receiver(signals.order_details_changed)
def renew_for_details(order: Order, fields: set[str], **_: Any) -> None:
    """A contract says its order's table, notes, priority and allergies."""
    if fields & _TOLD_THE_KITCHEN:
        contracts.renew_later(order)


@receiver(signals.items_added)
def take_up_again(order: Order, **_: Any) -> None:
    """What was added is to be made too, also of an order that was ready."""
    following.take_up_again(order)
    contracts.renew_later(order)


@receiver(signals.item_changed)
@receiver(signals.item_removed)
def renew_for_item(order: Order, **_: Any) -> None:
    """A contract says what its order's lines say."""
    contracts.renew_later(order)


@receiver(signals.item_status_set)
def move_on_ticket(order: Order, item: OrderItem, actor: Actor, **_: Any) -> None:
    """A production item goes where staff have taken its line."""
    following.follow_item(order, item, actor)


@receiver(signals.dish_allergens_set)
def ask_for_new_allergens(allergen_ids: Collection[int], actor: Actor, **_: Any) -> None:
    """Open tickets of guests who can't have what is in a dish say so, also when it was found out only now."""
    new_allergens.hold_tickets(actor)
    new_allergens.ask_once_written(allergen_ids, actor=actor)
