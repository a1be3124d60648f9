"""A guest who asks for it is forgotten: in the row, on orders, in history, in stored answers, in what was announced."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from orders.models import Customer, HistoryEntry, Order, StoredAnswer
from orders.tokens import customer_link, guest_pass
from realtime.models import Event
from tests.factories import CustomerFactory

if TYPE_CHECKING:
    from tests.callers import House

pytestmark = pytest.mark.django_db
ADA = {"name": "Ada Lovelace", "phone": "+44 20 1234", "email": "ada@engine.example"}


def _ada(house: House) -> Customer:
    return Customer.objects.get(restaurant=house.restaurant, phone=ADA["phone"])


def _kept(house: House) -> str:
    """Everything that is stored of the restaurant, as one text."""
    events = Event.objects.filter(restaurant=house.restaurant).values_list("data", "changes")
    entries = HistoryEntry.objects.filter(restaurant=house.restaurant).values_list("changes", flat=True)
    orders = Order.objects.filter(restaurant=house.restaurant).values_list("customer_name", flat=True)
    rows = Customer._base_manager.filter(restaurant=house.restaurant).values_list("name", "phone", "email")
    answers = [bytes(kept.body).decode() for kept in StoredAnswer.objects.all()]
    return json.dumps([*map(list, events), *entries, *orders, *map(list, rows), *answers], ensure_ascii=False)


def _pay(house: House, order: dict[str, Any]) -> None:
    body = {"order_id": order["id"], "amount": order["final_amount"], "method": "card"}
    reply = house.cashier.post("/api/payments", body, idempotency_key=f"pay-{order['id']}")
    assert reply.status == 201, reply.body


def test_nothing_that_is_stored_names_a_guest_who_was_erased(house: House) -> None:
    paid = house.order(customer=ADA)
    _pay(house, paid)
    house.waiter.post("/api/orders", house.order_body(customer=ADA), idempotency_key="taken")
    house.manager.put(f"/api/orders/{house.order(customer=ADA)['id']}/status", {"status": "cancelled"})
    house.waiter.patch(f"/api/customers/{_ada(house).pk}", {"name": "Countess Lovelace"})
    house.waiter.post("/api/customers", {"name": "Bob"}, idempotency_key="bob")
    house.order(customer={"name": "Bob"})
    assert "Ada" in _kept(house)

    reply = house.manager.delete(f"/api/customers/{_ada(house).pk}")

    kept = _kept(house)
    assert (reply.status, reply.body) == (204, None)
    assert [part for part in ("Ada", "Lovelace", "Countess", "1234", "engine") if part in kept] == []
    assert "Bob" in kept


def test_numbers_and_everything_else_stay_when_a_guest_is_erased(house: House) -> None:
    _pay(house, house.order(customer=ADA))
    before = list(Event.objects.order_by("seq").values())
    entries = list(HistoryEntry.objects.order_by("id").values())

    house.manager.delete(f"/api/customers/{_ada(house).pk}")

    after = list(Event.objects.order_by("seq").values())[: len(before)]
    assert [event["seq"] for event in after] == [event["seq"] for event in before]
    blank = '"customer_name":null'
    assert [event | {"data": "", "changes": ""} for event in after] == [
        event | {"data": "", "changes": ""} for event in before
    ]
    assert [event["data"] for event in after] == [
        event["data"].replace('"customer_name":"Ada Lovelace"', blank) for event in before
    ]
    left = list(HistoryEntry.objects.order_by("id").values())[: len(entries)]
    assert [entry | {"changes": None} for entry in left] == [entry | {"changes": None} for entry in entries]


def test_open_orders_tell_of_it_without_the_name_when_a_guest_is_erased(house: House) -> None:
    order, other = house.order(customer=ADA), house.order()
    before = house.announced()

    house.manager.delete(f"/api/customers/{_ada(house).pk}")

    event = Event.objects.get(seq=before + 1)
    data = json.loads(event.data)
    assert (house.events()[before:], event.order_id) == (["order:updated"], order["id"])
    assert (data["changed_fields"], data["changes"]["customer_name"]) == (["customer_name"], None)
    assert json.loads(event.changes) == {"customer_name": [None, ""]}
    shown = house.waiter.get(f"/api/orders/{order['id']}").body
    assert (shown["customer_name"], shown["version"]) == (None, order["version"] + 1)
    assert house.waiter.get(f"/api/orders/{other['id']}").body == other


def test_lists_show_closed_orders_without_the_name_when_a_guest_is_erased(house: House) -> None:
    order = house.order(customer=ADA)
    house.manager.put(f"/api/orders/{order['id']}/status", {"status": "cancelled"})
    shown = house.waiter.get("/api/orders").body["results"][0]
    before = house.announced()

    house.manager.delete(f"/api/customers/{_ada(house).pk}")

    row = house.waiter.get("/api/orders").body["results"][0]
    assert (shown["customer_name"], row["customer_name"], row["version"]) == (ADA["name"], None, shown["version"] + 1)
    assert (row["customer_id"], house.announced()) == (shown["customer_id"], before)


def test_former_orders_forget_the_guest_and_keep_the_next_one(house: House) -> None:
    order = house.order(customer=ADA)
    house.waiter.patch(f"/api/orders/{order['id']}", {"customer": {"name": "Bob", "phone": "7"}})

    house.manager.delete(f"/api/customers/{_ada(house).pk}")

    assert "Ada" not in _kept(house)
    assert house.waiter.get(f"/api/orders/{order['id']}").body["customer_name"] == "Bob"
    entry = HistoryEntry.objects.get(order_id=order["id"], event="order:updated")
    assert entry.changes["customer_name"] == [None, "Bob"]


def test_names_in_between_are_forgotten_too(house: House) -> None:
    order = house.order(customer=ADA)
    for name in ("Countess Middle", "Augusta King"):
        renamed = {"customer": {"name": name, "phone": ADA["phone"]}}
        assert house.waiter.patch(f"/api/orders/{order['id']}", renamed).body["customer_id"] == order["customer_id"]
    house.waiter.patch(f"/api/orders/{order['id']}", {"customer": {"name": "Bob", "phone": "7"}})
    assert "Middle" in _kept(house)

    house.manager.delete(f"/api/customers/{order['customer_id']}")

    kept = _kept(house)
    assert [part for part in ("Ada", "Lovelace", "Countess", "Middle", "Augusta", "King") if part in kept] == []
    assert house.waiter.get(f"/api/orders/{order['id']}").body["customer_name"] == "Bob"


def test_names_are_forgotten_of_a_guest_who_was_one_of_an_order_that_is_gone(house: House) -> None:
    order = house.order(customer=ADA)
    renamed = {"customer": {"name": "Countess Middle", "phone": ADA["phone"]}}
    house.waiter.patch(f"/api/orders/{order['id']}", renamed)
    house.waiter.patch(f"/api/customers/{order['customer_id']}", {"name": "Augusta King"})
    assert house.waiter.delete(f"/api/orders/{order['id']}").status == 204

    house.manager.delete(f"/api/customers/{order['customer_id']}")

    kept = _kept(house)
    assert [part for part in ("Ada", "Lovelace", "Countess", "Middle", "Augusta", "King") if part in kept] == []


def test_guest_is_unknown_from_then_on(house: House) -> None:
    house.order(customer=ADA)
    ada = _ada(house)
    token = customer_link(ada).token
    house.manager.delete(f"/api/customers/{ada.pk}")
    address = f"/api/customers/{ada.pk}"

    assert guest_pass(token) is None
    assert [house.waiter.get(address).status, house.waiter.patch(address, ADA).status] == [404, 404]
    assert house.manager.delete(address).status == 404
    assert house.waiter.get("/api/customers").body["results"] == []
    assert house.waiter.post("/api/orders", house.order_body(customer_id=ada.pk)).pointers == [
        ("/customer_id", "not_found")
    ]
    assert house.order(customer=ADA)["customer_id"] != ada.pk


def test_repeated_request_does_not_bring_the_guest_back(house: House) -> None:
    made = house.waiter.post("/api/customers", ADA, idempotency_key="a")
    house.manager.delete(f"/api/customers/{made.body['id']}")

    again = house.waiter.post("/api/customers", ADA, idempotency_key="a")

    assert (again.headers["Idempotency-Replayed"], again.body["name"], again.body["phone"]) == ("true", None, None)
    assert Customer.objects.count() == 0


def test_other_restaurants_keep_their_guest_of_the_same_name(house: House, foreign: House) -> None:
    own, other = house.order(customer=ADA), foreign.order(customer=ADA)

    house.manager.delete(f"/api/customers/{own['customer_id']}")

    assert foreign.waiter.get(f"/api/orders/{other['id']}").body == other
    assert "Ada Lovelace" in _kept(foreign)


def test_guest_without_orders_is_erased(house: House) -> None:
    row = CustomerFactory(restaurant=house.restaurant, **ADA)
    before = house.announced()

    assert house.manager.delete(f"/api/customers/{row.pk}").status == 204
    assert (Customer.objects.count(), house.announced()) == (0, before)
