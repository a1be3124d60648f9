"""The WebSocket protocol, sentence by sentence, against a really served Brigade."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
import websockets
from django.test import Client as Page

from kitchen.models import KitchenOrder
from orders.models import Membership, Order, Table, User
from orders.services.orders import delete_order, set_order_status, update_order
from orders.states import OrderStatus, Role
from realtime.commands import in_thread
from realtime.credentials import UNAUTHENTICATED, Verdict, principal_of_session, principal_of_token, recheck
from realtime.models import Audience, Event, Severity, Stream
from realtime.services import raise_alert
from realtime.stream import head_of
from tests.live import Client, Served
from tests.places import Place

made = in_thread


async def signed_in(served: Served, place: Place, role: Role = Role.MANAGER) -> Client:
    client = await Client.open(served.ws, await made(lambda: place.token(role)))
    await client.event("welcome")
    return client


async def test_welcome_names_user_and_restaurant_when_bearer_is_good(served: Served, place: Place) -> None:
    async with await Client.open(served.ws, await made(place.token)) as client:
        welcome = await client.read()

    data = welcome["data"]
    assert (welcome["type"], data["protocol"], data["authenticated"]) == ("welcome", 1, True)
    assert data["user"] == {"id": place.actor.user_id, "name": "Manager", "roles": ["manager"]}
    assert data["restaurant"] == {"id": place.restaurant.pk, "slug": "grillhaus", "name": "Grillhaus"}
    assert data["heartbeat_seconds"] == 10


async def test_root_path_serves_the_same_when_ws_is_left_out(served: Served, place: Place) -> None:
    token = await made(place.token)

    async with await Client.open(served.ws.removesuffix("ws/"), token) as client:
        assert (await client.read())["data"]["authenticated"] is True


async def test_handshake_is_refused_when_path_is_another(served: Served, place: Place) -> None:
    with pytest.raises(websockets.InvalidStatus) as refused:
        await Client.open(served.ws + "elsewhere/")

    assert refused.value.response.status_code == 403


@pytest.mark.parametrize(
    ("origin", "status"),
    [("https://evil.example", 403), ("null", 403)],
)
async def test_handshake_is_refused_when_origin_is_foreign(
    served: Served, place: Place, origin: str, status: int
) -> None:
    with pytest.raises(websockets.InvalidStatus) as refused:
        await Client.open(served.ws, origin=origin)

    assert refused.value.response.status_code == status


async def test_own_origin_is_let_in(served: Served, place: Place) -> None:
    async with await Client.open(served.ws, origin=served.url) as client:
        assert (await client.read())["data"]["authenticated"] is False


@pytest.mark.parametrize("header", ["Bearer nonsense", "Basic abc", "Bearer", "Bearer tbl_nonsense"])
async def test_closes_4401_when_authorization_is_bad(served: Served, place: Place, header: str) -> None:
    connection = await websockets.connect(served.ws, additional_headers={"Authorization": header})
    client = Client(connection)

    assert await client.closed() == 4401


async def test_commands_are_unauthenticated_until_auth(served: Served, place: Place) -> None:
    token = await made(place.token)
    async with await Client.open(served.ws) as client:
        refused = await client.ask("join", room="kitchen")
        granted = await client.ask("auth", token=token)
        joined = await client.ask("join", room="kitchen")

    assert refused["error"]["code"] == "unauthenticated"
    assert granted["data"]["authenticated"] is True
    assert joined["ok"] is True


async def test_failing_auth_changes_nothing_when_socket_is_live(
    served: Served, place: Place, other_place: Place
) -> None:
    foreign = await made(other_place.token)
    async with await signed_in(served, place) as client:
        await client.ask("join", room="orders")
        bad = await client.ask("auth", token="nonsense")
        stranger = await client.ask("auth", token=foreign)
        rooms = await client.ask("rooms")

    assert bad["error"]["code"] == "unauthenticated"
    assert stranger["error"]["code"] == "forbidden"
    assert rooms["data"] == {"rooms": ["orders"]}


async def test_auth_is_forbidden_when_not_a_member_of_the_named_restaurant(
    served: Served, place: Place, other_place: Place
) -> None:
    token = await made(place.token)
    async with await Client.open(served.ws) as client:
        answer = await client.ask("auth", token=token, restaurant="bistro")

    assert answer["error"]["code"] == "forbidden"


@pytest.mark.parametrize(
    ("role", "may"),
    [
        (Role.OWNER, {"kitchen", "station", "waiters", "orders", "restaurant", "table", "order", "display"}),
        (Role.MANAGER, {"kitchen", "station", "waiters", "orders", "restaurant", "table", "order", "display"}),
        (Role.WAITER, {"waiters", "orders", "table", "order", "display"}),
        (Role.KITCHEN, {"kitchen", "station", "orders", "table", "order", "display"}),
        (Role.CASHIER, {"orders", "table", "order", "display"}),
    ],
)
async def test_rooms_open_to_the_roles_that_may(served: Served, place: Place, role: Role, may: set[str]) -> None:
    order = await made(place.order)
    names = {
        "kitchen": "kitchen",
        "station": f"station:{place.station.pk}",
        "waiters": "waiters",
        "orders": "orders",
        "restaurant": "restaurant",
        "table": f"table:{place.table.pk}",
        "order": f"order:{order.pk}",
        "display": "display",
    }
    async with await signed_in(served, place, role) as client:
        answers = {kind: await client.ask("join", room=room) for kind, room in names.items()}

    assert {kind for kind, answer in answers.items() if answer["ok"]} == may
    assert {answer["error"]["code"] for answer in answers.values() if not answer["ok"]} <= {"forbidden"}


async def test_table_token_opens_its_table_and_its_open_orders_alone(served: Served, place: Place) -> None:
    own = await made(place.order)
    elsewhere = await made(lambda: place.order(table_id=None))
    neighbour = await made(lambda: Table.objects.create(restaurant=place.restaurant, name="8"))
    async with await Client.open(served.ws, place.table_token) as client:
        welcome = await client.read()
        answers = {
            room: await client.ask("join", room=room)
            for room in (
                f"table:{place.table.pk}", f"order:{own.pk}", f"table:{neighbour.pk}", f"order:{elsewhere.pk}",
                "kitchen", "orders", "waiters", "restaurant", "display",
            )
        }  # fmt: skip

    assert welcome["data"]["user"] is None
    assert [room for room, answer in answers.items() if answer["ok"]] == [f"table:{place.table.pk}", f"order:{own.pk}"]


@pytest.mark.parametrize(
    "room", ["nowhere", "kitchen:1", "table", "table:0x1", "table:007", "order:999999999", "", "a" * 61]
)
async def test_unknown_rooms_are_not_found(served: Served, place: Place, room: str) -> None:
    async with await signed_in(served, place) as client:
        answer = await client.ask("join", room=room)

    assert answer["ok"] is False
    assert answer["error"]["code"] in ("not_found", "bad_request")


async def test_foreign_rooms_are_not_found(served: Served, place: Place, other_place: Place) -> None:
    order = await made(other_place.order)
    rooms = [f"table:{other_place.table.pk}", f"order:{order.pk}", f"station:{other_place.station.pk}"]
    async with await signed_in(served, place) as client:
        codes = [(await client.ask("join", room=room))["error"]["code"] for room in rooms]

    assert codes == ["not_found"] * 3


async def test_join_of_several_takes_none_when_one_is_refused(served: Served, place: Place) -> None:
    async with await signed_in(served, place, Role.WAITER) as client:
        refused = await client.ask("join", rooms=["waiters", "kitchen"])
        rooms = await client.ask("rooms")

    assert refused["error"]["code"] == "forbidden"
    assert rooms["data"] == {"rooms": []}


async def test_nothing_crosses_to_another_restaurant(served: Served, place: Place, other_place: Place) -> None:
    async with await signed_in(served, place) as client:
        await client.ask("join", rooms=["kitchen", "waiters", "orders", "restaurant", "display"])
        await made(other_place.order)
        mine = await made(place.order)
        event = await client.event("order:created")

    assert event["data"]["order_id"] == mine.pk
    assert {e["data"].get("order_id") for e in client.events} == {mine.pk}


async def test_event_comes_once_when_socket_is_in_several_of_its_rooms(served: Served, place: Place) -> None:
    async with await signed_in(served, place) as client:
        await client.ask("join", rooms=["kitchen", "waiters", "orders", "restaurant", "display"])
        ticket = await made(place.ticket)
        await client.until(lambda frame: frame["type"] == "station:updated")

    seqs = [event["seq"] for event in client.events]
    assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))
    created = client.events[0]
    assert created["rooms"] == ["kitchen", "waiters", "orders", f"table:{place.table.pk}", "display"]
    assert created["data"]["order"]["id"] == ticket.order_id


async def test_since_replays_exactly_what_was_missed(served: Served, place: Place) -> None:
    head = await made(lambda: head_of(place.restaurant.pk))
    async with await signed_in(served, place) as live:
        await live.ask("join", rooms=["kitchen", "orders"])
        await made(place.ticket)
        last = await live.event("station:updated")
    async with await signed_in(served, place) as client:
        answer = await client.ask("join", rooms=["kitchen", "orders"], since={"epoch": head.epoch, "seq": head.seq})
        await client.until(lambda frame: frame.get("seq") == last["seq"])

    assert (answer["data"]["resync"], answer["data"]["replayed"]) == (False, len(live.events))
    assert [{**event, "replayed": True} for event in live.events] == client.events


async def test_replay_equals_the_live_frame_to_the_letter(served: Served, place: Place) -> None:
    head = await made(lambda: head_of(place.restaurant.pk))
    async with await signed_in(served, place) as client:
        await client.ask("join", room="orders")
        await made(place.order)
        live = await client.connection.recv()
    async with await signed_in(served, place) as client:
        await client.ask("join", room="orders", since={"epoch": head.epoch, "seq": head.seq})
        replayed = await client.connection.recv()

    assert replayed == str(live)[:-1] + ',"replayed":true}'


@pytest.mark.parametrize("case", ["other epoch", "above head", "pruned"])
async def test_resync_with_snapshot_when_replay_cannot_be_exact(served: Served, place: Place, case: str) -> None:
    await made(place.ticket)
    head = await made(lambda: head_of(place.restaurant.pk))
    since = {"epoch": head.epoch, "seq": 1}
    if case == "other epoch":
        since["epoch"] = "00000000-0000-0000-0000-000000000000"
    elif case == "above head":
        since["seq"] = head.seq + 1
    else:
        await made(lambda: Stream.objects.filter(pk=place.restaurant.pk).update(min_seq=3))
    async with await signed_in(served, place) as client:
        answer = await client.ask("join", room="kitchen", since=since)

    data = answer["data"]
    assert (data["resync"], data["replayed"], data["seq"]) == (True, 0, head.seq)
    assert len(data["snapshot"]["orders"]) == 1


async def test_resync_when_what_the_server_remembers_was_pruned(served: Served, place: Place) -> None:
    before = await made(lambda: head_of(place.restaurant.pk))
    async with await signed_in(served, place) as first, await signed_in(served, place) as second:
        await first.ask("join", room="orders")
        await made(place.order)
        await first.event("order:created")
        await made(lambda: Stream.objects.filter(pk=place.restaurant.pk).update(min_seq=before.seq + 2))
        answer = await second.ask("join", room="orders", since={"epoch": before.epoch, "seq": before.seq})

    assert (answer["data"]["resync"], answer["data"]["replayed"]) == (True, 0)


@pytest.mark.parametrize("behind", [0, 1])
async def test_replay_is_exact_at_its_edges(served: Served, place: Place, behind: int) -> None:
    await made(place.order)
    head = await made(lambda: head_of(place.restaurant.pk))
    await made(lambda: Stream.objects.filter(pk=place.restaurant.pk).update(min_seq=head.seq))
    async with await signed_in(served, place) as client:
        answer = await client.ask("join", room="orders", since={"epoch": head.epoch, "seq": head.seq - behind})

    assert answer["data"]["resync"] is False
    assert answer["data"]["replayed"] == behind


async def test_second_room_replays_only_what_the_first_has_not_had(served: Served, place: Place) -> None:
    head = await made(lambda: head_of(place.restaurant.pk))
    since = {"epoch": head.epoch, "seq": head.seq}
    async with await signed_in(served, place) as client:
        await client.ask("join", room="waiters", since=since)
        await made(place.ticket)
        await client.event("order:confirmed")
        answer = await client.ask("join", room="kitchen", since=since)
        await client.until(lambda frame: frame["type"] == "station:updated")

    assert answer["data"]["replayed"] == 3
    assert sorted(event["seq"] for event in client.events) == list(range(head.seq + 1, head.seq + 7))


async def test_snapshot_holds_at_its_seq_and_only_later_events_follow(served: Served, place: Place) -> None:
    await made(place.ticket)
    async with await signed_in(served, place) as client:
        answer = await client.ask("join", room="kitchen", snapshot=True)
        await made(place.order)
        event = await client.event("order:created")

    assert event["seq"] == answer["data"]["seq"] + 1
    assert [order["order_number"] for order in answer["data"]["snapshot"]["orders"]] == ["T1-001"]


async def test_guest_sees_no_staff_and_no_other_table(served: Served, place: Place) -> None:
    other = await made(lambda: Table.objects.create(restaurant=place.restaurant, name="8"))
    waiter = await made(lambda: place.staff(Role.WAITER))
    guest_order = {"customer": {"name": "Ada Lovelace", "phone": "123", "email": "a@b.c"}}
    async with await Client.open(served.ws, place.table_token) as client:
        await client.ask("join", room=f"table:{place.table.pk}")
        await made(lambda: place.order(table_id=other.pk))
        order = await made(lambda: place.order_by(waiter, **guest_order))
        created = await client.event("order:created")
        await made(lambda: place.confirm(order))
        await client.event("order:confirmed")

    shape = created["data"]["order"]
    assert shape["customer_name"] == "Ada"
    assert {shape[name] for name in ("waiter_id", "waiter_name", "customer_id")} == {None}
    assert {event["data"]["order_id"] for event in client.events} == {order.pk}
    assert "Lovelace" not in json.dumps(client.frames)
    assert created["rooms"] == [f"table:{place.table.pk}", f"customer:{order.customer_id}"]


async def test_display_gets_numbers_and_statuses_only(served: Served, place: Place) -> None:
    async with await signed_in(served, place, Role.CASHIER) as client:
        await client.ask("join", room="display")
        order = await made(place.order)
        created = await client.event("order:created")
        await made(lambda: place.confirm(order))
        changed = await client.event("order:status_changed")

    known = {"order_id": order.pk, "order_number": order.order_number, "channel": "dine_in"}
    assert created["data"] == {**known, "status": "pending"}
    assert changed["data"] == {**known, "previous_status": "pending", "new_status": "confirmed", "status": "confirmed"}
    assert changed["rooms"] == ["display"]


async def test_only_named_events_come_under_the_clients_own_names(served: Served, place: Place) -> None:
    async with await signed_in(served, place) as client:
        await client.ask(
            "join",
            room="orders",
            events=["order:status_changed", "alert"],
            names={"order:status_changed": "order:status-changed"},
        )
        order = await made(place.order)
        await made(lambda: place.confirm(order))
        event = await client.event("order:status-changed")

    assert [e["type"] for e in client.events] == ["order:status-changed"]
    assert event["data"]["new_status"] == "confirmed"


async def test_left_room_is_silent_and_leaving_twice_not_found(served: Served, place: Place) -> None:
    async with await signed_in(served, place) as client:
        await client.ask("join", rooms=["orders", "display"])
        left = await client.ask("leave", room="orders")
        again = await client.ask("leave", room="orders")
        await made(place.order)
        event = await client.event("order:created")

    assert left["data"] == {"room": "orders"}
    assert again["error"]["code"] == "not_found"
    assert "order" not in event["data"]


async def test_order_that_leaves_a_table_is_told_there_once(served: Served, place: Place) -> None:
    other = await made(lambda: Table.objects.create(restaurant=place.restaurant, name="8"))
    order = await made(place.order)
    async with await Client.open(served.ws, place.table_token) as client:
        await client.ask("join", room=f"table:{place.table.pk}")
        await made(lambda: update_order(order_id=order.pk, actor=place.actor, table_id=other.pk))
        left = await client.event("order:left")
        await made(lambda: delete_order(order_id=order.pk, actor=place.actor))
        await client.ask("ping")

    assert left["data"] == {"order_id": order.pk, "order_number": order.order_number}
    assert [event["type"] for event in client.events] == ["order:left"]


# Bad input ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["", "nonsense", "[]", "1", "null", '{"data": {}}', '{"type": 1}', '{"type": "x"', "NaN"]
)
async def test_bad_json_is_answered_and_the_socket_lives(served: Served, place: Place, text: str) -> None:
    async with await signed_in(served, place) as client:
        await client.connection.send(text)
        answer = await client.event("reply")
        pong = await client.ask("ping", still="here")

    assert answer["error"]["code"] == "bad_json"
    assert pong["data"] == {"still": "here"}


@pytest.mark.parametrize(
    ("command", "data"),
    [
        ("join", {}),
        ("join", {"room": "kitchen", "rooms": ["orders"]}),
        ("join", {"rooms": []}),
        ("join", {"room": 1}),
        ("join", {"room": "kitchen", "since": {"seq": 1}}),
        ("join", {"room": "kitchen", "since": {"epoch": "e", "seq": -1}}),
        ("join", {"room": "kitchen", "unknown": 1}),
        ("join", []),
        ("join", "kitchen"),
        ("leave", {}),
        ("auth", {}),
        ("order:subscribe", {"order_id": "1"}),
        ("kitchen:update_order_status", {"kitchen_order_id": 1}),
        ("kitchen:update_order_status", {"kitchen_order_id": 2**63, "status": "ready"}),
        ("kitchen:update_order_status", {"kitchen_order_id": 1, "status": "burnt"}),
        ("kitchen:update_item_status", {"kitchen_order_id": "1", "item_id": 1, "status": "ready"}),
        ("order:get_details", {"order_id": True}),
        ("order:update_status", {"order_id": 1, "status": "cancelled", "reason": "x" * 501}),
        ("kitchen:update_order_status", {"kitchen_order_id": 1, "status": "cancelled", "reason": "x" * 501}),
    ],
)
async def test_bad_data_is_a_bad_request(served: Served, place: Place, command: str, data: Any) -> None:
    async with await signed_in(served, place) as client:
        await client.connection.send(json.dumps({"type": command, "ref": "r", "data": data}))
        answer = await client.event("reply")

    assert (answer["ref"], answer["ok"], answer["error"]["code"]) == ("r", False, "bad_request")


async def test_bad_request_when_a_text_holds_what_no_row_can(served: Served, place: Place) -> None:
    order = await made(place.order)
    async with await signed_in(served, place) as client:
        answer = await client.ask("order:update_status", order_id=order.pk, status="cancelled", reason="a\x00b")
        details = await client.ask("order:get_details", order_id=order.pk)

    assert answer["error"]["code"] == "bad_request"
    assert details["data"]["status"] == "pending"


async def test_unknown_command_is_named(served: Served, place: Place) -> None:
    async with await signed_in(served, place) as client:
        answer = await client.ask("order:eat")

    assert answer["error"]["code"] == "unknown_command"


async def test_closes_4400_when_twenty_one_frames_are_malformed(served: Served, place: Place) -> None:
    client = await signed_in(served, place)
    for _ in range(21):
        await client.connection.send("nonsense")

    assert await client.closed() == 4400


async def test_closes_1003_when_frame_is_binary(served: Served, place: Place) -> None:
    client = await signed_in(served, place)
    await client.connection.send(b"\x00")

    assert await client.closed() == 1003


async def test_closes_1009_when_frame_is_too_large(served: Served, place: Place) -> None:
    client = await signed_in(served, place)
    await client.connection.send(json.dumps({"type": "ping", "data": "x" * 70_000}))

    assert await client.closed() == 1009


async def test_rate_limit_refuses_then_closes_4429(served: Served, place: Place) -> None:
    client = await signed_in(served, place)
    for number in range(400):
        await client.connection.send(json.dumps({"type": "ping", "ref": str(number)}))

    assert await client.closed() == 4429
    codes = [frame["error"]["code"] for frame in client.frames if frame["type"] == "reply" and not frame["ok"]]
    assert set(codes) == {"rate_limited"}
    assert len(codes) == 200


async def test_hundred_and_first_room_is_a_conflict(served: Served, place: Place) -> None:
    def tables() -> list[str]:
        rows = [Table.objects.create(restaurant=place.restaurant, name=f"n{n}") for n in range(100)]
        return [f"table:{row.pk}" for row in rows]

    rooms = await made(tables)
    async with await signed_in(served, place) as client:
        await client.ask("join", rooms=rooms)
        answer = await client.ask("join", room="orders")

    assert answer["error"]["code"] == "conflict"


# Commands -----------------------------------------------------------------------------------------


async def test_ticket_and_item_move_by_command_and_everybody_hears(served: Served, place: Place) -> None:
    ticket = await made(place.ticket)
    item_id = await made(lambda: ticket.items.get().pk)
    async with (
        await signed_in(served, place, Role.KITCHEN) as chef,
        await signed_in(served, place, Role.WAITER) as waiter,
    ):
        await waiter.ask("join", room="waiters")
        answer = await chef.ask(
            "kitchen:update_item_status", kitchen_order_id=ticket.pk, item_id=item_id, status="ready", version=1
        )
        ready = await waiter.event("kitchen:order_ready")

    assert answer["data"]["status"] == "ready"
    assert ready["data"]["kitchen_order"] == answer["data"]
    assert (await made(lambda: Order.objects.get(pk=ticket.order_id))).status == "ready"


async def test_commands_are_refused_with_their_codes(served: Served, place: Place, other_place: Place) -> None:
    ticket = await made(place.ticket)
    foreign = await made(other_place.ticket)
    events = await made(Event.objects.count)
    move = "kitchen:update_order_status"
    async with (
        await signed_in(served, place, Role.KITCHEN) as chef,
        await signed_in(served, place, Role.CASHIER) as till,
    ):
        codes = [
            (await chef.ask(move, kitchen_order_id=ticket.pk, status="ready"))["error"],
            (await chef.ask(move, kitchen_order_id=ticket.pk, status="preparing", version=9))["error"],
            (await chef.ask(move, kitchen_order_id=foreign.pk, status="preparing"))["error"],
            (await till.ask(move, kitchen_order_id=ticket.pk, status="preparing"))["error"],
            (await chef.ask("order:update_status", order_id=foreign.order_id, status="served"))["error"],
        ]

    assert [error["code"] for error in codes] == [
        "invalid_transition",
        "conflict",
        "not_found",
        "forbidden",
        "not_found",
    ]
    assert codes[0]["allowed"] == ["acknowledged", "preparing", "cancelled"]
    assert await made(Event.objects.count) == events
    assert (await made(lambda: KitchenOrder.objects.get(pk=ticket.pk))).status == "pending"


async def test_reads_answer_the_bare_objects(served: Served, place: Place) -> None:
    ticket = await made(place.ticket)
    async with await signed_in(served, place) as client:
        tickets = await client.ask("kitchen:get_orders")
        none = await client.ask("kitchen:get_orders", status="ready")
        stations = await client.ask("kitchen:get_stations")
        details = await client.ask("order:get_details", order_id=ticket.order_id)
        transitions = await client.ask("order:get_transitions", order_id=ticket.order_id)

    assert [row["id"] for row in tickets["data"]["orders"]] == [ticket.pk]
    assert none["data"]["orders"] == []
    assert stations["data"]["stations"][0]["load"] == 1
    assert details["data"]["order_number"] == ticket.order_number
    assert [step["status"] for step in transitions["data"]["transitions"]] == ["preparing", "cancelled"]


@pytest.mark.parametrize(
    ("name", "room"), [("kitchen:subscribe", "kitchen"), ("join:orders", "orders"), ("tenant:subscribe", "restaurant")]
)
async def test_other_names_of_join_are_joins(served: Served, place: Place, name: str, room: str) -> None:
    async with await signed_in(served, place) as client:
        answer = await client.ask(name)

    assert answer["data"]["room"] == room


# Credentials that end -----------------------------------------------------------------------------


async def test_room_is_left_when_the_role_no_longer_allows_it(served: Served, place: Place) -> None:
    async with await signed_in(served, place, Role.WAITER) as client:
        await client.ask("join", rooms=["waiters", "orders"])
        await made(lambda: Membership.objects.filter(role=Role.WAITER).update(role=Role.CASHIER))
        left = await client.event("left", seconds=12)
        rooms = await client.ask("rooms")

    assert left["data"] == {"room": "waiters", "reason": "forbidden"}
    assert rooms["data"] == {"rooms": ["orders"]}


async def test_closes_when_membership_user_password_or_table_code_ends(served: Served, place: Place) -> None:
    def end() -> None:
        Membership.objects.filter(role=Role.WAITER).update(is_active=False)
        user = Membership.objects.get(role=Role.KITCHEN).user
        user.is_active = False
        user.save()
        set_password(place.staff(Role.CASHIER).user)
        Table.objects.filter(pk=place.table.pk).update(nonce="another")

    roles = (Role.WAITER, Role.KITCHEN, Role.CASHIER)
    staff = [await signed_in(served, place, role) for role in roles]
    guest = await Client.open(served.ws, place.table_token)
    await made(end)

    codes = await asyncio.gather(*(client.closed(12) for client in (*staff, guest)))

    assert codes == [4403, 4401, 4401, 4401]


def set_password(user: User) -> None:
    user.set_password("another horse")
    user.save()


def test_everything_that_was_signed_in_ends_when_the_password_is_new(place: Place) -> None:
    user = place.staff(Role.WAITER).user
    page = Page()
    page.force_login(user)
    session = principal_of_session(page.session.session_key or "")
    assert session is not None
    principals = [principal_of_token(place.token(Role.WAITER)), session]
    others = principal_of_token(place.token(Role.KITCHEN))
    before = recheck([*principals, others])

    set_password(user)

    assert before == {}
    assert recheck([*principals, others]) == dict.fromkeys(principals, Verdict(close=UNAUTHENTICATED))
    assert recheck([principal_of_token(place.token(Role.WAITER))]) == {}


async def test_rooms_are_left_when_a_demoted_member_renews(served: Served, place: Place) -> None:
    token = await made(lambda: place.token(Role.MANAGER))
    async with await Client.open(served.ws, token) as client:
        await client.ask("join", rooms=["restaurant", "kitchen", "waiters"])
        await made(lambda: Membership.objects.filter(role=Role.MANAGER).update(role=Role.WAITER))
        await client.ask("auth", token=token)
        rooms = await client.ask("rooms")

    assert rooms["data"] == {"rooms": ["waiters"]}
    assert [frame["data"]["room"] for frame in client.frames if frame["type"] == "left"] == ["restaurant", "kitchen"]


async def test_guest_leaves_an_order_when_it_moves_to_another_table(served: Served, place: Place) -> None:
    other = await made(lambda: Table.objects.create(restaurant=place.restaurant, name="8"))
    order = await made(place.order)
    async with await Client.open(served.ws, place.table_token) as client:
        await client.ask("join", rooms=[f"table:{place.table.pk}", f"order:{order.pk}"])
        await made(lambda: update_order(order_id=order.pk, actor=place.actor, table_id=other.pk))
        left = await client.event("left")
        await made(lambda: update_order(order_id=order.pk, actor=place.actor, notes="secret of table 8"))
        await client.ask("ping")

    assert left["data"] == {"room": f"order:{order.pk}", "reason": "closed"}
    assert [event["type"] for event in client.events] == ["order:left"]


async def test_guest_leaves_an_order_when_it_is_closed(served: Served, place: Place) -> None:
    order = await made(place.order)
    async with await Client.open(served.ws, place.table_token) as client:
        await client.ask("join", room=f"order:{order.pk}")
        await made(lambda: set_order_status(order_id=order.pk, to=OrderStatus.CANCELLED, actor=place.actor))
        await client.event("left")
        rooms = await client.ask("rooms")

    assert [event["type"] for event in client.events] == ["order:status_changed", "order:cancelled"]
    assert rooms["data"] == {"rooms": []}


async def test_next_guests_get_a_snapshot_instead_of_the_last_ones_orders(served: Served, place: Place) -> None:
    head = await made(lambda: head_of(place.restaurant.pk))
    order = await made(lambda: place.order(notes="proposal at eight"))
    await made(lambda: set_order_status(order_id=order.pk, to=OrderStatus.CANCELLED, actor=place.actor))
    since = {"epoch": head.epoch, "seq": head.seq}
    async with await Client.open(served.ws, place.table_token) as client:
        answer = await client.ask("join", room=f"table:{place.table.pk}", since=since)

    assert answer["data"]["resync"] is True
    assert answer["data"]["snapshot"] == {"orders": []}
    assert "proposal" not in json.dumps(client.frames)


async def test_staff_alert_reaches_staff_in_whatever_room_and_no_guest(served: Served, place: Place) -> None:
    async with (
        await signed_in(served, place, Role.CASHIER) as board,
        await signed_in(served, place, Role.WAITER) as idle,
        await Client.open(served.ws, place.table_token) as guest,
    ):
        await board.ask("join", room="display")
        await guest.ask("join", room=f"table:{place.table.pk}")
        await made(lambda: raise_alert(actor=place.actor, message="86 the soup", severity=Severity.WARNING))
        seen = [await client.event("alert") for client in (board, idle)]
        await made(
            lambda: raise_alert(actor=place.actor, message="Fire drill", severity=Severity.ERROR, audience=Audience.ALL)
        )
        told = await guest.event("alert")

    assert [event["data"]["message"] for event in seen] == ["86 the soup"] * 2
    assert [event["data"]["message"] for event in guest.events] == ["Fire drill"]
    assert told["rooms"] == ["*"]


async def test_heartbeat_names_the_head_that_was_served(served: Served, place: Place) -> None:
    async with await signed_in(served, place) as client:
        answer = await client.ask("join", room="display")
        order = await made(place.order)
        await client.event("order:created")
        await made(lambda: set_order_status(order_id=order.pk, to=OrderStatus.CANCELLED, actor=place.actor))
        head = await made(lambda: head_of(place.restaurant.pk))
        beat = await client.until(lambda frame: frame["type"] == "heartbeat" and frame["seq"] == head.seq, 25)

    assert beat.keys() == {"type", "epoch", "seq", "timestamp"}
    assert beat["epoch"] == answer["data"]["epoch"]


async def test_twenty_first_socket_of_a_user_closes_the_oldest_with_4409(served: Served, place: Place) -> None:
    clients = [await signed_in(served, place) for _ in range(21)]

    assert await clients[0].closed() == 4409
    answers = [await client.ask("ping", still="here") for client in clients[1:]]
    assert all(answer["data"] == {"still": "here"} for answer in answers)
    for client in clients[1:]:
        await client.connection.close()


async def test_two_hundred_and_first_stranger_of_an_address_is_closed_with_4429(served: Served, place: Place) -> None:
    strangers = [await Client.open(served.ws) for _ in range(200)]
    for stranger in strangers:
        await stranger.event("welcome")

    one_more = await Client.open(served.ws)

    assert await one_more.closed() == 4429
    async with await signed_in(served, place) as client:
        assert (await client.ask("rooms"))["ok"] is True
    for stranger in strangers:
        await stranger.connection.close()


async def test_stranger_is_closed_with_4401_when_ten_seconds_have_passed(served: Served, place: Place) -> None:
    stranger = await Client.open(served.ws)

    assert await stranger.closed(15) == 4401
