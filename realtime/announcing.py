"""From what a unit of work changed to the events that it announces.

The rows of one order and its ticket are told together, as they are after the unit: order, items, cancellation request,
contract, ticket, ticket's items; then dishes and stations, payments, and ``order:updated`` last. Each status that was
passed through is an event of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from kitchen.measures import told
from kitchen.models import Consumption, Ingredient, KitchenOrder, KitchenOrderItem, ProductionContract, Station
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
from realtime.stories import Story
from realtime.telling import Teller

_encode = msgspec.json.Encoder().encode


# Of which order a change is news, and which part of its story it is.
_SORTS: dict[type, tuple[Callable[[Any], int], str]] = {
    Order: (lambda change: change.pk, "order"),
    OrderItem: (lambda change: change.instance.order_id, "items"),
    ProductionContract: (lambda change: change.instance.order_id, "contracts"),
    KitchenOrder: (lambda change: change.instance.order_id, "ticket"),
    KitchenOrderItem: (lambda change: change.instance.ticket.order_id, "ticket_items"),
    Consumption: (lambda change: change.instance.item.ticket.order_id, "consumed"),
    CancellationRequest: (lambda change: change.instance.order_id, "requests"),
    Payment: (lambda change: change.instance.order_id, "bill"),
    Refund: (lambda change: change.instance.order_id, "bill"),
    QRCode: (lambda change: change.instance.order_id, "bill"),
}


def drafts_of(unit: Unit) -> list[Draft]:
    """Return the events of a unit of work, in the order in which they are to be numbered."""
    stories: dict[int, Story] = defaultdict(Story)
    others: list[Change] = []
    for change in unit.changes:
        sort = _SORTS.get(type(change.instance))
        if sort is not None:
            order_id, pile = sort
            getattr(stories[order_id(change)], pile).append(change)
        elif not isinstance(change.instance, OrderItemModifier):
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


# What is only reckoned with.
_NO_NEWS: dict[type, frozenset[str]] = {Station: frozenset({"work"})}


def _ran_out(was: Decimal | None, now: Decimal) -> bool:
    """Whether less than nothing is on hand, and was not before."""
    return now < 0 and (was is None or was >= 0)


def _station_gone(station: Station, pk: int) -> Draft:
    """Tell that a station is no more, so that no screen keeps it; it is closed for whoever doesn't know the word."""
    shape = replace(station_shape(station), id=pk, is_active=False)
    data = events.StationUpdated(station=shape, is_deleted=True)
    return Draft(station.restaurant_id, events.NAMES[type(data)], ["kitchen", f"station:{pk}"], _encode(data), None, {})


def _other(change: Change, fields: Pairs) -> Draft | None:
    row: Any = change.instance
    if change.kind == "deleted" and isinstance(row, Station):
        return _station_gone(row, change.pk)
    if change.kind == "deleted" or not fields.keys() - _NO_NEWS.get(type(row), frozenset()):
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
    elif isinstance(row, Ingredient):
        was, now = fields.get("on_hand", (row.on_hand, row.on_hand))
        if not _ran_out(was, now):
            return None
        message = f"{row.name} has run out: {told(now, row.unit)} on hand."
        data = events.AlertRaised(severity="warning", message=message, audience="staff")
        rooms = ["*"]
    elif isinstance(row, Alert):
        data = events.AlertRaised(severity=row.severity, message=row.message, audience=row.audience)
        rooms = ["*"]
    else:
        message = f"{type(row).__name__} is tracked, but the catalogue has no event for it."
        raise TypeError(message)
    return Draft(row.restaurant_id, events.NAMES[type(data)], rooms, _encode(data), None, fields)
