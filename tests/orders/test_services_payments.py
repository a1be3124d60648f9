"""Paying an order, in parts and at once, and giving money back."""

from __future__ import annotations

from collections import Counter as Count
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from kitchen.models import KitchenOrder, KitchenOrderItem
from kitchen.services.tickets import ItemMove, set_ticket_item_statuses
from kitchen.states import TicketItemStatus
from orders.actors import Actor
from orders.errors import (
    DomainError,
    Duplicate,
    InUse,
    InvalidFields,
    NotAllowed,
    NotFound,
    NotPaid,
    NotPayable,
    Overpaid,
    RefundTooLarge,
)
from orders.models import Counter, Device, HistoryEntry, Order, OrderItem, Payment, Refund, Restaurant
from orders.services.counters import delete_counter
from orders.services.dishes import AskedItem
from orders.services.items import add_items, change_item, remove_item, set_item_status, void_item
from orders.services.orders import create_order, delete_order, set_order_status, update_order
from orders.services.payments import refund_payment, take_payment
from orders.states import Channel, ItemStatus, OrderStatus, PaymentMethod, Role
from tests.factories import CounterFactory
from tests.places import Place
from tests.streams import at_once, hearing, payloads

STEPS = (OrderStatus.CONFIRMED, OrderStatus.PREPARING, OrderStatus.READY, OrderStatus.SERVED)


def pay(place: Place, order: Order, amount: str, **options: Any) -> Payment:
    options = {"method": PaymentMethod.CARD, "actor": place.actor, **options}
    return take_payment(order_id=order.pk, amount=Decimal(amount), **options)


def back(place: Place, payment: Payment, amount: str | None = None, **options: Any) -> Refund:
    options = {"reason": "It was cold", "actor": place.actor, **options}
    return refund_payment(payment_id=payment.pk, amount=None if amount is None else Decimal(amount), **options)


def served(place: Place, quantity: int = 1) -> Order:
    order = place.order(quantity)
    for step in STEPS:
        order = set_order_status(order_id=order.pk, to=step, actor=place.actor)
    return order


def bill(order: Order) -> tuple[str, str, str, str]:
    """What the order's row says of its bill."""
    order = Order.objects.get(pk=order.pk)
    return str(order.final_amount), str(order.paid_amount), str(order.refunded_amount), order.payment_status


def refuse(place: Place, error: type[DomainError], act: Any) -> DomainError:
    """Do what must be refused, and see that nothing changed and nobody heard of anything."""
    before = [list(model.objects.order_by("pk").values()) for model in (Order, OrderItem, Payment, Refund)]
    with hearing(place.restaurant) as heard, pytest.raises(error) as raised:
        act()

    assert heard.types == []
    assert [list(model.objects.order_by("pk").values()) for model in (Order, OrderItem, Payment, Refund)] == before
    return raised.value


def problems(error: DomainError) -> list[tuple[str, str]]:
    return [(problem.pointer, problem.code) for problem in error.problems]


# Taking -------------------------------------------------------------------------------------------


def test_bill_is_settled_when_all_of_it_is_paid(place: Place) -> None:
    order = place.order(2)
    cashier = place.actor_of(Role.CASHIER)

    payment = pay(place, order, "19.00", actor=cashier)

    stored = Payment.objects.get()
    assert (stored.pk, stored.order_id, stored.amount, stored.method) == (payment.pk, order.pk, Decimal(19), "card")
    assert (stored.status, stored.tendered, stored.change, stored.counter_id) == ("success", None, Decimal(0), None)
    assert (stored.taken_by_id, stored.taken_by_name) == (cashier.user_id, "Cashier")
    assert stored.transaction_reference.startswith("PAY-")
    assert bill(order) == ("19.00", "19.00", "0.00", "paid")
    assert Order.objects.get().version == order.version + 1


