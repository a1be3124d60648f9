"""The restaurant's own books in the admin: staff, menu, tables, guests and orders."""

from orders.admin import devices, floor, menu, orders, payments, staff

__all__ = ["devices", "floor", "menu", "orders", "payments", "staff"]
