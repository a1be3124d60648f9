"""The lines of an order: added, changed, removed, voided, moved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict, Unpack

from orders import signals, states
from orders.actors import Actor
from orders.aggregates import lines_of, lock_order
from orders.books import book_of
from orders.card_numbers import refuse_card_number
from orders.errors import InvalidFields, InvalidTransition, NotEditable, NotFound
from orders.last_moves import Who, last_of_line, last_status, who
from orders.models import Order, OrderItem
from orders.scopes import Scope
from orders.services.dishes import (
    AskedItem,
    check_available,
    check_modifiers_available,
    find_dishes,
    give_back,
    line_total,
    make_lines,
    portions_of,
    take_more_or_less,
    take_stock,
)
from orders.services.touching import add_up, touch
from orders.states import ItemStatus, OrderStatus, Role
from orders.units import unit_of_work


@unit_of_work
def add_items(
    *, order_id: int, items: Sequence[AskedItem], actor: Actor, version: int | None = None, path: str = "/items"
) -> list[OrderItem]:
    """Add lines to an order, also a second round to one that was served: the kitchen takes it up again.

    Locks the order row, then the dishes that are counted. Announces ``order:items_added`` once.

    Raises NotAllowed, NotFound, NotEditable, InvalidFields, Unavailable, OutOfStock, StaleVersion.
    """
    actor.require(Role.WAITER, Role.MANAGER, to="add items", scope=Scope.ORDERS_WRITE)
    order = lock_order(order_id, actor=actor, version=version)
    if order.status not in states.TAKES_ITEMS:
        raise NotEditable(
            f"Order {order.order_number} is {order.status} and takes no more items.", **who(last_status(order))
        )
    if not items:
        raise InvalidFields.one(path, "required", "Say which items are to be added.")
    book = book_of(order.restaurant_id)
    dishes = find_dishes(book, items, path=path)
    present = lines_of(order)
    counted: frozenset[int] = frozenset()
    if order.status != OrderStatus.DRAFT:
        pointers = {item.menu_item_id: f"{path}/{index}/quantity" for index, item in reversed([*enumerate(items)])}
        counted = take_stock(order.restaurant_id, portions_of(items), pointers=pointers)
    added = make_lines(order, book.restaurant, items, dishes, counted=counted, path=path)
    present.extend(added)
    _save_sums(order)
    if order.status not in states.NOT_YET_IN_KITCHEN:
        signals.items_added.send(sender=Order, order=order, items=added, actor=actor)
    return added


def _save_sums(order: Order) -> None:
    add_up(order)
    touch(order)


def find_line(order: Order, item_id: int) -> OrderItem:
    """Return the order's line, or raise NotFound."""
    for line in lines_of(order):
        if line.pk == item_id:
            return line
    raise NotFound("There is no such item.")


class ItemChanges(TypedDict, total=False):
    """The fields of a line that may be sent; those that are absent stay as they are."""

    quantity: int
    special_instructions: str
    course: int


@unit_of_work
def change_item(
    *, order_id: int, item_id: int, actor: Actor, version: int | None = None, **changes: Unpack[ItemChanges]
) -> OrderItem:
    """Change a line that nobody has begun.

    Locks the order row, and the dish when the quantity changes. Raises NotAllowed, NotFound, NotEditable,
    InvalidFields, Unavailable when more is asked of what is 86'd, OutOfStock, StaleVersion.
    """
    actor.require(Role.WAITER, Role.MANAGER, to="change items", scope=Scope.ORDERS_WRITE)
    order = lock_order(order_id, actor=actor, version=version)
    line = find_line(order, item_id)
    if line.status != ItemStatus.PENDING or order.status not in states.TAKES_ITEMS:
        raise NotEditable(
            f"{line.name} is {line.status}: only a pending item can be changed.", **_who_moved(order, line)
        )
    refuse_card_number(changes.get("special_instructions", ""), "/special_instructions")
    for name, value in changes.items():
        setattr(line, name, value)
    if not line.changed():
        return line
    if "quantity" in line.changed():
        before, after = line.changed()["quantity"]
        line.line_total = line_total(line, (m.price for m in line.modifiers.all()), order.currency)
        if after > before:
            check_available([("/quantity", line.menu_item)])
            check_modifiers_available([("/quantity", line)])
        if order.status != OrderStatus.DRAFT:
            take_more_or_less(order, line, after - before)
    line.save()
    _save_sums(order)
    if order.status not in states.NOT_YET_IN_KITCHEN:
        signals.item_changed.send(sender=Order, order=order, item=line, actor=actor)
    return line