def test_payment_and_the_orders_new_state_are_announced_when_it_is_taken(place: Place) -> None:
    order = place.order(2)
    till = CounterFactory(restaurant=place.restaurant)

    with hearing(place.restaurant) as heard:
        payment = pay(place, order, "5.00", method=PaymentMethod.CASH, tendered=Decimal(20), counter_id=till.pk)

    assert heard.types == ["payment:processed", "order:updated"]
    assert f"counter:{till.pk}" in heard.told[0][1]
    (said,) = payloads(place.restaurant, "payment:processed")
    assert (said["payment_id"], said["amount_paid"], said["change"]) == (payment.pk, "5.00", "15.00")
    (updated,) = payloads(place.restaurant, "order:updated")
    assert updated["changed_fields"] == ["paid_amount", "payment_status"]
    assert (updated["order"]["paid_amount"], updated["order"]["payment_status"]) == ("5.00", "partial")


def test_bill_is_paid_in_parts(place: Place) -> None:
    order = place.order(2)

    states = []
    for amount in ("0.01", "9.00", "9.99"):
        pay(place, order, amount)
        states.append(bill(order)[1:])

    assert states == [("0.01", "0.00", "partial"), ("9.01", "0.00", "partial"), ("19.00", "0.00", "paid")]


@pytest.mark.parametrize(
    ("paid", "asked", "left"), [("0", "19.01", "19.00"), ("12.50", "6.51", "6.50"), ("19", "0.01", "0.00")]
)
def test_refused_when_more_would_be_paid_than_is_open(place: Place, paid: str, asked: str, left: str) -> None:
    order = place.order(2)
    if Decimal(paid):
        pay(place, order, paid)

    error = refuse(place, Overpaid, lambda: pay(place, order, asked, method=PaymentMethod.CASH))

    assert (error.code, error.extra) == ("overpaid", {"open": left})


@pytest.mark.parametrize(("tendered", "change"), [(None, "0.00"), ("19.00", "0.00"), ("50.00", "31.00")])
def test_change_is_given_when_cash_is_handed_over(place: Place, tendered: str | None, change: str) -> None:
    given = None if tendered is None else Decimal(tendered)

    payment = pay(place, place.order(2), "19.00", method=PaymentMethod.CASH, tendered=given)

    payment.refresh_from_db()
    assert (str(payment.tendered), str(payment.change)) == (tendered or "19.00", change)


@pytest.mark.parametrize("method", [PaymentMethod.CARD, PaymentMethod.QRIS, PaymentMethod.TRANSFER])
def test_refused_when_more_is_tendered_than_the_amount_but_not_in_cash(place: Place, method: PaymentMethod) -> None:
    order = place.order(2)

    error = refuse(place, InvalidFields, lambda: pay(place, order, "19.00", method=method, tendered=Decimal("19.01")))

    assert problems(error) == [("/tendered", "max_value")]
    assert str(pay(place, order, "19.00", method=method, tendered=Decimal("19.00")).change) == "0.00"


@pytest.mark.parametrize("method", list(PaymentMethod))
def test_refused_when_less_is_tendered_than_the_amount(place: Place, method: PaymentMethod) -> None:
    order = place.order(2)

    error = refuse(place, InvalidFields, lambda: pay(place, order, "19.00", method=method, tendered=Decimal("18.99")))

    assert problems(error) == [("/tendered", "min_value")]


@pytest.mark.parametrize("amount", ["0", "-5.00"])
def test_refused_when_the_amount_is_no_amount(place: Place, amount: str) -> None:
    order = place.order()

    error = refuse(place, InvalidFields, lambda: pay(place, order, amount))

    assert problems(error) == [("/amount", "min_value")]


def test_refused_when_the_currency_has_no_such_unit(place: Place) -> None:
    Restaurant.objects.filter(pk=place.restaurant.pk).update(currency="JPY")
    place.dish.price = Decimal(900)
    place.dish.save()
    order = place.order()
    cash = partial(pay, place, order, method=PaymentMethod.CASH)

    amount = refuse(place, InvalidFields, lambda: cash("449.50"))
    tendered = refuse(place, InvalidFields, lambda: cash("450", tendered=Decimal("500.50")))
    discount = refuse(
        place,
        InvalidFields,
        lambda: update_order(order_id=order.pk, actor=place.actor, discount_amount=Decimal("0.50")),
    )

    assert problems(amount) == [("/amount", "currency_unit")]
    assert problems(tendered) == [("/tendered", "currency_unit")]
    assert problems(discount) == [("/discount_amount", "currency_unit")]
    assert str(cash("450", tendered=Decimal(500)).change) == "50"


