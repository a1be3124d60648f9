"""Guests on WebSockets: what each kind of token opens, what it is told, and what ends it."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
from django.core import signing

from orders.models import Customer, Order, Table
from orders.services.customers import AskedCustomer
from orders.services.orders import delete_order, set_order_status, update_order
from orders.services.qr_codes import issue_qr_code, scan_qr_code
from orders.states import OrderStatus, Role
from orders.tokens import customer_link, guest_pass, tracking_link
from realtime.commands import in_thread as made
from realtime.credentials import UNAUTHENTICATED, principal_of_guest, recheck
from realtime.stream import head_of
from tests.live import Client, Served
from tests.places import Place

ADA = AskedCustomer(name="Ada Byron", phone="+4420", email="ada@byron.example")


def order_of(place: Place, customer: AskedCustomer | None = ADA, **options: Any) -> Order:
    return place.order(customer=customer, **options)


def token_of(order: Order, kind: str = "tracking") -> str:
    if kind == "tracking":
        return tracking_link(order).token
    assert order.customer is not None
    return customer_link(order.customer).token


async def opened(served: Served, place: Place, kind: str) -> tuple[Client, Order, str]:
    """Return a guest's socket, the order that it is about, and its room."""
    order = await made(lambda: order_of(place))
    token = place.table_token if kind == "table" else await made(lambda: token_of(order, kind))
    number = {"table": place.table.pk, "tracking": order.pk, "customer": order.customer_id}[kind]
    client = await Client.open(served.ws, token)
    await client.event("welcome")
    return client, order, f"{'order' if kind == 'tracking' else kind}:{number}"


def is_redacted(order: dict[str, Any]) -> bool:
    return (order["customer_id"], order["customer_name"], order["waiter_id"], order["waiter_name"]) == (
        None, "Ada", None, None,
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["table", "tracking", "customer"])
async def test_welcome_names_no_user_when_a_guest_comes(served: Served, place: Place, kind: str) -> None:
    client, _, _ = await opened(served, place, kind)
    async with client:
        data = client.frames[0]["data"]

    assert (data["authenticated"], data["user"]) == (True, None)
    assert data["restaurant"] == {"id": place.restaurant.pk, "slug": "grillhaus", "name": "Grillhaus"}


@pytest.mark.parametrize("kind", ["tracking", "customer"])
async def test_link_opens_its_own_room_alone(served: Served, place: Place, other_place: Place, kind: str) -> None:
    client, order, own = await opened(served, place, kind)
    neighbour = await made(lambda: order_of(place, AskedCustomer(name="Bea", phone="+1")))
    stranger = await made(lambda: order_of(other_place))
    rooms = {
        "table": f"table:{place.table.pk}",
        "own": own,
        "neighbour": f"order:{neighbour.pk}",
        "her customer": f"customer:{neighbour.customer_id}",
        "stranger": f"order:{stranger.pk}",
        "their customer": f"customer:{stranger.customer_id}",
        "kitchen": "kitchen",
        "orders": "orders",
        "display": "display",
        "restaurant": "restaurant",
    }
    async with client:
        answers = {name: await client.ask("join", room=room) for name, room in rooms.items()}

    assert [name for name, answer in answers.items() if answer["ok"]] == ["own"]
    codes = {name: answer["error"]["code"] for name, answer in answers.items() if not answer["ok"]}
    assert {codes.pop(name) for name in ("stranger", "their customer")} == {"not_found"}
    assert set(codes.values()) == {"forbidden"}
    assert order.pk != neighbour.pk


@pytest.mark.parametrize("role", list(Role))
async def test_staff_join_customers_rooms_as_guests(served: Served, place: Place, role: Role) -> None:
    order = await made(lambda: order_of(place))
    token = await made(lambda: place.token(role))
    async with await Client.open(served.ws, token) as client:
        answer = await client.ask("join", room=f"customer:{order.customer_id}", snapshot=True)

    assert answer["ok"] is True
    assert [is_redacted(seen) for seen in answer["data"]["snapshot"]["orders"]] == [True]


@pytest.mark.parametrize("kind", ["tracking", "customer"])
async def test_guest_follows_an_order_to_its_end(served: Served, place: Place, kind: str) -> None:
    client, order, room = await opened(served, place, kind)
    async with client:
        joined = await client.ask("join", room=room, snapshot=True)
        await made(lambda: place.confirm(order))
        await made(
            lambda: set_order_status(order_id=order.pk, to=OrderStatus.CANCELLED, actor=place.actor, reason="No gas")
        )
        await client.event("order:cancelled")
        rooms = await client.ask("rooms")

    snapshot = joined["data"]["snapshot"]
    assert is_redacted(snapshot["order"] if kind == "tracking" else snapshot["orders"][0])
    statuses = [event["data"]["status"] for event in client.events if event["type"] == "order:status_changed"]
    assert statuses == ["confirmed", "cancelled"]
    assert all(event["data"]["order_id"] == order.pk for event in client.events)
    assert rooms["data"] == {"rooms": [room]}


