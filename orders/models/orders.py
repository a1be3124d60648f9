"""What guests asked for."""

from __future__ import annotations

from decimal import Decimal

from django.contrib.postgres.fields import ArrayField
from django.db import models

from orders import states
from orders.models.accounts import Restaurant, User
from orders.models.customers import Customer
from orders.models.menu import MenuItem, Modifier
from orders.models.tables import Table
from orders.states import Channel, ItemStatus, OrderStatus, PaymentStatus, Priority
from orders.units import TrackedModel


def _amount() -> models.DecimalField:  # type: ignore[type-arg]
    return models.DecimalField(max_digits=10, decimal_places=2, default=Decimal("0.00"))


class OrderCounter(models.Model):
    """The last order number of a restaurant's business day; locked from numbering to commit."""

    restaurant = models.ForeignKey(Restaurant, models.PROTECT)
    business_date = models.DateField()
    last = models.PositiveIntegerField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("restaurant", "business_date"), name="order_counter_once"),)

    def __str__(self) -> str:
        return f"{self.business_date}: {self.last}"


class Order(TrackedModel):
    """What a guest asked for.

    Names, rates and prices are copied here when they are set, so that a later change of the menu, a table
    or a person alters no order. ``version`` rises by one with every unit of work that changes the order or its items.
    """

    # The foreign keys have no index of their own where one below begins with the column.
    restaurant = models.ForeignKey(Restaurant, models.PROTECT, related_name="orders", db_index=False)
    order_number = models.CharField(max_length=20)
    business_date = models.DateField()
    external_id = models.CharField(max_length=100, blank=True)
    channel = models.CharField(max_length=10, choices=Channel)
    status = models.CharField(max_length=10, choices=OrderStatus, default=OrderStatus.PENDING)
    priority = models.CharField(max_length=10, choices=Priority, default=Priority.NORMAL)
    table = models.ForeignKey(Table, models.PROTECT, null=True, blank=True, related_name="orders", db_index=False)
    table_name = models.CharField(max_length=20, blank=True)
    customer = models.ForeignKey(Customer, models.PROTECT, null=True, blank=True, related_name="orders", db_index=False)
    customer_name = models.CharField(max_length=100, blank=True)
    waiter = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="orders", db_index=False)
    waiter_name = models.CharField(max_length=150, blank=True)
    notes = models.CharField(max_length=1000, blank=True)
    allergies = ArrayField(models.CharField(max_length=50), default=list, blank=True)

    currency = models.CharField(max_length=3)
    service_rate = models.DecimalField(max_digits=6, decimal_places=4, default=Decimal(0))
    prices_include_tax = models.BooleanField(default=False)
    total_amount = _amount()
    discount_amount = _amount()
    service_amount = _amount()
    tax_amount = _amount()
    final_amount = _amount()
    # The discount as a manager gave it; ``discount_amount`` is what the lines leave of it at present.
    discount_granted = models.DecimalField(
        max_digits=10, decimal_places=2, default=Decimal("0.00"), db_default=Decimal("0.00"), editable=False
    )
    # What was paid and not given back; and what was given back.
    paid_amount = _amount()
    refunded_amount = _amount()
    payment_status = models.CharField(max_length=20, choices=PaymentStatus, default=PaymentStatus.UNPAID)

    cancel_reason = models.CharField(max_length=500, blank=True)
    # Why a manager completed it with an open bill.
    unpaid_reason = models.CharField(max_length=500, blank=True)
    # What the waiting CancellationRequest says, as screens show it: a board of orders asks for no row of another table.
    pending_cancellation = models.JSONField(null=True, blank=True)
    estimated_ready_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)
    ready_at = models.DateTimeField(null=True, blank=True)
    served_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)

    class Meta(TrackedModel.Meta):
        ordering = ("-id",)
        constraints = (
            # The number before the date, so that it also finds the orders whose number begins in a certain way.
            models.UniqueConstraint(
                fields=("restaurant", "order_number", "business_date"),
                name="order_number_once",
                opclasses=("int8_ops", "varchar_pattern_ops", "date_ops"),
                include=("id",),
            ),
            models.UniqueConstraint(
                fields=("restaurant", "external_id"), name="order_external_id", condition=~models.Q(external_id="")
            ),
        )
        # One for each way to list orders: it finds the rows and has them in the list's order, so that a page costs
        # the same however many orders there are.
        indexes = (
            models.Index(fields=("restaurant", "-id"), name="order_list"),
            models.Index(fields=("restaurant", "-id"), name="order_open", condition=models.Q(status__in=states.OPEN)),
            # What few values have, in every combination: orders.facets.
            models.Index(
                fields=("restaurant", "status", "payment_status", "priority", "channel", "-id"), name="order_by_facets"
            ),
            models.Index(fields=("restaurant", "updated_at", "id"), name="order_updated"),
            models.Index(fields=("restaurant", "created_at", "id"), name="order_created"),
            # The figures of a business day, which is not a day of the calendar.
            models.Index(fields=("restaurant", "business_date"), name="order_of_day"),
            models.Index(fields=("table", "-id"), name="order_of_table", condition=models.Q(table__isnull=False)),
            models.Index(
                fields=("customer", "-id"), name="order_of_customer", condition=models.Q(customer__isnull=False)
            ),
            models.Index(fields=("waiter", "-id"), name="order_of_waiter", condition=models.Q(waiter__isnull=False)),
        )

    def __str__(self) -> str:
        return self.order_number

    @property
    def is_open(self) -> bool:
        """Whether the order is neither completed nor cancelled."""
        return self.status not in states.CLOSED


class OrderItem(TrackedModel):
    """One line of an order, with the dish as it was when it was ordered."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="items")
    menu_item = models.ForeignKey(MenuItem, models.PROTECT, related_name="order_items")
    name = models.CharField(max_length=100)
    category_name = models.CharField(max_length=100)
    allergens = ArrayField(models.CharField(max_length=50), default=list, blank=True)
    quantity = models.PositiveSmallIntegerField()
    unit_price = models.DecimalField(max_digits=10, decimal_places=2)
    tax_rate = models.DecimalField(max_digits=6, decimal_places=4)
    line_total = _amount()
    special_instructions = models.CharField(max_length=500, blank=True)
    status = models.CharField(max_length=10, choices=ItemStatus, default=ItemStatus.PENDING)
    void_reason = models.CharField(max_length=500, blank=True)
    course = models.PositiveSmallIntegerField(default=1)
    # How many of its portions came off a dish's stock: exactly as many go back, whatever was counted since.
    portions_taken = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)

    class Meta(TrackedModel.Meta):
        ordering = ("id",)
        constraints = (
            models.CheckConstraint(condition=models.Q(quantity__gte=1, quantity__lte=99), name="order_item_quantity"),
        )

    def __str__(self) -> str:
        return f"{self.quantity} × {self.name}"


class OrderItemModifier(TrackedModel):
    """A modifier of an item, with its name and price as they were when it was ordered."""

    item = models.ForeignKey(
        OrderItem, models.CASCADE, related_name="modifiers", db_index=False
    )  # the constraint has it
    modifier = models.ForeignKey(Modifier, models.PROTECT)
    name = models.CharField(max_length=100)
    price = models.DecimalField(max_digits=10, decimal_places=2)

    class Meta(TrackedModel.Meta):
        ordering = ("id",)
        constraints = (models.UniqueConstraint(fields=("item", "modifier"), name="order_item_modifier_once"),)

    def __str__(self) -> str:
        return self.name
