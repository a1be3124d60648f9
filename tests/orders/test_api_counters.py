"""The tills over REST."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from orders.models import Counter, Device
from orders.states import Role
from tests.factories import CounterFactory

if TYPE_CHECKING:
    from tests.callers import House

pytestmark = pytest.mark.django_db


def test_counter_is_set_up_renamed_and_taken_away(house: House) -> None:
    made = house.manager.post("/api/counters", {"name": "Bar"})
    address = f"/api/counters/{made.body['id']}"

    renamed = [house.manager.put(address, {"name": "Terrace"}), house.manager.patch(address, {"name": "Garden"})]

    assert (made.status, made.headers["Location"], made.body["name"]) == (201, address, "Bar")
    assert [(reply.status, reply.body["name"]) for reply in renamed] == [(200, "Terrace"), (200, "Garden")]
    assert house.manager.patch(address, {}).body == renamed[1].body
    assert house.cashier.get(address).body == renamed[1].body
    gone = house.manager.delete(address)
    assert (gone.status, gone.body) == (204, None)
    assert house.manager.get(address).status == 404


@pytest.mark.parametrize("role", list(Role))
def test_counters_are_read_by_all_and_written_by_managers(house: House, role: Role) -> None:
    till = CounterFactory(restaurant=house.restaurant)
    address = f"/api/counters/{till.pk}"
    caller = house.caller(role)

    assert [caller.get("/api/counters").status, caller.get(address).status] == [200, 200]
    statuses = [
        caller.post("/api/counters", {"name": "New"}).status,
        caller.put(address, {"name": "Other"}).status,
        caller.patch(address, {"name": "Another"}).status,
        caller.delete(address).status,
    ]
    may = role in (Role.MANAGER, Role.OWNER)
    assert statuses == ([201, 200, 200, 204] if may else [403] * 4)
    assert Counter.objects.filter(restaurant=house.restaurant).count() == 1


@pytest.mark.parametrize(
    ("sent", "pointers"),
    [
        ({}, [("/name", "required")]),
        ({"name": None}, [("/name", "null")]),
        ({"name": ""}, [("/name", "blank")]),
        ({"name": "  "}, [("/name", "blank")]),
        ({"name": 7}, [("/name", "invalid")]),
        ({"name": "x" * 51}, [("/name", "max_length")]),
        ({"name": "Bar", "id": 7}, [("/id", "unknown")]),
    ],
)
def test_bad_request_when_the_counter_is_wrong(
    house: House, sent: dict[str, Any], pointers: list[tuple[str, str]]
) -> None:
    reply = house.manager.post("/api/counters", sent)

    assert (reply.status, reply.pointers) == (400, pointers)
    assert not Counter.objects.exists()


def test_conflict_when_another_counter_has_the_name(house: House, foreign: House) -> None:
    first, second = [CounterFactory(restaurant=house.restaurant, name=name) for name in ("Bar", "Door")]
    CounterFactory(restaurant=foreign.restaurant, name="Hall")

    replies = [
        house.manager.post("/api/counters", {"name": "Bar"}),
        house.manager.patch(f"/api/counters/{second.pk}", {"name": "Bar"}),
    ]

    assert [(reply.status, reply.body["code"], reply.pointers) for reply in replies] == [
        (409, "duplicate", [("/name", "duplicate")])
    ] * 2
    assert house.manager.patch(f"/api/counters/{first.pk}", {"name": "Bar"}).status == 200
    assert house.manager.post("/api/counters", {"name": "Hall"}).status == 201


@pytest.mark.parametrize("use", ["payment", "device"])
def test_conflict_when_a_counter_in_use_is_deleted(house: House, use: str) -> None:
    till = CounterFactory(restaurant=house.restaurant)
    if use == "payment":
        sent = {"order_id": house.order()["id"], "amount": "9.50", "method": "card", "counter_id": till.pk}
        assert house.cashier.post("/api/payments", sent).status == 201
    else:
        Device.objects.create(restaurant=house.restaurant, name="Till", kind="counter", counter=till, key_digest="x")

    reply = house.manager.delete(f"/api/counters/{till.pk}")

    assert (reply.status, reply.body["code"]) == (409, "in_use")
    assert Counter.objects.filter(pk=till.pk).exists()


def test_counter_is_taken_away_when_only_a_revoked_device_was_paired_with_it(house: House) -> None:
    till = CounterFactory(restaurant=house.restaurant)
    Device.objects.create(
        restaurant=house.restaurant,
        name="Till",
        kind="counter",
        counter=till,
        key_digest="x",
        revoked_at=timezone.now(),
    )

    assert house.manager.delete(f"/api/counters/{till.pk}").status == 204
    assert Device.objects.get().counter is None


def test_not_found_when_the_counter_is_another_restaurants(house: House, foreign: House) -> None:
    address = f"/api/counters/{CounterFactory(restaurant=foreign.restaurant).pk}"

    statuses = [
        house.manager.get(address).status,
        house.manager.put(address, {"name": "Mine"}).status,
        house.manager.patch(address, {"name": "Mine"}).status,
        house.manager.delete(address).status,
    ]

    assert statuses == [404] * 4
    assert Counter.objects.exclude(name="Mine").count() == 1


def test_counter_is_made_once_when_its_key_comes_twice(house: House) -> None:
    replies = [house.manager.post("/api/counters", {"name": "Bar"}, idempotency_key="a") for _ in range(2)]

    assert [reply.status for reply in replies] == [201, 201]
    assert replies[1].body == replies[0].body
    assert Counter.objects.count() == 1
