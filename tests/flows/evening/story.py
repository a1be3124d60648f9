"""The evening itself, act by act: what is asked, what is answered, who is told of it, and what is remembered."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import Any

from tests.flows.evening.billing import bill, refund
from tests.flows.evening.memory import remembered
from tests.flows.evening.opening import Evening, Row, open_evening
from tests.flows.evening.people import Person
from tests.flows.evening.watching import Scene
from tests.live import Client

ADA = {"name": "Ada Lovelace", "phone": "+49 30 1234567", "email": "ada@engine.example"}


async def play(url: str, tell: Any = print) -> None:
    """Play the whole evening on a server that has the sample restaurants, and nobody else in them."""
    evening = await open_evening(url)
    try:
        async with asyncio.timeout(180):
            order = await order_by_qr(evening)
            tell("A table has ordered by its code.")
            await nobody_else_looks(evening, order)
            order = await confirm(evening, order)
            tell("The waiter has confirmed it.")
            order = await add_while_one_is_86d(evening, order)
            tell("The waiter has added to it, while one dish was 86'd.")
            await refuse_cancellation(evening, order)
            tell("The kitchen has refused to cancel it.")
            await accept_cancellation(evening)
            tell("Another order was cancelled, and its payment given back.")
            await cook_and_serve(evening, order)
            tell("It was cooked and served.")
            await bill(evening, order)
            tell("The bill was split over cash and card.")
            await refund(evening, order)
            tell("Some money was given back.")
            await evening.house.strangers_heard_nothing()
    finally:
        await evening.close()


async def order_by_qr(evening: Evening) -> Row:
    """The guests read the menu and order; nothing is cooked before staff say so."""
    guest, table = evening.guest, evening.table
    menu = await guest.done("GET", "/api/guest/menu")
    assert any(row["id"] == evening.dish("Bruschetta") for row in menu)
    asked = [evening.asked("Bruschetta", 2, special_instructions="no garlic"), evening.asked("Grilled halloumi")]

    order: Row = await guest.done("POST", "/api/guest/orders", {"items": asked}, 201)

    assert (order["status"], order["channel"], order["table_id"]) == ("pending", "dine_in", table["id"])
    assert (order["final_amount"], order["waiter_id"], order["items_count"]) == ("24.80", None, 3)
    assert [line["quantity"] for line in order["items"]] == [2, 1]
    evening.scene = Scene(order_id=order["id"], table_id=table["id"])
    await evening.house.happened(evening.scene, "order:created")
    await remembered(evening, order["id"], None, "order:created", status=[None, "pending"])
    mine = await guest.done("GET", "/api/guest/orders")
    assert [row["id"] for row in mine["results"]] == [order["id"]]
    return order


async def nobody_else_looks(evening: Evening, order: Row) -> None:
    """Another table, another restaurant and no one at all get at nothing of it."""
    path = f"/api/orders/{order['id']}"
    (await Person(evening.url).ask("GET", path)).problem(401, "unauthenticated")
    (await evening.stranger.ask("GET", path)).problem(404, "not_found")
    (await evening.stranger.ask("PUT", f"{path}/confirm")).problem(404, "not_found")
    assert (await evening.guest.ask("PUT", f"{path}/confirm")).status in (401, 403)
    mine = await evening.other_guest.done("GET", "/api/guest/orders")
    assert mine["results"] == []
    for person, room, code in (
        (evening.guest, "kitchen", "forbidden"),
        (evening.guest, "orders", "forbidden"),
        (evening.guest, f"table:{evening.other_table['id']}", "forbidden"),
        (evening.other_guest, f"order:{order['id']}", "forbidden"),
        (evening.chef, "waiters", "forbidden"),
        (evening.chef, "restaurant", "forbidden"),
        (evening.chef, f"counter:{evening.till['id']}", "forbidden"),
        (evening.waiter, "kitchen", "forbidden"),
        (evening.waiter, f"counter:{evening.till['id']}", "forbidden"),
        (evening.cashier, "waiters", "forbidden"),
        (evening.devices["kitchen"], "waiters", "forbidden"),
        (evening.devices["display"], "orders", "forbidden"),
        (evening.devices["counter"], "kitchen", "forbidden"),
        (evening.devices["integration"], f"table:{evening.table['id']}", "forbidden"),
        (evening.stranger, f"order:{order['id']}", "not_found"),
        (evening.stranger, f"table:{evening.table['id']}", "not_found"),
        (evening.stranger, f"counter:{evening.till['id']}", "not_found"),
    ):
        async with await Client.open(evening.url.replace("http", "ws", 1) + "/ws/", person.token) as client:
            reply = await client.ask("join", room=room)
        assert (reply["ok"], reply["error"]["code"]) == (False, code), (person.name, room, reply)


async def confirm(evening: Evening, order: Row) -> Row:
    """The waiter sends it to the kitchen; whoever still has the old version is told so."""
    path = f"/api/orders/{order['id']}"
    answer = await evening.waiter.ask("GET", path)
    version = answer.headers["etag"]
    await evening.watch(evening.waiter, f"order:{order['id']}")
    link = await evening.waiter.done("GET", f"{path}/tracking-link")
    assert set(link) == {"token", "url", "expires_at"}
    await evening.watch(Person(evening.url, link["token"]), f"order:{order['id']}", "guest")
    evening.at_table = await evening.watch(evening.guest, f"order:{order['id']}", "guest")

    confirmed: Row = await evening.waiter.done("PUT", f"{path}/confirm", if_match=version)

    assert (confirmed["status"], confirmed["version"]) == ("confirmed", order["version"] + 1)
    ticket = await ticket_of(evening, order)
    await evening.house.happened(
        evening.scene,
        "order:status_changed",
        "order:confirmed",
        "production-contract:created",
        "order:new",
        *["station:updated"] * len(loaded(ticket)),
    )
    await remembered(evening, order["id"], evening.waiter, "order:status_changed", status=["pending", "confirmed"])
    stale = await evening.waiter.ask("PATCH", path, {"notes": "late"}, if_match=version)
    assert stale.problem(412, "stale").body["version"] == confirmed["version"]
    tracked = await Person(evening.url, link["token"]).done("GET", f"/api/guest/orders/{order['id']}")
    assert (tracked["status"], tracked["waiter_name"]) == ("confirmed", None)
    return confirmed


async def ticket_of(evening: Evening, order: Row) -> Row:
    """Read the order's ticket: from now on its events go to the stations where its items are made."""
    ticket: Row = await evening.chef.done("GET", f"/api/kitchen/orders/by-order/{order['id']}")
    places = {step["station_id"] for item in ticket["items"] for step in item["steps"]}
    evening.scene = replace(evening.scene, stations=frozenset(places))
    return ticket


