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
from rest_framework_simplejwt.utils import get_md5_hash_password

from orders.access import (
    DEVICE_PREFIX,
    BadToken,
    actor_of,
    actor_of_device,
    find_membership,
    membership_of_session,
    read_access_token,
    read_device_key,
    restaurant_brief,
)
from orders.actors import Actor
from orders.books import book_of
from orders.models import Customer, Device, Membership, Order, Restaurant, Table
from orders.services.devices import note_use
from orders.states import DeviceKind, Role
from orders.tokens import NO_GUEST, GuestPass, guest_pass, is_guest_token
from realtime.rooms import may_join

UNAUTHENTICATED = 4401
NOT_A_MEMBER = 4403


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is on a socket. Two sockets with the same credentials have equal principals.

    A device's name is ``user_name``: what others see of who did something. ``expires_at`` is in seconds since the
    epoch, None where the credential doesn't end by itself.
    """

    kind: Literal["staff", "device", "table", "tracking", "customer"]
    restaurant_id: int
    restaurant_slug: str
    restaurant_name: str
    user_id: int | None = None
    user_name: str = ""
    role: Role | None = None
    device_id: int | None = None
    device_kind: DeviceKind | None = None
    counter_id: int | None = None
    scopes: frozenset[str] = frozenset()
    table_id: int | None = None
    order_id: int | None = None
    customer_id: int | None = None
    nonce: str = ""
    expires_at: float | None = None
    session_key: str = ""
    # A digest of the password that a member of staff had when they signed in: a new one ends the socket.
    password_digest: str = ""

    @property
    def is_staff(self) -> bool:
        """Whether what is for the staff is for this one: a member of it, or a device but for the guests' board."""
        return self.kind == "staff" or (self.kind == "device" and self.device_kind != DeviceKind.DISPLAY)

    @property
    def is_guest(self) -> bool:
        """Whether this is somebody who eats here."""
        return self.kind not in ("staff", "device")

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
            device_id=self.device_id,
            device_kind=self.device_kind,
            counter_id=self.counter_id,
            scopes=self.scopes,
            table_id=self.table_id,
            order_id=self.order_id,
            customer_id=self.customer_id,
        )

    @property
    def identity(self) -> tuple[Any, ...]:
        """What must not change when a live socket renews its credentials."""
        named = (self.table_id, self.order_id, self.customer_id)
        return (self.kind, self.restaurant_id, self.user_id, self.device_id, *named)

    def may_stay_in(self, room: str) -> bool:
        """Whether a room that was joined may still be seen."""
        return may_join(room, self) != "forbidden"

    def described(self) -> dict[str, Any]:
        """Return what ``welcome`` says of the caller."""
        user = None
        if self.kind == "staff":
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
        password_digest=get_md5_hash_password(membership.user.password),
        **_restaurant(membership.restaurant),
    )


def principal_of_device(device: Device) -> Principal:
    """Return the device that a key lets in."""
    actor = actor_of_device(device, "websocket")
    return Principal(
        kind="device",
        user_name=actor.name,
        device_id=actor.device_id,
        device_kind=actor.device_kind,
        counter_id=actor.counter_id,
        scopes=actor.scopes,
        **_restaurant(book_of(device.restaurant_id).restaurant),
    )


def _restaurant(restaurant: Restaurant) -> dict[str, Any]:
    brief = restaurant_brief(restaurant)
    return {f"restaurant_{name}": value for name, value in brief.items()}


def principal_of_guest(guest: GuestPass) -> Principal:
    """Return the guest whom a token lets in."""
    return Principal(
        kind=guest.kind,
        user_name=guest.actor("websocket").name,
        table_id=guest.table_id,
        order_id=guest.order_id,
        customer_id=guest.customer_id,
        nonce=guest.nonce,
        expires_at=guest.expires_at,
        **_restaurant(guest.restaurant),
    )


def principal_of_token(token: str, slug: str | None = None) -> Principal:
    """Return who holds a staff access token, a device's key, or a guest's token of a table, an order or a customer.

    Raises BadToken, and PermissionError for a staff token with a restaurant that it isn't for.
    """
    if is_guest_token(token):
        guest = guest_pass(token)
        if guest is None:
            raise BadToken(NO_GUEST)
        return principal_of_guest(guest)
    if token.startswith(DEVICE_PREFIX):
        return principal_of_device(read_device_key(token))
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
    """Return a verdict for every principal whose standing has changed: seven queries, however many there are."""
    principals = list(principals)
    now = time.time()
    verdicts = {
        principal: Verdict(close=UNAUTHENTICATED)
        for principal in principals
        if principal.expires_at is not None and principal.expires_at <= now
    }
    staff = [principal for principal in principals if principal.kind == "staff"]
    memberships = {
        (row.user_id, row.restaurant_id): row
        for row in Membership.objects.select_related("user").filter(user_id__in={p.user_id for p in staff})
    }
    sessions = _live_sessions({principal.session_key for principal in staff if principal.session_key})
    named = _what_guests_name(principals)
    devices = _live_devices({principal.device_id for principal in principals if principal.device_id})
    for principal in principals:
        if principal in verdicts:
            continue
        if principal.kind == "staff":
            membership = memberships.get((principal.user_id or 0, principal.restaurant_id))
            verdict = _judge_staff(principal, membership, sessions)
        elif principal.kind == "device":
            verdict = _judge_device(principal, devices.get(principal.device_id or 0))
        else:
            verdict = _judge_guest(principal, named)
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
    if not membership.user.is_active or principal.password_digest != get_md5_hash_password(membership.user.password):
        return Verdict(close=UNAUTHENTICATED)
    if membership.role != principal.role:
        return Verdict(principal=replace(principal, role=Role(membership.role)))
    return None


def _live_devices(ids: set[int]) -> dict[int, Device]:
    """Return the devices whose keys are good, which are in use as long as they have a socket."""
    if not ids:
        return {}
    note_use(ids)
    return {device.pk: device for device in Device.objects.filter(pk__in=ids, revoked_at__isnull=True)}


def _judge_device(principal: Principal, device: Device | None) -> Verdict | None:
    if device is None:
        return Verdict(close=UNAUTHENTICATED)
    now = actor_of_device(device, "websocket")
    present = replace(
        principal,
        user_name=now.name,
        device_kind=now.device_kind,
        counter_id=now.counter_id,
        scopes=now.scopes,
    )
    return None if present == principal else Verdict(principal=present)


@dataclass(frozen=True, slots=True)
class Named:
    """What guests' tokens name, as far as it is still there: {table: nonce}, orders and customers."""

    tables: dict[int, str]
    orders: set[int]
    customers: set[int]


def _what_guests_name(principals: list[Principal]) -> Named:
    tables = Table.objects.filter(pk__in={p.table_id for p in principals if p.table_id})
    orders = Order.objects.filter(pk__in={p.order_id for p in principals if p.order_id})
    customers = Customer.objects.filter(pk__in={p.customer_id for p in principals if p.customer_id})
    return Named(
        dict(tables.values_list("pk", "nonce")),
        set(orders.values_list("pk", flat=True)),
        set(customers.values_list("pk", flat=True)),
    )


def _judge_guest(principal: Principal, named: Named) -> Verdict | None:
    if principal.table_id is not None:
        stands = named.tables.get(principal.table_id) == principal.nonce
    else:
        stands = principal.order_id in named.orders or principal.customer_id in named.customers
    return None if stands else Verdict(close=UNAUTHENTICATED)
