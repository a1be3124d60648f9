"""Joining rooms without a gap and without a double.

The socket is registered and holds back what comes; what was missed is read up to the hub's cursor; the reply goes
out, then the replay, then what was held back, and from there on it is live. Each room remembers up to where the
socket has been served, so that an event reaches it once however many of its rooms have it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import msgspec

from kitchen.models import Station
from orders.models import Counter, Customer, Order, Table
from orders.models import Membership as Work
from orders.shapes import timestamp
from orders.states import CLOSED
from realtime.credentials import Principal
from realtime.feeds import Feed
from realtime.frames import Frame, StreamEvent, reply
from realtime.hub import Hub
from realtime.rooms import audience_in, may_join, parse
from realtime.snapshots import room_snapshots
from realtime.sockets import Membership, Socket
from realtime.stream import MOST_REPLAYED, head_of, read_events

MOST_ROOMS = 100


class Refused(Exception):
    """A command that can't be done; ``code`` is one of the protocol's."""

    def __init__(self, code: str, detail: str, **extra: Any) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.extra = extra


@dataclass(frozen=True, slots=True)
class Wish:
    """What a ``join`` asks for. ``since`` is (epoch, seq) of the last event that the client has."""

    rooms: tuple[str, ...]
    several: bool
    since: tuple[str, int] | None
    snapshot: bool
    only: frozenset[str] | None
    names: dict[str, str]


async def join(hub: Hub, feed: Feed, socket: Socket, principal: Principal, wish: Wish, ref: str | None) -> None:
    """Join all of the rooms, or none: raises Refused."""
    if len(set(socket.memberships) | set(wish.rooms)) > MOST_ROOMS:
        raise Refused("conflict", f"A socket may be in at most {MOST_ROOMS} rooms.")
    await _check(hub, socket, principal, wish.rooms)
    socket.hold()
    before = dict(socket.memberships)
    try:
        answer, replay = await _enter(hub, feed, socket, principal, wish)
        _check_still(socket, wish.rooms, entered=True)
    except BaseException:
        back = [before[room] for room in wish.rooms if room in before and room in socket.memberships]
        feed.leave(socket, *wish.rooms)
        feed.enter(socket, *back)
        socket.release()
        raise
    try:
        # What the other rooms had up to a later snapshot: a client leaves out what its cursor is already past.
        socket.release_until(answer["seq"], replays=wish.since is not None and "snapshot" not in answer)
        socket.put(reply(ref, answer))
        await socket.put_all(replay)
        await socket.drain()
    finally:
        socket.release()
    hub.pulse.meet(feed, socket, wish.rooms, is_back=wish.since is not None)


async def _check(hub: Hub, socket: Socket, principal: Principal, rooms: tuple[str, ...]) -> None:
    """Raise Refused unless the socket may join all of the rooms.

    What is held back for a first join stays so however long that takes, and for a while when it is refused.
    """
    is_first = not socket.memberships
    if is_first:
        socket.hold()
    try:
        await _check_rooms(hub, principal, rooms)
        _check_still(socket, rooms)
    except BaseException:
        if is_first and socket.closing is None:
            socket.hold_early()
        raise


def _check_still(socket: Socket, rooms: tuple[str, ...], *, entered: bool = False) -> None:
    """Raise Refused when the caller's rights were taken away while a read was waited for."""
    principal = socket.principal
    lost = entered and not set(rooms) <= set(socket.memberships)
    if principal is None or lost or not all(principal.may_stay_in(room) for room in rooms):
        raise Refused("forbidden", "You may no longer join these rooms.")


async def _enter(
    hub: Hub, feed: Feed, socket: Socket, principal: Principal, wish: Wish
) -> tuple[dict[str, Any], list[Frame]]:
    cursor = feed.cursor
    earlier = {room: membership for room, membership in socket.memberships.items() if room not in wish.rooms}
    joined = [
        Membership(room, audience_in(room, is_staff=principal.is_staff), cursor, wish.only, wish.names)
        for room in wish.rooms
    ]
    feed.enter(socket, *joined)
    answer: dict[str, Any] = {"rooms": list(wish.rooms)} if wish.several else {"room": wish.rooms[0]}
    answer |= {"epoch": feed.epoch, "seq": cursor, "replayed": 0, "resync": False}
    resync = False
    if wish.since is not None:
        events = await _missed(hub, feed, principal, wish)
        if events is not None:
            for membership in joined:
                membership.after = wish.since[1]
            frames = _replay(socket, joined, earlier, [event for event in events if event.seq <= cursor])
            cursor = max(cursor, wish.since[1])
            for membership in joined:
                membership.after = cursor
            answer |= {"seq": cursor, "replayed": len(frames)}
            if not wish.snapshot:
                return answer, frames
        resync = events is None
    if not resync and not wish.snapshot:
        return answer, []
    epoch, seq, states = await hub.snapshots.get(
        (principal.restaurant_id, wish.rooms, principal.is_staff),
        lambda: hub.serve(_encoded_snapshots, principal.restaurant_id, wish.rooms, is_staff=principal.is_staff),
    )
    if epoch != feed.epoch:
        raise Refused("internal", "The stream has just been replaced. Join again.")
    for membership in joined:
        membership.after = seq
    snapshot = states if wish.several else states[wish.rooms[0]]
    return answer | {"seq": seq, "replayed": 0, "resync": resync, "snapshot": snapshot}, []