def loaded(ticket: Row) -> set[int]:
    """Return the stations that have something of the ticket to do now."""
    return {item["station_id"] for item in ticket["items"] if item["status"] in ("pending", "preparing")}


async def add_while_one_is_86d(evening: Evening, order: Row) -> Row:
    """One dish runs out between two orders: nobody gets it, and everybody sees why."""
    oysters, path = evening.dish("Half a dozen oysters"), f"/api/orders/{order['id']}/items"
    gone = await evening.chef.done("PATCH", f"/api/menu-items/{oysters}/availability", {"is_available": False})
    assert gone["is_available"] is False
    quiet = Scene()
    (told,) = await evening.house.happened(quiet, "menu-item:updated")
    assert told["data"]["changed_fields"] == ["is_available"]
    assert told["data"]["menu_item"]["is_available"] is False
    for who, address, body in (
        (evening.waiter, path, evening.asked("Half a dozen oysters")),
        (evening.guest, "/api/guest/orders", {"items": [evening.asked("Half a dozen oysters")]}),
    ):
        refused = (await who.ask("POST", address, body)).problem(409, "unavailable")
        assert refused.body["errors"][0]["menu_item_id"] == oysters
    await evening.house.happened(quiet)

    body = {"items": [evening.asked("Crispy calamari", 2)]}
    added = await evening.waiter.done("POST", path, body, 201, idempotency_key=f"round-{order['id']}")
    again = await evening.waiter.ask("POST", path, body, idempotency_key=f"round-{order['id']}")

    assert (again.status, again.body, again.headers["idempotency-replayed"]) == (201, added, "true")
    assert (added["final_amount"], added["version"]) == ("47.80", order["version"] + 1)
    await ticket_of(evening, order)
    frames = await evening.house.happened(
        evening.scene,
        "order:items_added",
        "order-item:added",
        "production-contract:created",
        "kitchen:order_updated",
        "station:updated",
        "order:updated",
    )
    assert (frames[0]["data"]["new_total_amount"], frames[0]["data"]["new_final_amount"]) == ("47.80", "47.80")
    assert frames[-1]["data"]["order"] == added
    await remembered(evening, order["id"], evening.waiter, "order:updated", total_amount=["24.80", "47.80"])
    await evening.chef.done("PATCH", f"/api/menu-items/{oysters}/availability", {"is_available": True})
    await evening.house.happened(quiet, "menu-item:updated")
    too_many = await evening.waiter.ask("POST", path, evening.asked("Half a dozen oysters", 99))
    assert too_many.problem(409, "out_of_stock").body["errors"][0]["menu_item_id"] == oysters
    assert too_many.body["errors"][0]["left"] == gone["stock"]
    return dict(added)


