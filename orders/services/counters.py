"""The tills of a restaurant."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from orders.actors import Actor
from orders.errors import Duplicate, InUse
from orders.models import Counter
from orders.states import Role
from orders.units import require_unit, unit_of_work


@unit_of_work
def add_counter(*, actor: Actor, name: str) -> Counter:
    """Set up a till. Raises NotAllowed, Duplicate for a name that another one has."""
    actor.require(Role.MANAGER, to="set up counters")
    counter = Counter(restaurant_id=actor.restaurant_id, name=name)
    _save(counter)
    return counter


@unit_of_work
def rename_counter(*, counter_id: int, actor: Actor, name: str | None = None) -> Counter:
    """Give a till another name, or leave it as it is. Raises NotAllowed, NotFound, Duplicate."""
    actor.require(Role.MANAGER, to="change counters")
    counter = _lock(counter_id, actor)
    if name is not None and name != counter.name:
        counter.name = name
        _save(counter)
    return counter


@unit_of_work
def delete_counter(*, counter_id: int, actor: Actor) -> None:
    """Take a till away that nobody has paid at, and no device is paired with.

    Raises NotAllowed, NotFound, InUse.
    """
    actor.require(Role.MANAGER, to="delete counters")
    counter = _lock(counter_id, actor)
    if counter.payments.exists():
        raise InUse(f"Payments were taken at {counter.name}.")
    if counter.devices.filter(revoked_at__isnull=True).exists():
        raise InUse(f"A device is paired with {counter.name}.")
    counter.devices.update(counter=None)
    counter.delete()


def _lock(counter_id: int, actor: Actor) -> Counter:
    return require_unit().lock(Counter, counter_id, restaurant_id=actor.restaurant_id)


def _save(counter: Counter) -> None:
    try:
        with transaction.atomic():
            counter.save()
    except IntegrityError as error:
        if "counter_once" not in str(error):
            raise
        raise Duplicate("There is a counter of this name.", "/name") from error
