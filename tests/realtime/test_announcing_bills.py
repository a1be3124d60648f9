"""What is announced of payments, refunds, scans and cancellation requests, and who may know what of it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import jsonschema
import msgspec
import pytest
from django.utils import timezone

from orders.aggregates import lock_order
from orders.models import CancellationRequest, Counter, Order, Payment, QRCode, Refund
from orders.redaction import guest_view
from orders.services.customers import AskedCustomer
from orders.services.touching import touch
from orders.shapes import timestamp
from orders.states import PaymentMethod, PaymentOutcome, PaymentStatus, QRStatus, RequestStatus
from orders.units import open_unit
from realtime.audiences import public_view
from realtime.events import CATALOGUE
from realtime.models import Event
from tests.places import Place
from tests.streams import hearing, payloads

ADA = AskedCustomer(name="Ada Lovelace", phone="0123")

pytestmark = pytest.mark.django_db(transaction=True)


def _pay(place: Place, order: Order, *, counter: Counter | None = None, **options: Any) -> Payment:
    with open_unit(place.actor):
        locked = lock_order(order.pk, actor=place.actor)
        payment = Payment(
            restaurant=place.restaurant, order=locked, amount=Decimal("5.00"), method=PaymentMethod.CASH,
            tendered=Decimal("10.00"), change=Decimal("5.00"), counter=counter,
            transaction_reference="PAY-1", created_at=timezone.now(), **options,
        )  # fmt: skip
        payment.save()
        if payment.status == PaymentOutcome.SUCCESS:
            locked.paid_amount = Decimal("5.00")
            locked.payment_status = PaymentStatus.PARTIAL
            touch(locked)
    return payment


def _refund(place: Place, payment: Payment) -> None:
    with open_unit(place.actor):
        locked = lock_order(payment.order_id, actor=place.actor)
        Refund(
            restaurant=place.restaurant, payment=payment, order=locked, amount=Decimal("5.00"), reason="Cold soup.",
            transaction_reference="REFUND-PAY-1", created_at=timezone.now(),
        ).save()  # fmt: skip
        locked.paid_amount = Decimal("0.00")
        locked.refunded_amount = Decimal("5.00")
        locked.payment_status = PaymentStatus.REFUNDED
        touch(locked)


def _ask(place: Place, order: Order) -> CancellationRequest:
    with open_unit(place.actor):
        locked = lock_order(order.pk, actor=place.actor)
        request = CancellationRequest(
            restaurant=place.restaurant, order=locked, reason="Changed their mind.",
            requested_by_id=place.actor.user_id, requested_by_name="Manager", created_at=timezone.now(),
        )  # fmt: skip
        request.save()
        locked.pending_cancellation = {
            "id": request.pk, "reason": request.reason, "requested_by_id": request.requested_by_id,
            "requested_by_name": request.requested_by_name, "created_at": timestamp(request.created_at),
        }  # fmt: skip
        touch(locked)
    return request


def _reject(place: Place, request: CancellationRequest) -> None:
    with open_unit(place.actor):
        locked = lock_order(request.order_id, actor=place.actor)
        request.status = RequestStatus.REJECTED
        request.decision_reason = "It is on the plate."
        request.save()
        locked.pending_cancellation = None
        touch(locked)


def _valid(place: Place) -> None:
    for event in Event.objects.filter(restaurant=place.restaurant):
        kind = CATALOGUE[event.type].data
        data = msgspec.json.decode(event.data)
        jsonschema.Draft202012Validator(msgspec.json.schema(kind)).validate(data)
        assert tuple(data) == kind.__struct_fields__


def _seen(kind: str, data: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return an event's data as a guest and as the public board see it."""
    return guest_view(CATALOGUE[kind].data, data), public_view(data)


