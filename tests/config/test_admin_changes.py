"""What is changed in the admin goes through the services: announced, checked, refused in words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from django.db import connection
from django.test import Client

from kitchen.models import KitchenOrder
from orders.models import Category, HistoryEntry, MenuItem, Order, Restaurant, Table, User
from orders.services.menu import set_availability
from orders.services.orders import delete_order
from orders.shapes import timestamp
from orders.states import Role
from realtime.models import Alert, Event
from tests.factories import AllergenFactory, CategoryFactory, CustomerFactory, ModifierFactory, TableFactory
from tests.live import database_url

if TYPE_CHECKING:
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


def fields_of(response: Any) -> dict[str, Any]:
    """What a browser would send back of a page's forms, untouched."""
    forms = [response.context["adminform"].form] + [
        form
        for formset in response.context["inline_admin_formsets"]
        for form in (formset.formset.management_form, *formset.formset.forms)
    ]
    sent: dict[str, Any] = {}
    for form in forms:
        for bound in form:
            if bound.field.show_hidden_initial:
                sent[bound.html_initial_name] = bound.field.prepare_value(bound.initial)
            sent[bound.html_name] = bound.value()
    return {name: value for name, value in sent.items() if value is not None and value is not False}


def edit(client: Client, path: str, **changes: Any) -> Any:
    sent = fields_of(client.get(path)) | changes
    return client.post(path, {name: value for name, value in sent.items() if value is not None})


def said(response: Any) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def act(client: Client, path: str, action: str, rows: list[Any], **others: Any) -> Any:
    chosen = {"action": action, "_selected_action": [row.pk for row in rows], **others}
    return client.post(path, chosen, follow=True)


def events_since(head: int) -> list[tuple[str, str, str, int | None]]:
    events = Event.objects.filter(seq__gt=head).order_by("seq")
    return [(event.type, event.source, event.actor_name, event.actor_id) for event in events]


def since(order: Order) -> str:
    """What a refusal says of who brought an order to where it is, and when."""
    entry = HistoryEntry.objects.filter(order_id=order.pk, event="order:status_changed").latest("pk")
    return f" (by Manager at {timestamp(entry.at)})"


def head() -> int:
    last = Event.objects.order_by("-seq").first()
    return last.seq if last else 0


def by_manager(place: Place, *types: str) -> list[tuple[str, str, str, int | None]]:
    user = place.staff(Role.MANAGER).user
    return [(kind, "admin", user.display_name, user.pk) for kind in types]


def test_orders_move_and_refusals_are_said_when_several_are_confirmed(place: Place, manager: Client) -> None:
    good, served, also_good = place.order(), place.confirm(place.order()), place.order()
    act(manager, "/admin/orders/order/", "start", [served])
    before = head()

    response = act(manager, "/admin/orders/order/", "confirm", [good, served, also_good])

    statuses = dict(Order.objects.values_list("pk", "status"))
    assert statuses == {good.pk: "confirmed", served.pk: "preparing", also_good.pk: "confirmed"}
    number = served.order_number
    assert said(response) == [
        f"{number}: Order {number} is preparing{since(served)} and can't become confirmed.",
        "2 orders moved.",
    ]
    one = ("order:status_changed", "order:confirmed", "order:new")
    assert [event for event in events_since(before) if event[0] in one] == by_manager(place, *one, *one)
    assert {event[1] for event in events_since(before)} == {"admin"}


@pytest.mark.parametrize(
    ("actions", "status", "ticket"),
    [
        (["confirm"], "confirmed", "pending"),
        (["confirm", "start"], "preparing", "preparing"),
        (["confirm", "start", "make_ready"], "ready", "ready"),
        (["confirm", "start", "make_ready", "serve"], "served", "completed"),
    ],
)
def test_ticket_follows_when_an_order_is_moved(
    place: Place, manager: Client, actions: list[str], status: str, ticket: str
) -> None:
    order = place.order()

    for action in actions:
        act(manager, "/admin/orders/order/", action, [order])

    order.refresh_from_db()
    assert order.status == status
    assert KitchenOrder.objects.get(order=order).status == ticket


