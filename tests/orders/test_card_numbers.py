"""A card's number is known where it is written, and is neither kept nor said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.apps import apps
from django.core import serializers

from orders.card_numbers import has_card_number
from orders.models import Payment

if TYPE_CHECKING:
    from tests.callers import House

# The numbers that the card schemes publish for tests.
VISA = "4111111111111111"
SHORT_VISA = "4222222222222"
AMERICAN = "378282246310005"
MAESTRO = "6759649826438453"
LONG_UNIONPAY = "6212345678900000003"


@pytest.mark.parametrize("number", [VISA, SHORT_VISA, AMERICAN, MAESTRO, LONG_UNIONPAY])
def test_number_is_seen_when_it_stands_alone(number: str) -> None:
    assert has_card_number(number)


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "4111.1111/1111_1111",
        "3782 822463 10005",
        "PAY-4111111111111111",
        "card4111111111111111x",
        "4111111111111111 12/29 123",
        "12-29 4111 1111 1111 1111",
        "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
        "４１１１１１１１１１１１１１１１",
        "٤١١١١١١١١١١١١١١١",
        "4111\u2011111111111\u2013111",
    ],
)
def test_number_is_seen_when_it_is_written_in_another_way(text: str) -> None:
    assert has_card_number(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "PAY-7KXWQ2M9ABCDEF",
        "4111111111111112",  # a digit is wrong
        "411111111111",  # twelve digits
        "41111111111111111111",  # twenty: an account's number, not a card's
        "TRX-411111-ABC-1111111111",  # letters between
        "2026-11-21 T 18:03",
        "²²²²²²²²²²²²²",
        "1000000000009",  # no network's range
        "7992739871300000000",
        "41111111111111113",  # Visa has no seventeen digits
        "5500000000004",  # nor Mastercard thirteen
    ],
)
def test_nothing_is_seen_when_it_is_no_number_of_a_card(text: str) -> None:
    assert not has_card_number(text)


@pytest.mark.django_db
@pytest.mark.parametrize("written", [VISA, "4111 1111 1111 1111", f"PAY {AMERICAN}"])
def test_nothing_is_stored_said_or_logged_when_a_card_number_is_sent(
    house: House, written: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    order = house.order()
    body = {"order_id": order["id"], "amount": "5.00", "method": "card", "transaction_reference": written}

    reply = house.cashier.post("/api/payments", body, idempotency_key="a")

    assert (reply.status, reply.pointers) == (400, [("/transaction_reference", "card_number")])
    captured = capfd.readouterr()
    assert written not in str(reply.body) + captured.out + captured.err + caplog.text
    assert not Payment.objects.exists()
    assert written not in everything_stored()


@pytest.mark.django_db
def test_nothing_is_stored_when_a_refunds_reason_has_a_card_number(house: House) -> None:
    order = house.order()
    paid = house.cashier.post("/api/payments", {"order_id": order["id"], "amount": "5.00", "method": "card"}).body

    reply = house.manager.post(f"/api/payments/{paid['id']}/refund", {"reason": f"back to {VISA}"})

    assert (reply.status, reply.pointers) == (400, [("/reason", "card_number")])
    assert VISA not in everything_stored()


@pytest.mark.django_db
def test_nothing_is_stored_when_an_orders_words_have_a_card_number(house: House) -> None:
    order, begun = house.confirmed(), house.order()
    path, line = f"/api/orders/{order['id']}", f"/api/orders/{order['id']}/items/{order['items'][0]['id']}"
    words = f"card {VISA} exp 12/29 cvv 123"
    asked = {"menu_item_id": house.dish.pk, "quantity": 1, "special_instructions": words}
    taken = {"channel": "takeaway", "items": [{"menu_item_id": house.dish.pk, "quantity": 1}]}

    replies = [
        house.waiter.patch(path, {"notes": words}),
        house.waiter.post("/api/orders", {**taken, "notes": words}),
        house.waiter.post("/api/orders", {**taken, "items": [asked]}),
        house.waiter.post(f"{path}/items", {"items": [asked]}),
        house.waiter.patch(line, {"special_instructions": words}),
        house.waiter.post(f"{path}/cancel-request", {"reason": words}),
        house.manager.put(f"{path}/status", {"status": "cancelled", "reason": words}),
        house.manager.put(f"/api/orders/{begun['id']}/status", {"status": "cancelled", "reason": words}),
    ]

    assert [(reply.status, reply.pointers) for reply in replies] == [
        (400, [(pointer, "card_number")])
        for pointer in (
            "/notes", "/notes", "/items/0/special_instructions", "/items/0/special_instructions",
            "/special_instructions", "/reason", "/reason", "/reason",
        )
    ]  # fmt: skip
    assert VISA not in everything_stored()


@pytest.mark.django_db
def test_nothing_is_stored_when_the_reason_for_voiding_a_line_has_a_card_number(house: House) -> None:
    order = house.confirmed()
    line = f"/api/orders/{order['id']}/items/{order['items'][0]['id']}"
    house.manager.patch(f"{line}/status", {"status": "preparing"})

    reply = house.waiter.delete(f"{line}?reason=card+{VISA}")

    assert (reply.status, reply.pointers) == (400, [("/reason", "card_number")])
    assert VISA not in everything_stored()


@pytest.mark.django_db
@pytest.mark.parametrize("field", ["card_number", "pan", "cvc", "expiry", "card"])
def test_card_fields_are_unknown(house: House, field: str) -> None:
    body = {"order_id": house.order()["id"], "amount": "5.00", "method": "card", field: VISA}

    reply = house.cashier.post("/api/payments", body)

    assert (reply.status, reply.pointers) == (400, [(f"/{field}", "unknown")])
    assert VISA not in str(reply.body)
    assert VISA not in everything_stored()


def everything_stored() -> str:
    """Every row of ours, and what events and stored answers say in bytes."""
    texts = []
    for model in apps.get_models():
        rows = model._default_manager.all()
        texts.append(serializers.serialize("json", rows))
        for row in rows:
            texts += [
                bytes(value).decode(errors="replace")
                for value in vars(row).values()
                if isinstance(value, bytes | memoryview)
            ]
    return "\n".join(texts)
