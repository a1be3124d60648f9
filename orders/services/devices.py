"""Pairing the screens and programs that work without a person signed in, and ending that."""

from __future__ import annotations

import secrets
import time
from collections.abc import Collection, Iterable

from django.utils import timezone

from orders.access import DEVICE_PREFIX, digest_of
from orders.actors import Actor
from orders.errors import FieldProblem, InvalidFields, NotFound
from orders.models import Counter, Device
from orders.scopes import DEFAULT_SCOPES, Scope
from orders.statements import fetch
from orders.states import DeviceKind, Role
from orders.units import unit_of_work

KEY_BYTES = 32
HINT_CHARACTERS = 12
NOTED_EVERY_SECONDS = 60.0

# A row that somebody is changing is left alone: its last use is written a minute later.
_NOTE = """
UPDATE orders_device SET last_used_at = now() WHERE id IN (
    SELECT id FROM orders_device
    WHERE id = ANY(%s) AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')
    ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
) RETURNING id
"""
_noted: dict[int, float] = {}


@unit_of_work
def pair_device(
    *,
    name: str,
    kind: DeviceKind,
    actor: Actor,
    scopes: Collection[Scope] | None = None,
    counter_id: int | None = None,
) -> tuple[Device, str]:
    """Let a screen or a program work here; returns it with its key, which nobody can read again.

    Without scopes it gets those of its kind. Only a device of kind ``counter`` is paired with a till.

    Raises NotAllowed, NotFound for an unknown till, InvalidFields for a till with another kind of device.
    """
    actor.require(Role.MANAGER, to="pair devices")
    if counter_id is not None:
        if kind != DeviceKind.COUNTER:
            raise InvalidFields.one("/counter_id", "kind", "Only a device of kind counter is paired with a till.")
        if not Counter.objects.filter(restaurant_id=actor.restaurant_id, pk=counter_id).exists():
            detail = "There is no such counter."
            raise NotFound(detail, problems=[FieldProblem("/counter_id", "not_found", detail)])
    chosen = DEFAULT_SCOPES[kind] if scopes is None else scopes
    key = DEVICE_PREFIX + secrets.token_urlsafe(KEY_BYTES)
    device = Device.objects.create(
        restaurant_id=actor.restaurant_id,
        name=name,
        kind=kind,
        scopes=[scope.value for scope in Scope if scope in chosen],
        counter_id=counter_id,
        key_digest=digest_of(key),
        key_hint=key[:HINT_CHARACTERS],
        created_by_id=actor.user_id,
    )
    return device, key


@unit_of_work
def revoke_device(*, device_id: int, actor: Actor) -> None:
    """End a device's key. Its name stays where it did something; its sockets are closed within 10 seconds.

    Raises NotAllowed, NotFound for a device that there isn't, or is no more.
    """
    actor.require(Role.MANAGER, to="revoke devices")
    own = Device.objects.filter(restaurant_id=actor.restaurant_id, revoked_at__isnull=True)
    # It lets go of its till, which may then be taken away.
    if not own.filter(pk=device_id).update(revoked_at=timezone.now(), counter=None):
        raise NotFound("There is no such device.")


def note_use(device_ids: Iterable[int]) -> None:
    """Remember that devices are in use: written at most once a minute for each, by however many processes."""
    now = time.monotonic()
    due = [pk for pk in device_ids if now - _noted.get(pk, -NOTED_EVERY_SECONDS) >= NOTED_EVERY_SECONDS]
    if due:
        _noted.update(dict.fromkeys(due, now))
        fetch(_NOTE, due)
