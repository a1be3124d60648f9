"""Allergens that are found out while the dish is being made: open tickets ask, and nothing goes out unasked."""

from __future__ import annotations

from decimal import Decimal
from functools import partial

import pytest
from django.db import connection

from kitchen.invariants import broken
from kitchen.models import Ingredient, IngredientAllergen, KitchenOrderItem
from kitchen.services.allergies import confirm_allergy
from kitchen.services.ingredients import IngredientChanges, update_ingredient
from kitchen.services.tickets import ItemMove, set_ticket_item_statuses, set_ticket_status
from kitchen.states import TicketItemStatus, TicketStatus
from orders.errors import AllergyUnconfirmed
from orders.models import Allergen, HistoryEntry, MenuItem, Order
from orders.services.dishes import AskedItem
from orders.services.items import add_items, set_item_status
from orders.services.menu import update_menu_item
from orders.services.orders import create_order, set_order_status, update_order
from orders.states import Channel, ItemStatus, OrderStatus
from orders.units import require_unit
from tests.contracts import items, latest, stored, ticket_of, versions
from tests.cookery import ingredient, recipe
from tests.places import Place
from tests.races import Act, first_then
from tests.streams import hearing

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def nuts(place: Place) -> Allergen:
    return Allergen.objects.get_or_create(restaurant=place.restaurant, name="Nuts")[0]


@pytest.fixture
def bun(place: Place) -> Ingredient:
    """What a burger is made of, as far as anybody knows without nuts."""
    row = ingredient(place.restaurant, "Bun", unit="piece")
    recipe(place.dish, {"Grill": (6, [place.station])}, {row: ("1", "piece")})
    return row


def order_of(place: Place, *allergens: Allergen) -> Order:
    made = create_order(
        actor=place.actor,
        channel=Channel.TAKEAWAY,
        items=[AskedItem(place.dish.pk, 1)],
        allergen_ids=[allergen.pk for allergen in allergens],
    )
    return place.confirm(made)


def alerts(order: Order) -> list[list[str]]:
    return [item.allergy_alert for item in items(order)]


def make(place: Place, order: Order) -> None:
    ticket = ticket_of(order)
    for to in (TicketStatus.PREPARING, TicketStatus.READY):
        set_ticket_status(ticket_id=ticket.pk, to=to, actor=place.actor)


@pytest.mark.parametrize("is_trace", [False, True])
def test_open_ticket_asks_when_an_ingredient_is_found_to_have_the_allergen(
    place: Place, nuts: Allergen, bun: Ingredient, is_trace: bool
) -> None:
    order = order_of(place, nuts)
    found: IngredientChanges = {"may_contain_ids": [nuts.pk]} if is_trace else {"allergen_ids": [nuts.pk]}

    update_ingredient(row_id=bun.pk, actor=place.actor, **found)

    assert alerts(order) == [["Nuts"]]
    assert latest(order).items[0]["allergy_alert"] == ["Nuts"]
    with pytest.raises(AllergyUnconfirmed):
        make(place, order)


def test_open_ticket_asks_when_the_menu_names_the_allergen_at_last(place: Place, nuts: Allergen) -> None:
    order = order_of(place, nuts)

    update_menu_item(row_id=place.dish.pk, actor=place.actor, allergen_ids=[nuts.pk])

    assert alerts(order) == [["Nuts"]]
    assert versions(order) == [1, 2]


def test_contract_names_the_allergen_when_the_menu_did_between_order_and_confirmation(
    place: Place, nuts: Allergen
) -> None:
    made = create_order(
        actor=place.actor, channel=Channel.TAKEAWAY, items=[AskedItem(place.dish.pk, 1)], allergen_ids=[nuts.pk]
    )
    update_menu_item(row_id=place.dish.pk, actor=place.actor, allergen_ids=[nuts.pk])

    order = place.confirm(made)

    assert (items(order)[0].allergens, alerts(order)) == (["Nuts"], [["Nuts"]])


def test_history_says_that_a_confirmation_holds_no_more(place: Place, nuts: Allergen, bun: Ingredient) -> None:
    milk = Allergen.objects.get_or_create(restaurant=place.restaurant, name="Milk")[0]
    place.dish.allergens.add(nuts)
    order = order_of(place, nuts, milk)
    confirm_allergy(ticket_id=ticket_of(order).pk, item_id=items(order)[0].pk, actor=place.actor)

    update_ingredient(row_id=bun.pk, actor=place.actor, allergen_ids=[milk.pk])

    entry = HistoryEntry.objects.filter(order_id=order.pk, event="kitchen:order_updated").latest("pk")
    assert entry.changes["allergy_alert"] == [["Burger: Nuts (Manager)"], ["Burger: Milk, Nuts"]]