@pytest.mark.parametrize(("reason", "status"), [("Guest left", "cancelled"), ("", "confirmed")])
def test_late_cancellation_takes_a_reason(place: Place, manager: Client, reason: str, status: str) -> None:
    order = place.confirm(place.order())

    act(manager, "/admin/orders/order/", "cancel", [order], reason=reason)

    order.refresh_from_db()
    assert (order.status, order.cancel_reason) == (status, reason)


@pytest.mark.parametrize(
    ("actions", "status", "order_status"),
    [
        (["start"], "preparing", "preparing"),
        (["start", "make_ready"], "ready", "ready"),
        (["start", "make_ready", "complete"], "completed", "ready"),
    ],
)
def test_order_follows_when_a_ticket_is_moved(
    place: Place, manager: Client, actions: list[str], status: str, order_status: str
) -> None:
    ticket = place.ticket()

    for action in actions:
        act(manager, "/admin/kitchen/kitchenorder/", action, [ticket])

    ticket.refresh_from_db()
    assert (ticket.status, ticket.order.status) == (status, order_status)


def test_nothing_moves_when_a_ticket_refuses(place: Place, manager: Client) -> None:
    ticket = place.ticket()
    before = head()

    response = act(manager, "/admin/kitchen/kitchenorder/", "complete", [ticket])

    number = ticket.order_number
    refused = f"{number}: Ticket {number} is pending{since(ticket.order)} and can't become completed."
    assert said(response) == [refused]
    assert events_since(before) == []


def test_kitchen_reads_the_notes_when_they_are_changed(place: Place, manager: Client) -> None:
    ticket = place.ticket()
    before = head()

    response = edit(manager, f"/admin/orders/order/{ticket.order_id}/change/", notes="No salt")

    assert response.status_code == 302
    ticket.refresh_from_db()
    assert (ticket.notes, ticket.order.notes) == ("No salt", "No salt")
    assert events_since(before) == by_manager(
        place, "production-contract:created", "kitchen:order_updated", "order:updated"
    )


def test_order_moves_to_table_and_guest_when_they_are_changed(place: Place, manager: Client) -> None:
    order, table = place.order(), TableFactory(restaurant=place.restaurant, name="12")
    guest = CustomerFactory(restaurant=place.restaurant, name="Ada")

    edit(manager, f"/admin/orders/order/{order.pk}/change/", table=table.pk, customer=guest.pk, discount_amount="1.50")

    order.refresh_from_db()
    assert (order.table_name, order.customer_name, str(order.final_amount)) == ("12", "Ada", "8.00")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"discount_amount": "-1"}, "discount_amount"),
        ({"discount_amount": "9.51"}, "discount_amount"),
        ({"discount_amount": "1e400"}, "discount_amount"),
        ({"discount_amount": "NaN"}, "discount_amount"),
        ({"notes": "x" * 1001}, "notes"),
        ({"notes": "a\0b"}, "notes"),
        ({"priority": "now"}, "priority"),
        ({"table": "9" * 30}, "table"),
        ({"customer": "a\0b"}, "customer"),
    ],
)
def test_order_stays_when_a_field_is_wrong(place: Place, manager: Client, changes: dict[str, str], field: str) -> None:
    order = place.order()
    before = head()

    response = edit(manager, f"/admin/orders/order/{order.pk}/change/", **changes)

    assert response.status_code == 200
    assert list(response.context["adminform"].form.errors) == [field]
    order.refresh_from_db()
    assert order.version == 1
    assert events_since(before) == []


def test_order_stays_when_the_table_is_foreign(place: Place, other_place: Place, manager: Client) -> None:
    order = place.order()

    response = edit(manager, f"/admin/orders/order/{order.pk}/change/", table=other_place.table.pk)

    assert list(response.context["adminform"].form.errors) == ["table"]
    order.refresh_from_db()
    assert order.table == place.table


def test_only_what_was_changed_is_written_when_somebody_was_quicker(place: Place, manager: Client) -> None:
    order = place.order()
    path = f"/admin/orders/order/{order.pk}/change/"
    seen = fields_of(manager.get(path))
    edit(manager, path, priority="vip")

    manager.post(path, seen | {"notes": "No salt"})

    order.refresh_from_db()
    assert (order.priority, order.notes) == ("vip", "No salt")


