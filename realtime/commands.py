"""The commands of the WebSocket: what each takes, and what it answers.

Commands that change something go through the services and permissions of the REST API.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, cast

import msgspec
from asgiref.sync import sync_to_async
from django.db import connection
from msgspec import Meta, Struct

from kitchen.selectors import at_station, find_ticket, open_tickets, seen_tickets, stations_of
from kitchen.services.tickets import ItemMove, set_ticket_item_statuses, set_ticket_status
from kitchen.shapes import KitchenOrderShape, station_shape, ticket_shape
from kitchen.states import MOST_STEPS, TicketItemStatus, TicketStatus
from orders.access import BadToken
from orders.errors import NotAllowed
from orders.redaction import guest_copy
from orders.scopes import Scope
from orders.selectors import find_order, guest_order, guest_orders, seen_orders, transitions_of
from orders.services.orders import set_order_status
from orders.shapes import OrderShape, order_shape
from orders.states import OrderStatus
from realtime.credentials import Principal, principal_of_token
from realtime.joining import Refused, Wish, check_rooms, join
from realtime.rooms import own_room
from realtime.snapshots import one_moment

if TYPE_CHECKING:
    from realtime.consumers import StreamConsumer

T = TypeVar("T")
MOST_OF_CUSTOMER = 50
_commands = ThreadPoolExecutor(max_workers=6, thread_name_prefix="brigade-command")
# Of its own: commands that wait for a locked row keep nobody from signing in.
_sign_ins = ThreadPoolExecutor(max_workers=2, thread_name_prefix="brigade-sign-in")

Id = Annotated[int, Meta(ge=1, le=2**63 - 1)]
Reason = Annotated[str, Meta(max_length=500)]
Room = Annotated[str, Meta(min_length=1, max_length=60)]


class Empty(Struct):
    """A command that takes no data; what is sent along is left alone."""


class Auth(Struct, forbid_unknown_fields=True):
    """Sign in, or renew."""

    token: Annotated[str, Meta(min_length=1, max_length=4096)]
    restaurant: str | None = None


class Since(Struct, forbid_unknown_fields=True):
    """The last event that the client has."""

    epoch: str
    seq: Annotated[int, Meta(ge=0, le=2**63 - 1)]


class Join(Struct, forbid_unknown_fields=True):
    """Join a room, or several at one cursor."""

    room: Room | None = None
    rooms: Annotated[list[Room], Meta(min_length=1, max_length=100)] | None = None
    since: Since | None = None
    snapshot: bool = False
    events: list[str] | None = None
    names: dict[str, str] | None = None


class Leave(Struct, forbid_unknown_fields=True):
    """Leave a room."""

    room: Room


class OfOrder(Struct, forbid_unknown_fields=True):
    """A command about one order."""

    order_id: Id


class UpdateOrderStatus(Struct, forbid_unknown_fields=True):
    """Move an order."""

    order_id: Id
    status: OrderStatus
    version: int | None = None
    reason: Reason = ""


class GetTickets(Struct, forbid_unknown_fields=True):
    """Ask for the open tickets."""

    station_id: Id | None = None
    status: TicketStatus | None = None


class UpdateTicketStatus(Struct, forbid_unknown_fields=True):
    """Move a ticket."""

    kitchen_order_id: Id
    status: TicketStatus
    version: int | None = None
    reason: Reason = ""


class UpdateItemStatus(Struct, forbid_unknown_fields=True):
    """Move a production item, or say that a step of it is done, and all before it, counted from 0."""

    kitchen_order_id: Id
    item_id: Id
    status: TicketItemStatus
    step: Annotated[int, Meta(ge=0, lt=MOST_STEPS)] | None = None
    version: int | None = None


async def in_thread(work: Callable[[], T], executor: ThreadPoolExecutor = _commands) -> T:
    """Run a service or a read in one of the commands' threads."""

    def run() -> T:
        try:
            return work()
        finally:
            connection.close()

    call = cast("Callable[[], Awaitable[T]]", sync_to_async(run, thread_sensitive=False, executor=executor))
    return await call()


async def to_sign_in(work: Callable[[], T]) -> T:
    """Run a look at credentials in one of the threads that are kept for them."""
    return await in_thread(work, _sign_ins)


