"""From what a unit of work changed to the events that it announces.

The rows of one order and its ticket are told together, as they are after the unit: order, items, cancellation request,
ticket, ticket's items; then dishes and stations, payments, and ``order:updated`` last. Each status that was passed
through is an event of its own.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import msgspec
from msgspec import Struct

from kitchen.models import KitchenOrder, KitchenOrderItem, Station
from kitchen.shapes import station_shape
from orders.models import (
    CancellationRequest,
    MenuItem,
    Order,
    OrderItem,
    OrderItemModifier,
    Payment,
    QRCode,
    Refund,
)
from orders.shapes import menu_item_brief
from orders.units import Change, Unit
from realtime import events
from realtime.drafts import Draft, Pairs, merge, net
from realtime.models import Alert
from realtime.telling import Story, Teller

_encode = msgspec.json.Encoder().encode


def drafts_of(unit: Unit) -> list[Draft]:
    """Return the events of a unit of work, in the order in which they are to be numbered."""
    stories: dict[int, Story] = defaultdict(Story)
    others: list[Change] = []
    for change in unit.changes:
        row = change.instance
        if isinstance(row, Order):
            stories[change.pk].order.append(change)
        elif isinstance(row, OrderItem):
            stories[row.order_id].items.append(change)
        elif isinstance(row, KitchenOrder):
            stories[row.order_id].ticket.append(change)
        elif isinstance(row, KitchenOrderItem):
            stories[row.ticket.order_id].ticket_items.append(change)
        elif isinstance(row, CancellationRequest):
            stories[row.order_id].requests.append(change)
        elif isinstance(row, (Payment, Refund, QRCode)):
            stories[row.order_id].bill.append(change)
        elif not isinstance(row, OrderItemModifier):
            others.append(change)
    tellers = [Teller(unit, order_id, story) for order_id, story in stories.items()]
    drafts = [draft for teller in tellers for draft in teller.tell()]
    return drafts + _others(others) + [draft for teller in tellers for draft in teller.tell_last()]


def _others(changes: list[Change]) -> list[Draft]:
    last: dict[tuple[type, int], Change] = {}
    names: dict[tuple[type, int], Pairs] = defaultdict(dict)
    for change in changes:
        key = (type(change.instance), change.pk)
        last[key] = change
        merge(names[key], change)
    return [draft for key, change in last.items() if (draft := _other(change, net(names[key]))) is not None]


def _other(change: Change, fields: Pairs) -> Draft | None:
    row: Any = change.instance
    if change.kind == "deleted" or not fields:
        return None
    if row.changed():  # what a savepoint took back, or nobody saved, is no news
        row = type(row).objects.get(pk=change.pk)
    if isinstance(row, MenuItem):
        data: Struct = events.MenuItemUpdated(
            menu_item=menu_item_brief(row), changed_fields=sorted(name.removesuffix("_id") for name in fields)
        )
        rooms = ["kitchen", "waiters", "orders", "table:*"]
    elif isinstance(row, Station):
        data = events.StationUpdated(station=station_shape(row))
        rooms = ["kitchen", f"station:{row.pk}"]
    elif isinstance(row, Alert):
        data = events.AlertRaised(severity=row.severity, message=row.message, audience=row.audience)
        rooms = ["*"]
    else:
        message = f"{type(row).__name__} is tracked, but the catalogue has no event for it."
        raise TypeError(message)
    return Draft(row.restaurant_id, events.NAMES[type(data)], rooms, _encode(data), None, fields)
