"""Signing in: a name and a password for tokens, and a refresh token for fresh ones."""

from __future__ import annotations

from django.http import HttpResponse
from msgspec import Struct
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import AllowAny
from rest_framework.request import Request

from orders.access import BadToken, TokenPair, choose_membership, issue_tokens, read_refresh_token
from orders.api.auth import CHALLENGE
from orders.api.documents import documented, shown
from orders.api.endpoints import Endpoint, answer
from orders.api.fields import Body, Text
from orders.errors import TooManyAttempts
from orders.services.sign_ins import check_credentials

LONGEST_TOKEN = 4096


class Credentials(Body):
    """A name, a password, and for staff of several restaurants which one."""

    username = Text(max_length=150)
    password = Text(max_length=1000)
    restaurant = Text(max_length=50, required=False, allow_null=True, help_text="The restaurant's slug.")


class Refresh(Body):
    """A refresh token."""

    refresh = Text(max_length=LONGEST_TOKEN)


class RestaurantBrief(Struct, frozen=True):
    """The restaurant that a token is for."""

    id: int
    slug: str
    name: str


class TokensShape(Struct, frozen=True):
    """What a sign-in gives; ``expires_in`` are the access token's seconds."""

    access: str
    refresh: str
    expires_in: int
    restaurant: RestaurantBrief


class Door(Endpoint):
    """An address for those who have no token yet; it takes no Idempotency-Key."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    def get_authenticate_header(self, request: Request) -> str:
        """Return the challenge of a 401."""
        return CHALLENGE


class SignIn(Door):
    """Signing in."""

    @documented("sign_in", tag="auth", body=Credentials, answers={200: shown(TokensShape)}, refuses=(TooManyAttempts,))
    def post(self, request: Request) -> HttpResponse:
        """Sign in with a name and a password."""
        body = self.body(Credentials)
        address = request.META.get("REMOTE_ADDR") or ""
        user = check_credentials(username=body["username"], password=body["password"], address=address)
        if user is None:
            raise AuthenticationFailed("The name or the password is wrong.")
        return _tokens(issue_tokens(choose_membership(user, body.get("restaurant"))))


class RefreshSignIn(Door):
    """Staying signed in."""

    @documented("refresh_sign_in", tag="auth", body=Refresh, answers={200: shown(TokensShape)})
    def post(self, request: Request) -> HttpResponse:
        """Take fresh tokens for a refresh token."""
        try:
            good = read_refresh_token(self.body(Refresh)["refresh"])
        except BadToken as error:
            raise AuthenticationFailed(str(error)) from error
        return _tokens(issue_tokens(good.membership))


def _tokens(pair: TokenPair) -> HttpResponse:
    restaurant = pair.membership.restaurant
    brief = RestaurantBrief(restaurant.pk, restaurant.slug, restaurant.name)
    response = answer(TokensShape(pair.access, pair.refresh, pair.expires_in, brief))
    response["Cache-Control"] = "no-store"
    return response