def _encoded_snapshots(
    restaurant_id: int, rooms: tuple[str, ...], *, is_staff: bool
) -> tuple[str, int, dict[str, msgspec.Raw]]:
    """Read the rooms' states and encode them in the thread that has read them, once for all who wait for them."""
    epoch, seq, states = room_snapshots(restaurant_id, rooms, is_staff=is_staff)
    return epoch, seq, {room: msgspec.Raw(msgspec.json.encode(state)) for room, state in states.items()}


async def _missed(hub: Hub, feed: Feed, principal: Principal, wish: Wish) -> list[StreamEvent] | None:
    """Return what the rooms had after ``since``, or None where that can't be exact.

    What came a moment ago is still in memory, and where the stream stands is asked once for all who want to know:
    a thousand screens that come back at once cost the database next to nothing.
    """
    assert wish.since is not None
    epoch, seq = wish.since
    if epoch != feed.epoch:
        return None
    until = feed.cursor
    head = await hub.heads.get(feed.restaurant_id, lambda: hub.serve(head_of, feed.restaurant_id))
    hub.note_rewritten(feed, head)
    if head.epoch != epoch or seq < head.min_seq - 1 or seq > head.seq or until - seq > MOST_REPLAYED:
        return None
    recent = None if principal.is_guest else feed.recent(seq)
    if recent is not None:
        return recent
    events = await hub.serve(read_events, feed.restaurant_id, epoch, after=seq, until=until, rooms=list(wish.rooms))
    if await hub.serve(may_replay, principal, events):
        return events
    return None


def _replay(
    socket: Socket, joined: list[Membership], earlier: dict[str, Membership], events: list[StreamEvent]
) -> list[Frame]:
    """Return the frames that were missed, but for those that the socket had through a room that it is in already."""
    rooms = {membership.room: membership for membership in joined}
    frames = []
    for event in events:
        if earlier and socket.frame_of(event, earlier) is not None:
            continue
        frame = socket.frame_of(event, rooms, replayed=True)
        if frame is not None:
            frames.append(frame)
    return frames


def may_replay(principal: Principal, events: list[StreamEvent]) -> bool:
    """Whether these may be replayed: guests at a table get of orders nothing from before its oldest open one.

    A table's code is the same for everybody who sits there: without this, the next guests would read the last ones'.
    A link to an order, or to the orders of a customer, is that guest's own, and what they were told is too.
    """
    told = [event for event in events if not event.everywhere and "table:*" not in event.rooms]
    if principal.kind != "table" or not told:
        return True
    orders = Order.objects.filter(restaurant_id=principal.restaurant_id, table_id=principal.table_id or 0)
    oldest = orders.exclude(status__in=CLOSED).order_by("id").values_list("created_at", flat=True).first()
    return oldest is not None and told[0].at >= timestamp(oldest)


async def _check_rooms(hub: Hub, principal: Principal, rooms: tuple[str, ...]) -> None:
    if any(number is not None for _, number in filter(None, map(parse, rooms))):
        await hub.serve(check_rooms, principal, rooms)
    else:
        check_rooms(principal, rooms)  # asks the database nothing


def check_rooms(principal: Principal, rooms: tuple[str, ...]) -> None:
    """Raise Refused unless the principal may join every one of the rooms: a query for each kind that has numbers."""
    unknown = _unknown(principal, rooms)
    for room in rooms:
        verdict = may_join(room, principal)
        if verdict == "unknown" or room in unknown:
            raise Refused("not_found", f"There is no room {room}.")
        if verdict == "forbidden":
            raise Refused("forbidden", f"You may not join {room}.")
        if verdict == "if own" and not _is_own_open_order(principal, room):
            raise Refused("forbidden", f"You may not join {room}.")


_NUMBERED: dict[str, Any] = {
    "table": Table.objects,
    "order": Order.objects,
    "customer": Customer.objects,
    "station": Station.objects,
    "counter": Counter.objects,
}


def _unknown(principal: Principal, rooms: tuple[str, ...]) -> set[str]:
    """Return the rooms whose table, order or station is not the restaurant's."""
    wanted: defaultdict[str, dict[int, str]] = defaultdict(dict)
    for room in rooms:
        kind, number = parse(room) or ("", None)
        if number is not None:
            wanted[kind][number] = room
    unknown: set[str] = set()
    for kind, numbers in wanted.items():
        rows, key = (Work.objects, "user_id") if kind == "user" else (_NUMBERED[kind], "pk")
        own = rows.filter(**{"restaurant_id": principal.restaurant_id, f"{key}__in": list(numbers)})
        known = set(own.values_list(key, flat=True))
        unknown |= {room for number, room in numbers.items() if number not in known}
    return unknown


def _is_own_open_order(principal: Principal, room: str) -> bool:
    _, number = parse(room) or ("", None)
    if number is None or principal.table_id is None:
        return False
    own = Order.objects.filter(restaurant_id=principal.restaurant_id, table_id=principal.table_id, pk=number)
    return own.exclude(status__in=CLOSED).exists()
