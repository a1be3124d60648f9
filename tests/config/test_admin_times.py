"""The admin tells the time of the restaurant, in one format."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.utils import timezone

from orders.access import SESSION_KEY
from orders.models import HistoryEntry, Membership, Order, User
from orders.states import Role

if TYPE_CHECKING:
    from tests.places import Place

MOMENT = dt.datetime(2026, 7, 1, 10, 30, tzinfo=dt.UTC)
IN_JAKARTA = "July 1, 2026, 5:30 p.m."
IN_NEW_YORK = "July 1, 2026, 6:30 a.m."


@pytest.fixture
def place(transactional_db: None) -> Place:
    from tests.places import open_place  # noqa: PLC0415 - models can be imported once the settings are there

    return placed(open_place("grillhaus"), "Asia/Jakarta")


@pytest.fixture
def other_place(transactional_db: None) -> Place:
    from tests.places import open_place  # noqa: PLC0415

    return placed(open_place("bistro"), "America/New_York")


@pytest.fixture
def manager(place: Place) -> User:
    return place.staff(Role.MANAGER).user


@pytest.fixture
def client(manager: User) -> Client:
    client = Client()
    client.force_login(manager)
    return client


def placed(place: Place, zone: str) -> Place:
    place.restaurant.timezone = zone
    place.restaurant.save()
    return place


def order_at(place: Place, moment: dt.datetime) -> Order:
    order = place.order()
    Order.objects.filter(pk=order.pk).update(created_at=moment, silently=True)
    return order


def page(client: Client, path: str) -> str:
    response = client.get(f"/admin/orders/{path}")
    assert response.status_code == 200
    return response.content.decode()


def test_pages_tell_the_time_of_the_restaurant(place: Place, client: Client) -> None:
    order = order_at(place, MOMENT)

    assert IN_JAKARTA in page(client, "order/")
    assert IN_JAKARTA in page(client, f"order/{order.pk}/change/")
    assert timezone.get_current_timezone_name() == "UTC"


def test_history_tells_moments_like_the_rest_of_the_page(place: Place, client: Client) -> None:
    order = place.order()
    changes = {"ready_at": [None, "2026-07-01T10:30:00.000Z"], "notes": ["", "2026-07-01T10:30:00.000Z"]}
    HistoryEntry.objects.filter(order_id=order.pk).update(at=MOMENT, changes=changes)

    shown = page(client, f"order/{order.pk}/change/")

    assert f"<td>{IN_JAKARTA}</td>" in shown
    assert f"<div>ready_at: - → {IN_JAKARTA}</div>" in shown
    assert "<div>notes: - → 2026-07-01T10:30:00.000Z</div>" in shown


@pytest.mark.parametrize("value", ["soon", "2026-13-01T10:30:00Z", "2026-07-01T10:30:00"])
def test_history_shows_what_is_kept_when_it_is_no_moment(place: Place, client: Client, value: str) -> None:
    order = place.order()
    HistoryEntry.objects.filter(order_id=order.pk).update(changes={"ready_at": [None, value]})

    assert f"<div>ready_at: - → {value}</div>" in page(client, f"order/{order.pk}/change/")


def test_page_of_a_row_tells_its_restaurants_time_and_a_list_that_of_the_chosen_one(
    place: Place, other_place: Place, manager: User, client: Client
) -> None:
    Membership.objects.create(restaurant=other_place.restaurant, user=manager, role=Role.OWNER)
    order, elsewhere = order_at(place, MOMENT), order_at(other_place, MOMENT)
    session = client.session
    session[SESSION_KEY] = other_place.restaurant.pk
    session.save()

    listed = page(client, "order/")

    assert (listed.count(IN_NEW_YORK), listed.count(IN_JAKARTA)) == (2, 0)
    assert IN_JAKARTA in page(client, f"order/{order.pk}/change/")
    assert IN_NEW_YORK in page(client, f"order/{elsewhere.pk}/change/")


def test_list_tells_the_time_of_an_own_restaurant_when_the_chosen_one_is_not_to_run(
    place: Place, other_place: Place, client: Client
) -> None:
    order_at(place, MOMENT)
    session = client.session
    session[SESSION_KEY] = other_place.restaurant.pk
    session.save()

    assert IN_JAKARTA in page(client, "order/")


def test_admin_opens_when_there_is_no_restaurant_yet(transactional_db: None) -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("operator"))

    assert client.get("/admin/orders/order/").status_code == 200
