"""What the kitchen says of when a ticket will be ready, seen from now."""

from __future__ import annotations

import datetime as dt
from collections import Counter

from django.utils import timezone

from kitchen import estimating
from kitchen.assigning import Places
from kitchen.loads import is_waiting, uncounted, work_of
from kitchen.models import KitchenOrder
from kitchen.production import read_steps
from kitchen.services.touching import stations_locked, ticket_items
from kitchen.states import TO_MAKE
from orders.models import Order
from orders.services.kitchen_side import expect_at
from orders.units import require_unit


def places_of(restaurant_id: int) -> Places:
    """Return the restaurant's stations, locked, to give work out: with what this unit has given out before."""
    loads, work = uncounted(require_unit())
    return Places(stations_locked(restaurant_id), loads=loads, work=work)


def estimated(ticket: KitchenOrder) -> dt.datetime:
    """Return when what is left of the ticket will be ready, behind what others have waiting. Locks the stations.

    Where all that is left is held, it is when its next course would be ready if it were fired now.
    """
    items = ticket_items(ticket)
    stations = {station.pk: station for station in stations_locked(ticket.restaurant_id)}
    _, ahead = uncounted(require_unit())
    for pk, station in stations.items():
        ahead[pk] += station.work
    own: Counter[int] = Counter()
    for item in items:
        # As it was saved last: so it is counted, in the stations' rows or in what this unit has done.
        saved = item.loaded or {}
        if is_waiting(saved):
            own += work_of(saved)
    ahead.subtract(own)
    waiting = [item for item in items if item.status in TO_MAKE]
    next_course = min((item.course for item in waiting), default=1)
    fired = [item for item in waiting if not item.held] or [item for item in waiting if item.course == next_course]
    left = [read_steps(item) for item in fired]
    return timezone.now() + dt.timedelta(minutes=estimating.minutes_until_ready(left, stations, ahead=ahead))


def estimate_again(order: Order, ticket: KitchenOrder) -> None:
    """Say on ticket and order when it will be ready, now that there is more to make; the caller saves the ticket."""
    ticket.estimated_ready_at = estimated(ticket)
    expect_at(order, ticket.estimated_ready_at)
