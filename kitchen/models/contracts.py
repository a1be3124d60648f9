"""What the kitchen has been asked to make."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from orders.models import Order, Restaurant
from orders.states import Channel, Priority
from orders.units import TrackedModel

SCHEMA_VERSION = 1


class ProductionContract(TrackedModel):
    """An order in the kitchen's words, at one version; what changes of the order makes the next one.

    A row is never changed nor deleted: the database refuses it. ``items`` are what ``kitchen.contracts`` writes, by
    ``schema_version``: [{order_item_id, menu_item_id, name, quantity, instructions, modifiers, special_instructions,
    course, allergens, allergy_alert, station_id, steps: [{name, minutes, station_id, station_name, station_ids}],
    recipe_version}]. ``estimated_minutes`` are whole minutes from making it to the last item ready;
    ``naive_minutes`` the plain sum of all steps, which the estimate is measured against.
    """

    restaurant = models.ForeignKey(Restaurant, models.PROTECT, related_name="contracts", db_index=False)
    order = models.ForeignKey(Order, models.PROTECT, related_name="contracts", db_index=False)  # the constraint has it
    version = models.PositiveIntegerField()
    schema_version = models.PositiveSmallIntegerField(default=SCHEMA_VERSION)
    order_number = models.CharField(max_length=20)
    channel = models.CharField(max_length=10, choices=Channel)
    table_id = models.BigIntegerField(null=True, blank=True)
    table_name = models.CharField(max_length=20, blank=True)
    notes = models.CharField(max_length=1000, blank=True)
    allergies = ArrayField(models.CharField(max_length=50), default=list, blank=True)
    items = models.JSONField(default=list)
    priority = models.CharField(max_length=10, choices=Priority)
    complexity = models.PositiveIntegerField()
    estimated_minutes = models.PositiveIntegerField()
    naive_minutes = models.PositiveIntegerField()
    estimated_ready_at = models.DateTimeField()
    created_at = models.DateTimeField()

    class Meta(TrackedModel.Meta):
        ordering = ("order", "version")
        constraints = (models.UniqueConstraint(fields=("order", "version"), name="contract_once"),)

    def __str__(self) -> str:
        return f"{self.order_number} v{self.version}"
