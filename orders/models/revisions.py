"""By what a server process knows that its copy of a restaurant's book is still right."""

from __future__ import annotations

import uuid

from django.db import models

from orders.models.accounts import Restaurant


class Revision(models.Model):
    """The state of what a restaurant's orders rest on: its settings, staff, devices, tables and menu.

    Triggers of the database give it another ``value`` in the transaction of each change, so no writer can forget it,
    whether it is a service, the admin or psql. Who reads a value has, in the same snapshot, what it stands for; and
    as it is random, no value ever stands for two states, not even after a rollback or a restore. Stock is not part of
    it: it is counted under a lock of its own.
    """

    restaurant = models.OneToOneField(Restaurant, models.CASCADE, primary_key=True, related_name="revision")
    value = models.UUIDField(default=uuid.uuid4)

    def __str__(self) -> str:
        return f"{self.restaurant_id}: {self.value}"
