"""What each service announces: these events in this order, to these rooms, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import jsonschema
import msgspec
import pytest

from kitchen.models import KitchenOrder, Station
from kitchen.services.tickets import ItemMove, acknowledge_ticket, set_ticket_item_statuses, set_ticket_status
from kitchen.states import TicketItemStatus, TicketStatus
from orders.errors import DomainError
from orders.models import MenuItem, Order, Table
from orders.services.customers import AskedCustomer
from orders.services.dishes import AskedItem
from orders.services.items import add_items, change_item, remove_item, set_item_status, void_item
from orders.services.orders import confirm_order, create_order, delete_order, set_order_status, update_order
from orders.states import Channel, ItemStatus, OrderStatus, Priority
from orders.units import open_unit
from realtime.events import CATALOGUE
from realtime.models import Alert, Event
from tests.places import Place
from tests.streams import hearing, payloads

ADA = AskedCustomer(name="Ada Lovelace", phone="0123")
BOB = AskedCustomer(name="Bob", phone="0456")

Act = Callable[[Place, Order], Any]


# Orders, as far as a story needs them -------------------------------------------------------------


def draft(place: Place) -> Order:
    return place.order(draft=True)


def pending(place: Place) -> Order:
    return place.order()


def of_ada(place: Place) -> Order:
    return place.order(customer=ADA)


def counted(place: Place) -> Order:
    place.dish.stock = 5
    place.dish.save()
    return place.order()


def confirmed(place: Place) -> Order:
    return place.confirm(place.order())


def preparing(place: Place) -> Order:
    order = confirmed(place)
    set_item_status(order_id=order.pk, item_id=order.items.get().pk, to=ItemStatus.PREPARING, actor=place.actor)
    return order


def ready(place: Place) -> Order:
    order = preparing(place)
    return set_order_status(order_id=order.pk, to=OrderStatus.READY, actor=place.actor)


def served(place: Place) -> Order:
    order = ready(place)
    return set_order_status(order_id=order.pk, to=OrderStatus.SERVED, actor=place.actor)


def to_deliver(place: Place) -> Order:
    order = create_order(actor=place.actor, channel=Channel.DELIVERY, items=[AskedItem(place.dish.pk, 1)])
    for step in (OrderStatus.CONFIRMED, OrderStatus.PREPARING, OrderStatus.READY):
        set_order_status(order_id=order.pk, to=step, actor=place.actor)
    return order


def delivering(place: Place) -> Order:
    order = to_deliver(place)
    return set_order_status(order_id=order.pk, to=OrderStatus.DELIVERING, actor=place.actor)


# What is done to them -----------------------------------------------------------------------------


def to(status: OrderStatus, **options: Any) -> Act:
    return lambda place, order: set_order_status(order_id=order.pk, to=status, actor=place.actor, **options)


def patched(**changes: Any) -> Act:
    return lambda place, order: update_order(order_id=order.pk, actor=place.actor, **changes)


def moved(place: Place, order: Order) -> None:
    table = Table.objects.create(restaurant=place.restaurant, name="8")
    update_order(order_id=order.pk, actor=place.actor, table_id=table.pk)


def without_table(place: Place, order: Order) -> None:
    update_order(order_id=order.pk, actor=place.actor, table_id=None)


def deleted(place: Place, order: Order) -> None:
    delete_order(order_id=order.pk, actor=place.actor)


def added(place: Place, order: Order) -> None:
    add_items(order_id=order.pk, items=[AskedItem(place.dish.pk, 1), AskedItem(place.dish.pk, 2)], actor=place.actor)


def on_line(service: Callable[..., Any], **options: Any) -> Act:
    def act(place: Place, order: Order) -> None:
        service(order_id=order.pk, item_id=order.items.earliest("pk").pk, actor=place.actor, **options)

    return act


def on_ticket(status: TicketStatus, **options: Any) -> Act:
    def act(place: Place, order: Order) -> None:
        set_ticket_status(ticket_id=order.ticket.pk, to=status, actor=place.actor, **options)

    return act


def acknowledged(place: Place, order: Order) -> None:
    acknowledge_ticket(ticket_id=order.ticket.pk, actor=place.actor)


def item_to(status: TicketItemStatus) -> Act:
    def act(place: Place, order: Order) -> None:
        moves = [ItemMove(item.pk, status) for item in order.ticket.items.all()]
        set_ticket_item_statuses(ticket_id=order.ticket.pk, moves=moves, actor=place.actor)

    return act


def moved_and_noted(place: Place, order: Order) -> None:
    with open_unit(place.actor):
        update_order(order_id=order.pk, actor=place.actor, notes="No salt")
        place.dish.stock = 3
        place.dish.save()
        update_order(order_id=order.pk, actor=place.actor, priority=Priority.VIP)


def there_and_back(place: Place, order: Order) -> None:
    with open_unit(place.actor):
        update_order(order_id=order.pk, actor=place.actor, discount_amount=Decimal("1.00"))
        update_order(order_id=order.pk, actor=place.actor, discount_amount=Decimal("0.00"))
        for stock in (3, None):
            place.dish.stock = stock
            place.dish.save()


def made_and_unmade(place: Place, order: Order) -> None:
    with open_unit(place.actor):
        delete_order(order_id=place.order().pk, actor=place.actor)


# Rooms: k the kitchen alone, K with the station, W O T # D c as in the catalogue, * every table.
CONFIRMED = (
    "order:status_changed KWOT#D, order:confirmed KWOT#, production-contract:created K, order:new K, station:updated K"
)
STARTED = "kitchen:order_acknowledged KW#, kitchen:order_preparing KWT#"
HURRIED = "production-contract:created K, kitchen:priority_changed K, kitchen:order_updated K"
RENEWED = "production-contract:created K, kitchen:order_updated K"
CANCELLED = (
    "order:status_changed KWOT#D, order:cancelled KWOT#D, kitchen:order_updated K, kitchen:item_status_changed K,"
    " station:updated K"
)
BUMPED = (
    "order:status_changed KWOT#D, order:item_status_changed KWOT#, kitchen:order_ready KWT#D,"
    " kitchen:item_status_changed K, station:updated K"
)
ADDED = "order:items_added kWOT#, order-item:added kO, order-item:added kO, order:updated kWOT#"
VOIDED = (
    f"order:item_status_changed KWOT#, order-item:removed KOT#, {RENEWED}, kitchen:item_status_changed K,"
    " station:updated K, order:updated KWOT#"
)

STORIES: list[tuple[str, Callable[[Place], Order], Act, str]] = [
    ("draft submitted", draft, to(OrderStatus.PENDING), "order:status_changed kWOT#D"),
    ("confirmed", pending, to(OrderStatus.CONFIRMED), CONFIRMED),
    ("confirmed of a customer", of_ada, to(OrderStatus.CONFIRMED),
     ("order:status_changed KWOT#Dc, order:confirmed KWOT#c, production-contract:created K, order:new K,"
      " station:updated K")),
    ("confirmed again", confirmed, to(OrderStatus.CONFIRMED), ""),
    ("started by staff", confirmed, to(OrderStatus.PREPARING), f"order:status_changed KWOT#D, {STARTED}"),
    ("ready by staff", preparing, to(OrderStatus.READY), BUMPED),
    ("served", ready, to(OrderStatus.SERVED),
     "order:status_changed KWOT#D, order:item_status_changed KWOT#, kitchen:order_completed KWT#D"),
    ("completed unpaid", served, to(OrderStatus.COMPLETED, reason="On the house"), "order:status_changed KWOT#D"),
    ("on its way", to_deliver, to(OrderStatus.DELIVERING), "order:status_changed KWO#D"),
    ("delivered", delivering, to(OrderStatus.DELIVERED),
     "order:status_changed KWO#D, order:item_status_changed KWO#, kitchen:order_completed KW#D"),
    ("cancelled early", pending, to(OrderStatus.CANCELLED), "order:status_changed kWOT#D, order:cancelled kWOT#D"),
    ("cancelled early, counted", counted, to(OrderStatus.CANCELLED),
     "order:status_changed kWOT#D, order:cancelled kWOT#D, menu-item:updated kWO*"),
    ("cancelled in work", preparing, to(OrderStatus.CANCELLED, reason="No gas"), CANCELLED),
    ("noted early", pending, patched(notes="No salt"), "order:updated kWOT#"),
    ("noted in work", preparing, patched(notes="No salt"), f"{RENEWED}, order:updated KWOT#"),
    ("hurried", confirmed, patched(priority=Priority.VIP), f"{HURRIED}, order:updated KWOT#"),
    ("discounted", pending, patched(discount_amount=Decimal(1)), "order:updated kWOT#"),
    ("not changed", confirmed, patched(notes="", priority=Priority.NORMAL, discount_amount=Decimal(0)), ""),
    ("moved", pending, moved, "order:left table:old, order:updated kWOT#"),
    ("moved in work", confirmed, moved, f"order:left table:old, {RENEWED}, order:updated KWOT#"),
    ("taken off its table", pending, without_table, "order:left table:old, order:updated kWO#"),
    ("named", pending, patched(customer=ADA), "order:updated kWOT#c"),
    ("given to another customer", of_ada, patched(customer=BOB), "order:left customer:old, order:updated kWOT#c"),
    ("deleted", pending, deleted, "order:deleted kWOT#D"),
    ("deleted, counted", counted, deleted, "order:deleted kWOT#D, menu-item:updated kWO*"),
    ("deleted in work", preparing, deleted, CANCELLED),
    ("added early", pending, added, ADDED),
    ("added, counted", counted, added, ADDED.replace(", order:updated", ", menu-item:updated kWO*, order:updated")),
    ("added in work", confirmed, added,
     (f"order:items_added KWOT#, order-item:added KO, order-item:added KO, {RENEWED}, station:updated K,"
     " order:updated KWOT#")),
    ("added to a served order", served, added,
     ("order:status_changed KWOT#D, order:items_added KWOT#, order-item:added KO, order-item:added KO,"
     f" {RENEWED}, station:updated K, order:updated KWOT#")),
    ("more of one", pending, on_line(change_item, quantity=2), "order-item:updated kO#, order:updated kWOT#"),
    ("more of one in work", confirmed, on_line(change_item, quantity=2),
     f"order-item:updated KO#, {RENEWED}, order:updated KWOT#"),
    ("as many of one", confirmed, on_line(change_item, quantity=1, special_instructions=""), ""),
    ("removed early", pending, on_line(remove_item), "order-item:removed kOT#, order:updated kWOT#"),
    ("removed, counted", counted, on_line(remove_item),
     "order-item:removed kOT#, menu-item:updated kWO*, order:updated kWOT#"),
    ("removed in the kitchen", confirmed, on_line(remove_item),
     f"order-item:removed KOT#, {RENEWED}, kitchen:item_status_changed K, station:updated K, order:updated KWOT#"),
    ("removed when begun", preparing, on_line(remove_item, reason="Dropped"), VOIDED),
    ("voided", confirmed, on_line(void_item, reason="Dropped"), VOIDED),
    ("line started", confirmed, on_line(set_item_status, to=ItemStatus.PREPARING),
     f"order:status_changed KWOT#D, order:item_status_changed KWOT#, {STARTED}, kitchen:item_status_changed K"),
    ("line ready", preparing, on_line(set_item_status, to=ItemStatus.READY), BUMPED),
    ("line served", ready, on_line(set_item_status, to=ItemStatus.SERVED), "order:item_status_changed KWOT#"),
    ("ticket taken", confirmed, acknowledged, "kitchen:order_acknowledged KW#"),
    ("ticket started", confirmed, on_ticket(TicketStatus.PREPARING), f"order:status_changed KWOT#D, {STARTED}"),
    ("ticket ready", preparing, on_ticket(TicketStatus.READY), BUMPED),
    ("ticket put away", ready, on_ticket(TicketStatus.COMPLETED), "kitchen:order_completed KWT#D"),
    ("ticket cancelled", preparing, on_ticket(TicketStatus.CANCELLED, reason="No gas"), CANCELLED),
    ("item started", confirmed, item_to(TicketItemStatus.PREPARING),
     f"order:status_changed KWOT#D, order:item_status_changed KWOT#, {STARTED}, kitchen:item_status_changed K"),
    ("ticket bumped whole", confirmed, item_to(TicketItemStatus.READY),
     ("order:status_changed KWOT#D, order:status_changed KWOT#D, order:item_status_changed KWOT#,"
     f" {STARTED}, kitchen:order_ready KWT#D, kitchen:item_status_changed K, station:updated K")),
    ("item cancelled by the kitchen", confirmed, item_to(TicketItemStatus.CANCELLED), VOIDED),
    ("several things in one unit", confirmed, moved_and_noted,
     f"{HURRIED}, menu-item:updated kWO*, order:updated KWOT#"),
    ("there and back in one unit", pending, there_and_back, "order:updated kWOT#"),
    ("made and unmade in one unit", pending, made_and_unmade, ""),
]  # fmt: skip


def expand(place: Place, before: Order, after: Order | None, line: str) -> tuple[str, list[str]]:
    name, letters = line.split(" ")
    if letters.endswith(":old"):
        room = letters.removesuffix(":old")
        return name, [f"{room}:{before.table_id if room == 'table' else before.customer_id}"]
    now = after or before
    rooms = {
        "k": ["kitchen"],
        "K": ["kitchen", f"station:{place.station.pk}"],
        "W": ["waiters"],
        "O": ["orders"],
        "T": [f"table:{now.table_id}"],
        "#": [f"order:{now.pk}"],
        "D": ["display"],
        "c": [f"customer:{now.customer_id}"],
        "*": ["table:*"],
    }
    return name, [room for letter in letters for room in rooms[letter]]


def assert_valid(place: Place) -> None:
    """Every event's data is what the catalogue says of its type: the schema holds, and no field more or less."""
    for event in Event.objects.filter(restaurant=place.restaurant):
        kind = CATALOGUE[event.type].data
        data = msgspec.json.decode(event.data)
        jsonschema.Draft202012Validator(msgspec.json.schema(kind)).validate(data)
        assert tuple(data) == kind.__struct_fields__
        assert isinstance(msgspec.json.decode(event.changes), dict)


