"""Signing in with a name and a password, and the limits on guessing them."""

from __future__ import annotations

import datetime as dt

from django.contrib.auth import authenticate
from django.db.models import QuerySet
from django.utils import timezone

from orders.errors import TooManyAttempts
from orders.models import FailedSignIn, User

WITHIN = dt.timedelta(minutes=15)
MOST_PER_ACCOUNT = 10
# A whole restaurant, its guests' network included, sits behind one address.
MOST_PER_ADDRESS = 200


def check_credentials(*, username: str, password: str, address: str) -> User | None:
    """Return the active user whose password this is, or None, which is counted for the account and the address.

    Raises TooManyAttempts, also for the right password, once either has failed too often.
    """
    now = timezone.now()
    recent = FailedSignIn.objects.filter(at__gt=now - WITHIN)
    _check_limit(recent.filter(account=username), MOST_PER_ACCOUNT, now)
    if address:
        _check_limit(recent.filter(address=address), MOST_PER_ADDRESS, now)
    user = authenticate(username=username, password=password)
    if isinstance(user, User):
        return user
    FailedSignIn.objects.create(account=username, address=address, at=now)
    FailedSignIn.objects.filter(at__lte=now - WITHIN).delete()
    return None


def _check_limit(failures: QuerySet[FailedSignIn], most: int, now: dt.datetime) -> None:
    """Raise TooManyAttempts, saying when the oldest failure that counts is forgotten."""
    counting = failures.order_by("-at").values_list("at", flat=True)[most - 1 : most]
    for oldest in counting:
        wait_seconds = int((oldest + WITHIN - now).total_seconds()) + 1
        raise TooManyAttempts("Too many sign-ins failed. Wait before you try again.", wait_seconds=wait_seconds)
