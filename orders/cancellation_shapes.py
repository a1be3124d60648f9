"""What REST says of a cancellation request: the floor asks, the kitchen decides, both are shown the same."""

from __future__ import annotations

from msgspec import Struct

from orders.models import CancellationRequest
from orders.shapes import Timestamp, maybe_timestamp, timestamp


class CancellationRequestShape(Struct, frozen=True):
    """That somebody asked for an order to be cancelled, and what became of it."""

    id: int
    order_id: int
    reason: str
    status: str
    requested_by_id: int | None
    decided_by_id: int | None
    decision_reason: str | None
    created_at: Timestamp
    decided_at: Timestamp | None


def cancellation_request_shape(request: CancellationRequest) -> CancellationRequestShape:
    """Show a cancellation request."""
    return CancellationRequestShape(
        id=request.pk,
        order_id=request.order_id,
        reason=request.reason,
        status=request.status,
        requested_by_id=request.requested_by_id,
        decided_by_id=request.decided_by_id,
        decision_reason=request.decision_reason or None,
        created_at=timestamp(request.created_at),
        decided_at=maybe_timestamp(request.decided_at),
    )