def test_status_is_not_taken_when_it_is_posted_by_hand(place: Place, manager: Client) -> None:
    order = place.order()

    edit(manager, f"/admin/orders/order/{order.pk}/change/", status="served", final_amount="0", version="9")

    order.refresh_from_db()
    assert (order.status, str(order.final_amount), order.version) == ("pending", "9.50", 1)


def test_closed_order_is_only_looked_at(place: Place, manager: Client) -> None:
    order = place.order()
    act(manager, "/admin/orders/order/", "cancel", [order])

    response = manager.post(f"/admin/orders/order/{order.pk}/change/", {"notes": "late"})

    assert response.status_code == 403
    assert manager.get(f"/admin/orders/order/{order.pk}/change/").status_code == 200


def test_pending_order_is_deleted_and_announced(place: Place, manager: Client) -> None:
    order = place.order()
    before = head()

    manager.post(f"/admin/orders/order/{order.pk}/delete/", {"post": "yes"})

    assert not Order.objects.exists()
    assert events_since(before) == by_manager(place, "order:deleted")


def test_order_in_the_kitchen_is_protected(place: Place, manager: Client) -> None:
    ticket = place.ticket()

    response = manager.post(f"/admin/orders/order/{ticket.order_id}/delete/", {"post": "yes"})

    assert response.status_code == 403
    assert Order.objects.get().status == "confirmed"


def test_no_order_is_deleted_when_one_is_protected(place: Place, manager: Client) -> None:
    rows = [place.order(), place.ticket().order]

    response = act(manager, "/admin/orders/order/", "delete_selected", rows, post="yes")

    assert response.status_code == 200
    assert Order.objects.count() == 2


@pytest.mark.parametrize("path", ["/admin/orders/order/add/", "/admin/kitchen/kitchenorder/add/"])
def test_orders_and_tickets_are_not_made_here(place: Place, manager: Client, path: str) -> None:
    assert manager.get(path).status_code == 403


def test_dish_is_86d_on_every_screen_when_its_page_says_so(place: Place, manager: Client) -> None:
    before = head()

    response = edit(manager, f"/admin/orders/menuitem/{place.dish.pk}/change/", is_available=None)

    assert response.status_code == 302
    assert not MenuItem.objects.get().is_available
    assert events_since(before) == by_manager(place, "menu-item:updated")


@pytest.mark.parametrize(("action", "is_available"), [("take_off", False), ("bring_back", True)])
def test_dishes_are_86d_and_had_back_by_actions(place: Place, manager: Client, action: str, is_available: bool) -> None:
    set_availability(menu_item_id=place.dish.pk, actor=place.actor, is_available=not is_available)
    before = head()

    act(manager, "/admin/orders/menuitem/", action, [place.dish])

    assert MenuItem.objects.get().is_available is is_available
    assert events_since(before) == by_manager(place, "menu-item:updated")


def test_dish_is_86d_in_the_list(place: Place, manager: Client) -> None:
    before = head()

    response = manager.post(
        "/admin/orders/menuitem/",
        {
            "form-TOTAL_FORMS": 1, "form-INITIAL_FORMS": 1, "form-0-id": place.dish.pk,
            "initial-form-0-is_available": "True", "_save": "Save",
        },
    )  # fmt: skip

    assert response.status_code == 302
    assert not MenuItem.objects.get().is_available
    assert events_since(before) == by_manager(place, "menu-item:updated")


def test_stock_is_not_written_back_when_it_was_counted_down_meanwhile(place: Place, manager: Client) -> None:
    set_availability(menu_item_id=place.dish.pk, actor=place.actor, stock=5)
    path = f"/admin/orders/menuitem/{place.dish.pk}/change/"
    seen = fields_of(manager.get(path))
    place.order(quantity=2)

    manager.post(path, seen | {"price": "12.00"})

    dish = MenuItem.objects.get()
    assert (str(dish.price), dish.stock) == ("12.00", 3)


@pytest.mark.parametrize("field", ["category", "station", "food_type"])
def test_dish_takes_nothing_foreign(place: Place, other_place: Place, manager: Client, field: str) -> None:
    foreign = {"category": other_place.dish.category_id, "station": other_place.station.pk, "food_type": 10**18}
    before = head()

    response = edit(manager, f"/admin/orders/menuitem/{place.dish.pk}/change/", **{field: foreign[field]})

    assert list(response.context["adminform"].form.errors) == [field]
    assert events_since(before) == []


