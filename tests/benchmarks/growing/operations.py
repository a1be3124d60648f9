"""What a restaurant does all day, and must do as fast after ten years as in its first week.

Each operation brings the same rows at every size, so that only what lies behind them can make a difference.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.core import signing
from django.db import connection
from django.test import Client

from kitchen.models import Station
from orders.api import pages
from orders.models import Order
from orders.states import Role
from realtime.credentials import Principal
from realtime.joining import check_rooms
from realtime.rooms import parse
from realtime.snapshots import room_snapshots
from realtime.stream import head_of, read_events
from tests.benchmarks.growing.places import Places, find_places
from tests.benchmarks.growing.rows import BUSINESS_DAY, QUIET_AGES

_NEW_TICKETS = "SELECT id FROM kitchen_kitchenorder WHERE order_id > {newest}"
_NEW_ITEMS = "SELECT id FROM orders_orderitem WHERE order_id > {newest}"
_UNDONE = (
    f"DELETE FROM kitchen_kitchenorderitem WHERE ticket_id IN ({_NEW_TICKETS})",  # noqa: S608
    "DELETE FROM kitchen_kitchenorder WHERE order_id > {newest}",
    # A contract is never deleted: whoever owns the table must say that this one never was.
    "ALTER TABLE kitchen_productioncontract DISABLE TRIGGER kept",
    "DELETE FROM kitchen_productioncontract WHERE order_id > {newest}",
    "ALTER TABLE kitchen_productioncontract ENABLE TRIGGER kept",
    f"DELETE FROM orders_orderitemmodifier WHERE item_id IN ({_NEW_ITEMS})",  # noqa: S608
    "DELETE FROM orders_orderitem WHERE order_id > {newest}",
    "DELETE FROM orders_order WHERE id > {newest}",
    "DELETE FROM orders_historyentry WHERE order_id > {newest}",
    "DELETE FROM realtime_event WHERE restaurant_id = {big} AND seq > {head}",
    "UPDATE realtime_stream SET head = {head} WHERE restaurant_id = {big}",
)


@dataclass(slots=True)
class Grown:
    """A database that was loaded, and somebody who works there."""

    places: Places = field(default_factory=find_places)
    client: Client = field(default_factory=Client)
    tokens: dict[Role, str] = field(default_factory=dict)
    principal: Principal = field(init=False)
    newest: int = 0
    head: int = 0
    epoch: str = ""
    loads: list[tuple[int, int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Look where the orders and the stream end."""
        last = Order.objects.order_by("-id").values_list("id", flat=True).first()
        assert last is not None
        self.newest = last
        head = head_of(self.places.big)
        self.head, self.epoch = head.seq, head.epoch
        self.principal = self._principal()
        self.loads = list(Station.objects.values_list("id", "load", "work"))

    def sign_in(self) -> None:
        """Get fresh tokens: they end after a quarter of an hour."""
        self.tokens = {role: self.places.token(role) for role in (Role.MANAGER, Role.WAITER)}

    def order(self, age: int) -> Order:
        """Return the order of an age: 0 is the newest."""
        return Order.objects.get(pk=self.newest - age)

    def get(self, path: str, *, role: Role = Role.MANAGER) -> Any:
        """Ask the API, and return what it answered."""
        response = self.client.get(path, headers={"authorization": f"Bearer {self.tokens[role]}"})
        assert response.status_code == 200, response.content
        return json.loads(response.content)

    def send(self, method: str, path: str, body: Any = None) -> Any:
        """Have the waiter change something through the API, and return what it answered."""
        response = self.client.generic(
            method,
            path,
            b"" if body is None else json.dumps(body),
            content_type="application/json",
            headers={"authorization": f"Bearer {self.tokens[Role.WAITER]}"},
        )
        assert response.status_code in (200, 201), response.content
        return json.loads(response.content)

    def _principal(self) -> Principal:
        """Return the manager as a socket knows one."""
        actor = self.places.actor(Role.MANAGER)
        return Principal(
            kind="staff",
            restaurant_id=self.places.big,
            restaurant_slug="big",
            restaurant_name="Big",
            user_id=actor.user_id,
            user_name=actor.name,
            role=actor.role,
        )

    @contextmanager
    def restored(self) -> Iterator[None]:
        """Take away afterwards what was ordered in the block."""
        yield
        with connection.cursor() as cursor:
            for statement in _UNDONE:
                cursor.execute(statement.format(newest=self.newest, big=self.places.big, head=self.head))
            for station, load, work in self.loads:
                cursor.execute("UPDATE kitchen_station SET load = %s, work = %s WHERE id = %s", [load, work, station])


