"""Tickets and stations over REST."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from kitchen.models import KitchenOrder
from orders.scopes import Scope
from orders.states import Role
from tests.callers import Caller
from tests.factories import MenuItemFactory, StationFactory

if TYPE_CHECKING:
    from tests.callers import House

pytestmark = pytest.mark.django_db
EVERYBODY = [Role.OWNER, Role.MANAGER, Role.WAITER, Role.KITCHEN, Role.CASHIER]


def _ids(page: dict[str, Any]) -> list[int]:
    return [row["id"] for row in page["results"]]


def _items(ticket: dict[str, Any], status: str) -> dict[str, Any]:
    return {"items": [{"item_id": item["id"], "status": status} for item in ticket["items"]]}


@pytest.mark.parametrize("role", EVERYBODY)
def test_tickets_are_read_by_every_role(house: House, role: Role) -> None:
    ticket = house.ticket()
    caller = house.caller(role)

    assert caller.get("/api/kitchen/orders").body["results"] == [ticket]
    assert caller.get(f"/api/kitchen/orders/{ticket['id']}/").body == ticket
    assert caller.get(f"/api/kitchen/orders/by-order/{ticket['order_id']}").headers["ETag"] == '"1"'


def test_not_found_when_the_kitchen_has_not_got_the_order(house: House) -> None:
    order = house.order()

    assert house.cook.get(f"/api/kitchen/orders/by-order/{order['id']}").status == 404


def test_open_tickets_are_listed_oldest_first_when_nothing_else_is_asked(house: House) -> None:
    first, second, third = house.ticket(), house.ticket(), house.ticket()
    house.manager.put(f"/api/kitchen/orders/{second['id']}/status", {"status": "cancelled", "reason": "fire"})

    assert _ids(house.cook.get("/api/kitchen/orders").body) == [first["id"], third["id"]]
    page = house.cook.get("/api/kitchen/orders?limit=1").body
    assert _ids(house.cook.get(page["next"]).body) == [third["id"]]


def test_tickets_are_listed_newest_first_when_that_is_asked(house: House) -> None:
    tickets = [house.ticket() for _ in range(4)]
    for ticket in tickets[1:]:
        house.cook.put(f"/api/kitchen/orders/{ticket['id']}/items/status", _items(ticket, "ready"))
    house.cook.put(f"/api/kitchen/orders/{tickets[1]['id']}/status", {"status": "completed"})

    page = house.cook.get("/api/kitchen/orders?status=ready,completed&ordering=-id&limit=2").body

    newest = [ticket["id"] for ticket in reversed(tickets[1:])]
    assert _ids(page) == newest[:2]
    assert _ids(house.cook.get(page["next"]).body) == newest[2:]
    assert _ids(house.cook.get("/api/kitchen/orders?ordering=id").body) == [t["id"] for t in (tickets[0], *tickets[2:])]


def test_filters_select_what_they_name(house: House) -> None:
    bar = StationFactory(restaurant=house.restaurant)
    drink = MenuItemFactory(restaurant=house.restaurant, station=bar)
    plain = house.ticket()
    drinks = house.ticket(items=[{"menu_item_id": drink.pk, "quantity": 1}] * 2, priority="vip")
    done = house.ticket()
    house.cook.put(f"/api/kitchen/orders/{done['id']}/items/status", _items(done, "ready"))
    house.cook.put(f"/api/kitchen/orders/{done['id']}/status", {"status": "completed"})
    old = house.ticket()
    KitchenOrder.objects.filter(pk=old["id"]).update(
        silently=True, status="completed", completed_at=timezone.now() - dt.timedelta(minutes=10)
    )

    expected = {
        "status=pending": [plain["id"], drinks["id"]],
        "status=completed": [done["id"], old["id"]],
        "status=pending,completed": [plain["id"], drinks["id"], done["id"], old["id"]],
        "status=completed,cancelled": [done["id"], old["id"]],
        "status=cancelled": [],
        "status=completed&include_completed=5": [done["id"], old["id"]],
        f"station={bar.pk}": [drinks["id"]],
        f"station={bar.pk}&include_completed=15": [drinks["id"]],
        f"station={house.station.pk}": [plain["id"]],
        "station=999999": [],
        "priority=vip": [drinks["id"]],
        "include_completed=5": [plain["id"], drinks["id"], done["id"]],
        "include_completed=15": [plain["id"], drinks["id"], done["id"], old["id"]],
        "include_completed=0": [plain["id"], drinks["id"]],
    }
    assert {query: _ids(house.cook.get(f"/api/kitchen/orders?{query}").body) for query in expected} == expected


@pytest.mark.parametrize(
    "query",
    [
        "status=eaten",
        "station=x",
        "priority=now",
        "include_completed=-1",
        "include_completed=x",
        "table=1",
        "ordering=ready_at",
    ],
)
def test_bad_request_when_a_filter_is_unknown_or_malformed(house: House, query: str) -> None:
    reply = house.cook.get(f"/api/kitchen/orders?{query}")

    assert reply.status == 400
    assert [pointer.split("/")[1] for pointer, _ in reply.pointers] == [query.split("=", maxsplit=1)[0]]


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("station=abc", 'A number such as 12 is wanted here, not "abc".'),
        ("station=-1", 'A number such as 12 is wanted here, not "-1".'),
        ("limit=x", 'A number such as 12 is wanted here, not "x".'),
        ("limit=", 'A number such as 12 is wanted here, not "".'),
        ("priority=now", '"now" is none of normal, express, vip.'),
        ("ordering=name", '"name" is none of id, -id.'),
        (
            "status=ready,eaten",
            '"eaten" is none of pending, acknowledged, preparing, ready, completed, cancelled.',
        ),
        (
            "status=" + "x" * 99,
            f'"{"x" * 59}… is none of pending, acknowledged, preparing, ready, completed, cancelled.',
        ),
    ],
)
def test_value_and_what_is_allowed_are_named_when_a_filter_is_malformed(house: House, query: str, detail: str) -> None:
    reply = house.cook.get(f"/api/kitchen/orders?{query}")

    assert (reply.status, [error["detail"] for error in reply.body["errors"]]) == (400, [detail])


@pytest.mark.parametrize("device", [False, True])
def test_nothing_changes_when_the_chef_takes_a_ticket_again_whose_answer_was_lost(house: House, device: bool) -> None:
    ticket = house.ticket()
    chef = house.device(Scope.KITCHEN_WRITE, Scope.KITCHEN_READ) if device else house.cook
    first = chef.put(f"/api/kitchen/orders/{ticket['id']}/acknowledge")
    before = house.announced()

    again = chef.put(f"/api/kitchen/orders/{ticket['id']}/acknowledge")
    other = house.manager.put(f"/api/kitchen/orders/{ticket['id']}/acknowledge")

    assert (again.status, again.body, again.headers["ETag"]) == (200, first.body, first.headers["ETag"])
    assert (other.status, other.body["by_name"]) == (409, first.body["chef_name"])
    assert first.body["chef_name"] in other.body["detail"]
    assert house.announced() == before


def test_chef_is_named_when_a_ticket_is_acknowledged(house: House) -> None:
    ticket = house.ticket()

    reply = house.cook.put(f"/api/kitchen/orders/{ticket['id']}/acknowledge")

    assert (reply.status, reply.body["status"], reply.headers["ETag"]) == (200, "acknowledged", '"2"')
    assert house.cook.membership is not None
    assert reply.body["chef_id"] == house.cook.membership.user_id
    assert house.events()[-1] == "kitchen:order_acknowledged"


def test_order_follows_when_its_ticket_is_moved(house: House) -> None:
    ticket = house.ticket()

    started = house.cook.put(f"/api/kitchen/orders/{ticket['id']}/status", {"status": "preparing"})
    ready = house.cook.put(f"/api/kitchen/orders/{ticket['id']}/status", {"status": "ready"})

    assert (started.status, started.body["status"], ready.body["status"]) == (200, "preparing", "ready")
    assert [item["status"] for item in ready.body["items"]] == ["ready"]
    assert house.waiter.get(f"/api/orders/{ticket['order_id']}").body["status"] == "ready"


def test_ticket_passes_through_its_states_when_all_its_items_are_bumped(house: House) -> None:
    ticket = house.ticket()
    before = house.announced()

    reply = house.cook.put(f"/api/kitchen/orders/{ticket['id']}/items/status", _items(ticket, "ready"))

    assert (reply.status, reply.body["status"]) == (200, "ready")
    assert [name for name in house.events()[before:] if name.startswith("kitchen:order_")] == [
        "kitchen:order_acknowledged",
        "kitchen:order_preparing",
        "kitchen:order_ready",
    ]


def test_no_item_moves_when_one_of_them_is_foreign(house: House, foreign: House) -> None:
    ticket, strange = house.ticket(), foreign.ticket()
    before = house.announced()
    body = _items(ticket, "ready")
    body["items"] += _items(strange, "ready")["items"]

    reply = house.cook.put(f"/api/kitchen/orders/{ticket['id']}/items/status", body)

    assert (reply.status, reply.pointers) == (404, [("/items/1/item_id", "not_found")])
    assert (house.cook.get(f"/api/kitchen/orders/{ticket['id']}").body, house.announced()) == (ticket, before)


CHANGES: list[tuple[str, Any]] = [
    ("status", {"status": "preparing"}),
    ("acknowledge", {}),
    ("items/status", {"items": [{"item_id": 0, "status": "ready"}]}),
]


def _change(caller: Caller, ticket: dict[str, Any], change: tuple[str, Any], **headers: str) -> Any:
    path, body = change
    sent = dict(body)
    if "items" in sent:
        sent["items"] = [{**sent["items"][0], "item_id": ticket["items"][0]["id"]}]
    return caller.put(f"/api/kitchen/orders/{ticket['id']}/{path}", sent, **headers)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.OWNER, 200), (Role.MANAGER, 200), (Role.KITCHEN, 200), (Role.WAITER, 403), (Role.CASHIER, 403)],
)
def test_tickets_are_moved_when_the_role_may(house: House, change: tuple[str, Any], role: Role, status: int) -> None:
    ticket = house.ticket()
    caller, before = house.caller(role), house.announced()

    reply = _change(caller, ticket, change)

    assert reply.status == status
    assert (house.announced() > before) == (status == 200)


@pytest.mark.parametrize(("role", "status"), [(Role.MANAGER, 200), (Role.OWNER, 200), (Role.KITCHEN, 403)])
def test_ticket_is_cancelled_when_a_manager_says_why(house: House, role: Role, status: int) -> None:
    ticket = house.ticket()

    reply = house.caller(role).put(
        f"/api/kitchen/orders/{ticket['id']}/status", {"status": "cancelled", "reason": "fire"}
    )

    assert reply.status == status
    order = house.waiter.get(f"/api/orders/{ticket['order_id']}").body
    assert (order["status"], order["cancel_reason"]) == (
        ("cancelled", "fire") if status == 200 else ("confirmed", None)
    )


@pytest.mark.parametrize("change", CHANGES)
def test_not_found_when_the_ticket_is_another_restaurants(
    house: House, foreign: House, change: tuple[str, Any]
) -> None:
    ticket = foreign.ticket()
    before = foreign.announced()

    reply = _change(house.cook, ticket, change)

    assert (reply.status, reply.body["code"], foreign.announced()) == (404, "not_found", before)
    assert house.cook.get(f"/api/kitchen/orders/{ticket['id']}").status == 404
    assert house.cook.get(f"/api/kitchen/orders/by-order/{ticket['order_id']}").status == 404


@pytest.mark.parametrize("change", CHANGES)
def test_stale_when_if_match_is_older(house: House, change: tuple[str, Any]) -> None:
    ticket = house.ticket()
    house.waiter.patch(f"/api/orders/{ticket['order_id']}", {"notes": "hurry"})
    before = house.announced()

    reply = _change(house.cook, ticket, change, if_match='"1"')

    assert (reply.status, reply.body["code"], reply.body["version"]) == (412, "stale", 2)
    assert house.announced() == before


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("status", {}, "/status"),
        ("status", {"status": "served"}, "/status"),
        ("status", {"status": "ready", "who": 1}, "/who"),
        ("acknowledge", {"chef_id": 1}, "/chef_id"),
        ("acknowledge", {"version": True}, "/version"),
        ("items/status", {"items": []}, "/items"),
        ("items/status", {"items": [{"item_id": 1}]}, "/items/0/status"),
        ("items/status", {"items": [{"item_id": "1", "status": "ready"}]}, "/items/0/item_id"),
        ("items/status", {"items": [{"item_id": 1, "status": "served"}]}, "/items/0/status"),
    ],
)
def test_bad_request_when_a_field_is_wrong(house: House, path: str, body: Any, pointer: str) -> None:
    ticket = house.ticket()
    before = house.announced()

    reply = house.cook.put(f"/api/kitchen/orders/{ticket['id']}/{path}", body)

    assert (reply.status, [found for found, _ in reply.pointers]) == (400, [pointer])
    assert house.announced() == before


def test_conflict_names_what_is_allowed_when_a_step_is_skipped(house: House) -> None:
    ticket = house.ticket()

    reply = house.cook.put(f"/api/kitchen/orders/{ticket['id']}/status", {"status": "completed"})

    assert (reply.status, reply.body["code"]) == (409, "invalid_transition")
    assert reply.body["allowed"] == ["acknowledged", "preparing", "cancelled"]


@pytest.mark.parametrize("role", EVERYBODY)
def test_stations_are_read_with_their_load_by_every_role(house: House, role: Role) -> None:
    house.ticket(2)
    station = {"id": house.station.pk, "name": house.station.name, "capacity": 4, "load": 1, "is_active": True}

    assert house.caller(role).get("/api/kitchen/stations").body["results"] == [station]
    assert house.caller(role).get(f"/api/kitchen/stations/{house.station.pk}").body == station


def test_not_found_when_the_station_is_another_restaurants(house: House, foreign: House) -> None:
    assert house.cook.get(f"/api/kitchen/stations/{foreign.station.pk}").status == 404


@pytest.mark.parametrize("path", ["orders", "orders/1", "orders/by-order/1", "stations", "stations/1"])
def test_unauthenticated_when_nobody_signed_in(db: None, path: str) -> None:
    assert Caller().get(f"/api/kitchen/{path}").status == 401
