"""What is refused before any service hears of it: nothing stored, nothing announced, every wrong field named."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from orders.models import Customer, Order

if TYPE_CHECKING:
    from tests.callers import House

pytestmark = pytest.mark.django_db
BIG = 2**63
ITEM = {"menu_item_id": 1, "quantity": 1}


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"channel": None}, [("/channel", "null")]),
        ({"channel": "drive_in"}, [("/channel", "invalid_choice")]),
        ({"channel": 1}, [("/channel", "invalid_choice")]),
        ({"channel": ["dine_in"]}, [("/channel", "invalid_choice")]),
        ({"table_id": "1"}, [("/table_id", "invalid")]),
        ({"table_id": True}, [("/table_id", "invalid")]),
        ({"table_id": 1.0}, [("/table_id", "invalid")]),
        ({"table_id": 0}, [("/table_id", "min_value")]),
        ({"table_id": BIG}, [("/table_id", "max_value")]),
        ({"customer_id": {}}, [("/customer_id", "invalid")]),
        ({"customer": "Ada"}, [("/customer", "invalid")]),
        ({"customer": {}}, [("/customer", "required")]),
        ({"customer": {"name": ""}}, [("/customer", "required")]),
        ({"customer": {"nick": "A", "email": "no"}}, [("/customer/email", "invalid"), ("/customer/nick", "unknown")]),
        ({"customer": {"name": "x" * 101}}, [("/customer/name", "max_length")]),
        ({"customer": {"name": "A"}, "customer_id": 1}, [("/customer_id", "conflict")]),
        ({"priority": "urgent"}, [("/priority", "invalid_choice")]),
        ({"notes": 5}, [("/notes", "invalid")]),
        ({"notes": "x" * 1001}, [("/notes", "max_length")]),
        ({"notes": "a\x00b"}, [("/notes", "null_characters_not_allowed")]),
        ({"external_id": "x" * 101}, [("/external_id", "max_length")]),
        ({"draft": "true"}, [("/draft", "invalid")]),
        ({"draft": 1}, [("/draft", "invalid")]),
        ({"allergen_ids": 1}, [("/allergen_ids", "not_a_list")]),
        ({"allergen_ids": [1, "2"]}, [("/allergen_ids/1", "invalid")]),
        ({"price": "1.00"}, [("/price", "unknown")]),
        ({"a/b~c": 1}, [("/a~1b~0c", "unknown")]),
        ({"items": None}, [("/items", "null")]),
        ({"items": {}}, [("/items", "not_a_list")]),
        ({"items": []}, [("/items", "min_length")]),
        ({"items": [ITEM] * 101}, [("/items", "max_length")]),
        ({"items": ["x"]}, [("/items/0", "invalid")]),
        ({"items": [{}]}, [("/items/0/menu_item_id", "required"), ("/items/0/quantity", "required")]),
        ({"items": [ITEM, ITEM | {"quantity": 0}]}, [("/items/1/quantity", "min_value")]),
        ({"items": [ITEM | {"quantity": 100}]}, [("/items/0/quantity", "max_value")]),
        ({"items": [ITEM | {"quantity": "2"}]}, [("/items/0/quantity", "invalid")]),
        ({"items": [ITEM | {"quantity": True}]}, [("/items/0/quantity", "invalid")]),
        ({"items": [ITEM | {"quantity": 1.5}]}, [("/items/0/quantity", "invalid")]),
        ({"items": [ITEM | {"menu_item_id": BIG}]}, [("/items/0/menu_item_id", "max_value")]),
        ({"items": [ITEM | {"course": 0}]}, [("/items/0/course", "min_value")]),
        ({"items": [ITEM | {"course": 21}]}, [("/items/0/course", "max_value")]),
        ({"items": [ITEM | {"special_instructions": "x" * 501}]}, [("/items/0/special_instructions", "max_length")]),
        ({"items": [ITEM | {"modifier_ids": [None]}]}, [("/items/0/modifier_ids/0", "null")]),
        ({"items": [ITEM | {"unit_price": "0.01"}]}, [("/items/0/unit_price", "unknown")]),
        (
            {"table_id": "1", "notes": 5, "items": [ITEM | {"quantity": 0, "x": 1}]},
            [
                ("/items/0/quantity", "min_value"),
                ("/items/0/x", "unknown"),
                ("/notes", "invalid"),
                ("/table_id", "invalid"),
            ],
        ),
    ],
)
def test_every_wrong_field_is_named_when_an_order_is_malformed(
    house: House, changes: dict[str, Any], errors: list[tuple[str, str]]
) -> None:
    caller, before = house.waiter, house.announced()

    reply = caller.post("/api/orders", house.order_body() | changes)

    assert (reply.status, reply.body["code"]) == (400, "invalid")
    assert reply.pointers == errors
    assert (Order.objects.count(), Customer.objects.count(), house.announced()) == (0, 0, before)


@pytest.mark.parametrize(
    "value", [5, 5.5, True, "5,00", "-1.00", "1.005", "NaN", "1e3", "", " 5", "123456789.00", None]
)
def test_discount_is_refused_when_it_is_no_decimal_string(house: House, value: Any) -> None:
    order = house.order()
    caller, before = house.manager, house.announced()

    reply = caller.patch(f"/api/orders/{order['id']}", {"discount_amount": value})

    assert (reply.status, [pointer for pointer, _ in reply.pointers]) == (400, ["/discount_amount"])
    assert house.announced() == before


@pytest.mark.parametrize(
    ("method", "suffix", "body", "pointer"),
    [
        ("PATCH", "", {"status": "ready"}, "/status"),
        ("PATCH", "", {"notes": None}, "/notes"),
        ("PATCH", "", {"version": "1"}, "/version"),
        ("PATCH", "", {"channel": "x"}, "/channel"),
        ("PUT", "/status", {}, "/status"),
        ("PUT", "/status", {"status": "gone"}, "/status"),
        ("PUT", "/status", {"status": "cancelled", "reason": "x" * 501}, "/reason"),
        ("PUT", "/status", {"status": "cancelled", "why": "x"}, "/why"),
        ("PUT", "/confirm", {"now": True}, "/now"),
        ("DELETE", "?reason=" + "x" * 501, None, "/reason"),
        ("DELETE", "?why=x", None, "/why"),
        ("POST", "/items", {"items": [], "note": ""}, "/items"),
        ("POST", "/items", {"quantity": 1}, "/menu_item_id"),
        ("POST", "/items", {"menu_item_id": 1, "quantity": 1, "price": "1"}, "/price"),
        ("PATCH", "/items/{item}", {"quantity": None}, "/quantity"),
        ("PATCH", "/items/{item}", {"menu_item_id": 1}, "/menu_item_id"),
        ("PATCH", "/items/{item}/status", {"status": "eaten"}, "/status"),
        ("GET", "?fields=id", None, "/fields"),
    ],
)
def test_nothing_changes_when_a_field_is_wrong(house: House, method: str, suffix: str, body: Any, pointer: str) -> None:
    order = house.order()
    before = house.announced()

    path = f"/api/orders/{order['id']}{suffix.format(item=order['items'][0]['id'])}"
    reply = house.waiter.call(method, path, body)

    assert (reply.status, reply.body["code"]) == (400, "invalid")
    assert pointer in [found for found, _ in reply.pointers]
    assert (house.waiter.get(f"/api/orders/{order['id']}").body, house.announced()) == (order, before)


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"",
        b"null x",
        b'{"channel": NaN}',
        b'{"table_id": Infinity}',
        b'{"table_id": 1e999}',
        b'{"notes": "\xff"}',
        b'{"notes": "\\ud800"}',
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"\xef\xbb\xbf{}",
        b'"order"',
        b"[]",
        b"null",
        b"1",
    ],
)
def test_bad_request_when_the_body_is_no_json_object(house: House, raw: bytes) -> None:
    caller, before = house.waiter, house.announced()

    reply = caller.call("POST", "/api/orders", raw, content_type="application/json")

    assert reply.status == 400
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert (Order.objects.count(), house.announced()) == (0, before)


@pytest.mark.parametrize("depth", [1, 500, 900])
def test_bad_request_when_a_value_is_nested(house: House, depth: int) -> None:
    deep: Any = 1
    for _ in range(depth):
        deep = [deep]

    reply = house.manager.post("/api/orders", {"channel": "takeaway", "items": [{**ITEM, "quantity": deep}]})

    assert (reply.status, reply.pointers) == (400, [("/items/0/quantity", "invalid")])
    assert reply.body["errors"][0]["detail"] == "A whole number such as 12 is wanted here, not a list."


@pytest.mark.parametrize(("sent", "told"), [("grün", '"grün"'), ({"a": 1}, "an object")])
def test_refusal_names_what_was_sent(house: House, sent: Any, told: str) -> None:
    reply = house.manager.post("/api/orders", {"channel": "takeaway", "items": [{**ITEM, "quantity": sent}]})

    assert reply.status == 400
    assert reply.body["errors"][0]["detail"] == f"A whole number such as 12 is wanted here, not {told}."


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "application/json; charset=latin-1",
        "nonsense",
    ],
)
def test_unsupported_when_the_body_is_of_another_type(house: House, content_type: str) -> None:
    reply = house.waiter.call("POST", "/api/orders", b"{}", content_type=content_type)

    assert (reply.status, reply.body["code"]) == (415, "unsupported_media_type")


def test_body_is_taken_when_its_charset_is_named(house: House) -> None:
    raw = json.dumps(house.order_body()).encode()

    reply = house.waiter.call("POST", "/api/orders", raw, content_type="Application/JSON; charset=UTF-8")

    assert reply.status == 201


def test_too_large_when_the_body_is_over_a_mebibyte(house: House) -> None:
    body = house.order_body(notes="x" * (1024 * 1024))

    reply = house.waiter.post("/api/orders", body)

    assert (reply.status, reply.body["code"]) == (413, "too_large")
    assert Order.objects.count() == 0


def test_not_acceptable_when_the_client_takes_no_json(house: House) -> None:
    reply = house.waiter.get("/api/orders", accept="text/csv")

    assert (reply.status, reply.body["code"]) == (406, "not_acceptable")


@pytest.mark.parametrize(
    "query",
    [
        "status=gone",
        "status=",
        "status=pending,gone",
        "channel=drive_in",
        "table=x",
        "table=-1",
        f"table={BIG}",
        "table=1&table=2",
        "open=maybe",
        "open=1",
        "created_after=yesterday",
        "created_before=2026-13-01T00:00:00Z",
        "updated_after=%00",
        "search=",
        "search=a%00b",
        "limit=0",
        "limit=-1",
        "limit=ten",
        "limit=1.5",
        "cursor=x",
        "cursor=",
        "ordering=name",
        "ordering=id,created_at",
        "colour=red",
        "format=json",
    ],
)
def test_bad_request_when_a_filter_is_unknown_or_malformed(house: House, query: str) -> None:
    reply = house.waiter.get(f"/api/orders?{query}")

    assert (reply.status, reply.body["code"]) == (400, "invalid")
    assert [pointer.split("/")[1] for pointer, _ in reply.pointers] == [query.split("=", maxsplit=1)[0]]
