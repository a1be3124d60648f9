"""Who gets into the admin, and that nobody sees or changes there what is another restaurant's."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.test import Client

from kitchen.models import Consumption, Ingredient, KitchenOrder, ProductionContract, Recipe, Station
from kitchen.services.tickets import set_ticket_status
from kitchen.states import TicketStatus
from orders.models import (
    Allergen,
    CancellationRequest,
    Category,
    Counter,
    Customer,
    Device,
    FoodType,
    Membership,
    MenuItem,
    ModifierGroup,
    Order,
    Payment,
    Refund,
    Restaurant,
    Table,
    User,
)
from orders.services.cancellations import request_cancellation
from orders.services.devices import pair_device
from orders.services.payments import refund_payment, take_payment
from orders.states import DeviceKind, PaymentMethod, Role
from realtime.models import Alert, Severity
from realtime.services import raise_alert
from tests.factories import (
    AllergenFactory,
    CategoryFactory,
    CounterFactory,
    CustomerFactory,
    FoodTypeFactory,
    ModifierGroupFactory,
)
from tests.pantry import stocked, written

if TYPE_CHECKING:
    from tests.places import Place

MODELS = (
    Alert, Allergen, CancellationRequest, Category, Consumption, Counter, Customer, Device, FoodType, Ingredient,
    KitchenOrder, Membership, MenuItem, ModifierGroup, Order, Payment, ProductionContract, Recipe, Refund, Restaurant,
    Station, Table, User,
)  # fmt: skip
# What fields of forms ask for while somebody types: (app, model, field), and the model that is offered.
ASKED = {
    ("kitchen", "ingredientallergen", "allergen"): Allergen,
    ("kitchen", "recipe", "menu_item"): MenuItem,
    ("kitchen", "recipeingredient", "ingredient"): Ingredient,
    ("orders", "device", "counter"): Counter,
    ("orders", "menuitem", "category"): Category,
    ("orders", "menuitem", "food_type"): FoodType,
    ("orders", "menuitem", "station"): Station,
    ("orders", "menuitemallergen", "allergen"): Allergen,
    ("orders", "menuitemmodifiergroup", "group"): ModifierGroup,
    ("orders", "order", "table"): Table,
    ("orders", "order", "customer"): Customer,
    ("orders", "membership", "user"): User,
}


@pytest.fixture
def place(transactional_db: None) -> Place:
    from tests.places import open_place  # noqa: PLC0415 - models can be imported once the settings are there

    return open_place("grillhaus")


@pytest.fixture
def other_place(transactional_db: None) -> Place:
    from tests.places import open_place  # noqa: PLC0415

    return open_place("bistro")


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def manager(place: Place) -> Client:
    return signed_in(place.staff(Role.MANAGER).user)


def consumption(place: Place) -> Consumption:
    """What a ticket's item has used."""
    written(place.dish, [(stocked(place.restaurant.pk, "Salt"), "1", "g")])
    ticket = place.ticket()
    for to in (TicketStatus.PREPARING, TicketStatus.READY):
        set_ticket_status(ticket_id=ticket.pk, to=to, actor=place.actor)
    return Consumption.objects.get(restaurant=place.restaurant)


MADE: dict[Any, Callable[[Place], Any]] = {
    Consumption: consumption,
    Ingredient: lambda place: stocked(place.restaurant.pk, f"Salt of {place.restaurant}"),
    KitchenOrder: lambda place: place.ticket(),
    Membership: lambda place: place.staff(Role.WAITER),
    Order: lambda place: place.order(),
    ProductionContract: lambda place: place.ticket().contract,
    Recipe: lambda place: written(place.dish),
    Restaurant: lambda place: place.restaurant,
    User: lambda place: place.staff(Role.WAITER).user,
}


def row_of(model: type[Any], place: Place) -> Any:
    """A row of the model that is the place's."""
    if model in MADE:
        return MADE[model](place)
    if model in (Payment, Refund):
        paid = take_payment(order_id=place.order().pk, amount=Decimal(5), method=PaymentMethod.CARD, actor=place.actor)
        return paid if model is Payment else refund_payment(payment_id=paid.pk, reason="Cold", actor=place.actor)
    if model is CancellationRequest:
        return request_cancellation(order_id=place.ticket().order_id, reason="They left", actor=place.actor)
    if model is Device:
        return pair_device(name="Pass", kind=DeviceKind.DISPLAY, actor=place.actor)[0]
    if model is Alert:
        return raise_alert(actor=place.actor, severity=Severity.INFO, message="Oven two is cold")
    made = {Station: place.station, Table: place.table, MenuItem: place.dish, Category: place.dish.category}
    factories: dict[Any, Any] = {
        Allergen: AllergenFactory,
        Counter: CounterFactory,
        Customer: CustomerFactory,
        FoodType: FoodTypeFactory,
        ModifierGroup: ModifierGroupFactory,
    }
    return made[model] if model in made else factories[model](restaurant=place.restaurant)


def address(row: Any, page: str = "") -> str:
    model = type(row)._meta
    start = f"/admin/{model.app_label}/{model.model_name}/"
    return f"{start}{row.pk}/{page}/" if page else start


def ids_in_list(response: Any) -> set[int]:
    return {row.pk for row in response.context["cl"].result_list}


def test_every_model_is_there_and_no_group() -> None:
    assert set(MODELS) == set(admin.site._registry)
    assert not admin.site.is_registered(Group)


@pytest.mark.parametrize("path", ["/admin/", "/admin/orders/order/", "/admin/orders/user/1/password/", "/admin/x/"])
def test_stranger_is_sent_to_sign_in_when_opening(place: Place, path: str) -> None:
    response = Client().get(path)

    assert (response.status_code, response["Location"]) == (302, f"/login/?next={path}")


