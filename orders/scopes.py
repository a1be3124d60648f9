"""What a device may do: its scopes, and those that each kind of device is given when none are named."""

from __future__ import annotations

from django.db import models

from orders.states import DeviceKind


class Scope(models.TextChoices):
    """One thing that a device may do; reading and writing are separate, and neither brings the other."""

    ORDERS_READ = "orders:read"  # orders, their history, tables, customers; the room of all orders
    ORDERS_WRITE = "orders:write"  # take and change orders, as a waiter does
    KITCHEN_READ = "kitchen:read"  # tickets, stations, recipes, ingredients, cancellation requests
    KITCHEN_WRITE = "kitchen:write"  # work on tickets, decide cancellation requests
    MENU_READ = "menu:read"  # the menu with its allergens and choices, recipes, ingredients
    MENU_WRITE = "menu:write"  # change the menu, recipes and ingredients, 86 a dish
    PAYMENTS_READ = "payments:read"  # what was paid, and at which till
    PAYMENTS_WRITE = "payments:write"  # take payments; giving money back is for people
    EVENTS_READ = "events:read"  # everything that is announced: the room of the whole restaurant


DEFAULT_SCOPES: dict[DeviceKind, tuple[Scope, ...]] = {
    DeviceKind.KITCHEN: (Scope.ORDERS_READ, Scope.KITCHEN_READ, Scope.KITCHEN_WRITE, Scope.MENU_READ),
    # The board of ready orders: its room needs no scope, being a display is enough.
    DeviceKind.DISPLAY: (),
    DeviceKind.COUNTER: (Scope.ORDERS_READ, Scope.PAYMENTS_READ, Scope.PAYMENTS_WRITE, Scope.MENU_READ),
    DeviceKind.WAITER: (Scope.ORDERS_READ, Scope.ORDERS_WRITE, Scope.KITCHEN_READ, Scope.MENU_READ),
    # Another program gets what it is given by name, and nothing else.
    DeviceKind.INTEGRATION: (),
}
