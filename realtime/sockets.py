"""One client's socket: what it may see, and what waits to be sent to it."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

import structlog

from realtime.audiences import Audience
from realtime.frames import Frame

if TYPE_CHECKING:
    from realtime.credentials import Principal
    from realtime.feeds import Crowd
    from realtime.frames import StreamEvent

log = structlog.get_logger(__name__)

MOST_MESSAGES = 1000
MOST_BYTES = 4 * 1024 * 1024
REPLAY_MESSAGES = 200
REPLAY_BYTES = 1024 * 1024
CLOSE_SECONDS = 5.0
DRAIN_SECONDS = 25.0
EARLY_SECONDS = 5.0
TOO_SLOW = 4503
GONE = 1006

_numbers = itertools.count(1)
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Wire(Protocol):
    """What a server offers beside ASGI: to write finished frames at once, and to drop the connection.

    From ``on_full``, which may come within ``write``, to ``on_writable`` nothing may be written.
    """

    on_full: Callable[[], None] | None
    on_writable: Callable[[], None] | None

    @property
    def write(self) -> Callable[[bytes], None]:
        """Send whole frames at once."""

    def abort(self) -> None:
        """Drop the connection with whatever waits to be sent."""


@dataclass(slots=True)
class Membership:
    """A socket's place in a room: it has been served up to ``after``, and gets what comes later."""

    room: str
    audience: Audience
    after: int
    only: frozenset[str] | None = None
    names: dict[str, str] = field(default_factory=dict)


def frame_for(event: StreamEvent, memberships: dict[str, Membership], *, replayed: bool = False) -> Frame | None:
    """Return the frame of an event for the richest audience among the rooms, or None when none of them has it."""
    best: Membership | None = None
    for membership in _reached(event, memberships):
        if event.seq <= membership.after:
            continue
        if membership.only is not None and event.type not in membership.only:
            continue
        if best is None or membership.audience > best.audience:
            best = membership
    if best is None:
        return None
    return event.frame(best.audience, replayed=replayed, name=best.names.get(event.type))


def _reached(event: StreamEvent, memberships: dict[str, Membership]) -> list[Membership]:
    """Return the rooms among these that an event is for."""
    if event.everywhere:
        return [membership for membership in memberships.values() if membership.audience >= event.lowest_audience]
    reached = [memberships[room] for room in event.rooms if room in memberships]
    if "restaurant" in memberships:
        reached.append(memberships["restaurant"])
    if "table:*" in event.rooms:
        reached += [membership for room, membership in memberships.items() if room.startswith("table:")]
    if "orders" in event.rooms:  # a till hears what the order lists hear
        reached += [membership for room, membership in memberships.items() if room.startswith("counter:")]
    return reached


def _nowhere(_: bytes) -> None:
    raise AssertionError("A socket without a wire is never free to be written to.")


