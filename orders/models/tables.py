"""Where guests sit, and where they pay."""

from __future__ import annotations

import secrets

from django.db import models

from orders.models.accounts import Restaurant


def new_nonce() -> str:
    """Return what makes a table's token unlike its last one."""
    return secrets.token_urlsafe(9)


class Table(models.Model):
    """A table; ``nonce`` is signed into its token, so that a new nonce ends every printed code."""

    restaurant = models.ForeignKey(Restaurant, models.PROTECT, related_name="tables")
    name = models.CharField(max_length=20)
    seats = models.PositiveSmallIntegerField(default=4)
    area = models.CharField(max_length=50, blank=True)
    nonce = models.CharField(max_length=16, default=new_nonce, editable=False)

    class Meta:
        ordering = ("area", "name", "id")
        constraints = (models.UniqueConstraint(fields=("restaurant", "name"), name="table_once"),)

    def __str__(self) -> str:
        return self.name


class Counter(models.Model):
    """A till."""

    restaurant = models.ForeignKey(Restaurant, models.PROTECT, related_name="counters")
    name = models.CharField(max_length=50)

    class Meta:
        ordering = ("name", "id")
        constraints = (models.UniqueConstraint(fields=("restaurant", "name"), name="counter_once"),)

    def __str__(self) -> str:
        return self.name
