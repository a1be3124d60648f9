"""The stream: a restaurant's events in commit order."""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models

from orders.models import Restaurant
from orders.units import TrackedModel


class Stream(models.Model):
    """The head of a restaurant's stream; its row is locked from numbering to commit.

    A table of its own: a lock on the restaurant's row would hold up every insert that refers to it.
    ``epoch`` changes when the database was restored from a backup; replay can start at ``min_seq``. ``rewritten``
    counts how often kept events were written anew: who remembers some of them from before forgets them.
    """

    restaurant = models.OneToOneField(Restaurant, models.PROTECT, primary_key=True, related_name="stream")
    epoch = models.UUIDField(default=uuid.uuid4)
    head = models.BigIntegerField(default=0)
    min_seq = models.BigIntegerField(default=1)
    rewritten = models.IntegerField(default=0, db_default=0)

    def __str__(self) -> str:
        return f"{self.restaurant_id} at {self.head}"


class Event(models.Model):
    """One event: outbox, audit trail and replay log at once. Append-only, pruned by age.

    ``data`` is the payload for staff as it was encoded, kept as text so that a replay is the same to the letter;
    what guests and the public board get is projected from it. ``changes`` are {field: [old, new]} of the row.
    """

    pk = models.CompositePrimaryKey("restaurant_id", "seq")
    restaurant = models.ForeignKey(Restaurant, models.PROTECT, db_index=False, related_name="events")
    seq = models.BigIntegerField()
    event_id = models.UUIDField()
    type = models.CharField(max_length=40)
    at = models.DateTimeField()
    rooms = ArrayField(models.CharField(max_length=40))
    data = models.TextField()
    order_id = models.BigIntegerField(null=True)
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=150, blank=True)
    source = models.CharField(max_length=10)
    changes = models.TextField(default="{}")

    class Meta:
        indexes = (models.Index(fields=("at",), name="event_at"),)

    def __str__(self) -> str:
        return f"{self.type} {self.seq}"


class Severity(models.TextChoices):
    """How serious an alert is."""

    INFO = "info"  # good to know
    WARNING = "warning"  # look into it
    ERROR = "error"  # act now


class Audience(models.TextChoices):
    """Whom an alert reaches."""

    STAFF = "staff"  # every screen of the staff
    ALL = "all"  # guests' screens too


class Alert(TrackedModel):
    """Something that a manager, or Brigade itself, tells everybody at once."""

    restaurant = models.ForeignKey(Restaurant, models.PROTECT, related_name="alerts")
    severity = models.CharField(max_length=10, choices=Severity, default=Severity.INFO)
    message = models.CharField(max_length=500)
    audience = models.CharField(max_length=5, choices=Audience, default=Audience.STAFF)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta(TrackedModel.Meta):
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.message
