"""Payments and refunds: taken, given back, listed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from http import HTTPStatus
from itertools import product
from typing import Any

from django.db.models import Q
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request

from orders.api.documents import documented, paged, shown
from orders.api.endpoints import Endpoint, answer, keyed
from orders.api.fields import Amount, Body, Choice, Text, id_field
from orders.api.inputs import LONGEST_REASON
from orders.api.pages import (
    NEWEST_FIRST,
    Branches,
    NoQuery,
    Ordering,
    PageQuery,
    SeveralParameter,
    id_parameter,
    page,
    query_of,
)
from orders.api.permissions import STAFF_ALONE
from orders.errors import Duplicate, NotFound, NotPayable, Overpaid, RefundTooLarge
from orders.models import Payment
from orders.payment_shapes import PaymentShape, RefundShape, payment_shape, refund_shape
from orders.scopes import Scope
from orders.services.payments import TAKES_PAYMENTS, refund_payment, take_payment
from orders.states import PaymentMethod, PaymentOutcome

TAG = "payments"
_SOME_MONEY = r"^([1-9][0-9]{0,7}(\.[0-9]{1,2})?|0\.(0[1-9]|[1-9][0-9]?))$"
_SAME_NAME = ("order", "counter")
_MOMENTS = {"created_after": "created_at__gte", "created_before": "created_at__lt"}


@extend_schema_field({"type": "string", "pattern": _SOME_MONEY, "examples": ["12.50"]})
class SomeMoney(Amount):
    """An amount that is handed over: more than nothing."""

    def to_internal_value(self, data: Any) -> Decimal:
        """Return the amount."""
        amount = super().to_internal_value(data)
        if re.fullmatch(_SOME_MONEY, data) is None:
            self.fail("invalid")
        return amount


class PaymentBody(Body):
    """A payment for an order. Without ``tendered`` the amount itself was handed over; no card's data is taken."""

    order_id = id_field()
    amount = SomeMoney()
    method = Choice(PaymentMethod)
    tendered = SomeMoney(required=False, allow_null=True)
    counter_id = id_field(required=False, allow_null=True)
    transaction_reference = Text(
        required=False,
        allow_null=True,
        allow_blank=True,
        max_length=100,
        help_text="The terminal's, or the bank's: unique. Without it one is made. Never a card number.",
    )


class RefundBody(Body):
    """Money given back. Without ``amount`` all that is left of the payment."""

    amount = SomeMoney(required=False, allow_null=True)
    reason = Text(max_length=LONGEST_REASON)


class PaymentQuery(PageQuery):
    """Which payments. ``created_after`` is from a moment on, ``created_before`` up to it."""

    order = id_parameter()
    counter = id_parameter()
    method = SeveralParameter(child=Choice(PaymentMethod), required=False)
    status = SeveralParameter(child=Choice(PaymentOutcome), required=False)
    created_after = serializers.DateTimeField(required=False)
    created_before = serializers.DateTimeField(required=False)


class Payments(Endpoint):
    """All payments."""

    read_scope = Scope.PAYMENTS_READ
    write_scope = Scope.PAYMENTS_WRITE

    @documented("list_payments", tag=TAG, query=PaymentQuery, answers={200: paged(PaymentShape)})
    def get(self, request: Request) -> HttpResponse:
        """List payments, the newest first."""
        self.actor.require(*TAKES_PAYMENTS, to="see payments", scope=Scope.PAYMENTS_READ)
        query = query_of(request, PaymentQuery)
        rows = Payment.objects.filter(_conditions(query), restaurant_id=self.restaurant_id)
        narrow = Branches(_branches(query)) if _is_wide(query) else None
        return page(request, rows, payment_shape, ordering=_ordering(query), query=query, narrow=narrow)

    @documented(
        "take_payment",
        tag=TAG,
        body=PaymentBody,
        answers={201: shown(PaymentShape)},
        refuses=(
            Duplicate,
            NotPayable,
            Overpaid,
        ),
    )
    @keyed
    def post(self, request: Request) -> HttpResponse:
        """Take a payment for an order, or a part of one."""
        body = self.body(PaymentBody)
        reference = body.pop("transaction_reference", None) or ""
        payment = take_payment(actor=self.actor, transaction_reference=reference, **body)
        return answer(payment_shape(payment), HTTPStatus.CREATED, location=f"/api/payments/{payment.pk}")


class OnePayment(Endpoint):
    """One payment."""

    read_scope = Scope.PAYMENTS_READ

    @documented("get_payment", tag=TAG, answers={200: shown(PaymentShape)})
    def get(self, request: Request, payment_id: int) -> HttpResponse:
        """Return a payment."""
        self.actor.require(*TAKES_PAYMENTS, to="see payments", scope=Scope.PAYMENTS_READ)
        query_of(request, NoQuery)
        payment = Payment.objects.filter(restaurant_id=self.restaurant_id, pk=payment_id).first()
        if payment is None:
            raise NotFound("There is no such payment.")
        return answer(payment_shape(payment))


class Refunding(Endpoint):
    """Giving money back, which is for people."""

    write_scope = STAFF_ALONE

    @documented(
        "refund_payment", tag=TAG, body=RefundBody, answers={201: shown(RefundShape)}, refuses=(RefundTooLarge,)
    )
    @keyed
    def post(self, request: Request, payment_id: int) -> HttpResponse:
        """Give back all that is left of a payment, or a part."""
        refund = refund_payment(payment_id=payment_id, actor=self.actor, **self.body(RefundBody))
        return answer(refund_shape(refund), HTTPStatus.CREATED)


def _conditions(query: dict[str, Any]) -> Q:
    wanted = Q(**{name: query[name] for name in _SAME_NAME if name in query})
    wanted &= Q(**{condition: query[name] for name, condition in _MOMENTS.items() if name in query})
    return wanted & Q(**{f"{name}__in": query[name] for name in ("method", "status") if name in query})


def _ordering(query: dict[str, Any]) -> Ordering:
    """Return the list's order: by id, but where it is bounded by moments by these, which the index has in order."""
    return Ordering(("created_at", "id"), falling=True) if _MOMENTS.keys() & query.keys() else NEWEST_FIRST


def _is_wide(query: dict[str, Any]) -> bool:
    """Whether the list is of so many payments that those of each method and outcome are better found by themselves.

    Of one order there are few, of a time too; all payments have an index of their own.
    """
    return bool(query.keys() & {"counter", "method", "status"}) and not query.keys() & {"order", *_MOMENTS}


def _branches(query: dict[str, Any]) -> Sequence[Q]:
    """Return each combination that is asked for: the index has its payments in the list's order."""
    methods = sorted(set(query.get("method", PaymentMethod)))
    outcomes = sorted(set(query.get("status", PaymentOutcome)))
    return [Q(method=method, status=outcome) for method, outcome in product(methods, outcomes)]
