"""Lines of an order, the choices that come with them, and the portions that they take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from kitchen.models import KitchenOrder
from orders.errors import (
    DomainError,
    InvalidFields,
    InvalidTransition,
    NotAllowed,
    NotEditable,
    NotFound,
    OutOfStock,
    StaleVersion,
    Unavailable,
)
from orders.models import HistoryEntry, MenuItem, MenuItemModifierGroup, Modifier, ModifierGroup, Order, OrderItem
from orders.services.dishes import AskedItem
from orders.services.items import add_items, change_item, remove_item, set_item_status, void_item
from orders.services.menu import set_availability
from orders.services.orders import create_order, delete_order, set_order_status, update_order
from orders.states import Channel, ItemStatus, OrderStatus, Role
from orders.units import open_unit
from tests.places import Place
from tests.streams import at_once, hearing


def counted(place: Place, stock: int) -> MenuItem:
    place.dish.stock = stock
    place.dish.save()
    return place.dish


def stock(place: Place) -> int | None:
    return MenuItem.objects.get(pk=place.dish.pk).stock


def line_of(order: Order) -> OrderItem:
    return OrderItem.objects.filter(order=order).earliest("pk")


def pointers(error: DomainError) -> list[tuple[str, str]]:
    return [(problem.pointer, problem.code) for problem in error.problems]


def ask(place: Place, quantity: int = 1, **options: Any) -> list[AskedItem]:
    return [AskedItem(place.dish.pk, quantity, **options)]


# Stock --------------------------------------------------------------------------------------------


def test_exactly_five_are_sold_when_twenty_ask_for_the_last_five(place: Place) -> None:
    counted(place, 5)

    results = at_once([place.order] * 20)

    assert Counter(type(result) for result in results) == {Order: 5, OutOfStock: 15}
    assert stock(place) == 0
    assert Order.objects.count() == 5


def test_refusal_names_the_dish_and_what_is_left_when_stock_is_short(place: Place) -> None:
    counted(place, 3)

    with hearing(place.restaurant) as heard, pytest.raises(OutOfStock) as raised:
        create_order(actor=place.actor, channel=Channel.TAKEAWAY, items=ask(place, 2) + ask(place, 2))

    assert [problem.as_dict() for problem in raised.value.problems] == [
        {
            "pointer": "/items/0/quantity",
            "code": "out_of_stock",
            "detail": "Burger: 3 left.",
            "menu_item_id": place.dish.pk,
            "left": 3,
        }
    ]
    assert (heard.types, stock(place), Order.objects.count()) == ([], 3, 0)


def test_draft_takes_no_stock_until_it_is_submitted(place: Place) -> None:
    counted(place, 3)

    order = place.order(2, draft=True)
    while_draft = stock(place)
    set_order_status(order_id=order.pk, to=OrderStatus.PENDING, actor=place.actor)

    assert (while_draft, stock(place)) == (3, 1)


def test_draft_stays_a_draft_when_it_asks_for_more_than_is_left(place: Place) -> None:
    counted(place, 1)
    order = place.order(2, draft=True)

    with hearing(place.restaurant) as heard, pytest.raises(OutOfStock):
        set_order_status(order_id=order.pk, to=OrderStatus.PENDING, actor=place.actor)

    assert (heard.types, stock(place), Order.objects.get().status) == ([], 1, "draft")


def test_voided_line_takes_no_stock_when_its_draft_is_submitted(place: Place) -> None:
    counted(place, 5)
    order = place.order(2, draft=True)
    add_items(order_id=order.pk, items=ask(place, 1), actor=place.actor)

    void_item(order_id=order.pk, item_id=line_of(order).pk, actor=place.actor)
    set_order_status(order_id=order.pk, to=OrderStatus.PENDING, actor=place.actor)

    assert stock(place) == 4


def test_draft_is_not_submitted_when_its_dish_was_86d_meanwhile(place: Place) -> None:
    order = place.order(draft=True)
    place.dish.is_available = False
    place.dish.save()

    with pytest.raises(Unavailable) as raised:
        set_order_status(order_id=order.pk, to=OrderStatus.PENDING, actor=place.actor)

    assert pointers(raised.value) == [("/items/0/menu_item_id", "unavailable")]
    assert Order.objects.get().status == "draft"


@pytest.mark.parametrize("quantity", [1, 2])
def test_draft_is_not_submitted_when_a_modifier_was_86d_meanwhile(
    place: Place, choices: dict[str, Modifier], quantity: int
) -> None:
    asked = ask(place, quantity, modifier_ids=(choices["rare"].pk, choices["egg"].pk))
    order = create_order(actor=place.actor, channel=Channel.TAKEAWAY, items=asked, draft=True)
    counted(place, 5)
    Modifier.objects.filter(name="egg").update(is_available=False)

    with pytest.raises(Unavailable) as raised:
        set_order_status(order_id=order.pk, to=OrderStatus.PENDING, actor=place.actor)

    (problem,) = raised.value.problems
    assert (problem.pointer, problem.code, problem.detail) == (
        "/items/0/modifier_ids",
        "unavailable",
        "egg is not available.",
    )
    assert (Order.objects.get().status, stock(place)) == ("draft", 5)


def test_less_but_not_more_is_taken_when_a_modifier_was_86d_meanwhile(
    place: Place, choices: dict[str, Modifier]
) -> None:
    asked = ask(place, 3, modifier_ids=(choices["rare"].pk,))
    order = create_order(actor=place.actor, channel=Channel.TAKEAWAY, items=asked)
    line: dict[str, Any] = {"order_id": order.pk, "item_id": line_of(order).pk, "actor": place.actor}
    Modifier.objects.filter(name="rare").update(is_available=False)

    change_item(**line, quantity=2)
    with pytest.raises(Unavailable) as raised:
        change_item(**line, quantity=4)

    assert pointers(raised.value) == [("/quantity", "unavailable")]
    assert line_of(order).quantity == 2


@pytest.mark.parametrize("end", ["delete", "cancel", "remove", "void"])
def test_stock_returns_when_what_took_it_ends_unbegun(place: Place, end: str) -> None:
    counted(place, 5)
    order = place.order(3)
    here: dict[str, Any] = {"order_id": order.pk, "actor": place.actor}

    match end:
        case "delete":
            delete_order(**here)
        case "cancel":
            set_order_status(**here, to=OrderStatus.CANCELLED)
        case "remove":
            remove_item(**here, item_id=line_of(order).pk)
        case _:
            void_item(**here, item_id=line_of(order).pk)

    assert stock(place) == 5


@pytest.mark.parametrize("end", ["cancel", "remove", "void"])
def test_stock_stays_taken_when_what_took_it_was_begun(place: Place, end: str) -> None:
    counted(place, 5)
    order = place.confirm(place.order(3))
    here: dict[str, Any] = {"order_id": order.pk, "actor": place.actor}
    line: dict[str, Any] = {**here, "item_id": line_of(order).pk}
    set_item_status(**line, to=ItemStatus.PREPARING)

    match end:
        case "cancel":
            set_order_status(**here, to=OrderStatus.CANCELLED, reason="No gas")
        case "remove":
            remove_item(**line)
        case _:
            void_item(**line)

    assert stock(place) == 2


def test_stock_is_returned_once_when_a_voided_line_is_cancelled_with_its_order(place: Place) -> None:
    counted(place, 5)
    order = place.order(3)

    void_item(order_id=order.pk, item_id=line_of(order).pk, actor=place.actor)
    set_order_status(order_id=order.pk, to=OrderStatus.CANCELLED, actor=place.actor)

    assert stock(place) == 5


@pytest.mark.parametrize(("quantity", "left"), [(5, 0), (1, 4), (3, 2)])
def test_stock_follows_when_a_quantity_changes(place: Place, quantity: int, left: int) -> None:
    counted(place, 5)
    order = place.order(3)

    change_item(order_id=order.pk, item_id=line_of(order).pk, actor=place.actor, quantity=quantity)

    assert stock(place) == left


def test_quantity_stays_when_more_is_asked_than_is_left(place: Place) -> None:
    counted(place, 5)
    order = place.order(3)

    with hearing(place.restaurant) as heard, pytest.raises(OutOfStock) as raised:
        change_item(order_id=order.pk, item_id=line_of(order).pk, actor=place.actor, quantity=6)

    assert pointers(raised.value) == [("/quantity", "out_of_stock")]
    assert (heard.types, stock(place), line_of(order).quantity) == ([], 2, 3)


@pytest.mark.parametrize("end", ["delete", "cancel", "remove", "void"])
def test_nothing_returns_when_a_dish_was_not_counted_yet_as_it_was_ordered(place: Place, end: str) -> None:
    order = place.order(3)
    counted(place, 5)
    here: dict[str, Any] = {"order_id": order.pk, "actor": place.actor}

    match end:
        case "delete":
            delete_order(**here)
        case "cancel":
            set_order_status(**here, to=OrderStatus.CANCELLED)
        case "remove":
            remove_item(**here, item_id=line_of(order).pk)
        case _:
            void_item(**here, item_id=line_of(order).pk)

    assert stock(place) == 5


def test_only_what_was_taken_returns_when_a_dish_is_counted_between_two_changes_of_a_line(place: Place) -> None:
    order = place.order(3)
    counted(place, 5)
    line: dict[str, Any] = {"order_id": order.pk, "item_id": line_of(order).pk, "actor": place.actor}

    change_item(**line, quantity=5)
    raised = stock(place)
    change_item(**line, quantity=1)

    assert (raised, stock(place), line_of(order).portions_taken) == (3, 5, 0)


def test_nothing_is_counted_when_a_dish_is_not_counted_any_more(place: Place) -> None:
    counted(place, 5)
    order = place.order(3)
    place.dish.refresh_from_db()
    place.dish.stock = None
    place.dish.save()

    set_order_status(order_id=order.pk, to=OrderStatus.CANCELLED, actor=place.actor)

    assert (stock(place), line_of(order).portions_taken) == (None, 0)


def test_nothing_returns_when_counting_began_while_the_order_was_being_taken(place: Place) -> None:
    with open_unit(place.actor):
        order = place.order(3)
        with ThreadPoolExecutor(1) as kitchen:
            kitchen.submit(_count_from_elsewhere, place, 5).result()

    set_order_status(order_id=order.pk, to=OrderStatus.CANCELLED, actor=place.actor)

    assert stock(place) == 5


def _count_from_elsewhere(place: Place, portions: int) -> None:
    try:
        set_availability(menu_item_id=place.dish.pk, actor=place.actor, stock=portions)
    finally:
        connection.close()


def test_what_lines_took_is_nobodys_news_when_a_draft_is_submitted_and_cancelled(place: Place) -> None:
    counted(place, 5)
    order = place.order(3, draft=True)

    with hearing(place.restaurant) as heard:
        set_order_status(order_id=order.pk, to=OrderStatus.PENDING, actor=place.actor)
        taken = line_of(order).portions_taken
        set_order_status(order_id=order.pk, to=OrderStatus.CANCELLED, actor=place.actor)

    assert (taken, line_of(order).portions_taken) == (3, 0)
    assert "order-item:updated" not in heard.types
    assert not any("portions_taken" in str(entry.changes) for entry in HistoryEntry.objects.all())


def test_no_deadlock_when_orders_name_the_same_dishes_in_other_orders(place: Place) -> None:
    counted(place, 500)
    second = MenuItem.objects.create(
        restaurant=place.restaurant, name="Soup", price="4.00", category=place.dish.category, stock=500
    )
    both = [AskedItem(place.dish.pk, 1), AskedItem(second.pk, 1)]

    def take(items: list[AskedItem], *, draft: bool) -> None:
        for _ in range(5):
            create_order(actor=place.actor, channel=Channel.TAKEAWAY, items=items, draft=draft)

    results = at_once(
        [lambda: take(both, draft=False), lambda: take(both[::-1], draft=False), lambda: take(both, draft=True)] * 3
    )

    assert results == [None] * 9
    assert (stock(place), MenuItem.objects.get(pk=second.pk).stock) == (470, 470)


# Choices ------------------------------------------------------------------------------------------


@pytest.fixture
def choices(place: Place) -> dict[str, Modifier]:
    """Doneness must be chosen, exactly one; up to two toppings may be."""
    doneness = ModifierGroup.objects.create(restaurant=place.restaurant, name="Doneness", min=1, max=1)
    topping = ModifierGroup.objects.create(restaurant=place.restaurant, name="Topping", min=0, max=2)
    for group in (doneness, topping):
        MenuItemModifierGroup.objects.create(menu_item=place.dish, group=group)
    names = [(doneness, "rare", "0"), (doneness, "done", "0")]
    names += [(topping, "cheese", "1.50"), (topping, "egg", "1.00"), (topping, "bacon", "2.25")]
    return {name: Modifier.objects.create(group=group, name=name, price=Decimal(price)) for group, name, price in names}


def test_choices_are_copied_and_charged_when_they_fit(place: Place, choices: dict[str, Modifier]) -> None:
    ids = (choices["rare"].pk, choices["cheese"].pk, choices["bacon"].pk)

    order = create_order(actor=place.actor, channel=Channel.TAKEAWAY, items=ask(place, 2, modifier_ids=ids))

    line = line_of(order)
    assert line.line_total == Decimal("26.50")
    assert sorted(line.modifiers.values_list("name", "price")) == [
        ("bacon", Decimal("2.25")),
        ("cheese", Decimal("1.50")),
        ("rare", Decimal("0.00")),
    ]


@pytest.mark.parametrize(
    ("names", "code"),
    [
        ([], "choices"),
        (["cheese"], "choices"),
        (["rare", "done"], "choices"),
        (["rare", "cheese", "egg", "bacon"], "choices"),
        (["rare", "rare"], "duplicate"),
    ],
)
def test_order_is_refused_when_choices_do_not_fit(
    place: Place, choices: dict[str, Modifier], names: list[str], code: str
) -> None:
    ids = tuple(choices[name].pk for name in names)

    with hearing(place.restaurant) as heard, pytest.raises(InvalidFields) as raised:
        create_order(actor=place.actor, channel=Channel.TAKEAWAY, items=ask(place, modifier_ids=ids))

    assert pointers(raised.value) == [("/items/0/modifier_ids", code)]
    assert (heard.types, Order.objects.count()) == ([], 0)


def test_modifier_is_not_found_when_it_is_another_dishs(
    place: Place, other_place: Place, choices: dict[str, Modifier]
) -> None:
    group = ModifierGroup.objects.create(restaurant=other_place.restaurant, name="Side", min=0, max=1)
    foreign = Modifier.objects.create(group=group, name="fries")

    with pytest.raises(NotFound) as raised:
        create_order(
            actor=place.actor,
            channel=Channel.TAKEAWAY,
            items=ask(place, modifier_ids=(choices["rare"].pk, foreign.pk)),
        )

    assert pointers(raised.value) == [("/items/0/modifier_ids", "not_found")]


def test_order_is_refused_when_a_modifier_is_86d(place: Place, choices: dict[str, Modifier]) -> None:
    Modifier.objects.filter(name="rare").update(is_available=False)

    with pytest.raises(Unavailable, match="Not everything is available"):
        create_order(actor=place.actor, channel=Channel.TAKEAWAY, items=ask(place, modifier_ids=(choices["rare"].pk,)))


# Adding, changing, removing -----------------------------------------------------------------------


def test_second_round_takes_the_ticket_back_to_preparing_when_the_order_was_served(place: Place) -> None:
    order = place.confirm(place.order())
    for step in ("preparing", "ready", "served"):
        set_order_status(order_id=order.pk, to=OrderStatus(step), actor=place.actor)

    add_items(order_id=order.pk, items=ask(place, 2), actor=place.actor)

    order, ticket = Order.objects.get(), KitchenOrder.objects.get()
    assert (order.status, ticket.status) == ("preparing", "preparing")
    assert (order.ready_at, order.served_at, ticket.ready_at, ticket.completed_at) == (None, None, None, None)
    assert list(ticket.items.values_list("status", "quantity")) == [("ready", 1), ("pending", 2)]
    assert list(order.items.values_list("status", flat=True)) == ["served", "pending"]


@pytest.mark.parametrize("end", ["completed", "cancelled"])
def test_nothing_is_added_when_the_order_is_closed(place: Place, end: str) -> None:
    order = place.order()
    steps = ["cancelled"] if end == "cancelled" else ["confirmed", "preparing", "ready", "served", "completed"]
    for step in steps:
        set_order_status(order_id=order.pk, to=OrderStatus(step), actor=place.actor, reason="Done")

    with hearing(place.restaurant) as heard, pytest.raises(NotEditable):
        add_items(order_id=order.pk, items=ask(place), actor=place.actor)

    assert (heard.types, OrderItem.objects.count()) == ([], 1)


def test_version_stays_when_nothing_is_asked_to_be_added(place: Place) -> None:
    order = place.order()

    with pytest.raises(InvalidFields) as raised:
        add_items(order_id=order.pk, items=[], actor=place.actor)

    assert pointers(raised.value) == [("/items", "required")]
    assert Order.objects.get().version == 1


def test_foreign_dish_is_not_found_when_it_is_added(place: Place, other_place: Place) -> None:
    order = place.order()

    with pytest.raises(NotFound) as raised:
        add_items(order_id=order.pk, items=[*ask(place), *ask(other_place)], actor=place.actor, path="/items")

    assert pointers(raised.value) == [("/items/1/menu_item_id", "not_found")]


def test_line_is_deleted_when_it_is_removed_unbegun_and_kept_when_begun(place: Place) -> None:
    order = place.order()
    add_items(order_id=order.pk, items=ask(place), actor=place.actor)
    place.confirm(order)
    begun, unbegun = order.items.order_by("pk")
    set_item_status(order_id=order.pk, item_id=begun.pk, to=ItemStatus.PREPARING, actor=place.actor)

    kept = remove_item(order_id=order.pk, item_id=begun.pk, actor=place.actor, reason="Dropped")
    gone = remove_item(order_id=order.pk, item_id=unbegun.pk, actor=place.actor)

    assert gone is None
    assert kept is not None
    assert list(OrderItem.objects.values_list("pk", "status", "void_reason")) == [(begun.pk, "cancelled", "Dropped")]
    assert Order.objects.get().total_amount == Decimal("0.00")
    assert list(KitchenOrder.objects.get().items.values_list("status", flat=True)) == ["cancelled", "cancelled"]


def test_line_is_kept_with_its_reason_when_it_is_voided_unbegun(place: Place) -> None:
    order = place.order()

    void_item(order_id=order.pk, item_id=line_of(order).pk, actor=place.actor, reason="Changed mind")
    again = void_item(order_id=order.pk, item_id=line_of(order).pk, actor=place.actor, reason="Again")

    assert (again.status, line_of(order).void_reason) == ("cancelled", "Changed mind")
    assert Order.objects.values_list("total_amount", "version").get() == (Decimal("0.00"), 2)


def test_discount_shrinks_when_less_is_left_than_it_takes_off(place: Place) -> None:
    order = place.order()
    add_items(order_id=order.pk, items=ask(place), actor=place.actor)
    update_order(order_id=order.pk, actor=place.actor, discount_amount=Decimal("15.00"))

    remove_item(order_id=order.pk, item_id=line_of(order).pk, actor=place.actor)

    order = Order.objects.get()
    assert (order.total_amount, order.discount_amount, order.final_amount) == (
        Decimal("9.50"),
        Decimal("9.50"),
        Decimal("0.00"),
    )


def test_discount_is_whole_again_when_a_dish_is_replaced(place: Place) -> None:
    order = place.order(2)
    update_order(order_id=order.pk, actor=place.actor, discount_amount=Decimal("5.00"))

    remove_item(order_id=order.pk, item_id=line_of(order).pk, actor=place.actor_of(Role.WAITER))
    between = Order.objects.get().discount_amount
    update_order(order_id=order.pk, actor=place.actor_of(Role.WAITER), discount_amount=between, notes="Sorry")
    add_items(order_id=order.pk, items=ask(place, 2), actor=place.actor_of(Role.WAITER))

    order = Order.objects.get()
    assert (between, order.discount_amount, order.final_amount) == (Decimal(0), Decimal("5.00"), Decimal("14.00"))
    assert not any("discount_granted" in str(entry.changes) for entry in HistoryEntry.objects.all())


@pytest.mark.parametrize("quantity", [0, -3, 100])
def test_quantity_stays_when_it_is_none_that_a_line_takes(place: Place, quantity: int) -> None:
    order = place.order()

    with pytest.raises(InvalidFields) as raised:
        change_item(order_id=order.pk, item_id=line_of(order).pk, actor=place.actor, quantity=quantity)

    assert pointers(raised.value) == [("/quantity", "range")]
    assert line_of(order).quantity == 1


def test_less_but_not_more_is_taken_when_the_dish_was_86d_meanwhile(place: Place) -> None:
    order = place.order(3)
    place.dish.is_available = False
    place.dish.save()
    here: dict[str, Any] = {"order_id": order.pk, "item_id": line_of(order).pk, "actor": place.actor}

    change_item(**here, quantity=2)
    with pytest.raises(Unavailable) as raised:
        change_item(**here, quantity=4)

    assert pointers(raised.value) == [("/quantity", "unavailable")]
    assert line_of(order).quantity == 2


def test_line_is_not_changed_when_it_was_begun(place: Place) -> None:
    order = place.confirm(place.order())
    here: dict[str, Any] = {"order_id": order.pk, "item_id": line_of(order).pk, "actor": place.actor}
    set_item_status(**here, to=ItemStatus.PREPARING)

    with pytest.raises(NotEditable):
        change_item(**here, quantity=2)

    assert line_of(order).quantity == 1


def test_ticket_shows_it_when_a_line_is_changed(place: Place) -> None:
    order = place.confirm(place.order())

    change_item(
        order_id=order.pk, item_id=line_of(order).pk, actor=place.actor, quantity=4, special_instructions="No salt",
        course=2,
    )  # fmt: skip

    item = KitchenOrder.objects.get().items.get()
    assert (item.quantity, item.special_instructions, item.course) == (4, "No salt", 2)


def test_line_is_not_found_when_it_is_another_orders(place: Place) -> None:
    order, other = place.order(), place.order()
    here: dict[str, Any] = {"order_id": order.pk, "item_id": line_of(other).pk, "actor": place.actor}

    services: tuple[tuple[Callable[..., Any], dict[str, Any]], ...] = (
        (change_item, {"quantity": 2}),
        (remove_item, {}),
        (void_item, {}),
        (set_item_status, {"to": ItemStatus.PREPARING}),
    )
    for service, options in services:
        with pytest.raises(NotFound):
            service(**here, **options)

    assert line_of(other).quantity == 1


def test_items_are_not_touched_when_the_role_may_not(place: Place) -> None:
    order = place.order()
    cook = replace(place.actor, role=Role.KITCHEN)
    here: dict[str, Any] = {"order_id": order.pk, "item_id": line_of(order).pk, "actor": cook}

    services: tuple[tuple[Callable[..., Any], dict[str, Any]], ...] = (
        (change_item, {"quantity": 2}),
        (remove_item, {}),
        (void_item, {}),
    )
    for service, options in services:
        with pytest.raises(NotAllowed):
            service(**here, **options)
    with pytest.raises(NotAllowed):
        add_items(order_id=order.pk, items=ask(place), actor=cook)

    assert Order.objects.get().version == 1


def test_line_change_is_stale_when_the_order_was_changed_meanwhile(place: Place) -> None:
    order = place.order()
    update_order(order_id=order.pk, actor=place.actor, notes="New")
    here: dict[str, Any] = {"order_id": order.pk, "item_id": line_of(order).pk, "actor": place.actor, "version": 1}

    services: tuple[tuple[Callable[..., Any], dict[str, Any]], ...] = (
        (change_item, {"quantity": 2}),
        (remove_item, {}),
        (void_item, {}),
        (set_item_status, {"to": ItemStatus.PREPARING}),
    )
    for service, options in services:
        with pytest.raises(StaleVersion):
            service(**here, **options)

    assert line_of(order).quantity == 1


def test_line_is_voided_when_the_kitchen_says_that_it_will_not_be_made(place: Place) -> None:
    order = place.confirm(place.order())
    cook = replace(place.actor, role=Role.KITCHEN)

    line = set_item_status(order_id=order.pk, item_id=line_of(order).pk, to=ItemStatus.CANCELLED, actor=cook)

    assert (line.status, Order.objects.get().final_amount) == ("cancelled", 0)
    assert KitchenOrder.objects.get().items.get().status == "cancelled"


def test_voiding_names_what_is_allowed_when_the_line_was_served(place: Place) -> None:
    order = place.confirm(place.order())
    for step in (OrderStatus.PREPARING, OrderStatus.READY, OrderStatus.SERVED):
        set_order_status(order_id=order.pk, to=step, actor=place.actor)

    with pytest.raises(InvalidTransition) as refused:
        set_item_status(order_id=order.pk, item_id=line_of(order).pk, to=ItemStatus.CANCELLED, actor=place.actor)

    assert refused.value.extra["allowed"] == []
