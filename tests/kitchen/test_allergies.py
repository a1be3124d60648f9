"""The allergy interlock: what is alerted, who confirms it, what it holds up, and when it is asked again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from config import schema
from kitchen.models import IngredientAllergen, KitchenOrderItem
from kitchen.services.allergies import confirm_allergy
from kitchen.services.recalls import recall_ticket
from kitchen.services.tickets import ItemMove, set_ticket_item_statuses, set_ticket_status
from kitchen.states import TicketItemStatus, TicketStatus
from orders.actors import Actor
from orders.errors import (
    AllergyUnconfirmed,
    DomainError,
    InUse,
    InvalidFields,
    MovedAlready,
    NotAllowed,
    NotEditable,
    NotFound,
    StaleVersion,
)
from orders.models import Allergen, HistoryEntry, Order
from orders.scopes import Scope
from orders.services.dishes import AskedItem
from orders.services.items import add_items, change_item, set_item_status
from orders.services.menu_lists import update_allergen
from orders.services.orders import create_order, set_order_status, update_order
from orders.states import Channel, DeviceKind, ItemStatus, OrderStatus, Role
from tests.callers import House
from tests.contracts import items, latest, lines, stored, ticket_of, versions
from tests.cookery import ingredient, recipe
from tests.places import Place
from tests.streams import hearing, payloads


@pytest.fixture
def cook(place: Place) -> Actor:
    return replace(place.actor_of(Role.KITCHEN), name="Chen")


@pytest.fixture
def screen(place: Place) -> Actor:
    """A kitchen's screen, which is nobody in particular."""
    return Actor(
        restaurant_id=place.restaurant.pk,
        kind="device",
        device_id=1,
        device_kind=DeviceKind.KITCHEN,
        name="Pass screen",
        scopes=frozenset({Scope.KITCHEN_WRITE}),
        source="api",
    )


def allergen(place: Place, name: str) -> Allergen:
    return Allergen.objects.get_or_create(restaurant=place.restaurant, name=name)[0]


def order_for(place: Place, *allergies: str, quantity: int = 1) -> Order:
    """A confirmed order of a burger, for a guest who can't have the allergens."""
    order = create_order(
        actor=place.actor,
        channel=Channel.DINE_IN,
        items=[AskedItem(place.dish.pk, quantity)],
        table_id=place.table.pk,
        allergen_ids=[allergen(place, name).pk for name in allergies],
    )
    return place.confirm(order)


@pytest.fixture
def order(place: Place) -> Order:
    """A confirmed order of a burger with nuts in it, for a guest who can't have any."""
    place.dish.allergens.add(allergen(place, "Nuts"))
    return order_for(place, "Nuts")


def alert(order: Order, index: int = 0) -> tuple[list[str], str]:
    """Return what is alerted of an item, and who has confirmed it."""
    item = items(order)[index]
    return item.allergy_alert, item.allergy_confirmed_by_name


def confirm(order: Order, actor: Actor, name: str = "", index: int = 0) -> None:
    item = items(order)[index]
    confirm_allergy(ticket_id=item.ticket_id, item_id=item.pk, actor=actor, name=name)


def bump(item: KitchenOrderItem, actor: Actor, step: int | None = None) -> None:
    moves = [ItemMove(item.pk, TicketItemStatus.READY, step)]
    set_ticket_item_statuses(ticket_id=item.ticket_id, moves=moves, actor=actor)


# What is alerted ----------------------------------------------------------------------------------


def test_alert_is_raised_when_the_dish_has_what_the_guest_cannot(place: Place, order: Order) -> None:
    assert alert(order) == (["Nuts"], "")
    assert latest(order).items[0]["allergy_alert"] == ["Nuts"]
    assert (latest(order).allergies, ticket_of(order).allergies) == (["Nuts"], ["Nuts"])


