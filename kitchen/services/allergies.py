"""The allergy interlock: nothing that a guest can't have goes out before somebody at the station has said so."""

from __future__ import annotations

from kitchen.models import KitchenOrder, KitchenOrderItem
from kitchen.services.touching import is_wanted, lock_ticket, settle, ticket_items, touch
from kitchen.states import TO_MAKE, WORKERS
from orders import states
from orders.actors import Actor
from orders.card_numbers import refuse_card_number
from orders.errors import InvalidFields, MovedAlready, NotEditable, NotFound
from orders.last_moves import last_confirmation, last_of_ticket_item, who
from orders.models import Order
from orders.scopes import Scope
from orders.shapes import timestamp
from orders.units import unit_of_work

LONGEST_NAME = 150


@unit_of_work
def confirm_allergy(
    *, ticket_id: int, item_id: int, actor: Actor, name: str = "", version: int | None = None
) -> KitchenOrder:
    """Confirm that the guest's allergy was seen to in making an item: by one's own name, or by the one given.

    Also of what was made already, when the allergies became known after that: until then it is not handed over. The
    last thing that was missing may make the ticket ready.

    Locks the order row, then the ticket. Announces ``kitchen:allergy_confirmed``. Confirmed again by the same name it
    is no change at all. A later change of the item or of the allergies asks again.

    Raises NotAllowed, NotFound for an item that the ticket hasn't, InvalidFields from a screen that says no name,
    NotEditable where there is nothing to confirm, MovedAlready when somebody else has confirmed it, StaleVersion.
    """
    actor.require(*WORKERS, to="confirm an allergy", scope=Scope.KITCHEN_WRITE)
    said = name.strip() or ("" if actor.kind == "device" else actor.name)
    if not said:
        raise InvalidFields.one("/name", "required", "Say who confirms it.")
    refuse_card_number(said, "/name")
    order, ticket = lock_ticket(ticket_id, actor=actor, version=version)
    item = next((row for row in ticket_items(ticket) if row.pk == item_id), None)
    if item is None:
        raise NotFound("There is no such item on this ticket.")
    if item.allergy_confirmed_by_name == said:
        return ticket
    if item.allergy_confirmed_by_name:
        raise _confirmed_already(order, item)
    if item.status not in TO_MAKE and (not is_wanted(item) or order.status not in states.IN_KITCHEN):
        raise NotEditable(f"{item.name} is {item.status}.", **who(last_of_ticket_item(order, item.pk)))
    if not item.allergy_alert:
        raise NotEditable(f"{item.name} has no allergy alert.")
    item.allergy_confirmed_by_name = said
    item.save()
    touch(ticket)
    settle(order, ticket)
    return ticket


def _confirmed_already(order: Order, item: KitchenOrderItem) -> MovedAlready:
    name = item.allergy_confirmed_by_name
    move = last_confirmation(order, item.pk)
    moment = timestamp(move.at) if move else None
    return MovedAlready(f"{name} has confirmed it already, at {moment}.", by_name=name, at=moment)
