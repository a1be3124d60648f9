"""Tickets: what the kitchen has to make, and how far it is."""

from __future__ import annotations

import datetime as dt
from http import HTTPStatus
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request

from kitchen import states
from kitchen.models import KitchenOrder
from kitchen.selectors import at_station, find_ticket, seen_tickets, tickets_of
from kitchen.services.opening import open_ticket
from kitchen.services.tickets import ItemMove, acknowledge_ticket, set_ticket_item_statuses, set_ticket_status
from kitchen.services.touching import ticket_items
from kitchen.shapes import KitchenOrderShape, ticket_shape
from kitchen.states import TicketItemStatus, TicketStatus
from orders.api.documents import documented, paged, shown
from orders.api.endpoints import Endpoint, answer, keyed
from orders.api.fields import MOST_ITEMS, Body, Choice, Items, OneOf, Text, Versioned, Whole, id_field
from orders.api.inputs import LONGEST_REASON
from orders.api.pages import (
    NEWEST_FIRST,
    OLDEST_FIRST,
    Branches,
    NoQuery,
    PageQuery,
    SeveralParameter,
    WholeParameter,
    id_parameter,
    page,
    query_of,
)
from orders.errors import AllergyUnconfirmed, CourseHeld, InvalidTransition, NotEditable, NotFound, Overpaid
from orders.scopes import Scope
from orders.states import Priority

TAG = "kitchen"
LONGEST_LOOK_BACK_MINUTES = 24 * 60


_ORDERINGS = {"id": OLDEST_FIRST, "-id": NEWEST_FIRST}


class TicketQuery(PageQuery):
    """Which tickets; without a status, the open ones."""

    status = SeveralParameter(child=Choice(TicketStatus), required=False)
    station = id_parameter(help_text="Tickets of which a step is the station's.")
    priority = SeveralParameter(child=Choice(Priority), required=False)
    include_completed = WholeParameter(
        required=False,
        min_value=0,
        max_value=LONGEST_LOOK_BACK_MINUTES,
        help_text="Also those that were completed in the last so many minutes.",
    )
    ordering = OneOf(choices=tuple(_ORDERINGS), required=False, help_text="The oldest first, or with `-id` the newest.")


class TicketStatusBody(Versioned):
    """Where a ticket is to go, and why."""

    status = Choice(TicketStatus)
    reason = Text(required=False, allow_null=True, allow_blank=True, max_length=LONGEST_REASON)


class ItemMoveBody(Body):
    """Where one production item is to go."""

    item_id = id_field()
    status = Choice(TicketItemStatus)
    step = Whole(
        required=False,
        allow_null=True,
        min_value=0,
        max_value=states.MOST_STEPS - 1,
        help_text="Which of its steps is done, and all before it, counted from 0.",
    )


class ItemMovesBody(Versioned):
    """Where production items are to go, all or none."""

    items = Items(child=ItemMoveBody(), min_length=1, max_length=MOST_ITEMS)


class OpenTicketBody(Body):
    """Of which order a ticket is to be opened."""

    order_id = id_field()


def ticket_answer(ticket: KitchenOrder, status: int = HTTPStatus.OK) -> HttpResponse:
    """Answer with a ticket, whole, and its version; of one that was opened, also where it is found."""
    ticket_items(ticket)
    location = f"/api/kitchen/orders/{ticket.pk}" if status == HTTPStatus.CREATED else None
    return answer(ticket_shape(ticket), status, version=ticket.version, location=location)


def filtered_tickets(
    rows: QuerySet[KitchenOrder], query: dict[str, Any]
) -> tuple[QuerySet[KitchenOrder], Branches | None]:
    """Return the tickets that a query may ask for, and what finds those of them that are meant, if not all are.

    Open tickets are few and have an index of their own; each status of the others is a branch by itself.
    """
    wanted = set(query.get("status", states.OPEN))
    still_open = wanted & set(states.OPEN)
    branches = [Q(status__in=sorted(still_open))] if still_open else []
    branches += [Q(status=status) for status in sorted(wanted - set(states.OPEN))]
    if "include_completed" in query:
        since = timezone.now() - dt.timedelta(minutes=query["include_completed"])
        branches.append(Q(status=TicketStatus.COMPLETED, completed_at__gte=since))
    if len(branches) == 1:
        rows = rows.filter(branches.pop())
    if "priority" in query:
        rows = rows.filter(priority__in=query["priority"])
    if "station" in query:
        rows = at_station(rows, query["station"])
    return rows, Branches(branches) if branches else None


