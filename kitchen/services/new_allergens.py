"""What is in a dish is found out while it is made: open tickets of guests who can't have it ask for a word."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import suppress
from functools import partial

from django.db import DatabaseError
from django.db.models import Q

from kitchen.cookbook import cookbook_of
from kitchen.models import KitchenOrder, KitchenOrderItem
from kitchen.services.contracts import renew_later
from kitchen.services.touching import alert_again, is_unconfirmed, lock_ticket, stations_locked, ticket_items, touch
from kitchen.states import OPEN
from orders import states
from orders.actors import Actor
from orders.errors import AllergyUnconfirmed, NotFound
from orders.models import Allergen, Order
from orders.units import once_committed, require_unit, unit_of_work


def hold_tickets(actor: Actor) -> None:
    """Have no ticket drawn up while the unit writes what is in a dish, or in an ingredient.

    Locks the stations, before any ingredient. Whoever draws up what is to be made holds them too: what is drawn up
    before us is found once we are committed, and what comes after us is drawn up by what we have written.
    """
    stations_locked(actor.restaurant_id)


def ask_once_written(allergen_ids: Collection[int], *, actor: Actor) -> None:
    """Have open tickets of guests who can't have these allergens looked over when the unit is committed.

    Needs ``hold_tickets`` before they are written.
    """
    found = Allergen.objects.filter(restaurant_id=actor.restaurant_id, pk__in=allergen_ids)
    names = sorted(found.values_list("name", flat=True))
    if names:
        once_committed(partial(_ask, names, actor))


def _ask(names: list[str], actor: Actor) -> None:
    """Look over each ticket in a unit of its own, since none may hold up the floor until all are done.

    One that fails is tried once more, as for a deadlock, and keeps no other from asking; then it is raised, for the
    log. It asks when its order changes next, and before anything of it is ready, as all do that a crash has left.
    """
    tickets = KitchenOrder.objects.filter(
        Q(status__in=OPEN) | Q(order__status__in=states.IN_KITCHEN),
        restaurant_id=actor.restaurant_id,
        allergies__overlap=names,
    )
    left = list(tickets.order_by("pk").values_list("pk", flat=True))
    for is_last in (False, True):
        failed = {ticket_id: error for ticket_id in left if (error := _failure(ticket_id, actor)) is not None}
        left = list(failed)
        if is_last and failed:
            raise failed[left[0]]


def _failure(ticket_id: int, actor: Actor) -> DatabaseError | None:
    try:
        with suppress(NotFound):
            ask_again(ticket_id=ticket_id, actor=actor)
    except DatabaseError as error:
        return error
    return None


@unit_of_work
def ask_again(*, ticket_id: int, actor: Actor) -> None:
    """Have the ticket's alerts say what is known now of its dishes; where that is nothing new, it is no change.

    Locks the order row, the ticket, then the stations. Raises NotFound.
    """
    order, _ = lock_ticket(ticket_id, actor=actor)
    renew_later(order)


def check_confirmed(order: Order, ticket: KitchenOrder, items: Iterable[KitchenOrderItem]) -> None:
    """Raise AllergyUnconfirmed when one of the ticket's items has an alert that nobody has confirmed.

    By what is known now, whether or not the ticket has asked yet. Where it has not, and this unit is undone by the
    refusal, it asks after that: whoever is to confirm it must see it. Needs order and ticket locked.
    """
    if order.allergies and alert_again(order, ticket, cookbook_of(order.restaurant_id)):
        for item in ticket_items(ticket):
            item.save()
        touch(ticket)
        unit = require_unit()
        unit.if_undone(partial(ask_again, ticket_id=ticket.pk, actor=unit.actor))
    open_ones = [item for item in items if is_unconfirmed(item)]
    if open_ones:
        names = "; ".join(f"{item.name}: {', '.join(item.allergy_alert)}" for item in open_ones)
        raise AllergyUnconfirmed(
            f"The guest's allergy is to be confirmed at the station first ({names}).",
            items=[{"item_id": item.pk, "name": item.name, "allergy_alert": item.allergy_alert} for item in open_ones],
        )
