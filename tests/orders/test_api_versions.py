"""Two who change the same order: the later one hears of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.callers import House

pytestmark = pytest.mark.django_db
CHANGES: list[tuple[str, str, Any]] = [
    ("PATCH", "", {"notes": "mine"}),
    ("PUT", "", {"notes": "mine"}),
    ("PUT", "/confirm", None),
    ("PUT", "/status", {"status": "confirmed"}),
    ("PATCH", "/status", {"status": "confirmed"}),
    ("DELETE", "", None),
    ("POST", "/items", {"menu_item_id": 0, "quantity": 1}),
    ("PATCH", "/items/{item}", {"quantity": 2}),
    ("PUT", "/items/{item}", {"quantity": 2}),
    ("DELETE", "/items/{item}", None),
    ("PATCH", "/items/{item}/status", {"status": "cancelled"}),
    ("POST", "/cancel-request", {"reason": "They left."}),
]


def _call(house: House, order: dict[str, Any], change: tuple[str, str, Any], **named: Any) -> Any:
    method, suffix, body = change
    if body is not None:
        body = body | named.pop("also", {})
        if "menu_item_id" in body:
            body["menu_item_id"] = house.dish.pk
    path = f"/api/orders/{order['id']}{suffix.format(item=order['items'][0]['id'])}"
    return house.waiter.call(method, path, body, **named)


@pytest.mark.parametrize("change", CHANGES)
def test_stale_when_if_match_is_older(house: House, change: tuple[str, str, Any]) -> None:
    order = house.order()
    newer = house.waiter.patch(f"/api/orders/{order['id']}", {"notes": "theirs"}).body
    before = house.announced()

    reply = _call(house, order, change, if_match='"1"')

    assert (reply.status, reply.body["code"], reply.body["version"]) == (412, "stale", 2)
    assert (house.waiter.get(f"/api/orders/{order['id']}").body, house.announced()) == (newer, before)


@pytest.mark.parametrize("change", [change for change in CHANGES if change[2] is not None])
def test_stale_when_the_bodys_version_is_older(house: House, change: tuple[str, str, Any]) -> None:
    order = house.order()
    house.waiter.patch(f"/api/orders/{order['id']}", {"notes": "theirs"})
    before = house.announced()

    reply = _call(house, order, change, also={"version": 1})

    assert (reply.status, reply.body["code"]) == (412, "stale")
    assert house.announced() == before


@pytest.mark.parametrize("header", ['"1"', "*", 'W/"1"', '"0", "1"', 'W/"1",W/"0"'])
def test_change_is_made_when_if_match_holds(house: House, header: str) -> None:
    order = house.order()

    reply = house.waiter.patch(f"/api/orders/{order['id']}", {"notes": "mine"}, if_match=header)

    assert (reply.status, reply.headers["ETag"]) == (200, '"2"')


@pytest.mark.parametrize(
    "header", ["1", '"x"', 'w/"1"', '"1", 2', '"1", *', '"1" "2"', ",", "", '"01"', '"-1"', '"' + "9" * 30 + '"']
)
def test_bad_request_when_if_match_is_malformed(house: House, header: str) -> None:
    order = house.order()

    reply = house.waiter.patch(f"/api/orders/{order['id']}", {"notes": "mine"}, if_match=header)

    assert (reply.status, reply.body["code"]) == (400, "invalid")
    assert house.waiter.get(f"/api/orders/{order['id']}").body == order


@pytest.mark.parametrize("header", ['W/"1"', '"0", "1"'])
def test_stale_when_if_match_names_no_present_version(house: House, header: str) -> None:
    order = house.order()
    house.waiter.patch(f"/api/orders/{order['id']}", {"notes": "theirs"})

    reply = house.waiter.patch(f"/api/orders/{order['id']}", {"notes": "mine"}, if_match=header)

    assert (reply.status, reply.body["code"]) == (412, "stale")


def test_bad_request_when_header_and_body_name_different_versions(house: House) -> None:
    order = house.order()

    reply = house.waiter.patch(f"/api/orders/{order['id']}", {"notes": "mine", "version": 2}, if_match='"1"')

    assert (reply.status, reply.pointers) == (400, [("/version", "conflict")])


def test_both_changes_hold_when_nobody_names_a_version(house: House) -> None:
    address = f"/api/orders/{house.order()['id']}"

    house.waiter.patch(address, {"notes": "mine"})
    house.manager.patch(address, {"priority": "vip"})

    order = house.waiter.get(address).body
    assert (order["notes"], order["priority"], order["version"]) == ("mine", "vip", 3)