class Tickets(Endpoint):
    """All tickets."""

    read_scope = Scope.KITCHEN_READ
    write_scope = Scope.KITCHEN_WRITE

    @documented("list_kitchen_orders", tag=TAG, query=TicketQuery, answers={200: paged(KitchenOrderShape)})
    def get(self, request: Request) -> HttpResponse:
        """List tickets, oldest first, or the newest."""
        query = query_of(request, TicketQuery)
        rows, narrow = filtered_tickets(tickets_of(self.restaurant_id), query)
        ordering = _ORDERINGS[query.get("ordering", "id")]
        return page(request, rows, ticket_shape, ordering=ordering, query=query, narrow=narrow, read=seen_tickets)

    @documented("open_kitchen_order", tag=TAG, body=OpenTicketBody, answers={201: shown(KitchenOrderShape)})
    @keyed
    def post(self, request: Request) -> HttpResponse:
        """Open the ticket of a confirmed order that has none; 409 where there is one."""
        query_of(request, NoQuery)
        order_id = self.body(OpenTicketBody)["order_id"]
        return ticket_answer(open_ticket(order_id=order_id, actor=self.actor), HTTPStatus.CREATED)


class OneTicket(Endpoint):
    """One ticket."""

    read_scope = Scope.KITCHEN_READ

    @documented("get_kitchen_order", tag=TAG, answers={200: shown(KitchenOrderShape)})
    def get(self, request: Request, ticket_id: int) -> HttpResponse:
        """Return a ticket."""
        query_of(request, NoQuery)
        return ticket_answer(find_ticket(self.restaurant_id, ticket_id))


class TicketOfOrder(Endpoint):
    """The ticket of an order."""

    read_scope = Scope.KITCHEN_READ

    @documented("get_kitchen_order_by_order", tag=TAG, answers={200: shown(KitchenOrderShape)})
    def get(self, request: Request, order_id: int) -> HttpResponse:
        """Return the ticket of an order."""
        query_of(request, NoQuery)
        ticket = tickets_of(self.restaurant_id).filter(order_id=order_id).first()
        if ticket is None:
            raise NotFound("There is no such kitchen order.")
        return ticket_answer(ticket)


class TicketStatusOf(Endpoint):
    """A ticket's status."""

    write_scope = Scope.KITCHEN_WRITE

    @documented(
        "set_kitchen_order_status",
        tag=TAG,
        body=TicketStatusBody,
        answers={200: shown(KitchenOrderShape)},
        refuses=(AllergyUnconfirmed, CourseHeld, InvalidTransition, Overpaid),
    )
    def put(self, request: Request, ticket_id: int) -> HttpResponse:
        """Move a ticket to another status."""
        body = self.body(TicketStatusBody)
        version = self.version(body)
        ticket = set_ticket_status(
            ticket_id=ticket_id, to=body["status"], reason=body.get("reason") or "", actor=self.actor, version=version
        )
        return ticket_answer(ticket)


class AcknowledgeTicket(Endpoint):
    """Taking a ticket."""

    write_scope = Scope.KITCHEN_WRITE

    @documented(
        "acknowledge_kitchen_order",
        tag=TAG,
        body=Versioned,
        answers={200: shown(KitchenOrderShape)},
        refuses=(InvalidTransition,),
    )
    def put(self, request: Request, ticket_id: int) -> HttpResponse:
        """Take a ticket: the caller is its chef."""
        version = self.version(self.body(Versioned))
        return ticket_answer(acknowledge_ticket(ticket_id=ticket_id, actor=self.actor, version=version))


class TicketItemStatuses(Endpoint):
    """The statuses of a ticket's items."""

    write_scope = Scope.KITCHEN_WRITE

    @documented(
        "set_kitchen_item_statuses",
        tag=TAG,
        body=ItemMovesBody,
        answers={200: shown(KitchenOrderShape)},
        refuses=(AllergyUnconfirmed, CourseHeld, InvalidTransition, NotEditable, Overpaid),
    )
    def put(self, request: Request, ticket_id: int) -> HttpResponse:
        """Move production items, all or none."""
        body = self.body(ItemMovesBody)
        version = self.version(body)
        moves = [ItemMove(item["item_id"], item["status"], item.get("step")) for item in body["items"]]
        ticket = set_ticket_item_statuses(ticket_id=ticket_id, moves=moves, actor=self.actor, version=version)
        return ticket_answer(ticket)
