"""The end of the evening: the order's slip is scanned, its bill is split, and some of it is given back."""

from __future__ import annotations

from dataclasses import replace

from tests.flows.evening.memory import history, remembered
from tests.flows.evening.opening import Evening, Row


async def bill(evening: Evening, order: Row) -> None:
    """The cashier scans the slip and takes cash and card; only then is the order complete."""
    cashier, path = evening.cashier, f"/api/orders/{order['id']}"
    await _scan(evening, path)
    unpaid = await evening.waiter.ask("PUT", f"{path}/status", {"status": "completed"})
    unpaid.problem(409, "not_paid")
    till = evening.till["id"]
    part: Row = {"order_id": order["id"], "amount": "20.00", "method": "cash", "tendered": "50.00", "counter_id": till}
    (await evening.waiter.ask("POST", "/api/payments", part)).problem(403, "forbidden")
    (await evening.stranger.ask("POST", "/api/payments", part)).problem(404, "not_found")
    (await cashier.ask("POST", "/api/payments", part | {"tendered": "19.99"})).problem(400, "invalid")
    (await cashier.ask("POST", "/api/payments", part | {"card_number": "4111111111111111"})).problem(400, "invalid")
    over = {"order_id": order["id"], "amount": "47.81", "method": "card"}
    (await cashier.ask("POST", "/api/payments", over)).problem(409, "overpaid")
    evening.scene = replace(evening.scene, counter_id=till)
    await evening.house.happened(evening.scene)

    cash = await cashier.done("POST", "/api/payments", part, 201)
    assert (cash["amount"], cash["tendered"], cash["change"]) == ("20.00", "50.00", "30.00")
    assert cash["transaction_reference"].startswith("PAY-")
    paid, updated = await evening.house.happened(evening.scene, "payment:processed", "order:updated")
    assert (paid["data"]["amount_paid"], paid["data"]["change"]) == ("20.00", "30.00")
    assert updated["data"]["order"]["payment_status"] == "partial"
    await remembered(evening, order["id"], cashier, "payment:processed", amount=[None, "20.00"])

    rest = {"order_id": order["id"], "amount": "27.80", "method": "card", "transaction_reference": f"T-{order['id']}"}
    card = await cashier.done("POST", "/api/payments", rest, 201)
    assert (card["change"], card["counter_id"], card["refunded_amount"]) == ("0.00", None, "0.00")
    (await cashier.ask("POST", "/api/payments", rest | {"amount": "0.01"})).problem(409, "overpaid")
    evening.scene = replace(evening.scene, counter_id=None)
    _, updated = await evening.house.happened(evening.scene, "payment:processed", "order:updated")
    assert updated["data"]["order"]["payment_status"] == "paid"
    taken = await cashier.rows(f"/api/payments?order={order['id']}")
    assert sorted(row["amount"] for row in taken) == ["20.00", "27.80"]

    completed = await evening.waiter.done("PUT", f"{path}/status", {"status": "completed"})
    assert (completed["status"], completed["paid_amount"]) == ("completed", "47.80")
    await evening.house.happened(evening.scene, "order:status_changed")
    await remembered(evening, order["id"], evening.waiter, "order:status_changed", status=["served", "completed"])
    await _show_out(evening, order)


async def _show_out(evening: Evening, order: Row) -> None:
    """The table's guests may follow an order no longer than it is open; the bearer of its own link may go on."""
    assert evening.at_table is not None
    frames = evening.at_table.client.frames
    left = next((frame for frame in frames if frame["type"] == "left"), None)
    left = left or await evening.at_table.client.until(lambda frame: frame["type"] == "left", 20)
    assert left["data"]["room"] == f"order:{order['id']}"
    evening.house.watchers.remove(evening.at_table)
    await evening.at_table.client.connection.close()
    mine = await evening.guest.done("GET", "/api/guest/orders")
    assert mine["results"] == []


async def _scan(evening: Evening, path: str) -> None:
    slip = await evening.waiter.done("GET", f"{path}/qr")
    assert set(slip) == {"token", "url"}
    for kind, beginning in (("svg", b"<"), ("png", b"\x89PNG")):
        drawn = await evening.waiter.ask("GET", f"{path}/qr?format={kind}")
        assert drawn.status == 200
        assert bytes(drawn.body).startswith(beginning)
    (await evening.stranger.ask("POST", "/api/qr/scan", {"token": slip["token"]})).problem(404, "not_found")
    (await evening.cashier.ask("POST", "/api/qr/scan", {"token": slip["token"] + "x"})).problem(404, "not_found")
    for count in (1, 2):
        seen = await evening.cashier.done("POST", "/api/qr/scan", {"token": slip["token"]})
        assert (seen["qr"]["status"], seen["qr"]["scanned_count"]) == ("scanned", count)
        assert seen["order"]["status"] == "served"
        (told,) = await evening.house.happened(evening.scene, "qr:scanned")
        assert (told["data"]["scanned_count"], told["data"]["status"]) == (count, "scanned")


async def refund(evening: Evening, order: Row) -> None:
    """The manager gives some of the card payment back, and no more than is left of it."""
    payments = await evening.cashier.rows(f"/api/payments?order={order['id']}")
    card = next(row for row in payments if row["method"] == "card")
    back = f"/api/payments/{card['id']}/refund"
    (await evening.cashier.ask("POST", back, {"amount": "3.00", "reason": "Cold."})).problem(403, "forbidden")
    (await evening.stranger.ask("POST", back, {"amount": "3.00", "reason": "Cold."})).problem(404, "not_found")
    large = await evening.manager.ask("POST", back, {"amount": "27.81", "reason": "Cold."})
    large.problem(409, "refund_too_large")
    await evening.house.happened(evening.scene)

    given = await evening.manager.done("POST", back, {"amount": "3.00", "reason": "The calamari were cold."}, 201)

    assert (given["amount"], given["order_id"]) == ("3.00", order["id"])
    assert given["transaction_reference"] == f"REFUND-{card['transaction_reference']}"
    told, updated = await evening.house.happened(evening.scene, "payment:refunded", "order:updated")
    assert (told["data"]["refund_amount"], told["data"]["original_payment_id"]) == ("3.00", card["id"])
    assert updated["data"]["order"]["payment_status"] == "partially_refunded"
    await remembered(evening, order["id"], evening.manager, "payment:refunded", amount=[None, "3.00"])
    (await evening.manager.ask("POST", back, {"amount": "24.81", "reason": "More."})).problem(409, "refund_too_large")
    await _whole_story(evening, order)


async def _whole_story(evening: Evening, order: Row) -> None:
    """Check that history tells the whole evening, each change by whom it was."""
    entries = await history(evening, order["id"])
    told = [(entry["event"], entry["changes"]["status"]) for entry in entries if "status" in entry["changes"]]
    statuses = [pair for event, pair in told if event in ("order:created", "order:status_changed")]
    assert statuses == [
        [None, "pending"],
        ["pending", "confirmed"],
        ["confirmed", "preparing"],
        ["preparing", "ready"],
        ["ready", "served"],
        ["served", "completed"],
    ]
    names = [entry["actor"]["name"] for entry in entries if entry["actor"] and entry["actor"]["id"]]
    people = (evening.waiter, evening.chef, evening.cashier, evening.manager)
    assert set(names) == {person.name for person in people}