def test_nothing_is_handed_over_when_the_allergen_is_found_at_the_pass(
    place: Place, nuts: Allergen, bun: Ingredient
) -> None:
    order = order_of(place, nuts)
    make(place, order)

    update_ingredient(row_id=bun.pk, actor=place.actor, allergen_ids=[nuts.pk])

    assert alerts(order) == [["Nuts"]]
    with pytest.raises(AllergyUnconfirmed):
        set_order_status(order_id=order.pk, to=OrderStatus.SERVED, actor=place.actor)
    confirm_allergy(ticket_id=ticket_of(order).pk, item_id=items(order)[0].pk, actor=place.actor)
    set_order_status(order_id=order.pk, to=OrderStatus.SERVED, actor=place.actor)
    assert stored(order).status == "served"


def test_ticket_is_left_alone_when_its_guest_can_have_it(place: Place, nuts: Allergen, bun: Ingredient) -> None:
    milk = Allergen.objects.get_or_create(restaurant=place.restaurant, name="Milk")[0]
    others = [order_of(place), order_of(place, milk)]
    served = order_of(place, nuts)
    make(place, served)
    set_order_status(order_id=served.pk, to=OrderStatus.SERVED, actor=place.actor)
    before = [ticket_of(order).version for order in (*others, served)]

    with hearing(place.restaurant) as heard:
        update_ingredient(row_id=bun.pk, actor=place.actor, allergen_ids=[nuts.pk])

    assert [ticket_of(order).version for order in (*others, served)] == before
    assert heard.types == []


def test_alert_stays_when_the_menu_takes_the_allergen_back(place: Place, nuts: Allergen) -> None:
    place.dish.allergens.add(nuts)
    order = order_of(place, nuts)

    update_menu_item(row_id=place.dish.pk, actor=place.actor, allergen_ids=[])

    assert alerts(order) == [["Nuts"]]


def test_alert_stays_when_what_was_found_is_struck_out_again(place: Place, nuts: Allergen, bun: Ingredient) -> None:
    order = order_of(place, nuts)
    update_ingredient(row_id=bun.pk, actor=place.actor, allergen_ids=[nuts.pk])

    update_ingredient(row_id=bun.pk, actor=place.actor, allergen_ids=[])
    update_order(order_id=order.pk, notes="At the window", actor=place.actor)

    assert alerts(order) == [["Nuts"]]


def test_others_ask_when_one_ticket_can_not_be_written(place: Place, nuts: Allergen, bun: Ingredient) -> None:
    orders = [order_of(place, nuts) for _ in range(3)]
    with connection.cursor() as cursor:
        only_first = "ADD CONSTRAINT stuck CHECK (order_id <> %s OR version = 1)"
        cursor.execute(f"ALTER TABLE kitchen_productioncontract {only_first}", [orders[0].pk])

    try:
        update_ingredient(row_id=bun.pk, actor=place.actor, allergen_ids=[nuts.pk])
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE kitchen_productioncontract DROP CONSTRAINT stuck")

    assert [alerts(order) for order in orders] == [[[]], [["Nuts"]], [["Nuts"]]]
    update_ingredient(row_id=bun.pk, actor=place.actor, allergen_ids=[nuts.pk])
    assert alerts(orders[0]) == [["Nuts"]]


@pytest.mark.parametrize("by_the_floor", [False, True])
def test_nothing_is_ready_unasked_when_a_crash_has_left_tickets_that_have_not_asked(
    place: Place, nuts: Allergen, bun: Ingredient, by_the_floor: bool
) -> None:
    order = order_of(place, nuts)
    set_ticket_status(ticket_id=ticket_of(order).pk, to=TicketStatus.PREPARING, actor=place.actor)
    IngredientAllergen.objects.create(ingredient=bun, allergen=nuts)

    bump = (
        partial(set_order_status, order_id=order.pk, to=OrderStatus.READY)
        if by_the_floor
        else partial(set_ticket_status, ticket_id=ticket_of(order).pk, to=TicketStatus.READY)
    )

    with pytest.raises(AllergyUnconfirmed, match=r"\(Burger: Nuts\)"):
        bump(actor=place.actor)

    assert (stored(order).status, alerts(order), versions(order)) == ("preparing", [["Nuts"]], [1, 2])
    confirm_allergy(ticket_id=ticket_of(order).pk, item_id=items(order)[0].pk, actor=place.actor)
    set_ticket_status(ticket_id=ticket_of(order).pk, to=TicketStatus.READY, actor=place.actor)
    assert stored(order).status == "ready"


