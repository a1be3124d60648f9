"""The states of a ticket and of its items."""

from __future__ import annotations

import datetime as dt

from django.db import models

from orders.states import Role


class TicketStatus(models.TextChoices):
    """Where a ticket stands in the kitchen."""

    PENDING = "pending"  # arrived; nobody has looked at it yet
    ACKNOWLEDGED = "acknowledged"  # a chef has taken it
    PREPARING = "preparing"  # being made
    READY = "ready"  # everything on it is made
    COMPLETED = "completed"  # handed over, or put away by the kitchen
    CANCELLED = "cancelled"  # will not be made


class TicketItemStatus(models.TextChoices):
    """Where one production item stands."""

    PENDING = "pending"  # waits
    PREPARING = "preparing"  # being made
    READY = "ready"  # made
    CANCELLED = "cancelled"  # will not be made


_STEPS: dict[TicketStatus, tuple[TicketStatus, ...]] = {
    TicketStatus.PENDING: (TicketStatus.ACKNOWLEDGED, TicketStatus.PREPARING, TicketStatus.CANCELLED),
    TicketStatus.ACKNOWLEDGED: (TicketStatus.PREPARING, TicketStatus.CANCELLED),
    TicketStatus.PREPARING: (TicketStatus.READY, TicketStatus.CANCELLED),
    TicketStatus.READY: (TicketStatus.COMPLETED, TicketStatus.CANCELLED),
    TicketStatus.COMPLETED: (),
    TicketStatus.CANCELLED: (),
}

_ITEM_STEPS: dict[TicketItemStatus, tuple[TicketItemStatus, ...]] = {
    TicketItemStatus.PENDING: (TicketItemStatus.PREPARING, TicketItemStatus.READY, TicketItemStatus.CANCELLED),
    TicketItemStatus.PREPARING: (TicketItemStatus.READY, TicketItemStatus.CANCELLED),
    TicketItemStatus.READY: (),
    TicketItemStatus.CANCELLED: (),
}

OPEN = (TicketStatus.PENDING, TicketStatus.ACKNOWLEDGED, TicketStatus.PREPARING, TicketStatus.READY)
IN_WORK = (TicketStatus.PENDING, TicketStatus.ACKNOWLEDGED, TicketStatus.PREPARING)
TO_MAKE = (TicketItemStatus.PENDING, TicketItemStatus.PREPARING)
WORKERS = (Role.KITCHEN, Role.MANAGER)

MOST_STEPS = 1000
RECALL_WITHIN = dt.timedelta(minutes=15)


def next_statuses(status: str) -> tuple[TicketStatus, ...]:
    """Return the statuses that a ticket may take next. Going back is a recall, which stands in no table."""
    return _STEPS[TicketStatus(status)]


def next_item_statuses(status: str) -> tuple[TicketItemStatus, ...]:
    """Return the statuses that a production item may take next; a bump may skip ``preparing``."""
    return _ITEM_STEPS[TicketItemStatus(status)]