@pytest.mark.parametrize(
    ("prepare", "act", "expected"), [story[1:] for story in STORIES], ids=[story[0] for story in STORIES]
)
def test_exactly_these_events_are_announced_when_a_service_ran(
    place: Place, prepare: Callable[[Place], Order], act: Act, expected: str
) -> None:
    order = Order.objects.get(pk=prepare(place).pk)

    with hearing(place.restaurant) as heard:
        act(place, Order.objects.get(pk=order.pk))

    after = Order.objects.filter(pk=order.pk).first()
    lines = expected.split(", ") if expected else []
    assert heard.told == [expand(place, order, after, line) for line in lines]
    assert after is None or after.version == order.version + any(line.startswith("order") for line in lines)
    assert_valid(place)


# Taking an order ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "order:created kWOTD"),
        ({"draft": True}, "order:created kWOTD"),
        ({"table_id": None}, "order:created kWOD"),
        ({"customer": ADA}, "order:created kWOTDc"),
    ],
)
def test_one_event_is_announced_when_an_order_is_taken(place: Place, options: dict[str, Any], expected: str) -> None:
    with hearing(place.restaurant) as heard:
        order = place.order(2, **options)

    assert heard.told == [expand(place, order, order, expected)]
    told = payloads(place.restaurant, "order:created")[-1]
    assert (told["version"], told["order"]["version"], told["order"]["items_count"]) == (1, 1, 2)
    assert told["order"]["total_amount"] == "19.00"
    assert_valid(place)


