"""The staff: added, changed and let go by a manager; owners by owners alone."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection

from orders.models import Membership, User
from orders.states import Role
from tests.callers import Caller, open_house
from tests.factories import MembershipFactory, UserFactory

if TYPE_CHECKING:
    from tests.callers import House

pytestmark = pytest.mark.django_db

GOOD = {"username": "mira", "password": "swordfish-and-chips", "role": "waiter"}


def test_member_signs_in_when_a_manager_has_added_them(house: House) -> None:
    reply = house.manager.post("/api/staff", {**GOOD, "name": "Mira"})

    member = Membership.objects.get(user__username="mira")
    assert (reply.status, reply.headers["Location"]) == (201, f"/api/staff/{member.pk}")
    assert reply.body == {
        "id": member.pk,
        "user_id": member.user_id,
        "username": "mira",
        "name": "Mira",
        "role": "waiter",
        "is_active": True,
    }
    signed_in = Caller().post("/api/auth/token", {"username": "mira", "password": GOOD["password"]})
    assert (signed_in.status, signed_in.body["restaurant"]["id"]) == (200, house.restaurant.pk)


@pytest.mark.parametrize(
    ("change", "problems"),
    [
        ({"password": "12345678"}, [("/password", "invalid")]),
        ({"password": "short"}, [("/password", "invalid")]),
        ({"username": "swordfish", "password": "swordfish1"}, [("/password", "invalid")]),
        ({"username": "no spaces"}, [("/username", "invalid")]),
        ({"username": "x" * 151}, [("/username", "max_length")]),
        ({"role": "guest"}, [("/role", "invalid_choice")]),
        ({"role": None}, [("/role", "null")]),
        ({"is_superuser": True}, [("/is_superuser", "unknown")]),
    ],
)
def test_bad_request_when_a_field_is_wrong(house: House, change: dict[str, Any], problems: list[Any]) -> None:
    reply = house.manager.post("/api/staff", {**GOOD, **change})

    assert (reply.status, reply.pointers) == (400, problems)
    assert not User.objects.filter(username=str(change.get("username", "mira"))).exists()


def test_duplicate_and_nothing_more_when_the_name_is_taken_anywhere(house: House, foreign: House) -> None:
    UserFactory(username="mira")
    MembershipFactory(restaurant=foreign.restaurant, user=UserFactory(username="otto"))

    replies = [house.manager.post("/api/staff", {**GOOD, "username": name}) for name in ("mira", "otto")]

    assert [(reply.status, reply.body["code"], reply.pointers) for reply in replies] == [
        (409, "duplicate", [("/username", "duplicate")])
    ] * 2
    assert replies[0].body["detail"] == replies[1].body["detail"]
    assert not Membership.objects.filter(restaurant=house.restaurant, user__username__in=("mira", "otto")).exists()


@pytest.mark.parametrize("role", [Role.WAITER, Role.KITCHEN, Role.CASHIER])
def test_forbidden_when_somebody_else_than_a_manager_asks(house: House, role: Role) -> None:
    member = house.manager.membership
    assert member is not None
    caller, path = house.caller(role), f"/api/staff/{member.pk}"

    replies = [
        caller.get("/api/staff"),
        caller.get(path),
        caller.post("/api/staff", GOOD),
        caller.patch(path, {"role": "waiter"}),
    ]

    assert {reply.status for reply in replies} == {403}
    assert not User.objects.filter(username="mira").exists()


def test_list_shows_own_staff_alone(house: House, foreign: House) -> None:
    assert house.waiter.token
    assert foreign.waiter.token

    reply = house.manager.get("/api/staff")

    assert [row["role"] for row in reply.body["results"]] == ["waiter", "manager"]
    other = foreign.waiter.membership
    assert other is not None
    assert house.manager.get(f"/api/staff/{other.pk}").status == 404
    assert house.manager.patch(f"/api/staff/{other.pk}", {"role": "cashier"}).status == 404


def test_token_ends_when_the_member_is_let_go_and_works_again_when_taken_back(house: House) -> None:
    waiter = house.waiter
    assert waiter.membership is not None
    path = f"/api/staff/{waiter.membership.pk}"
    statuses = [waiter.get("/api/orders").status]

    for is_active in (False, True):
        reply = house.manager.patch(path, {"is_active": is_active})
        assert (reply.status, reply.body["is_active"]) == (200, is_active)
        statuses.append(waiter.get("/api/orders").status)

    assert statuses == [200, 401, 200]


def test_role_counts_at_once_when_it_is_changed(house: House) -> None:
    waiter = house.waiter
    assert waiter.membership is not None

    house.manager.patch(f"/api/staff/{waiter.membership.pk}", {"role": "kitchen", "name": "Max"})

    assert waiter.post("/api/orders", house.order_body()).status == 403
    waiter.membership.refresh_from_db()
    assert (waiter.membership.role, waiter.membership.user.name) == ("kitchen", "Max")


def test_owner_is_left_alone_when_a_manager_asks(house: House) -> None:
    owner = house.caller(Role.OWNER).membership
    waiter = house.waiter.membership
    assert owner is not None
    assert waiter is not None

    replies = [
        house.manager.patch(f"/api/staff/{owner.pk}", {"is_active": False}),
        house.manager.patch(f"/api/staff/{owner.pk}", {"name": "Nobody"}),
        house.manager.patch(f"/api/staff/{waiter.pk}", {"role": "owner"}),
        house.manager.post("/api/staff", {**GOOD, "role": "owner"}),
    ]

    assert {(reply.status, reply.body["code"]) for reply in replies} == {(403, "forbidden")}
    assert Membership.objects.filter(role=Role.OWNER).count() == 1


def test_owner_makes_another_and_then_steps_down(house: House) -> None:
    owner, waiter = house.caller(Role.OWNER), house.waiter.membership
    assert owner.membership is not None
    assert waiter is not None

    alone = owner.patch(f"/api/staff/{owner.membership.pk}", {"role": "manager"})
    made = owner.patch(f"/api/staff/{waiter.pk}", {"role": "owner"})
    down = owner.patch(f"/api/staff/{owner.membership.pk}", {"role": "manager"})

    assert [(reply.status, reply.body.get("code")) for reply in (alone, made, down)] == [
        (409, "last_owner"),
        (200, None),
        (200, None),
    ]


@pytest.mark.parametrize("change", [{"is_active": False}, {"role": "waiter"}])
def test_last_owner_stays_when_they_would_go(house: House, change: dict[str, Any]) -> None:
    owner = house.caller(Role.OWNER)
    assert owner.membership is not None
    gone = MembershipFactory(restaurant=house.restaurant, role=Role.OWNER, is_active=False)

    reply = owner.patch(f"/api/staff/{owner.membership.pk}", change)

    assert (reply.status, reply.body["code"]) == (409, "last_owner")
    owner.membership.refresh_from_db()
    assert (owner.membership.role, owner.membership.is_active, gone.is_active) == ("owner", True, False)


def test_name_is_kept_when_the_person_works_elsewhere_too(house: House, foreign: House) -> None:
    waiter = house.waiter.membership
    assert waiter is not None
    MembershipFactory(restaurant=foreign.restaurant, user=waiter.user)

    reply = house.manager.patch(f"/api/staff/{waiter.pk}", {"name": "Somebody"})

    assert reply.status == 403
    assert User.objects.get(pk=waiter.user_id).name != "Somebody"


@pytest.mark.django_db(transaction=True)
def test_one_owner_stays_when_two_let_each_other_go_at_once() -> None:
    house = open_house()
    owners = [Caller(MembershipFactory(restaurant=house.restaurant, role=Role.OWNER)) for _ in range(2)]
    start = threading.Barrier(2)
    statuses: list[int] = []

    def fire(caller: Caller, other: Caller) -> None:
        try:
            assert other.membership is not None
            start.wait(20)
            statuses.append(caller.patch(f"/api/staff/{other.membership.pk}", {"is_active": False}).status)
        finally:
            connection.close()

    threads = [threading.Thread(target=fire, args=pair) for pair in ((owners[0], owners[1]), (owners[1], owners[0]))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert Membership.objects.filter(role=Role.OWNER, is_active=True).count() == 1
    assert statuses.count(200) == 1
