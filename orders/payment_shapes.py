"""What REST says of payments and refunds. What paid with is known to the terminal alone: there is no card here."""

from __future__ import annotations

from msgspec import Struct

from orders.models import Payment, Refund
from orders.shapes import Money, Timestamp, money, timestamp


class PaymentShape(Struct, frozen=True):
    """One payment: ``amount`` went on the bill, ``tendered`` was handed over, ``change`` given back."""

    id: int
    order_id: int
    amount: Money
    method: str
    tendered: Money | None
    change: Money
    counter_id: int | None
    transaction_reference: str
    status: str
    refunded_amount: Money
    created_at: Timestamp


class RefundShape(Struct, frozen=True):
    """Money given back of one payment."""

    id: int
    payment_id: int
    order_id: int
    amount: Money
    reason: str
    transaction_reference: str
    created_at: Timestamp


def payment_shape(payment: Payment) -> PaymentShape:
    """Show a payment."""
    return PaymentShape(
        id=payment.pk,
        order_id=payment.order_id,
        amount=money(payment.amount),
        method=payment.method,
        tendered=None if payment.tendered is None else money(payment.tendered),
        change=money(payment.change),
        counter_id=payment.counter_id,
        transaction_reference=payment.transaction_reference,
        status=payment.status,
        refunded_amount=money(payment.refunded_amount),
        created_at=timestamp(payment.created_at),
    )


def refund_shape(refund: Refund) -> RefundShape:
    """Show a refund."""
    return RefundShape(
        id=refund.pk,
        payment_id=refund.payment_id,
        order_id=refund.order_id,
        amount=money(refund.amount),
        reason=refund.reason,
        transaction_reference=refund.transaction_reference,
        created_at=timestamp(refund.created_at),
    )
