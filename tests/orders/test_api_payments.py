"""Payments and refunds over REST: who may, what is refused and how, and the lists."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

from orders.models import Order, Payment, Refund
from orders.states import PaymentMethod, Role
from tests.callers import Caller
from tests.factories import CounterFactory
from tests.streams import at_once

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

    from tests.callers import House

pytestmark = pytest.mark.django_db
ROLES = list(Role)


def body(order: dict[str, Any], amount: str = "5.00", **others: Any) -> dict[str, Any]:
    return {"order_id": order["id"], "amount": amount, "method": "card", **others}


def pay(house: House, order: dict[str, Any], amount: str = "5.00", **others: Any) -> dict[str, Any]:
    reply = house.cashier.post("/api/payments", body(order, amount, **others))
    assert reply.status == 201, reply.body
    paid: dict[str, Any] = reply.body
    return paid


def ids(page: dict[str, Any]) -> list[int]:
    return [row["id"] for row in page["results"]]


# Taking -------------------------------------------------------------------------------------------


def test_payment_is_answered_whole_when_it_is_taken(house: House) -> None:
    order = house.order(2)
    till = CounterFactory(restaurant=house.restaurant)
    sent = body(
        order, "15.00", method="cash", tendered="20.00", counter_id=till.pk, transaction_reference="Till 1/0815"
    )

    reply = house.cashier.post("/api/payments/", sent)

    assert (reply.status, reply.headers["Location"]) == (201, f"/api/payments/{reply.body['id']}")
    assert {name: value for name, value in reply.body.items() if name not in ("id", "created_at")} == {
        "order_id": order["id"],
        "amount": "15.00",
        "method": "cash",
        "tendered": "20.00",
        "change": "5.00",
        "counter_id": till.pk,
        "transaction_reference": "Till 1/0815",
        "status": "success",
        "refunded_amount": "0.00",
    }
    assert house.cashier.get(reply.headers["Location"]).body == reply.body
    paid = house.waiter.get(f"/api/orders/{order['id']}").body
    assert (paid["paid_amount"], paid["payment_status"], paid["version"]) == ("15.00", "partial", 2)


def test_fields_may_be_null_or_left_out_when_they_say_nothing(house: House) -> None:
    order = house.order(2)
    nothing: dict[str, Any] = {"tendered": None, "counter_id": None, "transaction_reference": None}

    replies = [house.cashier.post("/api/payments", body(order) | extra) for extra in ({}, nothing)]

    assert [reply.status for reply in replies] == [201, 201]
    assert [(reply.body["tendered"], reply.body["counter_id"]) for reply in replies] == [(None, None)] * 2
    assert all(reply.body["transaction_reference"].startswith("PAY-") for reply in replies)
    blank = house.cashier.post("/api/payments", body(order, transaction_reference="  "))
    assert blank.body["transaction_reference"].startswith("PAY-")


def test_refusal_names_what_is_open_when_more_would_be_paid(house: House) -> None:
    order = house.order(2)
    pay(house, order, "15.00")

    reply = house.cashier.post("/api/payments", body(order, "4.01"))

    assert (reply.status, reply.body["code"], reply.body["open"]) == (409, "overpaid", "4.00")


def test_refusal_names_what_to_give_back_when_less_would_be_left_than_was_paid(house: House) -> None:
    order = house.order(2)
    pay(house, order, "19.00")
    item = f"/api/orders/{order['id']}/items/{order['items'][0]['id']}"

    replies = [
        house.manager.patch(item, {"quantity": 1}),
        house.manager.patch(f"/api/orders/{order['id']}", {"discount_amount": "9.50"}),
        house.manager.delete(item),
    ]

    assert [(reply.status, reply.body["code"], reply.body["to_refund"]) for reply in replies] == [
        (409, "overpaid", "9.50"),
        (409, "overpaid", "9.50"),
        (409, "overpaid", "19.00"),
    ]


@pytest.mark.parametrize("role", ROLES)
def test_payments_are_taken_and_seen_by_those_who_may(house: House, role: Role) -> None:
    order = house.order(2)
    paid = pay(house, order)
    caller = house.caller(role)

    statuses = [
        caller.post("/api/payments", body(order)).status,
        caller.get("/api/payments").status,
        caller.get(f"/api/payments/{paid['id']}").status,
        caller.post(f"/api/payments/{paid['id']}/refund", {"amount": "1.00", "reason": "Cold"}).status,
    ]

    expected = {
        Role.OWNER: [201, 200, 200, 201],
        Role.MANAGER: [201, 200, 200, 201],
        Role.CASHIER: [201, 200, 200, 403],
        Role.WAITER: [403, 403, 403, 403],
        Role.KITCHEN: [403, 403, 403, 403],
    }
    assert statuses == expected[role]


def paired(house: House, *scopes: str, counter_id: int | None = None) -> Caller:
    sent = {"name": "Till one", "kind": "counter", "scopes": list(scopes), "counter_id": counter_id}
    return Caller(token=house.manager.post("/api/devices", sent).body["key"])


def test_device_does_what_its_scopes_say(house: House) -> None:
    till = CounterFactory(restaurant=house.restaurant)
    order = house.order(2)
    writes, reads = paired(house, "payments:write", counter_id=till.pk), paired(house, "payments:read")

    paid = writes.post("/api/payments", body(order), idempotency_key="a")

    assert (paid.status, paid.body["counter_id"]) == (201, till.pk)
    assert writes.post("/api/payments", body(order), idempotency_key="a").body == paid.body
    assert ids(reads.get("/api/payments").body) == [paid.body["id"]]
    assert [row["id"] for row in reads.get("/api/counters").body["results"]] == [till.pk]
    refused = [
        writes.get("/api/payments"),
        writes.get(f"/api/payments/{paid.body['id']}"),
        writes.post(f"/api/payments/{paid.body['id']}/refund", {"reason": "Cold"}),
        writes.post("/api/counters", {"name": "New"}),
        reads.post("/api/payments", body(order)),
    ]
    assert [reply.status for reply in refused] == [403] * 5


def test_nobody_pays_without_a_token(house: House) -> None:
    nobody = Caller()

    assert nobody.post("/api/payments", body(house.order())).status == 401
    assert nobody.get("/api/payments").status == 401


WRONG_AMOUNTS: list[Any] = [
    None, 5, 5.0, True, "", " 5", "5,00", "5.001", "-5.00", "0", "0.00", "NaN", "Infinity", "1e3", "٥", "999999999.00",
    [], {},
]  # fmt: skip
WRONG_REASONS: list[Any] = [None, "", "  ", 1, [], "x" * 501]
WRONG_IDS: list[Any] = [None, 0, -1, "1", 1.0, True, 2**63, [], {}]


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("order_id", WRONG_IDS),
        ("amount", WRONG_AMOUNTS),
        ("method", [None, "", "CASH", "cheque", 1, True, [], {}, "card\0"]),
        ("tendered", WRONG_AMOUNTS[1:]),
        ("counter_id", WRONG_IDS[1:]),
        ("transaction_reference", [1, True, [], {}, "x" * 101, "a\0b", "\ud800"]),
        ("status", ["success"]),
    ],
)
def test_bad_request_names_the_field_when_its_value_is_wrong(house: House, field: str, values: list[Any]) -> None:
    order = house.order(2)

    replies = {repr(value): house.cashier.post("/api/payments", body(order) | {field: value}) for value in values}

    assert {value: reply.status for value, reply in replies.items()} == dict.fromkeys(replies, 400)
    for reply in replies.values():
        assert not reply.body["errors"] or [pointer for pointer, _ in reply.pointers] == [f"/{field}"]
    assert not Payment.objects.exists()


@pytest.mark.parametrize("sent", [b"", b"[]", b"null", b'"x"', b"{", b'{"amount": NaN}', b"\xff"])
def test_bad_request_when_the_body_is_no_payment(house: House, sent: bytes) -> None:
    assert house.cashier.post("/api/payments", sent).status == 400


def test_every_missing_field_is_named(house: House) -> None:
    reply = house.cashier.post("/api/payments", {})

    assert reply.pointers == [("/amount", "required"), ("/method", "required"), ("/order_id", "required")]


def test_not_found_when_a_row_is_unknown_or_another_restaurants(house: House, foreign: House) -> None:
    own, theirs = house.order(), foreign.order()
    their_till = CounterFactory(restaurant=foreign.restaurant)
    their_payment = pay(foreign, theirs)["id"]

    replies = [
        house.cashier.post("/api/payments", body(theirs)),
        house.cashier.post("/api/payments", body({"id": 2**63 - 1})),
        house.cashier.post("/api/payments", body(own, counter_id=their_till.pk)),
        house.cashier.get(f"/api/payments/{their_payment}"),
        house.manager.post(f"/api/payments/{their_payment}/refund", {"reason": "Cold"}),
        house.manager.post(f"/api/payments/{2**63 - 1}/refund", {"reason": "Cold"}),
    ]

    assert [reply.status for reply in replies] == [404] * 6
    assert [reply.pointers for reply in replies[:3]] == [
        [("/order_id", "not_found")],
        [("/order_id", "not_found")],
        [("/counter_id", "not_found")],
    ]
    assert Payment.objects.filter(restaurant=house.restaurant).count() == 0


@pytest.mark.parametrize("amount", ["99999999.99", "9.51"])
def test_conflict_when_an_enormous_amount_is_paid(house: House, amount: str) -> None:
    assert house.cashier.post("/api/payments", body(house.order(), amount)).body["code"] == "overpaid"


def test_enormous_cash_is_changed(house: House) -> None:
    paid = pay(house, house.order(), "9.50", method="cash", tendered="99999999.99")

    assert paid["change"] == "99999990.49"


def test_conflict_when_the_reference_is_in_use(house: House) -> None:
    order = house.order(2)
    pay(house, order, transaction_reference="TRX-1")

    reply = house.cashier.post("/api/payments", body(order, transaction_reference="TRX-1"))

    assert (reply.status, reply.body["code"]) == (409, "duplicate")
    assert reply.pointers == [("/transaction_reference", "duplicate")]


@pytest.mark.parametrize("status", ["draft", "cancelled"])
def test_conflict_when_there_is_nothing_to_pay(house: House, status: str) -> None:
    order = house.order(draft=status == "draft")
    if status == "cancelled":
        house.manager.put(f"/api/orders/{order['id']}/status", {"status": "cancelled"})

    reply = house.cashier.post("/api/payments", body(order))

    assert (reply.status, reply.body["code"]) == (409, "not_payable")


def test_payment_and_refund_are_made_once_when_their_keys_come_twice(house: House) -> None:
    order = house.order()
    sent = body(order, "9.50")

    first, second = [house.manager.post("/api/payments", sent, idempotency_key="p") for _ in range(2)]
    address = f"/api/payments/{first.body['id']}/refund"
    given, again = [house.manager.post(address, {"reason": "Cold"}, idempotency_key="r") for _ in range(2)]

    assert (second.status, second.body, second.headers["Idempotency-Replayed"]) == (201, first.body, "true")
    assert (again.status, again.body, again.headers["Idempotency-Replayed"]) == (201, given.body, "true")
    assert (Payment.objects.count(), Refund.objects.count()) == (1, 1)
    assert house.manager.post("/api/payments", body(order, "1.00"), idempotency_key="p").status == 422


@pytest.mark.django_db(transaction=True)
def test_one_payment_is_made_when_one_key_comes_at_once_many_times(house: House) -> None:
    sent = body(house.order(2), "19.00")
    callers = [Caller(token=house.cashier.token) for _ in range(6)]

    replies = at_once([partial(caller.post, "/api/payments", sent, idempotency_key="p") for caller in callers])

    assert Payment.objects.count() == 1
    assert {reply.status for reply in replies} <= {201, 409}
    assert {reply.body["code"] for reply in replies if reply.status == 409} <= {"idempotency_in_progress"}
    assert len({reply.body["id"] for reply in replies if reply.status == 201}) == 1


# Giving back --------------------------------------------------------------------------------------


def test_refund_is_answered_whole_when_it_is_given(house: House) -> None:
    order = house.order(2)
    paid = pay(house, order, "19.00")

    reply = house.manager.post(f"/api/payments/{paid['id']}/refund", {"amount": "4.00", "reason": "It was cold"})

    assert reply.status == 201
    assert {name: value for name, value in reply.body.items() if name not in ("id", "created_at")} == {
        "payment_id": paid["id"],
        "order_id": order["id"],
        "amount": "4.00",
        "reason": "It was cold",
        "transaction_reference": f"REFUND-{paid['transaction_reference']}",
    }
    assert house.cashier.get(f"/api/payments/{paid['id']}").body == paid | {"refunded_amount": "4.00"}
    seen = house.waiter.get(f"/api/orders/{order['id']}").body
    assert (seen["paid_amount"], seen["payment_status"]) == ("15.00", "partially_refunded")


@pytest.mark.parametrize("sent", [{"reason": "Cold"}, {"reason": "Cold", "amount": None}])
def test_all_that_is_left_is_given_back_when_no_amount_is_sent(house: House, sent: dict[str, Any]) -> None:
    paid = pay(house, house.order(2), "19.00")

    assert house.manager.post(f"/api/payments/{paid['id']}/refund", sent).body["amount"] == "19.00"
    again = house.manager.post(f"/api/payments/{paid['id']}/refund", sent)
    assert (again.status, again.body["code"], again.body["left"]) == (409, "refund_too_large", "0.00")


@pytest.mark.parametrize(
    ("sent", "pointers"),
    [
        ({}, ["/reason"]),
        *(({"reason": reason}, ["/reason"]) for reason in WRONG_REASONS),
        *(({"reason": "Cold", "amount": amount}, ["/amount"]) for amount in WRONG_AMOUNTS[1:]),
        ({"reason": "Cold", "order_id": 1}, ["/order_id"]),
    ],
)
def test_bad_request_when_the_refund_is_wrong(house: House, sent: dict[str, Any], pointers: list[str]) -> None:
    paid = pay(house, house.order())

    reply = house.manager.post(f"/api/payments/{paid['id']}/refund", sent)

    assert (reply.status, [pointer for pointer, _ in reply.pointers]) == (400, pointers)
    assert not Refund.objects.exists()


# Lists --------------------------------------------------------------------------------------------


def test_filters_select_what_they_name(house: House) -> None:
    first, second = house.order(2), house.order(2)
    tills = [CounterFactory(restaurant=house.restaurant) for _ in range(2)]
    cash = pay(house, first, method="cash", counter_id=tills[0].pk)
    card = pay(house, first, method="card", counter_id=tills[0].pk)
    code = pay(house, second, method="qris", counter_id=tills[1].pk)
    plain = pay(house, second, method="cash")
    Payment.objects.filter(pk=cash["id"]).update(silently=True, created_at="2026-01-01T00:00:00Z")
    Payment.objects.filter(pk=plain["id"]).update(silently=True, status="failed")
    new = urlencode({"m": code["created_at"]})[2:]
    everything = [plain["id"], code["id"], card["id"], cash["id"]]

    expected = {
        "": everything,
        f"order={first['id']}": [card["id"], cash["id"]],
        f"order={first['id']}&method=cash": [cash["id"]],
        f"counter={tills[0].pk}": [card["id"], cash["id"]],
        f"counter={tills[0].pk}&method=card&status=success": [card["id"]],
        "method=cash": [plain["id"], cash["id"]],
        "method=cash,qris": [plain["id"], code["id"], cash["id"]],
        "method=cash&method=qris&method=cash": [plain["id"], code["id"], cash["id"]],
        "method=transfer": [],
        "status=failed": [plain["id"]],
        "status=success,failed": everything,
        "status=success&method=cash": [cash["id"]],
        f"created_after={new}": [plain["id"], code["id"]],
        f"created_before={new}": [card["id"], cash["id"]],
        f"created_after=2026-01-02T00:00:00Z&created_before={new}": [card["id"]],
        f"created_before={new}&method=cash&counter={tills[0].pk}": [cash["id"]],
        "order=0": [],
        f"counter={2**63 - 1}": [],
    }
    assert {query: ids(house.cashier.get(f"/api/payments?{query}").body) for query in expected} == expected


def test_list_is_of_ones_own_when_others_are_paid_too(house: House, foreign: House) -> None:
    order, theirs = house.order(), foreign.order()
    till = CounterFactory(restaurant=foreign.restaurant)
    own = pay(house, order)
    pay(foreign, theirs, counter_id=till.pk)

    assert ids(house.cashier.get("/api/payments").body) == [own["id"]]
    for query in (f"order={theirs['id']}", f"counter={till.pk}", f"counter={till.pk}&method=card"):
        assert ids(house.cashier.get(f"/api/payments?{query}").body) == []


@pytest.mark.parametrize(
    "query", ["", "method=card,cash&", "created_after=2026-01-01T00:00:00Z&", "status=success&method=card&"]
)
def test_pages_follow_each_other_when_payments_are_taken_in_between(house: House, query: str) -> None:
    order = house.order(20)
    taken = [pay(house, order, "1.00")["id"] for _ in range(5)]
    first = house.cashier.get(f"/api/payments?{query}limit=2").body

    pay(house, order, "1.00")
    second = house.cashier.get(first["next"]).body
    third = house.cashier.get(second["next"]).body

    assert [*ids(first), *ids(second), *ids(third)] == taken[::-1]
    assert third["next"] is None
    assert ids(house.cashier.get(third["previous"]).body) == ids(second)


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("order=x", "/order"),
        ("order=-1", "/order"),
        ("counter=1.0", "/counter"),
        ("method=cheque", "/method/0"),
        ("method=", "/method/0"),
        ("status=open", "/status/0"),
        ("created_after=yesterday", "/created_after"),
        ("created_before=2026-13-01", "/created_before"),
        ("order=1&order=2", "/order"),
        ("reference=PAY", "/reference"),
        ("limit=0", "/limit"),
        ("cursor=x", "/cursor"),
    ],
)
def test_bad_request_when_a_filter_is_unknown_or_malformed(house: House, query: str, pointer: str) -> None:
    reply = house.cashier.get(f"/api/payments?{query}")

    assert (reply.status, [pointer for pointer, _ in reply.pointers]) == (400, [pointer])


@pytest.mark.parametrize("payments", [1, 8])
def test_lists_and_rows_take_a_constant_number_of_queries(
    house: House, payments: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    order = house.order(20)
    till = CounterFactory(restaurant=house.restaurant)
    paid, *_ = [pay(house, order, "1.00", counter_id=till.pk) for _ in range(payments)]
    reader = house.manager
    reader.get("/api/payments")
    # Whether it still stands who calls; then the rows.
    for address in (
        "/api/payments",
        "/api/payments?method=card,cash&status=success",
        f"/api/payments?counter={till.pk}",
        f"/api/payments?order={order['id']}",
        "/api/payments?created_after=2026-01-01T00:00:00Z",
        f"/api/payments/{paid['id']}",
    ):
        with django_assert_num_queries(2):
            assert reader.get(address).status == 200


@pytest.mark.parametrize("before", [0, 6])
def test_paying_costs_the_same_whatever_was_paid_before(
    house: House, before: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    order = house.order(20)
    for _ in range(before):
        pay(house, order, "1.00")
    house.cashier.get("/api/payments")

    with django_assert_num_queries(11):
        assert house.cashier.post("/api/payments", body(order, "1.00")).status == 201


def test_completed_order_says_who_was_not_paid_and_why(house: House) -> None:
    order = house.order()
    for status in ("confirmed", "preparing", "ready", "served"):
        house.manager.put(f"/api/orders/{order['id']}/status", {"status": status})
    address = f"/api/orders/{order['id']}/status"

    refused = house.cashier.put(address, {"status": "completed", "reason": "Trust me"})
    pay(house, order, "9.50", method=PaymentMethod.CASH.value)
    done = house.cashier.put(address, {"status": "completed"})

    assert (refused.status, refused.body["code"]) == (409, "not_paid")
    assert (done.status, done.body["status"], done.body["payment_status"]) == (200, "completed", "paid")
    assert Order.objects.get().unpaid_reason == ""
