"""Devices: paired by a manager, let in by a key that is told once, shut out again."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from orders import access
from orders.models import Device, HistoryEntry, StoredAnswer
from orders.scopes import DEFAULT_SCOPES, Scope
from orders.services import devices
from orders.states import DeviceKind, Role
from realtime.models import Event
from tests.callers import Caller
from tests.factories import CounterFactory, DeviceFactory

if TYPE_CHECKING:
    from tests.callers import House

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that has seen no device yet: the ids of one test are those of the next."""
    monkeypatch.setattr(devices, "_noted", {})
    access._place_of.cache_clear()


def pair(house: House, **body: object) -> dict[str, object]:
    reply = house.manager.post("/api/devices", {"name": "Pass", "kind": "integration", **body})
    assert reply.status == 201, reply.body
    device: dict[str, object] = reply.body
    return device


def test_key_is_told_once_and_only_its_digest_kept_when_a_device_is_paired(house: House) -> None:
    body = {"name": "Shop", "kind": "integration", "scopes": ["orders:write", "orders:read"]}

    reply = house.manager.post("/api/devices", body)

    key = reply.body.pop("key")
    device = Device.objects.get()
    assert (reply.status, reply.headers["Location"]) == (201, f"/api/devices/{device.pk}")
    assert reply.headers["Cache-Control"] == "no-store"
    assert (key[:4], len(key)) == ("dev_", 47)
    assert device.key_digest == hashlib.sha256(key.encode()).hexdigest()
    assert reply.body == house.manager.get(f"/api/devices/{device.pk}").body
    assert reply.body == {
        "id": device.pk,
        "name": "Shop",
        "kind": "integration",
        "scopes": ["orders:read", "orders:write"],
        "counter_id": None,
        "key_hint": key[:12],
        "created_at": reply.body["created_at"],
        "last_used_at": None,
    }


def test_replay_says_everything_but_the_key(house: House) -> None:
    body = {"name": "Shop", "kind": "integration"}
    first = house.manager.post("/api/devices", body, idempotency_key="a")

    second = house.manager.post("/api/devices", body, idempotency_key="a")

    key = first.body.pop("key")
    assert (second.status, second.body, second.headers["Idempotency-Replayed"]) == (201, first.body, "true")
    assert key.encode() not in bytes(StoredAnswer.objects.get().body)
    assert Device.objects.count() == 1


@pytest.mark.parametrize("kind", DeviceKind)
def test_scopes_are_those_of_the_kind_when_none_are_named(house: House, kind: DeviceKind) -> None:
    assert pair(house, kind=kind.value)["scopes"] == [scope for scope in Scope if scope in DEFAULT_SCOPES[kind]]


@pytest.mark.parametrize(
    ("body", "problems"),
    [
        ({"scopes": ["orders:eat"]}, [("/scopes/0", "invalid_choice")]),
        ({"scopes": "orders:read"}, [("/scopes", "not_a_list")]),
        ({"kind": "toaster"}, [("/kind", "invalid_choice")]),
        ({"name": " "}, [("/name", "blank")]),
        ({"name": "x" * 101}, [("/name", "max_length")]),
        ({"key": "dev_mine"}, [("/key", "unknown")]),
    ],
)
def test_bad_request_when_a_field_is_wrong(house: House, body: dict[str, object], problems: list[object]) -> None:
    reply = house.manager.post("/api/devices", {"name": "Pass", "kind": "kitchen", **body})

    assert (reply.status, reply.pointers) == (400, problems)
    assert Device.objects.count() == 0


def test_till_is_paired_when_it_is_one_of_the_restaurant(house: House, foreign: House) -> None:
    own, other = CounterFactory(restaurant=house.restaurant), CounterFactory(restaurant=foreign.restaurant)

    def status(kind: str, counter_id: int) -> int:
        body = {"name": "Till", "kind": kind, "counter_id": counter_id}
        return house.manager.post("/api/devices", body).status

    assert (status("counter", own.pk), status("counter", other.pk), status("kitchen", own.pk)) == (201, 404, 400)


@pytest.mark.parametrize("role", [Role.WAITER, Role.KITCHEN, Role.CASHIER])
def test_forbidden_when_somebody_else_than_a_manager_asks(house: House, role: Role) -> None:
    device = DeviceFactory(restaurant=house.restaurant)
    caller, path = house.caller(role), f"/api/devices/{device.pk}"

    replies = [
        caller.get("/api/devices"),
        caller.post("/api/devices", {"name": "Pass", "kind": "kitchen"}),
        caller.get(path),
        caller.delete(path),
    ]

    assert {(reply.status, reply.body["code"]) for reply in replies} == {(403, "forbidden")}
    assert Device.objects.get().is_active


def test_device_pairs_no_other_when_it_has_every_scope(house: House) -> None:
    device = house.device(*Scope)

    reply = device.post("/api/devices", {"name": "Another", "kind": "integration"})

    assert (reply.status, reply.body["detail"]) == (403, "Only staff may do this, no device.")


def test_key_opens_nothing_more_when_it_is_revoked(house: House) -> None:
    paired = pair(house, scopes=["orders:read"], kind="integration")
    device = Caller(token=str(paired["key"]))
    before = device.get("/api/orders").status
    path = f"/api/devices/{paired['id']}"

    revoked = house.manager.delete(path)

    assert (before, revoked.status, device.get("/api/orders").status) == (200, 204, 401)
    assert (house.manager.get(path).status, house.manager.delete(path).status) == (404, 404)
    assert house.manager.get("/api/devices").body["results"] == []


