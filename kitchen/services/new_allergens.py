"""What is in a dish is found out while it is made: open tickets of guests who can't have it ask for a word."""

from __future__ import annotations

from contextlib import suppress
from functools import partial

from django.db import transaction
from django.db.models import Q

from kitchen.models import KitchenOrder
from kitchen.services.contracts import renew_later
from kitchen.services.touching import lock_ticket, stations_locked
from kitchen.states import OPEN
from orders import states
from orders.actors import Actor
from orders.errors import NotFound
from orders.units import unit_of_work


def ask_once_written(actor: Actor) -> None:
    """Have open tickets looked over when the unit is committed that writes what is in a dish, or in an ingredient.

    Locks the stations, before any ingredient. Whoever draws up what is to be made holds them too: what is drawn up
    before us is found then, and what comes after us is drawn up by what we have written.
    """
    stations_locked(actor.restaurant_id)
    transaction.on_commit(partial(_ask, actor))


def _ask(actor: Actor) -> None:
    """Look over each ticket in a unit of its own, since none may hold up the floor until all are done.

    Where a crash has left some of it, the next writing of any allergen does the rest, and each change of the ticket.
    """
    tickets = KitchenOrder.objects.filter(
        Q(status__in=OPEN) | Q(order__status__in=states.IN_KITCHEN), restaurant_id=actor.restaurant_id
    ).exclude(allergies=[])
    for ticket_id in list(tickets.order_by("pk").values_list("pk", flat=True)):
        with suppress(NotFound):
            ask_again(ticket_id=ticket_id, actor=actor)


@unit_of_work
def ask_again(*, ticket_id: int, actor: Actor) -> None:
    """Have the ticket's alerts say what is known now of its dishes; where that is nothing new, it is no change.

    Locks the order row, the ticket, then the stations. Raises NotFound.
    """
    order, _ = lock_ticket(ticket_id, actor=actor)
    renew_later(order)