def test_alert_is_raised_when_an_ingredient_has_it(place: Place) -> None:
    pesto = ingredient(place.restaurant, "Pesto", allergen="Nuts")
    recipe(place.dish, {"Fry": (8, [place.station])}, {pesto: ("50", "g")})

    order = order_for(place, "Nuts", "Celery")

    assert (alert(order), items(order)[0].allergens) == ((["Nuts"], ""), ["Nuts"])


def test_alert_is_raised_when_there_may_be_traces_of_it(place: Place) -> None:
    bread = ingredient(place.restaurant, "Bread", allergen="Sesame")
    IngredientAllergen.objects.update(is_trace=True)
    recipe(place.dish, {"Fry": (8, [place.station])}, {bread: ("50", "g")})

    order = order_for(place, "Sesame")

    assert (alert(order), items(order)[0].allergens) == ((["Sesame"], ""), [])


@pytest.mark.parametrize("allergies", [(), ("Celery",)])
def test_nothing_is_asked_when_the_guest_can_have_all_of_it(
    place: Place, cook: Actor, allergies: tuple[str, ...]
) -> None:
    place.dish.allergens.add(allergen(place, "Nuts"))
    order = order_for(place, *allergies)

    bump(items(order)[0], cook)

    assert (alert(order), ticket_of(order).status) == (([], ""), "ready")


# Confirming ---------------------------------------------------------------------------------------


def test_item_can_be_ready_when_a_cook_has_confirmed_it_by_name(place: Place, cook: Actor, order: Order) -> None:
    with hearing(place.restaurant) as heard:
        confirm(order, cook)

    (payload,) = payloads(place.restaurant, "kitchen:allergy_confirmed")
    assert (heard.types, alert(order)) == (["kitchen:allergy_confirmed"], (["Nuts"], "Chen"))
    assert (payload["item_id"], payload["confirmed_by_name"]) == (items(order)[0].pk, "Chen")
    assert ticket_of(order).version == 2
    bump(items(order)[0], cook)
    assert stored(order).status == "ready"


def test_history_says_who_when_an_allergy_is_confirmed(place: Place, cook: Actor, order: Order) -> None:
    confirm(order, cook)

    entry = HistoryEntry.objects.get(order_id=order.pk, event="kitchen:allergy_confirmed")
    item = items(order)[0]
    assert (entry.actor_name, entry.actor_id, entry.source) == ("Chen", cook.user_id, "api")
    assert entry.changes == {"ticket_item_id": [item.pk, item.pk], "allergy_confirmed_by_name": ["", "Chen"]}


def test_screen_says_who_when_it_confirms(place: Place, screen: Actor, order: Order) -> None:
    with hearing(place.restaurant) as heard, pytest.raises(InvalidFields) as refused:
        confirm(order, screen, name="  ")
    confirm(order, screen, name=" Chen ")

    assert ([(p.pointer, p.code) for p in refused.value.problems], heard.types) == ([("/name", "required")], [])
    assert alert(order) == (["Nuts"], "Chen")


def test_nothing_happens_when_the_same_name_confirms_again(place: Place, cook: Actor, order: Order) -> None:
    confirm(order, cook)
    bump(items(order)[0], cook)

    with hearing(place.restaurant) as heard:
        confirm(order, cook)

    assert (heard.types, alert(order)) == ([], (["Nuts"], "Chen"))


def test_second_is_told_who_and_when_when_two_confirm(place: Place, cook: Actor, order: Order) -> None:
    confirm(order, cook)
    entry = HistoryEntry.objects.get(order_id=order.pk, event="kitchen:allergy_confirmed")

    with pytest.raises(MovedAlready) as refused:
        confirm(order, place.actor)

    at = f"{entry.at:%Y-%m-%dT%H:%M:%S}"
    assert (refused.value.code, refused.value.extra["by_name"]) == ("conflict", "Chen")
    assert refused.value.extra["at"].startswith(at)
    assert alert(order) == (["Nuts"], "Chen")