async def test_customers_snapshot_has_own_open_orders_alone(served: Served, place: Place) -> None:
    closed = await made(lambda: order_of(place))
    await made(lambda: set_order_status(order_id=closed.pk, to=OrderStatus.CANCELLED, actor=place.actor))
    await made(lambda: order_of(place, AskedCustomer(name="Bea", phone="+1")))
    client, order, room = await opened(served, place, "customer")
    async with client:
        joined = await client.ask("join", room=room, snapshot=True)
        history = await client.ask("customer:get_orders")

    assert [seen["id"] for seen in joined["data"]["snapshot"]["orders"]] == [order.pk]
    assert [seen["id"] for seen in history["data"]["orders"]] == [order.pk, closed.pk]
    assert all(is_redacted(seen) for seen in history["data"]["orders"])


async def test_order_that_goes_to_another_customer_is_told_to_both(served: Served, place: Place) -> None:
    client, order, room = await opened(served, place, "customer")
    bea = AskedCustomer(name="Bea", phone="+1")
    async with client:
        await client.ask("join", room=room)
        await made(lambda: update_order(order_id=order.pk, actor=place.actor, customer=bea))
        await made(lambda: update_order(order_id=order.pk, actor=place.actor, notes="Bea's own"))
        await client.ask("ping")

    assert [event["type"] for event in client.events] == ["order:left"]


@pytest.mark.parametrize(("kind", "may"), [("table", False), ("tracking", False), ("customer", True)])
async def test_orders_of_a_customer_are_told_to_that_customer_alone(
    served: Served, place: Place, kind: str, *, may: bool
) -> None:
    client, _, _ = await opened(served, place, kind)
    async with client:
        answer = await client.ask("customer:get_orders")

    assert answer["ok"] is may
    assert may or answer["error"]["code"] == "forbidden"


@pytest.mark.parametrize("command", ["customer:track_order", "order:get_details"])
@pytest.mark.parametrize("kind", ["table", "tracking", "customer"])
async def test_order_is_tracked_when_it_is_the_guests(served: Served, place: Place, kind: str, command: str) -> None:
    client, order, _ = await opened(served, place, kind)
    elsewhere = await made(lambda: order_of(place, AskedCustomer(name="Bea", phone="+1"), table_id=None))
    async with client:
        own = await client.ask(command, order_id=order.pk)
        other = await client.ask(command, order_id=elsewhere.pk)
        nothing = await client.ask(command, order_id=2**62)

    assert (own["data"]["id"], is_redacted(own["data"])) == (order.pk, True)
    assert other["error"]["code"] in ("forbidden", "not_found")
    assert nothing["error"]["code"] == "not_found"


async def test_staff_track_an_order_as_its_guest_sees_it(served: Served, place: Place) -> None:
    order = await made(lambda: order_of(place))
    async with await Client.open(served.ws, await made(place.token)) as client:
        answer = await client.ask("customer:track_order", order_id=order.pk)

    assert is_redacted(answer["data"])


@pytest.mark.parametrize("kind", ["table", "tracking", "customer"])
async def test_subscribing_joins_the_room_of_the_token(served: Served, place: Place, kind: str) -> None:
    client, _, room = await opened(served, place, kind)
    async with client:
        answer = await client.ask("customer:subscribe", snapshot=True)

    assert answer["data"]["room"] == room
    assert answer["data"]["snapshot"].keys() == {"order" if kind == "tracking" else "orders"}


async def test_staff_subscribe_to_the_customer_whom_they_name(served: Served, place: Place) -> None:
    order = await made(lambda: order_of(place))
    async with await Client.open(served.ws, await made(place.token)) as client:
        named = await client.ask("customer:subscribe", customer_id=order.customer_id)
        nobody = await client.ask("customer:subscribe")
        unknown = await client.ask("customer:subscribe", customer_id=2**62)

    assert named["data"]["room"] == f"customer:{order.customer_id}"
    assert [answer["error"]["code"] for answer in (nobody, unknown)] == ["bad_request", "not_found"]


@pytest.mark.parametrize("command", ["kitchen:get_orders", "kitchen:get_stations", "order:get_transitions"])
@pytest.mark.parametrize("kind", ["tracking", "customer"])
async def test_guests_give_no_commands_of_the_staff(served: Served, place: Place, kind: str, command: str) -> None:
    client, order, _ = await opened(served, place, kind)
    async with client:
        data = {"order_id": order.pk} if command.startswith("order:") else {}
        asked = await client.ask(command, **data)
        moved = await client.ask("order:update_status", order_id=order.pk, status="cancelled")

    assert [answer["error"]["code"] for answer in (asked, moved)] == ["forbidden", "forbidden"]


