"""The states of an order and of its items, who may set them, and the other choices of the orders app."""

from __future__ import annotations

from django.db import models


class Role(models.TextChoices):
    """What a member of staff does in one restaurant."""

    OWNER = "owner"  # may do everything that a manager may
    MANAGER = "manager"  # runs the floor: every correction, every figure
    WAITER = "waiter"  # takes orders and serves them
    KITCHEN = "kitchen"  # cooks: works on tickets
    CASHIER = "cashier"  # takes payments at a till


class Channel(models.TextChoices):
    """The way an order comes in and goes out."""

    DINE_IN = "dine_in", "Dine-in"  # eaten at a table
    TAKEAWAY = "takeaway"  # fetched at the counter
    DELIVERY = "delivery"  # brought to the guest
    ONLINE = "online"  # ordered in a shop on the web, brought to the guest


class Priority(models.TextChoices):
    """How urgent the guest's order is."""

    NORMAL = "normal"  # in turn
    EXPRESS = "express"  # before the normal ones
    VIP = "vip", "VIP"  # before everything


class OrderStatus(models.TextChoices):
    """Where an order stands, from the first note to the paid bill."""

    DRAFT = "draft"  # being written; nobody else acts on it
    PENDING = "pending"  # asked for; waits for staff to confirm it
    CONFIRMED = "confirmed"  # accepted; the kitchen has its ticket
    PREPARING = "preparing"  # the kitchen has started
    READY = "ready"  # at the pass, waits to be handed over
    SERVED = "served"  # on the table, or taken away by the guest
    DELIVERING = "delivering"  # on its way to the guest
    DELIVERED = "delivered"  # with the guest
    COMPLETED = "completed"  # paid and closed
    CANCELLED = "cancelled"  # will not be made, or not be handed over


class ItemStatus(models.TextChoices):
    """Where one line of an order stands."""

    PENDING = "pending"  # not begun; may still be changed or removed
    PREPARING = "preparing"  # being made
    READY = "ready"  # made
    SERVED = "served"  # with the guest
    CANCELLED = "cancelled"  # voided; its amount is off the total


class PaymentStatus(models.TextChoices):
    """How much of the bill is settled."""

    UNPAID = "unpaid"  # nothing paid
    PARTIAL = "partial"  # some of it
    PAID = "paid"  # all of it
    PARTIALLY_REFUNDED = "partially_refunded"  # some given back
    REFUNDED = "refunded"  # all given back


class PaymentMethod(models.TextChoices):
    """How a guest pays."""

    CASH = "cash"  # over the counter, with change
    CARD = "card"  # at the terminal, which alone sees the card
    QRIS = "qris", "QRIS"  # by scanning the national QR code
    TRANSFER = "transfer"  # to the bank account


class PaymentOutcome(models.TextChoices):
    """What became of a payment."""

    SUCCESS = "success"  # the money is there
    FAILED = "failed"  # it is not; kept so that its reference is not used again


class RequestStatus(models.TextChoices):
    """Where a cancellation request stands."""

    PENDING = "pending"  # the kitchen has not decided
    ACCEPTED = "accepted"  # the order was cancelled
    REJECTED = "rejected"  # the kitchen goes on


class QRStatus(models.TextChoices):
    """Where an order's QR code stands."""

    ACTIVE = "active"  # not scanned yet
    SCANNED = "scanned"  # scanned at least once
    EXPIRED = "expired"  # good for nothing any more


class DeviceKind(models.TextChoices):
    """What a paired device is."""

    KITCHEN = "kitchen"  # a kitchen screen
    DISPLAY = "display"  # the order-ready board
    COUNTER = "counter"  # a till
    WAITER = "waiter"  # a waiter's phone
    INTEGRATION = "integration"  # another program


_HAND_OVER = {
    Channel.DINE_IN: OrderStatus.SERVED,
    Channel.TAKEAWAY: OrderStatus.SERVED,
    Channel.DELIVERY: OrderStatus.DELIVERING,
    Channel.ONLINE: OrderStatus.DELIVERING,
}