def test_the_admins_own_sign_in_is_that_of_all_staff(place: Place, manager: Client) -> None:
    assert Client().get("/admin/login/?next=/admin/orders/")["Location"] == "/login/?next=/admin/orders/"
    assert Client().get("/admin/login/?next=https://evil.example/")["Location"] == "/login/?next=/admin/"
    assert manager.get("/admin/login/?next=https://evil.example/")["Location"] == "/admin/"


@pytest.mark.parametrize("role", [Role.WAITER, Role.KITCHEN, Role.CASHIER])
def test_admin_is_refused_when_the_role_is(place: Place, role: Role) -> None:
    client = signed_in(place.staff(role).user)

    response = client.get("/admin/orders/order/")

    assert response.status_code == 403
    assert "The administration is for owners and managers." in response.text


@pytest.mark.parametrize("role", [Role.MANAGER, Role.OWNER])
def test_admin_opens_when_the_role_is(place: Place, role: Role) -> None:
    response = signed_in(place.staff(role).user).get("/admin/")

    assert response.status_code == 200


def test_admin_is_refused_when_the_membership_has_ended(place: Place) -> None:
    membership = place.staff(Role.OWNER)
    membership.is_active = False
    membership.save()

    assert signed_in(membership.user).get("/admin/").status_code == 403


def test_is_staff_opens_nothing(place: Place) -> None:
    user = User.objects.create_user("clerk", is_staff=True)

    assert signed_in(user).get("/admin/").status_code == 403


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_list_shows_own_rows_only(place: Place, other_place: Place, manager: Client, model: type[Any]) -> None:
    own, foreign = row_of(model, place), row_of(model, other_place)

    response = manager.get(address(own))

    assert response.status_code == 200
    assert own.pk in ids_in_list(response)
    assert foreign.pk not in ids_in_list(response)


@pytest.mark.parametrize("page", ["change", "delete", "history"])
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_page_is_not_there_when_the_row_is_foreign(
    place: Place, other_place: Place, manager: Client, model: type[Any], page: str
) -> None:
    foreign = row_of(model, other_place)

    seen = manager.get(address(foreign, page))
    posted = manager.post(address(foreign, page), {"post": "yes", "name": "Stolen"})

    assert seen.status_code in (302, 403, 404)
    assert seen.status_code != 302 or seen["Location"] == "/admin/"
    assert posted.status_code in (302, 403, 404, 405)
    assert type(foreign).objects.filter(pk=foreign.pk).exists()
    assert str(type(foreign).objects.get(pk=foreign.pk)) == str(foreign)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_own_page_opens(place: Place, manager: Client, model: type[Any]) -> None:
    own = row_of(model, place)

    assert manager.get(address(own, "change")).status_code == 200
    assert manager.get(address(own, "history")).status_code == 200


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_superuser_sees_every_restaurants_rows(place: Place, other_place: Place, model: type[Any]) -> None:
    rows = {row_of(model, place).pk, row_of(model, other_place).pk}
    client = signed_in(User.objects.create_superuser("root"))

    response = client.get(
        address(place.restaurant).replace("orders/restaurant", model._meta.label_lower.replace(".", "/"))
    )

    assert rows <= ids_in_list(response)


@pytest.mark.parametrize("asked", ASKED, ids="-".join)
def test_own_rows_only_are_offered_while_typing(
    place: Place, other_place: Place, manager: Client, asked: tuple[str, str, str]
) -> None:
    own, foreign = row_of(ASKED[asked], place), row_of(ASKED[asked], other_place)
    app, model, field = asked

    response = manager.get(
        "/admin/autocomplete/", {"app_label": app, "model_name": model, "field_name": field, "term": ""}
    )

    offered = {row["id"] for row in response.json()["results"]}
    assert str(own.pk) in offered
    assert str(foreign.pk) not in offered


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("/admin/orders/menuitem/", "category__id__exact"),
        ("/admin/orders/menuitem/", "station__id__exact"),
        ("/admin/orders/order/", "table__id__exact"),
    ],
)
def test_filters_name_own_rows_only(
    place: Place, other_place: Place, manager: Client, path: str, parameter: str
) -> None:
    for house in (place, other_place):
        CategoryFactory(restaurant=house.restaurant, name=f"Chapter of {house.restaurant}")
        Station.objects.create(restaurant=house.restaurant, name=f"Fry of {house.restaurant}")
        Table.objects.create(restaurant=house.restaurant, name=f"T {house.restaurant}")

    response = manager.get(path)

    assert response.context["cl"].has_filters
    assert parameter in response.text
    assert f"{place.restaurant.name}" in response.text
    assert f"{other_place.restaurant.name}" not in response.text


def test_action_reaches_own_rows_only(place: Place, other_place: Place, manager: Client) -> None:
    foreign = other_place.order()

    manager.post("/admin/orders/order/", {"action": "confirm", "_selected_action": [foreign.pk]})

    foreign.refresh_from_db()
    assert foreign.status == "pending"


def test_restaurant_is_asked_for_only_when_there_are_several(place: Place, other_place: Place, manager: Client) -> None:
    both = place.staff(Role.OWNER).user
    Membership.objects.create(restaurant=other_place.restaurant, user=both, role=Role.MANAGER)

    one = manager.get("/admin/orders/category/add/")
    several = signed_in(both).get("/admin/orders/category/add/")

    assert f'<input type="hidden" name="restaurant" value="{place.restaurant.pk}"' in one.text
    assert '<select name="restaurant"' in several.text
    assert other_place.restaurant.name in several.text