@pytest.mark.parametrize("status", ["draft", "cancelled"])
def test_refused_when_there_is_no_bill_to_pay(place: Place, status: str) -> None:
    order = place.order(draft=status == "draft")
    if status == "cancelled":
        set_order_status(order_id=order.pk, to=OrderStatus.CANCELLED, actor=place.actor)

    error = refuse(place, NotPayable, lambda: pay(place, order, "9.50"))

    assert error.code == "not_payable"


@pytest.mark.parametrize("steps", range(len(STEPS) + 1))
def test_payment_is_taken_in_every_state_from_pending_on(place: Place, steps: int) -> None:
    order = place.order()
    for step in STEPS[:steps]:
        set_order_status(order_id=order.pk, to=step, actor=place.actor)

    pay(place, order, "9.50")

    assert bill(order)[3] == "paid"


def test_completed_order_is_paid_later_when_it_was_closed_unpaid(place: Place) -> None:
    order = served(place)
    set_order_status(order_id=order.pk, to=OrderStatus.COMPLETED, actor=place.actor, reason="Pays tomorrow")

    pay(place, order, "9.50")

    assert bill(order) == ("9.50", "9.50", "0.00", "paid")


@pytest.mark.parametrize("role", [Role.WAITER, Role.KITCHEN])
def test_refused_when_the_role_takes_no_payments(place: Place, role: Role) -> None:
    order = place.order()

    refuse(place, NotAllowed, lambda: pay(place, order, "9.50", actor=place.actor_of(role)))


@pytest.mark.parametrize("role", [Role.CASHIER, Role.MANAGER, Role.OWNER])
def test_payment_is_taken_when_the_role_does(place: Place, role: Role) -> None:
    payment = pay(place, place.order(), "9.50", actor=place.actor_of(role))

    assert payment.taken_by_name == role.title()


def till_device(place: Place, *scopes: str, counter: Counter | None = None) -> Actor:
    device = Device.objects.create(
        restaurant=place.restaurant, name="Till one", kind="counter", counter=counter, key_digest=f"{scopes}"
    )
    return Actor(
        restaurant_id=place.restaurant.pk,
        kind="device",
        name=device.name,
        source="api",
        device_id=device.pk,
        counter_id=device.counter_id,
        scopes=frozenset(scopes),
    )


def test_device_takes_payments_at_its_own_till_when_it_has_the_scope(place: Place) -> None:
    own, other = CounterFactory(restaurant=place.restaurant), CounterFactory(restaurant=place.restaurant)
    device = till_device(place, "payments:write", counter=own)
    order = place.order(2)

    first = pay(place, order, "5.00", actor=device)
    second = pay(place, order, "5.00", actor=device, counter_id=other.pk)

    assert (first.counter_id, second.counter_id) == (own.pk, other.pk)
    assert (first.taken_by_id, first.taken_by_name) == (None, "Till one")
    refuse(place, NotAllowed, lambda: back(place, first, actor=device))


def test_refused_when_the_device_lacks_the_scope(place: Place) -> None:
    order = place.order()

    refuse(place, NotAllowed, lambda: pay(place, order, "9.50", actor=till_device(place, "payments:read")))


def test_not_found_when_order_or_till_is_another_restaurants(place: Place, other_place: Place) -> None:
    order, foreign = place.order(), other_place.order()
    till = CounterFactory(restaurant=other_place.restaurant)

    assert problems(refuse(place, NotFound, lambda: pay(place, foreign, "9.50"))) == [("/order_id", "not_found")]
    by_till = refuse(place, NotFound, lambda: pay(place, order, "9.50", counter_id=till.pk))
    assert problems(by_till) == [("/counter_id", "not_found")]