@pytest.mark.parametrize("kind", ["tracking", "customer"])
async def test_guest_gets_what_was_missed_when_the_line_was_lost(served: Served, place: Place, kind: str) -> None:
    client, order, room = await opened(served, place, kind)
    async with client:
        joined = await client.ask("join", room=room, snapshot=True)
    since = {"epoch": joined["data"]["epoch"], "seq": joined["data"]["seq"]}
    await made(lambda: set_order_status(order_id=order.pk, to=OrderStatus.CANCELLED, actor=place.actor))
    token = await made(lambda: token_of(order, kind))

    async with await Client.open(served.ws, token) as again:
        answer = await again.ask("join", room=room, since=since)
        await again.event("order:cancelled")

    assert not answer["data"]["resync"]
    assert [event["type"] for event in again.events] == ["order:status_changed", "order:cancelled"]


async def test_guest_is_told_of_a_scan(served: Served, place: Place) -> None:
    client, order, room = await opened(served, place, "tracking")
    async with client:
        await client.ask("join", room=room)
        code = await made(lambda: issue_qr_code(order_id=order.pk, actor=place.actor))
        await made(lambda: scan_qr_code(token=code.token, actor=place.actor))
        event = await client.event("qr:scanned")

    assert (event["data"]["scanned_count"], event["data"]["customer_name"]) == (1, "Ada")
    assert event["rooms"] == [room]


@pytest.mark.parametrize("kind", ["table", "tracking", "customer"])
async def test_closes_with_4401_when_what_the_token_names_ends(served: Served, place: Place, kind: str) -> None:
    client, order, room = await opened(served, place, kind)
    await client.ask("join", room=room)

    def end() -> None:
        if kind == "table":
            Table.objects.filter(pk=place.table.pk).update(nonce="another")
            return
        delete_order(order_id=order.pk, actor=place.actor)
        Customer.objects.filter(restaurant=place.restaurant).delete()

    await made(end)

    assert await client.closed(12) == 4401


async def test_closes_with_4401_when_a_link_runs_out(served: Served, place: Place) -> None:
    """A link that is good for seconds: signed as ours are, with a moment that is near."""
    order = await made(lambda: order_of(place))
    token = short_link(order)
    client = await Client.open(served.ws, token)
    await client.event("welcome")
    await client.ask("join", room=f"order:{order.pk}")

    assert await client.closed(15) == 4401


def short_link(order: Order, *, seconds: int = 3) -> str:
    return "trk_" + signing.dumps([order.pk, int(time.time()) + seconds], salt="brigade.tracking")


def test_verdicts_take_three_queries_however_many_guests_there_are(
    place: Place, django_assert_num_queries: Any
) -> None:
    orders = [order_of(place) for _ in range(3)]
    tokens = [place.table_token, *(token_of(order, kind) for order in orders for kind in ("tracking", "customer"))]
    passes = [guest_pass(token) for token in tokens]
    principals = [principal_of_guest(guest) for guest in passes if guest is not None]
    past = replace(principals[1], expires_at=time.time() - 1)
    delete_order(order_id=orders[-1].pk, actor=place.actor)

    with django_assert_num_queries(3):
        verdicts = recheck([*principals, past])

    assert {principal.order_id for principal in verdicts} == {past.order_id, orders[-1].pk}
    assert {verdict.close for verdict in verdicts.values()} == {UNAUTHENTICATED}


@pytest.mark.parametrize("what", ["tampered", "rotated", "prefix", "enormous", "expired"])
async def test_auth_is_refused_when_the_token_is_bad(served: Served, place: Place, what: str) -> None:
    order = await made(lambda: order_of(place))
    good = await made(lambda: token_of(order))
    bad = {
        "tampered": good[:-1] + ("A" if good[-1] != "A" else "B"),
        "rotated": place.table_token,
        "prefix": "cus_" + good[4:],
        "enormous": good + "A" * 4000,
        "expired": short_link(order, seconds=-1),
    }[what]
    if what == "rotated":
        await made(lambda: Table.objects.filter(pk=place.table.pk).update(nonce="another"))
    async with await Client.open(served.ws) as client:
        answer = await client.ask("auth", token=bad)

    assert answer["error"]["code"] == "unauthenticated"


async def test_next_guests_of_a_table_are_told_nothing_of_the_last_ones(served: Served, place: Place) -> None:
    head = await made(lambda: head_of(place.restaurant.pk))
    before = await made(lambda: order_of(place))
    await made(lambda: set_order_status(order_id=before.pk, to=OrderStatus.CANCELLED, actor=place.actor))
    client, order, room = await opened(served, place, "table")
    async with client:
        answer = await client.ask("join", room=room, since={"epoch": head.epoch, "seq": head.seq})

    assert answer["data"]["resync"] is True
    assert [seen["id"] for seen in answer["data"]["snapshot"]["orders"]] == [order.pk]
