"""Signing in with a name and a password, and the limits on guessing them."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import threading
from collections.abc import Iterator

from django.contrib.auth.hashers import make_password
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from orders.addresses import network_of
from orders.errors import OutOfReach, TooManyAttempts
from orders.models import FailedSignIn, User

WITHIN = dt.timedelta(minutes=15)
MOST_PER_ACCOUNT = 10
# A whole restaurant, its guests' network included, sits behind one address.
MOST_PER_ADDRESS = 200
# Argon2 takes 100 MiB and a tenth of a second of several cores for each password: two at once in a process, and no
# longer a queue than leaves most of its threads to those who have signed in.
MOST_HASHING = 2
MOST_WAITING = 16
_places = threading.BoundedSemaphore(MOST_HASHING + MOST_WAITING)
_hashing = threading.BoundedSemaphore(MOST_HASHING)


def check_credentials(*, username: str, password: str, address: str) -> User | None:
    """Return the active user whose password this is, or None, which is counted for the account and the address.

    No database connection is held while the password is looked at.

    Raises TooManyAttempts, also for the right password, once either has failed too often; OutOfReach when too many
    sign in at this moment.
    """
    attempt = _count_attempt(username, network_of(address))
    # With no such user it takes as long to say so: the hash of no password is made all the same.
    holder = User.objects.filter(username=username).first() or User(password=make_password(None))
    try:
        with _in_turn():
            is_right = holder.check_password(password)
    except OutOfReach:
        attempt.delete()
        raise
    if is_right and holder.is_active:
        attempt.delete()
        return holder
    FailedSignIn.objects.filter(at__lte=attempt.at - WITHIN).delete()
    return None


def _count_attempt(account: str, network: str) -> FailedSignIn:
    """Count an attempt before it is known whether it fails, so that as many at once are not one too many.

    Takes advisory locks on the account and the network until the commit, which comes at once.
    """
    with transaction.atomic():
        _lock(f"account {account}")
        if network:
            _lock(f"network {network}")
        now = timezone.now()
        recent = FailedSignIn.objects.filter(at__gt=now - WITHIN)
        _check_limit(recent.filter(account=account), MOST_PER_ACCOUNT, now)
        if network:
            _check_limit(recent.filter(address=network), MOST_PER_ADDRESS, now)
        return FailedSignIn.objects.create(account=account, address=network, at=now)


def _lock(name: str) -> None:
    digest = hashlib.blake2b(f"sign-in {name}".encode("utf-8", "surrogateescape"), digest_size=8).digest()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int.from_bytes(digest, signed=True)])


def _check_limit(failures: QuerySet[FailedSignIn], most: int, now: dt.datetime) -> None:
    """Raise TooManyAttempts, saying when the oldest failure that counts is forgotten."""
    counting = failures.order_by("-at").values_list("at", flat=True)[most - 1 : most]
    for oldest in counting:
        wait_seconds = int((oldest + WITHIN - now).total_seconds()) + 1
        raise TooManyAttempts("Too many sign-ins failed. Wait before you try again.", wait_seconds=wait_seconds)


@contextlib.contextmanager
def _in_turn() -> Iterator[None]:
    """Wait for one's turn to look at a password, with the database connection handed back; raises OutOfReach."""
    if not _places.acquire(blocking=False):
        raise OutOfReach("Too many sign in at this moment. Try again.")
    try:
        if not connection.in_atomic_block:
            connection.close()
        with _hashing:
            yield
    finally:
        _places.release()