def test_payment_is_told_to_its_till_and_the_order_last_when_somebody_pays(place: Place) -> None:
    till = Counter.objects.create(restaurant=place.restaurant, name="Till 1")
    order = place.order(customer=ADA)

    with hearing(place.restaurant) as heard:
        payment = _pay(place, order, counter=till)

    assert heard.told == [
        ("payment:processed", ["orders", f"counter:{till.pk}", "display", f"order:{order.pk}"]),
        ("order:updated", ["kitchen", "waiters", "orders", f"table:{order.table_id}", f"order:{order.pk}",
                           f"customer:{order.customer_id}"]),
    ]  # fmt: skip
    told = payloads(place.restaurant, "payment:processed")[-1]
    assert (told["payment_id"], told["amount_paid"], told["payment_method"]) == (payment.pk, "5.00", "cash")
    assert (told["status"], told["change"], told["payment_status"]) == ("success", "5.00", "partial")
    assert told["changes"]["paid_amount"] == "5.00"
    assert payloads(place.restaurant, "order:updated")[-1]["changed_fields"] == ["paid_amount", "payment_status"]
    guest, public = _seen("payment:processed", told)
    assert (guest["customer_name"], guest["status"]) == ("Ada", "success")
    assert public == {
        "order_id": order.pk, "order_number": order.order_number, "channel": "dine_in", "payment_status": "partial",
    }  # fmt: skip
    _valid(place)


def test_nobody_hears_when_a_payment_failed(place: Place) -> None:
    order = place.order()

    with hearing(place.restaurant) as heard:
        _pay(place, order, status=PaymentOutcome.FAILED)

    assert heard.told == []


def test_refund_is_told_with_its_payment_when_money_is_given_back(place: Place) -> None:
    till = Counter.objects.create(restaurant=place.restaurant, name="Till 1")
    order = place.order()
    payment = _pay(place, order, counter=till)

    with hearing(place.restaurant) as heard:
        _refund(place, payment)

    assert [name for name, _ in heard.told] == ["payment:refunded", "order:updated"]
    assert heard.told[0][1] == ["orders", f"counter:{till.pk}", "display", f"order:{order.pk}"]
    told = payloads(place.restaurant, "payment:refunded")[-1]
    assert (told["original_payment_id"], told["refund_amount"]) == (payment.pk, "5.00")
    assert (told["reason"], told["payment_status"], told["customer_name"]) == ("Cold soup.", "refunded", None)
    _valid(place)


def test_scan_is_told_and_the_order_stays_as_it_was(place: Place) -> None:
    order = place.order(customer=ADA)
    with open_unit(place.actor):
        code = QRCode(
            restaurant=place.restaurant, order=order, created_at=timezone.now(), expires_at=timezone.now()
        )  # fmt: skip
        code.save()

    with hearing(place.restaurant) as heard, open_unit(place.actor):
        code.scan_count += 1
        code.status = QRStatus.SCANNED
        code.save()

    assert heard.told == [("qr:scanned", ["orders", "display", f"order:{order.pk}"])]
    told = payloads(place.restaurant, "qr:scanned")[-1]
    assert (told["qr_id"], told["status"], told["scanned_count"]) == (code.pk, "scanned", 1)
    assert (told["version"], told["changes"]) == (1, {})
    _, public = _seen("qr:scanned", told)
    assert public == {"order_id": order.pk, "order_number": order.order_number, "channel": "dine_in"}
    _valid(place)


def test_request_is_told_and_guests_do_not_learn_who_asked(place: Place) -> None:
    order = place.confirm(place.order())

    with hearing(place.restaurant) as heard:
        request = _ask(place, order)

    station = f"station:{place.station.pk}"
    assert heard.told[0] == ("order:cancel_request", ["kitchen", station, "waiters", "orders", f"order:{order.pk}"])
    assert [name for name, _ in heard.told] == ["order:cancel_request", "order:updated"]
    told = payloads(place.restaurant, "order:cancel_request")[-1]
    assert (told["request_id"], told["reason"]) == (request.pk, "Changed their mind.")
    assert told["staff_id"] == place.actor.user_id
    assert told["changes"]["pending_cancellation"]["requested_by_name"] == "Manager"
    guest, _ = _seen("order:cancel_request", told)
    assert guest["staff_id"] is None
    assert guest["changes"]["pending_cancellation"]["requested_by_name"] is None
    assert payloads(place.restaurant, "order:updated")[-1]["order"]["pending_cancellation"]["id"] == request.pk
    _valid(place)


def test_kitchens_no_is_told_with_its_reason(place: Place) -> None:
    order = place.confirm(place.order())
    request = _ask(place, order)

    with hearing(place.restaurant) as heard:
        _reject(place, request)

    assert [name for name, _ in heard.told] == ["kitchen:cancel_rejected", "order:updated"]
    assert payloads(place.restaurant, "kitchen:cancel_rejected")[-1]["reason"] == "It is on the plate."
    assert payloads(place.restaurant, "order:updated")[-1]["order"]["pending_cancellation"] is None
    _valid(place)
