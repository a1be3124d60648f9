"""The restaurant's own books in the admin: staff, menu, tables, guests and orders."""

from orders.admin import floor, menu, orders, payments, staff

__all__ = ["floor", "menu", "orders", "payments", "staff"]
