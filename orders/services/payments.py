"""Taking payments for an order, in one part or several, and giving money back."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from decimal import Decimal
from itertools import count

from django.db import IntegrityError, transaction
from django.utils import timezone

from orders.actors import Actor
from orders.aggregates import lock_order
from orders.card_numbers import refuse_card_number
from orders.errors import Duplicate, FieldProblem, InvalidFields, NotFound, NotPayable, Overpaid, RefundTooLarge
from orders.models import Counter, Order, Payment, Refund
from orders.money import why_not_payable
from orders.reading import read_rows
from orders.scopes import Scope
from orders.services.touching import add_paid, take_back_paid
from orders.statements import fetch
from orders.states import OrderStatus, PaymentMethod, PaymentOutcome, Role
from orders.units import require_unit, unit_of_work

TAKES_PAYMENTS = (Role.CASHIER, Role.MANAGER)
_NOTHING_TO_PAY = (OrderStatus.DRAFT, OrderStatus.CANCELLED)
_ZERO = Decimal("0.00")
# Neither 0 and O nor 1 and I: references are read out over the telephone.
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_REFERENCE_LENGTH = 14
_ORDER_OF = "SELECT order_id FROM orders_payment WHERE id = %s AND restaurant_id = %s"


@unit_of_work
def take_payment(
    *,
    order_id: int,
    amount: Decimal,
    method: PaymentMethod,
    actor: Actor,
    tendered: Decimal | None = None,
    counter_id: int | None = None,
    transaction_reference: str = "",
) -> Payment:
    """Take a payment for an order: all that is open on its bill, or a part of it.

    ``amount`` goes on the bill, ``tendered`` is the cash that was handed over; both in the order's currency. A till's
    own payments are its counter's without being told. Locks the order row. Announces ``payment:processed``.

    Raises NotAllowed, NotFound, InvalidFields, NotPayable for a draft or a cancelled order, Overpaid above what is
    open, Duplicate for a ``transaction_reference`` in use.
    """
    actor.require(*TAKES_PAYMENTS, to="take payments", scope=Scope.PAYMENTS_WRITE)
    reference = transaction_reference.strip()
    refuse_card_number(reference, "/transaction_reference")
    order = _order_to_pay(order_id, actor)
    counter = _counter(counter_id, actor)
    _check_amounts(order.currency, amount=amount, tendered=tendered)
    change = _change_of(method, amount, tendered)
    _check_open(order, amount)
    is_cash = method == PaymentMethod.CASH
    payment = Payment(
        restaurant_id=order.restaurant_id,
        order=order,
        amount=amount,
        method=method,
        tendered=amount if is_cash and tendered is None else tendered,
        change=change,
        counter=counter,
        transaction_reference=reference or _new_reference(),
        status=PaymentOutcome.SUCCESS,
        taken_by_id=actor.user_id,
        taken_by_name=actor.name,
        created_at=timezone.now(),
    )
    _insert(payment)
    add_paid(order, amount)
    return payment


def _order_to_pay(order_id: int, actor: Actor) -> Order:
    try:
        return lock_order(order_id, actor=actor)
    except NotFound as error:
        error.problems = [FieldProblem("/order_id", "not_found", error.detail)]
        raise


def _counter(counter_id: int | None, actor: Actor) -> Counter | None:
    """Return the till that was named, or the calling device's own; nobody takes it away before the commit."""
    wanted = actor.counter_id if counter_id is None else counter_id
    if wanted is None:
        return None
    found = read_rows(Counter, "WHERE id = %s AND restaurant_id = %s FOR KEY SHARE", wanted, actor.restaurant_id)
    if not found:
        detail = "There is no such counter."
        raise NotFound(detail, problems=[FieldProblem("/counter_id", "not_found", detail)])
    return found[0]


def _check_amounts(currency: str, **amounts: Decimal | None) -> None:
    problems = []
    for name, amount in amounts.items():
        if amount is None:
            continue
        if amount <= 0:
            problems.append(FieldProblem(f"/{name}", "min_value", "An amount is more than 0."))
        elif problem := why_not_payable(amount, currency):
            problems.append(FieldProblem(f"/{name}", "currency_unit", problem))
    if problems:
        raise InvalidFields(problems)


