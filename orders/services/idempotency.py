"""Asking twice and being served once: the first answer to a key is kept with the work that it stands for."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from django.db import connection
from django.utils import timezone

from orders.actors import Actor
from orders.errors import KeyInProgress, KeyReused
from orders.models import StoredAnswer
from orders.units import open_unit

KEPT_FOR = dt.timedelta(hours=24)
_SWEPT_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: the body as it was sent, and the headers that belong to it."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


def answer_once(*, actor: Actor, key: str, fingerprint: str, work: Callable[[], Answer]) -> tuple[Answer, bool]:
    """Do the work and keep its answer, or return the kept one; the flag says whether it is a replay.

    The answer is stored in the transaction of the work, so a crash leaves both or neither; what ``work`` raises
    leaves neither. Takes an advisory lock on the key until the commit: tried, not waited for.

    Raises KeyInProgress while the first request runs, KeyReused for the same key with another fingerprint.
    """
    scope = scope_of(actor)
    with open_unit(actor):
        if not _try_lock(scope, key):
            raise KeyInProgress("A request with this Idempotency-Key is still running.")
        stored = StoredAnswer.objects.filter(scope=scope, key=key).first()
        if stored is not None and stored.created_at > timezone.now() - KEPT_FOR:
            if stored.fingerprint != fingerprint:
                raise KeyReused("This Idempotency-Key was used for another request.")
            return Answer(stored.status, bytes(stored.body), stored.headers), True
        if stored is not None:
            stored.delete()
        answer = work()
        StoredAnswer.objects.create(
            scope=scope,
            key=key,
            fingerprint=fingerprint,
            status=answer.status,
            body=answer.body,
            headers=answer.headers,
        )
        _sweep()
        return answer, False


def scope_of(actor: Actor) -> str:
    """Return whose keys these are: a user's in one restaurant, a device's, those of the guests with one token."""
    who = actor.user_id or actor.device_id or actor.table_id or actor.order_id or actor.customer_id
    return f"{actor.kind}:{who}{actor.nonce}:{actor.restaurant_id}"


def _try_lock(scope: str, key: str) -> bool:
    digest = hashlib.blake2b(f"{scope}\n{key}".encode(), digest_size=8).digest()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [int.from_bytes(digest, signed=True)])
        return bool(cursor.fetchone()[0])


def _sweep() -> None:
    """Delete a few answers that are too old to be asked for, so that the table stays as small as a day's work."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM orders_storedanswer WHERE id IN (SELECT id FROM orders_storedanswer WHERE created_at < %s"
            " ORDER BY created_at LIMIT %s FOR UPDATE SKIP LOCKED)",
            [timezone.now() - KEPT_FOR, _SWEPT_AT_ONCE],
        )
