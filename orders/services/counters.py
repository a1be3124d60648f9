"""The tills of a restaurant."""

from __future__ import annotations

from orders.actors import Actor
from orders.errors import InUse, NotFound
from orders.models import Counter
from orders.services.saving import save_once
from orders.states import Role
from orders.units import require_unit, unit_of_work

_TAKEN = {"counter_once": ("/name", "There is a counter of this name.")}


@unit_of_work
def add_counter(*, actor: Actor, name: str) -> Counter:
    """Set up a till. Raises NotAllowed, Duplicate for a name that another one has."""
    actor.require(Role.MANAGER, to="set up counters")
    counter = Counter(restaurant_id=actor.restaurant_id, name=name)
    save_once(counter, _TAKEN)
    return counter


@unit_of_work
def rename_counter(*, counter_id: int, actor: Actor, name: str | None = None) -> Counter:
    """Give a till another name, or leave it as it is. Raises NotAllowed, NotFound, Duplicate."""
    actor.require(Role.MANAGER, to="change counters")
    counter = require_unit().lock(Counter, counter_id, restaurant_id=actor.restaurant_id)
    if name is not None and name != counter.name:
        counter.name = name
        save_once(counter, _TAKEN)
    return counter


@unit_of_work
def delete_counter(*, counter_id: int, actor: Actor) -> None:
    """Take a till away that nobody has paid at, and no device is paired with.

    Locks the till against those who take a payment there just now: they have paid first, or find no till.

    Raises NotAllowed, NotFound, InUse.
    """
    actor.require(Role.MANAGER, to="delete counters")
    own = Counter.objects.select_for_update().filter(restaurant_id=actor.restaurant_id)
    counter = own.filter(pk=counter_id).first()
    if counter is None:
        raise NotFound("There is no such counter.")
    if counter.payments.exists():
        raise InUse(f"Payments were taken at {counter.name}.")
    if counter.devices.filter(revoked_at__isnull=True).exists():
        raise InUse(f"A device is paired with {counter.name}.")
    counter.devices.update(counter=None)
    counter.delete()
