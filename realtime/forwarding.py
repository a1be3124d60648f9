"""After the commit: new events go to the hub of this process, and over the channel layer to those of the others.

It never fails a request, never waits, and opens no connection per call. In an ASGI process the events are handed to
the server's event loop; in a command or a synchronous worker to one daemon thread with a loop of its own.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import threading
from collections.abc import Callable
from typing import Any

import structlog
from channels.layers import get_channel_layer

from realtime.frames import StreamEvent

log = structlog.get_logger(__name__)

MOST_WAITING = 10_000
PUBLISH_SECONDS = 2
PAUSE_SECONDS = 0.5
FINISH_SECONDS = 2.0

Sink = Callable[[list[StreamEvent]], None]


def group_of(restaurant_id: int) -> str:
    """Return the name of the restaurant's group on the channel layer."""
    return f"restaurant.{restaurant_id}"


class Forwarder:
    """Takes events from any thread into one event loop, feeds the hub there, and publishes them."""

    def __init__(self, loop: asyncio.AbstractEventLoop, thread: threading.Thread | None = None) -> None:
        self.loop = loop
        self.thread = thread
        self.sink: Sink | None = None
        self.failures = 0
        self._publishing = False
        self._queue: asyncio.Queue[list[StreamEvent]] | None = None
        self._task: asyncio.Task[None] | None = None

    def submit(self, events: list[StreamEvent]) -> None:
        """Hand events over from any thread; returns at once."""
        self.loop.call_soon_threadsafe(self._take, events)

    def _take(self, events: list[StreamEvent]) -> None:
        if self._queue is None:
            self._queue = asyncio.Queue(MOST_WAITING)
            self._task = self.loop.create_task(self._publish(self._queue), name="brigade-publisher")
        try:
            self._queue.put_nowait(events)
        except asyncio.QueueFull:
            self._failed("the queue to the channel layer is full")
        if self.sink is not None:
            self.sink(events)

    async def _publish(self, queue: asyncio.Queue[list[StreamEvent]]) -> None:
        while True:
            self._publishing = False
            events = await queue.get()
            self._publishing = True
            try:
                layer = get_channel_layer("publish")
                message = {"type": "brigade.events", "events": [list(_row(event)) for event in events]}
                async with asyncio.timeout(PUBLISH_SECONDS):
                    await layer.group_send(group_of(events[0].restaurant_id), message)
            except Exception as error:  # noqa: BLE001 - a border: whatever ails the layer must not stop the forwarding
                self._failed(repr(error))
                await asyncio.sleep(PAUSE_SECONDS)
                while not queue.empty():  # by now the other processes have read these from the database
                    queue.get_nowait()

    async def close(self) -> None:
        """Publish what waits, then close the connections of this loop."""
        if self._queue is not None:
            while not self._queue.empty() or self._publishing:  # noqa: ASYNC110 - once, at a process's end
                await asyncio.sleep(0.01)
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        await get_channel_layer("publish").flush()  # closes this loop's connections

    def end(self) -> None:
        """End a command's own thread, from another one; a server's loop is the server's to end."""
        if self.thread is None:
            return
        closing = asyncio.run_coroutine_threadsafe(self.close(), self.loop)
        with contextlib.suppress(Exception):  # screens read from the database what could not be published
            closing.result(FINISH_SECONDS)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(FINISH_SECONDS)

    def _failed(self, why: str) -> None:
        self.failures += 1
        log.warning("forward_failed", error=why, failures=self.failures)


def _row(event: StreamEvent) -> tuple[Any, ...]:
    return (
        event.restaurant_id,
        event.epoch,
        event.seq,
        event.id,
        event.type,
        event.at,
        event.rooms,
        event.data,
    )


_lock = threading.Lock()
_forwarder: Forwarder | None = None


def serve_from(loop: asyncio.AbstractEventLoop) -> Forwarder:
    """Forward from the server's loop from now on."""
    global _forwarder
    with _lock:
        former = _forwarder
        if former is None or former.loop is not loop:
            former, _forwarder = _forwarder, Forwarder(loop)
            if former is not None:
                former.end()
        assert _forwarder is not None
        return _forwarder


def forward(events: list[StreamEvent]) -> None:
    """Have committed events of one restaurant delivered. Never raises into the request, never waits."""
    try:
        forwarder = _forwarder
        if forwarder is None or forwarder.loop.is_closed():
            forwarder = _own_forwarder()
        forwarder.submit(events)
    except RuntimeError as error:  # the loop was closed in between: screens read the events from the database
        log.warning("forward_failed", error=repr(error))


def _own_forwarder() -> Forwarder:
    global _forwarder  # noqa: PLW0603 - one per process
    with _lock:
        if _forwarder is None or _forwarder.loop.is_closed():
            loop = asyncio.new_event_loop()
            thread = threading.Thread(target=_run, args=(loop,), name="brigade-forwarder", daemon=True)
            thread.start()
            _forwarder = Forwarder(loop, thread)
        return _forwarder


def _run(loop: asyncio.AbstractEventLoop) -> None:
    loop.run_forever()
    loop.close()


@atexit.register
def finish() -> None:
    """At the end of a command, give what it committed last a moment to be published, and close the connections."""
    global _forwarder
    with _lock:
        former, _forwarder = _forwarder, None
    if former is not None:
        former.end()
