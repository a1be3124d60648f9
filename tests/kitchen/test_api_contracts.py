"""Production contracts over REST."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kitchen.models import ProductionContract
from orders.scopes import Scope
from orders.states import Role
from tests.callers import Caller

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

    from tests.callers import House

pytestmark = pytest.mark.django_db
EVERYBODY = [Role.OWNER, Role.MANAGER, Role.WAITER, Role.KITCHEN, Role.CASHIER]


def latest(caller: Caller, order: dict[str, Any], query: str = "") -> Any:
    return caller.get(f"/api/orders/{order['id']}/production-contract{query}")


def every(caller: Caller, order: dict[str, Any], query: str = "") -> Any:
    return caller.get(f"/api/orders/{order['id']}/production-contracts{query}")


def changed(house: House, times: int) -> dict[str, Any]:
    """A confirmed order that was changed so many times."""
    order = house.confirmed()
    for number in range(times):
        house.waiter.patch(f"/api/orders/{order['id']}", {"notes": f"Note {number}"})
    return order


@pytest.mark.parametrize("role", EVERYBODY)
def test_contract_says_what_the_kitchen_makes(house: House, role: Role) -> None:
    item = {"menu_item_id": house.dish.pk, "quantity": 2, "special_instructions": "No onions"}
    order = house.confirmed(items=[item], notes="Hurry")

    reply = latest(house.caller(role), order)

    contract = ProductionContract.objects.get()
    shown = house.waiter.get(f"/api/orders/{order['id']}").body
    assert reply.status == 200
    assert reply.body == {
        "id": contract.pk,
        "order_id": order["id"],
        "order_number": "T1-001",
        "version": 1,
        "schema_version": 1,
        "channel": "dine_in",
        "table_id": house.table.pk,
        "table_name": house.table.name,
        "notes": "Hurry",
        "allergies": [],
        "items": [
            {
                "order_item_id": order["items"][0]["id"],
                "menu_item_id": house.dish.pk,
                "name": house.dish.name,
                "quantity": 2,
                "instructions": ["No onions"],
                "modifiers": [],
                "special_instructions": "No onions",
                "course": 1,
                "allergens": [],
                "allergy_alert": [],
                "station_id": house.station.pk,
                "steps": [
                    {
                        "name": house.dish.name,
                        "minutes": house.dish.prep_minutes,
                        "station_id": house.station.pk,
                        "station_name": house.station.name,
                    }
                ],
                "recipe_version": None,
            }
        ],
        "priority": "normal",
        "complexity": 2,
        "estimated_minutes": 10,
        "estimated_ready_at": shown["estimated_ready_at"],
        "created_at": reply.body["created_at"],
    }
    assert every(house.caller(role), order).body["results"] == [reply.body]


def test_versions_are_told_newest_first(house: House) -> None:
    order = changed(house, 2)

    versions = every(house.waiter, order).body["results"]

    assert [(row["version"], row["notes"]) for row in versions] == [(3, "Note 1"), (2, "Note 0"), (1, "")]
    assert latest(house.waiter, order).body == versions[0]
    assert [latest(house.waiter, order, f"?version={n}").body for n in (3, 2, 1)] == versions


def test_pages_of_versions_follow_each_other(house: House) -> None:
    order = changed(house, 2)
    first = every(house.waiter, order, "?limit=2").body

    second = house.waiter.get(first["next"]).body

    assert [row["version"] for row in first["results"] + second["results"]] == [3, 2, 1]
    assert (first["previous"], second["next"]) == (None, None)
    assert house.waiter.get(second["previous"]).body["results"] == first["results"]


def test_not_found_when_the_kitchen_has_not_got_the_order(house: House) -> None:
    order = house.order()

    assert [latest(house.waiter, order).status, every(house.waiter, order).status] == [404, 404]


def test_not_found_when_there_is_no_such_version(house: House) -> None:
    reply = latest(house.waiter, house.confirmed(), "?version=2")

    assert (reply.status, reply.body["code"]) == (404, "not_found")


def test_not_found_when_the_order_is_another_restaurants(house: House, foreign: House) -> None:
    order = foreign.confirmed()

    assert [latest(house.manager, order).status, every(house.manager, order).status] == [404, 404]


@pytest.mark.parametrize("query", ["version=0", "version=x", "version=-1", "version=1&version=2", "latest=true"])
def test_bad_request_when_the_query_is_wrong(house: House, query: str) -> None:
    reply = latest(house.waiter, house.confirmed(), f"?{query}")

    assert (reply.status, [pointer for pointer, _ in reply.pointers]) == (400, [f"/{query.split('=', maxsplit=1)[0]}"])


@pytest.mark.parametrize(
    ("scope", "status"), [(Scope.ORDERS_READ, 200), (Scope.KITCHEN_READ, 200), (Scope.KITCHEN_WRITE, 403)]
)
def test_devices_read_them_when_they_read_orders_or_tickets(house: House, scope: Scope, status: int) -> None:
    order, device = house.confirmed(), house.device(scope)

    assert [latest(device, order).status, every(device, order).status] == [status, status]


def test_unauthenticated_when_nobody_signed_in(house: House) -> None:
    order = house.confirmed()

    assert [latest(Caller(), order).status, every(Caller(), order).status] == [401, 401]


def test_contract_stays_when_its_order_is_cancelled(house: House) -> None:
    order = house.confirmed()
    before = latest(house.waiter, order).body
    house.manager.put(f"/api/orders/{order['id']}/status", {"status": "cancelled", "reason": "fire"})

    assert latest(house.waiter, order).body == before


@pytest.mark.parametrize("changes", [0, 9])
def test_reads_take_as_many_queries_however_many_versions(
    house: House, changes: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    order = changed(house, changes)
    latest(house.waiter, order)

    with django_assert_num_queries(2):
        latest(house.waiter, order)
    with django_assert_num_queries(3):
        reply = every(house.waiter, order)

    assert len(reply.body["results"]) == changes + 1
