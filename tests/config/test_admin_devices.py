"""Devices in the admin: paired with a key that is shown once, looked at, revoked, and never edited."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from orders.access import digest_of
from orders.models import Counter, Device
from orders.scopes import Scope
from orders.services.devices import pair_device
from orders.states import DeviceKind, Role

if TYPE_CHECKING:
    from tests.places import Place

DEVICES = "/admin/orders/device/"
KEY = re.compile(r'<code class="device-key">([^<]+)</code>')


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
    client = Client()
    client.force_login(place.staff(Role.MANAGER).user)
    return client


def pair(client: Client, place: Place, **others: Any) -> Any:
    return client.post(
        f"{DEVICES}add/", {"restaurant": place.restaurant.pk, "name": "Grill screen", "kind": "kitchen", **others}
    )


def paired(place: Place, name: str = "Grill screen") -> Device:
    return pair_device(name=name, kind=DeviceKind.KITCHEN, actor=place.actor)[0]


def said(response: Any) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def test_key_is_shown_once_when_a_device_is_paired(
    place: Place, manager: Client, caplog: pytest.LogCaptureFixture
) -> None:
    answer = pair(manager, place)

    device = Device.objects.get()
    found = KEY.search(answer.content.decode())
    assert found is not None
    key = found[1]
    assert (answer.status_code, device.key_digest) == (200, digest_of(key))
    assert "no-store" in answer["Cache-Control"]
    assert (device.name, device.kind, device.created_by) == ("Grill screen", "kitchen", place.staff(Role.MANAGER).user)
    assert device.scopes == ["orders:read", "kitchen:read", "kitchen:write", "menu:read"]
    assert key not in answer.cookies.output()
    assert "messages" not in answer.cookies
    assert key not in caplog.text
    assert [entry for entry in LogEntry.objects.all() if key in f"{entry.object_repr}{entry.change_message}"] == []
    for page in ("", f"{device.pk}/change/", f"{device.pk}/history/", f"{device.pk}/revoke/"):
        again = manager.get(f"{DEVICES}{page}")
        assert again.status_code == 200
        assert key not in again.content.decode()


def test_device_has_the_scopes_and_the_till_that_were_chosen(place: Place, manager: Client) -> None:
    till = Counter.objects.create(restaurant=place.restaurant, name="Bar")

    pair(manager, place, kind="counter", counter=till.pk, scopes=["payments:read", "menu:read"])

    device = Device.objects.get()
    assert (device.scopes, device.counter) == (["menu:read", "payments:read"], till)


def test_device_is_refused_when_its_till_is_of_another_kind_or_place(
    place: Place, other_place: Place, manager: Client
) -> None:
    own = Counter.objects.create(restaurant=place.restaurant, name="Bar")
    foreign = Counter.objects.create(restaurant=other_place.restaurant, name="Bar")

    screen = pair(manager, place, counter=own.pk)
    elsewhere = pair(manager, place, kind="counter", counter=foreign.pk)
    not_mine = pair(manager, other_place)

    assert screen.context["errors"] == [["Only a device of kind counter is paired with a till."]]
    assert len(elsewhere.context["errors"]) == 1
    assert len(not_mine.context["errors"]) == 1
    assert Device.objects.count() == 0


def test_list_shows_what_a_device_may_do_and_no_device_of_others(
    place: Place, other_place: Place, manager: Client
) -> None:
    paired(place)
    paired(other_place, "Foreign screen")

    page = manager.get(DEVICES).content.decode()

    assert "Grill screen" in page
    assert "orders:read, kitchen:read, kitchen:write, menu:read" in page
    assert "Foreign screen" not in page


def test_device_is_revoked_on_its_page(place: Place, manager: Client) -> None:
    device = paired(place)
    page = f"{DEVICES}{device.pk}/revoke/"

    offered = manager.get(f"{DEVICES}{device.pk}/change/").content.decode()
    asked = manager.get(page)
    revoked = manager.post(page, follow=True)
    again = manager.post(page, follow=True)

    device.refresh_from_db()
    assert f'href="{page}"' in offered
    assert asked.status_code == 200
    assert device.revoked_at is not None
    assert said(revoked) == ["The device was revoked."]
    assert f'href="{page}"' not in revoked.content.decode()
    assert said(again) == ["There is no such device."]


def test_several_devices_are_revoked_by_the_action(place: Place, manager: Client) -> None:
    devices = [paired(place), paired(place, "Second screen")]

    answer = manager.post(DEVICES, {"action": "revoke", "_selected_action": [one.pk for one in devices]}, follow=True)

    assert said(answer) == ["2 devices revoked."]
    assert Device.objects.filter(revoked_at__isnull=True).count() == 0


def test_nothing_of_a_device_is_edited_or_deleted(place: Place, manager: Client) -> None:
    device = paired(place)

    edited = manager.post(f"{DEVICES}{device.pk}/change/", {"name": "Mine", "scopes": [Scope.MENU_WRITE]})
    deleted = manager.post(f"{DEVICES}{device.pk}/delete/", {"post": "yes"})

    device.refresh_from_db()
    assert (edited.status_code, deleted.status_code, device.name) == (403, 403, "Grill screen")


def test_device_of_another_restaurant_is_not_reached(place: Place, other_place: Place, manager: Client) -> None:
    foreign = paired(other_place)

    answers = [
        manager.get(f"{DEVICES}{foreign.pk}/revoke/"),
        manager.post(f"{DEVICES}{foreign.pk}/revoke/"),
        manager.get(f"{DEVICES}{foreign.pk}/change/"),
    ]

    foreign.refresh_from_db()
    assert [answer.status_code for answer in answers] == [404, 404, 302]
    assert foreign.revoked_at is None
