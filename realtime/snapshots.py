"""The state of a room at one moment of its stream: from there on, events alone keep a screen right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, F

from kitchen.models import KitchenOrder
from kitchen.selectors import at_station, open_tickets, seen_tickets, stations_of, waiting_requests
from kitchen.shapes import station_shape, ticket_shape, waiting_cancellation
from kitchen.states import OPEN as OPEN_TICKETS
from orders.models import Order
from orders.redaction import guest_view
from orders.selectors import open_orders, orders_of, seen_orders
from orders.shapes import OrderShape, as_builtins, order_shape
from orders.states import OPEN, OrderStatus
from realtime.audiences import Audience
from realtime.rooms import audience_in, parse
from realtime.stream import Head, head_of

Snapshot = dict[str, Any]


@contextmanager
def one_moment(restaurant_id: int) -> Iterator[Head]:
    """Read within one REPEATABLE READ transaction; yields where the stream stands in it."""
    head_of(restaurant_id)  # makes the stream's row where there is none, which a read-only transaction could not
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield head_of(restaurant_id)


def room_snapshot(restaurant_id: int, room: str, *, is_staff: bool = True) -> tuple[str, int, Snapshot]:
    """Return (epoch, seq, state) of one room."""
    epoch, seq, states = room_snapshots(restaurant_id, [room], is_staff=is_staff)
    return epoch, seq, states[room]


def room_snapshots(
    restaurant_id: int, rooms: Sequence[str], *, is_staff: bool = True
) -> tuple[str, int, dict[str, Snapshot]]:
    """Return (epoch, seq, {room: state}) of several rooms at the same moment."""
    with one_moment(restaurant_id) as head:
        states = {room: _state(restaurant_id, room, audience_in(room, is_staff=is_staff)) for room in rooms}
    return head.epoch, head.seq, states


def _state(restaurant_id: int, room: str, audience: Audience) -> Snapshot:
    kind, number = parse(room) or ("", None)
    if kind in ("kitchen", "station"):
        return _kitchen(restaurant_id, number)
    if kind == "display":
        return _display(restaurant_id)
    if kind == "restaurant":
        return {"stats": _stats(restaurant_id)}
    if kind == "order":
        order = orders_of(restaurant_id).filter(pk=number or 0).first()
        return {"order": None if order is None else _order(order, audience)}
    if kind == "user":
        return {"notifications": []}  # nothing is sent to one person yet
    orders = open_orders(restaurant_id)
    if kind == "counter":
        # Drafts too: a till could not make one out of the news that it was submitted.
        orders = orders.filter(paid_amount__lt=F("final_amount"))
    elif kind == "table":
        orders = orders.filter(table_id=number or 0)
    elif kind == "customer":
        orders = orders.filter(customer_id=number or 0)
    return {"orders": [_order(order, audience) for order in seen_orders(orders)]}


def _order(order: Order, audience: Audience) -> dict[str, Any]:
    data: dict[str, Any] = as_builtins(order_shape(order))
    return guest_view(OrderShape, data) if audience is Audience.GUEST else data


def _kitchen(restaurant_id: int, station_id: int | None) -> Snapshot:
    tickets = open_tickets(restaurant_id)
    stations = stations_of(restaurant_id)
    if station_id is not None:
        tickets = at_station(tickets, station_id)
        stations = stations.filter(pk=station_id)
    snapshot: Snapshot = {
        "orders": [as_builtins(ticket_shape(ticket)) for ticket in seen_tickets(tickets)],
        "stations": [as_builtins(station_shape(station)) for station in stations],
    }
    if station_id is None:  # the whole kitchen decides them, no single station
        snapshot["cancel_requests"] = [
            as_builtins(waiting_cancellation(row)) for row in waiting_requests(restaurant_id)
        ]
    return snapshot


def _display(restaurant_id: int) -> Snapshot:
    rows = (
        Order.objects.filter(restaurant_id=restaurant_id, status__in=(OrderStatus.PREPARING, OrderStatus.READY))
        .order_by("id")
        .values("id", "order_number", "channel", "status")
    )
    lists: dict[str, list[dict[str, Any]]] = {"preparing": [], "ready": []}
    for row in rows:
        lists[row["status"]].append(
            {
                "order_id": row["id"],
                "order_number": row["order_number"],
                "channel": row["channel"],
                "status": row["status"],
            }
        )
    return lists


def _stats(restaurant_id: int) -> Snapshot:
    orders = Order.objects.filter(restaurant_id=restaurant_id, status__in=OPEN)
    tickets = KitchenOrder.objects.filter(restaurant_id=restaurant_id, status__in=OPEN_TICKETS)
    return {
        "open_orders": dict(orders.order_by().values_list("status").annotate(Count("id"))),
        "open_tickets": dict(tickets.order_by().values_list("status").annotate(Count("id"))),
    }