@dataclass(frozen=True, slots=True)
class Operation:
    """Something measured. ``run`` returns how many rows, events or the like it brought."""

    group: str
    name: str
    run: Callable[[Grown], int]
    writes: bool = False

    @property
    def title(self) -> str:
        """The name that tells it from all others."""
        return f"{self.group}: {self.name}"


def _listed(query: Callable[[Grown], dict[str, Any]], address: str = "/api/orders") -> Callable[[Grown], int]:
    def run(grown: Grown) -> int:
        return len(grown.get(f"{address}?{urlencode(query(grown))}")["results"])

    return run


def _deep(ordering: pages.Ordering, grown: Grown) -> str:
    """Return the cursor of a page in the middle of the history."""
    place = ordering.place_of(grown.order(grown.newest // 2))
    return signing.dumps([list(ordering.paths), ordering.falling, False, place], salt=pages._SALT)


def _by(path: str) -> pages.Ordering:
    return pages.Ordering((path, "id"), falling=True)


def _at(grown: Grown, age: int, name: str = "created_at") -> str:
    moment: str = getattr(grown.order(age), name).isoformat()
    return moment


_LISTS: dict[str, Callable[[Grown], dict[str, Any]]] = {
    "first page": lambda _: {},
    "a page deep inside": lambda g: {"cursor": _deep(pages.NEWEST_FIRST, g)},
    "oldest first": lambda _: {"ordering": "id"},
    "by created_at": lambda _: {"ordering": "-created_at"},
    "by created_at, deep inside": lambda g: {"ordering": "-created_at", "cursor": _deep(_by("created_at"), g)},
    "by updated_at": lambda _: {"ordering": "-updated_at"},
    "open=true": lambda _: {"open": "true"},
    "open=false": lambda _: {"open": "false"},
    "status=completed": lambda _: {"status": "completed"},
    "status=cancelled": lambda _: {"status": "cancelled"},
    "status, rare": lambda _: {"status": "draft"},
    "status, several open": lambda _: {"status": "confirmed,preparing"},
    "status, rare and closed": lambda _: {"status": "draft,cancelled"},
    "channel=takeaway": lambda _: {"channel": "takeaway"},
    "channel, rare": lambda _: {"channel": "online"},
    "channel, several": lambda _: {"channel": "online,delivery"},
    "payment_status=paid": lambda _: {"payment_status": "paid"},
    "payment_status=unpaid": lambda _: {"payment_status": "unpaid"},
    "payment_status, rare": lambda _: {"payment_status": "partial"},
    "payment_status, none": lambda _: {"payment_status": "refunded"},
    "priority=express": lambda _: {"priority": "express"},
    "priority, rare": lambda _: {"priority": "vip"},
    "two filters": lambda _: {"channel": "takeaway", "priority": "express", "limit": 20},
    "two filters, both rare": lambda _: {"channel": "online", "priority": "vip"},
    "two filters, nothing in common": lambda _: {"status": "cancelled", "payment_status": "partially_refunded"},
    "table": lambda g: {"table": g.places.tables[0]},
    "table, rare": lambda g: {"table": g.places.rare_table},
    "waiter": lambda g: {"waiter": g.places.waiters[0]},
    "waiter, rare": lambda g: {"waiter": g.places.rare_waiter},
    "customer": lambda g: {"customer": g.places.regular},
    "customer, rare": lambda g: {"customer": g.places.rare_customer},
    "created_after, an hour": lambda g: {"created_after": _at(g, 45)},
    "created_after, half of all": lambda g: {"created_after": _at(g, g.newest // 2)},
    "created_before, half of all": lambda g: {"created_before": _at(g, g.newest // 2)},
    "created, an hour long ago": lambda g: {
        "created_after": _at(g, g.newest // 2 + 45),
        "created_before": _at(g, g.newest // 2),
    },
    "updated_after, an hour": lambda g: {"updated_after": _at(g, 150, "updated_at")},
    "updated_after, half of all": lambda g: {"updated_after": _at(g, g.newest // 2, "updated_at")},
    "status and created": lambda g: {"status": "completed", "created_after": _at(g, g.newest // 2)},
    "search, a number": lambda g: {"search": g.order(501).order_number, "limit": 1},
    "search, a name": lambda _: {"search": "quint"},
    "search, a regular's name": lambda _: {"search": "kontor"},
    "search, a family name": lambda _: {"search": "schmidt", "limit": 1},
    "search, a phone number": lambda _: {"search": "+49176123"},
    "search, nobody": lambda _: {"search": "xylophon"},
}

_TICKETS: dict[str, Callable[[Grown], dict[str, Any]]] = {
    "open": lambda _: {},
    "status=preparing": lambda _: {"status": "preparing"},
    "status=completed": lambda _: {"status": "completed"},
    "status=cancelled": lambda _: {"status": "cancelled"},
    "one station": lambda g: {"station": g.places.stations[0]},
    "priority=express": lambda _: {"priority": "express"},
    "with those of the last hours": lambda _: {"include_completed": 240, "limit": 100},
}

_PAYMENTS: dict[str, Callable[[Grown], dict[str, Any]]] = {
    "first page": lambda _: {},
    "a page deep inside": lambda g: {"cursor": _deep(pages.NEWEST_FIRST, g)},
    "method=card": lambda _: {"method": "card"},
    "method, rare": lambda _: {"method": "transfer"},
    "status, none": lambda _: {"status": "failed"},
    "one till": lambda g: {"counter": g.places.counter},
    "one till, a rare method": lambda g: {"counter": g.places.counter, "method": "transfer"},
    "one order": lambda g: {"order": g.newest - QUIET_AGES[0]},
    "created_after, an hour": lambda g: {"created_after": _at(g, 155)},
    "created_after, half of all": lambda g: {"created_after": _at(g, g.newest // 2)},
}

_CANCELLATIONS: dict[str, Callable[[Grown], dict[str, Any]]] = {
    "first page": lambda _: {},
    "a page deep inside": lambda g: {"cursor": _deep(pages.NEWEST_FIRST, g)},
    "status=pending": lambda _: {"status": "pending"},
    "status=accepted": lambda _: {"status": "accepted"},
    "status, both decided": lambda _: {"status": "accepted,rejected"},
}

_ROOMS: dict[str, Callable[[Grown], str]] = {
    "kitchen": lambda _: "kitchen",
    "station": lambda g: f"station:{g.places.stations[0]}",
    "orders": lambda _: "orders",
    "waiters": lambda _: "waiters",
    "table": lambda g: f"table:{g.places.tables[0]}",
    "order": lambda g: f"order:{g.newest - 3}",
    "display": lambda _: "display",
    "restaurant": lambda _: "restaurant",
}

_REPLAYED: dict[str, Callable[[Grown], str]] = {
    "kitchen": lambda _: "kitchen",
    "restaurant": lambda _: "restaurant",
    "a quiet table": lambda g: f"table:{g.places.quiet_table}",
    "a quiet station": lambda g: f"station:{g.places.quiet_station}",
}


def _history(age: Callable[[Grown], int], grown: Grown) -> int:
    return len(grown.get(f"/api/orders/{grown.newest - age(grown)}/history")["results"])


def _stats(grown: Grown) -> int:
    figures = grown.get(f"/api/orders/stats?from={BUSINESS_DAY}&to={BUSINESS_DAY}")
    assert figures["prep_minutes"]["average"]
    return int(figures["orders"])


def _kitchen_stats(grown: Grown) -> int:
    return int(grown.get("/api/kitchen/stats")["total"])


def _snapshot(room: Callable[[Grown], str], grown: Grown) -> int:
    name = room(grown)
    return len(room_snapshots(grown.places.big, [name])[2][name])


def _join(room: Callable[[Grown], str], grown: Grown) -> int:
    name = room(grown)
    assert parse(name) is not None
    check_rooms(grown.principal, (name,))
    return int(head_of(grown.places.big).seq > 0)


def _replay(room: Callable[[Grown], str], missed: int, grown: Grown) -> int:
    return len(
        read_events(grown.places.big, grown.epoch, after=grown.head - missed, until=grown.head, rooms=[room(grown)])
    )


def _polled(missed: Callable[[Grown], int], room: Callable[[Grown], str], grown: Grown) -> int:
    query = {"epoch": grown.epoch, "after": grown.head - missed(grown), "rooms": room(grown)}
    return len(grown.get(f"/api/events?{urlencode(query)}")["events"])


def _post(grown: Grown) -> int:
    return int(grown.send("POST", "/api/orders", _body(grown))["id"] > 0)


def _body(grown: Grown, **others: Any) -> dict[str, Any]:
    dishes = grown.places.dishes
    return {
        "channel": "dine_in",
        "table_id": grown.places.tables[0],
        "items": [
            {"menu_item_id": dishes[0], "quantity": 1, "modifier_ids": [grown.places.modifier]},
            {"menu_item_id": dishes[1], "quantity": 2},
            {"menu_item_id": dishes[2], "quantity": 1},
        ],
        **others,
    }


def _post_for_regular(grown: Grown) -> int:
    body = _body(grown, customer={"name": "Kontor Nord", "phone": "+49301234567"})
    return int(grown.send("POST", "/api/orders", body)["customer_id"] == grown.places.regular)


def _post_for_known_by_email(grown: Grown) -> int:
    body = _body(grown, customer={"name": "Kontor Nord", "email": "kantine@nord.example"})
    return int(grown.send("POST", "/api/orders", body)["customer_id"] == grown.places.regular)


def _post_and_confirm(grown: Grown) -> int:
    order = grown.send("POST", "/api/orders", _body(grown))
    return int(grown.send("PUT", f"/api/orders/{order['id']}/confirm")["status"] == "confirmed")


def operations() -> list[Operation]:
    """Return everything that is measured."""
    found = [Operation("orders", name, _listed(query)) for name, query in _LISTS.items()]
    found += [
        Operation("orders", "one order", lambda g: int(g.get(f"/api/orders/{g.newest - QUIET_AGES[0]}")["id"] > 0)),
        Operation("orders", "one order, long ago", lambda g: int(g.get(f"/api/orders/{g.newest // 2 + 1}")["id"] > 0)),
    ]
    found += [Operation("kitchen", name, _listed(query, "/api/kitchen/orders")) for name, query in _TICKETS.items()]
    found += [Operation("payments", name, _listed(query, "/api/payments")) for name, query in _PAYMENTS.items()]
    found += [
        Operation("cancellations", name, _listed(query, "/api/kitchen/cancel-requests"))
        for name, query in _CANCELLATIONS.items()
    ]
    found += [
        Operation("customers", "first page", _listed(lambda _: {}, "/api/customers")),
        Operation("history", "one order", partial(_history, lambda _: QUIET_AGES[0])),
        Operation("history", "one order, long ago", partial(_history, lambda g: g.newest // 2 - 1)),
        Operation("stats", "a business day", _stats),
        Operation("stats", "the kitchen", _kitchen_stats),
        Operation("stats", "all day", _listed(lambda _: {}, "/api/kitchen/all-day")),
    ]
    found += [Operation("board", name, partial(_snapshot, room)) for name, room in _ROOMS.items()]
    found += [Operation("join", name, partial(_join, room)) for name, room in _ROOMS.items()]
    found += [
        Operation("replay", f"{missed} missed, {name}", partial(_replay, room, missed))
        for name, room in _REPLAYED.items()
        for missed in (0, 100, 5000)
    ]
    found += [
        Operation("poll", "500 missed, orders", partial(_polled, lambda _: 500, lambda _: "orders")),
        Operation("poll", "5000 missed, a quiet table", partial(_polled, lambda _: 5000, _REPLAYED["a quiet table"])),
        Operation(
            "poll", "everything missed, a quiet table", partial(_polled, lambda g: g.head, _REPLAYED["a quiet table"])
        ),
    ]
    found += [
        Operation("take", "an order", _post, writes=True),
        Operation("take", "an order of a regular", _post_for_regular, writes=True),
        Operation("take", "an order of a guest known by email", _post_for_known_by_email, writes=True),
        Operation("take", "an order, and confirm it", _post_and_confirm, writes=True),
    ]
    return found