# References ---------------------------------------------------------------------------------------


def test_reference_is_kept_as_the_terminal_gave_it(place: Place) -> None:
    order = place.order(2)

    given = pay(place, order, "5.00", transaction_reference=" TRX/0815 ")
    made = [pay(place, order, "1.00").transaction_reference for _ in range(2)]

    assert given.transaction_reference == "TRX/0815"
    assert len(set(made)) == 2
    assert all(reference.startswith("PAY-") for reference in made)


def test_refused_when_the_reference_is_in_use(place: Place, other_place: Place) -> None:
    order = place.order(2)
    pay(place, order, "5.00", transaction_reference="TRX-1")

    error = refuse(place, Duplicate, lambda: pay(place, order, "5.00", transaction_reference="TRX-1"))

    assert (error.code, problems(error)) == ("duplicate", [("/transaction_reference", "duplicate")])
    assert pay(other_place, other_place.order(), "5.00", transaction_reference="TRX-1").pk


def test_one_of_ten_is_taken_when_a_reference_comes_at_once_for_ten_orders(place: Place) -> None:
    orders = [place.order() for _ in range(10)]

    results = at_once([partial(pay, place, order, "9.50", transaction_reference="TRX-1") for order in orders])

    assert Count(type(result) for result in results) == {Payment: 1, Duplicate: 9}
    assert Payment.objects.count() == 1
    assert Count(Order.objects.values_list("payment_status", flat=True)) == {"paid": 1, "unpaid": 9}


# Giving back --------------------------------------------------------------------------------------


def test_all_that_is_left_is_given_back_when_no_amount_is_named(place: Place) -> None:
    order = place.order(2)
    payment = pay(place, order, "19.00")
    back(place, payment, "4.00")

    refund = back(place, payment)

    stored = Refund.objects.get(pk=refund.pk)
    assert (str(stored.amount), stored.payment_id, stored.order_id) == ("15.00", payment.pk, order.pk)
    assert (stored.reason, stored.given_by_name) == ("It was cold", "Manager")
    assert str(Payment.objects.get().refunded_amount) == "19.00"
    assert bill(order) == ("19.00", "0.00", "19.00", "refunded")


def test_refund_and_the_orders_new_state_are_announced_when_it_is_given(place: Place) -> None:
    order = place.order(2)
    till = CounterFactory(restaurant=place.restaurant)
    payment = pay(place, order, "19.00", counter_id=till.pk)

    with hearing(place.restaurant) as heard:
        refund = back(place, payment, "4.00")

    assert heard.types == ["payment:refunded", "order:updated"]
    assert f"counter:{till.pk}" in heard.told[0][1]
    (said,) = payloads(place.restaurant, "payment:refunded")
    assert (said["refund_id"], said["refund_amount"], said["original_payment_id"]) == (refund.pk, "4.00", payment.pk)
    assert (said["reason"], said["transaction_reference"]) == ("It was cold", refund.transaction_reference)


def test_refunds_are_named_after_their_payment(place: Place) -> None:
    payment = pay(place, place.order(2), "19.00")
    other = pay(place, place.order(), "9.50", transaction_reference=f"{payment.transaction_reference}-2")

    names = [back(place, one, "1.00").transaction_reference for one in (payment, other, payment, payment)]

    whole = f"REFUND-{payment.transaction_reference}"
    assert whole.startswith("REFUND-PAY-")
    assert names == [whole, f"{whole}-2", f"{whole}-3", f"{whole}-4"]


def test_status_says_what_is_left_when_some_is_given_back(place: Place) -> None:
    order = place.order(2)
    first, second = pay(place, order, "10.00"), pay(place, order, "9.00")

    states = []
    for act in (
        lambda: back(place, first, "2.00"),
        lambda: pay(place, order, "2.00"),
        lambda: back(place, second),
        lambda: back(place, first),
    ):
        act()
        states.append(bill(order)[1:])

    assert states == [
        ("17.00", "2.00", "partially_refunded"),
        ("19.00", "2.00", "paid"),
        ("10.00", "11.00", "partially_refunded"),
        ("2.00", "19.00", "partially_refunded"),
    ]


