"""Whatever happens to an order is written to its history, in the transaction in which it happens."""

from __future__ import annotations

import pytest
from django.db import connection

from kitchen.models import KitchenOrder
from kitchen.services.tickets import set_ticket_status
from kitchen.states import TicketStatus
from orders.errors import NotFound
from orders.models import HistoryEntry
from orders.services.dishes import AskedItem
from orders.services.items import add_items, change_item, void_item
from orders.services.orders import delete_order, update_order
from orders.units import open_unit
from realtime.models import Event
from tests.places import Place

pytestmark = pytest.mark.django_db(transaction=True)


def _history(place: Place) -> list[tuple[str, dict[str, list[object]]]]:
    rows = HistoryEntry.objects.filter(restaurant=place.restaurant).order_by("id")
    return [(row.event, row.changes) for row in rows]


def test_who_did_what_from_where_is_kept_when_an_order_is_taken(place: Place) -> None:
    order = place.order(2)

    row = HistoryEntry.objects.get()
    assert (row.restaurant_id, row.order_id, row.order_number) == (place.restaurant.pk, order.pk, order.order_number)
    assert (row.actor_id, row.actor_name, row.source) == (place.actor.user_id, "Manager", "api")
    assert row.event == "order:created"
    assert row.at == Event.objects.get(type="order:created").at
    assert row.changes["total_amount"] == [None, "19.00"]
    assert row.changes["status"] == [None, "pending"]
    assert "notes" not in row.changes


def test_old_and_new_values_are_kept_when_an_order_is_changed(place: Place) -> None:
    order = place.order(notes="Window.")

    update_order(order_id=order.pk, actor=place.actor, notes="Terrace.")

    assert _history(place)[-1] == ("order:updated", {"notes": ["Window.", "Terrace."]})


def test_every_line_has_its_own_entry_when_items_change(place: Place) -> None:
    order = place.order()
    line = order.items.get()
    change_item(order_id=order.pk, item_id=line.pk, actor=place.actor, quantity=3)
    added = add_items(order_id=order.pk, actor=place.actor, items=[AskedItem(place.dish.pk, 1)])

    told = _history(place)
    changes = next(changes for event, changes in told if event == "order-item:updated")
    assert changes["quantity"] == [1, 3]
    assert changes["item_id"] == [line.pk, line.pk]
    assert [event for event, _ in told].count("order-item:added") == 1
    assert added


def test_ticket_is_part_of_the_history(place: Place) -> None:
    place.ticket()
    ticket = KitchenOrder.objects.get()

    set_ticket_status(ticket_id=ticket.pk, to=TicketStatus.PREPARING, actor=place.actor)

    told = _history(place)
    assert ("order:status_changed", "confirmed") in [
        (event, changes["status"][1]) for event, changes in told if "status" in changes
    ]
    assert next(c for e, c in told if e == "kitchen:order_preparing")["ticket_status"] == ["acknowledged", "preparing"]
    assert [c["ticket_status"] for e, c in told if e == "order:new"] == [[None, "pending"]]


def test_void_is_kept_with_its_reason(place: Place) -> None:
    order = place.confirm(place.order())
    line = order.items.get()

    void_item(order_id=order.pk, item_id=line.pk, actor=place.actor, reason="Dropped.")

    changes = next(changes for event, changes in _history(place) if event == "order:item_status_changed")
    assert changes["void_reason"] == ["", "Dropped."]
    assert changes["status"][1] == "cancelled"


def test_history_stays_when_the_order_and_its_events_are_gone(place: Place) -> None:
    order = place.order()
    number, order_id = order.order_number, order.pk

    delete_order(order_id=order.pk, actor=place.actor)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM realtime_event")

    entries = HistoryEntry.objects.filter(order_id=order_id).order_by("id")
    assert [(entry.event, entry.order_number) for entry in entries] == [
        ("order:created", number),
        ("order:deleted", number),
    ]


def test_nothing_is_kept_of_what_was_rolled_back(place: Place) -> None:
    order = place.order()

    def change_and_fail() -> None:
        with open_unit(place.actor):
            update_order(order_id=order.pk, actor=place.actor, notes="Never.")
            delete_order(order_id=order.pk + 1, actor=place.actor)

    with pytest.raises(NotFound):
        change_and_fail()

    assert [event for event, _ in _history(place)] == ["order:created"]


def test_what_concerns_no_order_is_not_part_of_any_history(place: Place) -> None:
    place.dish.stock = 7
    place.dish.save()

    assert Event.objects.filter(type="menu-item:updated").exists()
    assert _history(place) == []
