"""How soon a ticket is wanted, by the kitchen's own word."""

from __future__ import annotations

from kitchen import states
from kitchen.models import KitchenOrder
from kitchen.services.touching import lock_ticket, touch
from orders.actors import Actor
from orders.errors import NotEditable
from orders.last_moves import last_ticket_status, who
from orders.scopes import Scope
from orders.states import Priority
from orders.units import unit_of_work


@unit_of_work
def set_priority(*, ticket_id: int, priority: Priority, actor: Actor, version: int | None = None) -> KitchenOrder:
    """Make a ticket sooner, or later, whatever its order says; until the order itself is given another priority.

    Locks the order row, then the ticket. Announces ``kitchen:priority_changed``.

    Raises NotAllowed, NotFound, NotEditable for a ticket that is not open, StaleVersion.
    """
    actor.require(*states.WORKERS, to="change a ticket's priority", scope=Scope.KITCHEN_WRITE)
    order, ticket = lock_ticket(ticket_id, actor=actor, version=version)
    if not ticket.is_open:
        raise NotEditable(f"Ticket {ticket.order_number} is {ticket.status}.", **who(last_ticket_status(order)))
    if ticket.priority != priority:
        ticket.priority = priority
        ticket.is_priority_chosen = True
        touch(ticket)
    return ticket