def test_the_kitchen_hears_of_it_too_when_the_restaurant_confirms_by_itself(place: Place) -> None:
    place.restaurant.auto_confirm = True
    place.restaurant.save()

    with hearing(place.restaurant) as heard:
        order = place.order()

    expected = f"order:created KWOTD, {CONFIRMED}"
    assert heard.told == [expand(place, order, order, line) for line in expected.split(", ")]
    assert payloads(place.restaurant, "order:created")[-1]["order"]["status"] == "confirmed"
    assert Order.objects.get().version == 1
    assert_valid(place)


def test_sums_are_in_the_history_when_an_order_is_taken(place: Place) -> None:
    place.order(2)

    changes = msgspec.json.decode(Event.objects.get(type="order:created").changes)
    assert changes["total_amount"] == [None, "19.00"]


# What stands in them ------------------------------------------------------------------------------


def test_ticket_of_two_stations_is_told_to_both_when_it_is_new(place: Place) -> None:
    bar = Station.objects.create(restaurant=place.restaurant, name="Bar")
    drink = MenuItem.objects.create(
        restaurant=place.restaurant, name="Cola", price="3.00", category=place.dish.category, station=bar
    )
    order = place.order()
    add_items(order_id=order.pk, items=[AskedItem(drink.pk, 1)], actor=place.actor)

    with hearing(place.restaurant) as heard:
        confirm_order(order_id=order.pk, actor=place.actor)

    both = ["kitchen", f"station:{place.station.pk}", f"station:{bar.pk}"]
    assert ("order:new", both) in heard.told
    assert [rooms for name, rooms in heard.told if name == "station:updated"] == [[*both[:2]], [both[0], both[2]]]


