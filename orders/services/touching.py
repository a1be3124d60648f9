"""What every change of an order does to the order itself: its version and its sums."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils import timezone

from orders import money
from orders.aggregates import lines_of
from orders.errors import InvalidFields
from orders.models import Order, OrderItem
from orders.states import ItemStatus, PaymentStatus
from orders.units import require_unit


def touch(order: Order) -> None:
    """Raise the version, once in a unit of work, and save what changed. Needs the order locked."""
    if not require_unit().touched(order, "version"):
        order.version += 1
    order.updated_at = timezone.now()
    order.save()


def add_up(order: Order, lines: Iterable[OrderItem] | None = None) -> None:
    """Set the order's sums from its lines, or from lines that are yet to be saved; the caller saves it.

    A discount above what is left of the order shrinks with it. Raises InvalidFields when the bill grows too long.
    """
    sums = money.bill(
        (
            money.Line(line.line_total, line.tax_rate)
            for line in (lines_of(order) if lines is None else lines)
            if line.status != ItemStatus.CANCELLED
        ),
        discount=order.discount_amount,
        service_rate=order.service_rate,
        prices_include_tax=order.prices_include_tax,
        currency=order.currency,
    )
    if max(sums.total, sums.final) > money.MOST:
        raise InvalidFields.one("/items", "max_value", f"The order's total is more than {money.MOST}.")
    order.total_amount = sums.total
    order.discount_amount = sums.discount
    order.service_amount = sums.service
    order.tax_amount = sums.tax
    order.final_amount = sums.final
    order.payment_status = _payment_status(order)


def _payment_status(order: Order) -> str:
    if order.paid_amount == 0:
        return PaymentStatus.UNPAID
    return PaymentStatus.PAID if order.paid_amount >= order.final_amount else PaymentStatus.PARTIAL
