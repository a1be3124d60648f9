"""Who somebody is: from a user, a session, an access token or a device's key to an Actor."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from functools import lru_cache

from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.base import SessionBase
from django.utils.crypto import constant_time_compare
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken, Token
from rest_framework_simplejwt.utils import get_md5_hash_password

from orders.actors import Actor, Source
from orders.books import book_of
from orders.errors import InvalidFields, NotAllowed
from orders.models import Device, Membership, Restaurant, User
from orders.states import DeviceKind, Role

RESTAURANT_CLAIM = "restaurant"
SESSION_KEY = "restaurant_id"
MOST_TOKENS = 5000
DEVICE_PREFIX = "dev_"
_NO_GOOD = "The token is not valid, or has expired."


def actor_of(membership: Membership, source: Source) -> Actor:
    """Return who acts when this member of staff does."""
    return Actor(
        restaurant_id=membership.restaurant_id,
        kind="staff",
        role=Role(membership.role),
        user_id=membership.user_id,
        name=membership.user.display_name,
        source=source,
    )


def actor_of_device(device: Device, source: Source) -> Actor:
    """Return who acts when this device does: nobody in person, and no more than its scopes say."""
    return Actor(
        restaurant_id=device.restaurant_id,
        kind="device",
        name=device.name,
        source=source,
        device_id=device.pk,
        device_kind=DeviceKind(device.kind),
        counter_id=device.counter_id,
        scopes=frozenset(device.scopes),
    )


def memberships_of(user: User) -> list[Membership]:
    """Return where the user works, by the restaurant's name."""
    active = Membership.objects.filter(user=user, is_active=True).select_related("restaurant", "user")
    return list(active.order_by("restaurant__name", "restaurant_id"))


def find_membership(user_id: int, restaurant_id: int) -> Membership | None:
    """Return the active membership of an active user as it is now, or None; its rows are shared, so only read them."""
    return book_of(restaurant_id).member(user_id)


def choose_membership(user: User, slug: str | None) -> Membership:
    """Return where the user means to work.

    Raises NotAllowed for a restaurant that the user isn't in, InvalidFields when there are several and none is named.
    """
    memberships = memberships_of(user)
    if slug:
        for membership in memberships:
            if membership.restaurant.slug == slug:
                return membership
        raise NotAllowed("You are not a member of this restaurant.")
    if not memberships:
        raise NotAllowed("You are not a member of any restaurant.")
    if len(memberships) > 1:
        slugs = ", ".join(membership.restaurant.slug for membership in memberships)
        raise InvalidFields.one("/restaurant", "required", f"Say which restaurant: {slugs}.")
    return memberships[0]


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What a sign-in gives: ``expires_in`` are the access token's seconds."""

    access: str
    refresh: str
    expires_in: int
    membership: Membership


def issue_tokens(membership: Membership) -> TokenPair:
    """Return tokens that name the user and the restaurant; a new password ends them."""
    refresh = RefreshToken.for_user(membership.user)
    refresh[RESTAURANT_CLAIM] = membership.restaurant_id
    return TokenPair(
        access=str(refresh.access_token),
        refresh=str(refresh),
        expires_in=int(api_settings.ACCESS_TOKEN_LIFETIME.total_seconds()),
        membership=membership,
    )


class BadToken(Exception):
    """A token that is malformed, expired, or whose user may no longer sign in."""


@dataclass(frozen=True, slots=True)
class StaffToken:
    """A good access token: its membership, and when it ends (seconds since the epoch)."""

    membership: Membership
    expires_at: float


@dataclass(frozen=True, slots=True)
class _Claims:
    """What a token of ours says."""

    user_id: int
    restaurant_id: int
    password: str
    expires_at: float


def _verified(raw: str, kind: type[Token]) -> _Claims:
    """Return what a token says; raises BadToken unless we have signed it and it has not expired."""
    try:
        token = kind(raw)  # type: ignore[arg-type]
        return _Claims(
            user_id=int(token[api_settings.USER_ID_CLAIM]),
            restaurant_id=int(token[RESTAURANT_CLAIM]),
            password=token[api_settings.REVOKE_TOKEN_CLAIM],
            expires_at=float(token["exp"]),
        )
    except (TokenError, KeyError, TypeError, ValueError) as error:
        raise BadToken(_NO_GOOD) from error


@lru_cache(MOST_TOKENS)
def _access_claims(raw: str) -> _Claims:
    """Verify an access token once: every request of a screen brings the same one. What is refused is not remembered."""
    return _verified(raw, AccessToken)


def read_access_token(raw: str) -> StaffToken:
    """Return who an access token stands for; raises BadToken."""
    return _holder(_access_claims(raw))


def read_refresh_token(raw: str) -> StaffToken:
    """Return who a refresh token stands for; raises BadToken."""
    return _holder(_verified(raw, RefreshToken))


def _holder(claims: _Claims) -> StaffToken:
    if claims.expires_at <= time.time():
        raise BadToken(_NO_GOOD)
    membership = find_membership(claims.user_id, claims.restaurant_id)
    if membership is None or claims.password != get_md5_hash_password(membership.user.password):
        raise BadToken("The token's user may not sign in here any more.")
    return StaffToken(membership, claims.expires_at)


def digest_of(key: str) -> str:
    """Return what is stored of a device's key."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


@lru_cache(MOST_TOKENS)
def _place_of(digest: str) -> tuple[int, int]:
    """Return (restaurant, device) of a key, which never change; what is refused is not remembered."""
    found = Device.objects.filter(key_digest=digest).values_list("restaurant_id", "pk").first()
    if found is None:
        raise BadToken(_NO_GOOD)
    return found


def find_device(device_id: int, restaurant_id: int) -> Device | None:
    """Return a device as it is now as long as its key is good, or None; its row is shared, so only read it."""
    return book_of(restaurant_id).device(device_id)


def read_device_key(key: str) -> Device:
    """Return the device whose key this is; raises BadToken, also for one that was revoked.

    A key is looked up by its digest: how long that takes says nothing of any key, since nobody can choose a digest.
    """
    digest = digest_of(key)
    restaurant_id, device_id = _place_of(digest)
    device = find_device(device_id, restaurant_id)
    if device is None or not constant_time_compare(device.key_digest, digest):
        raise BadToken("The device's key was revoked.")
    return device


def membership_of_session(user: User | AnonymousUser, session: SessionBase) -> Membership | None:
    """Return where a signed-in user works now: the restaurant chosen in the session, or the only one there is."""
    if not isinstance(user, User) or not user.is_active:
        return None
    memberships = memberships_of(user)
    chosen = session.get(SESSION_KEY)
    for membership in memberships:
        if membership.restaurant_id == chosen:
            return membership
    return memberships[0] if len(memberships) == 1 else None


def restaurant_brief(restaurant: Restaurant) -> dict[str, object]:
    """Return what a client is told of the restaurant that it signed in to."""
    return {"id": restaurant.pk, "slug": restaurant.slug, "name": restaurant.name}
