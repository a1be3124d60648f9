"""The orders app."""

from django.apps import AppConfig


class OrdersApp(AppConfig):
    """Restaurants, staff, menu, tables, customers and their orders."""

    name = "orders"
    default_auto_field = "django.db.models.BigAutoField"
