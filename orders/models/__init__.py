"""The rows of the orders app: restaurants and their staff, menu, tables, customers, orders."""

from orders.models.accounts import Membership, Restaurant, User
from orders.models.cancellations import CancellationRequest
from orders.models.customers import Customer
from orders.models.devices import Device
from orders.models.history import HistoryEntry
from orders.models.idempotency import StoredAnswer
from orders.models.menu import (
    Allergen,
    Category,
    FoodType,
    MenuItem,
    MenuItemAllergen,
    MenuItemModifierGroup,
    Modifier,
    ModifierGroup,
)
from orders.models.orders import Order, OrderCounter, OrderItem, OrderItemModifier
from orders.models.payments import Payment, Refund
from orders.models.qr_codes import QRCode
from orders.models.revisions import Revision
from orders.models.sign_ins import FailedSignIn
from orders.models.tables import Counter, Table

__all__ = [
    "Allergen",
    "CancellationRequest",
    "Category",
    "Counter",
    "Customer",
    "Device",
    "FailedSignIn",
    "FoodType",
    "HistoryEntry",
    "Membership",
    "MenuItem",
    "MenuItemAllergen",
    "MenuItemModifierGroup",
    "Modifier",
    "ModifierGroup",
    "Order",
    "OrderCounter",
    "OrderItem",
    "OrderItemModifier",
    "Payment",
    "QRCode",
    "Refund",
    "Restaurant",
    "Revision",
    "StoredAnswer",
    "Table",
    "User",
]
