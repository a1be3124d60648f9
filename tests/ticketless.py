"""Orders whose ticket is missing, as of before there was a kitchen."""

from __future__ import annotations

from django.db import connection


def lose_ticket(order_id: int) -> None:
    """Take an order's ticket away behind Brigade's back; its contract stays, and the stations' load with it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM kitchen_kitchenorderitem WHERE ticket_id IN "
            "(SELECT id FROM kitchen_kitchenorder WHERE order_id = %s)",
            [order_id],
        )
        cursor.execute("DELETE FROM kitchen_kitchenorder WHERE order_id = %s", [order_id])
