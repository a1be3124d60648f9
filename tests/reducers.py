"""How a client applies events to the state of a room: the rules of the protocol, as a reference for the tests.

An event about an order carries ``order`` whole, or ``changes`` of its own fields and what changed of its items; one
about a ticket carries ``kitchen_order`` whole. What is older than what the client has is left alone.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

CLOSED = ("completed", "cancelled")
State = dict[str, Any]
Frame = dict[str, Any]


def by_id(rows: list[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    return {row["id"]: row for row in rows}


def apply_to_orders(orders: dict[int, State], frame: Frame) -> None:
    """Apply an event to the open orders of ``orders``, ``waiters``, ``table:`` or ``customer:``."""
    apply_to_order(orders, frame)
    order_id = frame["data"].get("order_id")
    if order_id in orders and orders[order_id]["status"] in CLOSED:
        del orders[order_id]


def apply_to_bills(orders: dict[int, State], frame: Frame) -> None:
    """Apply an event to the orders of ``counter:``: those whose bill is open."""
    apply_to_orders(orders, frame)
    order = orders.get(frame["data"].get("order_id", 0))
    if order is not None and Decimal(order["paid_amount"]) >= Decimal(order["final_amount"]):
        del orders[order["id"]]


def apply_to_order(orders: dict[int, State], frame: Frame) -> None:
    """Apply an event to the order of ``order:``, which stays to be seen when it is closed."""
    data, name = frame["data"], frame["type"]
    order_id = data.get("order_id")
    if order_id is None:
        return
    if name in ("order:deleted", "order:left"):
        orders.pop(order_id, None)
        return
    if "order" in data:
        orders[order_id] = data["order"]
    elif order_id in orders and data["version"] >= orders[order_id]["version"]:
        order = orders[order_id] = {**orders[order_id], **data["changes"], "version": data["version"]}
        order["items"] = _items(order["items"], name, data)


def _items(items: list[State], name: str, data: State) -> list[State]:
    known = by_id(items)
    if name == "order:items_added":
        known |= by_id(data["items"])
    elif name in ("order-item:added", "order-item:updated"):
        known[data["item"]["id"]] = data["item"]
    elif name == "order-item:removed":
        known.pop(data["item_id"], None)
    elif name == "order:item_status_changed" and data["item_id"] in known:
        known[data["item_id"]] = {**known[data["item_id"]], "status": data["status"]}
    return [known[item_id] for item_id in sorted(known)]


def apply_to_kitchen(
    tickets: dict[int, State], stations: dict[int, State], frame: Frame, *, station_id: int | None = None
) -> None:
    """Apply an event to the open tickets and the stations of ``kitchen``, or of one ``station:``.

    A station keeps a ticket as long as any item of it has a step there, done or not.
    """
    data = frame["data"]
    if "station" in data and station_id in (None, data["station"]["id"]):
        stations[data["station"]["id"]] = data["station"]
        if data["is_deleted"]:
            del stations[data["station"]["id"]]
    ticket = data.get("kitchen_order")
    if ticket is None:
        return
    if ticket["id"] in tickets and ticket["version"] < tickets[ticket["id"]]["version"]:
        return
    tickets[ticket["id"]] = ticket
    if ticket["status"] in CLOSED or (station_id is not None and not _has_step_at(ticket, station_id)):
        del tickets[ticket["id"]]


def _has_step_at(ticket: State, station_id: int) -> bool:
    return any(step["station_id"] == station_id for item in ticket["items"] for step in item["steps"])


def apply_to_cancel_requests(requests: dict[int, State], frame: Frame) -> None:
    """Apply an event to the cancellations that wait for the kitchen: each event of the unit says what waits now."""
    data = frame["data"]
    if "pending_cancellation" not in data.get("changes", {}):
        return
    for request_id in [number for number, row in requests.items() if row["order_id"] == data["order_id"]]:
        del requests[request_id]
    asked = data["changes"]["pending_cancellation"]
    if asked is not None:
        requests[asked["id"]] = {**asked, "order_id": data["order_id"]}


def apply_to_display(rows: dict[int, State], frame: Frame) -> None:
    """Apply an event to the numbers on the order-ready board."""
    data = frame["data"]
    order_id = data.get("order_id")
    if frame["type"] == "order:deleted":
        rows.pop(order_id, None)
    if frame["type"] != "order:status_changed" and frame["type"] != "order:created":
        return
    row = {name: data[name] for name in ("order_id", "order_number", "channel", "status")}
    if row["status"] in ("preparing", "ready"):
        rows[order_id] = row
    else:
        rows.pop(order_id, None)
