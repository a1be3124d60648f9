"""Devices on sockets: the rooms that they may join, and that a revoked one is gone; the rooms of tills and persons."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from orders.models import Device, Order
from orders.scopes import DEFAULT_SCOPES, Scope
from orders.services.devices import pair_device, revoke_device
from orders.services.orders import confirm_order, set_order_status
from orders.services.payments import take_payment
from orders.states import DeviceKind, OrderStatus, PaymentMethod, Role
from realtime.commands import in_thread
from realtime.credentials import principal_of_device
from realtime.rooms import may_join
from realtime.snapshots import room_snapshot
from tests.factories import CounterFactory
from tests.live import Client, Served
from tests.places import Place

made = in_thread


def paired(
    place: Place, *scopes: Scope, kind: DeviceKind = DeviceKind.INTEGRATION, **others: Any
) -> tuple[Device, str]:
    return pair_device(name="Pass", kind=kind, scopes=scopes, actor=place.actor, **others)


async def connected(served: Served, place: Place, *scopes: Scope, **others: Any) -> tuple[Client, Device]:
    device, key = await made(lambda: paired(place, *scopes, **others))
    client = await Client.open(served.ws, key)
    await client.event("welcome")
    return client, device


async def test_welcome_names_no_user_when_a_device_signs_in(served: Served, place: Place) -> None:
    client, _ = await connected(served, place)

    data = client.frames[0]["data"]

    assert (data["authenticated"], data["user"], data["restaurant"]["id"]) == (True, None, place.restaurant.pk)
    await client.connection.close()


async def test_device_signs_in_by_command_when_it_can_send_no_header(served: Served, place: Place) -> None:
    _, key = await made(lambda: paired(place, Scope.ORDERS_READ))
    async with await Client.open(served.ws) as client:
        signed_in = await client.ask("auth", token=key)
        joined = await client.ask("join", room="orders")

    assert (signed_in["ok"], signed_in["data"]["authenticated"], joined["ok"]) == (True, True, True)


@pytest.mark.parametrize(
    ("kind", "scopes", "rooms"),
    [
        (DeviceKind.KITCHEN, (), {"kitchen", "station"}),
        (DeviceKind.DISPLAY, (), {"display"}),
        (DeviceKind.COUNTER, (), {"counter"}),
        (DeviceKind.WAITER, (), set()),
        (DeviceKind.INTEGRATION, (), set()),
        (DeviceKind.INTEGRATION, (Scope.ORDERS_READ,), {"orders"}),
        (DeviceKind.INTEGRATION, (Scope.EVENTS_READ,), {"restaurant"}),
        (DeviceKind.INTEGRATION, tuple(Scope), {"orders", "restaurant"}),
    ],
)
def test_rooms_are_those_of_its_kind_and_scopes(
    place: Place, kind: DeviceKind, scopes: tuple[Scope, ...], rooms: set[str]
) -> None:
    till = CounterFactory(restaurant=place.restaurant).pk if kind == DeviceKind.COUNTER else None
    device, _ = paired(place, *scopes, kind=kind, counter_id=till)
    principal = principal_of_device(device)
    names = {
        **{name: name for name in ("kitchen", "waiters", "orders", "restaurant", "display")},
        **{name: f"{name}:{till or 1}" for name in ("station", "table", "order", "customer", "counter", "user")},
    }

    joined = {name for name, room in names.items() if may_join(room, principal) == "yes"}

    assert joined == rooms


async def test_ticket_is_moved_in_the_devices_name_when_it_may_work_in_the_kitchen(
    served: Served, place: Place
) -> None:
    client, _ = await connected(served, place, *DEFAULT_SCOPES[DeviceKind.KITCHEN], kind=DeviceKind.KITCHEN)
    ticket = await made(place.ticket)
    joined = await client.ask("join", room="kitchen", snapshot=True)

    moved = await client.ask("kitchen:update_order_status", kitchen_order_id=ticket.pk, status="preparing")
    refused = await client.ask("order:update_status", order_id=ticket.order_id, status="ready")

    assert [row["id"] for row in joined["data"]["snapshot"]["orders"]] == [ticket.pk]
    assert (moved["ok"], moved["data"]["status"], moved["data"]["chef_id"]) == (True, "preparing", None)
    assert (refused["ok"], refused["error"]["code"]) == (False, "forbidden")
    await client.connection.close()


async def test_socket_is_closed_with_4401_when_its_device_is_revoked(served: Served, place: Place) -> None:
    client, device = await connected(served, place, Scope.ORDERS_READ)
    await client.ask("join", room="orders")

    await made(lambda: revoke_device(device_id=device.pk, actor=place.actor))

    assert await client.closed(10) == 4401
    assert await made(lambda: Device.objects.get(pk=device.pk).last_used_at) is not None


async def test_room_is_left_when_the_scope_is_taken_away(served: Served, place: Place) -> None:
    client, device = await connected(served, place, Scope.ORDERS_READ, Scope.EVENTS_READ)
    await client.ask("join", rooms=["orders", "restaurant"])

    await made(lambda: Device.objects.filter(pk=device.pk).update(scopes=["orders:read"]))

    assert (await client.event("left"))["data"] == {"room": "restaurant", "reason": "forbidden"}
    assert (await client.ask("rooms"))["data"]["rooms"] == ["orders"]
    await client.connection.close()


async def test_twenty_first_socket_of_a_device_closes_the_oldest(served: Served, place: Place) -> None:
    _, key = await made(lambda: paired(place))
    clients = []
    for _ in range(20):
        clients.append(await Client.open(served.ws, key))
        await clients[-1].event("welcome")  # in no other order than this are they old

    clients.append(await Client.open(served.ws, key))

    assert await clients[0].closed() == 4409
    for client in clients[1:]:
        await client.connection.close()


# Tills and persons ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "answer"),
    [
        (Role.CASHIER, None),
        (Role.MANAGER, None),
        (Role.OWNER, None),
        (Role.WAITER, "forbidden"),
        (Role.KITCHEN, "forbidden"),
    ],
)
async def test_tills_room_is_for_those_who_take_money(
    served: Served, place: Place, role: Role, answer: str | None
) -> None:
    till = await made(lambda: CounterFactory(restaurant=place.restaurant).pk)
    async with await Client.open(served.ws, await made(lambda: place.token(role))) as client:
        joined = await client.ask("join", room=f"counter:{till}")
        unknown = await client.ask("join", room="counter:999999")

    assert joined.get("error", {}).get("code") == answer
    assert unknown["error"]["code"] == "not_found"


async def test_till_hears_every_order_and_its_own_payments(served: Served, place: Place) -> None:
    till = await made(lambda: CounterFactory(restaurant=place.restaurant).pk)
    client, _ = await connected(served, place, kind=DeviceKind.COUNTER, counter_id=till)
    joined = await client.ask("join", room=f"counter:{till}", snapshot=True)

    order = await made(place.order)
    await made(
        lambda: take_payment(
            order_id=order.pk, amount=Decimal("9.50"), method=PaymentMethod.CARD, counter_id=till, actor=place.actor
        )
    )
    await client.event("order:updated")

    assert joined["data"]["snapshot"] == {"orders": []}
    assert [frame["type"] for frame in client.events] == ["order:created", "payment:processed", "order:updated"]
    assert client.events[1]["data"]["payment_status"] == "paid"
    await client.connection.close()


async def test_till_catches_up_on_what_the_order_lists_had(served: Served, place: Place) -> None:
    till = await made(lambda: CounterFactory(restaurant=place.restaurant).pk)
    client, _ = await connected(served, place, kind=DeviceKind.COUNTER, counter_id=till)
    at = (await client.ask("join", room=f"counter:{till}"))["data"]
    await client.ask("leave", room=f"counter:{till}")
    order = await made(place.order)
    await made(lambda: confirm_order(order_id=order.pk, actor=place.actor))

    joined = await client.ask("join", room=f"counter:{till}", since={"epoch": at["epoch"], "seq": at["seq"]})
    await client.event("order:confirmed")

    assert joined["data"]["replayed"] == len(client.events) == 3
    assert [frame["type"] for frame in client.events] == ["order:created", "order:status_changed", "order:confirmed"]
    await client.connection.close()


def test_tills_snapshot_holds_the_open_bills(place: Place) -> None:
    unpaid, partly, paid, closed = (place.order() for _ in range(4))
    draft = place.order(draft=True)
    for order, amount in ((partly, "4.00"), (paid, "9.50")):
        take_payment(order_id=order.pk, amount=Decimal(amount), method=PaymentMethod.CARD, actor=place.actor)
    set_order_status(order_id=closed.pk, to=OrderStatus.CANCELLED, actor=place.actor)

    _, _, state = room_snapshot(place.restaurant.pk, "counter:1")

    assert Order.objects.count() == 5
    assert [row["id"] for row in state["orders"]] == [draft.pk, partly.pk, unpaid.pk]


async def test_persons_room_is_for_that_user_alone(served: Served, place: Place) -> None:
    waiter, cook = await made(lambda: (place.staff(Role.WAITER), place.staff(Role.KITCHEN)))
    async with await Client.open(served.ws, await made(lambda: place.token(Role.WAITER))) as client:
        own = await client.ask("join", room=f"user:{waiter.user_id}", snapshot=True)
        other = await client.ask("join", room=f"user:{cook.user_id}")
        unknown = await client.ask("join", room="user:999999")

    assert own["data"]["snapshot"] == {"notifications": []}
    assert (other["error"]["code"], unknown["error"]["code"]) == ("forbidden", "not_found")
