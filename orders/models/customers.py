"""The guests whom a restaurant knows by name."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Lower

from orders.guest_addresses import PlainPhone
from orders.guest_terms import GuestTerms
from orders.models.accounts import Restaurant


class KnownCustomers(models.Manager["Customer"]):
    """The guests who are known: of those who were erased nothing is found, but that there was somebody."""

    def get_queryset(self) -> models.QuerySet[Customer]:
        """Leave out who was erased."""
        return super().get_queryset().filter(erased_at__isnull=True)


class Customer(models.Model):
    """A guest, made or found again from what an order says: by phone, then by email, however these are written.

    Who is erased keeps the row, empty, for the orders that refer to it.
    """

    # The index of the list begins with it.
    restaurant = models.ForeignKey(Restaurant, models.PROTECT, related_name="customers", db_index=False)
    name = models.CharField(max_length=100, blank=True)
    phone = models.CharField(max_length=32, blank=True)
    email = models.EmailField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    erased_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = KnownCustomers()

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(
                fields=("restaurant", "-id"), name="customer_list", condition=models.Q(erased_at__isnull=True)
            ),
            # By these a guest is found again who orders.
            models.Index("restaurant", PlainPhone("phone"), name="customer_phone", condition=~models.Q(phone="")),
            models.Index("restaurant", Lower("email"), name="customer_email", condition=~models.Q(email="")),
            # Written when a guest becomes known, not with every order.
            GinIndex(GuestTerms(), name="customer_terms"),
        )

    def __str__(self) -> str:
        return self.name or self.phone or self.email or f"#{self.pk}"
