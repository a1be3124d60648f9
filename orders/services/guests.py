"""What guests do by themselves: they order from their table."""

from __future__ import annotations

from collections.abc import Sequence

from orders.actors import Actor
from orders.errors import NotAllowed
from orders.models import Order
from orders.services.dishes import AskedItem
from orders.services.orders import create_order
from orders.states import Channel
from orders.units import unit_of_work


@unit_of_work
def order_from_table(
    *, actor: Actor, items: Sequence[AskedItem], notes: str = "", allergen_ids: Sequence[int] = ()
) -> Order:
    """Take an order from the guests at a table: it waits for the staff, unless the restaurant confirms by itself.

    Prices are the menu's, and nobody's discount is a guest's to give. Raises NotAllowed for any token but a table's,
    and what ``create_order`` raises.
    """
    if actor.kind != "table":
        raise NotAllowed("Orders are taken with the code of a table.")
    return create_order(
        actor=actor,
        channel=Channel.DINE_IN,
        table_id=actor.table_id,
        items=items,
        notes=notes,
        allergen_ids=allergen_ids,
    )