class Socket:
    """One WebSocket. All methods are called in the event loop, and none of those that send waits.

    Over a ``wire`` a frame goes out at once for as long as the client keeps up; else, and with a server that has
    none, it is queued. The queue is bounded: a client that stops reading is cut off with 4503 and delays nobody.
    """

    __slots__ = (
        "_bytes", "_cutter", "_drained", "_early", "_free", "_held", "_later", "_pump", "_queue", "_send", "_wire",
        "_write", "closing", "counted_as", "crowd", "memberships", "number", "principal", "served",
    )  # fmt: skip

    def __init__(self, send: Send, wire: Wire | None = None) -> None:
        self.number = next(_numbers)
        self.principal: Principal | None = None
        self.memberships: dict[str, Membership] = {}
        self.crowd: Crowd | None = None
        self.served = 0  # in every room up to here, so that what comes later is for all that the crowd is for
        self.closing: int | None = None
        self.counted_as: tuple[Any, ...] | None = None
        self._send = send
        self._wire = wire
        self._write: Callable[[bytes], None] = wire.write if wire is not None else _nowhere
        self._free = wire is not None  # whether a frame may be written at once
        self._queue: deque[Frame] = deque()
        self._bytes = 0
        self._held: list[StreamEvent] | None = None
        self._later: list[Callable[[], None]] = []
        self._early: asyncio.TimerHandle | None = None
        self._drained: asyncio.Event | None = None
        self._pump: asyncio.Task[None] | None = None
        self._cutter: asyncio.Task[None] | None = None
        if wire is not None:
            wire.on_full = self._note_full
            wire.on_writable = self._flush

    @property
    def is_holding(self) -> bool:
        """Whether events are held back while a join replays what came before."""
        return self._held is not None

    def hold_early(self) -> None:
        """Hold back what is for everybody until the first join, or for a moment where none comes.

        A client that comes back is past what it was sent last: an alert before its replay would cost it the replay.
        """
        self._held = self._held or []
        self._early = asyncio.get_running_loop().call_later(EARLY_SECONDS, self.release)

    def hold(self) -> None:
        """Hold events back until ``release``."""
        self._end_early()
        self._held = self._held or []

    def _end_early(self) -> None:
        if self._early is not None:
            self._early.cancel()
            self._early = None

    def release_until(self, seq: int, *, replays: bool) -> None:
        """Send what was held back up to a number; what is later stays held back.

        What is for everybody too, though no room of the socket begins before it, unless it comes with a replay.
        """
        if self._held is None:
            return
        held, self._held = self._held, None
        anew = {room: replace(membership, after=0) for room, membership in self.memberships.items()}
        for event in held:
            if event.seq > seq:
                break
            if not event.everywhere or replays:
                self.deliver(event)
            elif frame := self.frame_of(event, anew):
                self.push(frame)
        if self._cutter is None:
            self._held = [event for event in held if event.seq > seq]

    def release(self) -> None:
        """Send what was held back, in order, and go on live."""
        self._end_early()
        held, self._held = self._held or [], None
        self.note_served()
        for event in held:
            self.deliver(event)
        later, self._later = self._later, []
        for act in later:
            act()

    def when_released(self, act: Callable[[], None]) -> None:
        """Do something behind what is held back; at once where nothing is."""
        if self._held is None:
            act()
        else:
            self._later.append(act)

    def note_served(self) -> None:
        """Note up to where every room of the socket has been served."""
        self.served = max((membership.after for membership in self.memberships.values()), default=0)

    def take(self, event: StreamEvent, frame: Frame) -> None:
        """Send an event whose frame is the same for the socket's whole crowd."""
        if self._held is not None or event.seq <= self.served:
            self.deliver(event)
        elif self._free:
            self._write(frame.wire)
        else:
            self.push(frame)

    def deliver(self, event: StreamEvent) -> None:
        """Send an event, once, for the richest audience of the rooms that the socket has it from."""
        if self._held is not None:
            self._held.append(event)
            if len(self._held) > MOST_MESSAGES:
                self.cut()
            return
        frame = self.frame_of(event)
        if frame is not None:
            self.push(frame)

    def frame_of(
        self, event: StreamEvent, memberships: dict[str, Membership] | None = None, *, replayed: bool = False
    ) -> Frame | None:
        """Return the frame that this socket gets of an event, or None when none of its rooms has it for it."""
        memberships = self.memberships if memberships is None else memberships
        frame = frame_for(event, memberships, replayed=replayed)
        if frame is None and event.everywhere and self.principal is not None:
            return frame_for(event, {"*": self._anywhere(self.principal, memberships)}, replayed=replayed)
        return frame

    def _anywhere(self, principal: Principal, memberships: dict[str, Membership]) -> Membership:
        """What is for everybody reaches staff in whatever room they are, or in none: not as the public sees it."""
        after = min((membership.after for membership in memberships.values()), default=0)
        refused = [membership.only for membership in memberships.values() if membership.only is not None]
        only = frozenset[str]().union(*refused) if len(refused) == len(memberships) and refused else None
        return Membership("*", Audience.STAFF if principal.is_staff else Audience.GUEST, after, only)

    def put(self, text: str) -> None:
        """Send a text message of this socket alone."""
        self.push(Frame(text))

    def push(self, frame: Frame) -> None:
        """Send a frame, at once or after what waits; a full queue cuts the socket off."""
        if self._free:
            self._write(frame.wire)
            return
        if self.closing is not None:
            return
        self._queue.append(frame)
        self._bytes += len(frame.text)
        if len(self._queue) > MOST_MESSAGES or (self._bytes > MOST_BYTES and len(self._queue) > 1):
            self.cut()
        elif self._wire is None:
            self._start_pump()

    def _note_full(self) -> None:
        """Keep what comes next until the client takes more."""
        self._free = False

    def _flush(self) -> None:
        """Write what waits, now that the client takes more: and the close, if that is what comes next."""
        if self._cutter is not None:
            return
        self._free = True
        while self._free and self._queue:
            frame = self._queue.popleft()
            self._bytes -= len(frame.text)
            self._write(frame.wire)
        if self._queue:
            return
        if self.closing is not None:
            self._free = False
        if self._drained is not None:
            self._drained.set()
        if self.closing is not None:
            self._start_pump()

    async def put_all(self, frames: list[Frame]) -> None:
        """Send many frames at the pace of the client; one that takes none of them for a while is cut off."""
        for frame in frames:
            if self.closing is not None:
                return
            self.push(frame)
            if len(self._queue) >= REPLAY_MESSAGES or self._bytes >= REPLAY_BYTES:
                await self.drain()

    async def drain(self) -> None:
        """Wait until everything queued was sent, at most half a minute: then the client is cut off."""
        if not self._queue or self.closing is not None:
            return
        self._drained = asyncio.Event()
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                await self._drained.wait()
        except TimeoutError:
            self.cut()
        finally:
            self._drained = None

    def close(self, code: int) -> None:
        """Close with the code, after what is queued; a client that doesn't read that is aborted."""
        if self.closing is None:
            self.closing = code
            self._free = False
            asyncio.get_running_loop().call_later(DRAIN_SECONDS, self._give_up)
            if self._wire is None or not self._queue:
                self._start_pump()

    def _give_up(self) -> None:
        if self._queue or (self._pump is not None and not self._pump.done()):
            if self._pump is not None:
                self._pump.cancel()
            self._queue.clear()
            self._abort()

    def _abort(self) -> None:
        if self._wire is not None:
            self._wire.abort()

    def cut(self) -> None:
        """Close a socket that doesn't read: 4503 if it still can, else its transport is aborted."""
        if self._cutter is not None:
            return
        log.warning("socket_too_slow", socket=self.number, messages=len(self._queue), bytes=self._bytes)
        self.closing = TOO_SLOW
        self._free = False
        self._queue.clear()
        self._held = None
        self._cutter = asyncio.create_task(self._cut(), name=f"brigade-cutter-{self.number}")

    async def _cut(self) -> None:
        if self._pump is not None:
            self._pump.cancel()
        if self._drained is not None:
            self._drained.set()
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._send({"type": "websocket.close", "code": TOO_SLOW})
            await asyncio.sleep(CLOSE_SECONDS)
        except Exception as error:  # noqa: BLE001 - a border: the client may be gone in any way
            log.info("socket_gone", socket=self.number, error=repr(error))
        self._abort()

    def _start_pump(self) -> None:
        if self._pump is None:
            self._pump = asyncio.create_task(self._send_queue(), name=f"brigade-writer-{self.number}")

    async def _send_queue(self) -> None:
        """Send by ASGI what is queued, and the close behind it."""
        try:
            while self._queue:
                frame = self._queue.popleft()
                self._bytes -= len(frame.text)
                await self._send({"type": "websocket.send", "text": frame.text})
            if self.closing is not None:
                await self._send({"type": "websocket.close", "code": self.closing})
        except Exception as error:  # noqa: BLE001 - a border: sending to a client that has gone fails in many ways
            self.closing = self.closing or GONE
            log.info("socket_gone", socket=self.number, error=repr(error))
        finally:
            self._pump = None
            if self._drained is not None:
                self._drained.set()

    def forget(self) -> None:
        """Send nothing more: the client is gone. A cut under way goes on to its end."""
        self.closing = self.closing or GONE
        self._free = False
        self._queue.clear()
        self._end_early()
        self._held = None
        if self._wire is not None:
            self._wire.on_full = self._wire.on_writable = None
        if self._pump is not None and self.closing == GONE:
            self._pump.cancel()
        if self._drained is not None:
            self._drained.set()