def test_items_event_goes_to_every_station_that_has_some_of_its_ticket(place: Place) -> None:
    bar = Station.objects.create(restaurant=place.restaurant, name="Bar")
    drink = MenuItem.objects.create(
        restaurant=place.restaurant, name="Cola", price="3.00", category=place.dish.category, station=bar
    )
    order = place.order()
    add_items(order_id=order.pk, items=[AskedItem(drink.pk, 1)], actor=place.actor)
    place.confirm(order)
    ticket = KitchenOrder.objects.get()

    with hearing(place.restaurant) as heard:
        moves = [ItemMove(ticket.items.get(station=bar).pk, TicketItemStatus.READY)]
        set_ticket_item_statuses(ticket_id=ticket.pk, moves=moves, actor=place.actor)

    rooms = ["kitchen", f"station:{place.station.pk}", f"station:{bar.pk}"]
    assert ("kitchen:item_status_changed", rooms) in heard.told
    assert [name for name, _ in heard.told if name == "kitchen:order_ready"] == []


def test_old_table_hears_number_and_nothing_else_when_an_order_left(place: Place) -> None:
    order = place.order(customer=ADA)

    moved(place, order)

    assert payloads(place.restaurant, "order:left") == [{"order_id": order.pk, "order_number": order.order_number}]


