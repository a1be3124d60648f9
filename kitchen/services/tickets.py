"""Working on tickets: taking them, starting, making items step by step, ready, put away, cancelled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.utils import timezone

from kitchen import states
from kitchen.models import KitchenOrder, KitchenOrderItem
from kitchen.production import ProductionStep, read_steps, write_steps
from kitchen.services.contracts import renew_later
from kitchen.services.estimates import places_of
from kitchen.services.new_allergens import check_confirmed
from kitchen.services.touching import enter, lock_ticket, settle, ticket_items, touch
from kitchen.states import TO_MAKE, TicketItemStatus, TicketStatus
from orders.actors import Actor
from orders.errors import (
    CourseHeld,
    FieldProblem,
    InvalidFields,
    InvalidTransition,
    MovedAlready,
    NotEditable,
    NotFound,
)
from orders.last_moves import Move, last_of_ticket_item, last_ticket_status, moves_of_ticket_item, who
from orders.models import Order
from orders.scopes import Scope
from orders.services.kitchen_side import follow_ticket, follow_ticket_item, void_ticket_item
from orders.services.orders import set_order_status
from orders.shapes import timestamp
from orders.states import IN_KITCHEN, ItemStatus, OrderStatus, Role
from orders.units import unit_of_work


@unit_of_work
def set_ticket_status(
    *, ticket_id: int, to: TicketStatus, actor: Actor, reason: str = "", version: int | None = None
) -> KitchenOrder:
    """Move a ticket; to the status that the same actor has given it is no change at all. Its order follows.

    Locks the order row, then the ticket. Starting a pending ticket acknowledges it by the way; ``ready`` makes what
    is left ready.

    Raises InvalidTransition (naming what is allowed), MovedAlready when somebody else has done it, CourseHeld and
    AllergyUnconfirmed when not all of it may be ready, NotAllowed, NotFound, StaleVersion.
    """
    if to == TicketStatus.CANCELLED:
        actor.require(Role.MANAGER, to="cancel a ticket")
    else:
        actor.require(*states.WORKERS, to=f"set a ticket {to}", scope=Scope.KITCHEN_WRITE)
    order, ticket = lock_ticket(ticket_id, actor=actor, version=version)
    if ticket.status == to:
        if to == TicketStatus.CANCELLED and order.status in IN_KITCHEN:  # nothing on it was wanted any more
            set_order_status(order_id=order.pk, to=OrderStatus.CANCELLED, actor=actor, reason=reason)
        else:
            _refuse_second(order, ticket, actor)
        return ticket
    allowed = states.next_statuses(ticket.status)
    if to not in allowed:
        raise InvalidTransition(
            subject=f"Ticket {ticket.order_number}",
            status=ticket.status,
            to=to,
            allowed=[str(step) for step in allowed],
            **who(last_ticket_status(order)),
        )
    if to == TicketStatus.CANCELLED:
        set_order_status(order_id=order.pk, to=OrderStatus.CANCELLED, actor=actor, reason=reason)
    elif to == TicketStatus.READY:
        make_rest_ready(order, ticket)
    elif to == TicketStatus.PREPARING:
        start(order, ticket, actor)
    else:
        if to == TicketStatus.ACKNOWLEDGED:
            _claim(ticket, actor)
        else:
            check_confirmed(order, ticket, ticket_items(ticket))
        enter(ticket, to)
    return ticket


def _refuse_second(order: Order, ticket: KitchenOrder, actor: Actor) -> None:
    """Say to whoever came second who was first, and when; the one who was first may say it again."""
    move = last_ticket_status(order)
    if move is None or move.is_by(actor) or actor.is_system:
        return
    words = "claimed" if ticket.status == TicketStatus.ACKNOWLEDGED else f"set {ticket.status}"
    raise _moved_already(f"Ticket {ticket.order_number} was {words}", move)


def _moved_already(what: str, move: Move) -> MovedAlready:
    return MovedAlready(f"{what} by {move.by_name} at {timestamp(move.at)}.", **move.as_extra())


def acknowledge_ticket(*, ticket_id: int, actor: Actor, version: int | None = None) -> KitchenOrder:
    """Take a ticket: the actor is its chef. Raises as ``set_ticket_status`` does."""
    return set_ticket_status(ticket_id=ticket_id, to=TicketStatus.ACKNOWLEDGED, actor=actor, version=version)


def _claim(ticket: KitchenOrder, actor: Actor) -> None:
    ticket.chef_id = actor.user_id
    ticket.chef_name = actor.name


def start(order: Order, ticket: KitchenOrder, actor: Actor) -> None:
    """Have the ticket in work: acknowledged by the way, its order preparing. Needs both locked."""
    if ticket.status == TicketStatus.PENDING:
        _claim(ticket, actor)
        enter(ticket, TicketStatus.ACKNOWLEDGED)
    if ticket.status == TicketStatus.ACKNOWLEDGED:
        enter(ticket, TicketStatus.PREPARING)
        follow_ticket(order, OrderStatus.PREPARING)


def make_rest_ready(order: Order, ticket: KitchenOrder) -> None:
    """Make what is left ready, and with it the ticket and its order. Needs both locked.

    Raises CourseHeld and AllergyUnconfirmed.
    """
    left = [item for item in ticket_items(ticket) if item.status in TO_MAKE]
    check_fired(ticket, left)
    check_confirmed(order, ticket, ticket_items(ticket))
    for item in left:
        move_item(order, item, TicketItemStatus.READY)
    enter(ticket, TicketStatus.READY)
    follow_ticket(order, OrderStatus.READY)


def check_fired(ticket: KitchenOrder, items: Sequence[KitchenOrderItem]) -> None:
    """Raise CourseHeld when one of the items waits for its course."""
    courses = sorted({item.course for item in items if item.held})
    if courses:
        names = ", ".join(str(course) for course in courses)
        raise CourseHeld(f"Ticket {ticket.order_number} has course {names} held: fire it first.", courses=courses)


def move_item(order: Order, item: KitchenOrderItem, to: TicketItemStatus) -> None:
    """Write a production item's status, and its line's. Needs order and ticket locked; checks nothing."""
    now = timezone.now()
    item.status = to
    item.started_at = item.started_at or now
    if to == TicketItemStatus.READY:
        item.ready_at = now
        item.consumed_at = item.consumed_at or now
        write_steps(item, [replace(step, done=True) for step in read_steps(item)])
    item.save()
    follow_ticket_item(order, item.order_item_id, ItemStatus(to))


@dataclass(frozen=True, slots=True)
class ItemMove:
    """That a production item is to be in a status, or that a step of it is done, counted from 0."""

    item_id: int
    status: TicketItemStatus
    step: int | None = None


@unit_of_work
def set_ticket_item_statuses(
    *, ticket_id: int, moves: Sequence[ItemMove], actor: Actor, version: int | None = None
) -> KitchenOrder:
    """Move production items, all or none. The first begun starts the ticket, the last ready makes it ready.

    Locks the order row, then the ticket. With a step, that step and those before it are done: the item is preparing,
    at the station of the next one (of several that can do it the one with the least to do), and ready when none is
    left. A cancelled one is voided on the order.

    Raises InvalidTransition, MovedAlready when somebody else has done all of it, CourseHeld, AllergyUnconfirmed,
    NotAllowed, NotFound, InvalidFields, NotEditable for a ticket that is not in work, StaleVersion.
    """
    actor.require(*states.WORKERS, to="work on tickets", scope=Scope.KITCHEN_WRITE)
    order, ticket = lock_ticket(ticket_id, actor=actor, version=version)
    items = {item.pk: item for item in ticket_items(ticket)}
    is_any = False
    went_on: list[KitchenOrderItem] = []
    for index, move in enumerate(moves):
        if move.item_id not in items:
            detail = "There is no such item on this ticket."
            raise NotFound(detail, problems=[FieldProblem(f"/items/{index}/item_id", "not_found", detail)])
        is_done = _apply(order, ticket, items[move.item_id], move, actor, pointer=f"/items/{index}/step")
        is_any |= is_done
        if is_done and move.step is not None:
            went_on.append(items[move.item_id])
    if not is_any:
        for move in moves:
            _refuse_second_of_item(order, items[move.item_id], actor)
    _place_next_steps(ticket, went_on)
    settle(order, ticket)
    return ticket


def _refuse_second_of_item(order: Order, item: KitchenOrderItem, actor: Actor) -> None:
    """Say who was first with an item, to anybody but whoever has had a hand in it: they only say it again."""
    hands = moves_of_ticket_item(order, item.pk)
    if hands and not actor.is_system and not any(move.is_by(actor) for move in hands):
        raise _moved_already(f"{item.name} was set {item.status}", hands[0])


def _place_next_steps(ticket: KitchenOrder, items: Sequence[KitchenOrderItem]) -> None:
    """Give the step that is next on each item to the station that has the least to do now, of those that can do it.

    Locks all stations by id, where there is a choice: after the dishes of what was cancelled in the same call.
    """
    choices = [item for item in items if item.status in TO_MAKE and len(_next_step(item)[1].station_ids) > 1]
    if not choices:
        return
    places = places_of(ticket.restaurant_id)
    for item in choices:
        steps = list(read_steps(item))
        number, step = _next_step(item)
        if step.station_id is None or step.station_id not in step.station_ids:
            continue  # somebody has moved it
        places.leave(step.station_id, step.minutes)
        station = places.take(step.station_ids, step.minutes, is_first=True)
        if station is not None and station.pk != step.station_id:
            steps[number] = replace(step, station_id=station.pk, station_name=station.name)
            write_steps(item, steps)
            item.save()


def _next_step(item: KitchenOrderItem) -> tuple[int, ProductionStep]:
    return next((number, step) for number, step in enumerate(read_steps(item)) if not step.done)


def _apply(
    order: Order, ticket: KitchenOrder, item: KitchenOrderItem, move: ItemMove, actor: Actor, *, pointer: str
) -> bool:
    """Move one item; False when it is so already."""
    if move.step is not None:
        return _finish_step(order, ticket, item, move, actor, pointer=pointer)
    if item.status == move.status:
        return False
    _check_step(order, ticket, item, move.status)
    if move.status == TicketItemStatus.CANCELLED:
        item.status = move.status
        item.save()
        void_ticket_item(order, item.order_item_id)
        renew_later(order)
    else:
        check_fired(ticket, [item])
        if move.status == TicketItemStatus.READY:
            check_confirmed(order, ticket, [item])
        start(order, ticket, actor)
        move_item(order, item, move.status)
    touch(ticket)
    return True


def _check_step(order: Order, ticket: KitchenOrder, item: KitchenOrderItem, to: TicketItemStatus) -> None:
    allowed = states.next_item_statuses(item.status)
    if to not in allowed:
        raise InvalidTransition(
            subject=item.name,
            status=item.status,
            to=to,
            allowed=[str(step) for step in allowed],
            **who(last_of_ticket_item(order, item.pk)),
        )
    if ticket.status not in states.IN_WORK:
        raise NotEditable(f"Ticket {ticket.order_number} is {ticket.status}.", **who(last_ticket_status(order)))


def _finish_step(
    order: Order, ticket: KitchenOrder, item: KitchenOrderItem, move: ItemMove, actor: Actor, *, pointer: str
) -> bool:
    steps = read_steps(item)
    assert move.step is not None
    if move.step >= len(steps):
        raise InvalidFields.one(pointer, "max_value", f"{item.name} has {len(steps)} steps, counted from 0.")
    if move.status not in (TicketItemStatus.PREPARING, TicketItemStatus.READY):
        raise InvalidFields.one(pointer, "invalid", "A step is done of what is preparing or ready.")
    if steps[move.step].done:
        return False
    done = [replace(step, done=step.done or number <= move.step) for number, step in enumerate(steps)]
    is_made = all(step.done for step in done)
    to = TicketItemStatus.READY if is_made else TicketItemStatus.PREPARING
    if item.status != to:
        _check_step(order, ticket, item, to)
    check_fired(ticket, [item])
    if is_made:
        check_confirmed(order, ticket, [item])
    start(order, ticket, actor)
    write_steps(item, done)
    move_item(order, item, to)
    touch(ticket)
    return True
