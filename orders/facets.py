"""Orders by what has few values: status, payment status, priority, channel; in whatever combination.

Open orders are few, and have an index of their own. Of closed ones there are 120 combinations of values, and of each
an index has the orders from the newest to the oldest: the first ones of a list are among the first of each combination
that it takes in. So it costs the same however many orders there are, and however few of them are meant: paid ones that
were cancelled, say.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.db.models.expressions import RawSQL

from orders.states import CLOSED, OPEN, Channel, OrderStatus, PaymentStatus, Priority

_VALUES: dict[str, list[str]] = {
    "status": OrderStatus.values,
    "payment_status": PaymentStatus.values,
    "priority": Priority.values,
    "channel": Channel.values,
}
FACETS = tuple(_VALUES)


def first_ids(
    restaurant_id: int, chosen: Mapping[str, Collection[str]], *, most: int, falling: bool, beyond: int | None = None
) -> RawSQL:
    """Return an array of the ids of the restaurant's first orders that have one of the chosen values of each facet.

    From the newest if ``falling``, else from the oldest; ``beyond`` is the id after which to begin.
    """
    values: dict[str, Any] = {name: sorted(chosen.get(name, every)) for name, every in _VALUES.items()}
    statuses = values.pop("status")
    where, which = "o.restaurant_id = %s", [restaurant_id]
    if beyond is not None:
        where += f" AND o.id {'<' if falling else '>'} %s"
        which.append(beyond)
    order = f"ORDER BY id {'DESC' if falling else 'ASC'} LIMIT {most:d}"
    still_open = " AND ".join(f"o.{name} = ANY(%s::text[])" for name in ("status", *values))
    combinations = " CROSS JOIN ".join(f"unnest(%s::text[]) AS {name} (value)" for name in ("status", *values))
    each = " AND ".join(f"o.{name} = {name}.value" for name in ("status", *values))
    statement = f"""
        ARRAY(SELECT id FROM (
            (SELECT o.id FROM orders_order o WHERE {where} AND {still_open} {order})
            UNION ALL
            (SELECT found.id FROM {combinations}
             CROSS JOIN LATERAL (SELECT o.id FROM orders_order o WHERE {where} AND {each} {order}) found)
        ) first_ones {order})
    """  # noqa: S608 - nothing in it was sent by anybody
    of_open = [*which, [status for status in statuses if status in OPEN], *values.values()]
    of_closed = [[status for status in statuses if status in CLOSED], *values.values(), *which]
    return RawSQL(statement, [*of_open, *of_closed])  # noqa: S611 - the same
