"""The code on an order's slip."""

from __future__ import annotations

import secrets

from django.db import models

from orders.models.accounts import Restaurant
from orders.models.orders import Order
from orders.states import QRStatus
from orders.units import TrackedModel


def new_qr_token() -> str:
    """Return a token that nobody can guess: 192 random bits."""
    return secrets.token_urlsafe(24)


class QRCode(TrackedModel):
    """An order's QR code; whoever of the staff scans it has the order."""

    restaurant = models.ForeignKey(Restaurant, models.PROTECT, related_name="qr_codes", db_index=False)
    order = models.OneToOneField(Order, models.CASCADE, related_name="qr_code")
    token = models.CharField(max_length=64, unique=True, default=new_qr_token, editable=False)
    status = models.CharField(max_length=10, choices=QRStatus, default=QRStatus.ACTIVE)
    scan_count = models.PositiveIntegerField(default=0)
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField()

    class Meta(TrackedModel.Meta):
        verbose_name = "QR code"

    def __str__(self) -> str:
        return f"{self.order_id}: {self.status}"
