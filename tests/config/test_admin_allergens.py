"""Allergens written in the admin: open tickets ask for a word as they do for the API, and names stay while awaited."""

from __future__ import annotations

import pytest
from django.test import Client

from kitchen.models import IngredientAllergen
from orders.models import Allergen, Order
from orders.services.dishes import AskedItem
from orders.services.orders import create_order
from orders.states import Channel, Role
from tests.config.test_admin_changes import fields_of, said
from tests.contracts import items
from tests.cookery import ingredient, recipe
from tests.places import Place, open_place


@pytest.fixture
def place(transactional_db: None) -> Place:
    return open_place("grillhaus")


@pytest.fixture
def manager(place: Place) -> Client:
    client = Client()
    client.force_login(place.staff(Role.MANAGER).user)
    return client


@pytest.fixture
def nuts(place: Place) -> Allergen:
    return Allergen.objects.create(restaurant=place.restaurant, name="Nuts")


def order_without(place: Place, nuts: Allergen) -> Order:
    """Confirm an order of a guest who can't have nuts."""
    asked = [AskedItem(place.dish.pk, 1)]
    return place.confirm(create_order(actor=place.actor, channel=Channel.TAKEAWAY, items=asked, allergen_ids=[nuts.pk]))


def alerts(order: Order) -> list[list[str]]:
    return [item.allergy_alert for item in items(order)]


def test_open_ticket_asks_when_the_dish_is_found_to_have_the_allergen(
    place: Place, manager: Client, nuts: Allergen
) -> None:
    order, path = order_without(place, nuts), f"/admin/orders/menuitem/{place.dish.pk}/change/"
    sent = fields_of(manager.get(path)) | {"contained-TOTAL_FORMS": "1", "contained-0-allergen": str(nuts.pk)}

    manager.post(path, sent)

    assert list(place.dish.allergens.all()) == [nuts]
    assert alerts(order) == [["Nuts"]]


@pytest.mark.parametrize("is_trace", [False, True])
def test_open_ticket_asks_when_an_ingredient_is_found_to_have_the_allergen(
    place: Place, manager: Client, nuts: Allergen, is_trace: bool
) -> None:
    bun = ingredient(place.restaurant, "Bun", unit="piece")
    recipe(place.dish, {"Grill": (6, [place.station])}, {bun: ("1", "piece")})
    order, path = order_without(place, nuts), f"/admin/kitchen/ingredient/{bun.pk}/change/"
    sent = fields_of(manager.get(path)) | {"contained-TOTAL_FORMS": "1", "contained-0-allergen": str(nuts.pk)}

    manager.post(path, sent | ({"contained-0-is_trace": "on"} if is_trace else {}) | {"name": "Sesame bun"})

    bun.refresh_from_db()
    assert (bun.name, IngredientAllergen.objects.get().is_trace) == ("Sesame bun", is_trace)
    assert alerts(order) == [["Nuts"]]


def test_allergen_is_struck_out_of_an_ingredient_when_its_line_is_deleted(
    place: Place, manager: Client, nuts: Allergen
) -> None:
    bun = ingredient(place.restaurant, "Bun", unit="piece", allergen="Nuts")
    path = f"/admin/kitchen/ingredient/{bun.pk}/change/"

    manager.post(path, fields_of(manager.get(path)) | {"contained-0-DELETE": "on"})

    assert not IngredientAllergen.objects.exists()


def test_allergen_keeps_its_name_while_a_guest_waits_who_cannot_have_it(
    place: Place, manager: Client, nuts: Allergen
) -> None:
    order_without(place, nuts)
    path = f"/admin/orders/allergen/{nuts.pk}/change/"

    response = manager.post(path, fields_of(manager.get(path)) | {"name": "Tree nuts"}, follow=True)

    nuts.refresh_from_db()
    assert nuts.name == "Nuts"
    assert said(response) == ["Nuts can't be renamed while open orders name it, or have dishes with it."]
