"""The kitchen's commands: steps, tickets by any station of theirs, and who was first."""

from __future__ import annotations

from typing import Any

import pytest

from kitchen.models import KitchenOrder, KitchenOrderItem, Station
from kitchen.services.recipes import AskedStep
from kitchen.services.stations import change_station
from orders.services.dishes import AskedItem
from orders.services.orders import create_order
from orders.states import Channel, Role
from realtime.commands import in_thread as made
from realtime.models import Event
from tests.live import Client, Served
from tests.pantry import written
from tests.places import Place

MOVE = "kitchen:update_order_status"
MOVE_ITEM = "kitchen:update_item_status"


async def signed_in(served: Served, place: Place, role: Role) -> Client:
    client = await Client.open(served.ws, await made(lambda: place.token(role)))
    await client.event("welcome")
    return client


def two_steps(place: Place) -> tuple[KitchenOrder, dict[str, Any]]:
    """A ticket of a dish that is made at one station and then at another; and what names its item in a command."""
    pass_ = Station.objects.create(restaurant=place.restaurant, name="Pass")
    written(place.dish, steps=[AskedStep("Sear", 5, place.station.pk), AskedStep("Plate", 2, pass_.pk)])
    ticket = place.ticket()
    return ticket, {"kitchen_order_id": ticket.pk, "item_id": ticket.items.get().pk}


async def test_item_goes_on_step_by_step_when_each_is_done(served: Served, place: Place) -> None:
    _, item = await made(lambda: two_steps(place))
    async with await signed_in(served, place, Role.KITCHEN) as chef:
        first = await chef.ask(MOVE_ITEM, **item, status="preparing", step=0)
        last = await chef.ask(MOVE_ITEM, **item, status="ready", step=1)

    seared, plated = first["data"]["items"][0], last["data"]["items"][0]
    assert [step["done"] for step in seared["steps"]] == [True, False]
    assert (seared["status"], seared["station_name"]) == ("preparing", "Pass")
    assert (plated["status"], last["data"]["status"]) == ("ready", "ready")


@pytest.mark.parametrize("step", [-1, 1000, "0", 0.5, True])
async def test_bad_request_when_the_step_is_none(served: Served, place: Place, step: Any) -> None:
    _, item = await made(lambda: two_steps(place))
    events = await made(Event.objects.count)
    async with await signed_in(served, place, Role.KITCHEN) as chef:
        answer = await chef.ask(MOVE_ITEM, **item, status="preparing", step=step)

    assert answer["error"]["code"] == "bad_request"
    assert "step" in answer["error"]["detail"]
    assert await made(Event.objects.count) == events


async def test_step_is_named_when_the_item_has_not_so_many(served: Served, place: Place) -> None:
    _, item = await made(lambda: two_steps(place))
    async with await signed_in(served, place, Role.KITCHEN) as chef:
        answer = await chef.ask(MOVE_ITEM, **item, status="preparing", step=2)

    assert answer["error"]["code"] == "bad_request"
    assert answer["error"]["errors"][0]["detail"] == "Burger has 2 steps, counted from 0."


async def test_tickets_are_listed_by_the_station_of_any_step(served: Served, place: Place) -> None:
    ticket, _ = await made(lambda: two_steps(place))
    stations = await made(lambda: dict(Station.objects.values_list("name", "pk")))
    async with await signed_in(served, place, Role.KITCHEN) as chef:
        found = {
            name: [row["id"] for row in (await chef.ask("kitchen:get_orders", station_id=pk))["data"]["orders"]]
            for name, pk in [*stations.items(), ("none", 999999)]
        }

    assert found == {"Grill": [ticket.pk], "Pass": [ticket.pk], "none": []}


async def test_stations_are_told_with_their_load_and_whether_they_are_open(served: Served, place: Place) -> None:
    await made(lambda: two_steps(place))
    cook = await made(lambda: place.actor_of(Role.KITCHEN))
    closed = await made(lambda: Station.objects.get(name="Pass"))
    await made(lambda: change_station(station_id=closed.pk, is_active=False, actor=cook))
    async with await signed_in(served, place, Role.WAITER) as waiter:
        answer = await waiter.ask("kitchen:get_stations")

    assert answer["data"]["stations"] == [
        {"id": place.station.pk, "name": "Grill", "capacity": 4, "load": 1, "is_active": True},
        {"id": closed.pk, "name": "Pass", "capacity": 4, "load": 0, "is_active": False},
    ]


async def test_second_chef_hears_who_was_first_when_both_take_a_ticket(served: Served, place: Place) -> None:
    ticket = await made(place.ticket)
    async with (
        await signed_in(served, place, Role.KITCHEN) as chef,
        await signed_in(served, place, Role.MANAGER) as other,
    ):
        first = await chef.ask(MOVE, kitchen_order_id=ticket.pk, status="acknowledged")
        again = await chef.ask(MOVE, kitchen_order_id=ticket.pk, status="acknowledged")
        second = (await other.ask(MOVE, kitchen_order_id=ticket.pk, status="acknowledged"))["error"]

    assert first["data"]["chef_name"] == "Kitchen"
    assert again["data"] == first["data"]
    assert (second["code"], second["by_name"]) == ("conflict", "Kitchen")
    assert second["detail"] == f"Ticket {ticket.order_number} was claimed by Kitchen at {second['at']}."


async def test_refusal_says_who_made_it_so_when_a_step_can_not_be_taken(served: Served, place: Place) -> None:
    ticket = await made(place.ticket)
    async with (
        await signed_in(served, place, Role.KITCHEN) as chef,
        await signed_in(served, place, Role.MANAGER) as other,
    ):
        await chef.ask(MOVE, kitchen_order_id=ticket.pk, status="preparing")
        refused = (await other.ask(MOVE, kitchen_order_id=ticket.pk, status="acknowledged"))["error"]

    assert (refused["code"], refused["allowed"], refused["by_name"]) == (
        "invalid_transition",
        ["ready", "cancelled"],
        "Kitchen",
    )
    assert f"(by Kitchen at {refused['at']})" in refused["detail"]


async def test_held_course_is_refused_with_its_reason_when_it_is_bumped(served: Served, place: Place) -> None:
    def later_course() -> dict[str, Any]:
        lines = [AskedItem(place.dish.pk, 1, course=course) for course in (1, 2)]
        order = create_order(actor=place.actor, channel=Channel.DINE_IN, items=lines, table_id=place.table.pk)
        place.confirm(order)
        item = KitchenOrderItem.objects.get(course=2)
        return {"kitchen_order_id": item.ticket_id, "item_id": item.pk}

    item = await made(later_course)
    async with await signed_in(served, place, Role.KITCHEN) as chef:
        answer = await chef.ask(MOVE_ITEM, **item, status="ready")

    error = answer["error"]
    assert (error["code"], error["reason"], error["courses"]) == ("conflict", "course_held", [2])
    assert "course 2 held" in error["detail"]
