"""A dinner service, act by act, on a clock of its own. Touches no database: the same seed makes the same evening.

Each party is a generator that reads like its evening: it waits, does something, and learns what came of it.
``Evening.next_act()`` says what is to be done and when; ``Evening.tell()`` says what came of it, before the next.

A real kitchen makes an order in a quarter of an hour. Where more come in than its hands could ever make, everything
that takes time takes less of it, by one factor: the board stays as full as on a good evening, whatever the rate.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from random import Random

from kitchen.demo import acts
from kitchen.demo.acts import DONE, Act, Outcome
from kitchen.demo.guests import House, Party, parties, wishes
from orders.states import Channel, OrderStatus, Priority

# So many tickets are worked on at once, and so much of that is needed on average.
HANDS = 16
_BUSY = 0.8
# In a greater hurry than this, cooks call whole tickets ready, and touch nothing before.
_HURRY = 20.0
_SOLD_OUT_MINUTES = 8.0
# How often something happens to an order, of once.
_CANCELLED_AT_ONCE = 0.04
_CANCELLED_LATER = 0.02
_SPEAKS_AGAIN = 0.06
_ACKNOWLEDGED = 0.8
_BUMPED_WHOLE = 0.25
_SERVED_BEFORE_THE_REST = 0.3
_SECOND_ROUND = 0.15
_BROUGHT = (Channel.DELIVERY, Channel.ONLINE)
_RANKS = {Priority.VIP: 0, Priority.EXPRESS: 1, Priority.NORMAL: 2}
_NOTES = ("Moved to the corner", "Asked for tap water", "One guest comes later", "Wants the bill soon")


@dataclass(frozen=True, slots=True)
class Wait:
    """Time passes: so many minutes of a kitchen that is in no hurry."""

    minutes: float


@dataclass(frozen=True, slots=True)
class WaitForHand:
    """The ticket waits until a cook is free: by priority, then by age."""

    rank: int


@dataclass(frozen=True, slots=True)
class FreeHand:
    """A cook is done with the ticket."""


Story = Generator[Wait | WaitForHand | FreeHand | Act, Outcome, None]
# A part of a story that tells whether the order is over.
Part = Generator[Wait | WaitForHand | FreeHand | Act, Outcome, bool]


class Evening:
    """Everything that happens, in the order in which it does."""

    def __init__(self, house: House, *, seed: str, per_minute: float, hands: int = HANDS) -> None:
        """Take where it happens, how many parties a minute come on average, and how many hands the kitchen has."""
        self.now = 0.0
        self.haste = max(1.0, per_minute * house.usual_minutes / (hands * _BUSY))
        self._house = house
        self._parties = parties(house, seed=seed, per_minute=per_minute)
        self._next_party = next(self._parties)
        self._order = itertools.count()
        # (second, tie, story, what it is told); an unstarted story is told nothing.
        self._agenda: list[tuple[float, int, Story, Outcome | None]] = []
        self._free_hands = hands
        self._tickets: list[tuple[int, int, Story]] = []
        self._sold_out: dict[int, float] = {}
        self._doing: Story | None = None
        self._at(0.0, self._stations(Random(f"{seed}/stations")))  # noqa: S311 - a story, no secret

    def adopt(self, party: Party, status: OrderStatus, minutes: Sequence[int]) -> None:
        """Go on with an order that an earlier evening left in this status; ``minutes`` as in Outcome."""
        stories = {
            OrderStatus.PENDING: lambda: self._accept(party),
            OrderStatus.CONFIRMED: lambda: self._cook(party, minutes),
            OrderStatus.PREPARING: lambda: self._cook(party, minutes, is_begun=True),
            OrderStatus.READY: lambda: self._serve(party),
            OrderStatus.DELIVERING: lambda: self._bring(party),
        }
        self._at(self.now, stories.get(status, lambda: self._leave(party))())

    def next_act(self) -> tuple[float, Act]:
        """Return the second at which something is done next, and what. There always is something."""
        while True:
            if self._next_party.at <= self._agenda[0][0] if self._agenda else True:
                self._at(self._next_party.at, self._come(self._next_party))
                self._next_party = next(self._parties)
            self.now, _, story, told = heapq.heappop(self._agenda)
            act = self._go_on(story, told)
            if act is not None:
                self._doing = story
                return self.now, act

    def tell(self, outcome: Outcome) -> None:
        """Say what came of the act that ``next_act`` returned last."""
        assert self._doing is not None
        self._at(self.now, self._doing, outcome)
        self._doing = None

    def _at(self, second: float, story: Story, told: Outcome | None = None) -> None:
        heapq.heappush(self._agenda, (second, next(self._order), story, told))

    def _go_on(self, story: Story, told: Outcome | None) -> Act | None:
        """Let a story go on to its next wish; an act is returned, all else is granted here."""
        try:
            wish = next(story) if told is None else story.send(told)
        except StopIteration:
            return None
        if isinstance(wish, Wait):
            self._at(self.now + wish.minutes * 60 / self.haste, story, DONE)
        elif isinstance(wish, WaitForHand):
            heapq.heappush(self._tickets, (wish.rank, next(self._order), story))
        elif isinstance(wish, FreeHand):
            self._free_hands += 1
            self._at(self.now, story, DONE)
        else:
            return wish
        while self._free_hands and self._tickets:
            self._free_hands -= 1
            self._at(self.now, heapq.heappop(self._tickets)[2], DONE)
        return None

    def _come(self, party: Party) -> Story:
        asked = wishes(self._house, party, sold_out=self._gone())
        outcome = (yield acts.TakeOrder(party, asked)) if asked else Outcome("nothing_left")
        if outcome.sold_out:
            self._remember(outcome)
            asked = wishes(self._house, party, sold_out=self._gone())
            outcome = (yield acts.TakeOrder(party, asked)) if asked else Outcome("nothing_left")
        if not outcome.code:
            yield from self._accept(party)

    def _gone(self) -> frozenset[int]:
        return frozenset(dish_id for dish_id, until in self._sold_out.items() if until > self.now)

    def _remember(self, outcome: Outcome) -> None:
        """Have nobody ask for these dishes for a while; what ran out comes in again."""
        for dish_id in sorted(outcome.sold_out):
            self._sold_out[dish_id] = self.now + _SOLD_OUT_MINUTES * 60 / self.haste
        if outcome.code == "out_of_stock":
            self._at(self.now, self._restock(sorted(outcome.sold_out)))

    def _restock(self, dish_ids: Sequence[int]) -> Story:
        yield Wait(_SOLD_OUT_MINUTES)
        for dish_id in dish_ids:
            yield acts.Restock(dish_id)

    def _stations(self, chance: Random) -> Story:
        """Now and then a station runs out of something: a dish is 86'd for a while."""
        while True:
            yield Wait(chance.uniform(15, 40))
            dish = chance.choice(self._house.offers)
            yield acts.SetAvailable(dish.id, is_available=False)
            yield Wait(chance.uniform(3, 8))
            yield acts.SetAvailable(dish.id, is_available=True)

    def _accept(self, party: Party) -> Story:
        chance = party.chance
        yield Wait(chance.uniform(0.2, 1.5))
        if chance.random() < _CANCELLED_AT_ONCE:
            yield acts.Cancel(party.number, "The guests changed their minds")
            return
        if chance.random() < _SPEAKS_AGAIN:
            yield acts.WriteNotes(party.number, chance.choice(_NOTES))
        outcome = yield acts.Confirm(party.number)
        if not outcome.code:
            yield from self._cook(party, outcome.minutes)

    def _cook(self, party: Party, minutes: Sequence[int], *, is_begun: bool = False, is_second: bool = False) -> Story:
        if not is_begun and party.chance.random() < _CANCELLED_LATER:
            yield Wait(party.chance.uniform(1, 6))
            yield acts.Cancel(party.number, "The guests had to leave")
            return
        yield WaitForHand(_RANKS[party.priority])
        is_over = yield from self._make(party, minutes, is_begun=is_begun, is_second=is_second)
        yield FreeHand()
        if not is_over:
            yield from self._serve(party, is_second=is_second)

    def _make(self, party: Party, minutes: Sequence[int], *, is_begun: bool, is_second: bool) -> Part:
        chance = party.chance
        done = sorted((at * chance.uniform(0.6, 1.2), place) for place, at in enumerate(minutes))
        if self.haste > _HURRY:
            return (yield from self._bump(party, done[-1][0] if done else 1.0))
        if not is_begun and not is_second and chance.random() < _ACKNOWLEDGED:
            yield acts.Acknowledge(party.number)
            yield Wait(chance.uniform(0.1, 0.8))
        outcome = yield acts.StartItems(party.number)
        if outcome.is_over:
            return True
        if is_begun or is_second or chance.random() < _BUMPED_WHOLE:
            return (yield from self._bump(party, done[-1][0] if done else 1.0))
        now = 0.0
        for at, place in done:
            yield Wait(at - now)
            now = at
            outcome = yield acts.FinishItem(party.number, place)
            if outcome.is_over:
                return True
            is_last = place == done[-1][1]
            if (
                party.channel == Channel.DINE_IN
                and not is_last
                and not outcome.code
                and chance.random() < _SERVED_BEFORE_THE_REST
            ):
                yield acts.ServeItem(party.number, place)
        return False

    def _bump(self, party: Party, minutes: float) -> Part:
        yield Wait(minutes)
        outcome = yield acts.BumpTicket(party.number)
        return outcome.is_over

    def _serve(self, party: Party, *, is_second: bool = False) -> Story:
        yield Wait(party.chance.uniform(0.2, 2.5))
        outcome = yield acts.HandOver(party.number)
        if outcome.code and not outcome.is_over:
            # Somebody else has added to the ticket or recalled it: the kitchen has had its time for that.
            yield acts.BumpTicket(party.number)
            outcome = yield acts.HandOver(party.number)
        if outcome.code:
            return
        if party.channel in _BROUGHT:
            yield from self._bring(party)
        elif party.channel == Channel.DINE_IN and not is_second and party.chance.random() < _SECOND_ROUND:
            yield from self._ask_again(party)
        else:
            yield from self._leave(party)

    def _bring(self, party: Party) -> Story:
        yield Wait(party.chance.uniform(6, 15))
        yield acts.Deliver(party.number)
        yield from self._leave(party)

    def _ask_again(self, party: Party) -> Story:
        yield Wait(party.chance.uniform(4, 12))
        party.guests = 1
        asked = wishes(self._house, party, sold_out=self._gone())
        outcome = (yield acts.AddItems(party.number, asked)) if asked else Outcome("nothing_left")
        if outcome.sold_out:
            self._remember(outcome)
        if outcome.is_over:
            return
        if outcome.code:
            yield from self._leave(party)
        else:
            yield from self._cook(party, outcome.minutes, is_second=True)

    def _leave(self, party: Party) -> Story:
        yield Wait(party.chance.uniform(5, 25) if party.channel == Channel.DINE_IN else 1.0)
        yield acts.Complete(party.number)
