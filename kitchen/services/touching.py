"""The rows of one ticket in memory, and what every change of it does to the ticket itself."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from kitchen.cookbook import Cookbook
from kitchen.models import KitchenOrder, KitchenOrderItem, Station
from kitchen.states import OPEN, TO_MAKE, TicketItemStatus, TicketStatus
from orders import states
from orders.actors import Actor
from orders.aggregates import lines_of, lock_order, rows_of
from orders.books import book_of
from orders.errors import NotFound, StaleVersion
from orders.models import Order
from orders.reading import read_rows
from orders.services.kitchen_side import follow_ticket, serve_again
from orders.services.statuses import cancel
from orders.statements import fetch
from orders.states import ItemStatus, OrderStatus
from orders.units import require_unit

_ORDER_OF = "SELECT order_id FROM kitchen_kitchenorder WHERE id = %s AND restaurant_id = %s"
_TICKET_OF = "SELECT id FROM kitchen_kitchenorder WHERE order_id = %s AND restaurant_id = %s"


def lock_ticket(ticket_id: int, *, actor: Actor, version: int | None = None) -> tuple[Order, KitchenOrder]:
    """Return the actor's restaurant's ticket and its order, both locked until the unit ends: the order first.

    Raises NotFound, and StaleVersion if ``version`` is given and is not the ticket's.
    """
    found = fetch(_ORDER_OF, ticket_id, actor.restaurant_id)
    if not found:
        raise NotFound("There is no such kitchen order.")
    order = lock_order(found[0][0], actor=actor)
    require_unit().do_now(contract_of(order))
    ticket = require_unit().lock(KitchenOrder, ticket_id, restaurant_id=actor.restaurant_id)
    if version is not None and version != ticket.version:
        raise StaleVersion(version=version, current=ticket.version)
    return order, ticket


def contract_of(order: Order) -> tuple[str, int]:
    """Return the key under which the making of an order's contract is put off to the unit's end."""
    return ("contract", order.pk)


def lock_ticket_of(order: Order) -> KitchenOrder | None:
    """Return the ticket of an order that this unit has locked, locked too; None while the kitchen has not got it.

    What this unit has put off of its contract is done first.
    """
    require_unit().do_now(contract_of(order))
    return ticket_of(order)


def ticket_of(order: Order) -> KitchenOrder | None:
    """Return the ticket of a locked order, locked too, as it is before what was put off of its contract; or None."""
    found = fetch(_TICKET_OF, order.pk, order.restaurant_id)
    return require_unit().lock(KitchenOrder, found[0][0], restaurant_id=order.restaurant_id) if found else None


def ticket_items(ticket: KitchenOrder) -> list[KitchenOrderItem]:
    """Return the ticket's items."""
    return rows_of(ticket, "items")


def stations_locked(restaurant_id: int) -> list[Station]:
    """Return the restaurant's stations, all locked until the unit ends: in one statement, by id.

    After orders, tickets and dishes, before ingredients and the stream.
    """
    unit = require_unit()
    rows = read_rows(Station, "WHERE restaurant_id = %s ORDER BY id FOR NO KEY UPDATE", restaurant_id)
    stations = [unit.held(Station, row.pk) or row for row in rows]
    for station in stations:
        unit.adopt(station)
    return stations


def touch(ticket: KitchenOrder) -> None:
    """Raise the version, once in a unit of work, and save what changed. Needs the ticket locked."""
    if not require_unit().touched(ticket, "version"):
        ticket.version += 1
    ticket.save()


def enter(ticket: KitchenOrder, to: TicketStatus) -> None:
    """Write a status with its moment. Needs the ticket locked; checks nothing."""
    now = timezone.now()
    ticket.status = to
    if to == TicketStatus.ACKNOWLEDGED:
        ticket.acknowledged_at = now
    elif to == TicketStatus.PREPARING:
        ticket.started_at = ticket.started_at or now
    elif to == TicketStatus.READY:
        ticket.ready_at = now
    elif to == TicketStatus.COMPLETED:
        ticket.completed_at = now
    touch(ticket)


def start_clock(ticket: KitchenOrder, at: dt.datetime | None = None) -> None:
    """Say from when on the ticket is slow, and late, by the restaurant's thresholds for its channel; saves nothing.

    They are counted from now, or from the moment that is given.
    """
    warn, late = book_of(ticket.restaurant_id).restaurant.lateness(ticket.channel)
    ticket.clock_at = at or timezone.now()
    ticket.warn_at = ticket.clock_at + dt.timedelta(minutes=warn)
    ticket.late_at = ticket.clock_at + dt.timedelta(minutes=late)


