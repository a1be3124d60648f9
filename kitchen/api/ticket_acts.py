"""What a kitchen does with a ticket beyond moving it: opens one that is missing, recalls, hurries, fires, confirms."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpResponse
from rest_framework.request import Request

from kitchen.api.tickets import TAG, ticket_answer
from kitchen.services.allergies import LONGEST_NAME, confirm_allergy
from kitchen.services.courses import fire_course
from kitchen.services.moving import move_to_station
from kitchen.services.opening import open_ticket_of_contract
from kitchen.services.priority import set_priority
from kitchen.services.recalls import recall_ticket
from kitchen.shapes import KitchenOrderShape
from orders.api.documents import documented, shown
from orders.api.endpoints import Endpoint, keyed
from orders.api.fields import Body, Choice, Text, Versioned, Whole, id_field
from orders.api.inputs import LAST_COURSE, LONGEST_REASON
from orders.api.pages import NoQuery, query_of
from orders.errors import InvalidTransition, NotEditable, TooLate
from orders.scopes import Scope
from orders.states import Priority


class NothingBody(Body):
    """Nothing needs to be said."""


class RecallBody(Versioned):
    """Why a ticket is taken back."""

    reason = Text(required=False, allow_null=True, allow_blank=True, max_length=LONGEST_REASON)


class PriorityBody(Versioned):
    """How soon a ticket is wanted."""

    priority = Choice(Priority)


class MoveBody(Versioned):
    """Where an item is to be made."""

    station_id = id_field()


class FireBody(Versioned):
    """Which course is to be made now."""

    course = Whole(min_value=1, max_value=LAST_COURSE)


class ConfirmationBody(Versioned):
    """Who confirms; without a name, the caller. A device has to say one."""

    name = Text(required=False, allow_null=True, allow_blank=True, max_length=LONGEST_NAME)


class TicketOfContract(Endpoint):
    """Opening the ticket of a contract's order."""

    write_scope = Scope.KITCHEN_WRITE

    @documented("open_kitchen_order_of_contract", tag=TAG, body=NothingBody, answers={201: shown(KitchenOrderShape)})
    @keyed
    def post(self, request: Request, contract_id: int) -> HttpResponse:
        """Open the ticket of the order that a production contract is of; 409 where there is one."""
        query_of(request, NoQuery)
        self.body(NothingBody)
        ticket = open_ticket_of_contract(contract_id=contract_id, actor=self.actor)
        return ticket_answer(ticket, HTTPStatus.CREATED)


class RecallTicket(Endpoint):
    """Taking a ticket back."""

    write_scope = Scope.KITCHEN_WRITE

    @documented(
        "recall_kitchen_order",
        tag=TAG,
        body=RecallBody,
        answers={200: shown(KitchenOrderShape)},
        refuses=(InvalidTransition, NotEditable, TooLate),
    )
    @keyed
    def post(self, request: Request, ticket_id: int) -> HttpResponse:
        """Take a ticket that was ready back to preparing, at most 15 minutes after that; its order follows."""
        query_of(request, NoQuery)
        body = self.body(RecallBody)
        version = self.version(body)
        reason = body.get("reason") or ""
        return ticket_answer(recall_ticket(ticket_id=ticket_id, reason=reason, actor=self.actor, version=version))


class TicketPriority(Endpoint):
    """A ticket's priority."""

    write_scope = Scope.KITCHEN_WRITE

    @documented(
        "set_kitchen_order_priority",
        tag=TAG,
        body=PriorityBody,
        answers={200: shown(KitchenOrderShape)},
        refuses=(NotEditable,),
    )
    def patch(self, request: Request, ticket_id: int) -> HttpResponse:
        """Make a ticket sooner, or later, whatever its order says."""
        query_of(request, NoQuery)
        body = self.body(PriorityBody)
        version = self.version(body)
        ticket = set_priority(ticket_id=ticket_id, priority=body["priority"], actor=self.actor, version=version)
        return ticket_answer(ticket)


class FireCourse(Endpoint):
    """Firing a course."""

    write_scope = Scope.KITCHEN_WRITE

    @documented("fire_course", tag=TAG, body=FireBody, answers={200: shown(KitchenOrderShape)}, refuses=(NotEditable,))
    @keyed
    def post(self, request: Request, ticket_id: int) -> HttpResponse:
        """Have a held course made now; one that is not held is no change."""
        query_of(request, NoQuery)
        body = self.body(FireBody)
        version = self.version(body)
        ticket = fire_course(ticket_id=ticket_id, course=body["course"], actor=self.actor, version=version)
        return ticket_answer(ticket)


class ItemStation(Endpoint):
    """Where an item is made."""

    write_scope = Scope.KITCHEN_WRITE

    @documented(
        "move_kitchen_item", tag=TAG, body=MoveBody, answers={200: shown(KitchenOrderShape)}, refuses=(NotEditable,)
    )
    def patch(self, request: Request, ticket_id: int, item_id: int) -> HttpResponse:
        """Have an item's current step done at another station."""
        query_of(request, NoQuery)
        body = self.body(MoveBody)
        version = self.version(body)
        ticket = move_to_station(
            ticket_id=ticket_id, item_id=item_id, station_id=body["station_id"], actor=self.actor, version=version
        )
        return ticket_answer(ticket)


class ConfirmAllergy(Endpoint):
    """Confirming that a guest's allergy was seen to."""

    write_scope = Scope.KITCHEN_WRITE

    @documented(
        "confirm_allergy",
        tag=TAG,
        body=ConfirmationBody,
        answers={200: shown(KitchenOrderShape)},
        refuses=(NotEditable,),
    )
    @keyed
    def post(self, request: Request, ticket_id: int, item_id: int) -> HttpResponse:
        """Confirm by name that the guest's allergy was seen to in making an item: before that it can't be ready."""
        query_of(request, NoQuery)
        body = self.body(ConfirmationBody)
        version = self.version(body)
        name = body.get("name") or ""
        ticket = confirm_allergy(ticket_id=ticket_id, item_id=item_id, name=name, actor=self.actor, version=version)
        return ticket_answer(ticket)