async def refuse_cancellation(evening: Evening, order: Row) -> None:
    """The waiter asks the kitchen to let go of it; the kitchen goes on."""
    path = f"/api/orders/{order['id']}/cancel-request"
    (await evening.chef.ask("POST", path, {"reason": "mine"})).problem(403, "forbidden")
    (await evening.waiter.ask("POST", path, {})).problem(400, "invalid")
    request = await evening.waiter.done("POST", path, {"reason": "They must leave."}, 201)
    assert (request["status"], request["order_id"], request["decided_at"]) == ("pending", order["id"], None)
    (await evening.waiter.ask("POST", path, {"reason": "Again."})).problem(409, "conflict")
    asked, updated = await evening.house.happened(evening.scene, "order:cancel_request", "order:updated")
    assert asked["data"]["request_id"] == request["id"]
    assert updated["data"]["order"]["pending_cancellation"]["requested_by_name"] == evening.waiter.name
    await remembered(evening, order["id"], evening.waiter, "order:cancel_request", status=[None, "pending"])

    waiting = f"/api/kitchen/cancel-requests/{request['id']}"
    listed = await evening.chef.rows("/api/kitchen/cancel-requests")
    assert [row["id"] for row in listed] == [request["id"]]
    (await evening.waiter.ask("POST", f"{waiting}/accept")).problem(403, "forbidden")
    (await evening.strange_chef.ask("POST", f"{waiting}/accept")).problem(404, "not_found")
    (await evening.chef.ask("POST", f"{waiting}/reject", {})).problem(400, "invalid")
    answer = await evening.chef.done("POST", f"{waiting}/reject", {"reason": "It is on the grill."})

    assert (answer["status"], answer["decision_reason"]) == ("rejected", "It is on the grill.")
    told, updated = await evening.house.happened(evening.scene, "kitchen:cancel_rejected", "order:updated")
    assert (told["data"]["request_id"], told["data"]["reason"]) == (request["id"], "It is on the grill.")
    assert updated["data"]["order"]["pending_cancellation"] is None
    await remembered(evening, order["id"], evening.chef, "kitchen:cancel_rejected", status=["pending", "rejected"])
    (await evening.chef.ask("POST", f"{waiting}/accept")).problem(409, "conflict")
    assert (await evening.waiter.done("GET", f"/api/orders/{order['id']}"))["status"] == "confirmed"


