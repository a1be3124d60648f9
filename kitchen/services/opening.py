"""Opening the ticket of an order that has none: of one that was confirmed when there was no kitchen yet."""

from __future__ import annotations

from kitchen import states
from kitchen.models import KitchenOrder, ProductionContract
from kitchen.services.contracts import open_missing
from kitchen.services.following import follow_item, follow_order
from orders.actors import Actor
from orders.aggregates import lines_of, lock_order
from orders.errors import NotFound
from orders.models import Order
from orders.scopes import Scope
from orders.units import unit_of_work


@unit_of_work
def open_ticket(*, order_id: int, actor: Actor) -> KitchenOrder:
    """Open the ticket of a confirmed order that has none, with the next version of its contract.

    What of the order is begun or made already is so on the ticket too. Locks the order row, then the stations.
    Announces ``production-contract:created`` and ``order:new``.

    Raises NotAllowed, NotFound, Conflict where there is a ticket, or nothing for the kitchen to make.
    """
    actor.require(*states.WORKERS, to="open tickets", scope=Scope.KITCHEN_WRITE)
    order = lock_order(order_id, actor=actor)
    ticket = open_missing(order)
    _catch_up(order, actor)
    return ticket


def _catch_up(order: Order, actor: Actor) -> None:
    """Have a new ticket say how far its order is already."""
    follow_order(order, actor)
    for line in lines_of(order):
        follow_item(order, line, actor)


@unit_of_work
def open_ticket_of_contract(*, contract_id: int, actor: Actor) -> KitchenOrder:
    """Open the ticket of the order that a contract is of. Raises as ``open_ticket`` does."""
    actor.require(*states.WORKERS, to="open tickets", scope=Scope.KITCHEN_WRITE)
    contract = ProductionContract.objects.filter(restaurant_id=actor.restaurant_id, pk=contract_id).first()
    if contract is None:
        raise NotFound("There is no such production contract.")
    return open_ticket(order_id=contract.order_id, actor=actor)
