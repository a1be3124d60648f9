"""What is true of a restaurant whatever its staff have done, told from its rows alone."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from decimal import Decimal
from typing import Any

import msgspec

from orders.models import HistoryEntry, MenuItem, Order, OrderItem, Payment, Restaurant
from orders.shapes import timestamp
from orders.states import ItemStatus, OrderStatus, PaymentOutcome, PaymentStatus

ZERO = Decimal("0.00")
EMPTY: tuple[Any, ...] = (None, "", [], {})
UNTOLD = {"id", "version", "updated_at", "discount_granted"}


def bills_add_up(restaurant: Restaurant) -> None:
    """Lines make the total; nobody has paid more than the bill; what is paid is what was taken and not given back."""
    lines = lines_of(restaurant)
    payments = Payment.objects.filter(restaurant=restaurant).prefetch_related("refunds")
    taken: dict[int, Decimal] = defaultdict(Decimal)
    given_back: dict[int, Decimal] = defaultdict(Decimal)
    for payment in payments:
        refunds = sum((refund.amount for refund in payment.refunds.all()), ZERO)
        assert payment.refunded_amount == refunds <= payment.amount
        assert payment.change == (payment.tendered or payment.amount) - payment.amount >= 0
        if payment.status == PaymentOutcome.SUCCESS:
            taken[payment.order_id] += payment.amount
            given_back[payment.order_id] += refunds
    assert len({payment.transaction_reference for payment in payments}) == len(payments)
    for order in restaurant.orders.all():
        present = [line for line in lines[order.pk] if line.status != ItemStatus.CANCELLED]
        assert order.total_amount == sum((line.line_total for line in present), ZERO)
        assert ZERO <= order.discount_amount <= order.total_amount
        tax = ZERO if order.prices_include_tax else order.tax_amount
        assert order.final_amount == order.total_amount - order.discount_amount + order.service_amount + tax
        assert order.paid_amount == taken[order.pk] - given_back[order.pk]
        assert order.refunded_amount == given_back[order.pk]
        assert ZERO <= order.paid_amount <= order.final_amount
        assert order.payment_status == _settled(order)
    for line in (line for group in lines.values() for line in group):
        extras = sum((modifier.price for modifier in line.modifiers.all()), ZERO)
        assert line.line_total == line.quantity * (line.unit_price + extras)


def lines_of(restaurant: Restaurant) -> dict[int, list[OrderItem]]:
    """Return all lines of the restaurant, by order."""
    lines: dict[int, list[OrderItem]] = defaultdict(list)
    for line in OrderItem.objects.filter(order__restaurant=restaurant).prefetch_related("modifiers"):
        lines[line.order_id].append(line)
    return lines


def _settled(order: Order) -> str:
    if order.refunded_amount and order.paid_amount == ZERO:
        return PaymentStatus.REFUNDED
    if order.paid_amount == order.final_amount:
        return PaymentStatus.PAID
    if order.paid_amount == ZERO:
        return PaymentStatus.UNPAID
    return PaymentStatus.PARTIALLY_REFUNDED if order.refunded_amount else PaymentStatus.PARTIAL


class Pantry:
    """Where every portion has gone: it is in stock, on an order, or was wasted on a line that was voided too late."""

    def __init__(self, restaurant: Restaurant) -> None:
        self.restaurant = restaurant
        self.portions: Counter[int] = self.in_stock()
        self.always_counted = set(self.portions)
        self.statuses: dict[int, str] = {}
        self.wasted: set[int] = set()
        self.known: set[int] = set()
        self.recounted: set[int] = set()

    def in_stock(self) -> Counter[int]:
        """Return what is left of each dish that is counted."""
        counted = MenuItem.objects.filter(restaurant=self.restaurant, stock__isnull=False)
        return Counter(dict(counted.values_list("pk", "stock")))

    def check(self) -> None:
        """Check that no portion was lost or made; between two checks a line may take one step."""
        left = self.in_stock()
        assert all(portions >= 0 for portions in left.values())
        out: Counter[int] = Counter()
        orders = {order.pk: order.status for order in self.restaurant.orders.all()}
        for line in OrderItem.objects.filter(order__in=orders):
            was = self.statuses.get(line.pk, ItemStatus.PENDING)
            if line.status == ItemStatus.CANCELLED and was not in (ItemStatus.PENDING, ItemStatus.CANCELLED):
                self.wasted.add(line.pk)
            self.statuses[line.pk] = line.status
            is_out = self._is_out(line, orders[line.order_id])
            if line.menu_item_id in self.always_counted:
                assert line.portions_taken == (line.quantity if is_out else 0)
            elif line.pk not in self.known:
                assert line.portions_taken == (line.quantity if is_out and line.menu_item_id in left else 0)
            self.known.add(line.pk)
            assert line.portions_taken <= line.quantity
            out[line.menu_item_id] += line.portions_taken
        for dish in self.recounted:
            self.portions.pop(dish, None)
            self.portions |= Counter({dish: left[dish] + out[dish]} if dish in left else {})
        self.recounted.clear()
        assert {dish: left[dish] + out[dish] for dish in left} == dict(self.portions)

    def recount(self, dish: int, stock: int | None) -> None:
        """Know that a dish has been counted anew, or is not counted any more."""
        assert self.in_stock().get(dish) == stock
        self.recounted.add(dish)

    def _is_out(self, line: OrderItem, order_status: str) -> bool:
        if order_status == OrderStatus.DRAFT:
            return False
        if line.status == ItemStatus.CANCELLED:
            return line.pk in self.wasted
        return not (line.status == ItemStatus.PENDING and order_status == OrderStatus.CANCELLED)


class Numbering:
    """The numbers that were given out: unique and rising in a day, those of deleted orders too."""

    def __init__(self, restaurant: Restaurant) -> None:
        self.restaurant = restaurant
        self.given: dict[int, tuple[str, int]] = {}

    def check(self) -> None:
        """Check the numbers of all orders that there have been."""
        for order in self.restaurant.orders.all():
            prefix, number = order.order_number.rsplit("-", 1)
            assert prefix == self.restaurant.order_prefix
            self.given[order.pk] = (order.business_date.isoformat(), int(number))
        days: dict[str, list[int]] = defaultdict(list)
        for _, (day, given) in sorted(self.given.items()):
            days[day].append(given)
        assert all(numbers == sorted(set(numbers)) for numbers in days.values())


def history_tells_the_present(restaurant: Restaurant) -> None:
    """Who replays what history says of each order comes to its row as it is, step by step without a gap."""
    told: dict[int, dict[str, Any]] = defaultdict(dict)
    lines: dict[int, dict[str, Any]] = defaultdict(dict)
    names = {field.attname for field in Order._meta.concrete_fields} - UNTOLD
    for entry in HistoryEntry.objects.filter(restaurant=restaurant).order_by("id"):
        if entry.event.startswith("order:"):
            of_order = {name: pair for name, pair in entry.changes.items() if name in names}
            if entry.event in ("order:created", "order:updated", "order:status_changed"):
                _advance(told[entry.order_id], of_order, entry)
        if "item_id" in entry.changes:
            of_line = {name: pair for name, pair in entry.changes.items() if name in ("status", "quantity", "course")}
            _advance(lines[entry.changes["item_id"][0]], of_line, entry)
    for order in restaurant.orders.all():
        present = {name: _json(getattr(order, name)) for name in names}
        replayed = {name: told[order.pk].get(name) for name in names}
        wrong = {name for name in names if not _same(present[name], replayed[name])}
        assert wrong == set(), {name: (replayed[name], present[name]) for name in wrong}
    for line in OrderItem.objects.filter(order__restaurant=restaurant):
        assert all(_json(getattr(line, name)) == value for name, value in lines[line.pk].items())


def _advance(state: dict[str, Any], changes: dict[str, list[Any]], entry: HistoryEntry) -> None:
    for name, (old, new) in changes.items():
        if name in state:
            assert _same(state[name], old), (entry.event, name, state[name], old)
        state[name] = new


def _same(one: Any, other: Any) -> bool:
    """Whether two values are the same; nothing is nothing, however it is written, and zero is what sums begin with."""
    empty = (*EMPTY, "0.00", "0.0000", "0", False)
    return bool(one == other or (one in empty and other in empty))


def _json(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return timestamp(value)
    return msgspec.json.decode(msgspec.json.encode(value))
