"""The kitchen's own rows: stations, and the tickets that are worked on there."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MinValueValidator
from django.db import models

from kitchen import states
from kitchen.states import TicketItemStatus, TicketStatus
from orders.models import Order, Restaurant, User
from orders.states import Channel, Priority
from orders.units import TrackedModel


class Station(TrackedModel):
    """A place in the kitchen where items are made: ``capacity`` of them at a time.

    ``load`` counts the items that are in work or wait there; ``kitchen.loads`` keeps it, under lock.
    """

    restaurant = models.ForeignKey(Restaurant, models.PROTECT, related_name="stations")
    name = models.CharField(max_length=50)
    capacity = models.PositiveSmallIntegerField(default=4, validators=[MinValueValidator(1)])
    is_active = models.BooleanField(default=True)
    load = models.PositiveIntegerField(default=0, editable=False)

    class Meta(TrackedModel.Meta):
        ordering = ("name", "id")
        constraints = (models.UniqueConstraint(fields=("restaurant", "name"), name="station_once"),)

    def __str__(self) -> str:
        return self.name


class KitchenOrder(TrackedModel):
    """A ticket: an order as the kitchen sees it.

    What the kitchen reads of the order (number, table, notes, …) is copied here, and follows the order.
    """

    restaurant = models.ForeignKey(Restaurant, models.PROTECT, related_name="tickets", db_index=False)  # see below
    order = models.OneToOneField(Order, models.PROTECT, related_name="ticket")
    order_number = models.CharField(max_length=20)
    channel = models.CharField(max_length=10, choices=Channel)
    table_id = models.BigIntegerField(null=True, blank=True)
    table_name = models.CharField(max_length=20, blank=True)
    notes = models.CharField(max_length=1000, blank=True)
    allergies = ArrayField(models.CharField(max_length=50), default=list, blank=True)
    status = models.CharField(max_length=12, choices=TicketStatus, default=TicketStatus.PENDING)
    priority = models.CharField(max_length=10, choices=Priority, default=Priority.NORMAL)
    # Nobody lists tickets by their chef, and people who worked here are never deleted: no index.
    chef = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="tickets", db_index=False)
    chef_name = models.CharField(max_length=150, blank=True)
    estimated_ready_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ready_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)

    class Meta(TrackedModel.Meta):
        ordering = ("-id",)
        verbose_name = "kitchen order"
        indexes = (
            models.Index(fields=("restaurant", "id"), name="ticket_open", condition=models.Q(status__in=states.OPEN)),
            models.Index(fields=("restaurant", "status", "id"), name="ticket_by_status"),
            models.Index(
                fields=("restaurant", "completed_at"),
                name="ticket_completed",
                condition=models.Q(completed_at__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return self.order_number

    @property
    def is_open(self) -> bool:
        """Whether the ticket is still the kitchen's."""
        return self.status in states.OPEN

    @property
    def prep_minutes(self) -> int | None:
        """Whole minutes from the ticket's arrival to ready, half a minute rounded up; None before."""
        if self.ready_at is None:
            return None
        return int((self.ready_at - self.created_at).total_seconds() / 60 + 0.5)


class KitchenOrderItem(TrackedModel):
    """A production item: one line of the order, in work at a station.

    ``order_item_id`` is a number, no foreign key: a line that is removed from its order stays on the ticket,
    cancelled, until the ticket is gone. ``steps`` are [{name, minutes, station_id, station_name, done}].
    """

    ticket = models.ForeignKey(
        KitchenOrder, models.CASCADE, related_name="items", db_index=False
    )  # the constraint has it
    order_item_id = models.BigIntegerField()
    menu_item_id = models.BigIntegerField()
    name = models.CharField(max_length=100)
    quantity = models.PositiveSmallIntegerField()
    modifiers = models.JSONField(default=list)
    special_instructions = models.CharField(max_length=500, blank=True)
    allergens = ArrayField(models.CharField(max_length=50), default=list, blank=True)
    station = models.ForeignKey(Station, models.PROTECT, null=True, blank=True, related_name="items")
    station_name = models.CharField(max_length=50, blank=True)
    status = models.CharField(max_length=10, choices=TicketItemStatus, default=TicketItemStatus.PENDING)
    course = models.PositiveSmallIntegerField(default=1)
    steps = models.JSONField(default=list)
    started_at = models.DateTimeField(null=True, blank=True)
    ready_at = models.DateTimeField(null=True, blank=True)

    class Meta(TrackedModel.Meta):
        ordering = ("id",)
        # None with the status in it: so a bump writes the row alone, and no index. What is to make at a station is
        # found by way of the open tickets.
        constraints = (models.UniqueConstraint(fields=("ticket", "order_item_id"), name="ticket_item_once"),)

    def __str__(self) -> str:
        return f"{self.quantity} × {self.name}"