@pytest.mark.parametrize("by_line", [False, True])
def test_nothing_is_handed_over_unasked_when_a_crash_has_left_a_ticket_at_the_pass(
    place: Place, nuts: Allergen, bun: Ingredient, by_line: bool
) -> None:
    order = order_of(place, nuts)
    make(place, order)
    IngredientAllergen.objects.create(ingredient=bun, allergen=nuts)
    serve = (
        partial(set_item_status, order_id=order.pk, item_id=items(order)[0].order_item_id, to=ItemStatus.SERVED)
        if by_line
        else partial(set_order_status, order_id=order.pk, to=OrderStatus.SERVED)
    )

    with pytest.raises(AllergyUnconfirmed, match=r"\(Burger: Nuts\)"):
        serve(actor=place.actor)

    assert (stored(order).status, alerts(order)) == ("ready", [["Nuts"]])
    confirm_allergy(ticket_id=ticket_of(order).pk, item_id=items(order)[0].pk, actor=place.actor)
    serve(actor=place.actor)


def test_what_was_made_asks_too_when_the_rest_is_bumped_after_a_crash(
    place: Place, nuts: Allergen, bun: Ingredient
) -> None:
    salad = MenuItem.objects.create(
        restaurant=place.restaurant, name="Salad", price=Decimal(5), category=place.dish.category, station=place.station
    )
    asked = [AskedItem(place.dish.pk, 1), AskedItem(salad.pk, 1)]
    made = create_order(actor=place.actor, channel=Channel.TAKEAWAY, items=asked, allergen_ids=[nuts.pk])
    order = place.confirm(made)
    burger, green = items(order)
    bump(place, burger)
    IngredientAllergen.objects.create(ingredient=bun, allergen=nuts)

    bump(place, green)

    assert (stored(order).status, alerts(order)) == ("preparing", [["Nuts"], []])
    confirm_allergy(ticket_id=burger.ticket_id, item_id=burger.pk, actor=place.actor)
    assert stored(order).status == "ready"


def bump(place: Place, item: KitchenOrderItem) -> None:
    moves = [ItemMove(item.pk, TicketItemStatus.READY)]
    set_ticket_item_statuses(ticket_id=item.ticket_id, moves=moves, actor=place.actor)


def test_other_restaurants_tickets_are_left_alone_when_an_allergen_is_found(
    place: Place, other_place: Place, nuts: Allergen, bun: Ingredient
) -> None:
    theirs = Allergen.objects.get_or_create(restaurant=other_place.restaurant, name="Nuts")[0]
    order = order_of(other_place, theirs)

    update_ingredient(row_id=bun.pk, actor=place.actor, allergen_ids=[nuts.pk])

    assert (alerts(order), versions(order)) == ([[]], [1])


# At the same moment -------------------------------------------------------------------------------


@pytest.mark.parametrize("is_found_first", [True, False])
def test_ticket_asks_when_its_order_is_confirmed_as_the_allergen_is_found(
    place: Place, nuts: Allergen, bun: Ingredient, is_found_first: bool
) -> None:
    asked = [AskedItem(place.dish.pk, 1)]
    made = create_order(actor=place.actor, channel=Channel.TAKEAWAY, items=asked, allergen_ids=[nuts.pk])

    at_once(place, finding(place, nuts, bun), partial(place.confirm, made), is_found_first=is_found_first)

    assert alerts(made) == [["Nuts"]]
    assert broken(place.restaurant.pk) == []


@pytest.mark.parametrize("is_found_first", [True, False])
def test_ticket_asks_when_its_guest_names_the_allergy_as_it_is_found(
    place: Place, nuts: Allergen, bun: Ingredient, is_found_first: bool
) -> None:
    order = order_of(place)
    naming = partial(update_order, order_id=order.pk, allergen_ids=[nuts.pk], actor=place.actor)

    at_once(place, finding(place, nuts, bun), naming, is_found_first=is_found_first)

    assert alerts(order) == [["Nuts"]]
    assert broken(place.restaurant.pk) == []


@pytest.mark.parametrize("is_found_first", [True, False])
def test_ticket_asks_when_a_line_is_added_as_the_allergen_is_found(
    place: Place, nuts: Allergen, bun: Ingredient, is_found_first: bool
) -> None:
    order = order_of(place, nuts)
    adding = partial(add_items, order_id=order.pk, items=[AskedItem(place.dish.pk, 1)], actor=place.actor)

    at_once(place, finding(place, nuts, bun), adding, is_found_first=is_found_first)

    assert alerts(order) == [["Nuts"], ["Nuts"]]
    assert broken(place.restaurant.pk) == []


def finding(place: Place, nuts: Allergen, bun: Ingredient) -> Act:
    """Return what writes down that there are nuts in the bun, and has open tickets ask."""
    return partial(update_ingredient, row_id=bun.pk, actor=place.actor, allergen_ids=[nuts.pk])


def at_once(place: Place, find: Act, work: Act, *, is_found_first: bool) -> None:
    """Do both; of who draws up what is to be made before the finder writes, all is done but to commit."""

    def draw_up() -> None:
        work()
        require_unit().do_the_rest()

    first, second = (find, work) if is_found_first else (draw_up, find)
    results = first_then(first, second, actor=place.actor)
    assert not [result for result in results if isinstance(result, Exception)]
