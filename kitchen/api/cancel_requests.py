"""Cancellations that the floor asks for: listed, accepted, rejected."""

from __future__ import annotations

from django.db.models import Q
from django.http import HttpResponse
from rest_framework.request import Request

from kitchen.services.cancellations import accept_cancellation, reject_cancellation
from orders.api.documents import documented, paged, shown
from orders.api.endpoints import Endpoint, answer, keyed
from orders.api.fields import Body, Choice, Text
from orders.api.inputs import LONGEST_REASON
from orders.api.pages import NEWEST_FIRST, Branches, PageQuery, SeveralParameter, page, query_of
from orders.cancellation_shapes import CancellationRequestShape, cancellation_request_shape
from orders.errors import InvalidTransition
from orders.models import CancellationRequest
from orders.scopes import Scope
from orders.states import RequestStatus

TAG = "kitchen"


class CancelRequestQuery(PageQuery):
    """Which requests; without a status, those that wait and those that are decided."""

    status = SeveralParameter(child=Choice(RequestStatus), required=False)


class NoBody(Body):
    """Nothing needs to be said."""


class RejectionBody(Body):
    """Why the kitchen goes on."""

    reason = Text(max_length=LONGEST_REASON)


class CancelRequests(Endpoint):
    """All cancellation requests."""

    read_scope = Scope.KITCHEN_READ

    @documented(
        "list_cancel_requests", tag=TAG, query=CancelRequestQuery, answers={200: paged(CancellationRequestShape)}
    )
    def get(self, request: Request) -> HttpResponse:
        """List cancellation requests, newest first."""
        query = query_of(request, CancelRequestQuery)
        rows = CancellationRequest.objects.filter(restaurant_id=self.restaurant_id)
        # The index has the requests of each status in the list's order.
        statuses = sorted(set(query.get("status", RequestStatus)))
        narrow = Branches([Q(status=status) for status in statuses])
        return page(request, rows, cancellation_request_shape, ordering=NEWEST_FIRST, query=query, narrow=narrow)


class AcceptCancellation(Endpoint):
    """Letting go of an order."""

    write_scope = Scope.KITCHEN_WRITE

    @documented(
        "accept_cancellation",
        tag=TAG,
        body=NoBody,
        answers={200: shown(CancellationRequestShape)},
        refuses=(InvalidTransition,),
    )
    @keyed
    def post(self, request: Request, request_id: int) -> HttpResponse:
        """Let go of an order: it is cancelled, with its ticket."""
        self.body(NoBody)
        return answer(cancellation_request_shape(accept_cancellation(request_id=request_id, actor=self.actor)))


class RejectCancellation(Endpoint):
    """Going on with an order."""

    write_scope = Scope.KITCHEN_WRITE

    @documented(
        "reject_cancellation",
        tag=TAG,
        body=RejectionBody,
        answers={200: shown(CancellationRequestShape)},
        refuses=(InvalidTransition,),
    )
    @keyed
    def post(self, request: Request, request_id: int) -> HttpResponse:
        """Go on with an order, and say why."""
        body = self.body(RejectionBody)
        decided = reject_cancellation(request_id=request_id, reason=body["reason"], actor=self.actor)
        return answer(cancellation_request_shape(decided))
