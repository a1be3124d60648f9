"""The kitchen's numbers: what stands on its tickets now, how long the day's took, and how well they were foretold."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from django.db import connection
from django.utils import timezone
from msgspec import Struct

from kitchen.models import Station
from kitchen.selectors import stations_of
from kitchen.states import IN_WORK, OPEN, TO_MAKE, TicketStatus
from orders.books import book_of
from orders.stats import PrepMinutes, tenths

_HUNDREDTHS = 2
_THOUSANDTHS = 3


class OpenTickets(Struct, frozen=True):
    """How many tickets are the kitchen's: ``pending`` are those that nobody has begun, claimed or not."""

    pending: int
    preparing: int
    ready: int
    total: int


class FullStation(Struct, frozen=True):
    """A station; ``load`` counts the items in work or waiting there.

    ``fullness`` is load / capacity: above 1 some of them wait.
    """

    id: int
    name: str
    capacity: int
    load: int
    is_active: bool
    fullness: float


class Accuracy(Struct, frozen=True):
    """How good promises were: by how many minutes they missed on average, and the share that was ready by then."""

    mean_absolute_error: float | None
    kept: float | None


class EstimateShape(Struct, frozen=True):
    """How good the promises of the day were, and what the plain sum of all steps' minutes would have been.

    ``tickets`` were measured: those that were made as they were promised. One that got more items, that has several
    courses, or that was recalled, was ready at another time for a reason that no estimate knows of.
    """

    tickets: int
    mean_absolute_error: float | None
    kept: float | None
    naive: Accuracy


class KitchenStatsShape(Struct, frozen=True):
    """The kitchen's numbers; minutes are of the business day, from a ticket's arrival to ready.

    ``late`` counts the tickets in work after their ``late_at``. One that is made is not late any more, whenever it
    was ready: the screens show it as ready too, and the cook can do nothing about it.
    """

    pending: int
    preparing: int
    ready: int
    total: int
    late: int
    prep_minutes: PrepMinutes
    stations: list[FullStation]
    estimate: EstimateShape


class AllDayShape(Struct, frozen=True):
    """What is still to make of a dish with the same modifiers; ``held`` of the ``quantity`` wait for their course."""

    menu_item_id: int
    name: str
    modifiers: list[str]
    quantity: int
    held: int


def kitchen_stats(restaurant_id: int) -> KitchenStatsShape:
    """Return the restaurant's numbers, the day's those of the present business day: four queries."""
    now = timezone.now()
    today = book_of(restaurant_id).restaurant.business_date(now)
    counts, late = _open_and_late(restaurant_id, now)
    day = _of_day(restaurant_id, today)
    return KitchenStatsShape(
        pending=counts.pending,
        preparing=counts.preparing,
        ready=counts.ready,
        total=counts.total,
        late=late,
        prep_minutes=PrepMinutes(tenths(day["average"]), tenths(day["p90"])),
        stations=[full_station(station) for station in stations_of(restaurant_id)],
        estimate=EstimateShape(
            tickets=day["measured"],
            mean_absolute_error=tenths(day["missed"]),
            kept=_share(day["kept"]),
            naive=Accuracy(tenths(day["naive_missed"]), _share(day["naive_kept"])),
        ),
    )


def full_station(station: Station) -> FullStation:
    """Show a station and how full it is."""
    fullness = round(station.load / station.capacity, _HUNDREDTHS)
    return FullStation(station.pk, station.name, station.capacity, station.load, station.is_active, fullness)


def _share(part: float | None) -> float | None:
    return None if part is None else round(float(part), _THOUSANDTHS)


def _listed(states: Iterable[str]) -> str:
    """Write states as SQL: PostgreSQL takes the index of open tickets only where it can read that they are open."""
    return ", ".join(f"'{state}'" for state in states)


# Open tickets -----------------------------------------------------------------------------------

_COUNTS = f"""
SELECT restaurant_id, status, count(*) FROM kitchen_kitchenorder
WHERE restaurant_id = ANY(%s) AND status IN ({_listed(OPEN)}) GROUP BY 1, 2
"""  # noqa: S608 - nothing but our own states
_LATE = f"""
SELECT status, count(*), count(*) FILTER (WHERE late_at <= %s AND status IN ({_listed(IN_WORK)}))
FROM kitchen_kitchenorder WHERE restaurant_id = %s AND status IN ({_listed(OPEN)}) GROUP BY 1
"""  # noqa: S608


def open_ticket_counts(restaurant_ids: Collection[int]) -> dict[int, OpenTickets]:
    """Return how many open tickets each of the restaurants has: one query, over its open tickets alone."""
    found: dict[int, dict[str, int]] = {restaurant_id: {} for restaurant_id in restaurant_ids}
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, [list(restaurant_ids)])
        for restaurant_id, status, count in cursor.fetchall():
            found[restaurant_id][status] = count
    return {restaurant_id: _counted(by_status) for restaurant_id, by_status in found.items()}


