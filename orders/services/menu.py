"""Changes of the menu."""

from __future__ import annotations

from typing import TypedDict, Unpack

from orders.actors import Actor
from orders.models import MenuItem
from orders.states import Role
from orders.units import require_unit, unit_of_work


class Availability(TypedDict, total=False):
    """What may be said of a dish's availability; ``stock`` None is as many as you like, absent is as it was."""

    is_available: bool
    stock: int | None


@unit_of_work
def set_availability(*, menu_item_id: int, actor: Actor, **changes: Unpack[Availability]) -> MenuItem:
    """86 a dish, have it back, or count its portions.

    Locks the dish. Announces ``menu-item:updated`` when anything differs. Raises NotAllowed, NotFound.
    """
    actor.require(Role.MANAGER, Role.KITCHEN, to="set availability")
    dish = require_unit().lock(MenuItem, menu_item_id, restaurant_id=actor.restaurant_id)
    for name, value in changes.items():
        setattr(dish, name, value)
    dish.save()
    return dish
