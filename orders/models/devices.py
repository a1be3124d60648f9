"""Screens and programs that work in a restaurant without a person signed in."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from orders.models.accounts import Restaurant, User
from orders.models.tables import Counter
from orders.states import DeviceKind


class Device(models.Model):
    """A paired screen or integration. Its key is shown once; what is kept is the key's SHA-256.

    The key is 256 random bits, so that a fast digest is enough: there is no password to guess.
    """

    restaurant = models.ForeignKey(Restaurant, models.PROTECT, related_name="devices")
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=12, choices=DeviceKind)
    scopes = ArrayField(models.CharField(max_length=30), default=list, blank=True)
    counter = models.ForeignKey(Counter, models.PROTECT, null=True, blank=True, related_name="devices")
    key_digest = models.CharField(max_length=64, unique=True, editable=False)
    key_hint = models.CharField(max_length=12, editable=False, help_text="How the key begins.")
    created_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.name

    @property
    def is_active(self) -> bool:
        """Whether its key still opens anything."""
        return self.revoked_at is None
