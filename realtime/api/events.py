"""The stream over HTTP, for clients whose network lets no WebSocket through: the same frames, page by page."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from rest_framework import serializers
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from orders.actors import Actor
from orders.api.auth import BearerAuthentication, GuestAuthentication, SessionStaffAuthentication
from orders.api.documents import Schema, documented
from orders.api.endpoints import JSON, Endpoint
from orders.api.fields import BIGGEST_ID
from orders.api.pages import Query, SeveralParameter, WholeParameter, query_of
from orders.errors import InvalidFields, NotAllowed, NotFound
from orders.scopes import Scope
from realtime.credentials import Principal, principal_of_device, principal_of_guest
from realtime.events import CATALOGUE
from realtime.frames import StreamEvent, encoded
from realtime.joining import MOST_ROOMS, Refused, check_rooms, may_replay
from realtime.rooms import audience_in, own_room
from realtime.sockets import Membership, frame_for
from realtime.stream import MOST_REPLAYED, Head, head_of, read_events

USUAL_EVENTS = 500
MOST_EVENTS = 1000
LONGEST_WAIT_SECONDS = 25


class EventQuery(Query):
    """Which events: those of the rooms after ``after``. Without a cursor, none: where the stream stands now."""

    after = WholeParameter(required=False, min_value=0, max_value=BIGGEST_ID, help_text="`seq` of the last answer.")
    epoch = serializers.CharField(required=False, max_length=36, help_text="`epoch` of the last answer.")
    rooms = SeveralParameter(
        child=serializers.CharField(max_length=60),
        required=False,
        max_length=MOST_ROOMS,
        help_text="Default: `restaurant` for managers and devices with `events:read`, `orders` for other staff; "
        "for guests that of their token, for a screen or a till its own.",
    )
    types = SeveralParameter(child=serializers.ChoiceField(choices=list(CATALOGUE)), required=False)
    limit = WholeParameter(
        required=False, min_value=1, max_value=BIGGEST_ID, help_text="More than 1000 is taken as 1000."
    )
    wait = WholeParameter(
        required=False,
        min_value=0,
        max_value=LONGEST_WAIT_SECONDS,
        help_text="Seconds; answered at once for now.",
    )


_ANSWER: Schema = {
    "type": "object",
    "properties": {
        "epoch": {"type": "string", "format": "uuid"},
        "seq": {"type": "integer", "description": "What the answer covers: the next `after`."},
        "head": {"type": "integer"},
        "min_seq": {"type": "integer"},
        "resync": {"type": "boolean", "description": "Read the state anew: an exact replay can't be."},
        "events": {"type": "array", "items": {"type": "object", "description": "A frame, as the WebSocket sends it."}},
    },
    "required": ["epoch", "seq", "head", "min_seq", "resync", "events"],
}


class IsOnStream(BasePermission):
    """Lets in whoever may open a WebSocket."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether the caller has shown who it is."""
        return isinstance(request.auth, Actor)


class Events(Endpoint):
    """The restaurant's stream."""

    authentication_classes = (GuestAuthentication, BearerAuthentication, SessionStaffAuthentication)
    permission_classes = (IsOnStream,)

    @documented("read_events", tag="realtime", query=EventQuery, answers={200: _ANSWER}, refuses=(NotFound,))
    def get(self, request: Request) -> HttpResponse:
        """Return the events of some rooms after a cursor."""
        query = query_of(request, EventQuery)
        if ("after" in query) != ("epoch" in query):
            missing = "epoch" if "after" in query else "after"
            raise InvalidFields.one(f"/{missing}", "required", "A cursor is after and epoch together.")
        principal = self._principal()
        rooms = tuple(dict.fromkeys(query.get("rooms") or [_usual_room(principal)]))
        _check(principal, rooms)
        head = head_of(principal.restaurant_id)
        if "after" not in query or not _can_replay(head, query["epoch"], query["after"]):
            return _answer(head, head.seq, [], resync="after" in query)
        limit = min(query.get("limit", USUAL_EVENTS), MOST_EVENTS)
        # A quiet room may have nothing for a long time: an answer looks so far ahead, and the next one further.
        until = min(head.seq, query["after"] + MOST_REPLAYED)
        events = read_events(
            principal.restaurant_id, head.epoch, after=query["after"], until=until, limit=limit, rooms=list(rooms)
        )
        if not may_replay(principal, events):
            return _answer(head, head.seq, [], resync=True)
        covered = events[-1].seq if len(events) == limit else until
        return _answer(head, covered, _frames(principal, rooms, query.get("types"), events))

    def _principal(self) -> Principal:
        caller: Any = self.request
        if self.actor.is_guest:
            return principal_of_guest(caller.guest)
        if self.actor.kind == "device":
            return principal_of_device(caller.device)
        actor, restaurant = self.actor, caller.membership.restaurant
        return Principal(
            kind="staff",
            restaurant_id=restaurant.pk,
            restaurant_slug=restaurant.slug,
            restaurant_name=restaurant.name,
            user_id=actor.user_id,
            user_name=actor.name,
            role=actor.role,
        )


def _usual_room(principal: Principal) -> str:
    own = own_room(principal)
    if own is not None:
        return own
    sees_all = principal.actor.is_manager or Scope.EVENTS_READ in principal.scopes
    return "restaurant" if sees_all else "orders"


def _check(principal: Principal, rooms: tuple[str, ...]) -> None:
    """Raise NotFound or NotAllowed unless the caller may be in every one of the rooms."""
    try:
        check_rooms(principal, rooms)
    except Refused as refused:
        raise (NotFound if refused.code == "not_found" else NotAllowed)(refused.detail) from refused


def _can_replay(head: Head, epoch: str, after: int) -> bool:
    return epoch == head.epoch and head.min_seq - 1 <= after <= head.seq


def _frames(
    principal: Principal, rooms: tuple[str, ...], types: list[str] | None, events: list[StreamEvent]
) -> list[str]:
    only = None if types is None else frozenset(types)
    memberships = {
        room: Membership(room, audience_in(room, is_staff=principal.is_staff), after=0, only=only) for room in rooms
    }
    return [frame.text for event in events if (frame := frame_for(event, memberships)) is not None]


def _answer(head: Head, seq: int, frames: list[str], *, resync: bool = False) -> HttpResponse:
    """Answer with frames as they were encoded for the sockets."""
    about = {"epoch": head.epoch, "seq": seq, "head": head.seq, "min_seq": head.min_seq, "resync": resync}
    return HttpResponse(f'{encoded(about)[:-1]},"events":[{",".join(frames)}]}}', content_type=JSON)
