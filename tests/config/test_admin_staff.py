"""Managers take people on, and nobody becomes more in the admin than those above them allow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from orders.models import Membership, User
from orders.states import Role

if TYPE_CHECKING:
    from tests.places import Place

PASSWORD = "a long enough word"


@pytest.fixture
def place(transactional_db: None) -> Place:
    from tests.places import open_place  # noqa: PLC0415 - models can be imported once the settings are there

    return open_place("grillhaus")


@pytest.fixture
def other_place(transactional_db: None) -> Place:
    from tests.places import open_place  # noqa: PLC0415

    return open_place("bistro")


@pytest.fixture
def manager(place: Place) -> Client:
    return signed_in(place.staff(Role.MANAGER).user)


@pytest.fixture
def owner(place: Place) -> Client:
    return signed_in(place.staff(Role.OWNER).user)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def newcomer(place: Place, **others: Any) -> dict[str, Any]:
    return {
        "username": "nina", "name": "Nina", "password1": PASSWORD, "password2": PASSWORD,
        "restaurant": place.restaurant.pk, "role": "waiter", **others,
    }  # fmt: skip


def errors_of(response: Any) -> list[str]:
    return list(response.context["adminform"].form.errors)


def test_newcomer_works_at_once(place: Place, manager: Client) -> None:
    response = manager.post("/admin/orders/user/add/", newcomer(place))

    user = User.objects.get(username="nina")
    assert response.status_code == 302
    assert user.check_password(PASSWORD)
    assert Membership.objects.get(user=user).role == "waiter"


@pytest.mark.parametrize("flag", ["is_superuser", "is_staff", "groups", "user_permissions"])
def test_newcomer_has_no_power_when_it_is_posted_by_hand(place: Place, manager: Client, flag: str) -> None:
    manager.post("/admin/orders/user/add/", newcomer(place, **{flag: "1"}))

    user = User.objects.get(username="nina")
    assert (user.is_superuser, user.is_staff, user.groups.count()) == (False, False, 0)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"role": "owner"}, "role"),
        ({"role": "king"}, "role"),
        ({"restaurant": ""}, "restaurant"),
        ({"restaurant": "9" * 30}, "restaurant"),
        ({"username": "a\0b"}, "username"),
        ({"username": "grillhaus-manager"}, "username"),
        ({"password1": "123", "password2": "123"}, "password2"),
    ],
)
def test_newcomer_is_refused_when_a_field_is_wrong(
    place: Place, manager: Client, changes: dict[str, str], field: str
) -> None:
    response = manager.post("/admin/orders/user/add/", newcomer(place, **changes))

    assert errors_of(response) == [field]
    assert User.objects.count() == 1


def test_newcomer_is_refused_when_the_restaurant_is_foreign(place: Place, other_place: Place, manager: Client) -> None:
    response = manager.post("/admin/orders/user/add/", newcomer(other_place))

    assert errors_of(response) == ["restaurant"]
    assert not User.objects.filter(username="nina").exists()


def test_owner_makes_an_owner(place: Place, owner: Client) -> None:
    owner.post("/admin/orders/user/add/", newcomer(place, role="owner"))

    assert Membership.objects.get(user__username="nina").role == "owner"


def test_manager_makes_nobody_an_owner(place: Place, manager: Client) -> None:
    own, waiter = place.staff(Role.MANAGER), place.staff(Role.WAITER)

    for membership in (own, waiter):
        response = manager.post(
            f"/admin/orders/membership/{membership.pk}/change/", {"role": "owner", "is_active": "on"}
        )
        assert errors_of(response) == ["role"]

    assert not Membership.objects.filter(role=Role.OWNER).exists()


@pytest.mark.parametrize("page", ["change", "delete"])
def test_manager_leaves_an_owners_membership_alone(place: Place, manager: Client, page: str) -> None:
    membership = place.staff(Role.OWNER)

    response = manager.post(f"/admin/orders/membership/{membership.pk}/{page}/", {"post": "yes", "role": "waiter"})

    assert response.status_code == 403
    assert Membership.objects.get(pk=membership.pk).role == "owner"


def test_owners_membership_is_kept_when_a_manager_deletes_several(place: Place, manager: Client) -> None:
    rows = [place.staff(Role.OWNER).pk, place.staff(Role.WAITER).pk]

    response = manager.post(
        "/admin/orders/membership/", {"action": "delete_selected", "_selected_action": rows, "post": "yes"}
    )

    assert response.status_code == 403
    assert Membership.objects.filter(pk__in=rows).count() == 2


def test_membership_stays_with_its_person_and_restaurant(place: Place, other_place: Place, manager: Client) -> None:
    membership, stranger = place.staff(Role.WAITER), other_place.staff(Role.WAITER)

    manager.post(
        f"/admin/orders/membership/{membership.pk}/change/",
        {"role": "cashier", "user": stranger.user_id, "restaurant": other_place.restaurant.pk},
    )

    changed = Membership.objects.get(pk=membership.pk)
    assert (changed.role, changed.is_active) == ("cashier", False)
    assert (changed.user_id, changed.restaurant_id) == (membership.user_id, place.restaurant.pk)


def test_strangers_are_not_taken_on_by_their_number(place: Place, other_place: Place, manager: Client) -> None:
    stranger = other_place.staff(Role.WAITER).user
    work = {"restaurant": place.restaurant.pk, "user": stranger.pk, "role": "waiter", "is_active": "on"}

    response = manager.post("/admin/orders/membership/add/", work)

    assert errors_of(response) == ["user"]
    assert not Membership.objects.filter(restaurant=place.restaurant, user=stranger).exists()


def test_manager_renames_own_staff_and_gives_a_password(place: Place, manager: Client) -> None:
    user = place.staff(Role.WAITER).user

    manager.post(f"/admin/orders/user/{user.pk}/change/", {"username": user.username, "name": "Wim", "is_active": "on"})
    manager.post(
        f"/admin/orders/user/{user.pk}/password/",
        {"password1": PASSWORD, "password2": PASSWORD, "usable_password": "true"},
    )

    user.refresh_from_db()
    assert (user.name, user.is_active, user.check_password(PASSWORD)) == ("Wim", True, True)


@pytest.mark.parametrize("page", ["change", "password"])
@pytest.mark.parametrize("who", ["superuser", "owner", "works elsewhere", "worked elsewhere"])
def test_manager_changes_nobody_above_or_from_elsewhere(
    place: Place, other_place: Place, manager: Client, who: str, page: str
) -> None:
    user = place.staff(Role.OWNER if who == "owner" else Role.WAITER).user
    if who == "superuser":
        User.objects.filter(pk=user.pk).update(is_superuser=True)
    if who.endswith("elsewhere"):
        is_active = who == "works elsewhere"
        Membership.objects.create(restaurant=other_place.restaurant, user=user, role=Role.KITCHEN, is_active=is_active)
    before = User.objects.values().get(pk=user.pk)

    response = manager.post(
        f"/admin/orders/user/{user.pk}/{page}/",
        {"username": "taken", "name": "Taken", "password1": PASSWORD, "password2": PASSWORD, "usable_password": "true"},
    )

    assert response.status_code == 403
    assert User.objects.values().get(pk=user.pk) == before
    assert manager.get(f"/admin/orders/user/{user.pk}/change/").status_code == 200


@pytest.mark.parametrize("page", ["password", "change", "delete"])
def test_stranger_is_not_there(place: Place, other_place: Place, manager: Client, page: str) -> None:
    stranger = other_place.staff(Role.WAITER).user

    response = manager.post(f"/admin/orders/user/{stranger.pk}/{page}/", {"password1": PASSWORD, "post": "yes"})

    assert response.status_code in (302, 403, 404)
    stranger.refresh_from_db()
    assert not stranger.check_password(PASSWORD)


def test_power_is_shown_to_superusers_only(place: Place, owner: Client) -> None:
    path = f"/admin/orders/user/{place.staff(Role.WAITER).user_id}/change/"
    root = signed_in(User.objects.create_superuser("root"))

    assert not any(f'name="{name}"' in owner.get(path).text for name in ("is_superuser", "is_staff", "groups"))
    assert 'name="is_superuser"' in root.get(path).text


def test_owner_gives_nobody_power_when_it_is_posted_by_hand(place: Place, owner: Client) -> None:
    user = place.staff(Role.WAITER).user
    posted = {"username": user.username, "is_active": "on", "is_superuser": "on", "is_staff": "on"}

    owner.post(f"/admin/orders/user/{user.pk}/change/", posted)

    user.refresh_from_db()
    assert (user.is_superuser, user.is_staff) == (False, False)


def test_passwords_are_not_searched_by_the_address(place: Place, manager: Client) -> None:
    response = manager.get("/admin/orders/user/?password__startswith=!")

    assert response.status_code == 400


def test_own_password_is_changed_with_the_old_one(place: Place, manager: Client) -> None:
    user = place.staff(Role.MANAGER).user
    user.set_password("the old long word")
    user.save()
    client = signed_in(user)

    client.post(
        "/admin/password_change/",
        {"old_password": "the old long word", "new_password1": PASSWORD, "new_password2": PASSWORD},
    )

    user.refresh_from_db()
    assert user.check_password(PASSWORD)
