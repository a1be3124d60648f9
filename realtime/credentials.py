"""Whom a socket belongs to, and whether that is still so."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any, Literal

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.utils import timezone

from orders.access import (
    BadToken,
    actor_of,
    find_membership,
    membership_of_session,
    read_access_token,
    restaurant_brief,
)
from orders.actors import Actor
from orders.models import Membership, Restaurant, Table
from orders.states import Role
from orders.tokens import TABLE_PREFIX, table_of
from realtime.rooms import may_join

UNAUTHENTICATED = 4401
NOT_A_MEMBER = 4403


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is on a socket. Two sockets with the same credentials have equal principals.

    ``expires_at`` is in seconds since the epoch, None where the credential doesn't end by itself.
    """

    kind: Literal["staff", "table"]
    restaurant_id: int
    restaurant_slug: str
    restaurant_name: str
    user_id: int | None = None
    user_name: str = ""
    role: Role | None = None
    table_id: int | None = None
    nonce: str = ""
    expires_at: float | None = None
    session_key: str = ""

    @property
    def is_staff(self) -> bool:
        """Whether this is a member of staff."""
        return self.kind == "staff"

    @property
    def actor(self) -> Actor:
        """Who acts when a command comes in on the socket."""
        return Actor(
            restaurant_id=self.restaurant_id,
            kind=self.kind,
            role=self.role,
            user_id=self.user_id,
            name=self.user_name,
            source="websocket",
        )

    @property
    def identity(self) -> tuple[Any, ...]:
        """What must not change when a live socket renews its credentials."""
        return (self.kind, self.restaurant_id, self.user_id, self.table_id)

    def may_stay_in(self, room: str) -> bool:
        """Whether a room that was joined may still be seen."""
        return may_join(room, kind=self.kind, role=self.role, table_id=self.table_id) != "forbidden"

    def described(self) -> dict[str, Any]:
        """Return what ``welcome`` says of the caller."""
        user = None
        if self.is_staff:
            user = {"id": self.user_id, "name": self.user_name, "roles": [self.role]}
        return {
            "authenticated": True,
            "user": user,
            "restaurant": {"id": self.restaurant_id, "slug": self.restaurant_slug, "name": self.restaurant_name},
        }


def _of_member(membership: Membership, *, expires_at: float | None, session_key: str = "") -> Principal:
    actor = actor_of(membership, "websocket")
    return Principal(
        kind="staff",
        user_id=membership.user_id,
        user_name=actor.name,
        role=actor.role,
        expires_at=expires_at,
        session_key=session_key,
        **_restaurant(membership.restaurant),
    )


def _restaurant(restaurant: Restaurant) -> dict[str, Any]:
    brief = restaurant_brief(restaurant)
    return {f"restaurant_{name}": value for name, value in brief.items()}


def principal_of_token(token: str, slug: str | None = None) -> Principal:
    """Return who holds a staff access token or a table token.

    Raises BadToken, and PermissionError for a staff token with a restaurant that it isn't for.
    """
    if token.startswith(TABLE_PREFIX):
        table = table_of(token)
        if table is None:
            raise BadToken("The table's code is no longer valid.")
        return Principal(kind="table", table_id=table.pk, nonce=table.nonce, **_restaurant(table.restaurant))
    good = read_access_token(token)
    membership = good.membership
    if slug and membership.restaurant.slug != slug:
        other = Restaurant.objects.filter(slug=slug).values_list("pk", flat=True).first()
        chosen = find_membership(membership.user_id, other) if other else None
        if chosen is None:
            raise PermissionError("You are not a member of this restaurant.")
        membership = chosen
    return _of_member(membership, expires_at=good.expires_at)


def principal_of_session(session_key: str) -> Principal | None:
    """Return who is signed in with a session cookie; None for nobody, or for staff of several who have not chosen."""
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    user = get_user(request)
    membership = membership_of_session(user, request.session)
    if membership is None:
        return None
    ends = time.time() + request.session.get_expiry_age()
    return _of_member(membership, expires_at=ends, session_key=session_key)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a socket: closed with a code, or going on as a principal with other rights."""

    close: int | None = None
    principal: Principal | None = None


def recheck(principals: Iterable[Principal]) -> dict[Principal, Verdict]:
    """Return a verdict for every principal whose standing has changed: four queries, however many there are."""
    principals = list(principals)
    now = time.time()
    verdicts = {
        principal: Verdict(close=UNAUTHENTICATED)
        for principal in principals
        if principal.expires_at is not None and principal.expires_at <= now
    }
    staff = [principal for principal in principals if principal.is_staff]
    memberships = {
        (row.user_id, row.restaurant_id): row
        for row in Membership.objects.select_related("user").filter(user_id__in={p.user_id for p in staff})
    }
    sessions = _live_sessions({principal.session_key for principal in staff if principal.session_key})
    tables = dict(
        Table.objects.filter(pk__in={p.table_id for p in principals if p.table_id}).values_list("pk", "nonce")
    )
    for principal in principals:
        if principal in verdicts:
            continue
        verdict = (
            _judge_staff(principal, memberships.get((principal.user_id or 0, principal.restaurant_id)), sessions)
            if principal.is_staff
            else _judge_table(principal, tables)
        )
        if verdict is not None:
            verdicts[principal] = verdict
    return verdicts


def _live_sessions(keys: set[str]) -> set[str]:
    """Return which of the sessions are still there: signing out deletes them."""
    live = Session.objects.filter(session_key__in=keys, expire_date__gt=timezone.now())
    return set(live.values_list("session_key", flat=True))


def _judge_staff(principal: Principal, membership: Membership | None, sessions: set[str]) -> Verdict | None:
    if principal.session_key and principal.session_key not in sessions:
        return Verdict(close=UNAUTHENTICATED)
    if membership is None or not membership.is_active:
        return Verdict(close=NOT_A_MEMBER)
    if not membership.user.is_active:
        return Verdict(close=UNAUTHENTICATED)
    if membership.role != principal.role:
        return Verdict(principal=replace(principal, role=Role(membership.role)))
    return None


def _judge_table(principal: Principal, tables: dict[int, str]) -> Verdict | None:
    if tables.get(principal.table_id or 0) != principal.nonce:
        return Verdict(close=UNAUTHENTICATED)
    return None
