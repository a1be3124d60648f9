"""What every change of an order does to the order itself: its version and its sums."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from django.utils import timezone

from orders import money
from orders.aggregates import lines_of
from orders.errors import InvalidFields, Overpaid
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

    A discount above what is left of the order is cut to that; it is whole again when more is ordered.

    Raises InvalidFields when the bill grows too long, Overpaid when less would be left of it than was paid.
    """
    sums = money.bill(
        (
            money.Line(line.line_total, line.tax_rate)
            for line in (lines_of(order) if lines is None else lines)
            if line.status != ItemStatus.CANCELLED
        ),
        discount=order.discount_granted,
        service_rate=order.service_rate,
        prices_include_tax=order.prices_include_tax,
        currency=order.currency,
    )
    if max(sums.total, sums.final) > money.MOST:
        raise InvalidFields.one("/items", "max_value", f"The order's total is more than {money.MOST}.")
    if sums.final < order.paid_amount:
        raise _paid_already(order, sums.final)
    order.total_amount = sums.total
    order.discount_amount = sums.discount
    order.service_amount = sums.service
    order.tax_amount = sums.tax
    order.final_amount = sums.final
    order.payment_status = _payment_status(order)


def _paid_already(order: Order, final: Decimal) -> Overpaid:
    back = order.paid_amount - final
    return Overpaid(
        f"{order.paid_amount} of order {order.order_number} is paid, and {final} would be left of its bill: "
        f"refund {back} first.",
        to_refund=f"{back:.2f}",
    )


def add_paid(order: Order, amount: Decimal) -> None:
    """Count a payment towards the order's bill. Needs the order locked; checks nothing."""
    order.paid_amount += amount
    order.payment_status = _payment_status(order)
    touch(order)


def take_back_paid(order: Order, amount: Decimal) -> None:
    """Count a refund: it is paid no more. Needs the order locked; checks nothing."""
    order.paid_amount -= amount
    order.refunded_amount += amount
    order.payment_status = _payment_status(order)
    touch(order)


def _payment_status(order: Order) -> str:
    """Return how much of the bill is settled; ``paid_amount`` is what was paid and not given back."""
    was_refunded = order.refunded_amount > 0
    if order.paid_amount == 0 and was_refunded:
        return PaymentStatus.REFUNDED
    if order.paid_amount >= order.final_amount:  # also a bill of nothing, which nobody will ever pay
        return PaymentStatus.PAID
    if order.paid_amount == 0:
        return PaymentStatus.UNPAID
    return PaymentStatus.PARTIALLY_REFUNDED if was_refunded else PaymentStatus.PARTIAL
