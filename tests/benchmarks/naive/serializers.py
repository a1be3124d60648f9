"""The serializers of the naive application."""

from decimal import Decimal
from typing import Any

from django.db import transaction
from rest_framework import serializers

from tests.benchmarks.naive.models import MenuItem, Order, OrderItem, Table


class MenuItemSerializer(serializers.ModelSerializer[MenuItem]):
    """A dish, within a line."""

    category = serializers.StringRelatedField()  # type: ignore[var-annotated]

    class Meta:
        model = MenuItem
        fields = ("id", "name", "category", "allergens")


class OrderItemSerializer(serializers.ModelSerializer[OrderItem]):
    """A line: written with the dish's id, shown with the dish."""

    menu_item = MenuItemSerializer(read_only=True)
    menu_item_id = serializers.PrimaryKeyRelatedField(
        source="menu_item", queryset=MenuItem.objects.filter(is_available=True), write_only=True
    )

    class Meta:
        model = OrderItem
        fields = (
            "id",
            "menu_item",
            "menu_item_id",
            "quantity",
            "unit_price",
            "line_total",
            "special_instructions",
            "status",
            "course",
        )
        read_only_fields = ("unit_price", "line_total", "status")


class OrderSerializer(serializers.ModelSerializer[Order]):
    """An order with its lines."""

    items = OrderItemSerializer(many=True)
    table_id = serializers.PrimaryKeyRelatedField(source="table", queryset=Table.objects.all(), allow_null=True)
    table_name = serializers.CharField(source="table.name", read_only=True)
    waiter_name = serializers.CharField(source="waiter.username", read_only=True)

    class Meta:
        model = Order
        fields = (
            "id",
            "order_number",
            "channel",
            "status",
            "priority",
            "table_id",
            "table_name",
            "waiter",
            "waiter_name",
            "notes",
            "items",
            "total_amount",
            "tax_amount",
            "final_amount",
            "payment_status",
            "created_at",
            "updated_at",
        )
        read_only_fields = (
            "order_number",
            "status",
            "waiter",
            "total_amount",
            "tax_amount",
            "final_amount",
            "payment_status",
        )

    @transaction.atomic
    def create(self, validated_data: dict[str, Any]) -> Order:
        """Insert the order and its lines, and add them up."""
        items = validated_data.pop("items")
        order = Order.objects.create(**validated_data)
        total, tax = Decimal(0), Decimal(0)
        for item in items:
            dish = item["menu_item"]
            line_total = dish.price * item["quantity"]
            OrderItem.objects.create(order=order, unit_price=dish.price, line_total=line_total, **item)
            total += line_total
            tax += line_total * dish.tax_rate
        order.order_number = f"T1-{order.pk:03d}"
        order.total_amount = total
        order.tax_amount = tax.quantize(Decimal("0.01"))
        order.final_amount = total + order.tax_amount
        order.save()
        return order

    def update(self, instance: Order, validated_data: dict[str, Any]) -> Order:
        """Change the order's own fields."""
        validated_data.pop("items", None)
        return super().update(instance, validated_data)
