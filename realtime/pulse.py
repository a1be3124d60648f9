"""The kitchen's pulse: how many tickets are open, told to its screens when that has changed.

Each process counts for its own sockets, off the event loop: at most once a second, in one query for all restaurants
of which a ticket moved. What moves meanwhile is counted the second after, so that what was told last is right as soon
as nothing moves. Restaurants without a kitchen's screen here cost nothing.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Collection

import structlog
from django.utils import timezone

from kitchen.stats import OpenTickets
from orders.shapes import timestamp
from realtime.events import NAMES, KitchenNumbers
from realtime.feeds import Feed, hears_numbers
from realtime.frames import PassingEvent, encoded
from realtime.sockets import Socket

log = structlog.get_logger(__name__)

EVERY_SECONDS = 1.0
_TYPE = NAMES[KitchenNumbers]
_FIRST = 1  # above the 0 that a crowd has been served up to: it goes to all of it

Count = Callable[[Collection[int]], Awaitable[dict[int, OpenTickets]]]


async def _a_second() -> None:
    await asyncio.sleep(EVERY_SECONDS)


class Pulse:
    """Tells the screens of a process how many tickets are open. All but ``count`` runs in the event loop."""

    def __init__(self, count: Count, pause: Callable[[], Awaitable[None]] = _a_second) -> None:
        self.count = count
        self.pause = pause
        self._stirred: dict[int, Feed] = {}
        self._wake = asyncio.Event()

    def stir(self, feed: Feed) -> None:
        """Have the restaurant's tickets counted soon: one of them moved."""
        self._stirred[feed.restaurant_id] = feed
        self._wake.set()

    def meet(self, feed: Feed, socket: Socket, rooms: Collection[str], *, is_back: bool) -> None:
        """Note that a socket has joined rooms. One that is back is told the numbers: they may have changed meanwhile.

        A new one has the tickets themselves, and is told the numbers when the next ticket moves.
        """
        if any(map(hears_numbers, rooms)):
            feed.unsure.add(socket)
            if is_back:
                self.stir(feed)

    async def beat(self) -> None:
        """Count and tell, for as long as the process serves; what fails is counted again with the next beat."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            stirred, self._stirred = self._stirred, {}
            try:
                await self._tell({number: feed for number, feed in stirred.items() if feed.screens})
            except Exception as error:  # noqa: BLE001 - a border: the database may be gone for as long as it likes
                log.warning("pulse_failed", error=repr(error))
                self._stirred = stirred | self._stirred
                self._wake.set()
            await self.pause()

    async def _tell(self, feeds: dict[int, Feed]) -> None:
        if not feeds:
            return
        counted = await self.count(list(feeds))
        for restaurant_id, feed in feeds.items():
            numbers = counted[restaurant_id]
            has_changed = numbers != feed.numbers
            feed.numbers = numbers
            if has_changed or feed.unsure:
                feed.tell(_event(feed, numbers), to_all=has_changed)


def _event(feed: Feed, numbers: OpenTickets) -> PassingEvent:
    rooms = ["kitchen", *sorted(room for room in feed.screens if room.startswith("station:"))]
    return PassingEvent(
        feed.restaurant_id, feed.epoch, _FIRST, str(uuid.uuid4()), _TYPE, timestamp(timezone.now()), rooms,
        encoded(numbers),
    )  # fmt: skip
