"""The menu in the admin: pictures, what is told, and what is refused at a constant cost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from orders.models import Customer, MenuItem, Modifier, Order
from orders.states import Role
from realtime.models import Event
from tests.factories import (
    AllergenFactory,
    ChoiceFactory,
    CustomerFactory,
    FoodTypeFactory,
    MenuItemFactory,
    ModifierFactory,
)
from tests.pictures import picture

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_django import DjangoAssertNumQueries

    from tests.places import Place


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


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def told() -> list[list[str]]:
    """What changed of dishes, as far as it was announced."""
    events = Event.objects.filter(type="menu-item:updated").order_by("seq")
    return [json.loads(event.data)["changed_fields"] for event in events]


def said(response: Any) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def send(client: Client, dish: MenuItem, content: bytes) -> Any:
    file = SimpleUploadedFile("soup.jpg", content)
    return client.post(f"/admin/orders/menuitem/{dish.pk}/image/", {"image": file}, follow=True)


def test_picture_is_changed_and_removed_on_its_own_page(place: Place, manager: Client, folder: Path) -> None:
    page = f"/admin/orders/menuitem/{place.dish.pk}/image/"
    before = len(told())

    changed = send(manager, place.dish, picture())
    shown = manager.get(page).content.decode()
    removed = manager.post(page, {"remove": "1"}, follow=True)

    assert (said(changed), said(removed)) == (["The picture was changed."], ["The picture was changed."])
    assert '<img src="/media/menu/' in shown
    assert '<img src="/media/menu/' in changed.content.decode()
    assert told()[before:] == [["image"], ["image"]]
    assert [path for path in folder.rglob("*") if path.is_file()] == []


def test_refusal_is_said_when_the_file_is_no_picture(place: Place, manager: Client) -> None:
    response = send(manager, place.dish, b"no picture")

    assert said(response) == ["A picture is a JPEG, PNG or WebP file."]
    assert (response.status_code, response.redirect_chain) == (200, [])
    assert MenuItem.objects.get().image == ""


def test_page_is_shown_again_when_the_picture_is_too_large(place: Place, manager: Client) -> None:
    response = send(manager, place.dish, b"x" * (5 * 1024 * 1024 + 1))

    assert said(response) == ["The picture is larger than 5 MiB."]
    assert response.templates[0].name == "admin/orders/menuitem/picture.html"
    assert MenuItem.objects.get().image == ""


def test_list_shows_the_pictures(place: Place, manager: Client) -> None:
    MenuItemFactory(restaurant=place.restaurant)
    send(manager, place.dish, picture())
    place.dish.refresh_from_db()

    page = manager.get("/admin/orders/menuitem/").content.decode()

    assert page.count('<img class="thumbnail"') == 1
    assert f'<img class="thumbnail" src="/media/{place.dish.image}" alt="">' in page


def test_page_shows_what_is_missing_when_no_file_is_sent(place: Place, manager: Client) -> None:
    response = manager.post(f"/admin/orders/menuitem/{place.dish.pk}/image/", {})

    assert (response.status_code, "This field is required." in response.content.decode()) == (200, True)


def test_not_found_when_the_dish_is_another_restaurants(other_place: Place, manager: Client) -> None:
    for pk in (other_place.dish.pk, 10**30, "x"):
        assert manager.get(f"/admin/orders/menuitem/{pk}/image/").status_code == 404
    assert Client().get(f"/admin/orders/menuitem/{other_place.dish.pk}/image/").status_code == 302


def test_dishes_are_told_when_what_they_are_shown_with_is_renamed(place: Place, manager: Client) -> None:
    food_type, milk = FoodTypeFactory(restaurant=place.restaurant), AllergenFactory(restaurant=place.restaurant)
    dish = MenuItemFactory(restaurant=place.restaurant, food_type=food_type)
    dish.allergens.add(milk)
    group = ModifierFactory(group__restaurant=place.restaurant).group
    ChoiceFactory(menu_item=dish, group=group)
    nothing = {"modifiers-TOTAL_FORMS": 0, "modifiers-INITIAL_FORMS": 0}
    before = len(told())

    for path, body in (
        (f"category/{dish.category_id}", {"name": "New", "position": 1}),
        (f"foodtype/{food_type.pk}", {"name": "New"}),
        (f"allergen/{milk.pk}", {"name": "New"}),
        (f"modifiergroup/{group.pk}", {"name": "New", "min": 0, "max": 1, **nothing}),
    ):
        assert manager.post(f"/admin/orders/{path}/change/", body).status_code == 302, path

    assert told()[before:] == [["category"], ["food_type"], ["allergens"], ["modifier_groups"]]


def test_dish_is_told_when_its_allergens_change(place: Place, manager: Client) -> None:
    milk, before = AllergenFactory(restaurant=place.restaurant), len(told())
    body = {
        "name": place.dish.name,
        "category": place.dish.category_id,
        "price": "9.50",
        "station": place.station.pk,
        "prep_minutes": 10,
        "is_available": "on",
        "initial-is_available": "True",
        "contained-TOTAL_FORMS": 1,
        "contained-INITIAL_FORMS": 0,
        "contained-0-allergen": milk.pk,
        "choices-TOTAL_FORMS": 0,
        "choices-INITIAL_FORMS": 0,
    }

    assert manager.post(f"/admin/orders/menuitem/{place.dish.pk}/change/", body).status_code == 302
    assert told()[before:] == [["allergens"]]


@pytest.mark.parametrize("orders", [1, 6])
def test_deletion_is_refused_without_reading_the_orders(
    place: Place, manager: Client, orders: int, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(orders):
        place.order()

    with django_assert_max_num_queries(12):
        page = manager.get(f"/admin/orders/menuitem/{place.dish.pk}/delete/")
    manager.post(f"/admin/orders/menuitem/{place.dish.pk}/delete/", {"post": "yes"})

    assert "Burger: It was ordered: 86 it instead." in page.content.decode()
    assert MenuItem.objects.filter(pk=place.dish.pk).exists()


def test_picture_goes_with_its_dish(place: Place, manager: Client, folder: Path) -> None:
    send(manager, place.dish, picture())

    manager.post(f"/admin/orders/menuitem/{place.dish.pk}/delete/", {"post": "yes"})

    assert not MenuItem.objects.exists()
    assert [path for path in folder.rglob("*") if path.is_file()] == []


def test_guest_is_erased_when_a_manager_deletes_one(place: Place, manager: Client) -> None:
    ada = CustomerFactory(restaurant=place.restaurant, name="Ada")
    order = place.order(customer_id=ada.pk)

    page = manager.get(f"/admin/orders/customer/{ada.pk}/delete/")
    manager.post(f"/admin/orders/customer/{ada.pk}/delete/", {"post": "yes"})

    assert "Ada" in page.content.decode()
    assert (Customer.objects.count(), Order.objects.get(pk=order.pk).customer_name) == (0, "")
    assert not Event.objects.filter(data__contains="Ada").exists()


def test_choice_is_added_with_what_there_is_to_choose_from(place: Place, manager: Client) -> None:
    sent = {"restaurant": place.restaurant.pk, "name": "Sauce", "min": 0, "max": 1}
    sent |= {"modifiers-TOTAL_FORMS": 1, "modifiers-INITIAL_FORMS": 0, "modifiers-0-name": "Aioli"}

    response = manager.post(
        "/admin/orders/modifiergroup/add/", sent | {"modifiers-0-price": "0.80", "modifiers-0-position": 0}
    )

    assert response.status_code == 302
    modifier = Modifier.objects.get()
    assert (modifier.group.name, modifier.name, str(modifier.price)) == ("Sauce", "Aioli", "0.80")