@dataclass(frozen=True, slots=True)
class Call:
    """One command: who sent it, and by which reference the answer is to be known."""

    consumer: StreamConsumer
    principal: Principal
    ref: str | None

    def require(self, scope: Scope) -> None:
        """Raise Refused for guests, and for devices without the scope."""
        if self.principal.is_guest:
            raise Refused("forbidden", "Only staff may do this.")
        if self.principal.kind == "device" and scope not in self.principal.scopes:
            raise Refused("forbidden", f"This device lacks the scope {scope}.")


Answer = Any
ALREADY_ANSWERED = object()


async def _join(call: Call, data: Join) -> Answer:
    if (data.room is None) == (data.rooms is None):
        raise Refused("bad_request", "Give either room or rooms.")
    rooms = tuple(dict.fromkeys(data.rooms or [data.room or ""]))
    wish = Wish(
        rooms=rooms,
        several=data.rooms is not None,
        since=(data.since.epoch, data.since.seq) if data.since else None,
        snapshot=data.snapshot,
        only=frozenset(data.events) if data.events is not None else None,
        names=data.names or {},
    )
    consumer = call.consumer
    assert consumer.feed is not None
    await join(consumer.hub, consumer.feed, consumer.socket, call.principal, wish, call.ref)
    return ALREADY_ANSWERED


async def _leave(call: Call, data: Leave) -> Answer:
    feed = call.consumer.feed
    if feed is None or not feed.leave(call.consumer.socket, data.room):
        raise Refused("not_found", f"You are not in {data.room}.")
    return {"room": data.room}


async def _rooms(call: Call, data: Empty) -> Answer:
    return {"rooms": list(call.consumer.socket.memberships)}


async def _get_tickets(call: Call, data: GetTickets) -> Answer:
    if call.principal.kind == "device":
        call.require(Scope.KITCHEN_READ)
    else:
        await call.consumer.hub.serve(check_rooms, call.principal, ("kitchen",))

    def read() -> Answer:
        with one_moment(call.principal.restaurant_id) as head:
            tickets = open_tickets(call.principal.restaurant_id)
            if data.station_id is not None:
                tickets = at_station(tickets, data.station_id)
            if data.status is not None:
                tickets = tickets.filter(status=data.status)
            return {
                "epoch": head.epoch,
                "seq": head.seq,
                "orders": [ticket_shape(ticket) for ticket in seen_tickets(tickets)],
            }

    return await in_thread(read)


async def _get_stations(call: Call, data: Empty) -> Answer:
    call.require(Scope.KITCHEN_READ)
    restaurant_id = call.principal.restaurant_id
    return await in_thread(lambda: {"stations": [station_shape(station) for station in stations_of(restaurant_id)]})


async def _update_ticket(call: Call, data: UpdateTicketStatus) -> Answer:
    call.require(Scope.KITCHEN_WRITE)

    def move() -> KitchenOrderShape:
        ticket = set_ticket_status(
            ticket_id=data.kitchen_order_id,
            to=data.status,
            actor=call.principal.actor,
            reason=data.reason,
            version=data.version,
        )
        return ticket_shape(find_ticket(call.principal.restaurant_id, ticket.pk))

    return await in_thread(move)


async def _update_item(call: Call, data: UpdateItemStatus) -> Answer:
    call.require(Scope.KITCHEN_WRITE)

    def move() -> KitchenOrderShape:
        ticket = set_ticket_item_statuses(
            ticket_id=data.kitchen_order_id,
            moves=[ItemMove(data.item_id, data.status, data.step)],
            actor=call.principal.actor,
            version=data.version,
        )
        return ticket_shape(find_ticket(call.principal.restaurant_id, ticket.pk))

    return await in_thread(move)


def _readable_order(principal: Principal, order_id: int) -> OrderShape:
    """Return an order that the caller may see: as in its room, and for a customer any of their own."""
    if principal.kind == "customer":
        return order_shape(guest_order(principal.actor, order_id))
    if principal.kind != "device":
        check_rooms(principal, (f"order:{order_id}",))
    return order_shape(find_order(principal.restaurant_id, order_id))


async def _order_details(call: Call, data: OfOrder) -> Answer:
    if call.principal.kind == "device":
        call.require(Scope.ORDERS_READ)

    def read() -> Answer:
        shape = _readable_order(call.principal, data.order_id)
        return guest_copy(shape) if call.principal.actor.is_guest else shape

    return await in_thread(read)


