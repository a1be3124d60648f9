"""The kitchen in the admin: stations that close, tickets recalled, hurried and fired, contracts to look at."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client

from kitchen.models import KitchenOrder, KitchenOrderItem, ProductionContract, Station
from kitchen.services.recipes import AskedStep
from kitchen.services.tickets import ItemMove, set_ticket_item_statuses
from kitchen.states import TicketItemStatus
from orders.models import Allergen, MenuItemAllergen
from orders.services.dishes import AskedItem
from orders.services.orders import create_order, update_order
from orders.states import Channel, Role
from tests.config.test_admin_changes import act, by_manager, edit, events_since, fields_of, head, said
from tests.pantry import written
from tests.places import Place, open_place

STATIONS = "/admin/kitchen/station/"
TICKETS = "/admin/kitchen/kitchenorder/"
CONTRACTS = "/admin/kitchen/productioncontract/"


@pytest.fixture
def place(transactional_db: None) -> Place:
    return open_place("grillhaus")


@pytest.fixture
def manager(place: Place) -> Client:
    client = Client()
    client.force_login(place.staff(Role.MANAGER).user)
    return client


def two_courses(place: Place) -> KitchenOrder:
    lines = [AskedItem(place.dish.pk, 1, course=course) for course in (1, 2)]
    order = create_order(actor=place.actor, channel=Channel.DINE_IN, items=lines, table_id=place.table.pk)
    place.confirm(order)
    return KitchenOrder.objects.get(order=order)


def ready(place: Place) -> KitchenOrder:
    ticket = place.ticket()
    moves = [ItemMove(item.pk, TicketItemStatus.READY) for item in ticket.items.all()]
    return set_ticket_item_statuses(ticket_id=ticket.pk, moves=moves, actor=place.actor)


# Stations -----------------------------------------------------------------------------------------


def test_waiting_work_is_moved_when_a_station_is_closed(place: Place, manager: Client) -> None:
    spare = Station.objects.create(restaurant=place.restaurant, name="Spare")
    ticket = place.ticket()
    before = head()

    edit(manager, f"{STATIONS}{place.station.pk}/change/", is_active=None)

    assert not Station.objects.get(pk=place.station.pk).is_active
    assert ticket.items.get().station_id == spare.pk
    assert events_since(before) == by_manager(
        place, "station:updated", "kitchen:station_assigned", "station:updated", "station:updated"
    )


def test_station_is_set_up_by_the_service(place: Place, manager: Client) -> None:
    sent = fields_of(manager.get(f"{STATIONS}add/")) | {"name": "Fry", "capacity": "7"}
    before = head()

    response = manager.post(f"{STATIONS}add/", sent, follow=True)

    station = Station.objects.get(name="Fry")
    assert (station.capacity, station.is_active, station.restaurant_id) == (7, True, place.restaurant.pk)
    assert "was added successfully" in said(response)[0]
    assert events_since(before) == by_manager(place, "station:updated")


def test_only_what_the_user_changed_is_written_when_others_close_it_meanwhile(place: Place, manager: Client) -> None:
    page = fields_of(manager.get(f"{STATIONS}{place.station.pk}/change/"))
    Station.objects.filter(pk=place.station.pk).update(silently=True, is_active=False)

    manager.post(f"{STATIONS}{place.station.pk}/change/", page | {"name": "Fire"})

    station = Station.objects.get(pk=place.station.pk)
    assert (station.name, station.is_active) == ("Fire", False)


@pytest.mark.parametrize("capacity", ["0", "1000", "x", ""])
def test_capacity_is_refused_beside_its_field_when_it_is_none(place: Place, manager: Client, capacity: str) -> None:
    response = edit(manager, f"{STATIONS}{place.station.pk}/change/", capacity=capacity)

    assert "capacity" in response.context["adminform"].form.errors


def test_station_that_is_needed_stays(place: Place, manager: Client) -> None:
    place.ticket()

    page = manager.get(f"{STATIONS}{place.station.pk}/delete/")
    manager.post(f"{STATIONS}{place.station.pk}/delete/", {"post": "yes"})
    act(manager, STATIONS, "delete_selected", [place.station], post="yes")

    assert "There is work for it" in page.content.decode()
    assert Station.objects.filter(pk=place.station.pk).exists()


def test_station_is_taken_out_when_nothing_needs_it(place: Place, manager: Client) -> None:
    spare = Station.objects.create(restaurant=place.restaurant, name="Spare")
    before = head()

    manager.post(f"{STATIONS}{spare.pk}/delete/", {"post": "yes"})

    assert not Station.objects.filter(pk=spare.pk).exists()
    assert events_since(before) == by_manager(place, "station:updated")


def test_labels_begin_with_a_capital_when_a_station_is_shown(place: Place, manager: Client) -> None:
    page = manager.get(f"{STATIONS}{place.station.pk}/change/").text

    labels = re.findall(r"<label[^>]*>([^<]+)</label>", page)
    assert labels == ["Name:", "Capacity:", "Is active", "Load:"]


# Tickets ------------------------------------------------------------------------------------------


def test_ticket_is_recalled_with_its_reason(place: Place, manager: Client) -> None:
    ticket = ready(place)

    response = act(manager, TICKETS, "recall", [ticket], reason="Cold.")

    ticket.refresh_from_db()
    assert said(response) == ["1 ticket moved."]
    assert (ticket.status, ticket.recall_reason, ticket.order.status) == ("preparing", "Cold.", "preparing")


def test_next_course_is_fired_and_no_other(place: Place, manager: Client) -> None:
    ticket = two_courses(place)

    first = act(manager, TICKETS, "fire", [ticket])
    second = act(manager, TICKETS, "fire", [ticket])

    assert said(first) == ["1 ticket moved."]
    assert said(second) == ["T1-001: Ticket T1-001 has no course that is held."]
    assert not KitchenOrderItem.objects.filter(held=True).exists()


@pytest.mark.parametrize(
    ("action", "priority"), [("make_vip", "vip"), ("make_express", "express"), ("make_normal", "normal")]
)
def test_priority_is_the_managers_word(place: Place, manager: Client, action: str, priority: str) -> None:
    ticket, before = place.ticket(), head()

    act(manager, TICKETS, action, [ticket])

    assert KitchenOrder.objects.get(pk=ticket.pk).priority == priority
    expected = [] if priority == "normal" else by_manager(place, "kitchen:priority_changed")
    assert events_since(before) == expected


def test_ticket_shows_contract_steps_courses_alerts_and_changes(place: Place, manager: Client) -> None:
    nuts = Allergen.objects.create(restaurant=place.restaurant, name="Nuts")
    MenuItemAllergen.objects.create(menu_item=place.dish, allergen=nuts)
    written(place.dish, steps=[AskedStep("Sear", 5, place.station.pk), AskedStep("Plate", 2, None)])
    ticket = two_courses(place)
    update_order(order_id=ticket.order_id, allergen_ids=[nuts.pk], actor=place.actor)

    page = manager.get(f"{TICKETS}{ticket.pk}/change/").content.decode()

    contract = ProductionContract.objects.get(version=2)
    assert f'<a href="{CONTRACTS}{contract.pk}/change/">v2</a>' in page
    assert "Sear (5 min, Grill) → Plate (2 min, Grill)" in page
    assert "⚠ Nuts (not confirmed)" in page


def prep_minutes(page: str) -> list[str]:
    """What a ticket's page says of its minutes."""
    return re.findall(r'field-prep_took.*?<div class="readonly">(.*?)</div>', page, re.DOTALL)


