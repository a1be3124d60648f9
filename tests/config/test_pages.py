"""Signing in, choosing the restaurant, and the way to one's screens."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from orders.access import SESSION_KEY
from orders.models import Membership, User
from orders.states import Role

if TYPE_CHECKING:
    from tests.places import Place

PASSWORD = "brigade-demo"


@pytest.fixture
def place(transactional_db: None) -> Place:
    from tests.places import open_place  # noqa: PLC0415 - models can be imported once the settings are there

    return open_place("grillhaus")


def with_password(user: User) -> User:
    user.set_password(PASSWORD)
    user.save()
    return user


def credentials(user: User) -> dict[str, str]:
    return {"username": user.username, "password": PASSWORD}


def test_sign_in_goes_on_to_the_page_that_was_asked_for(place: Place) -> None:
    chef = with_password(place.staff(Role.KITCHEN).user)
    client = Client()

    response = client.post("/login/", {**credentials(chef), "next": "/kitchen/"})

    assert (response.status_code, response["Location"]) == (302, "/kitchen/")
    assert client.session[SESSION_KEY] == place.restaurant.pk


@pytest.mark.parametrize("path", ["/login/", "/restaurant/"])
def test_no_other_site_is_gone_on_to(place: Place, path: str) -> None:
    chef = with_password(place.staff(Role.KITCHEN).user)
    client = Client()
    if path == "/restaurant/":
        client.force_login(chef)

    response = client.post(path, {**credentials(chef), "restaurant": "grillhaus", "next": "https://evil.example/"})

    assert (response.status_code, response["Location"]) == (302, "/")


def test_sign_in_is_refused_when_the_password_is_wrong(place: Place) -> None:
    chef = with_password(place.staff(Role.KITCHEN).user)
    client = Client()

    response = client.post("/login/", {**credentials(chef), "password": "wrong"})

    assert response.status_code == 200
    assert 'role="alert"' in response.text
    assert SESSION_KEY not in client.session


def test_sign_in_is_refused_when_the_account_was_guessed_at_too_often(place: Place) -> None:
    chef = with_password(place.staff(Role.KITCHEN).user)
    client = Client()
    for _ in range(10):
        client.post("/login/", {**credentials(chef), "password": "wrong"})

    response = client.post("/login/", credentials(chef))

    assert response.status_code == 429
    assert 0 < int(response["Retry-After"]) <= 15 * 60 + 1
    assert SESSION_KEY not in client.session


def test_sign_in_is_put_off_when_too_many_sign_in_at_once(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    chef = with_password(place.staff(Role.KITCHEN).user)
    client, places = Client(), threading.BoundedSemaphore(1)
    monkeypatch.setattr("orders.services.sign_ins._places", places)

    with places:
        refused = client.post("/login/", credentials(chef))
    response = client.post("/login/", credentials(chef))

    assert (refused.status_code, refused["Retry-After"]) == (503, "2")
    assert 'role="alert"' in refused.text
    assert (response.status_code, response["Location"]) == (302, "/")


def test_choice_is_offered_when_staff_work_in_several_restaurants(place: Place) -> None:
    from tests.places import open_place  # noqa: PLC0415

    other = open_place("bistro")
    chef = with_password(place.staff(Role.KITCHEN).user)
    Membership.objects.create(restaurant=other.restaurant, user=chef, role=Role.MANAGER)
    client = Client()

    response = client.post("/login/", credentials(chef), follow=True)

    assert response.redirect_chain == [("/restaurant/?next=%2F", 302)]
    assert 'value="grillhaus"' in response.text
    assert 'value="bistro"' in response.text


def test_restaurant_is_not_entered_when_one_is_no_member(place: Place) -> None:
    from tests.places import open_place  # noqa: PLC0415

    open_place("bistro")
    client = Client()
    client.force_login(place.staff(Role.KITCHEN).user)

    response = client.post("/restaurant/", {"restaurant": "bistro"})

    assert response.status_code == 200
    assert SESSION_KEY not in client.session


def test_somebody_on_no_staff_is_told_so(place: Place) -> None:
    client = Client()
    client.force_login(User.objects.create_user("stranger"))

    response = client.get("/", follow=True)

    assert response.status_code == 403
    assert "You are not on the staff of any restaurant." in response.text


@pytest.mark.parametrize(
    ("role", "paths"),
    [
        (Role.KITCHEN, ["/kitchen/", "/api/docs/"]),
        (Role.WAITER, ["/api/docs/"]),
        (Role.MANAGER, ["/kitchen/", "/admin/", "/api/docs/"]),
        (Role.OWNER, ["/kitchen/", "/admin/", "/api/docs/"]),
    ],
)
def test_home_leads_to_the_screens_of_the_role(place: Place, role: Role, paths: list[str]) -> None:
    client = Client()
    client.force_login(place.staff(role).user)

    response = client.get("/")

    assert [screen.path for screen in response.context["screens"]] == paths
    assert all(f'href="{path}"' in response.text for path in paths)


def test_sign_out_ends_the_session_only_when_it_is_posted(place: Place) -> None:
    client = Client()
    client.force_login(place.staff(Role.KITCHEN).user)

    assert client.get("/logout/").status_code == 405
    assert client.get("/").status_code == 200
    assert client.post("/logout/")["Location"] == "/login/"
    assert client.get("/")["Location"] == "/login/?next=/"
