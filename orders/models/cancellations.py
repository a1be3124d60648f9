"""Asking the kitchen to let go of an order that it has."""

from __future__ import annotations

from django.db import models

from orders.models.accounts import Restaurant, User
from orders.models.orders import Order
from orders.states import RequestStatus
from orders.units import TrackedModel


class CancellationRequest(TrackedModel):
    """A waiter asks for an order to be cancelled; the kitchen decides. An order has one that waits at most."""

    restaurant = models.ForeignKey(Restaurant, models.PROTECT, related_name="cancellation_requests", db_index=False)
    order = models.ForeignKey(Order, models.CASCADE, related_name="cancellation_requests")
    reason = models.CharField(max_length=500)
    status = models.CharField(max_length=10, choices=RequestStatus, default=RequestStatus.PENDING)
    requested_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    requested_by_name = models.CharField(max_length=150, blank=True)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    decided_by_name = models.CharField(max_length=150, blank=True)
    decision_reason = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta(TrackedModel.Meta):
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("order",), name="cancellation_pending_once", condition=models.Q(status="pending")
            ),
        )
        indexes = (models.Index(fields=("restaurant", "status", "-id"), name="cancellation_list"),)

    def __str__(self) -> str:
        return f"{self.order_id}: {self.status}"
