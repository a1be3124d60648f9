"""A guest is forgotten also by what others say of their orders in the same moment."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection

from orders.access import actor_of
from orders.actors import Actor
from orders.models import Customer, HistoryEntry, Order, Payment
from orders.services.customers import AskedCustomer
from orders.services.dishes import AskedItem
from orders.services.erasing import erase_customer, erase_customers
from orders.services.orders import create_order, set_order_status, update_order
from orders.services.payments import refund_payment, take_payment
from orders.services.qr_codes import issue_qr_code, scan_qr_code
from orders.states import Channel, OrderStatus, PaymentMethod
from orders.units import open_unit
from realtime.models import Event

if TYPE_CHECKING:
    from tests.callers import House

ADA = AskedCustomer(name="Ada Lovelace", phone="+44 20 1234")
# Asked of the locks, and not of the activity, of which a transaction is shown what it has seen first.
_WAITING = """
SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))
"""


@pytest.fixture
def house(transactional_db: None) -> House:
    from tests.callers import open_house  # noqa: PLC0415 - models can be imported once the settings are there

    return open_house()


@pytest.fixture
def boss(house: House) -> Actor:
    assert house.manager.membership is not None
    return actor_of(house.manager.membership, "api")


def take(house: House, boss: Actor, customer: AskedCustomer | None = ADA) -> Order:
    items = [AskedItem(house.dish.pk, 1)]
    return create_order(actor=boss, channel=Channel.DINE_IN, items=items, table_id=house.table.pk, customer=customer)


def completed(house: House, boss: Actor) -> tuple[Order, Payment]:
    order = take(house, boss)
    payment = take_payment(order_id=order.pk, amount=order.final_amount, method=PaymentMethod.CARD, actor=boss)
    for status in (
        OrderStatus.CONFIRMED,
        OrderStatus.PREPARING,
        OrderStatus.READY,
        OrderStatus.SERVED,
        OrderStatus.COMPLETED,
    ):
        set_order_status(order_id=order.pk, to=status, actor=boss)
    return order, payment


def waiting() -> int:
    """Count who waits for this transaction."""
    with connection.cursor() as cursor:
        cursor.execute(_WAITING)
        return int(cursor.fetchone()[0])


class Aside:
    """Does something in a thread of its own, and raises in the test what it raised."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self.error: BaseException | None = None
        self.thread = threading.Thread(target=self._run, args=[work])
        self.thread.start()

    def _run(self, work: Callable[[], Any]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised again below
            self.error = error
        finally:
            connection.close()

    def waits(self, *, count: int = 1) -> None:
        """Return once so many wait for this test's transaction, it among them; fail when it ends without."""
        while waiting() < count:
            assert self.thread.is_alive()

    def ended(self) -> None:
        self.thread.join(30)
        assert not self.thread.is_alive()
        if self.error is not None:
            raise self.error


def kept(house: House) -> str:
    events = Event.objects.filter(restaurant=house.restaurant).values_list("data", "changes")
    entries = HistoryEntry.objects.filter(restaurant=house.restaurant).values_list("changes", flat=True)
    return json.dumps([*map(list, events), *entries])


def test_refund_names_nobody_when_the_guest_of_the_closed_order_is_erased_meanwhile(house: House, boss: Actor) -> None:
    order, payment = completed(house, boss)
    customer_id = order.customer_id
    assert customer_id is not None

    with open_unit(boss):
        refund_payment(payment_id=payment.pk, actor=boss, reason="Cold soup.")
        erasing = Aside(lambda: erase_customer(row_id=customer_id, actor=boss))
        erasing.waits()
    erasing.ended()

    assert house.events()[-2:] == ["payment:refunded", "order:updated"]
    assert "Lovelace" not in kept(house)


def test_scan_names_nobody_when_the_guest_is_erased_meanwhile(house: House, boss: Actor) -> None:
    order = take(house, boss)
    customer_id = order.customer_id
    assert customer_id is not None
    code = issue_qr_code(order_id=order.pk, actor=boss)

    with open_unit(boss):
        scan_qr_code(token=code.token, actor=boss)
        erasing = Aside(lambda: erase_customer(row_id=customer_id, actor=boss))
        erasing.waits()
    erasing.ended()

    assert "qr:scanned" in house.events()
    assert "Lovelace" not in kept(house)


def test_every_version_is_announced_when_the_guest_orders_while_being_erased(house: House, boss: Actor) -> None:
    customer_id = take(house, boss).customer_id
    assert customer_id is not None

    with open_unit(boss):
        order = take(house, boss)
        erasing = Aside(lambda: erase_customer(row_id=customer_id, actor=boss))
        erasing.waits()
    erasing.ended()

    order.refresh_from_db()
    told = [json.loads(event.data) for event in Event.objects.filter(order_id=order.pk).order_by("seq")]
    assert (order.customer_name, order.version) == ("", 2)
    assert [(data["version"], data["order"]["customer_name"]) for data in told] == [(1, None), (2, None)]
    assert "Lovelace" not in kept(house)


def test_order_that_becomes_the_guests_meanwhile_blocks_nobody(house: House, boss: Actor) -> None:
    customer_id = take(house, boss).customer_id
    other = take(house, boss, None)
    assert customer_id is not None

    with open_unit(boss):
        update_order(order_id=other.pk, actor=boss, customer_id=customer_id)
        erasing = Aside(lambda: erase_customer(row_id=customer_id, actor=boss))
        erasing.waits()
        changing = Aside(lambda: update_order(order_id=other.pk, actor=boss, notes="Window seat", customer=ADA))
        changing.waits(count=2)
    erasing.ended()
    changing.ended()

    other.refresh_from_db()
    assert other.notes == "Window seat"
    assert not Customer.objects.filter(pk=customer_id).exists()
    assert set(Order.objects.filter(customer_id=customer_id).values_list("customer_name", flat=True)) == {""}


def test_guests_of_one_order_are_both_forgotten_when_erased_at_once(house: House, boss: Actor) -> None:
    order = take(house, boss)
    first_id = order.customer_id
    bob = update_order(order_id=order.pk, actor=boss, customer=AskedCustomer(name="Bob Byron", phone="7"))
    second_id = bob.customer_id
    assert first_id is not None
    assert second_id is not None

    with open_unit(boss):
        erase_customer(row_id=first_id, actor=boss)
        erasing = Aside(lambda: erase_customer(row_id=second_id, actor=boss))
        erasing.waits()
    erasing.ended()

    assert [name for name in ("Lovelace", "Byron") if name in kept(house)] == []


def test_several_are_erased_in_one_unit(house: House, boss: Actor) -> None:
    names = ["Ada Lovelace", "Bob Byron"]
    ids = [take(house, boss, AskedCustomer(name=name, phone=name[:3])).customer_id for name in names]

    erase_customers(row_ids=[pk for pk in reversed(ids) if pk], actor=boss)

    assert Customer.objects.count() == 0
    assert [name for name in names if name in kept(house)] == []
