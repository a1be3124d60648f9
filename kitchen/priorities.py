"""How hard an order is to make, and how soon it is wanted."""

from __future__ import annotations

from collections.abc import Sequence

from kitchen.production import ProductionItem
from orders.states import Channel, Priority

# Whoever ordered from afar has food that cools on its way, and a driver who waits.
_OF_CHANNEL = {Channel.DINE_IN: 0, Channel.TAKEAWAY: 1, Channel.ONLINE: 1, Channel.DELIVERY: 2}
_COMPLEXITY_PER_POINT = 6
_EXPRESS_FROM = 4


def complexity_of(items: Sequence[ProductionItem]) -> int:
    """Return how hard it is: one for each step, for each instruction, and for each station beyond the first."""
    stations = {step.station_id for item in items for step in item.steps if step.station_id is not None}
    steps = sum(len(item.steps) for item in items)
    instructions = sum(len(item.instructions) for item in items)
    return steps + instructions + max(len(stations) - 1, 0)


def priority_of(ordered: str, channel: str, complexity: int) -> Priority:
    """Return the ticket's priority: ``vip`` and ``express`` as ordered, else by the order's score.

    The score is the channel's (dine_in 0, takeaway and online 1, delivery 2) and a point for each full 6 of
    complexity; from 4 on a ticket is ``express``. So what takes long is begun early: a delivery from a complexity of
    12, takeaway and online from 18, a table from 24.
    """
    if ordered != Priority.NORMAL:
        return Priority(ordered)
    score = _OF_CHANNEL[Channel(channel)] + complexity // _COMPLEXITY_PER_POINT
    return Priority.EXPRESS if score >= _EXPRESS_FROM else Priority.NORMAL
