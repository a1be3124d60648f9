"""Recalls of what has changed since it was made: what was voided stays made, new allergies are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kitchen.models import KitchenOrder, KitchenOrderItem, Station
from kitchen.services.recalls import recall_ticket
from kitchen.services.tickets import set_ticket_status
from kitchen.states import TicketStatus
from orders.errors import NotEditable
from orders.models import HistoryEntry, Order
from orders.services.items import remove_item
from orders.services.orders import update_order
from orders.shapes import timestamp
from tests.cookery import ingredient, recipe
from tests.kitchen.test_invariants import bumped, items_of
from tests.streams import hearing

if TYPE_CHECKING:
    from tests.places import Place

pytestmark = pytest.mark.django_db(transaction=True)


def statuses(ticket: KitchenOrder) -> list[str]:
    return [item.status for item in items_of(ticket)]


def void(place: Place, ticket: KitchenOrder, item: KitchenOrderItem) -> None:
    remove_item(order_id=ticket.order_id, item_id=item.order_item_id, actor=place.actor, reason="burnt")


def test_voided_item_stays_made_when_the_rest_is_recalled(place: Place) -> None:
    ticket = bumped(place)
    void(place, ticket, items_of(ticket)[0])

    recall_ticket(ticket_id=ticket.pk, actor=place.actor)

    assert statuses(ticket) == ["ready", "preparing"]
    assert Station.objects.get(pk=place.station.pk).load == 1


def test_recall_is_refused_when_all_that_was_made_was_voided(place: Place) -> None:
    ticket = bumped(place)
    set_ticket_status(ticket_id=ticket.pk, to=TicketStatus.COMPLETED, actor=place.actor)
    for item in items_of(ticket):
        void(place, ticket, item)

    with hearing(place.restaurant) as heard, pytest.raises(NotEditable, match=r"has nothing on it that is still"):
        recall_ticket(ticket_id=ticket.pk, actor=place.actor)

    assert statuses(ticket) == ["ready", "ready"]
    assert heard.told == []


def test_allergy_is_asked_for_when_it_was_named_before_the_recall(place: Place) -> None:
    bun = ingredient(place.restaurant, "Bun", allergen="Gluten")
    recipe(place.dish, {"Grill": (5, [place.station])}, {bun: ("1", "kg")})
    ticket = bumped(place)
    allergen_ids = list(place.restaurant.allergens.values_list("pk", flat=True))
    update_order(order_id=ticket.order_id, allergen_ids=allergen_ids, actor=place.actor)

    recall_ticket(ticket_id=ticket.pk, actor=place.actor)

    assert [item.allergy_alert for item in items_of(ticket)] == [["Gluten"], ["Gluten"]]


def test_history_says_when_it_will_be_ready_when_it_was_recalled(place: Place) -> None:
    ticket = bumped(place)

    recall_ticket(ticket_id=ticket.pk, actor=place.actor)

    order = Order.objects.get(pk=ticket.order_id)
    assert order.estimated_ready_at is not None
    entry = HistoryEntry.objects.filter(order_id=order.pk, event="order:status_changed").latest("pk")
    assert entry.changes["status"] == ["ready", "preparing"]
    assert entry.changes["estimated_ready_at"][1] == timestamp(order.estimated_ready_at)