def _counted(by_status: Mapping[str, int]) -> OpenTickets:
    pending = by_status.get(TicketStatus.PENDING, 0) + by_status.get(TicketStatus.ACKNOWLEDGED, 0)
    preparing, ready = by_status.get(TicketStatus.PREPARING, 0), by_status.get(TicketStatus.READY, 0)
    return OpenTickets(pending, preparing, ready, pending + preparing + ready)


def _open_and_late(restaurant_id: int, now: dt.datetime) -> tuple[OpenTickets, int]:
    with connection.cursor() as cursor:
        cursor.execute(_LATE, [now, restaurant_id])
        rows = cursor.fetchall()
    return _counted({status: count for status, count, _ in rows}), sum(late for _, _, late in rows)


# The day ----------------------------------------------------------------------------------------

# A ticket is of its order's business day. The first contract knows what the plain sum would have promised. The
# tickets and contracts of the day are looked up one by one: joined, PostgreSQL may read all that there ever were.
_DAY = """
WITH made AS MATERIALIZED (
    SELECT t.* FROM orders_order o JOIN LATERAL (
        SELECT id, created_at, clock_at, ready_at, promised_ready_at, recalled_at, order_id
        FROM kitchen_kitchenorder WHERE order_id = o.id OFFSET 0
    ) t ON t.ready_at IS NOT NULL
    WHERE o.restaurant_id = %s AND o.business_date = %s
), prep AS (
    SELECT avg(minutes) AS average, percentile_cont(0.9) WITHIN GROUP (ORDER BY minutes) AS p90
    FROM (SELECT extract(epoch FROM ready_at - coalesce(clock_at, created_at)) / 60 AS minutes FROM made) each
), promised AS (
    SELECT made.ready_at, made.promised_ready_at AS at, made.created_at + contract.naive_minutes * interval '1 minute'
               AS naive_at
    FROM made JOIN LATERAL (
        SELECT naive_minutes FROM kitchen_productioncontract WHERE order_id = made.order_id AND version = 1 OFFSET 0
    ) contract ON true
    WHERE made.promised_ready_at IS NOT NULL AND made.recalled_at IS NULL AND (
        SELECT min(item.course) = max(item.course) AND bool_and(item.change->>'kind' IS DISTINCT FROM 'added')
        FROM kitchen_kitchenorderitem item WHERE item.ticket_id = made.id
    )
), estimate AS (
    SELECT count(*) AS measured,
           avg(abs(extract(epoch FROM ready_at - at))) / 60 AS missed,
           avg((ready_at <= at)::int) AS kept,
           avg(abs(extract(epoch FROM ready_at - naive_at))) / 60 AS naive_missed,
           avg((ready_at <= naive_at)::int) AS naive_kept
    FROM promised
)
SELECT average, p90, measured, missed, kept, naive_missed, naive_kept FROM prep, estimate
"""


def _of_day(restaurant_id: int, day: dt.date) -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute(_DAY, [restaurant_id, day])
        names = [column.name for column in cursor.description or ()]
        (row,) = cursor.fetchall()
    return dict(zip(names, row, strict=True))


# All day ----------------------------------------------------------------------------------------

_ALL_DAY = f"""
SELECT item.menu_item_id, (array_agg(item.name ORDER BY item.id DESC))[1] AS name,
       ARRAY(
           SELECT (asked->>'name') COLLATE "C" FROM jsonb_array_elements(item.modifiers) asked ORDER BY 1
       ) AS modifiers,
       sum(item.quantity) AS quantity, coalesce(sum(item.quantity) FILTER (WHERE item.held), 0) AS held
FROM kitchen_kitchenorder ticket JOIN kitchen_kitchenorderitem item ON item.ticket_id = ticket.id
WHERE ticket.restaurant_id = %(restaurant)s AND ticket.status IN ({_listed(OPEN)})
      AND item.status IN ({_listed(TO_MAKE)})
      AND (%(station)s::bigint IS NULL OR item.station_id = %(station)s)
GROUP BY 1, 3
"""  # noqa: S608


def all_day(restaurant_id: int, *, station_id: int | None = None) -> list[AllDayShape]:
    """Return what is still to make, per dish and set of modifiers, most first: one query.

    What is held is still to make, and counted. At a station: what is in work or waits there now, by its current step.
    """
    with connection.cursor() as cursor:
        cursor.execute(_ALL_DAY, {"restaurant": restaurant_id, "station": station_id})
        rows = [AllDayShape(*row) for row in cursor.fetchall()]
    return sorted(rows, key=lambda row: most_first((row.quantity, row.name, row.modifiers, row.menu_item_id)))


def most_first(place: Sequence[Any]) -> tuple[Any, ...]:
    """Return what puts (quantity, name, modifiers, dish) in the order of the list."""
    quantity, *others = place
    return (-quantity, *others)