def test_dish_is_of_one_restaurant_when_somebody_runs_two(place: Place, other_place: Place) -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    path = f"/admin/orders/menuitem/{place.dish.pk}/change/"

    response = edit(client, path, category=other_place.dish.category_id)
    allergen = AllergenFactory(restaurant=other_place.restaurant)
    inline = edit(client, path, **{"contained-TOTAL_FORMS": 1, "contained-0-allergen": allergen.pk})

    assert response.context["adminform"].form.errors == {"category": ["This belongs to another restaurant."]}
    assert inline.context["inline_admin_formsets"][0].formset.errors == [
        {"allergen": ["This belongs to another restaurant."]}
    ]


def test_row_of_a_foreign_restaurant_is_not_added(place: Place, other_place: Place, manager: Client) -> None:
    response = manager.post(
        "/admin/orders/category/add/", {"restaurant": other_place.restaurant.pk, "name": "Mine", "position": "0"}
    )

    assert list(response.context["adminform"].form.errors) == ["restaurant"]
    assert not Category.objects.filter(name="Mine").exists()


def test_alert_is_raised_by_the_service(place: Place, manager: Client) -> None:
    before = head()

    response = manager.post(
        "/admin/realtime/alert/add/",
        {"restaurant": place.restaurant.pk, "severity": "error", "message": "Gas is off", "audience": "staff"},
    )

    assert response.status_code == 302
    assert Alert.objects.get().message == "Gas is off"
    assert events_since(before) == by_manager(place, "alert")


@pytest.mark.parametrize(
    ("path", "values", "field"),
    [
        ("orders/category", {"name": "a\0b"}, "name"),
        ("orders/category", {"name": "Mains"}, "__all__"),
        ("orders/category", {"name": "x", "position": "9" * 40}, "position"),
        ("orders/table", {"name": "x" * 21}, "name"),
        ("orders/table", {"name": "8", "seats": "-1"}, "seats"),
        ("orders/customer", {"email": "nobody"}, "email"),
        ("orders/modifiergroup", {"name": "x", "min": "3", "max": "2"}, "max"),
        ("kitchen/station", {"name": "Grill"}, "__all__"),
        ("kitchen/station", {"name": "Fry", "capacity": "0"}, "capacity"),
        ("realtime/alert", {"message": ""}, "message"),
    ],
)
def test_bad_row_is_refused_beside_its_field(
    place: Place, manager: Client, path: str, values: dict[str, str], field: str
) -> None:
    sent = fields_of(manager.get(f"/admin/{path}/add/")) | values

    response = manager.post(f"/admin/{path}/add/", sent)

    assert response.status_code == 200
    assert field in response.context["adminform"].form.errors


def test_name_that_is_taken_is_refused_when_a_row_is_renamed(place: Place, manager: Client) -> None:
    other = CategoryFactory(restaurant=place.restaurant, name="Drinks")

    response = edit(manager, f"/admin/orders/category/{other.pk}/change/", name="Mains")

    assert "__all__" in response.context["adminform"].form.errors


@pytest.mark.parametrize(
    "minutes", ["[]", '{"boat": {}}', '{"delivery": 5}', '{"delivery": {"warn": "5"}}', '{"delivery": {"soon": 5}}',
                '{"delivery": {"warn": -1}}', '{"delivery": {"warn": 9999999}}', '{"\\u0000": {}}', "{"],
)  # fmt: skip
def test_minutes_of_channels_are_checked(place: Place, manager: Client, minutes: str) -> None:
    path = f"/admin/orders/restaurant/{place.restaurant.pk}/change/"

    response = edit(manager, path, channel_minutes=minutes)

    assert list(response.context["adminform"].form.errors) == ["channel_minutes"]


def test_restaurant_is_changed_but_for_its_slug_and_currency(place: Place, manager: Client) -> None:
    path = f"/admin/orders/restaurant/{place.restaurant.pk}/change/"

    edit(manager, path, name="Grill & Bar", slug="stolen", currency="USD", channel_minutes='{"delivery": {"late": 25}}')

    place.restaurant.refresh_from_db()
    restaurant = place.restaurant
    assert (restaurant.name, restaurant.slug, restaurant.currency) == ("Grill & Bar", "grillhaus", "EUR")
    assert restaurant.channel_minutes == {"delivery": {"late": 25}}