def test_minutes_are_a_dash_when_a_ticket_is_not_made_yet(place: Place, manager: Client) -> None:
    ticket = place.ticket()

    page = manager.get(f"{TICKETS}{ticket.pk}/change/").text

    assert prep_minutes(page) == ["-"]
    assert ">None<" not in page


def test_minutes_are_whole_when_a_ticket_is_made(place: Place, manager: Client) -> None:
    ticket = place.ticket()
    ready_at = ticket.created_at + dt.timedelta(minutes=7, seconds=31)
    KitchenOrder.objects.filter(pk=ticket.pk).update(silently=True, ready_at=ready_at)

    page = manager.get(f"{TICKETS}{ticket.pk}/change/").text

    assert prep_minutes(page) == ["8"]


# Contracts ----------------------------------------------------------------------------------------


def changed(place: Place) -> ProductionContract:
    """The second version of an order's contract."""
    ticket = place.ticket()
    update_order(order_id=ticket.order_id, notes="Hurry", actor=place.actor)
    return ProductionContract.objects.get(order=ticket.order_id, version=2)


def test_contracts_are_listed_and_shown_and_never_changed(place: Place, manager: Client) -> None:
    contract = changed(place)

    listed = manager.get(f"{CONTRACTS}?q=T1-001")
    page = manager.get(f"{CONTRACTS}{contract.pk}/change/")
    answers: list[Any] = [
        manager.get(f"{CONTRACTS}add/"),
        manager.post(f"{CONTRACTS}{contract.pk}/change/", {"notes": "x"}),
        manager.post(f"{CONTRACTS}{contract.pk}/delete/", {"post": "yes"}),
    ]

    assert [row.version for row in listed.context["cl"].result_list] == [1, 2]
    assert "Burger (10 min, Grill)" in page.content.decode()
    assert [answer.status_code for answer in answers] == [403, 403, 403]


def test_contracts_stand_on_their_orders_page(place: Place, manager: Client) -> None:
    contract = changed(place)

    page = manager.get(f"/admin/orders/order/{contract.order_id}/change/").content.decode()

    assert f"{CONTRACTS}{contract.pk}/change/" in page


def test_contract_of_another_restaurant_is_not_shown(manager: Client) -> None:
    contract = changed(open_place("bistro"))

    response = manager.get(f"{CONTRACTS}{contract.pk}/change/")

    assert response.status_code == 302
    assert list(manager.get(CONTRACTS).context["cl"].result_list) == []
