"""The models of the naive application."""

from django.conf import settings
from django.db import models


class Table(models.Model):
    """A table."""

    name = models.CharField(max_length=20)

    def __str__(self) -> str:
        return self.name


class Category(models.Model):
    """A chapter of the menu."""

    name = models.CharField(max_length=100)

    def __str__(self) -> str:
        return self.name


class MenuItem(models.Model):
    """A dish."""

    category = models.ForeignKey(Category, on_delete=models.CASCADE)
    name = models.CharField(max_length=100)
    price = models.DecimalField(max_digits=10, decimal_places=2)
    tax_rate = models.DecimalField(max_digits=6, decimal_places=4)
    allergens = models.JSONField(default=list)
    is_available = models.BooleanField(default=True)

    def __str__(self) -> str:
        return self.name


class Order(models.Model):
    """An order."""

    order_number = models.CharField(max_length=20, blank=True)
    channel = models.CharField(max_length=10)
    status = models.CharField(max_length=10, default="pending")
    priority = models.CharField(max_length=10, default="normal")
    table = models.ForeignKey(Table, on_delete=models.CASCADE, null=True)
    waiter = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    notes = models.CharField(max_length=1000, blank=True)
    total_amount = models.DecimalField(max_digits=10, decimal_places=2, default=0)
    tax_amount = models.DecimalField(max_digits=10, decimal_places=2, default=0)
    final_amount = models.DecimalField(max_digits=10, decimal_places=2, default=0)
    payment_status = models.CharField(max_length=20, default="unpaid")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return self.order_number


class OrderItem(models.Model):
    """A line of an order."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="items")
    menu_item = models.ForeignKey(MenuItem, on_delete=models.CASCADE)
    quantity = models.PositiveIntegerField()
    unit_price = models.DecimalField(max_digits=10, decimal_places=2)
    line_total = models.DecimalField(max_digits=10, decimal_places=2)
    special_instructions = models.CharField(max_length=500, blank=True)
    status = models.CharField(max_length=10, default="pending")
    course = models.PositiveIntegerField(default=1)

    def __str__(self) -> str:
        return f"{self.quantity} × {self.menu_item}"
