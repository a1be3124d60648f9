"""Production contracts: which changes of an order make the next version, what it says, and that it stays."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection

from kitchen.models import ProductionContract, Station
from kitchen.services.contracts import find_contract
from kitchen.services.priority import set_priority
from kitchen.services.tickets import ItemMove, set_ticket_item_statuses
from kitchen.states import TicketItemStatus
from orders.errors import NotFound
from orders.models import Allergen, MenuItem, MenuItemModifierGroup, Modifier, ModifierGroup, Order, Table
from orders.services.customers import AskedCustomer
from orders.services.dishes import AskedItem
from orders.services.items import add_items, change_item, remove_item, set_item_status, void_item
from orders.services.orders import create_order, set_order_status, update_order
from orders.services.payments import take_payment
from orders.states import Channel, ItemStatus, OrderStatus, PaymentMethod, Priority, Role
from orders.units import open_unit
from tests.contracts import items, latest, lines, stored, ticket_of, versions
from tests.cookery import recipe
from tests.places import Place
from tests.streams import hearing, payloads


@pytest.fixture
def order(place: Place) -> Order:
    """A confirmed order of two burgers on two lines."""
    asked = [AskedItem(place.dish.pk, 1), AskedItem(place.dish.pk, 2)]
    made = create_order(actor=place.actor, channel=Channel.DINE_IN, items=asked, table_id=place.table.pk)
    return place.confirm(made)


def kinds(order: Order) -> list[str | None]:
    return [item.change["kind"] if item.change else None for item in items(order)]


# The first version --------------------------------------------------------------------------------


def test_first_contract_says_what_is_to_be_made_when_an_order_is_confirmed(place: Place) -> None:
    group = ModifierGroup.objects.create(restaurant=place.restaurant, name="Topping", min=0, max=1)
    MenuItemModifierGroup.objects.create(menu_item=place.dish, group=group)
    cheese = Modifier.objects.create(group=group, name="cheese", price=Decimal("1.50"))
    gluten = Allergen.objects.get_or_create(restaurant=place.restaurant, name="Gluten")[0]
    place.dish.allergens.add(gluten)
    recipe(place.dish, {"Fry": (8, [place.station]), "Plate": (2, [place.station])})
    asked = AskedItem(place.dish.pk, 2, (cheese.pk,), "No onions")
    order = create_order(
        actor=place.actor, channel=Channel.DINE_IN, items=[asked], table_id=place.table.pk, notes="Hurry"
    )

    place.confirm(order)

    contract = latest(order)
    place_of_step = {"station_id": place.station.pk, "station_name": "Grill"}
    assert (contract.version, contract.schema_version, contract.notes, contract.table_name) == (1, 1, "Hurry", "7")
    assert (contract.priority, contract.complexity) == ("normal", 4)  # two steps, two instructions, one station
    assert (contract.estimated_minutes, contract.naive_minutes) == (10, 10)
    assert contract.items == [
        {
            "order_item_id": lines(order)[0].pk,
            "menu_item_id": place.dish.pk,
            "name": "Burger",
            "quantity": 2,
            "instructions": ["cheese", "No onions"],
            "modifiers": [{"id": cheese.pk, "name": "cheese", "price": "1.50"}],
            "special_instructions": "No onions",
            "course": 1,
            "allergens": ["Gluten"],
            "allergy_alert": [],
            "station_id": place.station.pk,
            "steps": [{"name": "Fry", "minutes": 8} | place_of_step, {"name": "Plate", "minutes": 2} | place_of_step],
            "recipe_version": 1,
        }
    ]


def test_order_ticket_and_contract_promise_the_same_when_an_order_is_confirmed(place: Place, order: Order) -> None:
    ticket, contract = ticket_of(order), latest(order)

    promised = stored(order).estimated_ready_at

    assert promised == contract.estimated_ready_at == ticket.estimated_ready_at == ticket.promised_ready_at
    assert (ticket.contract_id, ticket.contract_version) == (contract.pk, 1)
    assert contract.estimated_minutes == 10


def test_contract_is_told_once_when_an_order_is_confirmed_as_it_is_taken(place: Place) -> None:
    place.restaurant.auto_confirm = True
    place.restaurant.save()

    with hearing(place.restaurant) as heard:
        order = place.order()

    (payload,) = payloads(place.restaurant, "production-contract:created")
    assert heard.types.count("production-contract:created") == 1
    assert (payload["version"], payload["order_version"]) == (1, stored(order).version)
    assert versions(order) == [1]


# What the kitchen must know -----------------------------------------------------------------------


def add_one(place: Place, order: Order) -> None:
    add_items(order_id=order.pk, items=[AskedItem(place.dish.pk, 3)], actor=place.actor)


def ask_more(place: Place, order: Order) -> None:
    change_item(order_id=order.pk, item_id=lines(order)[0].pk, actor=place.actor, quantity=4)


def ask_otherwise(place: Place, order: Order) -> None:
    change_item(order_id=order.pk, item_id=lines(order)[0].pk, actor=place.actor, special_instructions="rare")


def ask_later(place: Place, order: Order) -> None:
    change_item(order_id=order.pk, item_id=lines(order)[0].pk, actor=place.actor, course=2)


def remove_one(place: Place, order: Order) -> None:
    remove_item(order_id=order.pk, item_id=lines(order)[0].pk, actor=place.actor)


def void_one(place: Place, order: Order) -> None:
    void_item(order_id=order.pk, item_id=lines(order)[0].pk, actor=place.actor)


def cancel_one_line(place: Place, order: Order) -> None:
    set_item_status(order_id=order.pk, item_id=lines(order)[0].pk, to=ItemStatus.CANCELLED, actor=place.actor)


def not_made(place: Place, order: Order) -> None:
    moves = [ItemMove(items(order)[0].pk, TicketItemStatus.CANCELLED)]
    set_ticket_item_statuses(ticket_id=ticket_of(order).pk, moves=moves, actor=place.actor_of(Role.KITCHEN))


def write_note(place: Place, order: Order) -> None:
    update_order(order_id=order.pk, actor=place.actor, notes="Birthday")


def seat_elsewhere(place: Place, order: Order) -> None:
    table = Table.objects.create(restaurant=place.restaurant, name="12")
    update_order(order_id=order.pk, actor=place.actor, table_id=table.pk)


def hurry(place: Place, order: Order) -> None:
    update_order(order_id=order.pk, actor=place.actor, priority=Priority.VIP)


def name_allergy(place: Place, order: Order) -> None:
    nuts = Allergen.objects.get_or_create(restaurant=place.restaurant, name="Nuts")[0]
    update_order(order_id=order.pk, actor=place.actor, allergen_ids=[nuts.pk])


Change = Callable[[Place, Order], None]
TOLD: list[Change] = [
    add_one, ask_more, ask_otherwise, ask_later, remove_one, void_one, cancel_one_line, not_made,
    write_note, seat_elsewhere, hurry, name_allergy,
]  # fmt: skip


@pytest.mark.parametrize("change", TOLD)
def test_next_version_is_made_when_the_kitchen_must_know(place: Place, order: Order, change: Change) -> None:
    with hearing(place.restaurant) as heard:
        change(place, order)

    ticket, contract = ticket_of(order), latest(order)
    assert versions(order) == [1, 2]
    assert heard.types.count("production-contract:created") == 1
    assert (ticket.contract_id, ticket.contract_version, ticket.version) == (contract.pk, 2, 2)
    assert ticket.estimated_ready_at == contract.estimated_ready_at == Order.objects.get().estimated_ready_at
    wanted = Order.objects.get().items.exclude(status=ItemStatus.CANCELLED).values_list("pk", "quantity")
    assert [(item["order_item_id"], item["quantity"]) for item in contract.items] == list(wanted.order_by("pk"))


def test_ticket_says_what_changed_when_lines_come_change_and_go(place: Place, order: Order) -> None:
    first, second = (line.pk for line in lines(order))

    change_item(order_id=order.pk, item_id=first, actor=place.actor, quantity=4, special_instructions="rare")
    remove_item(order_id=order.pk, item_id=second, actor=place.actor)
    add_one(place, order)

    changed, voided, added = items(order)
    fields = {"quantity": [1, 4], "special_instructions": ["", "rare"]}
    assert changed.change == {"version": 2, "kind": "changed", "fields": fields}
    assert (voided.change, voided.status) == ({"version": 3, "kind": "voided", "fields": {}}, "cancelled")
    assert (added.change, added.status) == ({"version": 4, "kind": "added", "fields": {}}, "pending")
    assert versions(order) == [1, 2, 3, 4]


def test_item_that_is_made_stays_made_when_its_line_is_voided(place: Place, order: Order) -> None:
    first = items(order)[0]
    set_ticket_item_statuses(
        ticket_id=first.ticket_id, moves=[ItemMove(first.pk, TicketItemStatus.READY)], actor=place.actor
    )

    void_one(place, order)

    item, other = items(order)
    assert (item.status, kinds(order)) == ("ready", ["voided", None])
    assert [line["order_item_id"] for line in latest(order).items] == [other.order_item_id]


def test_one_version_is_made_when_several_things_change_in_one_unit(place: Place, order: Order) -> None:
    first, second = (line.pk for line in lines(order))

    with hearing(place.restaurant) as heard, open_unit(place.actor):
        change_item(order_id=order.pk, item_id=first, actor=place.actor, quantity=4)
        remove_item(order_id=order.pk, item_id=second, actor=place.actor)
        add_one(place, order)
        update_order(order_id=order.pk, actor=place.actor, notes="Birthday", priority=Priority.VIP)

    assert versions(order) == [1, 2]
    assert heard.types.count("production-contract:created") == 1
    assert kinds(order) == ["changed", "voided", "added"]
    assert (ticket_of(order).version, ticket_of(order).priority, ticket_of(order).notes) == (2, "vip", "Birthday")


# What it need not know ----------------------------------------------------------------------------


def give_discount(place: Place, order: Order) -> None:
    update_order(order_id=order.pk, actor=place.actor, discount_amount=Decimal("1.00"))


def name_guest(place: Place, order: Order) -> None:
    update_order(order_id=order.pk, actor=place.actor, customer=AskedCustomer(name="Mia", phone="+49 1"))


def pay(place: Place, order: Order) -> None:
    total = stored(order).final_amount
    take_payment(order_id=order.pk, amount=total, method=PaymentMethod.CARD, actor=place.actor)


def make_it_all(place: Place, order: Order) -> None:
    for to in (OrderStatus.PREPARING, OrderStatus.READY, OrderStatus.SERVED):
        set_order_status(order_id=order.pk, to=to, actor=place.actor)


def say_the_same(place: Place, order: Order) -> None:
    change_item(order_id=order.pk, item_id=lines(order)[0].pk, actor=place.actor, quantity=1, course=1)
    update_order(order_id=order.pk, actor=place.actor, notes="", priority=Priority.NORMAL)


def go_there_and_back(place: Place, order: Order) -> None:
    with open_unit(place.actor):
        update_order(order_id=order.pk, actor=place.actor, notes="Birthday")
        update_order(order_id=order.pk, actor=place.actor, notes="")


def cancel_it(place: Place, order: Order) -> None:
    set_order_status(order_id=order.pk, to=OrderStatus.CANCELLED, actor=place.actor, reason="Gone")


@pytest.mark.parametrize(
    "change", [give_discount, name_guest, pay, make_it_all, say_the_same, go_there_and_back, cancel_it]
)
def test_contract_stays_when_the_kitchen_need_not_know(place: Place, order: Order, change: Change) -> None:
    before = latest(order)

    with hearing(place.restaurant) as heard:
        change(place, order)

    assert versions(order) == [1]
    assert "production-contract:created" not in heard.types
    assert ticket_of(order).contract_id == before.pk
    assert kinds(order) == [None, None]


# What was promised --------------------------------------------------------------------------------


def test_estimate_stays_when_only_a_note_changes(place: Place, order: Order) -> None:
    promised = latest(order).estimated_ready_at

    write_note(place, order)

    assert latest(order).estimated_ready_at == promised == ticket_of(order).estimated_ready_at


def test_estimate_counts_what_others_wait_for_and_nothing_twice_when_an_item_is_added(place: Place) -> None:
    Station.objects.filter(pk=place.station.pk).update(capacity=1, silently=True)
    order = place.confirm(place.order())

    add_one(place, order)

    assert [contract.estimated_minutes for contract in ProductionContract.objects.order_by("version")] == [10, 20]


def test_estimate_is_made_again_when_an_item_is_removed(place: Place) -> None:
    Station.objects.filter(pk=place.station.pk).update(capacity=1, silently=True)
    other = place.confirm(place.order())
    order = place.order()
    add_one(place, order)
    place.confirm(order)

    remove_one(place, order)

    minutes = ProductionContract.objects.filter(order=order).order_by("version")
    assert [contract.estimated_minutes for contract in minutes] == [30, 20]
    assert latest(other).estimated_minutes == 10
    assert ticket_of(order).promised_ready_at == minutes[0].estimated_ready_at
    assert stored(order).estimated_ready_at == minutes[1].estimated_ready_at


# Priority -----------------------------------------------------------------------------------------


def test_priority_of_the_kitchen_stays_when_something_else_changes(place: Place, order: Order) -> None:
    set_priority(ticket_id=ticket_of(order).pk, priority=Priority.EXPRESS, actor=place.actor_of(Role.KITCHEN))

    add_one(place, order)

    assert (ticket_of(order).priority, latest(order).priority) == ("express", "normal")


def test_priority_is_the_orders_when_it_is_given_another_one(place: Place, order: Order) -> None:
    set_priority(ticket_id=ticket_of(order).pk, priority=Priority.EXPRESS, actor=place.actor_of(Role.KITCHEN))

    hurry(place, order)

    assert (ticket_of(order).priority, latest(order).priority) == ("vip", "vip")


def test_ticket_has_the_orders_priority_when_that_is_what_was_computed_before(place: Place) -> None:
    recipe(place.dish, {f"Step {number}": (1, [place.station]) for number in range(24)})
    order = place.confirm(place.order())
    set_priority(ticket_id=ticket_of(order).pk, priority=Priority.NORMAL, actor=place.actor_of(Role.KITCHEN))

    update_order(order_id=order.pk, actor=place.actor, priority=Priority.EXPRESS)

    assert (ticket_of(order).priority, versions(order)) == ("express", [1])


# What stays ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    ["UPDATE kitchen_productioncontract SET notes = 'x'", "DELETE FROM kitchen_productioncontract"],
)
def test_contract_is_kept_when_somebody_writes_to_it_directly(place: Place, order: Order, statement: str) -> None:
    with pytest.raises(IntegrityError, match="never changed nor deleted"), connection.cursor() as cursor:
        cursor.execute(statement)

    assert (versions(order), latest(order).notes) == ([1], "")


def test_contract_is_kept_when_a_row_of_it_is_saved_or_deleted(place: Place, order: Order) -> None:
    contract = latest(order)
    contract.notes = "x"

    with pytest.raises(IntegrityError):
        contract.save()
    with pytest.raises(IntegrityError):
        contract.delete()

    assert (versions(order), latest(order).notes) == ([1], "")


def test_items_are_made_as_they_were_promised_when_the_recipe_has_changed(place: Place) -> None:
    oven = Station.objects.create(restaurant=place.restaurant, name="Oven")
    written = recipe(place.dish, {"Fry": (8, [place.station])})
    order = place.confirm(place.order())
    written.steps.create(version=2, position=1, name="Bake", minutes=20).places.create(station=oven, position=1)
    written.version = 2
    written.save()

    add_one(place, order)

    old, new = items(order)
    assert [(item.recipe_version, item.station_name, item.steps[0]["name"]) for item in (old, new)] == [
        (1, "Grill", "Fry"),
        (2, "Oven", "Bake"),
    ]
    assert [item["recipe_version"] for item in latest(order).items] == [1, 2]
    assert [item["recipe_version"] for item in find_contract(order.restaurant_id, order.pk, 1).items] == [1]


def test_item_keeps_its_name_and_station_when_the_menu_has_changed(place: Place, order: Order) -> None:
    oven = Station.objects.create(restaurant=place.restaurant, name="Oven")
    dish = MenuItem.objects.get(pk=place.dish.pk)
    dish.name, dish.station, dish.prep_minutes = "Cheeseburger", oven, 30
    dish.save()

    write_note(place, order)

    assert [(item["name"], item["steps"][0]["station_name"], item["steps"][0]["minutes"]) for item in
            latest(order).items] == [("Burger", "Grill", 10)] * 2  # fmt: skip
    assert latest(order).estimated_ready_at == find_contract(order.restaurant_id, order.pk, 1).estimated_ready_at


def test_contract_is_not_found_when_it_is_another_restaurants(place: Place, other_place: Place, order: Order) -> None:
    with pytest.raises(NotFound):
        find_contract(other_place.restaurant.pk, order.pk)
    with pytest.raises(NotFound):
        find_contract(place.restaurant.pk, order.pk, 2)
