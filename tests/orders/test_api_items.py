"""The lines of an order over REST."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from orders.models import OrderItem
from orders.states import Role
from tests.factories import ChoiceFactory, MenuItemFactory, ModifierFactory

if TYPE_CHECKING:
    from tests.callers import House

pytestmark = pytest.mark.django_db


def _line(order: dict[str, Any]) -> str:
    return f"/api/orders/{order['id']}/items/{order['items'][0]['id']}"


def test_one_item_is_added_when_the_body_is_the_item(house: House) -> None:
    order = house.order()

    reply = house.waiter.post(f"/api/orders/{order['id']}/items", {"menu_item_id": house.dish.pk, "quantity": 2})

    assert (reply.status, reply.body["version"], reply.body["total_amount"]) == (201, 2, "28.50")
    assert [item["quantity"] for item in reply.body["items"]] == [1, 2]
    assert reply.headers["ETag"] == '"2"'
    assert house.waiter.get(f"/api/orders/{order['id']}").body == reply.body


def test_several_items_are_added_in_one_call_when_the_body_lists_them(house: House) -> None:
    order = house.confirmed()
    items = [{"menu_item_id": house.dish.pk, "quantity": n} for n in (1, 2)]

    reply = house.waiter.post(f"/api/orders/{order['id']}/items", {"items": items})

    assert (reply.status, len(reply.body["items"]), reply.body["version"]) == (201, 3, 3)
    assert house.events().count("order:items_added") == 1


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"menu_item_id": 9, "quantity": 1}, "/menu_item_id"),
        ({"items": [{"menu_item_id": 9, "quantity": 1}]}, "/items/0/menu_item_id"),
    ],
)
def test_not_found_points_into_the_body_when_the_dish_is_foreign(
    house: House, foreign: House, body: dict[str, Any], pointer: str
) -> None:
    order = house.order()
    (body["items"][0] if "items" in body else body)["menu_item_id"] = foreign.dish.pk
    before = house.announced()

    reply = house.waiter.post(f"/api/orders/{order['id']}/items", body)

    assert (reply.status, reply.pointers) == (404, [(pointer, "not_found")])
    assert (OrderItem.objects.count(), house.announced()) == (1, before)


def test_nothing_is_added_when_one_of_several_is_foreign(house: House, foreign: House) -> None:
    order = house.order()
    before = house.announced()
    items = [{"menu_item_id": dish.pk, "quantity": 1} for dish in (house.dish, foreign.dish)]

    reply = house.waiter.post(f"/api/orders/{order['id']}/items", {"items": items})

    assert (reply.status, reply.pointers) == (404, [("/items/1/menu_item_id", "not_found")])
    assert (OrderItem.objects.count(), house.announced()) == (1, before)


def test_out_of_stock_points_at_the_quantity_when_one_item_is_added(house: House) -> None:
    order = house.order()
    house.manager.patch(f"/api/menu-items/{house.dish.pk}/availability", {"is_available": True, "stock": 1})

    reply = house.waiter.post(f"/api/orders/{order['id']}/items", {"menu_item_id": house.dish.pk, "quantity": 2})

    assert (reply.status, reply.body["code"], reply.body["errors"][0]["left"]) == (409, "out_of_stock", 1)
    assert reply.pointers == [("/quantity", "out_of_stock")]


def test_choices_are_checked_when_an_item_is_added(house: House) -> None:
    modifier = ModifierFactory(group__restaurant=house.restaurant, group__name="Doneness", group__min=1)
    dish = MenuItemFactory(restaurant=house.restaurant, name="Steak")
    ChoiceFactory(menu_item=dish, group=modifier.group)
    address = f"/api/orders/{house.order()['id']}/items"

    none = house.waiter.post(address, {"menu_item_id": dish.pk, "quantity": 1})
    strange = house.waiter.post(address, {"menu_item_id": house.dish.pk, "quantity": 1, "modifier_ids": [modifier.pk]})

    assert (none.status, none.pointers) == (400, [("/modifier_ids", "choices")])
    assert none.body["errors"][0]["detail"] == "Steak: Doneness takes 1 to 1, not 0."
    assert (strange.status, strange.body["code"]) == (404, "not_found")


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_only_what_is_sent_changes_when_an_item_is_changed(house: House, method: str) -> None:
    items = [{"menu_item_id": house.dish.pk, "quantity": 1, "special_instructions": "rare"}]
    order = house.order(items=items)

    reply = house.waiter.call(method, _line(order), {"quantity": 3})

    line = reply.body["items"][0]
    assert (reply.status, reply.body["version"], reply.body["total_amount"]) == (200, 2, "28.50")
    assert (line["quantity"], line["special_instructions"], line["line_total"]) == (3, "rare", "28.50")


def test_item_is_gone_when_it_is_removed_before_it_was_begun(house: House) -> None:
    order = house.order()

    reply = house.waiter.delete(_line(order))

    assert (reply.status, reply.body["items"], reply.body["total_amount"]) == (200, [], "0.00")
    assert reply.headers["ETag"] == '"2"'
    assert OrderItem.objects.count() == 0


def test_item_is_voided_when_it_is_removed_after_it_was_begun(house: House) -> None:
    order = house.confirmed()
    house.waiter.patch(f"{_line(order)}/status", {"status": "preparing"})

    reply = house.waiter.delete(f"{_line(order)}?reason=dropped")

    assert (reply.status, reply.body["items"][0]["status"], reply.body["total_amount"]) == (200, "cancelled", "0.00")
    assert OrderItem.objects.get().void_reason == "dropped"


def test_item_moves_on_when_its_status_is_set(house: House) -> None:
    order = house.confirmed()

    reply = house.cook.patch(f"{_line(order)}/status", {"status": "preparing"})

    assert (reply.status, reply.body["items"][0]["status"]) == (200, "preparing")


@pytest.mark.parametrize("role", [Role.KITCHEN, Role.CASHIER])
@pytest.mark.parametrize(
    ("method", "suffix", "body"), [("POST", "/items", {}), ("PATCH", "", {"quantity": 2}), ("DELETE", "", None)]
)
def test_forbidden_when_the_role_may_not_change_items(
    house: House, role: Role, method: str, suffix: str, body: Any
) -> None:
    order = house.order()
    caller, before = house.caller(role), house.announced()
    item = {"menu_item_id": house.dish.pk, "quantity": 1}
    address = f"/api/orders/{order['id']}{suffix}" if suffix else _line(order)

    reply = caller.call(method, address, item if suffix else body)

    assert (reply.status, reply.body["code"]) == (403, "forbidden")
    assert house.announced() == before


def test_forbidden_when_a_cashier_moves_an_item(house: House) -> None:
    order = house.confirmed()

    assert house.cashier.patch(f"{_line(order)}/status", {"status": "preparing"}).status == 403


def test_not_found_when_the_item_is_of_another_order(house: House) -> None:
    first, second = house.order(), house.order()

    reply = house.waiter.patch(f"/api/orders/{first['id']}/items/{second['items'][0]['id']}", {"quantity": 2})

    assert (reply.status, reply.body["code"]) == (404, "not_found")


def test_conflict_when_a_closed_order_gets_items(house: House) -> None:
    order = house.order()
    house.waiter.put(f"/api/orders/{order['id']}/status", {"status": "cancelled"})
    before = house.announced()

    reply = house.waiter.post(f"/api/orders/{order['id']}/items", {"menu_item_id": house.dish.pk, "quantity": 1})

    assert (reply.status, reply.body["code"]) == (409, "not_editable")
    assert house.announced() == before
