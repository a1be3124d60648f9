"""Asking for an order to be cancelled."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpResponse
from rest_framework.request import Request

from orders.api.documents import documented, shown
from orders.api.endpoints import Endpoint, answer, keyed
from orders.api.fields import Text, Versioned
from orders.api.inputs import LONGEST_REASON
from orders.cancellation_shapes import CancellationRequestShape, cancellation_request_shape
from orders.errors import InvalidTransition
from orders.scopes import Scope
from orders.services.cancellations import request_cancellation

TAG = "orders"


class CancellationBody(Versioned):
    """Why an order is to be cancelled; ``version`` is the order's."""

    reason = Text(max_length=LONGEST_REASON)


class CancelRequest(Endpoint):
    """Asking for a cancellation."""

    write_scope = Scope.ORDERS_WRITE

    @documented(
        "request_cancellation",
        tag=TAG,
        body=CancellationBody,
        answers={201: shown(CancellationRequestShape)},
        refuses=(InvalidTransition,),
    )
    @keyed
    def post(self, request: Request, order_id: int) -> HttpResponse:
        """Ask the kitchen to let go of an order.

        One that the kitchen has not got yet is cancelled at once: the request is `accepted` then.
        """
        body = self.body(CancellationBody)
        version = self.version(body)
        asked = request_cancellation(order_id=order_id, reason=body["reason"], actor=self.actor, version=version)
        return answer(cancellation_request_shape(asked), HTTPStatus.CREATED)
