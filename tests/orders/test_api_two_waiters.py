"""Two people at one order, at the same moment: each change holds, or whoever made it is told that it does not."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from orders.models import HistoryEntry, MenuItem, Order
from orders.states import Role
from tests.callers import Caller, Reply
from tests.factories import MembershipFactory
from tests.orders.full_house import FullHouse, open_full_house
from tests.streams import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def full_house() -> FullHouse:
    return open_full_house()


def colleague(house: FullHouse, role: Role = Role.WAITER) -> Caller:
    return Caller(MembershipFactory(restaurant=house.restaurant, role=role))


def both(*asks: Callable[[], Reply]) -> list[Reply]:
    replies = at_once(asks)
    assert all(isinstance(reply, Reply) for reply in replies), replies
    return replies


SAME: list[tuple[str, str, dict[str, Any] | None]] = [
    ("PATCH", "", {"notes": "mine"}),
    ("POST", "/items", {"menu_item_id": 0, "quantity": 1}),
    ("PATCH", "/items/{item}", {"quantity": 3}),
    ("DELETE", "/items/{item}", None),
    ("PUT", "/confirm", None),
    ("POST", "/cancel-request", {"reason": "They left."}),
    ("DELETE", "", None),
]


@pytest.mark.parametrize(("method", "suffix", "body"), SAME)
def test_one_of_two_hears_of_the_other_when_both_name_the_same_version(
    full_house: FullHouse, method: str, suffix: str, body: dict[str, Any] | None
) -> None:
    order = full_house.order()
    if body and "menu_item_id" in body:
        body = {**body, "menu_item_id": full_house.dish.pk}
    path = f"/api/orders/{order['id']}{suffix.format(item=order['items'][0]['id'])}"
    mine, theirs = full_house.manager, colleague(full_house, Role.MANAGER)

    replies = both(*(lambda who=who: who.call(method, path, body, if_match='"1"') for who in (mine, theirs)))

    refused = [reply for reply in replies if reply.status >= 400]
    assert len(refused) == 1
    assert (refused[0].status, refused[0].body["code"]) in ((412, "stale"), (404, "not_found"))
    assert (refused[0].status == 404) == ((method, suffix) == ("DELETE", ""))
    version = Order.objects.filter(pk=order["id"]).values_list("version", flat=True).first()
    assert version == (2 if suffix or method != "DELETE" else None)


def test_both_changes_hold_when_two_change_different_fields_at_once(full_house: FullHouse) -> None:
    path = f"/api/orders/{full_house.order()['id']}"
    mine, theirs = full_house.waiter, colleague(full_house)

    replies = both(lambda: mine.patch(path, {"notes": "mine"}), lambda: theirs.patch(path, {"priority": "vip"}))

    order = mine.get(path).body
    assert [reply.status for reply in replies] == [200, 200]
    assert (order["notes"], order["priority"], order["version"]) == ("mine", "vip", 3)


def test_both_rounds_are_on_the_bill_when_two_add_at_once(full_house: FullHouse) -> None:
    path = f"/api/orders/{full_house.confirmed()['id']}"
    mine, theirs = full_house.waiter, colleague(full_house)
    rounds = [{"menu_item_id": full_house.dish.pk, "quantity": quantity} for quantity in (2, 3)]

    both(lambda: mine.post(f"{path}/items", rounds[0]), lambda: theirs.post(f"{path}/items", rounds[1]))

    order = mine.get(path).body
    ticket = full_house.cook.get(f"/api/kitchen/orders/by-order/{order['id']}").body
    assert sorted(line["quantity"] for line in order["items"]) == [1, 2, 3]
    assert sorted(line["quantity"] for line in ticket["items"]) == [1, 2, 3]
    assert Decimal(order["total_amount"]) == 6 * Decimal(full_house.dish.price)


def test_history_keeps_what_was_written_over_when_two_write_the_same_field(full_house: FullHouse) -> None:
    path = f"/api/orders/{full_house.order()['id']}"
    mine, theirs = full_house.waiter, colleague(full_house)

    both(lambda: mine.patch(path, {"notes": "mine"}), lambda: theirs.patch(path, {"notes": "theirs"}))

    rows = HistoryEntry.objects.filter(restaurant=full_house.restaurant, event="order:updated").order_by("id")
    told = [row.changes["notes"] for row in rows]
    last = mine.get(path).body["notes"]
    first = {"mine": "theirs", "theirs": "mine"}[last]
    assert told == [["", first], [first, last]]
    assert [row.actor_id for row in rows] == [
        {"mine": mine, "theirs": theirs}[note].membership.user_id  # type: ignore[union-attr]
        for note in (first, last)
    ]


def test_bill_is_paid_once_when_two_cashiers_take_it_at_once(full_house: FullHouse) -> None:
    order = full_house.order()
    body = {"order_id": order["id"], "amount": order["final_amount"], "method": "card"}
    mine, theirs = full_house.cashier, colleague(full_house, Role.CASHIER)

    replies = both(lambda: mine.post("/api/payments", body), lambda: theirs.post("/api/payments", body))

    assert sorted(reply.status for reply in replies) == [201, 409]
    assert [reply.body["code"] for reply in replies if reply.status == 409] == ["overpaid"]
    assert full_house.waiter.get(f"/api/orders/{order['id']}").body["paid_amount"] == order["final_amount"]


def test_one_decision_holds_when_two_chefs_decide_at_once(full_house: FullHouse) -> None:
    order = full_house.confirmed()
    asked = full_house.waiter.post(f"/api/orders/{order['id']}/cancel-request", {"reason": "They left."}).body
    path = f"/api/kitchen/cancel-requests/{asked['id']}"
    mine, theirs = full_house.cook, colleague(full_house, Role.KITCHEN)

    accepted, rejected = both(
        lambda: mine.post(f"{path}/accept"), lambda: theirs.post(f"{path}/reject", {"reason": "On the grill."})
    )

    assert sorted([accepted.status, rejected.status]) == [200, 409]
    status = full_house.waiter.get(f"/api/orders/{order['id']}").body["status"]
    assert status == ("cancelled" if accepted.status == 200 else "confirmed")


def test_nothing_is_sold_twice_when_twenty_want_the_last_five_portions(full_house: FullHouse) -> None:
    dish = MenuItem.objects.get(pk=full_house.dish.pk)
    dish.stock = 5
    dish.save()
    waiters = [colleague(full_house) for _ in range(20)]
    body = full_house.order_body()

    replies = both(*(lambda who=who: who.post("/api/orders", body) for who in waiters))

    assert sorted(reply.status for reply in replies) == [201] * 5 + [409] * 15
    refused = [reply.body for reply in replies if reply.status == 409]
    assert {problem["code"] for problem in refused} == {"out_of_stock"}
    assert {problem["errors"][0]["menu_item_id"] for problem in refused} == {dish.pk}
    dish.refresh_from_db()
    assert dish.stock == 0
    numbers = sorted(reply.body["order_number"] for reply in replies if reply.status == 201)
    assert len(set(numbers)) == 5
