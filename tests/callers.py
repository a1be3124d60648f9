"""Calls the API as a member of staff does, in one small restaurant."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.test import Client
from django.test.client import ClientHandler

from kitchen.models import Station
from orders.access import actor_of, issue_tokens
from orders.models import Membership, MenuItem, Restaurant, Table
from orders.scopes import Scope
from orders.services.devices import pair_device
from orders.states import DeviceKind, Role
from realtime.models import Event
from tests.factories import MembershipFactory, MenuItemFactory, RestaurantFactory, StationFactory, TableFactory


@dataclass
class Reply:
    """An answer: its status, its decoded body (None for none), its headers."""

    status: int
    body: Any
    headers: Any

    @property
    def pointers(self) -> list[tuple[str, str]]:
        """The (pointer, code) of each error, sorted."""
        return sorted((error["pointer"], error["code"]) for error in self.body["errors"])


@cache
def _handler() -> ClientHandler:
    """Return one handler for all callers: with each of its own, WhiteNoise would look for all static files again."""
    handler = ClientHandler(enforce_csrf_checks=False)
    handler.load_middleware()
    return handler


class Caller:
    """Somebody with a token, or nobody."""

    def __init__(self, membership: Membership | None = None, *, token: str | None = None) -> None:
        self.membership = membership
        self.token = issue_tokens(membership).access if membership else token
        self.client = Client()
        self.client.handler = _handler()

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        """Send a request; bytes are sent as they are. Headers are named as in Python: ``if_match``."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token and "authorization" not in sent:
            sent["authorization"] = f"Bearer {self.token}"
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        content_type = sent.pop("content-type", "application/json" if content else "")
        response = self.client.generic(method, path, content, content_type=content_type, headers=sent)
        text = response.content.decode()
        return Reply(response.status_code, json.loads(text) if text else None, response.headers)

    def get(self, path: str, **headers: str) -> Reply:
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Reply:
        return self.call("POST", path, body, **headers)

    def put(self, path: str, body: Any = None, **headers: str) -> Reply:
        return self.call("PUT", path, body, **headers)

    def patch(self, path: str, body: Any = None, **headers: str) -> Reply:
        return self.call("PATCH", path, body, **headers)

    def delete(self, path: str, **headers: str) -> Reply:
        return self.call("DELETE", path, **headers)


@dataclass
class House:
    """A restaurant with one dish, one table and one station, and whoever calls from there."""

    restaurant: Restaurant
    station: Station
    dish: MenuItem
    table: Table
    callers: dict[Role, Caller] = field(default_factory=dict)

    def caller(self, role: Role) -> Caller:
        """Return the member of staff with this role."""
        if role not in self.callers:
            self.callers[role] = Caller(MembershipFactory(restaurant=self.restaurant, role=role))
        return self.callers[role]

    @property
    def manager(self) -> Caller:
        return self.caller(Role.MANAGER)

    @property
    def waiter(self) -> Caller:
        return self.caller(Role.WAITER)

    @property
    def cook(self) -> Caller:
        return self.caller(Role.KITCHEN)

    @property
    def cashier(self) -> Caller:
        return self.caller(Role.CASHIER)

    def device(self, *scopes: Scope, kind: DeviceKind = DeviceKind.INTEGRATION, **others: Any) -> Caller:
        """Pair a device with exactly these scopes, and return it."""
        membership = self.manager.membership
        assert membership is not None
        actor = actor_of(membership, "api")
        _, key = pair_device(name=f"The {kind}", kind=kind, scopes=scopes, actor=actor, **others)
        return Caller(token=key)

    def order_body(self, quantity: int = 1, **others: Any) -> dict[str, Any]:
        """Return the smallest body of an order."""
        return {
            "channel": "dine_in",
            "table_id": self.table.pk,
            "items": [{"menu_item_id": self.dish.pk, "quantity": quantity}],
            **others,
        }

    def order(self, quantity: int = 1, **others: Any) -> dict[str, Any]:
        """Take an order as the waiter."""
        reply = self.waiter.post("/api/orders", self.order_body(quantity, **others))
        assert reply.status == 201, reply.body
        order: dict[str, Any] = reply.body
        return order

    def confirmed(self, quantity: int = 1, **others: Any) -> dict[str, Any]:
        """Take an order and send it to the kitchen."""
        reply = self.waiter.put(f"/api/orders/{self.order(quantity, **others)['id']}/confirm")
        assert reply.status == 200, reply.body
        order: dict[str, Any] = reply.body
        return order

    def ticket(self, quantity: int = 1, **others: Any) -> dict[str, Any]:
        """Take an order, send it to the kitchen, and return its ticket."""
        order = self.confirmed(quantity, **others)
        ticket: dict[str, Any] = self.cook.get(f"/api/kitchen/orders/by-order/{order['id']}").body
        return ticket

    def announced(self) -> int:
        """Count what has been announced so far."""
        return Event.objects.filter(restaurant=self.restaurant).count()

    def events(self) -> list[str]:
        """Return the types of what has been announced so far."""
        return list(Event.objects.filter(restaurant=self.restaurant).order_by("seq").values_list("type", flat=True))


def open_house() -> House:
    restaurant = RestaurantFactory()
    station = StationFactory(restaurant=restaurant)
    dish = MenuItemFactory(restaurant=restaurant, station=station)
    return House(restaurant, station, dish, TableFactory(restaurant=restaurant))
