"""Whatever staff do with an order's bill, it adds up: tried with any sequence of services."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from orders.errors import DomainError, InvalidFields, NotPaid, NotPayable, Overpaid, RefundTooLarge
from orders.models import Order, OrderItem, Payment, Refund, Restaurant
from orders.services.dishes import AskedItem
from orders.services.items import add_items, change_item, remove_item, void_item
from orders.services.orders import delete_order, set_order_status, update_order
from orders.services.payments import refund_payment, take_payment
from orders.states import OrderStatus, PaymentMethod, Role
from tests.places import open_place

numbers = itertools.count(1)
picks = st.integers(0, 5)
shares = st.fractions(0, "1.25")
CENT = Decimal("0.01")


class Till(RuleBasedStateMachine):
    """Two orders, paid and given back in parts, while their bills change."""

    @initialize(
        currency=st.sampled_from(["EUR", "JPY"]),
        tax=st.sampled_from(["0", "0.1", "0.0775"]),
        service=st.sampled_from(["0", "0.05", "0.125"]),
        included=st.booleans(),
    )
    def open(self, currency: str, tax: str, service: str, included: bool) -> None:
        self.place = open_place(f"till-{next(numbers)}")
        Restaurant.objects.filter(pk=self.place.restaurant.pk).update(
            currency=currency, tax_rate=Decimal(tax), service_rate=Decimal(service), prices_include_tax=included
        )
        self.unit = Decimal(1) if currency == "JPY" else CENT
        self.boss, self.cashier = self.place.actor, self.place.actor_of(Role.CASHIER)
        self.ids = [self.place.order(quantity).pk for quantity in (1, 3)]
        self.granted = dict.fromkeys(self.ids, Decimal(0))

    def order(self, picked: int) -> Order | None:
        return Order.objects.filter(pk=self.ids[picked % len(self.ids)]).first()

    def attempt(self, act: Callable[[], Any], *refusals: type[DomainError]) -> bool:
        """Do it; False when it is refused, as the rules that are named may have it."""
        try:
            act()
        except DomainError as error:
            if refusals and not isinstance(error, refusals):
                raise
            return False
        return True

    def part_of(self, amount: Decimal, share: Fraction) -> Decimal:
        """Return about that share of an amount, in whole units."""
        exact = amount * share.numerator / share.denominator
        return (exact / self.unit).to_integral_value() * self.unit

    @rule(picked=picks, share=shares, method=st.sampled_from(list(PaymentMethod)), notes=st.integers(0, 3))
    def pay(self, picked: int, share: Fraction, method: PaymentMethod, notes: int) -> None:
        if (order := self.order(picked)) is None:
            return
        left = order.final_amount - order.paid_amount
        amount = self.part_of(left, share)
        tendered = amount + notes * 10 if method == PaymentMethod.CASH else None
        taken = self.attempt(
            lambda: take_payment(
                order_id=order.pk, amount=amount, method=method, tendered=tendered, actor=self.cashier
            ),
            Overpaid, NotPayable, InvalidFields,
        )  # fmt: skip
        assert taken == (0 < amount <= left and order.status != OrderStatus.CANCELLED)

    @rule(picked=picks, share=shares, whole=st.booleans())
    def give_back(self, picked: int, share: Fraction, whole: bool) -> None:
        payments = list(Payment.objects.filter(order_id__in=self.ids).order_by("pk"))
        if not payments:
            return
        payment = payments[picked % len(payments)]
        amount = None if whole else self.part_of(payment.left, share)
        given = self.attempt(
            lambda: refund_payment(payment_id=payment.pk, amount=amount, reason="So it is", actor=self.boss),
            RefundTooLarge, InvalidFields,
        )  # fmt: skip
        assert given == (payment.left > 0 if amount is None else 0 < amount <= payment.left)

    @rule(picked=picks, quantity=st.integers(1, 4))
    def add(self, picked: int, quantity: int) -> None:
        if order := self.order(picked):
            asked = [AskedItem(self.place.dish.pk, quantity)]
            self.attempt(lambda: add_items(order_id=order.pk, items=asked, actor=self.boss))

    @rule(picked=picks, place=picks, act=st.sampled_from(["remove", "void", "fewer", "more"]))
    def change(self, picked: int, place: int, act: str) -> None:
        order = self.order(picked)
        lines = list(order.items.order_by("pk")) if order else []
        if not order or not lines:
            return
        line = lines[place % len(lines)]
        own: dict[str, Any] = {"order_id": order.pk, "item_id": line.pk, "actor": self.boss}
        if act == "remove":
            self.attempt(lambda: remove_item(**own))
        elif act == "void":
            self.attempt(lambda: void_item(**own))
        else:
            quantity = line.quantity + (1 if act == "more" else -1)
            self.attempt(lambda: change_item(quantity=max(1, quantity), **own))

    @rule(picked=picks, share=shares)
    def discount(self, picked: int, share: Fraction) -> None:
        if order := self.order(picked):
            amount = self.part_of(order.total_amount, share)
            given = self.attempt(lambda: update_order(order_id=order.pk, discount_amount=amount, actor=self.boss))
            if given and amount != order.discount_amount:
                self.granted[order.pk] = amount

    @rule(picked=picks, to=st.sampled_from([OrderStatus.CONFIRMED, OrderStatus.PREPARING, OrderStatus.READY]))
    def move(self, picked: int, to: OrderStatus) -> None:
        if order := self.order(picked):
            self.attempt(lambda: set_order_status(order_id=order.pk, to=to, actor=self.boss))

    @rule(picked=picks)
    def serve_and_close(self, picked: int) -> None:
        order = self.order(picked)
        if order is None or order.status != OrderStatus.READY:
            return
        set_order_status(order_id=order.pk, to=OrderStatus.SERVED, actor=self.boss)
        closed = self.attempt(
            lambda: set_order_status(order_id=order.pk, to=OrderStatus.COMPLETED, actor=self.cashier), NotPaid
        )
        assert closed == (order.paid_amount == order.final_amount)

    @rule(picked=st.integers(0, 40))
    def take_back(self, picked: int) -> None:
        if picked < len(self.ids) and (order := self.order(picked)):
            self.attempt(lambda: delete_order(order_id=order.pk, reason="So it is", actor=self.boss))
            assert Order.objects.filter(pk=order.pk).exists() or not Payment.objects.filter(order_id=order.pk).exists()

    @invariant()
    def every_bill_adds_up(self) -> None:
        # A statement for each kind of row, not for each row: this is looked at after every step.
        all_lines = list(OrderItem.objects.filter(order_id__in=self.ids).exclude(status="cancelled"))
        all_payments = list(Payment.objects.filter(order_id__in=self.ids))
        all_refunds = list(Refund.objects.filter(order_id__in=self.ids))
        for order in Order.objects.filter(pk__in=self.ids):
            lines = [line for line in all_lines if line.order_id == order.pk]
            payments = [payment for payment in all_payments if payment.order_id == order.pk]
            given_back = sum(refund.amount for refund in all_refunds if refund.order_id == order.pk)
            assert order.total_amount == sum(line.line_total for line in lines)
            assert order.discount_amount == min(self.granted[order.pk], order.total_amount)
            net = order.total_amount - order.discount_amount
            assert order.final_amount == net + order.service_amount + order.tax_amount
            assert order.paid_amount == sum(payment.left for payment in payments)
            assert order.refunded_amount == given_back == sum(payment.refunded_amount for payment in payments)
            assert 0 <= order.paid_amount <= order.final_amount
            assert all(amount % self.unit == 0 for amount in (order.final_amount, order.paid_amount))
            assert order.payment_status == expected_status(order)
            for payment in payments:
                refunds = [refund.amount for refund in all_refunds if refund.payment_id == payment.pk]
                assert payment.refunded_amount == sum(refunds) <= payment.amount
                assert payment.change == (payment.tendered or payment.amount) - payment.amount >= 0


def expected_status(order: Order) -> str:
    if order.refunded_amount and not order.paid_amount:
        return "refunded"
    if order.paid_amount == order.final_amount:
        return "paid"
    if not order.paid_amount:
        return "unpaid"
    return "partially_refunded" if order.refunded_amount else "partial"


@pytest.mark.django_db(transaction=True)
def test_every_bill_adds_up_whatever_is_paid_given_back_and_changed() -> None:
    run_state_machine_as_test(
        Till,
        settings=settings(
            max_examples=30,
            stateful_step_count=25,
            deadline=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