@unit_of_work
def remove_item(
    *, order_id: int, item_id: int, actor: Actor, reason: str = "", version: int | None = None
) -> OrderItem | None:
    """Take a line off an order: deleted while nobody has begun it (None), voided after that.

    Locks the order row, and the dish when its portions return. Announces ``order-item:removed``.

    Raises NotAllowed, NotFound, NotEditable for a served or voided line, StaleVersion.
    """
    actor.require(Role.WAITER, Role.MANAGER, to="remove items", scope=Scope.ORDERS_WRITE)
    order = lock_order(order_id, actor=actor, version=version)
    line = find_line(order, item_id)
    _check_removable(order, line)
    gone = line.status == ItemStatus.PENDING
    if gone:
        give_back(order, [line])
        lines_of(order).remove(line)
        line_id = line.pk
        line.delete()
        line.pk = line_id
        _save_sums(order)
    else:
        write_off(order, line, reason)
    _tell_removed(order, line, actor)
    return None if gone else line


def _check_removable(order: Order, line: OrderItem) -> None:
    if line.status in (ItemStatus.SERVED, ItemStatus.CANCELLED) or order.status not in states.TAKES_ITEMS:
        raise NotEditable(
            f"{line.name} is {line.status} on an order that is {order.status}.", **_who_moved(order, line)
        )


def _who_moved(order: Order, line: OrderItem) -> Who:
    """Return who has taken the line, or the order, to where it can't be changed."""
    return who(last_of_line(order, line.pk) or last_status(order))


def _tell_removed(order: Order, line: OrderItem, actor: Actor) -> None:
    if order.status not in states.NOT_YET_IN_KITCHEN:
        signals.item_removed.send(sender=Order, order=order, item=line, actor=actor)


@unit_of_work
def void_item(*, order_id: int, item_id: int, actor: Actor, reason: str = "", version: int | None = None) -> OrderItem:
    """Cancel a line but keep it on the order, whether it was begun or not; its amount is off the total.

    Locks the order row, and the dish when its portions return. Raises as ``remove_item`` does.
    """
    actor.require(Role.WAITER, Role.MANAGER, to="void items", scope=Scope.ORDERS_WRITE)
    order = lock_order(order_id, actor=actor, version=version)
    line = find_line(order, item_id)
    if line.status != ItemStatus.CANCELLED:
        _void(order, line, actor, reason)
    return line


def _void(order: Order, line: OrderItem, actor: Actor, reason: str) -> None:
    _check_removable(order, line)
    write_off(order, line, reason)
    _tell_removed(order, line, actor)


def write_off(order: Order, line: OrderItem, reason: str) -> None:
    """Void a line; portions that were not begun return to stock. Needs the order locked; tells nobody.

    Raises InvalidFields for a reason with a card number in it.
    """
    refuse_card_number(reason, "/reason")
    if line.status == ItemStatus.PENDING:
        give_back(order, [line])
    line.status = ItemStatus.CANCELLED
    line.void_reason = reason
    line.save()
    _save_sums(order)


@unit_of_work
def set_item_status(
    *, order_id: int, item_id: int, to: ItemStatus, actor: Actor, version: int | None = None
) -> OrderItem:
    """Move one line; to the status that it has is no change at all. The ticket follows; ``cancelled`` voids the line.

    Locks the order row. Raises InvalidTransition, NotAllowed, NotFound, NotEditable while the kitchen has not got
    the order, StaleVersion.
    """
    actor.require(Role.WAITER, Role.KITCHEN, Role.MANAGER, to="move items", scope=Scope.ORDERS_WRITE)
    order = lock_order(order_id, actor=actor, version=version)
    line = find_line(order, item_id)
    if line.status == to:
        return line
    allowed = states.next_item_statuses(line.status)
    if to not in allowed:
        raise InvalidTransition(
            subject=line.name,
            status=line.status,
            to=to,
            allowed=[str(step) for step in allowed],
            **who(last_of_line(order, line.pk)),
        )
    if to == ItemStatus.CANCELLED:
        _void(order, line, actor, reason="")
        return line
    if order.status not in (*states.IN_KITCHEN, OrderStatus.SERVED):
        raise NotEditable(f"Order {order.order_number} is {order.status}.", **who(last_status(order)))
    move_line(order, line, to)
    signals.item_status_set.send(sender=Order, order=order, item=line, actor=actor)
    return line


def move_line(order: Order, line: OrderItem, to: ItemStatus) -> None:
    """Write a line's status and the order's new version. Needs the order locked; checks nothing, tells nobody."""
    line.status = to
    line.save()
    touch(order)