def _change_of(method: PaymentMethod, amount: Decimal, tendered: Decimal | None) -> Decimal:
    """Return the change; nobody hands over more than the amount but in cash, and nobody less."""
    if tendered is None:
        return _ZERO
    if tendered < amount:
        raise InvalidFields.one("/tendered", "min_value", "Less is tendered than the amount.")
    if tendered > amount and method != PaymentMethod.CASH:
        raise InvalidFields.one("/tendered", "max_value", "More than the amount is tendered in cash alone.")
    return tendered - amount


def _check_open(order: Order, amount: Decimal) -> None:
    if order.status in _NOTHING_TO_PAY:
        raise NotPayable(f"Order {order.order_number} is {order.status}: there is nothing to pay.")
    left = max(order.final_amount - order.paid_amount, _ZERO)
    if amount > left:
        raise Overpaid(f"{left:.2f} of order {order.order_number} is open.", open=f"{left:.2f}")


def _new_reference() -> str:
    return "PAY-" + "".join(secrets.choice(_LETTERS) for _ in range(_REFERENCE_LENGTH))


def _insert(payment: Payment) -> None:
    """Save a payment; two that come with one reference at once are told apart by the database."""
    try:
        with transaction.atomic():
            payment.save()
    except IntegrityError as error:
        if "payment_reference" not in str(error):
            raise
        raise Duplicate("A payment with this transaction_reference exists.", "/transaction_reference") from error


@unit_of_work
def refund_payment(*, payment_id: int, actor: Actor, reason: str, amount: Decimal | None = None) -> Refund:
    """Give money back of a payment: all that is left of it, or a part; also when its order was cancelled.

    Locks the order row, then the payment. Announces ``payment:refunded``.

    Raises NotAllowed, NotFound, InvalidFields, RefundTooLarge above what is left.
    """
    actor.require(Role.MANAGER, to="give money back")
    refuse_card_number(reason, "/reason")
    if not reason.strip():
        raise InvalidFields.one("/reason", "required", "Say why the money is given back.")
    order, payment = _lock_payment(payment_id, actor)
    left = payment.left if payment.status == PaymentOutcome.SUCCESS else _ZERO
    amount = _amount_to_refund(amount, left, order.currency)
    refund = Refund(
        restaurant_id=order.restaurant_id,
        payment=payment,
        order=order,
        amount=amount,
        reason=reason,
        transaction_reference=_refund_reference(payment),
        given_by_id=actor.user_id,
        given_by_name=actor.name,
        created_at=timezone.now(),
    )
    refund.save()
    payment.refunded_amount += amount
    payment.save()
    take_back_paid(order, amount)
    return refund


def _lock_payment(payment_id: int, actor: Actor) -> tuple[Order, Payment]:
    found = fetch(_ORDER_OF, payment_id, actor.restaurant_id)
    if not found:
        raise NotFound("There is no such payment.")
    order = lock_order(found[0][0], actor=actor)
    return order, require_unit().lock(Payment, payment_id, restaurant_id=actor.restaurant_id)


def _amount_to_refund(asked: Decimal | None, left: Decimal, currency: str) -> Decimal:
    _check_amounts(currency, amount=asked)
    amount = left if asked is None else asked
    if amount > left or not left:
        raise RefundTooLarge(f"{left:.2f} is left of this payment.", left=f"{left:.2f}")
    return amount


def _refund_reference(payment: Payment) -> str:
    """Return the first free name for a refund; a payment that is given back in parts has several."""
    taken = Refund.objects.filter(restaurant_id=payment.restaurant_id)
    return next(name for name in _names_of_refunds(payment) if not taken.filter(transaction_reference=name).exists())


def _names_of_refunds(payment: Payment) -> Iterator[str]:
    whole = f"REFUND-{payment.transaction_reference}"
    for number in count(payment.refunds.count() + 1):
        yield whole if number == 1 else f"{whole}-{number}"
