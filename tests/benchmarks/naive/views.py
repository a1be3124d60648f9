"""The views of the naive application."""

from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from rest_framework import viewsets
from rest_framework.serializers import BaseSerializer

from tests.benchmarks.naive.models import Order
from tests.benchmarks.naive.serializers import OrderSerializer


class OrderViewSet(viewsets.ModelViewSet[Order]):
    """The orders."""

    queryset = (
        Order.objects.exclude(status__in=["completed", "cancelled"])
        .select_related("table", "waiter")
        .prefetch_related("items__menu_item__category")
        .order_by("-id")
    )
    serializer_class = OrderSerializer

    def perform_create(self, serializer: BaseSerializer[Order]) -> None:
        """Save, and tell the kitchen."""
        serializer.save(waiter=self.request.user)
        self.notify("order_created", serializer.data)

    def perform_update(self, serializer: BaseSerializer[Order]) -> None:
        """Save, and tell the kitchen."""
        serializer.save()
        self.notify("order_updated", serializer.data)

    def notify(self, event: str, order: Any) -> None:
        """Send an event to everybody in the group."""
        async_to_sync(get_channel_layer().group_send)("kitchen", {"type": event, "order": order})
