"""The guests whom a restaurant knows by name."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.db import models

from orders.guest_terms import GuestTerms
from orders.models.accounts import Restaurant


class Customer(models.Model):
    """A guest, made or found again from what an order says: by phone, then by email."""

    restaurant = models.ForeignKey(Restaurant, models.PROTECT, related_name="customers")
    name = models.CharField(max_length=100, blank=True)
    phone = models.CharField(max_length=32, blank=True)
    email = models.EmailField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("restaurant", "phone"), name="customer_phone", condition=~models.Q(phone="")),
            models.Index(fields=("restaurant", "email"), name="customer_email", condition=~models.Q(email="")),
            # Written when a guest becomes known, not with every order.
            GinIndex(GuestTerms(), name="customer_terms"),
        )

    def __str__(self) -> str:
        return self.name or self.phone or self.email or f"#{self.pk}"