def test_currency_stays_while_orders_are_open(place: Place) -> None:
    operator = Client()
    operator.force_login(User.objects.create_superuser("root"))
    path = f"/admin/orders/restaurant/{place.restaurant.pk}/change/"
    order = place.order()

    refused = edit(operator, path, currency="JPY").context["adminform"].form.errors
    delete_order(order_id=order.pk, actor=place.actor)
    edit(operator, path, currency="JPY")

    assert refused == {"currency": ["Orders are open in EUR: close them before the currency changes."]}
    place.restaurant.refresh_from_db()
    assert place.restaurant.currency == "JPY"


def test_prices_are_checked_when_the_currency_has_no_cents(place: Place, manager: Client) -> None:
    Restaurant.objects.filter(pk=place.restaurant.pk).update(currency="JPY")
    modifier = ModifierFactory(group__restaurant=place.restaurant)

    dish = edit(manager, f"/admin/orders/menuitem/{place.dish.pk}/change/", price="9.50")
    group = edit(manager, f"/admin/orders/modifiergroup/{modifier.group_id}/change/", **{"modifiers-0-price": "0.50"})

    small = ["JPY has no unit as small as that."]
    assert dish.context["adminform"].form.errors == {"price": small}
    assert group.context["inline_admin_formsets"][0].formset.errors[0] == {"price": small}


def test_table_is_protected_when_an_order_names_it(place: Place, manager: Client) -> None:
    place.order()

    response = manager.post(f"/admin/orders/table/{place.table.pk}/delete/", {"post": "yes"})

    assert response.status_code == 200
    assert "protected" in response.text
    assert Table.objects.filter(pk=place.table.pk).exists()


def test_token_of_a_table_is_shown_and_not_asked_for(place: Place, manager: Client) -> None:
    response = manager.get(f"/admin/orders/table/{place.table.pk}/change/")

    assert place.table_token in response.text
    assert not re.search(r'name="(nonce|token)"', response.text)


@pytest.mark.parametrize(
    "query", ["q=%00", "status__exact=%00", "table__id__exact=" + "9" * 30, "created_at__year=99999999", "o=9.9.x",
              "p=" + "9" * 30, "id__exact=x", "id__in=" + "9" * 40, "created_at__gte=x", "%00=1", "e=1"],
)  # fmt: skip
def test_list_opens_when_its_address_is_nonsense(place: Place, manager: Client, query: str) -> None:
    place.order()

    response = manager.get(f"/admin/orders/order/?{query}", follow=True)

    assert response.status_code == 200


@pytest.mark.parametrize("pk", ["x", "9" * 40, "1\0", "-1", "١"])
def test_choice_is_refused_when_it_is_nonsense(place: Place, manager: Client, pk: str) -> None:
    order = place.order()

    response = manager.post("/admin/orders/order/", {"action": "confirm", "_selected_action": [pk]}, follow=True)

    order.refresh_from_db()
    assert (response.status_code, order.status) == (200, "pending")


def test_nothing_is_offered_when_what_is_typed_can_be_in_no_name(place: Place, manager: Client) -> None:
    query = {"app_label": "orders", "model_name": "order", "field_name": "table", "term": "\0"}

    assert manager.get("/admin/autocomplete/", query).json()["results"] == []


def test_row_that_stays_locked_is_said_above_the_page_when_it_is_saved(place: Place, manager: Client) -> None:
    path = f"/admin/orders/menuitem/{place.dish.pk}/change/"
    sent = fields_of(manager.get(path)) | {"name": "Ribs"}

    with psycopg.connect(database_url()) as elsewhere, connection.cursor() as cursor:
        elsewhere.execute("SELECT 1 FROM orders_menuitem WHERE id = %s FOR UPDATE", [place.dish.pk])
        cursor.execute("SET lock_timeout = '50ms'")
        response = manager.post(path, sent, follow=True)
        cursor.execute("RESET lock_timeout")

    assert said(response) == ["Something else changed at the same time. Look again, and try again."]
    assert MenuItem.objects.get(pk=place.dish.pk).name == place.dish.name
