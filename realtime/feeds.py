"""One restaurant in one process: how far its stream has been served, who is in which room, and what came last."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial

import msgspec
import structlog

from kitchen.stats import OpenTickets
from realtime.frames import PassingEvent, StreamEvent, encoded
from realtime.sockets import Membership, Socket, frame_for

log = structlog.get_logger(__name__)

RESTART = 1012
# What screens that come back after a cut have missed is most often among these, so that no query is needed.
RECENT_EVENTS = 2000
RECENT_CHARACTERS = 4 * 1024 * 1024

# After these an order may be a table's no more, or is closed; the last event of its kind in a unit of work.
PARTINGS = frozenset({"order:left", "order:deleted", "order:cancelled", "order:status_changed"})
# After these other tickets may be open, or open ones stand elsewhere.
TICKET_MOVES = frozenset(
    {
        "order:new",
        "kitchen:order_preparing",
        "kitchen:order_ready",
        "kitchen:order_completed",
        "kitchen:order_recalled",
        "kitchen:order_updated",
        "kitchen:cancel_accepted",
    }
)
_decode = msgspec.json.Decoder().decode

CrowdKey = tuple[tuple[object, ...], ...]


def left(room: str, reason: str) -> str:
    """Encode that a socket is in a room no more."""
    return encoded({"type": "left", "data": {"room": room, "reason": reason}})


def hears_numbers(room: str) -> bool:
    """Whether a room is told how many tickets are open."""
    return room in ("kitchen", "restaurant") or room.startswith("station:")


class Crowd:
    """Sockets that are in the same rooms in the same way, so that each event is the same frame for all of them."""

    __slots__ = ("key", "memberships", "sockets")

    def __init__(self, key: CrowdKey, memberships: dict[str, Membership]) -> None:
        self.key = key
        self.memberships = {
            room: Membership(room, membership.audience, 0, membership.only, membership.names)
            for room, membership in memberships.items()
        }
        self.sockets: set[Socket] = set()

    @staticmethod
    def key_of(memberships: dict[str, Membership]) -> CrowdKey:
        """Return what is the same for all sockets of a crowd."""
        return tuple(
            sorted(
                (room, int(place.audience), tuple(sorted(place.only or ())), place.only is None,
                 tuple(sorted(place.names.items())))
                for room, place in memberships.items()
            )
        )  # fmt: skip


class Feed:
    """One restaurant in this process. ``cursor`` is the number of the last event that its sockets were given.

    ``rewritten`` is the stream's as far as it is known here. Up to ``read_until`` events are taken from the database
    alone: what comes in another way may be what they were before they were written anew.

    ``screens`` are the rooms here that are told how many tickets are open; ``stir`` is called when that may have
    changed, and there are any. ``numbers`` are what they were told last, but for the sockets that are ``unsure``.
    """

    def __init__(
        self,
        restaurant_id: int,
        epoch: str,
        cursor: int,
        verified_at: float,
        rewritten: int = 0,
        *,
        stir: Callable[[Feed], None] | None = None,
    ) -> None:
        self.restaurant_id = restaurant_id
        self.epoch = epoch
        self.cursor = cursor
        self.verified_at = verified_at
        self.rewritten = rewritten
        self.read_until = cursor
        self.sockets: set[Socket] = set()
        self.rooms: defaultdict[str, set[Crowd]] = defaultdict(set)
        self.pending: dict[int, StreamEvent] = {}
        self.catching_up: asyncio.Task[None] | None = None
        self._crowds: dict[CrowdKey, Crowd] = {}
        self._tills: set[str] = set()
        self.screens: set[str] = set()
        self.unsure: set[Socket] = set()
        self.numbers: OpenTickets | None = None
        self._stir = stir
        self._recent: deque[StreamEvent] = deque()
        self._recent_characters = 0

    # Events

    def deliver(self, event: StreamEvent) -> None:
        """Give the next event to every socket that is in one of its rooms."""
        self.cursor = event.seq
        self._remember(event)
        if event.everywhere:
            for socket in tuple(self.sockets):
                try:
                    socket.deliver(event)
                except Exception as error:  # noqa: BLE001 - a border, as below
                    self._give_up([socket], event, error)
        else:
            for crowd in self._reached(event):
                self._give_crowd(crowd, event)
        if event.type in PARTINGS:
            self._part(event)
        if event.type in TICKET_MOVES and self.screens and self._stir is not None:
            self._stir(self)
        event.drop_frames()  # they are five times the event, and thousands of events are kept

    def _reached(self, event: StreamEvent) -> Iterator[Crowd]:
        names = [name for name in ("restaurant", *event.rooms) if name in self.rooms]
        if "table:*" in event.rooms:
            names += [name for name in self.rooms if name.startswith("table:")]
        if self._tills and "orders" in event.rooms:
            names += [name for name in self._tills if name not in names]
        if len(names) == 1:
            return iter(tuple(self.rooms[names[0]]))
        return iter(set().union(*(self.rooms[name] for name in names)) if names else ())

    def _give_crowd(self, crowd: Crowd, event: StreamEvent) -> None:
        try:
            frame = frame_for(event, crowd.memberships)
        except Exception as error:  # noqa: BLE001 - a border: what one crowd can't be sent delays no other
            self._give_up(crowd.sockets, event, error)
            return
        if frame is None:
            return
        for socket in tuple(crowd.sockets):
            try:
                socket.take(event, frame)
            except Exception as error:  # noqa: BLE001 - a border: what one socket can't be sent delays no other
                self._give_up([socket], event, error)

    def tell(self, event: PassingEvent, *, to_all: bool) -> None:
        """Give every screen of the kitchen what is in no stream, or only those who are unsure.

        A socket that is being replayed to has it behind that.
        """
        unsure, self.unsure = self.unsure, set()
        crowds = set().union(*(self.rooms[room] for room in self.screens)) if self.screens else set()
        for crowd in crowds:
            wanting = crowd.sockets if to_all else crowd.sockets & unsure
            try:
                frame = frame_for(event, crowd.memberships)
                if frame is not None:
                    for socket in tuple(wanting):
                        socket.when_released(partial(socket.push, frame))
            except Exception as error:  # noqa: BLE001 - a border, as above
                self._give_up(wanting, event, error)

    def _give_up(self, sockets: Iterable[Socket], event: StreamEvent, error: Exception) -> None:
        for socket in list(sockets):
            log.warning("deliver_failed", socket=socket.number, type=event.type, seq=event.seq, error=repr(error))
            socket.close(RESTART)

    def _part(self, event: StreamEvent) -> None:
        """Take a table's guests out of an order's room once it has left their table, or is closed."""
        data = _decode(event.data)
        if event.type == "order:status_changed" and data["status"] != "completed":
            return
        room = f"order:{data['order_id']}"
        for socket in self.sockets_in(room):
            if socket.principal is None or socket.principal.kind == "table":
                socket.when_released(partial(self._close, socket, room))

    def _close(self, socket: Socket, room: str) -> None:
        if self.leave(socket, room):
            socket.put(left(room, "closed"))

    def _remember(self, event: StreamEvent) -> None:
        if self._recent and self._recent[-1].seq + 1 != event.seq:
            self._recent.clear()
            self._recent_characters = 0
        self._recent.append(event)
        self._recent_characters += len(event.data)
        while len(self._recent) > RECENT_EVENTS or self._recent_characters > RECENT_CHARACTERS:
            self._recent_characters -= len(self._recent.popleft().data)

    def forget(self, rewritten: int, until: int) -> None:
        """Remember no event: those up to a number were written anew, and only the database has them as they are."""
        self.rewritten = rewritten
        self.read_until = max(self.read_until, until)
        self.pending = {seq: event for seq, event in self.pending.items() if seq > until}
        self._recent.clear()
        self._recent_characters = 0

    def recent(self, after: int) -> list[StreamEvent] | None:
        """Return what was delivered after a number, all of it up to the cursor; None where it isn't kept any more."""
        if after == self.cursor:
            return []
        if not self._recent or after > self.cursor or self._recent[0].seq > after + 1:
            return None
        missed = self.cursor - after
        return list(self._recent)[-missed:]

    # Rooms

    def enter(self, socket: Socket, *memberships: Membership) -> None:
        """Put the socket into rooms."""
        self._move(socket, socket.memberships | {membership.room: membership for membership in memberships})
        if not socket.is_holding:
            socket.note_served()

    def leave(self, socket: Socket, *rooms: str) -> bool:
        """Take the socket out of rooms; False when it was in none of them."""
        if not any(room in socket.memberships for room in rooms):
            return False
        self._move(socket, {name: place for name, place in socket.memberships.items() if name not in rooms})
        return True

    def _move(self, socket: Socket, memberships: dict[str, Membership]) -> None:
        """Put the socket into the crowd of those who are in the same rooms; without rooms it is in none."""
        former = socket.crowd
        if former is not None:
            former.sockets.discard(socket)
            if not former.sockets:
                self._dissolve(former)
        socket.memberships = memberships
        socket.crowd = None
        if not memberships:
            self.unsure.discard(socket)
            return
        key = Crowd.key_of(memberships)
        crowd = self._crowds.get(key)
        if crowd is None:
            crowd = self._crowds[key] = Crowd(key, memberships)
            for room in memberships:
                self.rooms[room].add(crowd)
                if room.startswith("counter:"):
                    self._tills.add(room)
                if hears_numbers(room):
                    self.screens.add(room)
        crowd.sockets.add(socket)
        socket.crowd = crowd

    def _dissolve(self, crowd: Crowd) -> None:
        if self._crowds.get(crowd.key) is not crowd:
            return  # one of a feed that was let go: here the same key may be of screens that have come back already
        del self._crowds[crowd.key]
        for room in crowd.memberships:
            self.rooms[room].discard(crowd)
            if not self.rooms[room]:
                del self.rooms[room]
                self._tills.discard(room)
                self.screens.discard(room)

    def sockets_in(self, room: str) -> list[Socket]:
        """Return the sockets in a room."""
        return [socket for crowd in self.rooms.get(room, ()) for socket in crowd.sockets]
