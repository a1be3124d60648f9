"""Where in the kitchen things are made."""

from __future__ import annotations

from django.core.validators import MinValueValidator
from django.db import models

from orders.models import Restaurant
from orders.units import TrackedModel


class Station(TrackedModel):
    """A place in the kitchen where items are made: ``capacity`` of them at a time.

    ``load`` counts the items that are in work or wait there; ``work`` is what is still to be done there, in half
    minutes, for estimates. ``kitchen.loads`` keeps both, under lock.
    """

    restaurant = models.ForeignKey(Restaurant, models.PROTECT, related_name="stations")
    name = models.CharField(max_length=50)
    capacity = models.PositiveSmallIntegerField(default=4, validators=[MinValueValidator(1)])
    is_active = models.BooleanField(default=True)
    load = models.PositiveIntegerField(default=0, editable=False)
    work = models.PositiveIntegerField(default=0, db_default=0, editable=False)

    class Meta(TrackedModel.Meta):
        ordering = ("name", "id")
        constraints = (models.UniqueConstraint(fields=("restaurant", "name"), name="station_once"),)

    def __str__(self) -> str:
        return self.name