def test_till_may_be_taken_away_when_its_device_is_revoked(house: House) -> None:
    counter = CounterFactory(restaurant=house.restaurant)
    paired = pair(house, kind="counter", counter_id=counter.pk)
    before = house.manager.delete(f"/api/counters/{counter.pk}").status

    house.manager.delete(f"/api/devices/{paired['id']}")

    assert (before, house.manager.delete(f"/api/counters/{counter.pk}").status) == (409, 204)


def test_unknown_when_the_device_is_another_restaurants(house: House, foreign: House) -> None:
    device = DeviceFactory(restaurant=foreign.restaurant)

    assert house.manager.get(f"/api/devices/{device.pk}").status == 404
    assert house.manager.delete(f"/api/devices/{device.pk}").status == 404
    assert house.manager.get("/api/devices").body["results"] == []


@pytest.mark.parametrize("key", ["dev_", "dev_nonsense", "dev_" + "A" * 43, "dev_\udcff"])
def test_unauthenticated_when_nobody_has_the_key(house: House, key: str) -> None:
    reply = Caller().get("/api/orders", authorization=f"Bearer {key}".encode("utf-8", "replace").decode("latin-1"))

    assert (reply.status, reply.body["code"]) == (401, "unauthenticated")


@pytest.mark.parametrize(
    ("scope", "method", "path"),
    [
        (Scope.ORDERS_READ, "GET", "/api/orders"),
        (Scope.KITCHEN_READ, "GET", "/api/kitchen/orders"),
        (Scope.MENU_READ, "GET", "/api/menu-items"),
        (Scope.PAYMENTS_READ, "GET", "/api/payments"),
    ],
)
def test_scope_alone_decides_when_a_device_reads(house: House, scope: Scope, method: str, path: str) -> None:
    with_it = house.device(scope).call(method, path)
    without = house.device(*(set(Scope) - {scope})).call(method, path)

    assert (with_it.status, without.status) == (200, 403)
    assert without.body["detail"] == f"This device lacks the scope {scope.value}."


def test_order_is_taken_in_the_devices_name_when_it_may_write(house: House) -> None:
    device = house.device(Scope.ORDERS_WRITE)

    reply = device.post("/api/orders", house.order_body())

    assert (reply.status, reply.body["waiter_id"], reply.body["waiter_name"]) == (201, None, None)
    event = Event.objects.get(type="order:created")
    assert (event.actor_id, event.actor_name, event.source) == (None, "The integration", "api")
    entry = HistoryEntry.objects.first()
    assert entry is not None
    assert (entry.actor_id, entry.actor_name) == (None, "The integration")


def test_device_works_as_a_waiter_and_no_manager_when_it_may_write_orders(house: House) -> None:
    device = house.device(Scope.ORDERS_WRITE)
    order = device.post("/api/orders", house.order_body()).body
    path = f"/api/orders/{order['id']}"

    confirmed = device.put(f"{path}/confirm")
    discounted = device.patch(path, {"discount_amount": "1.00"})
    cancelled = device.put(f"{path}/status", {"status": "cancelled", "reason": "no"})

    assert [reply.status for reply in (confirmed, discounted, cancelled)] == [200, 403, 403]


def test_ticket_is_worked_on_when_a_kitchen_screen_asks(house: House) -> None:
    screen = house.device(*DEFAULT_SCOPES[DeviceKind.KITCHEN], kind=DeviceKind.KITCHEN)
    ticket = house.ticket()

    reply = screen.put(f"/api/kitchen/orders/{ticket['id']}/status", {"status": "preparing"})

    assert (reply.status, reply.body["status"]) == (200, "preparing")


def test_keys_are_the_devices_own_when_two_use_the_same_idempotency_key(house: House) -> None:
    one, other = house.device(Scope.ORDERS_WRITE), house.device(Scope.ORDERS_WRITE)

    first = one.post("/api/orders", house.order_body(), idempotency_key="a")
    again = one.post("/api/orders", house.order_body(), idempotency_key="a")
    others = other.post("/api/orders", house.order_body(), idempotency_key="a")

    assert (again.body["id"], again.headers["Idempotency-Replayed"]) == (first.body["id"], "true")
    assert others.body["id"] != first.body["id"]


def test_last_use_is_written_once_a_minute_when_a_device_asks_often(house: House) -> None:
    device = house.device(Scope.ORDERS_READ)
    device.get("/api/orders")
    first = Device.objects.get().last_used_at
    with CaptureQueriesContext(connection) as queries:
        device.get("/api/orders")

    assert first is not None
    assert Device.objects.get().last_used_at == first
    assert not [query for query in queries.captured_queries if "orders_device" in query["sql"]]


def test_last_use_is_written_again_when_a_minute_has_passed(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    device = house.device(Scope.ORDERS_READ)
    device.get("/api/orders")
    before = timezone.now() - dt.timedelta(minutes=2)
    Device.objects.update(last_used_at=before)
    monkeypatch.setattr(devices, "_noted", {})

    device.get("/api/orders")

    after = Device.objects.get().last_used_at
    assert after is not None
    assert after > before
