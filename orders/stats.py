"""What a restaurant's business days came to: orders, revenue, and how long guests waited for the kitchen."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from django.db import connection
from django.utils import timezone
from msgspec import Struct

from orders.actors import Actor
from orders.books import book_of
from orders.errors import InvalidFields
from orders.models import Restaurant
from orders.money import rounded
from orders.shapes import Money, money
from orders.states import Channel, OrderStatus, Role

MOST_DAYS = 92
HOURS = 24
# What is asked for only, or taken back, has not been sold.
NOT_SOLD = (OrderStatus.DRAFT, OrderStatus.PENDING, OrderStatus.CANCELLED)


class PrepMinutes(Struct, frozen=True):
    """Minutes from an order's confirmation to ready; null where none was ready."""

    average: float | None
    p90: float | None


class HourShape(Struct, frozen=True):
    """What was ordered in one hour of the clock, local time."""

    hour: int
    orders: int
    revenue: Money


class OrderStatsShape(Struct, frozen=True):
    """What business days came to.

    ``orders`` counts all of them; ``revenue`` is of those that were confirmed and not cancelled, less what was given
    back of those that are completed. ``by_hour`` begins with the hour in which the business day does.
    """

    first: str = msgspec.field(name="from")
    to: str
    orders: int
    by_status: dict[str, int]
    by_channel: dict[str, int]
    revenue: Money
    average_ticket: Money
    items_sold: int
    prep_minutes: PrepMinutes
    by_hour: list[HourShape]


def order_stats(*, actor: Actor, first: dt.date | None = None, last: dt.date | None = None) -> OrderStatsShape:
    """Return what the business days from the first to the last came to; without any today's.

    Raises NotAllowed, InvalidFields when the last is before the first, or more than MOST_DAYS are asked for.
    """
    actor.require(Role.MANAGER, to="see the figures")
    restaurant = book_of(actor.restaurant_id).restaurant
    last = last or max(restaurant.business_date(timezone.now()), first or dt.date.min)
    first = first or last
    if last < first:
        raise InvalidFields.one("/to", "range", "The last day is before the first.")
    if (last - first).days >= MOST_DAYS:
        raise InvalidFields.one("/from", "range", f"At most {MOST_DAYS} days at a time.")
    return _drawn_up(restaurant, first, last, _read(restaurant.pk, first, last))


# An order's revenue is its bill; once it is closed and money was given back, what stayed paid if that is less: before
# that it may yet be paid. The quarters of hours are UTC's: every time zone's hours are made of them, and Python knows
# zones that PostgreSQL may not.
_FIGURES = """
WITH o AS MATERIALIZED (
    SELECT id, status, channel, created_at, confirmed_at, ready_at, status <> ALL(%(not_sold)s) AS sold,
           CASE WHEN status = ANY(%(not_sold)s) THEN 0
                WHEN refunded_amount > 0 AND status = %(closed)s THEN least(final_amount, paid_amount)
                ELSE final_amount END AS revenue
    FROM orders_order WHERE restaurant_id = %(restaurant)s AND business_date BETWEEN %(first)s AND %(last)s
), prep AS (
    SELECT avg(minutes) AS average, percentile_cont(0.9) WITHIN GROUP (ORDER BY minutes) AS p90
    FROM (SELECT extract(epoch FROM ready_at - confirmed_at) / 60 AS minutes
          FROM o WHERE confirmed_at IS NOT NULL AND ready_at IS NOT NULL) each
), items AS (
    SELECT coalesce(sum(line.quantity), 0) AS sold
    FROM o JOIN LATERAL (SELECT quantity FROM orders_orderitem i WHERE i.order_id = o.id AND i.status <> 'cancelled'
                         OFFSET 0) line ON true
    WHERE o.sold
)
SELECT o.status, o.channel, date_bin('15 minutes', o.created_at, 'epoch'), count(*), sum(o.revenue),
       min(items.sold), min(prep.average), min(prep.p90)
FROM o, prep, items GROUP BY 1, 2, 3
"""


@dataclass(frozen=True, slots=True)
class _Group:
    """The orders of one status and channel that were taken in one quarter of an hour; with figures of all orders."""

    status: str
    channel: str
    quarter: dt.datetime
    orders: int
    revenue: Decimal
    items_sold: int
    average_minutes: float | None
    p90_minutes: float | None


def _read(restaurant_id: int, first: dt.date, last: dt.date) -> list[_Group]:
    values: dict[str, Any] = {
        "restaurant": restaurant_id,
        "first": first,
        "last": last,
        "not_sold": [status.value for status in NOT_SOLD],
        "closed": OrderStatus.COMPLETED.value,
    }
    with connection.cursor() as cursor:
        cursor.execute(_FIGURES, values)
        return [_Group(*row) for row in cursor.fetchall()]


def _drawn_up(restaurant: Restaurant, first: dt.date, last: dt.date, groups: list[_Group]) -> OrderStatsShape:
    by_status, by_channel = Counter[str](), Counter[str]()
    for group in groups:
        by_status[group.status] += group.orders
        by_channel[group.channel] += group.orders
    revenue = sum((group.revenue for group in groups), Decimal(0))
    sold = sum(count for status, count in by_status.items() if status not in NOT_SOLD)
    average = rounded(revenue / sold, restaurant.currency) if sold else Decimal(0)
    return OrderStatsShape(
        first=first.isoformat(),
        to=last.isoformat(),
        orders=by_status.total(),
        by_status={status.value: by_status[status] for status in OrderStatus},
        by_channel={channel.value: by_channel[channel] for channel in Channel},
        revenue=money(revenue),
        average_ticket=money(average),
        items_sold=groups[0].items_sold if groups else 0,
        prep_minutes=PrepMinutes(tenths(groups[0].average_minutes), tenths(groups[0].p90_minutes))
        if groups
        else PrepMinutes(None, None),
        by_hour=_by_hour(restaurant, groups),
    )


def tenths(minutes: float | None) -> float | None:
    """Return minutes as figures show them."""
    return None if minutes is None else round(float(minutes), 1)


def _by_hour(restaurant: Restaurant, groups: Iterable[_Group]) -> list[HourShape]:
    zone = ZoneInfo(restaurant.timezone)
    orders, revenue = Counter[int](), defaultdict[int, Decimal](Decimal)
    for group in groups:
        hour = group.quarter.astimezone(zone).hour
        orders[hour] += group.orders
        revenue[hour] += group.revenue
    start = restaurant.day_starts_at.hour
    hours = [(start + n) % HOURS for n in range(HOURS)]
    return [HourShape(hour, orders[hour], money(revenue[hour])) for hour in hours]
