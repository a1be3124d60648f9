"""What the kitchen promises of a ticket as a whole, as it is stored."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from kitchen.services.tickets import set_ticket_status
from kitchen.states import TicketStatus
from orders.services.dishes import AskedItem
from orders.services.items import add_items
from tests.contracts import items, stored, ticket_of
from tests.places import Place


def test_estimate_is_of_the_next_course_when_all_that_is_left_is_held(place: Place) -> None:
    order = place.confirm(place.order())
    for to in (TicketStatus.PREPARING, TicketStatus.READY):
        set_ticket_status(ticket_id=ticket_of(order).pk, to=to, actor=place.actor)
    before = timezone.now()

    add_items(order_id=order.pk, items=[AskedItem(place.dish.pk, 1, course=2)], actor=place.actor)

    assert [item.held for item in items(order)] == [False, True]
    estimate = stored(order).estimated_ready_at
    assert estimate is not None
    assert estimate - before >= dt.timedelta(minutes=place.dish.prep_minutes)
