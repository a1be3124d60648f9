"""The kitchen of a simulated evening: places at stations, whoever waits for one, and how well promises were kept."""

from __future__ import annotations

import heapq
import itertools
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from kitchen.demo.acts import Act, Outcome, Promise, ToMake
from kitchen.demo.guests import Party


@dataclass(frozen=True, slots=True)
class Wait:
    """Time passes: so many minutes of the kitchen's."""

    minutes: float


@dataclass(eq=False, slots=True)
class Work:
    """What the kitchen has of one party's order; ``left`` items are in work or wait."""

    party: Party
    rank: int
    left: int = 0
    is_over: bool = False
    is_as_promised: bool = True
    waits: Story | None = None
    items: Iterator[int] = field(default_factory=itertools.count)


@dataclass(eq=False, slots=True)
class Item:
    """One item in work: how long each of its steps takes this time, and where it is done."""

    work: Work
    id: int
    course: int
    is_held: bool
    has_alert: bool
    numbers: list[int]
    minutes: list[float]
    station_ids: list[int | None]
    step_count: int
    at: int = 0
    is_gone: bool = False

    @property
    def station_id(self) -> int | None:
        """Where its next step is done."""
        return self.station_ids[self.at]

    def is_wanted(self) -> bool:
        """Whether anybody waits for it still."""
        return not (self.is_gone or self.work.is_over)


@dataclass(frozen=True, slots=True)
class AskForPlace:
    """An item waits for a place at the station of its next step: by priority, then by who came first."""

    item: Item


@dataclass(frozen=True, slots=True)
class GivePlace:
    """A place at a station is free again."""

    station_id: int | None


@dataclass(frozen=True, slots=True)
class WaitForItems:
    """Nothing more is done with the order until all its items in work are made."""

    work: Work


Wish = Wait | AskForPlace | GivePlace | WaitForItems | Act
Story = Generator[Wish, Outcome, None]


def item_of(work: Work, asked: ToMake, hands: Sequence[float]) -> Item:
    """Put an item in work; ``hands`` are how fast each step goes this time, of once."""
    return Item(
        work,
        asked.item_id,
        asked.course,
        asked.is_held,
        asked.has_alert,
        numbers=[step.number for step in asked.steps],
        minutes=[step.minutes * hand for step, hand in zip(asked.steps, hands, strict=True)],
        station_ids=[step.station_id for step in asked.steps],
        step_count=len(asked.steps),
    )


class Places:
    """The places at the stations; a station that nobody knows has one for everybody."""

    def __init__(self, capacities: Mapping[int, int]) -> None:
        """Take how many each station has."""
        self.station_ids = tuple(capacities)
        self._free = Counter(capacities)
        self._queues: dict[int, list[tuple[int, int, Item, Story]]] = {pk: [] for pk in capacities}
        self._order = itertools.count()

    def ask(self, item: Item, story: Story) -> list[Story]:
        """Have an item wait for its place; returns who may go on."""
        if item.station_id not in self._queues:
            return [story]
        heapq.heappush(self._queues[item.station_id], (item.work.rank, next(self._order), item, story))
        return self._serve(item.station_id)

    def give_back(self, station_id: int | None) -> list[Story]:
        """Have a place back; returns who may go on."""
        if station_id not in self._queues:
            return []
        self._free[station_id] += 1
        return self._serve(station_id)

    def _serve(self, station_id: int) -> list[Story]:
        gone: list[Story] = []
        queue = self._queues[station_id]
        while queue and self._free[station_id] > 0:
            self._free[station_id] -= 1
            gone.append(heapq.heappop(queue)[3])
        return gone

    def relocate(self) -> list[Story]:
        """Have those wait elsewhere whose step was given to another station; returns who may go on."""
        moved = [entry for queue in self._queues.values() for entry in queue]
        for queue in self._queues.values():
            queue.clear()
        freed: list[Story] = []
        for entry in sorted(moved, key=lambda entry: entry[:2]):
            station_id = entry[2].station_id
            if station_id in self._queues:
                heapq.heappush(self._queues[station_id], entry)
            else:
                freed.append(entry[3])
        return freed + [story for station_id in self.station_ids for story in self._serve(station_id)]


@dataclass(slots=True)
class Quality:
    """How well it was foretold when orders are ready: minutes of the kitchen's from its confirmation on.

    Of orders that were made as they were promised: not those in several courses, nor those that got more items, lost
    some, were cancelled or recalled. The minutes are those of the simulated kitchen, whatever its pace: of the plan,
    not of the clock, so that a slow machine spoils no estimate.
    """

    noted: list[tuple[Promise, float]] = field(default_factory=list)

    def note(self, promise: Promise, minutes: float) -> None:
        """Note that an order took so many minutes."""
        self.noted.append((promise, minutes))

    def __str__(self) -> str:
        if not self.noted:
            return "No order was made as it was promised."
        said = self._told((promise.minutes, actual) for promise, actual in self.noted)
        naive = self._told((promise.naive_minutes, actual) for promise, actual in self.noted)
        return (
            f"Estimates of {len(self.noted)} orders: {said}. "
            f"The plain sum of all minutes: {naive}. In minutes of the kitchen's."
        )

    def _told(self, pairs: Iterable[tuple[int, float]]) -> str:
        missed = [(promised, actual) for promised, actual in pairs]
        error = sum(abs(actual - promised) for promised, actual in missed) / len(missed)
        kept = sum(actual <= promised for promised, actual in missed) / len(missed)
        return f"wrong by {error:.1f} minutes on average, {kept:.0%} kept"
