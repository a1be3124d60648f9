"""The picture of a dish: set, replaced, taken away."""

from __future__ import annotations

from functools import partial

from django.db import IntegrityError

from orders.actors import Actor
from orders.errors import DomainError, NotFound
from orders.models import MenuItem
from orders.pictures import as_webp, forget_picture, keep_picture
from orders.scopes import Scope
from orders.states import Role
from orders.units import once_committed, require_unit, unit_of_work


def set_picture(*, menu_item_id: int, upload: bytes, actor: Actor) -> MenuItem:
    """Show a dish with this picture; the one that it had is removed once that is committed.

    Decodes and stores before the unit of work begins, so that no transaction waits for it. Announces
    ``menu-item:updated``. Raises NotAllowed, NotFound, TooLarge, and InvalidFields for what is no good picture.
    """
    actor.require(Role.MANAGER, to="change the menu", scope=Scope.MENU_WRITE)
    if not MenuItem.objects.filter(restaurant_id=actor.restaurant_id, pk=menu_item_id).exists():
        raise NotFound("There is no such menu item.")
    name = keep_picture(actor.restaurant_id, as_webp(upload))
    try:
        return _show(menu_item_id=menu_item_id, name=name, actor=actor)
    except (DomainError, IntegrityError):
        # What else may happen leaves open whether it was committed: a file too many is better than one that is missing.
        forget_picture(name)
        raise


def remove_picture(*, menu_item_id: int, actor: Actor) -> MenuItem:
    """Show a dish without a picture. Announces ``menu-item:updated``. Raises NotAllowed, NotFound."""
    actor.require(Role.MANAGER, to="change the menu", scope=Scope.MENU_WRITE)
    return _show(menu_item_id=menu_item_id, name="", actor=actor)


@unit_of_work
def _show(*, menu_item_id: int, name: str, actor: Actor) -> MenuItem:
    dish = require_unit().lock(MenuItem, menu_item_id, restaurant_id=actor.restaurant_id)
    former = dish.image
    dish.image = name
    dish.save()
    if former:
        once_committed(partial(forget_picture, former))
    return dish