async def accept_cancellation(evening: Evening) -> None:
    """Another table's order is let go of: its portions return, and what was paid for it is given back."""
    waiter, table, first = evening.waiter, evening.other_table, evening.scene
    stock = (await waiter.done("GET", f"/api/menu-items/{evening.dish('Half a dozen oysters')}"))["stock"]
    body = {
        "channel": "dine_in",
        "table_id": table["id"],
        "customer": ADA,
        "items": [evening.asked("Half a dozen oysters", 2)],
    }
    order = await waiter.done("POST", "/api/orders", body, 201)
    evening.house.secrets |= {"Lovelace", ADA["phone"], ADA["email"]}
    evening.scene = Scene(order["id"], table["id"], order["customer_id"])
    await evening.house.happened(evening.scene, "order:created", "menu-item:updated")
    link = await waiter.done("GET", f"/api/customers/{order['customer_id']}/tracking-link")
    ada = Person(evening.url, link["token"])
    await evening.watch(ada, f"customer:{order['customer_id']}", "guest")
    await evening.watch(waiter, f"customer:{order['customer_id']}", "guest")

    await waiter.done("PUT", f"/api/orders/{order['id']}/confirm")
    await ticket_of(evening, order)
    await evening.house.happened(
        evening.scene,
        "order:status_changed",
        "order:confirmed",
        "production-contract:created",
        "order:new",
        "station:updated",
    )
    paid = {"order_id": order["id"], "amount": "9.00", "method": "cash", "tendered": "10.00"}
    payment = await evening.cashier.done("POST", "/api/payments", paid, 201)
    assert (payment["change"], payment["status"]) == ("1.00", "success")
    await evening.house.happened(evening.scene, "payment:processed", "order:updated")

    path = f"/api/orders/{order['id']}"
    request = await waiter.done("POST", f"{path}/cancel-request", {"reason": "Allergic after all."}, 201)
    await evening.house.happened(evening.scene, "order:cancel_request", "order:updated")
    answer = await evening.chef.done("POST", f"/api/kitchen/cancel-requests/{request['id']}/accept")
    assert answer["status"] == "accepted"
    frames = await evening.house.happened(
        evening.scene,
        "order:status_changed",
        "order:cancelled",
        "kitchen:cancel_accepted",
        "kitchen:order_updated",
        "kitchen:item_status_changed",
        "menu-item:updated",
        "station:updated",
        "order:updated",
    )
    assert frames[1]["data"]["refund_amount"] == "9.00"
    assert frames[1]["data"]["reason"] == "Allergic after all."
    cancelled = await waiter.done("GET", path)
    assert (cancelled["status"], cancelled["pending_cancellation"]) == ("cancelled", None)
    dish = await waiter.done("GET", f"/api/menu-items/{evening.dish('Half a dozen oysters')}")
    assert dish["stock"] == stock
    await remembered(evening, order["id"], evening.chef, "order:status_changed", status=["confirmed", "cancelled"])

    back = f"/api/payments/{payment['id']}/refund"
    given = await evening.manager.done("POST", back, {"reason": "Cancelled."}, 201)
    assert (given["amount"], given["payment_id"]) == ("9.00", payment["id"])
    await evening.house.happened(evening.scene, "payment:refunded", "order:updated")
    after = await waiter.done("GET", path)
    assert (after["paid_amount"], after["payment_status"]) == ("0.00", "refunded")
    evening.scene = first


async def cook_and_serve(evening: Evening, order: Row) -> None:
    """The chef takes the ticket and bumps it; the waiter carries it out."""
    chef, path = evening.chef, f"/api/orders/{order['id']}"
    ticket = await ticket_of(evening, order)
    contract = await chef.done("GET", f"{path}/production-contract")
    assert (contract["version"], len(contract["items"])) == (2, 3)
    await chef.done("PUT", f"/api/kitchen/orders/{ticket['id']}/acknowledge")
    (told,) = await evening.house.happened(evening.scene, "kitchen:order_acknowledged")
    assert told["data"]["chef_name"] == chef.name
    moves = [{"item_id": item["id"], "status": "ready"} for item in ticket["items"]]

    done = await chef.done("PUT", f"/api/kitchen/orders/{ticket['id']}/items/status", {"items": moves})

    assert done["status"] == "ready"
    frames = await evening.house.happened(
        evening.scene,
        "order:status_changed",
        "order:status_changed",
        *["order:item_status_changed"] * 3,
        "kitchen:order_preparing",
        "kitchen:order_ready",
        *["kitchen:item_status_changed"] * 3,
        *["kitchen:ingredients_consumed"] * any(item["recipe_version"] for item in contract["items"]),
        *["station:updated"] * len(loaded(ticket)),
    )
    passed = [frame["data"]["new_status"] for frame in frames if frame["type"] == "order:status_changed"]
    assert passed == ["preparing", "ready"]
    await remembered(evening, order["id"], chef, "kitchen:order_ready", ticket_status=["preparing", "ready"])
    (await chef.ask("PUT", f"{path}/status", {"status": "served"})).problem(403, "forbidden")
    wrong = await evening.waiter.ask("PUT", f"{path}/status", {"status": "delivered"})
    assert wrong.problem(409, "invalid_transition").body["allowed"] == ["served", "cancelled"]
    served = await evening.waiter.done("PUT", f"{path}/status", {"status": "served"})
    assert {item["status"] for item in served["items"]} == {"served"}
    await evening.house.happened(
        evening.scene, "order:status_changed", *["order:item_status_changed"] * 3, "kitchen:order_completed"
    )
    await remembered(evening, order["id"], evening.waiter, "order:status_changed", status=["ready", "served"])
    assert Decimal(served["final_amount"]) == Decimal("47.80")
