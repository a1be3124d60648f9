"""The kitchen's word on a cancellation: it lets go of the order, or goes on with it."""

from __future__ import annotations

from kitchen import states
from orders.actors import Actor
from orders.models import CancellationRequest
from orders.scopes import Scope
from orders.services.cancellations import grant, lock_request, refuse
from orders.units import unit_of_work


@unit_of_work
def accept_cancellation(*, request_id: int, actor: Actor) -> CancellationRequest:
    """Let go of an order: it is cancelled with its ticket, and what was not begun is in stock again.

    Locks the order row, the request, then the ticket and the dishes. Announces ``order:cancelled`` with what is to be
    refunded, and ``kitchen:cancel_accepted``.

    Raises NotAllowed, NotFound, AlreadyDecided.
    """
    actor.require(*states.WORKERS, to="decide on a cancellation", scope=Scope.KITCHEN_WRITE)
    order, request = lock_request(request_id, actor=actor)
    grant(order, request, actor=actor)
    return request


@unit_of_work
def reject_cancellation(*, request_id: int, reason: str, actor: Actor) -> CancellationRequest:
    """Go on with an order, and say why.

    Locks the order row, then the request. Announces ``kitchen:cancel_rejected``.

    Raises NotAllowed, NotFound, InvalidFields without a reason, AlreadyDecided.
    """
    actor.require(*states.WORKERS, to="decide on a cancellation", scope=Scope.KITCHEN_WRITE)
    order, request = lock_request(request_id, actor=actor)
    refuse(order, actor=actor, reason=reason)
    return request
