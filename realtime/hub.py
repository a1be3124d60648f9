"""The hub: the one object of a server process that follows the streams and feeds the sockets.

For each restaurant with a local socket it keeps a feed: a cursor in the restaurant's stream and the sockets' rooms.
Events come from this process after its commits, from other processes over the channel layer, and from the database,
which is asked every second how far each stream is. What is contiguous with the cursor is delivered, what is older
dropped, and a gap is read from the database. So the layer may lose, repeat or reorder, and no screen notices.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
import weakref
from collections import defaultdict
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import msgspec
import structlog
from channels.layers import get_channel_layer
from django.db import connection
from django.utils import timezone

from kitchen.stats import open_ticket_counts
from orders.shapes import timestamp
from realtime import forwarding, stream
from realtime.credentials import Principal, Verdict, recheck
from realtime.feeds import RESTART, Feed, left
from realtime.frames import Frame, StreamEvent, encoded
from realtime.pulse import Pulse
from realtime.sharing import Shared
from realtime.sockets import Socket

log = structlog.get_logger(__name__)
T = TypeVar("T")

HEARTBEAT_SECONDS = 10
POLL_SECONDS = 1.0
SUBSCRIBE_SECONDS = 5.0
RECHECK_SECONDS = 5.0
LAYER_SECONDS = 2.0
STOP_SECONDS = 2.0
GRACE_SECONDS = 0.02  # how long a gap may close by itself: commits of two threads arrive in either order
PENDING_EVENTS = 5000
READ_EVENTS = 1000
VERIFIED_SECONDS = 5.0
REPLACED = 4409
MOST_OF_CALLER = 20
MOST_STRANGERS = 200


class Hub:
    """Follows the streams of the restaurants that have sockets in this process. One per event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.feeds: dict[int, Feed] = {}
        self.gap_reads = 0
        # Chosen here and not by the layer, which can't do that while it is out of reach.
        self._channel = f"hub.{uuid.uuid4().hex}"
        self.heads: Shared[stream.Head] = Shared()
        self.snapshots: Shared[tuple[str, int, dict[str, msgspec.Raw]]] = Shared()
        self.pulse = Pulse(lambda ids: self.read(open_ticket_counts, ids))
        self._counted: defaultdict[tuple[Any, ...], dict[Socket, None]] = defaultdict(dict)
        self._executor = ThreadPoolExecutor(max_workers=2, thread_name_prefix="brigade-hub")
        # Of its own: a thousand screens that come back at once keep nobody from following the streams.
        self._servers = ThreadPoolExecutor(max_workers=4, thread_name_prefix="brigade-join")
        self._opening: dict[int, asyncio.Task[Feed]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._forwarder = forwarding.serve_from(loop)
        self._forwarder.sink = self.take
        for work, every in (
            (self._poll, POLL_SECONDS),
            (self._beat, HEARTBEAT_SECONDS),
            (self._subscribe, SUBSCRIBE_SECONDS),
            (self._recheck, RECHECK_SECONDS),
        ):
            self._spawn(self._repeat(work, every))
        self._spawn(self._receive())
        self._spawn(self.pulse.beat())

    def _spawn(self, coroutine: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = self.loop.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def stop(self) -> None:
        """End the hub's tasks and connections, before its loop ends. A server's process just ends."""
        self._forwarder.sink = None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await self._forwarder.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks, timeout=STOP_SECONDS)
        self._executor.shutdown()
        self._servers.shutdown()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await get_channel_layer().flush()  # closes this loop's connections
        _hubs.pop(self.loop, None)

    async def read(self, work: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Run one of the hub's own database reads, which never waits behind requests or joins."""
        return await self._run(self._executor, work, *args, **kwargs)

    async def serve(self, work: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Run a database read that a client has asked for."""
        return await self._run(self._servers, work, *args, **kwargs)

    async def _run(self, executor: ThreadPoolExecutor, work: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        def run() -> T:
            try:
                return work(*args, **kwargs)
            finally:
                connection.close()

        return await self.loop.run_in_executor(executor, run)

    async def _repeat(self, work: Callable[[], Coroutine[Any, Any, None]], every: float) -> None:
        while True:
            await asyncio.sleep(every)
            try:
                await work()
            except Exception as error:  # noqa: BLE001 - a border: the hub outlives every fault of what it leans on
                log.warning("hub_failed", work=work.__name__, error=repr(error))

    # Sockets

    async def follow(self, restaurant_id: int, socket: Socket) -> Feed:
        """Add a socket to its restaurant's feed, which is opened at the head of the stream if it is the first."""
        feed = self.feeds.get(restaurant_id)
        if feed is None:
            opening = self._opening.get(restaurant_id)
            if opening is None:
                opening = self._opening[restaurant_id] = self._spawn(self._open(restaurant_id))
                opening.add_done_callback(lambda _: self._opening.pop(restaurant_id, None))
            opened = await asyncio.shield(opening)
            feed = self.feeds.setdefault(restaurant_id, opened)
        feed.sockets.add(socket)
        if len(feed.sockets) == 1:
            self._spawn(self._subscribe_soon())
        return feed

    async def _open(self, restaurant_id: int) -> Feed:
        head = await self.read(stream.head_of, restaurant_id)
        feed = self.feeds[restaurant_id] = Feed(
            restaurant_id, head.epoch, head.seq, self.loop.time(), head.rewritten, stir=self.pulse.stir
        )
        return feed

    async def _subscribe_soon(self) -> None:
        try:
            await self._subscribe()
        except Exception as error:  # noqa: BLE001 - a border: it is tried again every few seconds
            log.warning("hub_failed", work="_subscribe", error=repr(error))

    def is_well(self) -> bool:
        """Whether every stream with a local socket has been compared with the database just now."""
        latest = self.loop.time() - 2 * VERIFIED_SECONDS
        return all(feed.verified_at >= latest for feed in self.feeds.values() if feed.sockets)

    def admit(self, socket: Socket, address: str) -> bool:
        """Count a socket that nobody has signed in on yet; False when its address has too many of them."""
        return self._count(socket, ("address", address)) <= MOST_STRANGERS

    def sign_in(self, socket: Socket, principal: Principal) -> None:
        """Count a socket to its caller; the oldest of too many is closed with 4409. Guests may have any number."""
        self._uncount(socket)
        if not principal.is_guest and self._count(socket, principal.identity) > MOST_OF_CALLER:
            oldest = next(iter(self._counted[principal.identity]))
            self._uncount(oldest)
            oldest.close(REPLACED)

    def _count(self, socket: Socket, key: tuple[Any, ...]) -> int:
        socket.counted_as = key
        self._counted[key][socket] = None
        return len(self._counted[key])

    def _uncount(self, socket: Socket) -> None:
        key, socket.counted_as = socket.counted_as, None
        if key is not None:
            del self._counted[key][socket]
            if not self._counted[key]:
                del self._counted[key]

    def forget(self, socket: Socket) -> None:
        """Take a socket out of everything; safe to call twice, and for one that was never in."""
        principal = socket.principal
        feed = self.feeds.get(principal.restaurant_id) if principal else None
        if feed is not None:
            feed.leave(socket, *socket.memberships)
            feed.sockets.discard(socket)
        self._uncount(socket)
        socket.forget()

    # Events

    def take(self, events: list[StreamEvent]) -> None:
        """Take events from whatever way they come: in order they are delivered, else kept until the gap is closed."""
        for event in events:
            feed = self.feeds.get(event.restaurant_id)
            if feed is None or event.seq <= max(feed.cursor, feed.read_until) or event.epoch != feed.epoch:
                continue
            if event.seq == feed.cursor + 1:
                feed.deliver(event)
            elif len(feed.pending) < PENDING_EVENTS:
                feed.pending[event.seq] = event
        for restaurant_id in {event.restaurant_id for event in events}:
            feed = self.feeds.get(restaurant_id)
            if feed is not None:
                self._drain(feed)
                if feed.pending:
                    self._catch_up(feed, GRACE_SECONDS)

    def _drain(self, feed: Feed) -> None:
        while (event := feed.pending.pop(feed.cursor + 1, None)) is not None:
            feed.deliver(event)
        if feed.pending and min(feed.pending) <= feed.cursor:
            feed.pending = {seq: event for seq, event in feed.pending.items() if seq > feed.cursor}

    def _catch_up(self, feed: Feed, grace: float = 0.0) -> asyncio.Task[None]:
        """Read what is missing, once however many ask for it."""
        if feed.catching_up is None or feed.catching_up.done():
            feed.catching_up = self._spawn(self._read_gap(feed, grace))
        return feed.catching_up

    async def _read_gap(self, feed: Feed, grace: float) -> None:
        if grace:
            await asyncio.sleep(grace)
            if not feed.pending:
                return
        try:
            while True:
                self.gap_reads += 1
                rewritten = feed.rewritten
                events = await self.read(
                    stream.read_events, feed.restaurant_id, feed.epoch, after=feed.cursor, limit=READ_EVENTS
                )
                if feed.rewritten != rewritten:
                    continue  # these may have been read before they were written anew
                if events and events[0].seq > feed.cursor + 1:  # pruned, or gone: this feed can't go on
                    self._reset(feed)
                    return
                for event in events:
                    if event.seq == feed.cursor + 1:
                        feed.deliver(event)
                self._drain(feed)
                if len(events) < READ_EVENTS:
                    feed.verified_at = self.loop.time()
                    return
        except Exception as error:  # noqa: BLE001 - a border: the next poll asks again
            log.warning("hub_failed", work="_read_gap", error=repr(error))

    async def catch_up(self, feed: Feed) -> None:
        """Bring the feed to the present head of its stream."""
        await asyncio.shield(self._catch_up(feed))

    async def _poll(self) -> None:
        """Compare every feed with its stream's head, so that a lost last message is noticed on a quiet evening too."""
        if not self.feeds:
            return
        cursors = {restaurant_id: feed.cursor for restaurant_id, feed in self.feeds.items()}
        heads = await self.read(stream.heads_of, cursors)
        for restaurant_id, cursor in cursors.items():
            feed, head = self.feeds.get(restaurant_id), heads.get(restaurant_id)
            if feed is None:
                continue
            if head is None or head.epoch != feed.epoch or head.seq < cursor:
                self._reset(feed)
                continue
            self.note_rewritten(feed, head)
            if head.seq > feed.cursor:
                self._catch_up(feed)
            else:
                feed.verified_at = self.loop.time()

    def note_rewritten(self, feed: Feed, head: stream.Head) -> None:
        """Have a feed forget what it remembers once kept events were written anew, by whatever process."""
        if head.epoch != feed.epoch or head.rewritten <= feed.rewritten:
            return
        feed.forget(head.rewritten, head.seq)
        if head.seq > feed.cursor:
            self._catch_up(feed)

    def _reset(self, feed: Feed) -> None:
        """Let go of a stream that is not what it was: restored, or gone. Its screens come back with a resync."""
        log.warning("stream_reset", restaurant=feed.restaurant_id, cursor=feed.cursor)
        self.feeds.pop(feed.restaurant_id, None)
        for socket in list(feed.sockets):
            socket.close(RESTART)

    async def _beat(self) -> None:
        """Tell every socket how far it has been served; silence where the database can't be asked.

        One that is in no room has been served nothing: told of the head before it joins, a client that comes back
        would leave out the replay as old.
        """
        now = timezone.now()
        for feed in list(self.feeds.values()):
            if self.loop.time() - feed.verified_at > VERIFIED_SECONDS:
                continue
            beat = Frame(
                encoded({"type": "heartbeat", "epoch": feed.epoch, "seq": feed.cursor, "timestamp": timestamp(now)})
            )
            for socket in tuple(feed.sockets):
                if socket.memberships and not socket.is_holding:
                    socket.push(beat)

    # The channel layer

    async def _receive(self) -> None:
        """Take what other processes publish. Never cancelled while the process serves."""
        while True:
            try:
                layer = get_channel_layer()
                message = await layer.receive(self._channel)
                self.take([StreamEvent(*row) for row in message["events"]])
            except Exception as error:  # noqa: BLE001 - a border: the layer may be down for as long as it likes
                log.warning("hub_failed", work="_receive", error=repr(error))
                await asyncio.sleep(POLL_SECONDS)

    async def _subscribe(self) -> None:
        """Be in the group of every restaurant that has sockets here, also after the layer came back empty."""
        layer = get_channel_layer()
        for feed in list(self.feeds.values()):
            async with asyncio.timeout(LAYER_SECONDS):
                if feed.sockets:
                    await layer.group_add(forwarding.group_of(feed.restaurant_id), self._channel)
                elif feed.restaurant_id not in self._opening:
                    self.feeds.pop(feed.restaurant_id, None)
                    await layer.group_discard(forwarding.group_of(feed.restaurant_id), self._channel)

    # Credentials

    async def _recheck(self) -> None:
        """Ask whether every socket may still see what it sees; take away what it may not."""
        sockets = [socket for feed in self.feeds.values() for socket in feed.sockets if socket.principal is not None]
        if not sockets:
            return
        principals = {socket.principal for socket in sockets if socket.principal}
        verdicts: dict[Any, Verdict] = await self.read(recheck, principals)
        for socket in sockets:
            if socket.principal in verdicts:
                self._apply(socket, verdicts[socket.principal])

    def _apply(self, socket: Socket, verdict: Verdict) -> None:
        if verdict.close is not None:
            log.info("socket_revoked", socket=socket.number, code=verdict.close)
            feed = self.feeds.get(socket.principal.restaurant_id) if socket.principal else None
            if feed is not None:
                feed.leave(socket, *socket.memberships)
            socket.close(verdict.close)
            return
        if verdict.principal is not None:
            self.become(socket, verdict.principal)

    def become(self, socket: Socket, principal: Principal) -> None:
        """Give a live socket other rights; rooms that it may no longer be in are left, and it is told."""
        socket.principal = principal
        feed = self.feeds.get(principal.restaurant_id)
        for room in list(socket.memberships):
            if feed is not None and not principal.may_stay_in(room):
                feed.leave(socket, room)
                socket.put(left(room, "forbidden"))


_hubs: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = weakref.WeakKeyDictionary()


def get_hub() -> Hub:
    """Return the hub of the running event loop, started when first asked for."""
    loop = asyncio.get_running_loop()
    hub = _hubs.get(loop)
    if hub is None:
        hub = _hubs[loop] = Hub(loop)
    return hub


def running_hub() -> Hub | None:
    """Return the hub of the running event loop, if it has been started."""
    return _hubs.get(asyncio.get_running_loop())
