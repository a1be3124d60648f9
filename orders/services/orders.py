"""Taking orders, changing them, and moving them from one status to the next."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import TypedDict, Unpack

from django.db import IntegrityError, transaction
from django.db.models import prefetch_related_objects
from django.utils import timezone

from orders import signals, states
from orders.actors import Actor
from orders.aggregates import lines_of, lock_order
from orders.books import Book, book_of
from orders.card_numbers import refuse_card_number
from orders.errors import (
    Conflict,
    Duplicate,
    FieldProblem,
    InvalidFields,
    InvalidTransition,
    NotEditable,
    NotFound,
    NotPaid,
)
from orders.last_moves import last_status, who
from orders.models import Allergen, Order, OrderItem, Payment, Table
from orders.money import why_not_payable
from orders.scopes import Scope
from orders.services.customers import AskedCustomer, find_customer, match_customer
from orders.services.dishes import (
    AskedItem,
    Drawn,
    check_available,
    check_modifiers_available,
    draw_up_lines,
    find_dishes,
    insert_with_lines,
    note_taken,
    portions_of,
    take_stock,
)
from orders.services.statuses import cancel, enter, put_back, settle_request
from orders.services.touching import add_up, touch
from orders.statements import fetch
from orders.states import Channel, ItemStatus, OrderStatus, Priority, RequestStatus, Role
from orders.units import require_unit, unit_of_work

TAKERS = (Role.WAITER, Role.CASHIER, Role.MANAGER)


@unit_of_work
def create_order(  # noqa: PLR0913 - an order is what it is
    *,
    actor: Actor,
    channel: Channel,
    items: Sequence[AskedItem],
    table_id: int | None = None,
    customer: AskedCustomer | None = None,
    customer_id: int | None = None,
    priority: Priority = Priority.NORMAL,
    notes: str = "",
    allergen_ids: Sequence[int] = (),
    external_id: str = "",
    draft: bool = False,
) -> Order:
    """Take an order: pending, or draft when asked; where the restaurant confirms by itself, the kitchen has it at once.

    Locks the dishes that are counted, then the order-number counter until commit. Announces ``order:created``.

    Raises NotAllowed, NotFound for ids that the restaurant hasn't, InvalidFields for choices that do not fit,
    Unavailable, OutOfStock, and Conflict ``duplicate`` for an ``external_id`` in use.
    """
    if actor.kind != "table" or actor.table_id != table_id:
        actor.require(*TAKERS, to="take orders", scope=Scope.ORDERS_WRITE)
    refuse_card_number(notes, "/notes")
    book = book_of(actor.restaurant_id)
    restaurant = book.restaurant
    table = _table(book, table_id)
    if table is not None and channel != Channel.DINE_IN:
        raise InvalidFields.one("/table_id", "channel", "Only a dine_in order has a table.")
    guest = find_customer(restaurant.pk, customer_id) if customer_id is not None else None
    allergies = _allergies(restaurant.pk, allergen_ids)
    dishes = find_dishes(book, items)
    if guest is None and customer is not None:
        guest = match_customer(restaurant.pk, customer)
    counted: frozenset[int] = frozenset()
    if not draft:
        pointers = {item.menu_item_id: f"/items/{index}/quantity" for index, item in reversed([*enumerate(items)])}
        # Of a dish that somebody begins to count right now it takes nothing, and so gives nothing back.
        wanted = portions_of(item for item in items if dishes[item.menu_item_id].is_counted)
        if wanted:
            counted = take_stock(restaurant.pk, wanted, pointers=pointers)

    now = timezone.now()
    business_date = restaurant.business_date(now)
    order = Order(
        restaurant_id=restaurant.pk,
        business_date=business_date,
        external_id=external_id,
        channel=channel,
        status=OrderStatus.DRAFT if draft else OrderStatus.PENDING,
        priority=priority,
        table_id=table_id,
        table_name=table.name if table else "",
        customer=guest,
        customer_name=guest.name if guest else "",
        waiter_id=actor.user_id if actor.role is Role.WAITER else None,
        waiter_name=actor.name if actor.role is Role.WAITER else "",
        notes=notes,
        allergies=allergies,
        currency=restaurant.currency,
        service_rate=restaurant.service_rate,
        prices_include_tax=restaurant.prices_include_tax,
        created_at=now,
        updated_at=now,
    )
    drawn = draw_up_lines(order, restaurant, items, dishes, counted=counted)
    add_up(order, (line for line, _ in drawn))
    # As late as can be: whoever takes the next order here waits for this one's commit.
    order.order_number = f"{restaurant.order_prefix}-{_next_number(restaurant.pk, business_date):03d}"
    _insert(order, drawn)
    require_unit().adopt(order)
    if restaurant.auto_confirm and not draft:
        _confirm(order, actor)
    return order


def _table(book: Book, table_id: int | None) -> Table | None:
    if table_id is None:
        return None
    table = book.table(table_id)
    if table is None:
        detail = "There is no such table."
        raise NotFound(detail, problems=[FieldProblem("/table_id", "not_found", detail)])
    return table


def _allergies(restaurant_id: int, allergen_ids: Sequence[int]) -> list[str]:
    if not allergen_ids:
        return []
    names = dict(Allergen.objects.filter(restaurant_id=restaurant_id, pk__in=allergen_ids).values_list("pk", "name"))
    missing = [
        FieldProblem(f"/allergen_ids/{index}", "not_found", "There is no such allergen.")
        for index, allergen_id in enumerate(allergen_ids)
        if allergen_id not in names
    ]
    if missing:
        raise NotFound("There is no such allergen.", problems=missing)
    return sorted(names.values())


_NEXT_NUMBER = """
INSERT INTO orders_ordercounter (restaurant_id, business_date, last) VALUES (%s, %s, 1)
ON CONFLICT (restaurant_id, business_date) DO UPDATE SET last = orders_ordercounter.last + 1
RETURNING last
"""


def _next_number(restaurant_id: int, business_date: dt.date) -> int:
    ((number,),) = fetch(_NEXT_NUMBER, restaurant_id, business_date)
    return int(number)


def _insert(order: Order, drawn: Drawn) -> None:
    if not order.external_id:
        insert_with_lines(order, drawn)
        return
    try:
        with transaction.atomic():
            insert_with_lines(order, drawn)
    except IntegrityError as error:
        if "order_external_id" not in str(error):
            raise
        raise Duplicate("An order with this external_id exists.", "/external_id") from error


def confirm_order(*, order_id: int, actor: Actor, version: int | None = None) -> Order:
    """Send a pending order to the kitchen.

    Locks the order row. The kitchen opens its ticket in the same unit of work. A confirmed order stays as it is.

    Raises InvalidTransition unless the order is pending, Conflict when nothing is on it, StaleVersion if
    ``version`` is given and is not the row's.
    """
    return set_order_status(order_id=order_id, to=OrderStatus.CONFIRMED, actor=actor, version=version)


@unit_of_work
def set_order_status(
    *, order_id: int, to: OrderStatus, actor: Actor, reason: str = "", version: int | None = None
) -> Order:
    """Move an order to another status; to the one that it has is no change at all.

    Locks the order row. The kitchen's ticket follows in the same unit of work.

    Raises InvalidTransition (naming what is allowed), NotAllowed for the role, NotPaid when an open bill would be
    completed by anybody but a manager with a ``reason``, StaleVersion.
    """
    order = lock_order(order_id, actor=actor, version=version)
    if order.status == to:
        _require_setter(actor, states.may_ever_set(to), order, to)
        return order
    allowed = states.next_statuses(order.status, order.channel)
    if to not in allowed:
        raise InvalidTransition(
            subject=f"Order {order.order_number}",
            status=order.status,
            to=to,
            allowed=[str(step) for step in allowed],
            **who(last_status(order)),
        )
    _require_setter(actor, states.may_set(order.status, to), order, to)
    if to == OrderStatus.CONFIRMED:
        _confirm(order, actor)
    elif to == OrderStatus.PENDING:
        _submit(order, actor)
    elif to == OrderStatus.CANCELLED:
        _cancel(order, actor, reason)
    else:
        if to == OrderStatus.COMPLETED:
            _settle(order, actor, reason)
        _move(order, to, actor)
    return order


def _require_setter(actor: Actor, setters: tuple[Role, ...], order: Order, to: OrderStatus) -> None:
    # What a waiter may do, a device may that takes orders; what is left to managers is left to people.
    scope = Scope.ORDERS_WRITE if Role.WAITER in setters else ""
    actor.require(*setters, to=f"set an order from {order.status} to {to}", scope=scope)


def _move(order: Order, to: OrderStatus, actor: Actor) -> None:
    previous = order.status
    if to not in states.IN_KITCHEN:
        # Whoever hands it over has decided: what the guest has is not cancelled any more.
        settle_request(order, RequestStatus.REJECTED, actor=actor, reason=f"The order is {to.label.lower()}.")
    enter(order, to)
    if to in (OrderStatus.SERVED, OrderStatus.DELIVERED):
        for line in lines_of(order):
            if line.status != ItemStatus.CANCELLED:
                line.status = ItemStatus.SERVED
                line.save()
    signals.order_status_set.send(sender=Order, order=order, previous=previous, actor=actor)


def _submit(order: Order, actor: Actor) -> None:
    lines = _wanted(order)
    prefetch_related_objects(lines, "menu_item")
    check_available((f"/items/{index}/menu_item_id", line.menu_item) for index, line in enumerate(lines))
    check_modifiers_available((f"/items/{index}/modifier_ids", line) for index, line in enumerate(lines))
    note_taken(lines, take_stock(order.restaurant_id, portions_of(lines)))
    for line in lines:
        line.save()
    enter(order, OrderStatus.PENDING)
    if order.restaurant.auto_confirm:
        _confirm(order, actor)


def _confirm(order: Order, actor: Actor) -> None:
    if not any(line.status != ItemStatus.CANCELLED for line in lines_of(order)):
        raise Conflict(f"Order {order.order_number} has nothing on it for the kitchen to make.")
    # Before the row is written: the kitchen says on it when the order will be ready.
    signals.order_confirmed.send(sender=Order, order=order, actor=actor)
    enter(order, OrderStatus.CONFIRMED)


def _wanted(order: Order) -> list[OrderItem]:
    """Return the lines that were not voided."""
    return [line for line in lines_of(order) if line.status != ItemStatus.CANCELLED]


def _cancel(order: Order, actor: Actor, reason: str) -> None:
    if order.status not in states.NOT_YET_IN_KITCHEN and not reason.strip():
        raise InvalidFields.one("/reason", "required", "An order that the kitchen has is cancelled with a reason.")
    cancel(order, actor=actor, reason=reason)


def _settle(order: Order, actor: Actor, reason: str) -> None:
    """Let nobody close an open bill but a manager, who says why; the reason is kept. Needs the order locked."""
    if order.paid_amount >= order.final_amount:
        return
    if not actor.is_manager:
        raise NotPaid(f"Order {order.order_number} is not fully paid.")
    if not reason.strip():
        raise NotPaid(
            f"Order {order.order_number} is not fully paid: completing it takes a reason.",
            problems=[FieldProblem("/reason", "required", "Say why the order is closed unpaid.")],
        )
    refuse_card_number(reason, "/reason")
    order.unpaid_reason = reason


class OrderChanges(TypedDict, total=False):
    """The fields of an order that may be sent; those that are absent stay as they are."""

    table_id: int | None
    customer: AskedCustomer
    customer_id: int | None
    priority: Priority
    notes: str
    discount_amount: Decimal
    channel: Channel
    allergen_ids: Sequence[int]


@unit_of_work
def update_order(*, order_id: int, actor: Actor, version: int | None = None, **changes: Unpack[OrderChanges]) -> Order:
    """Change fields of an open order: the ones given, and no others.

    Locks the order row. Announces ``order:updated`` with the changed fields; nothing when nothing differs.

    Raises NotAllowed, NotFound, NotEditable for a closed order or a channel past draft, InvalidFields, StaleVersion.
    """
    actor.require(Role.WAITER, Role.MANAGER, to="change orders", scope=Scope.ORDERS_WRITE)
    order = lock_order(order_id, actor=actor, version=version)
    if not order.is_open:
        raise NotEditable(f"Order {order.order_number} is {order.status}.", **who(last_status(order)))
    _change_channel_and_table(order, changes)
    _change_customer(order, changes)
    if "priority" in changes:
        order.priority = changes["priority"]
    if "notes" in changes:
        refuse_card_number(changes["notes"], "/notes")
        order.notes = changes["notes"]
    if "allergen_ids" in changes:
        order.allergies = _allergies(order.restaurant_id, changes["allergen_ids"])
    if "discount_amount" in changes:
        _change_discount(order, actor, changes["discount_amount"])
    fields = {name.removesuffix("_id") for name in order.changed()}
    if fields:
        touch(order)
        signals.order_details_changed.send(sender=Order, order=order, fields=fields, actor=actor)
    return order


def _change_channel_and_table(order: Order, changes: OrderChanges) -> None:
    if "channel" in changes and changes["channel"] != order.channel:
        if order.status != OrderStatus.DRAFT:
            raise NotEditable("The channel can be changed while the order is a draft.")
        order.channel = changes["channel"]
    if "table_id" in changes and changes["table_id"] != order.table_id:
        table = _table(book_of(order.restaurant_id), changes["table_id"])
        order.table_id = table.pk if table else None
        order.table_name = table.name if table else ""
    if order.table_id is not None and order.channel != Channel.DINE_IN:
        raise InvalidFields.one("/table_id", "channel", "Only a dine_in order has a table.")


def _change_customer(order: Order, changes: OrderChanges) -> None:
    if "customer_id" in changes:
        wanted = changes["customer_id"]
        order.customer = None if wanted is None else find_customer(order.restaurant_id, wanted)
    elif "customer" in changes:
        order.customer = match_customer(order.restaurant_id, changes["customer"])
    else:
        return
    order.customer_name = order.customer.name if order.customer else ""


def _change_discount(order: Order, actor: Actor, amount: Decimal) -> None:
    if amount == order.discount_amount:
        return  # who sends back all that they read gives no discount, nor cuts one short that will be whole again
    actor.require(Role.MANAGER, to="give discounts")
    if amount < 0:
        raise InvalidFields.one("/discount_amount", "min_value", "A discount is not negative.")
    if problem := why_not_payable(amount, order.currency):
        raise InvalidFields.one("/discount_amount", "currency_unit", problem)
    if amount > order.total_amount:
        raise InvalidFields.one("/discount_amount", "max_value", "The discount is more than the order's total.")
    order.discount_granted = amount
    add_up(order)


@unit_of_work
def delete_order(*, order_id: int, actor: Actor, reason: str = "", version: int | None = None) -> Order | None:
    """Take an order back: a draft or pending unpaid one is deleted (None), a later or paid one is cancelled.

    Locks the order row; stock returns for what was not begun. Announces ``order:deleted`` or ``order:cancelled``.

    Raises NotAllowed, InvalidTransition once the order was handed over or closed, StaleVersion.
    """
    order = lock_order(order_id, actor=actor, version=version)
    early = order.status in states.NOT_YET_IN_KITCHEN
    own = early and order.waiter_id is not None and order.waiter_id == actor.user_id
    actor.require(*((Role.WAITER, Role.MANAGER) if own else (Role.MANAGER,)), to="take this order back")
    if not early or _was_paid(order):
        reason = reason if early or reason.strip() else "cancelled by a manager"
        return set_order_status(order_id=order_id, to=OrderStatus.CANCELLED, actor=actor, reason=reason)
    put_back(order)
    order.delete()
    return None


def _was_paid(order: Order) -> bool:
    """Whether there is any trace of money: also what was given back, or failed, is not to be deleted."""
    return order.paid_amount > 0 or Payment.objects.filter(order=order).exists()