def test_bill_of_nothing_is_paid_until_there_is_something_to_pay(place: Place) -> None:
    order = place.order()
    update_order(order_id=order.pk, discount_amount=Decimal("9.50"), actor=place.actor)
    nothing_open = bill(order)

    add(place, order)
    something_open = bill(order)

    assert (nothing_open, something_open) == (("0.00", "0.00", "0.00", "paid"), ("9.50", "0.00", "0.00", "unpaid"))


def test_bill_is_paid_when_all_lines_were_voided(place: Place) -> None:
    order = place.order()

    void_item(order_id=order.pk, item_id=order.items.get().pk, actor=place.actor)

    assert bill(order) == ("0.00", "0.00", "0.00", "paid")


def test_completed_order_is_paid_when_its_discount_left_nothing_to_pay(place: Place) -> None:
    order = served(place)
    update_order(order_id=order.pk, discount_amount=order.total_amount, actor=place.actor)

    set_order_status(order_id=order.pk, to=OrderStatus.COMPLETED, actor=place.actor_of(Role.CASHIER))

    assert (Order.objects.get().status, bill(order)[3]) == ("completed", "paid")


def test_order_is_deleted_when_its_bill_of_nothing_was_never_paid(place: Place) -> None:
    order = place.order()
    update_order(order_id=order.pk, discount_amount=Decimal("9.50"), actor=place.actor)

    gone = delete_order(order_id=order.pk, actor=place.actor)

    assert (gone, Order.objects.count()) == (None, 0)


def test_order_stays_paid_when_what_is_too_much_is_given_back(place: Place) -> None:
    order = place.order(2)
    payment = pay(place, order, "9.50")
    pay(place, order, "9.50")
    back(place, payment)

    void_item(order_id=order.pk, item_id=add(place, order).pk, actor=place.actor)
    update_order(order_id=order.pk, actor=place.actor, discount_amount=Decimal("9.50"))

    assert bill(order) == ("9.50", "9.50", "9.50", "paid")


def add(place: Place, order: Order, quantity: int = 1) -> OrderItem:
    (line,) = add_items(order_id=order.pk, items=[AskedItem(place.dish.pk, quantity)], actor=place.actor)
    return line


@pytest.mark.parametrize(
    ("before", "asked", "left"), [("0", "9.51", "9.50"), ("4.00", "5.51", "5.50"), ("9.50", None, "0.00")]
)
def test_refused_when_more_would_be_given_back_than_is_left(
    place: Place, before: str, asked: str | None, left: str
) -> None:
    payment = pay(place, place.order(2), "9.50")
    pay(place, place.order(), "9.50")
    if Decimal(before):
        back(place, payment, before)

    error = refuse(place, RefundTooLarge, lambda: back(place, payment, asked))

    assert (error.code, error.extra) == ("refund_too_large", {"left": left})


def test_money_is_given_back_when_the_order_was_cancelled(place: Place) -> None:
    order = place.confirm(place.order())
    payment = pay(place, order, "9.50")
    set_order_status(order_id=order.pk, to=OrderStatus.CANCELLED, actor=place.actor, reason="Power cut")

    back(place, payment)

    assert bill(order) == ("9.50", "0.00", "9.50", "refunded")
    (said,) = payloads(place.restaurant, "order:cancelled")
    assert said["refund_amount"] == "9.50"


@pytest.mark.parametrize("role", [Role.WAITER, Role.KITCHEN, Role.CASHIER])
def test_refused_when_the_role_gives_nothing_back(place: Place, role: Role) -> None:
    payment = pay(place, place.order(), "9.50")

    refuse(place, NotAllowed, lambda: back(place, payment, actor=place.actor_of(role)))


