"""What became of each order, and by whom: kept when its events are pruned, and when it is gone itself."""

from __future__ import annotations

from django.db import models

from orders.models.accounts import Restaurant


class HistoryEntry(models.Model):
    """One change of an order, its items, payments or ticket; ``changes`` are {field: [old, new]}.

    It refers to the order by its number and id, not by a foreign key: the entry outlives the order.
    """

    restaurant = models.ForeignKey(Restaurant, models.PROTECT, related_name="history", db_index=False)
    order_id = models.BigIntegerField()
    order_number = models.CharField(max_length=20)
    at = models.DateTimeField()
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=150, blank=True)
    source = models.CharField(max_length=10)
    event = models.CharField(max_length=40)
    changes = models.JSONField(default=dict)

    class Meta:
        ordering = ("-id",)
        verbose_name_plural = "history"
        indexes = (models.Index(fields=("restaurant", "order_id", "id"), name="history_of_order"),)

    def __str__(self) -> str:
        return f"{self.order_number}: {self.event}"