def test_confirming_is_refused_when_it_can_not_be(place: Place, other_place: Place, cook: Actor, order: Order) -> None:
    item = items(order)[0]
    ticket = ticket_of(order)

    def refused(error: type[DomainError], **others: object) -> None:
        arguments = {"ticket_id": ticket.pk, "item_id": item.pk, "actor": cook} | others
        with pytest.raises(error):
            confirm_allergy(**arguments)  # type: ignore[arg-type]

    refused(NotAllowed, actor=place.actor_of(Role.WAITER))
    refused(NotFound, actor=other_place.actor)
    refused(NotFound, item_id=item.pk + 1)
    refused(StaleVersion, version=7)
    assert alert(order) == (["Nuts"], "")


def test_confirming_is_refused_when_there_is_no_alert(place: Place, cook: Actor) -> None:
    with pytest.raises(NotEditable):
        confirm(order_for(place), cook)


def test_confirming_is_refused_by_name_when_the_item_is_voided(place: Place, cook: Actor, order: Order) -> None:
    set_item_status(order_id=order.pk, item_id=lines(order)[0].pk, to=ItemStatus.CANCELLED, actor=place.actor)

    with pytest.raises(NotEditable) as refused:
        confirm(order, cook)

    assert refused.value.extra["by_name"] == "Manager"


# What it holds up ---------------------------------------------------------------------------------


def bump_item(place: Place, order: Order) -> None:
    bump(items(order)[0], place.actor)


def do_last_step(place: Place, order: Order) -> None:
    bump(items(order)[0], place.actor, step=0)


def bump_ticket(place: Place, order: Order) -> None:
    set_ticket_status(ticket_id=ticket_of(order).pk, to=TicketStatus.READY, actor=place.actor)


def set_order_ready(place: Place, order: Order) -> None:
    set_order_status(order_id=order.pk, to=OrderStatus.READY, actor=place.actor)


def set_line_ready(place: Place, order: Order) -> None:
    set_item_status(order_id=order.pk, item_id=lines(order)[0].pk, to=ItemStatus.READY, actor=place.actor)


@pytest.mark.parametrize("bring", [bump_item, do_last_step, bump_ticket, set_order_ready, set_line_ready])
def test_nothing_is_ready_when_nobody_has_confirmed(
    place: Place, order: Order, bring: Callable[[Place, Order], None]
) -> None:
    item = items(order)[0]
    set_ticket_item_statuses(
        ticket_id=item.ticket_id, moves=[ItemMove(item.pk, TicketItemStatus.PREPARING)], actor=place.actor
    )

    with hearing(place.restaurant) as heard, pytest.raises(AllergyUnconfirmed) as refused:
        bring(place, order)

    asked = {"item_id": item.pk, "name": "Burger", "allergy_alert": ["Nuts"]}
    assert (refused.value.code, refused.value.extra["items"]) == ("allergy_unconfirmed", [asked])
    assert (heard.types, stored(order).status, ticket_of(order).status) == ([], "preparing", "preparing")
    assert [line.status for line in lines(order)] == ["preparing"]
    assert "Burger: Nuts" in refused.value.detail


def test_steps_before_the_last_are_done_when_nobody_has_confirmed(place: Place, cook: Actor) -> None:
    place.dish.allergens.add(allergen(place, "Nuts"))
    recipe(place.dish, {"Fry": (8, [place.station]), "Plate": (2, [place.station])})
    order = order_for(place, "Nuts")

    bump(items(order)[0], cook, step=0)
    with pytest.raises(AllergyUnconfirmed):
        bump(items(order)[0], cook, step=1)

    assert [step["done"] for step in items(order)[0].steps] == [True, False]


# Asked again --------------------------------------------------------------------------------------


