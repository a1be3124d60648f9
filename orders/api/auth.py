"""From credentials to an Actor: a staff access token, the session of one of our own pages, or a guest's token."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from orders.access import (
    DEVICE_PREFIX,
    BadToken,
    actor_of,
    actor_of_device,
    membership_of_session,
    read_access_token,
    read_device_key,
)
from orders.actors import Actor
from orders.models import Device, Membership, User
from orders.services.devices import note_use
from orders.tokens import NO_GUEST, guest_pass, is_guest_token

CHALLENGE = 'Bearer realm="brigade"'


def bearer_token(request: Request) -> str | None:
    """Return the token of the Authorization header, or None without one; raises AuthenticationFailed for another."""
    header = request.META.get("HTTP_AUTHORIZATION", "")
    if not header:
        return None
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise AuthenticationFailed("The Authorization header must be: Bearer, a space, and a token.")
    return str(token.strip())


def _let_in(request: Request, membership: Membership) -> tuple[User, Actor]:
    actor = actor_of(membership, "api")
    caller: Any = request
    caller.actor = actor
    caller.membership = membership
    return membership.user, actor


def _let_device_in(request: Request, device: Device) -> tuple[None, Actor]:
    note_use([device.pk])
    actor = actor_of_device(device, "api")
    caller: Any = request
    caller.actor = actor
    caller.device = device
    return None, actor


class BearerAuthentication(BaseAuthentication):
    """A staff access token, or a device's key; ``request.auth`` is the Actor."""

    def authenticate(self, request: Request) -> tuple[User | None, Actor] | None:
        """Return the user (None for a device) and the actor, or None without a token; raises AuthenticationFailed."""
        token = bearer_token(request)
        if token is None:
            return None
        try:
            if token.startswith(DEVICE_PREFIX):
                return _let_device_in(request, read_device_key(token))
            return _let_in(request, read_access_token(token).membership)
        except BadToken as error:
            raise AuthenticationFailed(str(error)) from error

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge of a 401."""
        return CHALLENGE


class SessionStaffAuthentication(SessionAuthentication):
    """The session cookie of a page, with its CSRF token; ``request.auth`` is the Actor."""

    def authenticate(self, request: Request) -> tuple[User, Actor] | None:
        """Return the user and the actor, or None for nobody; raises PermissionDenied."""
        own: HttpRequest = request._request  # noqa: SLF001 - REST framework's own way to the session
        if not own.user.is_authenticated:
            return None
        # With Django's request: REST framework's would read the body to look for the token in a form.
        self.enforce_csrf(own)  # type: ignore[arg-type]
        membership = membership_of_session(own.user, own.session)
        if membership is None:
            raise PermissionDenied("Choose a restaurant first.")
        return _let_in(request, membership)


class GuestAuthentication(BearerAuthentication):
    """The token of a table, an order or a customer; ``request.auth`` is the guest's Actor, ``request.guest`` the pass.

    Other tokens are for the next in line.
    """

    def authenticate(self, request: Request) -> tuple[Any, Actor] | None:
        """Return nobody and the actor, or None without a guest's token; raises AuthenticationFailed."""
        token = bearer_token(request)
        if token is None or not is_guest_token(token):
            return None
        guest = guest_pass(token)
        if guest is None:
            raise AuthenticationFailed(NO_GUEST)
        caller: Any = request
        caller.guest = guest
        return None, guest.actor("api")