def test_refund_is_refused_when_nothing_is_right_about_it(place: Place, other_place: Place) -> None:
    payment, foreign = pay(place, place.order(), "9.50"), pay(other_place, other_place.order(), "9.50")

    assert problems(refuse(place, InvalidFields, lambda: back(place, payment, reason=" "))) == [("/reason", "required")]
    assert problems(refuse(place, InvalidFields, lambda: back(place, payment, "0"))) == [("/amount", "min_value")]
    refuse(place, NotFound, lambda: back(place, foreign))


# The bill and what was paid -------------------------------------------------------------------------


def test_refused_when_less_would_be_left_of_the_bill_than_was_paid(place: Place) -> None:
    order = place.order(2)
    line = add(place, order)
    pay(place, order, "20.00")
    own: dict[str, Any] = {"order_id": order.pk, "actor": place.actor}

    refusals = [
        refuse(place, Overpaid, act)
        for act in (
            lambda: remove_item(item_id=line.pk, **own),
            lambda: void_item(item_id=line.pk, **own),
            lambda: set_item_status(item_id=line.pk, to=ItemStatus.CANCELLED, **own),
            lambda: change_item(item_id=order.items.earliest("pk").pk, quantity=1, **own),
            lambda: update_order(discount_amount=Decimal("8.51"), **own),
        )
    ]

    assert [error.extra for error in refusals] == [
        {"to_refund": "1.00"},
        {"to_refund": "1.00"},
        {"to_refund": "1.00"},
        {"to_refund": "1.00"},
        {"to_refund": "0.01"},
    ]
    assert "refund 1.00 first" in refusals[0].detail
    update_order(discount_amount=Decimal("8.50"), **own)
    assert bill(order) == ("20.00", "20.00", "0.00", "paid")


def test_line_is_voided_when_the_difference_was_given_back_first(place: Place) -> None:
    order = place.order(2)
    line = add(place, order)
    payment = pay(place, order, "28.50")
    back(place, payment, "9.50")

    void_item(order_id=order.pk, item_id=line.pk, actor=place.actor)

    assert bill(order) == ("19.00", "19.00", "9.50", "paid")


def test_kitchen_cannot_drop_what_is_paid(place: Place) -> None:
    order = place.confirm(place.order(2))
    pay(place, order, "19.00")
    item = KitchenOrderItem.objects.get()
    moves = [ItemMove(item.pk, TicketItemStatus.CANCELLED)]

    refuse(
        place,
        Overpaid,
        lambda: set_ticket_item_statuses(ticket_id=item.ticket_id, moves=moves, actor=place.actor_of(Role.KITCHEN)),
    )

    item.refresh_from_db()
    assert (item.status, KitchenOrder.objects.get().status) == ("pending", "pending")


def test_bill_is_open_again_when_a_paid_order_gets_more(place: Place) -> None:
    order = place.order()
    pay(place, order, "9.50")

    add(place, order)

    assert bill(order) == ("19.00", "9.50", "0.00", "partial")


# Closing ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.WAITER, Role.CASHIER])
def test_order_is_completed_once_it_is_fully_paid(place: Place, role: Role) -> None:
    order = served(place)
    pay(place, order, "9.49")
    close = partial(set_order_status, order_id=order.pk, to=OrderStatus.COMPLETED, actor=place.actor_of(role))
    refuse(place, NotPaid, lambda: close(reason="Trust me"))

    pay(place, order, "0.01")
    close(reason="Not asked for")

    order.refresh_from_db()
    assert (order.status, order.unpaid_reason) == ("completed", "")


def test_reason_is_kept_when_a_manager_closes_an_open_bill(place: Place) -> None:
    order = served(place)
    close = partial(set_order_status, order_id=order.pk, to=OrderStatus.COMPLETED, actor=place.actor)

    blank = refuse(place, NotPaid, lambda: close(reason="  "))
    close(reason="On the house")

    order.refresh_from_db()
    assert problems(blank) == [("/reason", "required")]
    assert (order.status, order.unpaid_reason) == ("completed", "On the house")
    (entry,) = HistoryEntry.objects.filter(changes__has_key="unpaid_reason")
    assert (entry.event, entry.changes["unpaid_reason"]) == ("order:status_changed", ["", "On the house"])