def test_it_is_asked_again_when_the_item_changes(place: Place, cook: Actor, order: Order) -> None:
    confirm(order, cook)

    change_item(order_id=order.pk, item_id=lines(order)[0].pk, actor=place.actor, special_instructions="rare")

    assert alert(order) == (["Nuts"], "")
    with pytest.raises(AllergyUnconfirmed):
        bump(items(order)[0], cook)


def test_it_is_asked_again_when_the_guest_names_more(place: Place, cook: Actor, order: Order) -> None:
    place.dish.allergens.add(allergen(place, "Milk"))
    other = order_for(place, "Nuts")
    confirm(other, cook)
    both = [allergen(place, name).pk for name in ("Nuts", "Milk")]

    update_order(order_id=other.pk, actor=place.actor, allergen_ids=both)

    assert (alert(other), versions(other)) == ((["Milk", "Nuts"], ""), [1, 2])
    assert latest(other).items[0]["allergy_alert"] == ["Milk", "Nuts"]


def test_nothing_is_asked_when_the_guest_can_have_it_after_all(place: Place, cook: Actor, order: Order) -> None:
    update_order(order_id=order.pk, actor=place.actor, allergen_ids=[])

    bump(items(order)[0], cook)

    assert (alert(order), stored(order).status) == (([], ""), "ready")


def test_confirmation_stays_when_something_else_changes(place: Place, cook: Actor, order: Order) -> None:
    confirm(order, cook)

    update_order(order_id=order.pk, actor=place.actor, notes="Window")
    add_items(order_id=order.pk, items=[AskedItem(place.dish.pk, 1)], actor=place.actor)

    assert (alert(order), alert(order, 1)) == ((["Nuts"], "Chen"), (["Nuts"], ""))


def test_alert_names_what_the_recipe_had_when_it_was_ordered(place: Place) -> None:
    bread = ingredient(place.restaurant, "Bread", allergen="Sesame")
    IngredientAllergen.objects.update(is_trace=True)
    written = recipe(place.dish, {"Fry": (8, [place.station])}, {bread: ("50", "g")})
    order = order_for(place)
    written.steps.create(version=2, position=1, name="Fry", minutes=8)
    written.version = 2
    written.save()

    update_order(order_id=order.pk, actor=place.actor, allergen_ids=[allergen(place, "Sesame").pk])

    assert alert(order) == (["Sesame"], "")


def test_confirmation_stays_when_what_was_made_is_recalled(place: Place, cook: Actor, order: Order) -> None:
    confirm(order, cook)
    bump(items(order)[0], cook)

    recall_ticket(ticket_id=ticket_of(order).pk, actor=cook)
    bump(items(order)[0], cook)

    assert (alert(order), stored(order).status) == ((["Nuts"], "Chen"), "ready")


def test_it_is_asked_again_when_the_allergies_change_before_a_recall(place: Place, cook: Actor) -> None:
    place.dish.allergens.add(allergen(place, "Nuts"))
    order = order_for(place)
    bump(items(order)[0], cook)
    update_order(order_id=order.pk, actor=place.actor, allergen_ids=[allergen(place, "Nuts").pk])

    recall_ticket(ticket_id=ticket_of(order).pk, actor=cook)

    assert alert(order) == (["Nuts"], "")
    with pytest.raises(AllergyUnconfirmed):
        bump(items(order)[0], cook)


# What became known late ---------------------------------------------------------------------------


def said_late(place: Place, order: Order, *names: str) -> None:
    update_order(order_id=order.pk, actor=place.actor, allergen_ids=[allergen(place, name).pk for name in names])


