"""The stream over HTTP: the same frames to the same people as over a socket."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from orders.states import Role
from orders.tokens import table_token
from realtime.audiences import Audience
from realtime.models import Event, Stream
from realtime.stream import head_of, read_events
from tests.callers import Caller
from tests.factories import MenuItemFactory, StationFactory

if TYPE_CHECKING:
    from tests.callers import House

pytestmark = pytest.mark.django_db


def _cursor(house: House) -> str:
    head = head_of(house.restaurant.pk)
    return f"after={head.seq}&epoch={head.epoch}"


def _guest(house: House) -> Caller:
    return Caller(token=table_token(house.table))


def _types(reply: Any) -> list[str]:
    return [event["type"] for event in reply.body["events"]]


def test_frames_are_those_of_the_socket_when_a_cursor_is_given(house: House) -> None:
    start, head = _cursor(house), head_of(house.restaurant.pk)
    house.order()

    reply = house.waiter.get(f"/api/events?{start}&rooms=orders&limit=500&wait=25")

    events = read_events(house.restaurant.pk, head.epoch, after=head.seq)
    assert reply.status == 200
    assert reply.body["events"] == [json.loads(event.frame(Audience.STAFF).text) for event in events]
    assert _types(reply) == ["order:created"]
    assert {name: value for name, value in reply.body.items() if name != "events"} == {
        "epoch": head.epoch,
        "seq": head.seq + 1,
        "head": head.seq + 1,
        "min_seq": 1,
        "resync": False,
    }


def test_present_cursor_is_answered_when_none_is_given(house: House) -> None:
    house.order()
    head = head_of(house.restaurant.pk)

    reply = house.waiter.get("/api/events?rooms=orders")

    assert reply.body == {
        "epoch": head.epoch,
        "seq": head.seq,
        "head": head.seq,
        "min_seq": 1,
        "resync": False,
        "events": [],
    }


def test_nothing_is_lost_when_the_limit_cuts_a_page(house: House) -> None:
    start = _cursor(house)
    for _ in range(3):
        house.confirmed()
    whole = house.cook.get(f"/api/events?{start}&rooms=kitchen").body
    seen: list[Any] = []

    address = f"/api/events?{start}&rooms=kitchen&limit=2"
    while True:
        page = house.cook.get(address).body
        seen += page["events"]
        if page["seq"] == page["head"]:
            break
        address = f"/api/events?after={page['seq']}&epoch={page['epoch']}&rooms=kitchen&limit=2"

    assert (seen, page["seq"]) == (whole["events"], whole["seq"])
    assert len(seen) > 6


def test_cursor_moves_on_when_the_rooms_had_nothing(house: House) -> None:
    start = _cursor(house)
    house.order()

    page = house.cook.get(f"/api/events?{start}&rooms=station:{house.station.pk}").body

    assert (page["events"], page["seq"]) == ([], page["head"])


def test_cursor_moves_on_step_by_step_when_a_quiet_room_missed_much(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("realtime.api.events.MOST_REPLAYED", 2)
    station = StationFactory(restaurant=house.restaurant)
    dish = MenuItemFactory(restaurant=house.restaurant, station=station)
    start = _cursor(house)
    for _ in range(3):
        house.order()
    ticket = house.ticket(items=[{"menu_item_id": dish.pk, "quantity": 1}])
    after, epoch = (part.split("=")[1] for part in start.split("&"))

    pages: list[Any] = []
    while not pages or pages[-1]["seq"] < pages[-1]["head"]:
        pages.append(house.cook.get(f"/api/events?after={after}&epoch={epoch}&rooms=station:{station.pk}").body)
        assert pages[-1]["seq"] - int(after) <= 2
        after = pages[-1]["seq"]

    told = [event for page in pages for event in page["events"]]
    assert (pages[0]["events"], pages[0]["resync"]) == ([], False)
    assert "order:new" in [event["type"] for event in told]
    assert {event["data"]["order_id"] for event in told if "order_id" in event["data"]} == {ticket["order_id"]}


def test_only_the_types_come_when_they_are_named(house: House) -> None:
    start = _cursor(house)
    house.confirmed()

    both = house.manager.get(f"/api/events?{start}&types=order:created,order:new")
    repeated = house.manager.get(f"/api/events?{start}&types=order:created&types=order:confirmed")

    assert _types(both) == ["order:created", "order:new"]
    assert _types(repeated) == ["order:created", "order:confirmed"]
    assert repeated.body["seq"] == repeated.body["head"]


def test_each_event_comes_once_when_several_rooms_have_it(house: House) -> None:
    start = _cursor(house)
    house.order()

    assert _types(house.manager.get(f"/api/events?{start}&rooms=orders,waiters&rooms=kitchen")) == ["order:created"]


@pytest.mark.parametrize("case", ["epoch", "ahead", "pruned"])
def test_resync_when_an_exact_replay_cannot_be(house: House, case: str) -> None:
    house.order()
    head = head_of(house.restaurant.pk)
    epoch, after = head.epoch, head.seq
    if case == "epoch":
        epoch = "11111111-1111-1111-1111-111111111111"
    elif case == "ahead":
        after += 1
    else:
        Stream.objects.filter(pk=house.restaurant.pk).update(min_seq=3)
        after = 1

    reply = house.waiter.get(f"/api/events?after={after}&epoch={epoch}&rooms=orders")

    assert (reply.status, reply.body["resync"], reply.body["events"]) == (200, True, [])
    assert (reply.body["epoch"], reply.body["seq"]) == (head.epoch, head.seq)


@pytest.mark.parametrize(
    ("role", "room", "status"),
    [
        (Role.OWNER, "restaurant", 200),
        (Role.MANAGER, "restaurant", 200),
        (Role.WAITER, "restaurant", 403),
        (Role.WAITER, "kitchen", 403),
        (Role.WAITER, "waiters", 200),
        (Role.KITCHEN, "kitchen", 200),
        (Role.KITCHEN, "waiters", 403),
        (Role.CASHIER, "orders", 200),
        (Role.CASHIER, "kitchen", 403),
        (Role.CASHIER, "display", 200),
        (Role.MANAGER, "nowhere", 404),
        (Role.MANAGER, "order:x", 404),
        (Role.MANAGER, "order:999999999", 404),
        (Role.MANAGER, "orders,nowhere", 404),
    ],
)
def test_rooms_are_read_when_the_role_may_join_them(house: House, role: Role, room: str, status: int) -> None:
    assert house.caller(role).get(f"/api/events?{_cursor(house)}&rooms={room}").status == status


def test_not_found_when_the_room_is_another_restaurants(house: House, foreign: House) -> None:
    order, station = foreign.order(), StationFactory(restaurant=foreign.restaurant)
    rooms = (f"order:{order['id']}", f"table:{foreign.table.pk}", f"station:{station.pk}")

    assert [house.manager.get(f"/api/events?rooms={room}").status for room in rooms] == [404, 404, 404]


def test_usual_room_is_the_widest_when_none_is_named(house: House) -> None:
    start = _cursor(house)
    house.confirmed()

    boss, cook = house.manager.get(f"/api/events?{start}"), house.cook.get(f"/api/events?{start}")

    assert "order:new" in _types(boss)
    assert "order:new" not in _types(cook)
    assert "order:created" in _types(cook)


def test_guests_see_their_table_redacted_when_they_hold_its_token(house: House) -> None:
    start = _cursor(house)
    house.order(customer={"name": "Ada Byron"})

    reply = _guest(house).get(f"/api/events?{start}&rooms=table:{house.table.pk}")

    order = reply.body["events"][0]["data"]["order"]
    assert reply.status == 200
    assert (order["customer_name"], order["waiter_id"], order["customer_id"]) == ("Ada", None, None)


def test_alert_reaches_guests_when_it_is_for_all(house: House) -> None:
    start, guest = _cursor(house), _guest(house)
    house.manager.post("/api/alerts", {"severity": "error", "message": "kitchen fire"})
    house.manager.post("/api/alerts", {"severity": "info", "message": "last orders", "audience": "all"})

    seen = guest.get(f"/api/events?{start}").body["events"]
    staff = house.cashier.get(f"/api/events?{start}&rooms=display").body["events"]

    assert [event["data"]["message"] for event in seen] == ["last orders"]
    assert [event["data"]["message"] for event in staff] == ["last orders"]


def test_guests_are_kept_out_of_every_other_room(house: House, foreign: House) -> None:
    rooms = ("orders", "kitchen", "restaurant", f"table:{house.table.pk + 1000}")
    order = foreign.order()

    statuses = [_guest(house).get(f"/api/events?rooms={room}").status for room in (*rooms, f"order:{order['id']}")]

    assert statuses == [403, 403, 403, 404, 404]
    assert [_guest(house).get(path).status for path in ("/api/orders", "/api/menu-items")] == [401, 401]


def test_unauthenticated_when_the_tables_code_was_renewed(house: House) -> None:
    guest = _guest(house)
    house.table.nonce = "another"
    house.table.save()

    assert guest.get("/api/events").status == 401
    assert Caller().get("/api/events").status == 401


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("after=1", "/epoch"),
        ("epoch=x", "/after"),
        ("after=x&epoch=x", "/after"),
        ("after=-1&epoch=x", "/after"),
        (f"after={2**63}&epoch=x", "/after"),
        ("limit=0", "/limit"),
        ("wait=26", "/wait"),
        ("wait=x", "/wait"),
        ("types=order:eaten", "/types/0"),
        ("rooms=", "/rooms/0"),
        ("rooms=" + ",".join(["orders"] * 101), "/rooms"),
        ("room=orders", "/room"),
    ],
)
def test_bad_request_when_a_parameter_is_wrong(house: House, query: str, pointer: str) -> None:
    reply = house.manager.get(f"/api/events?{query}")

    assert (reply.status, [found for found, _ in reply.pointers]) == (400, [pointer])


def test_frames_are_read_in_a_constant_number_of_queries(house: House, django_assert_num_queries: Any) -> None:
    start = _cursor(house)
    for _ in range(3):
        house.confirmed()

    # Who asks, where the stream stands, its events.
    with django_assert_num_queries(3):
        house.waiter.get(f"/api/events?{start}&rooms=orders,waiters")
    assert Event.objects.filter(restaurant=house.restaurant).count() > 9
