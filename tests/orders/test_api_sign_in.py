"""Signing in over REST, and what may be done with what it gives."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework_simplejwt.tokens import AccessToken

from orders.access import issue_tokens
from orders.models import FailedSignIn, Membership, Restaurant
from orders.services.sign_ins import MOST_PER_ACCOUNT, MOST_PER_ADDRESS, WITHIN
from orders.states import Role
from tests.callers import Caller, Reply
from tests.factories import MembershipFactory, RestaurantFactory

if TYPE_CHECKING:
    from tests.callers import House

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse"


@pytest.fixture
def member() -> Membership:
    membership: Membership = MembershipFactory(role=Role.WAITER)
    membership.user.set_password(PASSWORD)
    membership.user.save()
    return membership


def _sign_in(member: Membership, password: str = PASSWORD, **others: Any) -> Reply:
    return Caller().post("/api/auth/token", {"username": member.user.username, "password": password, **others})


def test_tokens_are_given_when_the_password_is_right(member: Membership) -> None:
    reply = _sign_in(member)

    assert (reply.status, reply.body["expires_in"]) == (200, 900)
    assert reply.body["restaurant"] == {
        "id": member.restaurant.pk,
        "slug": member.restaurant.slug,
        "name": member.restaurant.name,
    }
    assert reply.headers["Cache-Control"] == "no-store"
    assert Caller(token=reply.body["access"]).get("/api/orders").status == 200


def test_fresh_tokens_are_given_for_a_refresh_token(member: Membership) -> None:
    first = _sign_in(member).body

    reply = Caller().post("/api/auth/refresh", {"refresh": first["refresh"]})

    assert (reply.status, reply.body["restaurant"]) == (200, first["restaurant"])
    assert Caller(token=reply.body["access"]).get("/api/orders").status == 200


@pytest.mark.parametrize("password", ["wrong", "Correct horse", "correct horse "])
def test_unauthenticated_when_the_password_is_wrong(member: Membership, password: str) -> None:
    reply = _sign_in(member, password)

    assert (reply.status, reply.body["code"]) == (401, "unauthenticated")
    assert reply.headers["WWW-Authenticate"] == 'Bearer realm="brigade"'
    assert FailedSignIn.objects.get().account == member.user.username


def test_same_answer_when_there_is_no_such_user(member: Membership) -> None:
    wrong = _sign_in(member, "wrong")

    reply = Caller().post("/api/auth/token", {"username": "nobody", "password": "wrong"})

    assert (reply.status, reply.body) == (wrong.status, wrong.body)


@pytest.mark.parametrize("slug", ["elsewhere", "nowhere"])
def test_forbidden_when_the_user_is_no_member_there(member: Membership, slug: str) -> None:
    RestaurantFactory(slug="elsewhere")

    reply = _sign_in(member, restaurant=slug)

    assert (reply.status, reply.body["code"]) == (403, "forbidden")


def test_restaurant_must_be_named_when_the_user_works_in_several(member: Membership) -> None:
    second: Membership = MembershipFactory(user=member.user)

    unnamed = _sign_in(member)
    named = _sign_in(member, restaurant=second.restaurant.slug)

    assert (unnamed.status, unnamed.pointers) == (400, [("/restaurant", "required")])
    assert (named.status, named.body["restaurant"]["id"]) == (200, second.restaurant.pk)


def test_forbidden_when_the_membership_has_ended(member: Membership) -> None:
    member.is_active = False
    member.save()

    assert _sign_in(member).status == 403


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, [("/password", "required"), ("/username", "required")]),
        ({"username": 1, "password": True}, [("/password", "invalid"), ("/username", "invalid")]),
        ({"username": "a\x00", "password": "x"}, [("/username", "null_characters_not_allowed")]),
        ({"username": "x" * 151, "password": "x"}, [("/username", "max_length")]),
        ({"username": "x", "password": "x", "otp": "1"}, [("/otp", "unknown")]),
    ],
)
def test_bad_request_when_credentials_are_malformed(body: Any, pointers: list[tuple[str, str]]) -> None:
    reply = Caller().post("/api/auth/token", body)

    assert (reply.status, reply.pointers) == (400, pointers)
    assert FailedSignIn.objects.count() == 0


def _fail(count: int, *, account: str, address: str, minutes_ago: float) -> None:
    at = timezone.now() - dt.timedelta(minutes=minutes_ago)
    FailedSignIn.objects.bulk_create(FailedSignIn(account=account, address=address, at=at) for _ in range(count))


def test_right_password_is_refused_when_the_account_failed_ten_times(member: Membership) -> None:
    replies = [_sign_in(member, "wrong").status for _ in range(MOST_PER_ACCOUNT)]

    reply = _sign_in(member)

    assert replies == [401] * 10
    assert (reply.status, reply.body["code"]) == (429, "too_many_attempts")
    assert 880 <= int(reply.headers["Retry-After"]) <= 901


def test_password_is_taken_again_when_the_failures_are_old(member: Membership) -> None:
    _fail(MOST_PER_ACCOUNT, account=member.user.username, address="10.0.0.1", minutes_ago=15)

    assert _sign_in(member).status == 200


def test_others_sign_in_when_one_account_is_closed(member: Membership) -> None:
    _fail(MOST_PER_ACCOUNT, account="somebody", address="127.0.0.1", minutes_ago=1)

    assert _sign_in(member).status == 200


@pytest.mark.parametrize(("failures", "status"), [(MOST_PER_ADDRESS - 1, 200), (MOST_PER_ADDRESS, 429)])
def test_address_is_closed_when_it_failed_two_hundred_times(member: Membership, failures: int, status: int) -> None:
    _fail(failures, account="somebody", address="127.0.0.1", minutes_ago=1)

    reply = _sign_in(member)

    assert reply.status == status
    assert reply.headers.get("Retry-After", "0") in (["0"] if status == 200 else ["840", "841"])


def test_old_failures_are_forgotten_when_one_is_counted(member: Membership) -> None:
    _fail(3, account="somebody", address="10.0.0.1", minutes_ago=WITHIN.total_seconds() / 60 + 1)

    _sign_in(member, "wrong")

    assert list(FailedSignIn.objects.values_list("account", flat=True)) == [member.user.username]


def test_failure_counts_for_the_account_when_the_address_is_none(member: Membership) -> None:
    names = {"username": member.user.username, "password": "wrong"}
    client = Client(REMOTE_ADDR="x" * 46)

    replies = [client.post("/api/auth/token", names, content_type="application/json").status_code for _ in range(11)]

    assert replies == [401] * MOST_PER_ACCOUNT + [429]
    assert set(FailedSignIn.objects.values_list("address", flat=True)) == {""}


@pytest.mark.parametrize(
    ("address", "status"), [("2001:db8:1:2:ffff::7", 429), ("2001:db8:1:3::1", 401), ("::ffff:10.0.0.9", 401)]
)
def test_neighbours_of_one_network_are_one_address(member: Membership, address: str, status: int) -> None:
    _fail(MOST_PER_ADDRESS, account="somebody", address="2001:db8:1:2::/64", minutes_ago=1)
    names = {"username": member.user.username, "password": "wrong"}

    reply = Client(REMOTE_ADDR=address).post("/api/auth/token", names, content_type="application/json")

    assert reply.status_code == status


def test_unauthenticated_when_the_token_is_no_good(member: Membership) -> None:
    pair = issue_tokens(member)
    expired = AccessToken(pair.access)  # type: ignore[arg-type]
    expired.set_exp(lifetime=-dt.timedelta(seconds=1))
    tokens = ["x", pair.refresh, pair.access[:-2], str(expired), pair.access.replace(".", "..")]

    replies = [Caller(token=token).get("/api/orders") for token in tokens]

    assert [(reply.status, reply.body["code"]) for reply in replies] == [(401, "unauthenticated")] * 5
    assert Caller().post("/api/auth/refresh", {"refresh": pair.access}).status == 401


@pytest.mark.parametrize("header", ["Basic YTpi", "Bearer", "Bearer ", "token"])
def test_unauthenticated_when_the_header_is_another(member: Membership, header: str) -> None:
    assert Caller().get("/api/orders", authorization=header).status == 401


def test_tokens_end_when_the_password_changes(member: Membership) -> None:
    pair = issue_tokens(member)
    member.user.set_password("another")
    member.user.save()

    assert Caller(token=pair.access).get("/api/orders").status == 401
    assert Caller().post("/api/auth/refresh", {"refresh": pair.refresh}).status == 401


@pytest.mark.parametrize("who", ["membership", "user"])
def test_tokens_end_when_somebody_leaves(member: Membership, who: str) -> None:
    pair = issue_tokens(member)
    row: Any = member if who == "membership" else member.user
    row.is_active = False
    row.save()

    assert Caller(token=pair.access).get("/api/orders").status == 401


def test_role_counts_as_it_is_now_when_it_has_changed(house: House) -> None:
    caller = house.waiter
    assert caller.membership is not None
    caller.membership.role = Role.KITCHEN
    caller.membership.save()

    assert caller.post("/api/orders", house.order_body()).status == 403


def _page(house: House, role: Role = Role.WAITER) -> Client:
    membership = house.caller(role).membership
    assert membership is not None
    client = Client(enforce_csrf_checks=True)
    client.force_login(membership.user)
    return client


def test_pages_read_when_they_have_a_session(house: House) -> None:
    order = house.order()

    reply = _page(house).get("/api/orders")

    assert (reply.status_code, reply.json()["results"]) == (200, [order])


@pytest.mark.parametrize(("with_token", "status"), [(True, 201), (False, 403)])
def test_pages_write_when_they_send_the_csrf_token(house: House, with_token: bool, status: int) -> None:
    client = _page(house)
    client.get("/login/")
    token = client.get("/restaurant/").context["csrf_token"]
    headers = {"X-CSRFToken": str(token)} if with_token else {}

    reply = client.post("/api/orders", house.order_body(), content_type="application/json", headers=headers)

    assert reply.status_code == status
    assert reply.headers["Content-Type"] == ("application/json" if with_token else "application/problem+json")


def test_forbidden_when_a_session_has_chosen_no_restaurant(house: House) -> None:
    membership = house.waiter.membership
    assert membership is not None
    MembershipFactory(user=membership.user)

    reply = _page(house).get("/api/orders")

    assert (reply.status_code, reply.json()["detail"]) == (403, "Choose a restaurant first.")


def test_chosen_restaurant_counts_when_the_session_names_it(house: House, foreign: House) -> None:
    client = _page(house)
    membership = house.waiter.membership
    assert membership is not None
    MembershipFactory(user=membership.user, restaurant=foreign.restaurant)
    session = client.session
    session["restaurant_id"] = Restaurant.objects.get(pk=foreign.restaurant.pk).pk
    session.save()
    order = foreign.order()

    assert client.get("/api/orders").json()["results"] == [order]
