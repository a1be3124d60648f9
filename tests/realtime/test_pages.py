"""Who gets to the kitchen's board, and on which way."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from orders.access import SESSION_KEY
from orders.models import Membership
from orders.shapes import maybe_timestamp
from orders.states import Role

if TYPE_CHECKING:
    from tests.places import Place


def signed_in(place: Place, role: Role) -> Client:
    client = Client()
    client.force_login(place.staff(role).user)
    return client


@pytest.mark.parametrize("role", [Role.KITCHEN, Role.MANAGER, Role.OWNER])
def test_board_opens_when_the_role_works_in_the_kitchen(place: Place, role: Role) -> None:
    ticket = place.ticket()

    response = signed_in(place, role).get("/kitchen/")

    assert response.status_code == 200
    assert f'data-ticket="{ticket.pk}"' in response.text


@pytest.mark.parametrize("role", [Role.WAITER, Role.CASHIER])
def test_board_is_refused_when_the_role_works_elsewhere(place: Place, role: Role) -> None:
    ticket = place.ticket()

    response = signed_in(place, role).get("/kitchen/")

    assert response.status_code == 403
    assert "The board is for the kitchen and for managers." in response.text
    assert ticket.order_number not in response.text


def test_sign_in_is_asked_for_when_nobody_is_signed_in(place: Place) -> None:
    response = Client().get("/kitchen/")

    assert (response.status_code, response["Location"]) == (302, "/login/?next=/kitchen/")


def test_board_is_closed_when_the_membership_ended(place: Place) -> None:
    client = signed_in(place, Role.KITCHEN)
    assert client.get("/kitchen/").status_code == 200
    Membership.objects.filter(role=Role.KITCHEN).update(is_active=False)

    response = client.get("/kitchen/")

    assert (response.status_code, response["Location"]) == (302, "/restaurant/?next=%2Fkitchen%2F")


def test_board_carries_its_place_in_the_stream(place: Place) -> None:
    ticket = place.ticket()

    response = signed_in(place, Role.KITCHEN).get("/kitchen/")

    data = json.loads(re.findall(r'<script id="board-data" type="application/json">(.*?)</script>', response.text)[0])
    assert data["seq"] == place.restaurant.stream.head
    assert data["epoch"] == str(place.restaurant.stream.epoch)
    assert [order["id"] for order in data["snapshot"]["orders"]] == [ticket.pk]
    shown = data["snapshot"]["orders"][0]
    assert (shown["warn_at"], shown["late_at"]) == (maybe_timestamp(ticket.warn_at), maybe_timestamp(ticket.late_at))


def test_board_shows_the_chosen_restaurant_only_when_staff_work_in_several(place: Place, other_place: Place) -> None:
    here, there = place.ticket(), other_place.ticket()
    chef = place.staff(Role.KITCHEN).user
    Membership.objects.create(restaurant=other_place.restaurant, user=chef, role=Role.MANAGER)
    client = Client()
    client.force_login(chef)

    assert client.get("/kitchen/")["Location"] == "/restaurant/?next=%2Fkitchen%2F"
    chosen = client.post("/restaurant/", {"restaurant": "bistro", "next": "/kitchen/"})
    response = client.get("/kitchen/")

    assert chosen["Location"] == "/kitchen/"
    assert client.session[SESSION_KEY] == other_place.restaurant.pk
    assert f'data-ticket="{there.pk}"' in response.text
    assert f'data-ticket="{here.pk}"' not in response.text


def test_page_obeys_the_policy_that_its_header_sets(place: Place) -> None:
    response = signed_in(place, Role.KITCHEN).get("/kitchen/")

    assert "script-src 'self'" in response["Content-Security-Policy"]
    assert " style=" not in response.text
    assert re.findall(r"<script(?![^>]*(?: src=|application/json))", response.text) == []
    assert re.findall(r'(?:src|href)="(?:https?:)?//', response.text) == []
