"""Tables over REST: set up by the manager, their codes ended and made anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from orders.models import Table
from orders.states import Role
from orders.tokens import table_of
from tests.factories import TableFactory

if TYPE_CHECKING:
    from tests.callers import House

pytestmark = pytest.mark.django_db


def test_table_is_made_changed_and_deleted_by_a_manager(house: House) -> None:
    made = house.manager.post("/api/tables", {"name": "12", "seats": 6, "area": "Terrace"})
    address = f"/api/tables/{made.body['id']}"
    changed = house.manager.patch(address, {"seats": 8})

    assert (made.status, made.headers["Location"]) == (201, address)
    assert (made.body["name"], made.body["seats"], made.body["area"]) == ("12", 6, "Terrace")
    assert changed.body == made.body | {"seats": 8}
    assert (house.manager.delete(address).status, Table.objects.filter(name="12").count()) == (204, 0)


def test_defaults_stand_when_only_the_name_is_sent(house: House) -> None:
    reply = house.manager.post("/api/tables", {"name": "12"})

    assert (reply.body["seats"], reply.body["area"]) == (4, "")


@pytest.mark.parametrize("role", [Role.WAITER, Role.KITCHEN, Role.CASHIER])
def test_forbidden_when_another_role_writes(house: House, role: Role) -> None:
    caller, address = house.caller(role), f"/api/tables/{house.table.pk}"

    replies = [caller.post("/api/tables", {"name": "x"}), caller.patch(address, {"name": "x"}), caller.delete(address)]
    replies.append(caller.post(f"{address}/rotate-token"))

    assert [reply.status for reply in replies] == [403] * 4
    assert Table.objects.get().name == house.table.name


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({"name": None}, [("/name", "null")]),
        ({"name": "x" * 21}, [("/name", "max_length")]),
        ({"name": "a\0b"}, [("/name", "null_characters_not_allowed")]),
        ({"seats": 0}, [("/seats", "min_value")]),
        ({"seats": 2**15}, [("/seats", "max_value")]),
        ({"seats": "4"}, [("/seats", "invalid")]),
        ({"area": None}, [("/area", "null")]),
        ({"area": "x" * 51}, [("/area", "max_length")]),
        ({"token": "x", "nonce": "x"}, [("/nonce", "unknown"), ("/token", "unknown")]),
    ],
)
def test_bad_request_when_a_table_is_malformed(house: House, body: Any, pointers: list[tuple[str, str]]) -> None:
    made = house.manager.post("/api/tables", {"name": "12", **body})
    changed = house.manager.patch(f"/api/tables/{house.table.pk}", body)

    assert [(reply.status, reply.pointers) for reply in (made, changed)] == [(400, pointers)] * 2


def test_duplicate_when_the_name_is_taken(house: House) -> None:
    other = TableFactory(restaurant=house.restaurant)

    made = house.manager.post("/api/tables", {"name": other.name})
    renamed = house.manager.patch(f"/api/tables/{house.table.pk}", {"name": other.name})

    assert [(reply.status, reply.pointers) for reply in (made, renamed)] == [(409, [("/name", "duplicate")])] * 2


def test_in_use_when_a_table_with_orders_is_deleted(house: House) -> None:
    house.order()

    reply = house.manager.delete(f"/api/tables/{house.table.pk}")

    assert (reply.status, reply.body["code"]) == (409, "in_use")
    assert reply.body["detail"] == f"{house.table.name} can't be deleted. There are orders of it."


def test_old_code_ends_when_the_token_is_rotated(house: House) -> None:
    address = f"/api/tables/{house.table.pk}"
    old = house.manager.get(address).body["token"]

    reply = house.manager.post(f"{address}/rotate-token")

    assert (reply.status, table_of(old), table_of(reply.body["token"])) == (200, None, house.table)
    assert reply.body == house.waiter.get(address).body


def test_token_is_rotated_once_when_the_key_is_the_same(house: House) -> None:
    address = f"/api/tables/{house.table.pk}/rotate-token"

    first, second = [house.manager.post(address, idempotency_key="r") for _ in range(2)]

    assert (second.body, second.headers["Idempotency-Replayed"]) == (first.body, "true")


def test_not_found_when_the_table_is_another_restaurants(house: House, foreign: House) -> None:
    address, nonce = f"/api/tables/{foreign.table.pk}", foreign.table.nonce

    replies = [house.manager.patch(address, {"name": "x"}), house.manager.delete(address)]
    replies.append(house.manager.post(f"{address}/rotate-token"))

    assert [reply.status for reply in replies] == [404] * 3
    assert Table.objects.get(pk=foreign.table.pk).nonce == nonce


def test_unknown_field_is_refused_when_a_token_is_rotated(house: House) -> None:
    reply = house.manager.post(f"/api/tables/{house.table.pk}/rotate-token", {"token": "mine"})

    assert (reply.status, reply.pointers) == (400, [("/token", "unknown")])
