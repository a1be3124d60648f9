"""Keeps account of which orders were sent and which screens were told of them, and finds what is wrong with it."""

from __future__ import annotations

import asyncio
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import NamedTuple

# Answers that took the order; anything else is no promise to the screens.
ACCEPTED = range(200, 300)


@dataclass(frozen=True, slots=True)
class Faults:
    """What must be zero, counted over all screens."""

    lost: int = 0
    doubled: int = 0
    disordered: int = 0
    """Frames that a screen had later than one that came after them elsewhere, or before the order that caused them."""
    foreign: int = 0
    """Frames of orders that nobody sent."""

    def __add__(self, other: Faults) -> Faults:
        """Add up two runs."""
        return Faults(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))

    @property
    def total(self) -> int:
        """Return how many there are of any kind."""
        return sum(asdict(self).values())


class Sent(NamedTuple):
    """One order's way through HTTP, in nanoseconds of the monotonic clock; 0 where it did not get there."""

    begun: int
    answered: int
    status: int


class Witness:
    """Who sees orders: how many it saw in the ledger's order and, from its first deviation on, its own record."""

    __slots__ = ("own", "place")

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self.place = 0
        self.own: list[int] | None = None

    def forget(self) -> None:
        """Begin anew, for another ledger."""
        self.place = 0
        self.own = None

    def record(self, ledger: Ledger) -> list[int]:
        """Return the orders that it saw, as they came."""
        return self.own if self.own is not None else ledger.order[: self.place]


class Ledger:
    """The orders of one run, numbered without a gap, and what the screens saw of them."""

    __slots__ = (
        "answered", "audience", "begun", "complete", "delays", "first", "first_at", "foreign", "last_at", "late",
        "missing", "order", "seen", "size", "status", "waiting",
    )  # fmt: skip

    def __init__(self, first: int, size: int, audience: int) -> None:
        """Open the account of ``size`` orders from the number ``first`` on, for ``audience`` screens."""
        self.first = first
        self.size = size
        self.audience = audience
        self.begun = [0] * size
        self.answered = [0] * size
        self.status = [0] * size
        self.first_at = [0] * size
        self.last_at = [0] * size
        self.seen = [0] * size
        # Nanoseconds from an order's first byte to each screen's frame, for all orders and screens.
        self.delays = array("q")
        # The orders as the screen that is furthest saw them.
        self.order: list[int] = []
        self.foreign = 0
        # Frames of the run before, which counted them as lost.
        self.late = 0
        # Orders that all screens have to see yet; those that were not even sent are among them.
        self.missing = size
        # Orders that all screens have seen.
        self.complete = 0
        self.waiting: dict[int, asyncio.Future[None]] = {}

    def enter(self, witness: Witness, number: int, now: int) -> None:
        """Enter that a screen was told of an order. Called for each of a hundred thousand frames a second."""
        index = number - self.first
        if not 0 <= index < self.size:
            self.stray(index)
            return
        order = self.order
        place = witness.place
        if witness.own is not None:
            witness.own.append(number)
        elif place == len(order):
            order.append(number)
        elif order[place] != number:
            witness.own = [*order[:place], number]
        witness.place = place + 1
        seen = self.seen[index] + 1
        self.seen[index] = seen
        self.last_at[index] = now
        if seen == 1:
            self.first_at[index] = now
        self.delays.append(now - self.begun[index])
        if seen == self.audience:
            self.completed(index)

    def completed(self, index: int) -> None:
        """Note that the last screen was told of an order."""
        self.complete += 1
        self.missing -= 1
        waiter = self.waiting.pop(index, None)
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def dropped(self, index: int) -> None:
        """Note that an order was not taken: no screen will see it."""
        self.completed(index)

    def stray(self, index: int) -> None:
        """Note a frame that is none of this run's."""
        if index < 0:
            self.late += 1
        else:
            self.foreign += 1

    def is_whole(self) -> bool:
        """Tell whether every screen was told of every order."""
        return self.missing <= 0

    def sent(self) -> list[Sent]:
        """Return the way of each order through HTTP."""
        return [Sent(*row) for row in zip(self.begun, self.answered, self.status, strict=True)]

    def promised(self) -> set[int]:
        """Return the orders of which every screen must be told."""
        return {self.first + index for index, status in enumerate(self.status) if status in ACCEPTED}

    def to_first(self) -> list[int]:
        """Return the nanoseconds from each order's first byte to the first screen's frame."""
        return [at - begun for at, begun in zip(self.first_at, self.begun, strict=True) if at and begun]

    def to_last(self) -> list[int]:
        """Return the nanoseconds to the last screen's frame, for the orders that reached all."""
        rows = zip(self.last_at, self.begun, self.seen, strict=True)
        return [at - begun for at, begun, seen in rows if begun and seen >= self.audience > 0]

    def faults(self, seen_by: Iterable[Sequence[int]]) -> Faults:
        """Compare what each screen saw with what was promised and with each other."""
        records = list(seen_by)
        causes = misplaced(
            reference_of(records),
            begun=dict(enumerate(self.begun, self.first)),
            answered=dict(enumerate(self.answered, self.first)),
        )
        return compare(records, self.promised()) + Faults(disordered=causes, foreign=self.foreign)


def compare(records: Sequence[Sequence[int]], promised: set[int]) -> Faults:
    """Find what screens missed, had twice, or had in another order than the others."""
    reference = reference_of(records)
    places = {number: place for place, number in enumerate(reference)}
    found = Faults()
    # Most screens saw the same: each different record is looked at once.
    for record, screens in Counter(tuple(record) for record in records).items():
        single = list(dict.fromkeys(record))
        found += Faults(
            lost=screens * len(promised.difference(single)),
            doubled=screens * (len(record) - len(single)),
            disordered=screens * descents([places[number] for number in single if number in places]),
        )
    return found


def reference_of(records: Sequence[Sequence[int]]) -> tuple[int, ...]:
    """Return what most of the screens that saw most saw, each order once."""
    kinds = Counter(tuple(dict.fromkeys(record)) for record in records)
    return max(kinds, key=lambda record: (len(record), kinds[record]), default=())


def descents(places: Sequence[int]) -> int:
    """Count the frames that came after one that belongs behind them."""
    behind = 0
    furthest = -1
    for place in places:
        if place < furthest:
            behind += 1
        furthest = max(furthest, place)
    return behind


def misplaced(order: Sequence[int], *, begun: dict[int, int], answered: dict[int, int]) -> int:
    """Count the orders that were answered before one was begun that the screens saw earlier: cause after effect."""
    count = 0
    latest_begun = 0
    for number in order:
        if 0 < answered.get(number, 0) < latest_begun:
            count += 1
        latest_begun = max(latest_begun, begun.get(number, 0))
    return count
