"""Customers over REST: kept by waiters and cashiers, listed and searched at a constant cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from orders.models import Customer
from orders.states import Role
from tests.callers import Caller
from tests.factories import CustomerFactory

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

    from tests.callers import House

pytestmark = pytest.mark.django_db
ADA = {"name": "Ada Byron", "phone": "+44 20 1234", "email": "ada@byron.example"}


@pytest.mark.parametrize("role", [Role.OWNER, Role.MANAGER, Role.WAITER, Role.CASHIER])
def test_customer_is_made_and_changed_by_the_floor(house: House, role: Role) -> None:
    caller = house.caller(role)

    made = caller.post("/api/customers", ADA)
    changed = caller.patch(made.headers["Location"], {"phone": None})

    created_at = made.body["created_at"]
    assert (made.status, made.body) == (201, {"id": made.body["id"], **ADA, "created_at": created_at})
    assert (changed.status, changed.body) == (200, made.body | {"phone": None})
    assert house.cook.get(made.headers["Location"]).body == changed.body


def test_forbidden_when_the_kitchen_writes_or_the_floor_erases(house: House) -> None:
    row = CustomerFactory(restaurant=house.restaurant, name="Ada")
    address = f"/api/customers/{row.pk}"

    replies = [house.cook.post("/api/customers", ADA), house.cook.patch(address, ADA), house.cook.delete(address)]
    replies += [house.waiter.delete(address), house.cashier.delete(address)]

    assert [reply.status for reply in replies] == [403] * 5
    assert Customer.objects.get().name == "Ada"


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({"name": 5}, [("/name", "invalid")]),
        ({"name": "x" * 101}, [("/name", "max_length")]),
        ({"name": "a\0b"}, [("/name", "null_characters_not_allowed")]),
        ({"phone": "1" * 33}, [("/phone", "max_length")]),
        ({"phone": 1234}, [("/phone", "invalid")]),
        ({"email": "nobody"}, [("/email", "invalid")]),
        ({"email": f"{'x' * 250}@b.example"}, [("/email", "max_length")]),
        ({"nick": "A", "id": 1}, [("/id", "unknown"), ("/nick", "unknown")]),
    ],
)
def test_every_wrong_field_is_named_when_a_customer_is_malformed(
    house: House, body: dict[str, Any], pointers: list[tuple[str, str]]
) -> None:
    row = CustomerFactory(restaurant=house.restaurant)

    made = house.waiter.post("/api/customers", body)
    changed = house.waiter.patch(f"/api/customers/{row.pk}", body)

    assert [(reply.status, reply.pointers) for reply in (made, changed)] == [(400, pointers)] * 2
    assert Customer.objects.count() == 1


def test_bad_request_when_nothing_is_known(house: House) -> None:
    row = CustomerFactory(restaurant=house.restaurant, name="Ada")

    nobody = [house.waiter.post("/api/customers", body) for body in ({}, {"name": None}, {"name": "", "phone": ""})]
    nobody.append(house.waiter.patch(f"/api/customers/{row.pk}", {"name": ""}))

    assert [(reply.status, reply.pointers) for reply in nobody] == [(400, [("", "required")])] * 4
    assert house.waiter.patch(f"/api/customers/{row.pk}", {}).status == 200


def test_not_found_when_the_customer_is_another_restaurants(house: House, foreign: House) -> None:
    row = CustomerFactory(restaurant=foreign.restaurant, name="Ada")
    address = f"/api/customers/{row.pk}"

    replies = [house.waiter.get(address), house.waiter.patch(address, ADA), house.manager.delete(address)]

    assert [reply.status for reply in replies] == [404] * 3
    assert house.waiter.get("/api/customers").body["results"] == []
    assert Customer.objects.get().name == "Ada"


def test_unauthenticated_when_nobody_signed_in(house: House) -> None:
    assert [Caller().get("/api/customers").status, Caller().post("/api/customers", ADA).status] == [401, 401]


def test_pages_follow_each_other_newest_first(house: House) -> None:
    rows = [CustomerFactory(restaurant=house.restaurant).pk for _ in range(5)][::-1]
    link: str | None = "/api/customers?limit=2"
    pages = []

    while link:
        page = house.waiter.get(link).body
        pages.append([row["id"] for row in page["results"]])
        CustomerFactory(restaurant=house.restaurant)
        link = page["next"]

    assert pages == [rows[:2], rows[2:4], rows[4:]]


@pytest.mark.parametrize("many", [1000, 1])
@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("byr", ["Ada Byron", "Annabella Byron"]),
        ("ada", ["Ada Byron", "Adam"]),
        ("byron ada", ["Ada Byron"]),
        ("ada@", ["Ada Byron"]),
        ("+44 (20)", ["Ada Byron"]),
        ("yron", []),
        ("%", []),
        ("'", []),
    ],
)
def test_search_finds_who_is_meant_however_many_there_are(
    house: House, foreign: House, monkeypatch: pytest.MonkeyPatch, words: str, found: list[str], many: int
) -> None:
    monkeypatch.setattr("orders.api.customers.MANY_GUESTS", many)
    CustomerFactory(restaurant=foreign.restaurant, name="Ada Byron")
    for row in ({"name": "Annabella Byron"}, {"name": "Adam"}, ADA):
        CustomerFactory(restaurant=house.restaurant, **row)

    page = house.waiter.get(f"/api/customers?limit=1&search={quote(words)}").body
    names = [row["name"] for row in page["results"]]
    while page["next"]:
        page = house.waiter.get(page["next"]).body
        names += [row["name"] for row in page["results"]]

    assert sorted(names) == found


@pytest.mark.parametrize("query", ["search=a%00b", "search=" + "x" * 101, "name=x", "limit=0"])
def test_bad_request_when_a_parameter_is_wrong(house: House, query: str) -> None:
    assert house.waiter.get(f"/api/customers?{query}").status == 400


@pytest.mark.parametrize("rows", [1, 8])
def test_lists_take_a_constant_number_of_queries(
    house: House, rows: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    row, *_ = [CustomerFactory(restaurant=house.restaurant, name="Ada") for _ in range(rows)]
    reader = house.waiter
    reader.get("/api/counters")

    for address, queries in (("/api/customers", 2), ("/api/customers?search=ada", 3), (f"/api/customers/{row.pk}", 2)):
        with django_assert_num_queries(queries):
            assert reader.get(address).status == 200


def test_customer_is_made_once_when_the_key_is_the_same(house: House) -> None:
    first, second = [house.waiter.post("/api/customers", ADA, idempotency_key="a") for _ in range(2)]

    assert (second.body, second.headers["Idempotency-Replayed"], Customer.objects.count()) == (first.body, "true", 1)
