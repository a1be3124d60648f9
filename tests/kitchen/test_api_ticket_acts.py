"""What a kitchen does with a ticket beyond moving it, over REST: opens, recalls, hurries, moves, fires, confirms."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from kitchen.models import KitchenOrder, ProductionContract
from kitchen.services.recipes import AskedStep
from orders.models import MenuItemAllergen
from orders.scopes import Scope
from orders.states import Role
from tests.callers import Caller, Reply
from tests.factories import AllergenFactory, MenuItemFactory, StationFactory
from tests.pantry import written
from tests.ticketless import lose_ticket

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

    from tests.callers import House

pytestmark = pytest.mark.django_db
TICKETS = "/api/kitchen/orders"


def ready(house: House, **others: Any) -> dict[str, Any]:
    """A ticket that is made."""
    ticket = house.ticket(**others)
    moves = {"items": [{"item_id": item["id"], "status": "ready"} for item in ticket["items"]]}
    made: dict[str, Any] = house.cook.put(f"{TICKETS}/{ticket['id']}/items/status", moves).body
    return made


def two_courses(house: House) -> dict[str, Any]:
    lines = [{"menu_item_id": house.dish.pk, "quantity": 1, "course": course} for course in (1, 2)]
    return house.ticket(items=lines)


def allergic(house: House) -> dict[str, Any]:
    """A ticket for a guest who must not have what is in the dish."""
    nuts = AllergenFactory(restaurant=house.restaurant, name="Nuts")
    dish = MenuItemFactory(restaurant=house.restaurant, station=house.station, name="Satay")
    house.manager.patch(f"/api/menu-items/{dish.pk}", {"allergen_ids": [nuts.pk]})
    assert MenuItemAllergen.objects.filter(menu_item=dish).exists()
    return house.ticket(items=[{"menu_item_id": dish.pk, "quantity": 1}], allergen_ids=[nuts.pk])


def stepped(house: House) -> dict[str, Any]:
    """A ticket of a dish that is made in two steps, the second at another station."""
    pass_ = StationFactory(restaurant=house.restaurant, name="Pass")
    dish = MenuItemFactory(restaurant=house.restaurant, name="Steak")
    written(dish, steps=[AskedStep("Sear", 5, house.station.pk), AskedStep("Plate", 2, pass_.pk)])
    return house.ticket(items=[{"menu_item_id": dish.pk, "quantity": 1}])


def item_of(ticket: dict[str, Any]) -> str:
    return f"{TICKETS}/{ticket['id']}/items/{ticket['items'][0]['id']}"


# Opening ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by_contract", [False, True])
def test_ticket_is_opened_when_a_confirmed_order_has_none(house: House, by_contract: bool) -> None:
    order = house.confirmed()
    contract = ProductionContract.objects.get()
    lose_ticket(order["id"])
    before = house.announced()

    if by_contract:
        reply = house.cook.post(f"{TICKETS}/from-contract/{contract.pk}")
    else:
        reply = house.cook.post(TICKETS, {"order_id": order["id"]})

    ticket = KitchenOrder.objects.get()
    assert (reply.status, reply.headers["ETag"]) == (201, '"1"')
    assert reply.headers["Location"] == f"{TICKETS}/{ticket.pk}"
    assert reply.body == house.cook.get(f"{TICKETS}/by-order/{order['id']}").body
    assert (reply.body["status"], reply.body["contract_version"], len(reply.body["items"])) == ("pending", 2, 1)
    assert house.events()[before:][:2] == ["production-contract:created", "order:new"]


@pytest.mark.parametrize("by_contract", [False, True])
def test_conflict_when_there_is_a_ticket(house: House, by_contract: bool) -> None:
    order = house.confirmed()
    before = house.announced()
    path = f"{TICKETS}/from-contract/{ProductionContract.objects.get().pk}" if by_contract else TICKETS

    reply = house.cook.post(path, None if by_contract else {"order_id": order["id"]})

    assert (reply.status, reply.body["code"]) == (409, "conflict")
    assert reply.body["detail"] == "Order T1-001 has its ticket already."
    assert (KitchenOrder.objects.count(), house.announced()) == (1, before)


@pytest.mark.parametrize("status", ["pending", "ready", "cancelled"])
def test_conflict_when_the_kitchen_has_nothing_to_make_of_it(house: House, status: str) -> None:
    order = house.order()
    if status != "pending":
        house.waiter.put(f"/api/orders/{order['id']}/confirm")
        body = {"status": status, "reason": "They left."}
        assert house.manager.put(f"/api/orders/{order['id']}/status", body).status == (
            200 if status != "ready" else 409
        )
    if status == "ready":
        for step in ("preparing", "ready"):
            house.manager.put(f"/api/orders/{order['id']}/status", {"status": step})
    lose_ticket(order["id"])
    before = house.announced()

    reply = house.cook.post(TICKETS, {"order_id": order["id"]})

    assert (reply.status, reply.body["code"]) == (409, "conflict")
    assert f"is {status}" in reply.body["detail"]
    assert house.announced() == before


def test_new_ticket_is_as_far_as_its_order_when_that_was_begun(house: House) -> None:
    order = house.confirmed()
    house.manager.put(f"/api/orders/{order['id']}/status", {"status": "preparing"})
    line = order["items"][0]["id"]
    house.manager.patch(f"/api/orders/{order['id']}/items/{line}/status", {"status": "preparing"})
    lose_ticket(order["id"])

    ticket = house.cook.post(TICKETS, {"order_id": order["id"]}).body

    assert (ticket["status"], ticket["items"][0]["status"]) == ("preparing", "preparing")
    assert house.waiter.get(f"/api/orders/{order['id']}").body["status"] == "preparing"


def test_not_found_when_order_or_contract_is_unknown_or_anothers(house: House, foreign: House) -> None:
    order = foreign.confirmed()
    contract = ProductionContract.objects.get()
    lose_ticket(order["id"])

    replies = [
        house.cook.post(TICKETS, {"order_id": order["id"]}),
        house.cook.post(TICKETS, {"order_id": 999999}),
        house.cook.post(f"{TICKETS}/from-contract/{contract.pk}"),
        house.cook.post(f"{TICKETS}/from-contract/999999"),
    ]

    assert [(reply.status, reply.body["code"]) for reply in replies] == [(404, "not_found")] * 4
    assert KitchenOrder.objects.count() == 0


# Recalling ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("completed", [False, True])
def test_order_follows_when_its_ticket_is_recalled(house: House, completed: bool) -> None:
    ticket = ready(house)
    if completed:
        house.waiter.put(f"/api/orders/{ticket['order_id']}/status", {"status": "served"})
    before = house.announced()

    reply = house.cook.post(f"{TICKETS}/{ticket['id']}/recall", {"reason": "Cold."})

    assert (reply.status, reply.body["status"], reply.body["ready_at"]) == (200, "preparing", None)
    assert reply.headers["ETag"] == f'"{reply.body["version"]}"'
    assert [item["status"] for item in reply.body["items"]] == ["preparing"]
    assert house.waiter.get(f"/api/orders/{ticket['order_id']}").body["status"] == "preparing"
    assert house.events()[before:].count("kitchen:order_recalled") == 1


def test_too_late_when_it_was_ready_longer_ago(house: House) -> None:
    ticket = ready(house)
    long_ago = timezone.now() - dt.timedelta(minutes=15, seconds=1)
    KitchenOrder.objects.filter(pk=ticket["id"]).update(silently=True, ready_at=long_ago)
    before = house.announced()

    reply = house.cook.post(f"{TICKETS}/{ticket['id']}/recall")

    assert (reply.status, reply.body["code"]) == (409, "too_late")
    assert reply.body["ready_at"].startswith(f"{long_ago:%Y-%m-%dT%H:%M:%S}")
    assert house.announced() == before


def test_recall_is_refused_by_name_when_nothing_is_made_yet(house: House) -> None:
    ticket = house.ticket()
    house.cook.put(f"{TICKETS}/{ticket['id']}/acknowledge")
    assert house.cook.membership is not None

    reply = house.cook.post(f"{TICKETS}/{ticket['id']}/recall")

    assert (reply.status, reply.body["code"]) == (409, "invalid_transition")
    assert reply.body["allowed"] == ["preparing", "cancelled"]
    assert reply.body["by_name"] == house.cook.membership.user.display_name
    assert reply.body["at"] in reply.body["detail"]


def test_order_stays_away_when_it_has_left_the_house(house: House) -> None:
    ticket = ready(house, channel="delivery", table_id=None)
    house.waiter.put(f"/api/orders/{ticket['order_id']}/status", {"status": "delivering"})

    reply = house.cook.post(f"{TICKETS}/{ticket['id']}/recall")

    assert (reply.status, reply.body["code"], reply.body["allowed"]) == (409, "invalid_transition", [])
    assert "is delivering" in reply.body["detail"]


# Priority, stations, courses, allergies -----------------------------------------------------------


def test_priority_is_the_kitchens_word_when_it_is_changed(house: House) -> None:
    ticket = house.ticket()
    before = house.announced()

    reply = house.cook.patch(f"{TICKETS}/{ticket['id']}/priority", {"priority": "vip"})
    again = house.cook.patch(f"{TICKETS}/{ticket['id']}/priority", {"priority": "vip"})

    assert (reply.status, reply.body["priority"], reply.headers["ETag"]) == (200, "vip", '"2"')
    assert (again.status, again.headers["ETag"]) == (200, '"2"')
    assert house.events()[before:] == ["kitchen:priority_changed"]


@pytest.mark.parametrize(
    ("said", "quoted"), [("urgent", '"urgent"'), ("", '""'), (1, "1"), (None, None), (["vip"], "a list")]
)
def test_what_is_allowed_is_named_when_a_priority_is_none(house: House, said: Any, quoted: str | None) -> None:
    ticket = house.ticket()

    reply = house.cook.patch(f"{TICKETS}/{ticket['id']}/priority", {"priority": said})

    expected = f"{quoted} is none of normal, express, vip." if quoted else "This field may not be null."
    assert (reply.status, [error["detail"] for error in reply.body["errors"]]) == (400, [expected])


def test_priority_is_refused_when_the_ticket_is_put_away(house: House) -> None:
    ticket = ready(house)
    house.cook.put(f"{TICKETS}/{ticket['id']}/status", {"status": "completed"})

    reply = house.cook.patch(f"{TICKETS}/{ticket['id']}/priority", {"priority": "vip"})

    assert (reply.status, reply.body["code"]) == (409, "not_editable")
    assert reply.body["at"] in reply.body["detail"] or "by_name" in reply.body


def test_item_is_made_elsewhere_when_it_is_moved(house: House) -> None:
    spare = StationFactory(restaurant=house.restaurant, name="Spare")
    ticket = house.ticket()
    before = house.announced()

    reply = house.cook.patch(f"{item_of(ticket)}/station", {"station_id": spare.pk})

    item = reply.body["items"][0]
    assert (reply.status, item["station_id"], item["station_name"]) == (200, spare.pk, "Spare")
    assert item["steps"][0]["station_id"] == spare.pk
    loads = {row["id"]: row["load"] for row in house.cook.get("/api/kitchen/stations").body["results"]}
    assert loads == {house.station.pk: 0, spare.pk: 1}
    assert house.events()[before:] == ["kitchen:station_assigned", "station:updated", "station:updated"]


def test_item_stays_when_the_station_is_closed_or_the_item_is_made(house: House) -> None:
    closed = StationFactory(restaurant=house.restaurant, name="Spare", is_active=False)
    other = StationFactory(restaurant=house.restaurant, name="Other")
    ticket, made = house.ticket(), ready(house)
    before = house.announced()

    to_closed = house.cook.patch(f"{item_of(ticket)}/station", {"station_id": closed.pk})
    of_made = house.cook.patch(f"{item_of(made)}/station", {"station_id": other.pk})

    assert (to_closed.status, to_closed.body["code"]) == (409, "conflict")
    assert (of_made.status, of_made.body["code"]) == (409, "not_editable")
    assert house.announced() == before


def test_not_found_when_the_station_is_unknown_or_anothers(house: House, foreign: House) -> None:
    ticket = house.ticket()

    replies = [
        house.cook.patch(f"{item_of(ticket)}/station", {"station_id": pk}) for pk in (foreign.station.pk, 999999)
    ]

    assert [(reply.status, reply.pointers) for reply in replies] == [(404, [("/station_id", "not_found")])] * 2


def test_tickets_are_found_by_the_station_of_any_step(house: House) -> None:
    ticket, plain = stepped(house), house.ticket()
    sear, plate = (step["station_id"] for step in ticket["items"][0]["steps"])

    found = {
        station: [row["id"] for row in house.cook.get(f"{TICKETS}?station={station}").body["results"]]
        for station in (sear, plate)
    }

    assert found == {sear: [ticket["id"], plain["id"]], plate: [ticket["id"]]}


@pytest.mark.parametrize("word", ["preparing", "ready"])
def test_item_is_as_far_as_its_steps_whatever_is_said_of_it(house: House, word: str) -> None:
    ticket = stepped(house)
    path, item_id = f"/api/kitchen/orders/{ticket['id']}/items/status", ticket["items"][0]["id"]

    replies = [house.cook.put(path, {"items": [{"item_id": item_id, "status": word, "step": n}]}) for n in (0, 1)]

    assert [reply.body["items"][0]["status"] for reply in replies] == ["preparing", "ready"]


def test_item_goes_on_to_its_next_station_when_a_step_is_done(house: House) -> None:
    ticket = stepped(house)
    item_id = ticket["items"][0]["id"]
    path = f"{TICKETS}/{ticket['id']}/items/status"

    first = house.cook.put(path, {"items": [{"item_id": item_id, "status": "preparing", "step": 0}]}).body["items"][0]
    last = house.cook.put(path, {"items": [{"item_id": item_id, "status": "ready", "step": 1}]}).body

    assert [step["done"] for step in first["steps"]] == [True, False]
    assert (first["status"], first["station_name"]) == ("preparing", "Pass")
    assert (last["status"], last["items"][0]["status"]) == ("ready", "ready")


@pytest.mark.parametrize(
    ("step", "problem"), [(2, "max_value"), (-1, "min_value"), ("0", "invalid"), (True, "invalid"), (0.0, "invalid")]
)
def test_bad_request_when_there_is_no_such_step(house: House, step: Any, problem: str) -> None:
    ticket = stepped(house)
    before = house.announced()
    move = {"item_id": ticket["items"][0]["id"], "status": "preparing", "step": step}

    reply = house.cook.put(f"{TICKETS}/{ticket['id']}/items/status", {"items": [move]})

    assert (reply.status, reply.pointers, house.announced()) == (400, [("/items/0/step", problem)], before)


def test_held_course_is_made_when_it_is_fired(house: House) -> None:
    ticket = two_courses(house)
    held = {"items": [{"item_id": ticket["items"][1]["id"], "status": "ready"}]}
    refused = house.cook.put(f"{TICKETS}/{ticket['id']}/items/status", held)
    before = house.announced()

    reply = house.cook.post(f"{TICKETS}/{ticket['id']}/fire", {"course": 2})
    again = house.cook.post(f"{TICKETS}/{ticket['id']}/fire", {"course": 2})

    assert [item["held"] for item in ticket["items"]] == [False, True]
    assert (refused.status, refused.body["code"], refused.body["courses"]) == (409, "course_held", [2])
    assert (reply.status, [item["held"] for item in reply.body["items"]]) == (200, [False, False])
    assert (again.status, again.body) == (200, reply.body)
    assert house.events()[before:].count("kitchen:course_fired") == 1
    assert house.cook.put(f"{TICKETS}/{ticket['id']}/items/status", held).status == 200


@pytest.mark.parametrize("course", [1, 2])
def test_not_editable_when_a_course_of_a_cancelled_ticket_is_fired(house: House, course: int) -> None:
    ticket = two_courses(house)
    house.manager.delete(f"/api/orders/{ticket['order_id']}?reason=left")
    before = house.announced()

    reply = house.cook.post(f"{TICKETS}/{ticket['id']}/fire", {"course": course})

    who = house.manager.membership
    assert who is not None
    assert (reply.status, reply.body["code"]) == (409, "not_editable")
    assert reply.body["by_name"] == who.user.display_name
    assert "is cancelled" in reply.body["detail"]
    assert reply.body["at"] in reply.body["detail"]
    assert house.announced() == before


def test_course_held_when_the_order_itself_is_set_ready(house: House) -> None:
    ticket = two_courses(house)
    address = f"/api/orders/{ticket['order_id']}"
    house.waiter.put(f"{address}/status", {"status": "preparing"})
    line = ticket["items"][1]["order_item_id"]

    whole = house.waiter.put(f"{address}/status", {"status": "ready"})
    one = house.waiter.patch(f"{address}/items/{line}/status", {"status": "preparing"})

    assert [(reply.status, reply.body["code"]) for reply in (whole, one)] == [(409, "course_held")] * 2


@pytest.mark.parametrize(
    ("body", "status", "code"), [({"course": 3}, 404, "not_found"), ({"course": 0}, 400, "invalid")]
)
def test_refused_when_the_ticket_has_no_such_course(house: House, body: Any, status: int, code: str) -> None:
    ticket = two_courses(house)

    reply = house.cook.post(f"{TICKETS}/{ticket['id']}/fire", body)

    assert (reply.status, reply.body["code"]) == (status, code)


def test_item_can_be_made_when_its_allergy_is_confirmed(house: House) -> None:
    ticket = allergic(house)
    made = {"items": [{"item_id": ticket["items"][0]["id"], "status": "ready"}]}
    refused = house.cook.put(f"{TICKETS}/{ticket['id']}/items/status", made)
    before = house.announced()

    reply = house.cook.post(f"{item_of(ticket)}/confirm-allergy", {"name": "Ines"})
    other = house.manager.post(f"{item_of(ticket)}/confirm-allergy")

    assert ticket["items"][0]["allergy_alert"] == ["Nuts"]
    assert (refused.status, refused.body["code"]) == (409, "allergy_unconfirmed")
    assert refused.body["items"] == [{"item_id": ticket["items"][0]["id"], "name": "Satay", "allergy_alert": ["Nuts"]}]
    assert (reply.status, reply.body["items"][0]["allergy_confirmed_by_name"]) == (200, "Ines")
    assert (other.status, other.body["code"], other.body["by_name"]) == (409, "conflict", "Ines")
    assert house.events()[before:] == ["kitchen:allergy_confirmed"]
    assert house.cook.put(f"{TICKETS}/{ticket['id']}/items/status", made).status == 200


def test_allergy_unconfirmed_when_the_order_itself_is_set_ready(house: House) -> None:
    ticket = allergic(house)
    address = f"/api/orders/{ticket['order_id']}"
    line = f"{address}/items/{ticket['items'][0]['order_item_id']}"
    house.waiter.patch(f"{line}/status", {"status": "preparing"})

    whole = house.waiter.put(f"{address}/status", {"status": "ready"})
    one = house.waiter.patch(f"{line}/status", {"status": "ready"})

    assert [(reply.status, reply.body["code"]) for reply in (whole, one)] == [(409, "allergy_unconfirmed")] * 2


def test_device_says_a_name_when_it_confirms(house: House) -> None:
    ticket, screen = allergic(house), house.device(Scope.KITCHEN_WRITE)

    nameless = screen.post(f"{item_of(ticket)}/confirm-allergy")
    named = screen.post(f"{item_of(ticket)}/confirm-allergy", {"name": "Ines"})

    assert (nameless.status, nameless.pointers) == (400, [("/name", "required")])
    assert (named.status, named.body["items"][0]["allergy_confirmed_by_name"]) == (200, "Ines")


def test_nothing_to_confirm_when_there_is_no_alert(house: House) -> None:
    reply = house.cook.post(f"{item_of(house.ticket())}/confirm-allergy")

    assert (reply.status, reply.body["code"]) == (409, "not_editable")


# What all acts have in common ---------------------------------------------------------------------

ACTS: list[tuple[str, str, Any]] = [
    ("POST", "/recall", {"reason": "Cold."}),
    ("PATCH", "/priority", {"priority": "vip"}),
    ("POST", "/fire", {"course": 2}),
    ("PATCH", "/items/{item}/station", {"station_id": 0}),
    ("POST", "/items/{item}/confirm-allergy", {"name": "Ines"}),
]
KEYED = [act for act in ACTS if act[0] == "POST"]


def target(house: House, act: tuple[str, str, Any]) -> dict[str, Any]:
    makes = {"/recall": ready, "/fire": two_courses, "/items/{item}/confirm-allergy": allergic}
    return makes[act[1]](house) if act[1] in makes else house.ticket()


def do(house: House, caller: Caller, ticket: dict[str, Any], act: tuple[str, str, Any], **named: Any) -> Reply:
    method, path, body = act
    body = body | named.pop("also", {})
    if "station_id" in body:
        body["station_id"] = StationFactory(restaurant=house.restaurant).pk
    return caller.call(method, f"{TICKETS}/{ticket['id']}{path.format(item=ticket['items'][0]['id'])}", body, **named)


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act[1])
@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.OWNER, 200), (Role.MANAGER, 200), (Role.KITCHEN, 200), (Role.WAITER, 403), (Role.CASHIER, 403)],
)
def test_acts_are_done_when_the_role_may(house: House, act: tuple[str, str, Any], role: Role, status: int) -> None:
    ticket = target(house, act)
    caller, before = house.caller(role), house.announced()

    reply = do(house, caller, ticket, act)

    assert reply.status == status, reply.body
    events = set(house.events()[before:]) - {"station:updated"}
    assert bool(events) == (status == 200)


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act[1])
def test_not_found_when_the_ticket_is_another_restaurants(
    house: House, foreign: House, act: tuple[str, str, Any]
) -> None:
    ticket = target(foreign, act)
    before = foreign.announced()

    reply = do(house, house.cook, ticket, act)

    assert (reply.status, reply.body["code"], foreign.announced()) == (404, "not_found", before)


@pytest.mark.parametrize("path", ["/items/{item}/station", "/items/{item}/confirm-allergy"])
def test_not_found_when_the_item_is_on_another_ticket(house: House, path: str) -> None:
    act = next(act for act in ACTS if act[1] == path)
    ticket, other = target(house, act), house.ticket()

    reply = do(house, house.cook, {**ticket, "items": other["items"]}, act)

    assert (reply.status, reply.body["code"]) == (404, "not_found")


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act[1])
@pytest.mark.parametrize("by_body", [False, True])
def test_stale_when_the_version_is_older(house: House, act: tuple[str, str, Any], by_body: bool) -> None:
    ticket = target(house, act)
    house.waiter.patch(f"/api/orders/{ticket['order_id']}", {"notes": "hurry"})
    before = house.events()
    named: Any = {"also": {"version": ticket["version"]}} if by_body else {"if_match": f'"{ticket["version"]}"'}

    reply = do(house, house.cook, ticket, act, **named)

    assert (reply.status, reply.body["code"], reply.body["version"]) == (412, "stale", ticket["version"] + 1)
    assert [name for name in house.events()[len(before) :] if name != "station:updated"] == []


@pytest.mark.parametrize("act", KEYED, ids=lambda act: act[1])
def test_first_answer_comes_again_when_a_key_is_used_twice(house: House, act: tuple[str, str, Any]) -> None:
    ticket = target(house, act)
    first = do(house, house.cook, ticket, act, idempotency_key="once")
    before = house.announced()

    again = do(house, house.cook, ticket, act, idempotency_key="once")

    assert (again.status, again.body, again.headers["Idempotency-Replayed"]) == (first.status, first.body, "true")
    assert (again.headers["ETag"], house.announced()) == (first.headers["ETag"], before)


@pytest.mark.parametrize("tickets", [1, 12])
def test_list_of_a_station_takes_as_many_queries_however_many_tickets(
    house: House, tickets: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(tickets):
        house.ticket(2)
    house.cook.get(TICKETS)

    with django_assert_num_queries(3):
        reply = house.cook.get(f"{TICKETS}?station={house.station.pk}")

    assert len(reply.body["results"]) == tickets
