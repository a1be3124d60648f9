"""What is being made: tickets, their items, and what they have used."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from kitchen import states
from kitchen.measures import Unit, told
from kitchen.models.contracts import ProductionContract
from kitchen.models.recipes import Ingredient
from kitchen.models.stations import Station
from kitchen.states import TicketItemStatus, TicketStatus
from orders.models import Order, Restaurant, User
from orders.states import Channel, Priority
from orders.units import TrackedModel


class KitchenOrder(TrackedModel):
    """A ticket: a production contract being worked on.

    What the cook reads of it (number, table, notes, …) is copied here from the latest version of the contract. A
    ticket of before there were contracts has none. ``promised_ready_at`` is the first estimate, ``estimated_ready_at``
    the latest; after ``warn_at`` and ``late_at`` every screen and report calls it slow, and late. ``clock_at`` is from
    when on that is counted: its arrival, a second round, a course that is fired; None of before it was kept.
    """

    restaurant = models.ForeignKey(Restaurant, models.PROTECT, related_name="tickets", db_index=False)  # see below
    order = models.OneToOneField(Order, models.PROTECT, related_name="ticket")
    order_number = models.CharField(max_length=20)
    channel = models.CharField(max_length=10, choices=Channel)
    table_id = models.BigIntegerField(null=True, blank=True)
    table_name = models.CharField(max_length=20, blank=True)
    notes = models.CharField(max_length=1000, blank=True)
    allergies = ArrayField(models.CharField(max_length=50), default=list, blank=True)
    contract = models.ForeignKey(
        ProductionContract, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    contract_version = models.PositiveIntegerField(null=True, blank=True)
    status = models.CharField(max_length=12, choices=TicketStatus, default=TicketStatus.PENDING)
    priority = models.CharField(max_length=10, choices=Priority, default=Priority.NORMAL)
    # A priority that somebody in the kitchen chose stays until the order itself says another.
    is_priority_chosen = models.BooleanField(default=False, db_default=False, editable=False)
    # Nobody lists tickets by their chef, and people who worked here are never deleted: no index.
    chef = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="tickets", db_index=False)
    chef_name = models.CharField(max_length=150, blank=True)
    estimated_ready_at = models.DateTimeField(null=True, blank=True)
    promised_ready_at = models.DateTimeField(null=True, blank=True, editable=False)
    clock_at = models.DateTimeField(null=True, blank=True, editable=False)
    warn_at = models.DateTimeField(null=True, blank=True)
    late_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ready_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    recalled_at = models.DateTimeField(null=True, blank=True)
    recall_reason = models.CharField(max_length=500, default="", db_default="", blank=True)

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
        """Whole minutes from when its clock was started to ready, half a minute rounded up; None before."""
        if self.ready_at is None:
            return None
        return int((self.ready_at - (self.clock_at or self.created_at)).total_seconds() / 60 + 0.5)


class KitchenOrderItem(TrackedModel):
    """A production item: one line of the order, in work at a station.

    ``order_item_id`` is a number, no foreign key: a line that is removed from its order stays on the ticket,
    cancelled, until the ticket is gone. ``steps`` are [{name, minutes, station_id, station_name, done, station_ids}],
    done in their order; ``station_ids`` are the stations that can do it. ``station`` is that of the first step that
    is not done (of the last when all are), ``station_ids`` those of all its steps. ``change`` says what the latest
    version of the contract that concerned the item did to it: {version, kind: added | changed | voided, fields}.
    ``consumed_at`` is when its ingredients were written off, once and for all.
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
    # The number of a station that was taken out of the kitchen stays: nobody rewrites what was made there. What is
    # to make at one is found by way of the open tickets.
    station = models.ForeignKey(
        Station, models.DO_NOTHING, null=True, blank=True, related_name="items", db_index=False, db_constraint=False
    )
    station_name = models.CharField(max_length=50, blank=True)
    status = models.CharField(max_length=10, choices=TicketItemStatus, default=TicketItemStatus.PENDING)
    course = models.PositiveSmallIntegerField(default=1)
    held = models.BooleanField(default=False, db_default=False)
    steps = models.JSONField(default=list)
    station_ids = ArrayField(models.BigIntegerField(), default=list, db_default=[], blank=True)
    recipe_version = models.PositiveIntegerField(null=True, blank=True)
    change = models.JSONField(null=True, blank=True)
    allergy_alert = ArrayField(models.CharField(max_length=50), default=list, db_default=[], blank=True)
    allergy_confirmed_by_name = models.CharField(max_length=150, default="", db_default="", blank=True)
    consumed_at = models.DateTimeField(null=True, blank=True, editable=False)
    started_at = models.DateTimeField(null=True, blank=True)
    ready_at = models.DateTimeField(null=True, blank=True)

    class Meta(TrackedModel.Meta):
        ordering = ("id",)
        # None with the status in it: so a bump writes the row alone, and no index. What is to make at a station is
        # found by way of the open tickets.
        constraints = (models.UniqueConstraint(fields=("ticket", "order_item_id"), name="ticket_item_once"),)

    def __str__(self) -> str:
        return f"{self.quantity} × {self.name}"


class Consumption(TrackedModel):
    """What a finished item has used of an ingredient: written once, whatever becomes of the item after that."""

    restaurant = models.ForeignKey(Restaurant, models.PROTECT, related_name="consumptions", db_index=False)
    item = models.ForeignKey(KitchenOrderItem, models.PROTECT, related_name="consumed", db_index=False)
    ingredient = models.ForeignKey(Ingredient, models.PROTECT, related_name="consumed", db_index=False)
    quantity = models.DecimalField(max_digits=14, decimal_places=3)
    unit = models.CharField(max_length=5, choices=Unit)
    at = models.DateTimeField()

    class Meta(TrackedModel.Meta):
        ordering = ("-id",)
        constraints = (models.UniqueConstraint(fields=("item", "ingredient"), name="consumption_once"),)
        indexes = (
            models.Index(fields=("restaurant", "-id"), name="consumption_list"),
            models.Index(fields=("ingredient", "-id"), name="consumption_of_ingredient"),
        )

    def __str__(self) -> str:
        return told(self.quantity, self.unit)