@pytest.mark.parametrize("given_back", [False, True])
def test_order_is_cancelled_and_never_deleted_when_it_was_paid(place: Place, given_back: bool) -> None:
    order = place.order()
    payment = pay(place, order, "1.00")
    if given_back:
        back(place, payment)

    cancelled = delete_order(order_id=order.pk, actor=place.actor, reason="Changed their mind")

    assert cancelled is not None
    order.refresh_from_db()
    assert order.status == "cancelled"


# At once ------------------------------------------------------------------------------------------


def test_one_till_wins_when_eight_take_the_last_part_at_once(place: Place) -> None:
    order = place.order(2)
    pay(place, order, "9.00")

    results = at_once([partial(pay, place, order, "10.00")] * 8)

    assert Count(type(result) for result in results) == {Payment: 1, Overpaid: 7}
    assert bill(order) == ("19.00", "19.00", "0.00", "paid")
    assert sum(Payment.objects.values_list("amount", flat=True)) == Decimal("19.00")


def test_no_more_is_given_back_than_was_paid_when_eight_refunds_come_at_once(place: Place) -> None:
    order = place.order(2)
    payment = pay(place, order, "19.00")

    results = at_once([partial(back, place, payment, "5.00")] * 8)

    assert Count(type(result) for result in results) == {Refund: 3, RefundTooLarge: 5}
    assert bill(order) == ("19.00", "4.00", "15.00", "partially_refunded")
    assert str(Payment.objects.get().refunded_amount) == "15.00"


def test_bill_adds_up_when_it_is_paid_while_items_come_and_go(place: Place) -> None:
    order = place.order(2)
    dropped = add(place, order)

    results = at_once(
        [
            partial(pay, place, order, "28.50"),
            partial(add, place, order),
            partial(void_item, order_id=order.pk, item_id=dropped.pk, actor=place.actor),
            partial(add, place, order),
        ]
    )

    # Whoever came first, the guests never pay for what was taken off before, and nothing is taken off that they paid.
    order.refresh_from_db()
    lines = order.items.exclude(status="cancelled")
    assert order.final_amount == sum(line.line_total for line in lines)
    assert order.paid_amount <= order.final_amount
    assert order.paid_amount == sum(Payment.objects.values_list("amount", flat=True))
    assert all(isinstance(result, Payment | OrderItem | Overpaid) for result in results)
    expected = "partial" if order.paid_amount else "unpaid"
    assert order.payment_status == ("paid" if order.paid_amount == order.final_amount else expected)


def test_either_is_refused_when_a_bill_is_paid_while_it_is_discounted(place: Place) -> None:
    order = create_order(actor=place.actor, channel=Channel.TAKEAWAY, items=[AskedItem(place.dish.pk, 2)])

    paid, discounted = at_once(
        [
            partial(pay, place, order, "19.00"),
            partial(update_order, order_id=order.pk, actor=place.actor, discount_amount=Decimal("1.00")),
        ]
    )

    assert sorted([isinstance(paid, Overpaid), isinstance(discounted, Overpaid)]) == [False, True]
    assert bill(order) in (("19.00", "19.00", "0.00", "paid"), ("18.00", "0.00", "0.00", "unpaid"))


def test_till_stays_or_nobody_paid_there_when_it_is_taken_away_at_once(place: Place) -> None:
    order = place.order(4)
    for _ in range(5):
        till = CounterFactory(restaurant=place.restaurant)

        *paid, _ = results = at_once(
            [
                *[partial(pay, place, order, "1.00", counter_id=till.pk)] * 2,
                partial(delete_counter, counter_id=till.pk, actor=place.actor),
            ]
        )

        is_gone = not Counter.objects.filter(pk=till.pk).exists()
        assert {type(result) for result in results} <= {Payment, NotFound, InUse, type(None)}
        assert (results[-1] is None) == is_gone
        assert is_gone == all(isinstance(result, NotFound) for result in paid)