async def _track_order(call: Call, data: OfOrder) -> Answer:
    if call.principal.kind == "device":
        call.require(Scope.ORDERS_READ)
    return await in_thread(lambda: guest_copy(_readable_order(call.principal, data.order_id)))


async def _customer_orders(call: Call, data: Empty) -> Answer:
    principal = call.principal
    if principal.kind != "customer":
        raise Refused("forbidden", "Only a customer's own link shows the orders of a customer.")

    def read() -> Answer:
        rows = guest_orders(principal.actor).order_by("-id")[:MOST_OF_CUSTOMER]
        return {"orders": [guest_copy(order_shape(order)) for order in seen_orders(rows)]}

    return await in_thread(read)


async def _update_order(call: Call, data: UpdateOrderStatus) -> Answer:
    call.require(Scope.ORDERS_WRITE)

    def move() -> OrderShape:
        order = set_order_status(
            order_id=data.order_id, to=data.status, actor=call.principal.actor, reason=data.reason, version=data.version
        )
        return order_shape(find_order(call.principal.restaurant_id, order.pk))

    return await in_thread(move)


async def _transitions(call: Call, data: OfOrder) -> Answer:
    call.require(Scope.ORDERS_READ)
    return await in_thread(lambda: transitions_of(find_order(call.principal.restaurant_id, data.order_id)))


async def sign_in(data: Auth, present: Principal | None) -> Principal:
    """Return who a token stands for; on a live socket it must be the same caller. Raises Refused."""
    slug = data.restaurant or (present.restaurant_slug if present and present.kind == "staff" else None)
    try:
        principal = await to_sign_in(lambda: principal_of_token(data.token, slug))
    except BadToken as error:
        raise Refused("unauthenticated", str(error)) from error
    except (PermissionError, NotAllowed) as error:
        raise Refused("forbidden", str(error)) from error
    if present is not None and principal.identity != present.identity:
        raise Refused("forbidden", "A live socket renews only its own caller's credentials.")
    return principal


Handler = Callable[[Call, Any], Awaitable[Answer]]
COMMANDS: dict[str, tuple[type[Struct], Handler]] = {
    "join": (Join, _join),
    "leave": (Leave, _leave),
    "rooms": (Empty, _rooms),
    "kitchen:get_orders": (GetTickets, _get_tickets),
    "kitchen:get_stations": (Empty, _get_stations),
    "kitchen:update_order_status": (UpdateTicketStatus, _update_ticket),
    "kitchen:update_item_status": (UpdateItemStatus, _update_item),
    "order:get_details": (OfOrder, _order_details),
    "order:update_status": (UpdateOrderStatus, _update_order),
    "order:get_transitions": (OfOrder, _transitions),
    "customer:track_order": (OfOrder, _track_order),
    "customer:get_orders": (Empty, _customer_orders),
}

_ALIASES = {
    "join:kitchen": ("join", "kitchen"),
    "join:orders": ("join", "orders"),
    "join:waiters": ("join", "waiters"),
    "leave:kitchen": ("leave", "kitchen"),
    "leave:orders": ("leave", "orders"),
    "leave:waiters": ("leave", "waiters"),
    "kitchen:subscribe": ("join", "kitchen"),
    "tenant:subscribe": ("join", "restaurant"),
}


def resolve(command: str, data: Any, principal: Principal | None = None) -> tuple[str, Any]:
    """Return the command and data that another name of it stands for."""
    if not isinstance(data, dict):
        return command, data
    if command == "order:subscribe":
        return _join_numbered("order", data)
    if command == "customer:subscribe":
        own = own_room(principal) if principal is not None else None
        if own is not None and "customer_id" not in data:
            return "join", {**data, "room": own}
        return _join_numbered("customer", data)
    if command in _ALIASES:
        name, room = _ALIASES[command]
        return name, {**data, "room": room}
    return command, data


def _join_numbered(kind: str, data: dict[str, Any]) -> tuple[str, Any]:
    name = f"{kind}_id"
    number = data.get(name)
    if type(number) is not int:
        raise Refused("bad_request", f"{name} must be an integer.")
    return "join", {**{key: value for key, value in data.items() if key != name}, "room": f"{kind}:{number}"}


def convert(data: Any, kind: type[T]) -> T:
    """Return the data of a command as its type; raises Refused ``bad_request`` naming what is wrong."""
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        raise Refused("bad_request", str(error)) from error