_STEPS: dict[OrderStatus, tuple[OrderStatus, ...]] = {
    OrderStatus.DRAFT: (OrderStatus.PENDING, OrderStatus.CANCELLED),
    OrderStatus.PENDING: (OrderStatus.CONFIRMED, OrderStatus.CANCELLED),
    OrderStatus.CONFIRMED: (OrderStatus.PREPARING, OrderStatus.CANCELLED),
    OrderStatus.PREPARING: (OrderStatus.READY, OrderStatus.CANCELLED),
    OrderStatus.READY: (OrderStatus.SERVED, OrderStatus.DELIVERING, OrderStatus.CANCELLED),
    OrderStatus.SERVED: (OrderStatus.COMPLETED,),
    OrderStatus.DELIVERING: (OrderStatus.DELIVERED,),
    OrderStatus.DELIVERED: (OrderStatus.COMPLETED,),
    OrderStatus.COMPLETED: (),
    OrderStatus.CANCELLED: (),
}

_SETTERS: dict[OrderStatus, tuple[Role, ...]] = {
    OrderStatus.PENDING: (Role.WAITER, Role.MANAGER),
    OrderStatus.CONFIRMED: (Role.WAITER, Role.MANAGER),
    OrderStatus.PREPARING: (Role.WAITER, Role.KITCHEN, Role.MANAGER),
    OrderStatus.READY: (Role.WAITER, Role.KITCHEN, Role.MANAGER),
    OrderStatus.SERVED: (Role.WAITER, Role.MANAGER),
    OrderStatus.DELIVERING: (Role.WAITER, Role.MANAGER),
    OrderStatus.DELIVERED: (Role.WAITER, Role.MANAGER),
    OrderStatus.COMPLETED: (Role.WAITER, Role.CASHIER, Role.MANAGER),
}

NOT_YET_IN_KITCHEN = (OrderStatus.DRAFT, OrderStatus.PENDING)
IN_KITCHEN = (OrderStatus.CONFIRMED, OrderStatus.PREPARING, OrderStatus.READY)
CLOSED = (OrderStatus.COMPLETED, OrderStatus.CANCELLED)
OPEN = tuple(status for status in OrderStatus if status not in CLOSED)
TAKES_ITEMS = (*NOT_YET_IN_KITCHEN, *IN_KITCHEN, OrderStatus.SERVED)


def next_statuses(status: str, channel: str) -> tuple[OrderStatus, ...]:
    """Return the statuses that an order of the channel may take next, as staff may set them.

    Going back (a recall, a second round) is the kitchen's own act and stands in no table.
    """
    hand_over = _HAND_OVER[Channel(channel)]
    others = {OrderStatus.SERVED, OrderStatus.DELIVERING} - {hand_over}
    return tuple(step for step in _STEPS[OrderStatus(status)] if step not in others)


def may_set(status: str, to: str) -> tuple[Role, ...]:
    """Return the roles that may take an order from one status to the other."""
    if to == OrderStatus.CANCELLED:
        early = status in NOT_YET_IN_KITCHEN
        return (Role.WAITER, Role.CASHIER, Role.MANAGER) if early else (Role.MANAGER,)
    return _SETTERS[OrderStatus(to)]


def may_ever_set(to: str) -> tuple[Role, ...]:
    """Return the roles that may bring an order to a status from some other: they may say again what it has."""
    return _SETTERS.get(OrderStatus(to), (Role.WAITER, Role.CASHIER, Role.MANAGER))


_ITEM_STEPS: dict[ItemStatus, tuple[ItemStatus, ...]] = {
    ItemStatus.PENDING: (ItemStatus.PREPARING, ItemStatus.CANCELLED),
    ItemStatus.PREPARING: (ItemStatus.READY, ItemStatus.CANCELLED),
    ItemStatus.READY: (ItemStatus.SERVED, ItemStatus.CANCELLED),
    ItemStatus.SERVED: (),
    ItemStatus.CANCELLED: (),
}


def next_item_statuses(status: str) -> tuple[ItemStatus, ...]:
    """Return the statuses that an item may take next, as staff may set them."""
    return _ITEM_STEPS[ItemStatus(status)]
