"""What finished items use of the ingredients: written off once, by the version that they were made by."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from kitchen.models import Consumption, Ingredient, KitchenOrder, KitchenOrderItem
from kitchen.services.ingredients import update_ingredient
from kitchen.services.recalls import recall_ticket
from kitchen.services.recipes import AskedStep, delete_recipe, update_recipe
from kitchen.services.tickets import ItemMove, set_ticket_item_statuses, set_ticket_status
from kitchen.states import TicketItemStatus, TicketStatus
from orders.errors import InUse, InvalidFields
from orders.models import MenuItem, OrderItem
from orders.services.dishes import AskedItem
from orders.services.items import add_items, remove_item
from orders.services.orders import confirm_order, create_order, set_order_status
from orders.states import Channel, OrderStatus
from tests.pantry import asked, stocked, written
from tests.streams import at_once, head, hearing, payloads

if TYPE_CHECKING:
    from tests.places import Place

READY = TicketItemStatus.READY


@pytest.fixture
def flour(place: Place) -> Ingredient:
    return stocked(place.restaurant.pk, "Flour", "10", "kg")


def dish_of(place: Place, name: str) -> MenuItem:
    return MenuItem.objects.create(
        restaurant=place.restaurant, name=name, price="4.00", category=place.dish.category, station=place.station
    )


def ticket_of(place: Place, *lines: tuple[MenuItem, int]) -> KitchenOrder:
    """Take an order of dishes, each so many times, and send it to the kitchen."""
    order = create_order(
        actor=place.actor,
        channel=Channel.DINE_IN,
        table_id=place.table.pk,
        items=[AskedItem(dish.pk, quantity) for dish, quantity in lines],
    )
    confirm_order(order_id=order.pk, actor=place.actor)
    return KitchenOrder.objects.get(order=order)


def items_of(ticket: KitchenOrder) -> list[KitchenOrderItem]:
    return list(KitchenOrderItem.objects.filter(ticket=ticket).order_by("id"))


def bump(place: Place, ticket: KitchenOrder, *items: KitchenOrderItem) -> KitchenOrder:
    """Have all of a ticket ready, or some of its items."""
    moves = [ItemMove(item.pk, READY) for item in items or items_of(ticket)]
    return set_ticket_item_statuses(ticket_id=ticket.pk, moves=moves, actor=place.actor)


def on_hand(*ingredients: Ingredient) -> list[Decimal]:
    return [Ingredient.objects.get(pk=ingredient.pk).on_hand for ingredient in ingredients]


def used() -> list[tuple[str, Decimal, str]]:
    rows = Consumption.objects.order_by("id").select_related("ingredient")
    return [(row.ingredient.name, row.quantity, row.unit) for row in rows]


def alerts(place: Place, *, after: int = 0) -> list[Any]:
    return [payload["message"] for payload in payloads(place.restaurant, "alert", after=after)]


def test_all_portions_are_written_off_in_the_ingredients_unit_when_an_item_is_ready(
    place: Place, flour: Ingredient
) -> None:
    eggs = stocked(place.restaurant.pk, "Eggs", "30", "piece")
    written(place.dish, [(flour, "250", "g"), (eggs, "1.5", "piece")])
    ticket = ticket_of(place, (place.dish, 3))

    bump(place, ticket)

    assert used() == [("Flour", Decimal("0.750"), "kg"), ("Eggs", Decimal("4.500"), "piece")]
    assert on_hand(flour, eggs) == [Decimal("9.250"), Decimal("25.500")]
    item = items_of(ticket)[0]
    assert set(Consumption.objects.values_list("item_id", "at")) == {(item.pk, item.consumed_at)}
    assert item.consumed_at == item.ready_at


@pytest.mark.parametrize(
    ("quantity", "unit", "counted_in", "portions", "taken"),
    [
        ("3", "g", "kg", 5, "0.015"),
        ("1500", "g", "kg", 1, "1.500"),
        ("0.25", "l", "ml", 2, "500.000"),
        ("0.333", "kg", "g", 3, "999.000"),
        ("0.333", "piece", "piece", 3, "0.999"),
    ],
)
def test_quantity_is_told_in_the_unit_that_the_ingredient_is_counted_in(
    place: Place, quantity: str, unit: str, counted_in: str, portions: int, taken: str
) -> None:
    ingredient = stocked(place.restaurant.pk, "Something", "1000", counted_in)
    written(place.dish, [(ingredient, quantity, unit)])

    bump(place, ticket_of(place, (place.dish, portions)))

    assert used() == [("Something", Decimal(taken), counted_in)]
    assert on_hand(ingredient) == [1000 - Decimal(taken)]


@pytest.mark.parametrize("quantity", ["0.001", "0.5", "1.4"])
def test_less_than_can_be_told_is_refused_when_a_recipe_takes_it(place: Place, quantity: str) -> None:
    saffron = stocked(place.restaurant.pk, "Saffron", "1000", "kg")

    with pytest.raises(InvalidFields) as raised:
        written(place.dish, [(saffron, quantity, "g")])

    assert [(problem.pointer, problem.code) for problem in raised.value.problems] == [
        ("/ingredients/0/quantity", "too_fine")
    ]


def test_unit_stays_when_a_recipe_takes_less_than_the_new_one_can_tell(place: Place) -> None:
    saffron = stocked(place.restaurant.pk, "Saffron", "1000", "g")
    written(place.dish, [(saffron, "0.5", "g")])

    with pytest.raises(InUse):
        update_ingredient(row_id=saffron.pk, unit="kg", actor=place.actor)


def test_ingredients_are_written_off_once_when_a_ticket_is_recalled_and_ready_again(
    place: Place, flour: Ingredient
) -> None:
    written(place.dish, [(flour, "1", "kg")])
    ticket = ticket_of(place, (place.dish, 2))
    bump(place, ticket)
    first = items_of(ticket)[0].consumed_at
    recall_ticket(ticket_id=ticket.pk, actor=place.actor)

    with hearing(place.restaurant) as heard:
        bump(place, ticket)

    assert (used(), on_hand(flour)) == ([("Flour", Decimal(2), "kg")], [Decimal(8)])
    assert items_of(ticket)[0].consumed_at == first
    assert "kitchen:order_ready" in heard.types
    assert "kitchen:ingredients_consumed" not in heard.types


def test_ingredients_are_written_off_once_when_the_same_is_said_again(place: Place, flour: Ingredient) -> None:
    written(place.dish, [(flour, "1", "kg")])
    ticket = ticket_of(place, (place.dish, 1))

    bump(place, ticket)
    bump(place, ticket)
    set_ticket_status(ticket_id=ticket.pk, to=TicketStatus.READY, actor=place.actor)

    assert (len(used()), on_hand(flour)) == (1, [Decimal(9)])


def test_ingredients_are_written_off_once_when_many_bump_the_same_ticket_at_once(
    place: Place, flour: Ingredient
) -> None:
    written(place.dish, [(flour, "1", "kg")])
    ticket = ticket_of(place, (place.dish, 1))

    at_once([partial(bump, place, ticket) for _ in range(6)])

    assert (len(used()), on_hand(flour)) == (1, [Decimal(9)])
    assert len(payloads(place.restaurant, "kitchen:ingredients_consumed")) == 1


def test_ingredients_are_written_off_when_the_order_is_said_to_be_ready(place: Place, flour: Ingredient) -> None:
    written(place.dish, [(flour, "1", "kg")])
    ticket = ticket_of(place, (place.dish, 1))

    for to in (OrderStatus.PREPARING, OrderStatus.READY):
        set_order_status(order_id=ticket.order_id, to=to, actor=place.actor)

    assert on_hand(flour) == [Decimal(9)]


def test_item_uses_what_the_version_says_that_it_is_made_by(place: Place, flour: Ingredient) -> None:
    salt = stocked(place.restaurant.pk, "Salt", "100")
    recipe = written(place.dish, [(flour, "1", "kg")])
    before = ticket_of(place, (place.dish, 1))
    update_recipe(recipe_id=recipe.pk, actor=place.actor, ingredients=asked([(salt, "5", "g")]))
    after = ticket_of(place, (place.dish, 1))
    delete_recipe(recipe_id=recipe.pk, actor=place.actor)
    without = ticket_of(place, (place.dish, 1))

    for ticket in (after, before, without):
        bump(place, ticket)

    assert [item.recipe_version for each in (before, after, without) for item in items_of(each)] == [1, 2, None]
    assert used() == [("Salt", Decimal(5), "g"), ("Flour", Decimal(1), "kg")]


def test_nothing_is_used_when_the_dish_has_no_recipe_or_one_without_ingredients(place: Place) -> None:
    bare = dish_of(place, "Water")
    written(bare)

    with hearing(place.restaurant) as heard:
        bump(place, ticket_of(place, (place.dish, 1), (bare, 1)))

    assert not Consumption.objects.exists()
    assert "kitchen:ingredients_consumed" not in heard.types


def test_nothing_is_used_of_what_was_voided_or_cancelled(place: Place, flour: Ingredient) -> None:
    written(place.dish, [(flour, "1", "kg")])
    other = dish_of(place, "Soup")
    voided = ticket_of(place, (place.dish, 2), (other, 1))
    line = OrderItem.objects.get(order=voided.order_id, menu_item=place.dish)
    cancelled = ticket_of(place, (place.dish, 2))

    remove_item(order_id=voided.order_id, item_id=line.pk, actor=place.actor)
    bump(place, voided, *(item for item in items_of(voided) if item.name == "Soup"))
    set_order_status(order_id=cancelled.order_id, to=OrderStatus.CANCELLED, actor=place.actor, reason="They left.")

    assert (used(), on_hand(flour)) == ([], [Decimal(10)])
    assert KitchenOrder.objects.get(pk=voided.pk).status == TicketStatus.READY


def test_what_was_used_stays_used_when_the_order_is_cancelled_after_it(place: Place, flour: Ingredient) -> None:
    written(place.dish, [(flour, "1", "kg")])
    ticket = ticket_of(place, (place.dish, 2))
    bump(place, ticket)

    set_order_status(order_id=ticket.order_id, to=OrderStatus.CANCELLED, actor=place.actor, reason="They left.")

    assert (used(), on_hand(flour)) == ([("Flour", Decimal(2), "kg")], [Decimal(8)])


def test_only_what_was_added_is_used_when_a_second_round_is_ready(place: Place, flour: Ingredient) -> None:
    written(place.dish, [(flour, "1", "kg")])
    ticket = ticket_of(place, (place.dish, 1))
    bump(place, ticket)
    add_items(order_id=ticket.order_id, items=[AskedItem(place.dish.pk, 3)], actor=place.actor)

    bump(place, ticket)

    assert [quantity for _, quantity, _ in used()] == [Decimal(1), Decimal(3)]
    assert on_hand(flour) == [Decimal(6)]


def test_ingredients_are_written_off_with_the_last_step(place: Place, flour: Ingredient) -> None:
    written(place.dish, [(flour, "1", "kg")], [AskedStep("Mix", 2), AskedStep("Bake", 9)])
    ticket = ticket_of(place, (place.dish, 1))
    item = items_of(ticket)[0]

    left = []
    for step in (0, 1):
        move = ItemMove(item.pk, READY, step)
        set_ticket_item_statuses(ticket_id=ticket.pk, moves=[move], actor=place.actor)
        left += on_hand(flour)

    assert left == [Decimal(10), Decimal(9)]


def test_use_is_told_to_the_restaurants_room_alone_with_what_is_left(place: Place, flour: Ingredient) -> None:
    salt = stocked(place.restaurant.pk, "Salt", "100")
    soup = dish_of(place, "Soup")
    written(place.dish, [(flour, "1", "kg"), (salt, "2", "g")])
    written(soup, [(salt, "0.5", "g")])
    ticket = ticket_of(place, (place.dish, 2), (soup, 1))
    before = head(place.restaurant)

    with hearing(place.restaurant) as heard:
        bump(place, ticket)

    kind = "kitchen:ingredients_consumed"
    assert [rooms for name, rooms in heard.told if name == kind] == [[]]
    (payload,) = payloads(place.restaurant, kind, after=before)
    assert payload["kitchen_order_id"] == ticket.pk
    assert payload["order_id"] == ticket.order_id
    assert payload["consumed"] == [
        {"ingredient_id": flour.pk, "name": "Flour", "quantity": "2.000", "unit": "kg", "on_hand": "8.000"},
        {"ingredient_id": salt.pk, "name": "Salt", "quantity": "4.500", "unit": "g", "on_hand": "95.500"},
    ]


def test_alert_is_raised_exactly_when_less_than_nothing_is_left(place: Place) -> None:
    flour = stocked(place.restaurant.pk, "Flour", "2", "kg")
    written(place.dish, [(flour, "1", "kg")])

    raised = []
    for _ in range(4):
        before = head(place.restaurant)
        bump(place, ticket_of(place, (place.dish, 1)))
        raised.append(alerts(place, after=before))

    told = "Flour has run out: -1 kg on hand."
    assert raised == [[], [], [told], []]
    assert on_hand(flour) == [Decimal(-2)]


def test_alert_is_raised_again_when_it_was_counted_in_between(place: Place) -> None:
    flour = stocked(place.restaurant.pk, "Flour", "0", "kg")
    written(place.dish, [(flour, "1", "kg")])
    count = partial(update_ingredient, row_id=flour.pk, actor=place.actor)
    bump(place, ticket_of(place, (place.dish, 1)))

    before = head(place.restaurant)
    count(on_hand=Decimal(0))
    assert alerts(place, after=before) == []
    count(on_hand=Decimal("-0.500"))
    assert alerts(place, after=before) == ["Flour has run out: -0.5 kg on hand."]
    count(on_hand=Decimal(1))
    bump(place, ticket_of(place, (place.dish, 2)))

    assert alerts(place, after=before)[1:] == ["Flour has run out: -1 kg on hand."]


def test_nothing_is_lost_and_nobody_hangs_when_tickets_use_the_same_in_opposite_order(place: Place) -> None:
    salt, oil = stocked(place.restaurant.pk, "Salt", "1000"), stocked(place.restaurant.pk, "Oil", "1000", "ml")
    one, two = dish_of(place, "One"), dish_of(place, "Two")
    written(one, [(salt, "1", "g"), (oil, "2", "ml")])
    written(two, [(oil, "4", "ml"), (salt, "8", "g")])
    tickets = [ticket_of(place, *lines) for lines in ([(one, 1), (two, 1)], [(two, 1), (one, 1)]) * 4]

    results = at_once([partial(bump, place, ticket) for ticket in tickets])

    assert [result.status for result in results] == [TicketStatus.READY] * 8
    assert on_hand(salt, oil) == [Decimal(1000 - 8 * 9), Decimal(1000 - 8 * 6)]
    assert Consumption.objects.count() == 8 * 4


def test_count_holds_and_what_is_used_after_it_is_taken_off_when_both_happen_at_once(place: Place) -> None:
    salt = stocked(place.restaurant.pk, "Salt", "0")
    written(place.dish, [(salt, "1", "g")])
    tickets = [ticket_of(place, (place.dish, 1)) for _ in range(5)]
    count = partial(update_ingredient, row_id=salt.pk, actor=place.actor, on_hand=Decimal(100))

    results = at_once([*(partial(bump, place, ticket) for ticket in tickets), count])

    assert not [result for result in results if isinstance(result, Exception)]
    told = [row["consumed"][0]["on_hand"] for row in payloads(place.restaurant, "kitchen:ingredients_consumed")]
    after_count = [left for left in told if Decimal(left) > 0]
    assert after_count == [f"{100 - number}.000" for number in range(1, len(after_count) + 1)]
    assert on_hand(salt) == [Decimal(100 - len(after_count))]
    assert len(told) == 5


def test_nothing_is_written_off_of_another_restaurant(place: Place, other_place: Place) -> None:
    flour = stocked(place.restaurant.pk, "Flour", "10", "kg")
    theirs = stocked(other_place.restaurant.pk, "Flour", "10", "kg")
    written(place.dish, [(flour, "1", "kg")])
    written(other_place.dish, [(theirs, "2", "kg")])

    with hearing(other_place.restaurant) as heard:
        bump(place, ticket_of(place, (place.dish, 1)))

    assert (on_hand(flour, theirs), heard.types) == ([Decimal(9), Decimal(10)], [])