def test_what_is_made_already_is_asked_for_when_an_allergy_is_named_late(place: Place, cook: Actor) -> None:
    place.dish.allergens.add(allergen(place, "Nuts"))
    order = order_for(place)
    add_items(order_id=order.pk, items=[AskedItem(place.dish.pk, 1)], actor=place.actor)
    bump(items(order)[0], cook)

    said_late(place, order, "Nuts")

    assert [item.allergy_alert for item in items(order)] == [["Nuts"], ["Nuts"]]
    confirm(order, cook, index=1)
    bump(items(order)[1], cook)
    assert (ticket_of(order).status, stored(order).status) == ("preparing", "preparing")
    with pytest.raises(AllergyUnconfirmed):
        set_ticket_status(ticket_id=ticket_of(order).pk, to=TicketStatus.READY, actor=cook)
    confirm(order, cook, index=0)
    assert (ticket_of(order).status, stored(order).status) == ("ready", "ready")


@pytest.mark.parametrize("line_by_line", [False, True])
def test_nothing_is_handed_over_when_an_allergy_is_named_after_it_was_ready(
    place: Place, cook: Actor, line_by_line: bool
) -> None:
    place.dish.allergens.add(allergen(place, "Nuts"))
    order = order_for(place)
    bump(items(order)[0], cook)
    said_late(place, order, "Nuts")

    def hand_over() -> None:
        if line_by_line:
            line = lines(order)[0]
            set_item_status(order_id=order.pk, item_id=line.pk, to=ItemStatus.SERVED, actor=place.actor)
        else:
            set_order_status(order_id=order.pk, to=OrderStatus.SERVED, actor=place.actor)

    with pytest.raises(AllergyUnconfirmed):
        hand_over()
    with pytest.raises(AllergyUnconfirmed):
        set_ticket_status(ticket_id=ticket_of(order).pk, to=TicketStatus.COMPLETED, actor=cook)
    confirm(order, cook)
    hand_over()

    assert lines(order)[0].status == "served"


def test_what_the_guest_has_is_not_asked_for_when_an_allergy_is_named(place: Place, cook: Actor) -> None:
    place.dish.allergens.add(allergen(place, "Nuts"))
    order = order_for(place)
    bump(items(order)[0], cook)
    set_order_status(order_id=order.pk, to=OrderStatus.SERVED, actor=place.actor)

    said_late(place, order, "Nuts")

    assert alert(order) == ([], "")


def test_it_is_asked_again_when_the_guest_names_another_allergy_that_is_not_in_it(
    order: Order, place: Place, cook: Actor
) -> None:
    confirm(order, cook)

    said_late(place, order, "Nuts", "Milk")

    assert alert(order) == (["Nuts"], "")


def test_allergen_keeps_its_name_while_an_open_order_goes_by_it(order: Order, place: Place, cook: Actor) -> None:
    nuts = allergen(place, "Nuts")

    with pytest.raises(InUse):
        update_allergen(row_id=nuts.pk, name="Tree nuts", actor=place.actor)
    update_allergen(row_id=nuts.pk, name="Nuts", actor=place.actor)
    set_order_status(order_id=order.pk, to=OrderStatus.CANCELLED, actor=place.actor, reason="Left")
    update_allergen(row_id=nuts.pk, name="Tree nuts", actor=place.actor)

    assert Allergen.objects.get(pk=nuts.pk).name == "Tree nuts"


def test_allergen_keeps_its_name_while_a_dish_of_an_open_order_contains_it(place: Place) -> None:
    nuts = allergen(place, "Nuts")
    place.dish.allergens.add(nuts)
    order_for(place)

    with pytest.raises(InUse):
        update_allergen(row_id=nuts.pk, name="Tree nuts", actor=place.actor)


def test_refusal_is_told_and_documented_when_an_allergen_that_is_awaited_is_renamed(house: House) -> None:
    nuts = Allergen.objects.create(restaurant=house.restaurant, name="Nuts")
    house.ticket(allergen_ids=[nuts.pk])

    reply = house.manager.patch(f"/api/allergens/{nuts.pk}", {"name": "Tree nuts"})

    assert (reply.status, reply.body["code"]) == (409, "in_use")
    conflict = schema.document()["paths"]["/api/allergens/{row_id}"]["patch"]["responses"]["409"]
    assert "in_use" in str(conflict)