def test_changed_fields_and_changes_are_exact_when_a_discount_is_given(place: Place) -> None:
    order = place.order()

    update_order(order_id=order.pk, actor=place.actor, discount_amount=Decimal("1.50"))

    told = payloads(place.restaurant, "order:updated")[-1]
    assert told["changed_fields"] == ["discount_amount", "final_amount"]
    assert (told["changes"]["discount_amount"], told["changes"]["final_amount"]) == ("1.50", "8.00")
    assert (told["version"], told["changes"]["version"]) == (2, 2)


def test_one_updated_event_tells_everything_when_items_are_added(place: Place) -> None:
    order = place.order()

    added(place, order)

    told = payloads(place.restaurant, "order:updated")
    assert len(told) == 1
    assert told[0]["changed_fields"] == ["final_amount", "items", "items_count", "subtotal", "total_amount"]
    assert told[0]["order"]["items_count"] == 4
    several = payloads(place.restaurant, "order:items_added")[-1]
    assert [item["quantity"] for item in several["items"]] == [1, 2]
    assert (several["new_total_amount"], several["new_final_amount"]) == ("38.00", "38.00")


def test_status_event_carries_both_states_when_an_order_is_confirmed(place: Place) -> None:
    order = confirmed(place)

    told = payloads(place.restaurant, "order:status_changed")[-1]
    assert (told["previous_status"], told["new_status"], told["status"]) == ("pending", "confirmed", "confirmed")
    assert told["order_id"] == order.pk
    assert set(told["changes"]) == {"status", "confirmed_at", "estimated_ready_at", "version", "updated_at"}


def test_what_was_paid_is_offered_back_when_an_order_is_cancelled(place: Place) -> None:
    order = pending(place)

    set_order_status(order_id=order.pk, to=OrderStatus.CANCELLED, actor=place.actor, reason="Left")

    told = payloads(place.restaurant, "order:cancelled")[-1]
    assert (told["reason"], told["refund_amount"]) == ("Left", "0.00")


@pytest.mark.parametrize("audience", ["staff", "all"])
def test_everybody_is_told_when_an_alert_is_raised(place: Place, audience: str) -> None:
    with hearing(place.restaurant) as heard:
        Alert.objects.create(restaurant=place.restaurant, severity="error", message="Gas leak", audience=audience)

    assert heard.told == [("alert", ["*"])]
    assert payloads(place.restaurant, "alert") == [{"severity": "error", "message": "Gas leak", "audience": audience}]
    assert_valid(place)


def test_change_of_a_dish_goes_to_every_table_when_it_is_86d(place: Place) -> None:
    place.dish.is_available = False

    with hearing(place.restaurant) as heard:
        place.dish.save()

    assert heard.told == [("menu-item:updated", ["kitchen", "waiters", "orders", "table:*"])]
    assert payloads(place.restaurant, "menu-item:updated")[-1] == {
        "menu_item": {"id": place.dish.pk, "name": "Burger", "price": "9.50", "is_available": False, "stock": None},
        "changed_fields": ["is_available"],
    }


def test_nothing_is_announced_when_a_service_refuses(place: Place) -> None:
    order = pending(place)

    with hearing(place.restaurant) as heard, pytest.raises(DomainError):
        set_order_status(order_id=order.pk, to=OrderStatus.SERVED, actor=place.actor)

    assert heard.told == []