def alert_again(order: Order, ticket: KitchenOrder, cookbook: Cookbook) -> bool:
    """Say on each item that no guest has yet which of the guest's allergens are, or may be, in it; saves nothing.

    By the version of the recipe that it is made by, and what is known now of its ingredients and of the dish; what was
    asked before stays, also where the menu has taken it back since. Whoever has confirmed an alert has done so for the
    allergies that the ticket names: for others it is asked again. Returns whether anything is asked that was not.
    """
    items = _still_here(order, ticket)
    guests = frozenset(order.allergies)
    are_others = guests != frozenset(ticket.allergies)
    made_of = {item.pk: (item.menu_item_id, item.recipe_version) for item in items}
    inside = cookbook.allergens(made_of.values()) if guests else {}
    is_new = False
    for item in items:
        alert = sorted(guests & inside[made_of[item.pk]].union(item.allergens, item.allergy_alert)) if guests else []
        if alert != item.allergy_alert or (are_others and item.allergy_confirmed_by_name):
            item.allergy_alert = alert
            item.allergy_confirmed_by_name = ""
            is_new = True
    return is_new


def _still_here(order: Order, ticket: KitchenOrder) -> list[KitchenOrderItem]:
    """Return the items that are to be made, and those that are made and were not handed over before this unit."""
    touched = require_unit().touched
    served = {line.pk for line in lines_of(order) if line.status == ItemStatus.SERVED and not touched(line, "status")}
    in_house = order.status in states.IN_KITCHEN or touched(order, "status")
    return [
        item
        for item in ticket_items(ticket)
        if item.status in TO_MAKE or (in_house and is_wanted(item) and item.order_item_id not in served)
    ]


def is_wanted(item: KitchenOrderItem) -> bool:
    """Whether the item is neither cancelled nor, once made, voided."""
    is_voided = item.change is not None and item.change["kind"] == "voided"
    return item.status != TicketItemStatus.CANCELLED and not is_voided


def is_unconfirmed(item: KitchenOrderItem) -> bool:
    """Whether the item has an alert that nobody has confirmed, and is wanted."""
    return is_wanted(item) and bool(item.allergy_alert) and not item.allergy_confirmed_by_name


def settle(order: Order, ticket: KitchenOrder) -> None:
    """Make the ticket ready, and its order, when nothing on it is left to make or confirm, and something was made.

    One on which nothing is wanted any more is cancelled: its order stays as it is, the floor's to close or to add to,
    unless somebody has asked to cancel it: there is nothing left then for which the kitchen could go on. One of which
    the guests have all that is wanted is put away, and its order served.
    """
    items = ticket_items(ticket)
    left = [item for item in items if item.status != TicketItemStatus.CANCELLED]
    is_made = bool(left) and all(item.status == TicketItemStatus.READY for item in left)
    if ticket.status in OPEN and not any(map(is_wanted, items)):
        if order.pending_cancellation is None:
            enter(ticket, TicketStatus.CANCELLED)
        else:
            cancel(order, actor=require_unit().actor, reason=order.pending_cancellation["reason"])
    elif ticket.status == TicketStatus.PREPARING and is_made and not any(map(is_unconfirmed, left)):
        made_at = max((item.ready_at for item in left if item.ready_at), default=timezone.now())
        if serve_again(order, made_at):
            _put_away_again(ticket, made_at)
        else:
            enter(ticket, TicketStatus.READY)
            follow_ticket(order, OrderStatus.READY)


def _put_away_again(ticket: KitchenOrder, made_at: dt.datetime) -> None:
    """Have a ticket be as before more was wanted: it was ready when the last of it was made."""
    if ticket.clock_at is not None and ticket.clock_at > made_at:
        ticket.clock_at = ticket.created_at
    ticket.ready_at = made_at
    enter(ticket, TicketStatus.COMPLETED)


def take_up(order: Order, ticket: KitchenOrder) -> None:
    """Have a ticket on the boards again since more is wanted: new, or in work where its order is, or was.

    One that nobody had begun is begun by the way, as its order was, by who adds to it. Its clock starts anew, and what
    was said of a recall was of what was made before. Needs both locked.
    """
    if order.status == OrderStatus.CONFIRMED:
        ticket.status = TicketStatus.PENDING
        ticket.chef_id, ticket.chef_name, ticket.acknowledged_at = None, "", None
        ticket.is_priority_chosen = False
    elif ticket.started_at is None:
        actor = require_unit().actor
        ticket.chef_id, ticket.chef_name = actor.user_id, actor.name
        enter(ticket, TicketStatus.ACKNOWLEDGED)
        enter(ticket, TicketStatus.PREPARING)
    else:
        ticket.status = TicketStatus.PREPARING
    ticket.ready_at = ticket.completed_at = ticket.recalled_at = None
    ticket.recall_reason = ""
    start_clock(ticket)
    touch(ticket)
