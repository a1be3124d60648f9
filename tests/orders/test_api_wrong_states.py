"""Each action on an order in each state that it can be in: done, or refused by a code and without a trace."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from orders.models import Order
from orders.services.orders import delete_order, set_order_status
from orders.states import OrderStatus
from tests.callers import Reply
from tests.orders.full_house import FullHouse, open_full_house

pytestmark = pytest.mark.django_db

STATES = {
    "draft": [],
    "pending": [],
    "confirmed": ["confirmed"],
    "preparing": ["confirmed", "preparing"],
    "ready": ["confirmed", "preparing", "ready"],
    "served": ["confirmed", "preparing", "ready", "served"],
    "delivering": ["confirmed", "preparing", "ready", "delivering"],
    "delivered": ["confirmed", "preparing", "ready", "delivering", "delivered"],
    "completed": ["confirmed", "preparing", "ready", "served", "completed"],
    "cancelled": ["cancelled"],
    "deleted": [],
}
GONE = (404, "not_found")
STEP = (409, "invalid_transition")
FIXED = (409, "not_editable")

# Who does what, and what comes of it in each of the states above: a status alone is done, "same" done already.
Outcome = int | str | tuple[int, str]
ACTIONS: dict[str, tuple[str, str, str, Any, Sequence[Outcome]]] = {
    "submit": ("w", "PUT", "/status", {"status": "pending"}, [200, "same", *[STEP] * 8, GONE]),
    "confirm": ("w", "PUT", "/confirm", None, [STEP, 200, "same", *[STEP] * 7, GONE]),
    "start": ("k", "PUT", "/status", {"status": "preparing"}, [STEP, STEP, 200, "same", *[STEP] * 6, GONE]),
    "serve": ("w", "PUT", "/status", {"status": "served"}, [*[STEP] * 4, 200, "same", *[STEP] * 4, GONE]),
    "complete": (
        "m", "PUT", "/status", {"status": "completed", "reason": "On the house."},
        [*[STEP] * 5, 200, STEP, 200, "same", STEP, GONE],
    ),
    "complete unpaid": (
        "w", "PUT", "/status", {"status": "completed"},
        [*[STEP] * 5, (409, "not_paid"), STEP, (409, "not_paid"), "same", STEP, GONE],
    ),
    "cancel": (
        "m", "PUT", "/status", {"status": "cancelled", "reason": "They left."},
        [200, 200, 200, 200, 200, STEP, STEP, STEP, STEP, "same", GONE],
    ),
    "cancel as a waiter": (
        "w", "PUT", "/status", {"status": "cancelled", "reason": "They left."},
        [200, 200, *[(403, "forbidden")] * 3, STEP, STEP, STEP, STEP, "same", GONE],
    ),
    "ask to cancel": ("w", "POST", "/cancel-request", {"reason": "They left."}, [201] * 5 + [STEP] * 5 + [GONE]),
    "take back": ("m", "DELETE", "", None, [204, 204, 200, 200, 200, STEP, STEP, STEP, STEP, "same", GONE]),
    "note": ("w", "PATCH", "", {"notes": "Window"}, [200] * 8 + [FIXED, FIXED, GONE]),
    "give a discount": ("m", "PATCH", "", {"discount_amount": "1.00"}, [200] * 8 + [FIXED, FIXED, GONE]),
    "change the channel": ("w", "PATCH", "", {"channel": "online"}, [200, *[FIXED] * 9, GONE]),
    "add": ("w", "POST", "/items", {"menu_item_id": 0, "quantity": 1}, [201] * 6 + [FIXED] * 4 + [GONE]),
    "change a line": ("w", "PATCH", "/items/{item}", {"quantity": 2}, [200] * 4 + [FIXED] * 6 + [GONE]),
    "remove a line": ("w", "DELETE", "/items/{item}", None, [200] * 5 + [FIXED] * 5 + [GONE]),
    "begin a line": (
        "k", "PATCH", "/items/{item}/status", {"status": "preparing"},
        [FIXED, FIXED, 200, 200, STEP, STEP, STEP, STEP, STEP, FIXED, GONE],
    ),
    "pay": (
        "c", "POST", "payments", {"amount": "1.00", "method": "card"},
        [(409, "not_payable"), *[201] * 8, (409, "not_payable"), GONE],
    ),
    "read its code": ("w", "GET", "/qr", None, [200] * 8 + [(409, "conflict"), (409, "conflict"), GONE]),
    "read where it may go": ("w", "GET", "/transitions", None, [200] * 10 + [GONE]),
    # What became of an order is remembered when it is gone itself.
    "read its history": ("w", "GET", "/history", None, [200] * 11),
}  # fmt: skip


def order_in(house: FullHouse, state: str) -> dict[str, Any]:
    """Take an order to a state; ``price`` of it stays open."""
    is_delivery = state in ("delivering", "delivered")
    others: dict[str, Any] = {"channel": "delivery", "table_id": None} if is_delivery else {}
    if state in ("draft", "pending"):
        others["table_id"] = None  # so that the channel may change
    order = house.order(draft=state == "draft", **others)
    for step in STATES[state]:
        set_order_status(order_id=order["id"], to=OrderStatus(step), actor=house.actor(), reason="So it is.")
    if state == "deleted":
        delete_order(order_id=order["id"], actor=house.actor())
        return order
    shown: dict[str, Any] = house.manager.get(f"/api/orders/{order['id']}").body
    return shown


def act(house: FullHouse, action: str, order: dict[str, Any]) -> Reply:
    letter, method, suffix, body, _ = ACTIONS[action]
    if body and "menu_item_id" in body:
        body = {**body, "menu_item_id": house.dish.pk}
    if suffix == "payments":
        return house.by_letter(letter).call(method, "/api/payments", {**body, "order_id": order["id"]})
    path = f"/api/orders/{order['id']}{suffix.format(item=order['items'][0]['id'])}"
    return house.by_letter(letter).call(method, path, body)


@pytest.fixture(scope="module")
def house(shared_rows: None) -> FullHouse:
    """A restaurant in which whoever acts is there already."""
    house = open_full_house()
    for letter, *_ in ACTIONS.values():
        house.by_letter(letter)
    return house


@pytest.fixture(scope="module")
def orders(house: FullHouse) -> dict[str, dict[str, Any]]:
    """An order in each state."""
    return {state: order_in(house, state) for state in STATES}


@pytest.mark.parametrize("action", ACTIONS)
def test_action_is_done_or_refused_as_the_state_says(
    house: FullHouse, orders: dict[str, dict[str, Any]], action: str
) -> None:
    outcomes = dict(zip(STATES, ACTIONS[action][4], strict=True))
    found: dict[str, Outcome] = {}

    for state, order in orders.items():
        before = house.announced()
        reply = act(house, action, order)
        found[state] = (reply.status, reply.body["code"]) if reply.status >= 400 else reply.status
        is_announced = house.announced() > before
        if reply.status >= 400:
            assert not is_announced, (action, state)
            kept = Order.objects.filter(pk=order["id"]).values_list("version", flat=True).first()
            assert kept == (None if state == "deleted" else order["version"])
        elif not is_announced and ACTIONS[action][1] != "GET":
            found[state] = "same"

    assert found == outcomes
