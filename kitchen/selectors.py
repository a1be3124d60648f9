"""Reads of the kitchen that are more than one line of ORM."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, QuerySet

from kitchen import states
from kitchen.models import KitchenOrder, KitchenOrderItem, Station
from orders.errors import NotFound
from orders.models import CancellationRequest
from orders.seeing import hang, seen
from orders.states import RequestStatus


def tickets_of(restaurant_id: int) -> QuerySet[KitchenOrder]:
    """Return the restaurant's tickets with their items: two queries, however many tickets."""
    return KitchenOrder.objects.filter(restaurant_id=restaurant_id).prefetch_related("items")


def seen_tickets(rows: QuerySet[KitchenOrder]) -> list[KitchenOrder]:
    """Read tickets with their items to be shown: two queries, however many tickets."""
    tickets = seen(rows)
    hang(tickets, "items", KitchenOrderItem.objects.order_by("id"), "ticket_id")
    return tickets


def open_tickets(restaurant_id: int) -> QuerySet[KitchenOrder]:
    """Return the tickets that are the kitchen's to make or to hand over, oldest first."""
    return tickets_of(restaurant_id).filter(status__in=states.OPEN).order_by("id")


def at_station(tickets: QuerySet[KitchenOrder], station_id: int) -> QuerySet[KitchenOrder]:
    """Return those of the tickets of which a step is the station's."""
    there = KitchenOrderItem.objects.filter(ticket=OuterRef("pk"), station_ids__contains=[station_id])
    return tickets.filter(Exists(there))


def find_ticket(restaurant_id: int, ticket_id: int) -> KitchenOrder:
    """Return the restaurant's ticket with its items, or raise NotFound."""
    ticket = tickets_of(restaurant_id).filter(pk=ticket_id).first()
    if ticket is None:
        raise NotFound("There is no such kitchen order.")
    return ticket


def waiting_requests(restaurant_id: int) -> QuerySet[CancellationRequest]:
    """Return the cancellations that the kitchen has to decide, oldest first."""
    return CancellationRequest.objects.filter(restaurant_id=restaurant_id, status=RequestStatus.PENDING).order_by("id")


def stations_of(restaurant_id: int) -> QuerySet[Station]:
    """Return the restaurant's stations."""
    return Station.objects.filter(restaurant_id=restaurant_id).order_by("name", "id")
