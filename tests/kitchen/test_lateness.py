"""From when on a ticket is slow, and late: said by the ticket itself, also by those of before tickets did."""

from __future__ import annotations

import datetime as dt
from importlib import import_module
from typing import TYPE_CHECKING

import pytest
from django.db import connection

from kitchen.models import KitchenOrder

if TYPE_CHECKING:
    from tests.callers import House
    from tests.places import Place

pytestmark = pytest.mark.django_db
FILL = import_module("kitchen.migrations.0007_old_tickets").FILL


def lateness(ticket_id: int) -> tuple[float, float]:
    """Return after how many minutes of its arrival the ticket is slow, and late."""
    ticket = KitchenOrder.objects.get(pk=ticket_id)
    assert ticket.warn_at is not None
    assert ticket.late_at is not None
    minute = dt.timedelta(minutes=1)
    waited = ((moment - ticket.created_at) / minute for moment in (ticket.warn_at, ticket.late_at))
    warn, late = (round(minutes, 2) for minutes in waited)  # the ticket is older than its clock by its making
    return warn, late


def test_ticket_is_late_after_the_minutes_of_its_channel(house: House) -> None:
    house.restaurant.channel_minutes = {"takeaway": {"warn": 3, "late": 4}}
    house.restaurant.save()

    dine_in, takeaway = house.ticket(), house.ticket(channel="takeaway", table_id=None)

    assert [lateness(ticket["id"]) for ticket in (dine_in, takeaway)] == [(8, 15), (3, 4)]


def test_old_tickets_are_late_after_the_same_minutes_when_nothing_was_said(house: House) -> None:
    house.restaurant.channel_minutes = {"takeaway": {"warn": 3}}
    house.restaurant.save()
    dine_in, takeaway, said = house.ticket(), house.ticket(channel="takeaway", table_id=None), house.ticket()
    old = KitchenOrder.objects.exclude(pk=said["id"])
    old.update(silently=True, warn_at=None, late_at=None)
    house.restaurant.late_after_minutes = 20
    house.restaurant.save()

    with connection.cursor() as cursor:
        cursor.execute(FILL)

    assert [lateness(ticket["id"]) for ticket in (dine_in, takeaway, said)] == [(8, 20), (3, 20), (8, 15)]


def test_clock_starts_as_the_ticket_arrives(place: Place) -> None:
    ticket = place.ticket()

    assert ticket.clock_at == ticket.created_at
