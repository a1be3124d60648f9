"""What was paid for an order, and what was given back. No card number is ever asked for, or kept."""

from __future__ import annotations

from decimal import Decimal

from django.db import models

from orders.models.accounts import Restaurant, User
from orders.models.orders import Order
from orders.models.tables import Counter
from orders.states import PaymentMethod, PaymentOutcome
from orders.units import TrackedModel


class Payment(TrackedModel):
    """One payment: ``amount`` went on the bill, ``tendered`` is the cash that was handed over for it."""

    restaurant = models.ForeignKey(Restaurant, models.PROTECT, related_name="payments", db_index=False)
    order = models.ForeignKey(Order, models.PROTECT, related_name="payments")
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    method = models.CharField(max_length=10, choices=PaymentMethod)
    tendered = models.DecimalField(max_digits=10, decimal_places=2, null=True, blank=True)
    change = models.DecimalField(max_digits=10, decimal_places=2, default=Decimal("0.00"))
    counter = models.ForeignKey(
        Counter, models.PROTECT, null=True, blank=True, related_name="payments", db_index=False
    )  # see below
    transaction_reference = models.CharField(max_length=100)
    status = models.CharField(max_length=10, choices=PaymentOutcome, default=PaymentOutcome.SUCCESS)
    refunded_amount = models.DecimalField(max_digits=10, decimal_places=2, default=Decimal("0.00"))
    # People who worked here are never deleted, and nobody lists payments by who took them: no index.
    taken_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    taken_by_name = models.CharField(max_length=150, blank=True)
    created_at = models.DateTimeField()

    class Meta(TrackedModel.Meta):
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(fields=("restaurant", "transaction_reference"), name="payment_reference"),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="payment_amount"),
            models.CheckConstraint(
                condition=models.Q(refunded_amount__gte=0, refunded_amount__lte=models.F("amount")),
                name="payment_refunded",
            ),
        )
        # Methods and outcomes are few: each combination is found by itself, also at a till.
        indexes = (
            models.Index(fields=("restaurant", "-id"), name="payment_list"),
            models.Index(fields=("restaurant", "method", "status", "-id"), name="payment_by_kind"),
            models.Index(fields=("restaurant", "created_at", "id"), name="payment_created"),
            models.Index(
                fields=("counter", "method", "status", "-id"),
                name="payment_of_counter",
                condition=models.Q(counter__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return self.transaction_reference

    @property
    def left(self) -> Decimal:
        """What can still be given back."""
        return self.amount - self.refunded_amount


class Refund(TrackedModel):
    """Money given back of one payment: in part, or all that is left of it."""

    restaurant = models.ForeignKey(Restaurant, models.PROTECT, related_name="refunds", db_index=False)
    payment = models.ForeignKey(Payment, models.PROTECT, related_name="refunds")
    order = models.ForeignKey(Order, models.PROTECT, related_name="refunds")
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    reason = models.CharField(max_length=500)
    transaction_reference = models.CharField(max_length=120)
    given_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    given_by_name = models.CharField(max_length=150, blank=True)
    created_at = models.DateTimeField()

    class Meta(TrackedModel.Meta):
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(fields=("restaurant", "transaction_reference"), name="refund_reference"),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="refund_amount"),
        )

    def __str__(self) -> str:
        return self.transaction_reference
