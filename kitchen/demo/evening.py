"""A dinner service, act by act, on a clock of its own. Touches no database: the same seed makes the same evening.

Each party is a generator that reads like its evening: it waits, does something, and learns what came of it.
``Evening.act_due()`` says what is to be done by now; ``Evening.tell()`` says what came of it. Several may do so at
once, each in a thread of its own: then two things that happen in one moment may be told in either order.

The kitchen queues as a real one does: each step of an item takes a place at its station for about its minutes. Where
more orders come in than the busiest station could ever make, everything that takes time takes less of it, by one
factor, the pace: so many minutes of the kitchen's pass in a minute. The board stays as full as on a good evening,
whatever the rate.
"""

from __future__ import annotations

import heapq
import itertools
import math
import threading
from collections.abc import Generator, Sequence
from random import Random

from kitchen.demo import acts, troubles
from kitchen.demo.acts import DONE, Act, Outcome, Promise, ToMake
from kitchen.demo.cooking import (
    AskForPlace,
    GivePlace,
    Item,
    Places,
    Quality,
    Story,
    Wait,
    WaitForItems,
    Wish,
    Work,
    item_of,
)
from kitchen.demo.guests import House, Party, parties, wishes
from orders.states import Channel, OrderStatus, Priority

# How much of its time the busiest station has something to do.
_BUSY = 0.75
# With more orders than these a minute, cooks call whole tickets ready, and touch nothing before.
_MOST_BY_STEP = 100.0
_SOLD_OUT_MINUTES = 8.0
# How often something happens to an order, of once.
_CANCELLED_AT_ONCE = 0.04
_SPEAKS_AGAIN = 0.06
_ACKNOWLEDGED = 0.8
_BUMPED_WHOLE = 0.1
_SERVED_BEFORE_THE_REST = 0.15
_FIRED_BY_HAND = 0.3
_SECOND_ROUND = 0.15
_RECALLED = 0.05
# ... and to an item.
_MOVED = 0.03
_FORGOTTEN_ALLERGY = 0.2
# How fast a step goes, of once.
_FASTEST, _SLOWEST = 0.7, 1.3
_BROUGHT = (Channel.DELIVERY, Channel.ONLINE)
_RANKS = {Priority.VIP: 0, Priority.EXPRESS: 1, Priority.NORMAL: 2}
_NOTES = ("Moved to the corner", "Asked for tap water", "One guest comes later", "Wants the bill soon")
_WRONG = ("Too rare", "Dropped at the pass", "Wrong table", "Cold in the middle")

# A part of a story that tells how the next goes on.
Part = Generator[Wish, Outcome, bool]


class Evening:
    """Everything that happens, in the order in which it does."""

    def __init__(self, house: House, *, seed: str, per_minute: float, pace: float | None = None) -> None:
        """Take where it happens, how many parties a minute come on average, and how fast the kitchen's clock goes.

        Without a pace it goes as fast as it must for the kitchen to keep up, and never slower than any other clock.
        """
        self.now = 0.0
        self.pace = pace or max(1.0, per_minute * house.usual_load() / _BUSY)
        self.quality = Quality()
        self.house = house
        self._seed = seed
        self._is_in_haste = per_minute > _MOST_BY_STEP
        self._parties = parties(house, seed=seed, per_minute=per_minute)
        self._next_party = next(self._parties)
        self._order = itertools.count()
        # (second, tie, story, what it is told); an unstarted story is told nothing.
        self._agenda: list[tuple[float, int, Story, Outcome | None]] = []
        self._places = Places(house.stations)
        self._cooking: dict[int, Item] = {}
        self._sold_out: dict[int, float] = {}
        # What each thread is doing: whose story it is, and at which second.
        self._doing: dict[int, tuple[Story, float]] = {}
        self._lock = threading.RLock()
        self.begin(troubles.dishes_run_out(house, Random(f"{seed}/dishes")))  # noqa: S311 - a story, no secret
        self.begin(troubles.stations_close(house, Random(f"{seed}/stations"), self._relocate))  # noqa: S311

    def adopt(self, party: Party, status: OrderStatus, items: Sequence[ToMake]) -> None:
        """Go on with an order that an earlier evening left in this status, ``items`` of it still to be made."""
        stories = {
            OrderStatus.PENDING: lambda: self._accept(party),
            OrderStatus.CONFIRMED: lambda: self._cook(party, items, is_begun=True),
            OrderStatus.PREPARING: lambda: self._cook(party, items, is_begun=True),
            OrderStatus.READY: lambda: self._serve(party),
            OrderStatus.DELIVERING: lambda: self._bring(party),
        }
        self.begin(stories.get(status, lambda: self._leave(party))())

    def next_act(self) -> tuple[float, Act]:
        """Return the second at which something is done next, and what. There always is something."""
        due, act = self.act_due(math.inf)
        assert act is not None
        return due, act

    def act_due(self, by: float) -> tuple[float, Act | None]:
        """Return what is to be done by this second, and since when; None, and when to ask again, if nothing is."""
        with self._lock:
            while True:
                if self._next_party.at <= self._agenda[0][0] if self._agenda else True:
                    self.begin(self._come(self._next_party), at=self._next_party.at)
                    self._next_party = next(self._parties)
                if self._agenda[0][0] > by:
                    return self._agenda[0][0], None
                self.now, _, story, told = heapq.heappop(self._agenda)
                act = self._go_on(story, told)
                if act is not None:
                    self._doing[threading.get_ident()] = story, self.now
                    return self.now, act

    def tell(self, outcome: Outcome) -> None:
        """Say what came of the act that this thread was given last."""
        with self._lock:
            story, second = self._doing.pop(threading.get_ident())
            self._at(second, story, outcome)

    def begin(self, story: Story, *, at: float | None = None) -> None:
        """Have another story happen from now on, or from a second on."""
        self._at(self.now if at is None else at, story)

    def _at(self, second: float, story: Story, told: Outcome | None = None) -> None:
        heapq.heappush(self._agenda, (second, next(self._order), story, told))

    def _go_on(self, story: Story, told: Outcome | None) -> Act | None:
        """Let a story go on to its next wish; an act is returned, all else is granted here."""
        try:
            wish = next(story) if told is None else story.send(told)
        except StopIteration:
            return None
        if isinstance(wish, Wait):
            self._at(self.now + wish.minutes * 60 / self.pace, story, DONE)
        elif isinstance(wish, AskForPlace):
            self._wake(self._places.ask(wish.item, story))
        elif isinstance(wish, GivePlace):
            self._wake([story, *self._places.give_back(wish.station_id)])
        elif isinstance(wish, WaitForItems):
            if wish.work.left > 0:
                wish.work.waits = story
            else:
                self._wake([story])
        else:
            return wish
        return None

    def _wake(self, stories: Sequence[Story]) -> None:
        for story in stories:
            self._at(self.now, story, DONE)

    def _relocate(self, outcome: Outcome) -> None:
        """Have items wait where a closing station has sent them."""
        for item_id, station_ids in outcome.moved.items():
            item = self._cooking.get(item_id)
            if item is not None:
                item.station_ids = [station_ids[number] for number in item.numbers]
        self._wake(self._places.relocate())

    # Parties

    def _come(self, party: Party) -> Story:
        asked = wishes(self.house, party, sold_out=self.gone())
        outcome = (yield acts.TakeOrder(party, asked)) if asked else Outcome("nothing_left")
        if outcome.sold_out:
            self.remember(outcome)
            asked = wishes(self.house, party, sold_out=self.gone())
            outcome = (yield acts.TakeOrder(party, asked)) if asked else Outcome("nothing_left")
        if not outcome.code:
            yield from self._accept(party)

    def gone(self) -> frozenset[int]:
        """Return the dishes that are sold out."""
        return frozenset(dish_id for dish_id, until in self._sold_out.items() if until > self.now)

    def remember(self, outcome: Outcome) -> None:
        """Have nobody ask for these dishes for a while; what ran out comes in again."""
        for dish_id in sorted(outcome.sold_out):
            self._sold_out[dish_id] = self.now + _SOLD_OUT_MINUTES * 60 / self.pace
        if outcome.code == "out_of_stock":
            self.begin(self._restock(sorted(outcome.sold_out)))

    def _restock(self, dish_ids: Sequence[int]) -> Story:
        yield Wait(_SOLD_OUT_MINUTES)
        for dish_id in dish_ids:
            yield acts.Restock(dish_id)

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
            yield from self._cook(party, outcome.items, outcome.promise)

    # The kitchen

    def _cook(
        self, party: Party, items: Sequence[ToMake], promise: Promise | None = None, *, is_begun: bool = False
    ) -> Story:
        confirmed_at = self.now
        work = Work(party, _RANKS[party.priority])
        is_second = promise is None
        if not is_second:
            for trouble in troubles.befall(self, work, items):
                self.begin(trouble)
            if not self._is_in_haste and party.chance.random() < _ACKNOWLEDGED:
                yield from self._claim(party)
        bumps = self._is_in_haste or is_begun or party.chance.random() < _BUMPED_WHOLE
        courses = sorted({item.course for item in items})
        for course in courses:
            if course != courses[0]:
                yield from self._serve_before(work, items, course)
            yield from self._make(work, [item for item in items if item.course == course], bumps=bumps)
            if work.is_over:
                return
        if bumps and (yield acts.BumpTicket(party.number)).is_over:
            return
        if promise is not None and work.is_as_promised and len(courses) == 1:
            self.quality.note(promise, (self.now - confirmed_at) / 60 * self.pace)
        yield from self._serve(party, is_second=is_second)

    def _claim(self, party: Party) -> Story:
        if party.chance.random() < troubles.RIVALS:
            self.begin(troubles.rival(acts.Acknowledge(party.number, by_rival=True)))
        yield acts.Acknowledge(party.number)

    def _serve_before(self, work: Work, items: Sequence[ToMake], course: int) -> Story:
        """Bring what comes before a course, line by line: that fires it, unless somebody has done so by hand."""
        party = work.party
        yield Wait(party.chance.uniform(0.3, 2))
        if party.chance.random() < _FIRED_BY_HAND:
            yield acts.Fire(party.number, course)
        for item in items:
            if item.course < course:
                yield acts.ServeItem(party.number, item.item_id)

    def _make(self, work: Work, asked: Sequence[ToMake], *, bumps: bool = False) -> Story:
        self.take_up(work, asked, bumps=bumps)
        yield WaitForItems(work)

    def take_up(self, work: Work, asked: Sequence[ToMake], *, bumps: bool = False) -> None:
        """Have items made, all at once as far as there are places; ``bumps`` says that their ticket is bumped whole."""
        for each in asked:
            # Of its own, since all items are made at once: by the order's place in the evening, whatever its rows' ids.
            chance = Random(f"{self._seed}/{work.party.number}/{next(work.items)}")  # noqa: S311
            item = item_of(work, each, [chance.uniform(_FASTEST, _SLOWEST) for _ in each.steps])
            work.left += 1
            self._cooking[item.id] = item
            self.begin(self._make_item(item, chance, bumps=bumps))

    def _make_item(self, item: Item, chance: Random, *, bumps: bool) -> Story:
        number, luck = item.work.party.number, chance.random()
        if luck < _MOVED and len(self._places.station_ids) > 1 and not bumps:
            yield from self._move(item, chance)
        for at, minutes in enumerate(item.minutes):
            item.at = at
            yield AskForPlace(item)
            station_id = item.station_id
            if item.is_wanted():
                if at == 0 and not bumps:
                    yield from self._begin_item(item)
                yield Wait(minutes)
                if item.is_wanted() and not bumps:
                    yield from self._finish_step(item, at, chance)
            yield GivePlace(station_id)
            if not item.is_wanted():
                break
        self._put_down(item)
        if luck > 1 - _SERVED_BEFORE_THE_REST and item.work.left and item.is_wanted() and not bumps:
            yield acts.ServeItem(number, item.id)

    def _put_down(self, item: Item) -> None:
        work = item.work
        self._cooking.pop(item.id, None)
        work.left -= 1
        if work.left == 0 and work.waits is not None:
            self._wake([work.waits])
            work.waits = None

    def _move(self, item: Item, chance: Random) -> Story:
        """The cook takes it to another station, whoever has less to do."""
        station_id = chance.choice(self._places.station_ids)
        outcome = yield acts.MoveWork(item.work.party.number, item.id, station_id)
        if not outcome.code:
            item.station_ids[item.at] = station_id

    def _begin_item(self, item: Item) -> Story:
        number = item.work.party.number
        outcome = yield acts.StartItem(number, item.id)
        if outcome.code == "course_held":
            yield acts.Fire(number, item.course)
            outcome = yield acts.StartItem(number, item.id)
        self._learn(item, outcome)

    def _finish_step(self, item: Item, at: int, chance: Random) -> Story:
        number = item.work.party.number
        is_last = at == item.step_count - 1
        if is_last and item.has_alert and chance.random() >= _FORGOTTEN_ALLERGY:
            yield acts.ConfirmAllergy(number, item.id)
        act = acts.FinishStep(number, item.id, item.numbers[at])
        if chance.random() < troubles.RIVALS / item.step_count:
            self.begin(troubles.rival(acts.FinishStep(number, item.id, item.numbers[at], by_rival=True)))
        outcome = yield act
        if outcome.code == "allergy_unconfirmed":
            yield acts.ConfirmAllergy(number, item.id)
            outcome = yield act
        self._learn(item, outcome)

    def _learn(self, item: Item, outcome: Outcome) -> None:
        """Know from a refusal that nobody wants the item any more; that somebody was faster is none."""
        item.work.is_over |= outcome.is_over
        item.is_gone |= outcome.code not in ("", "conflict")

    # The floor

    def _serve(self, party: Party, *, is_second: bool = False) -> Story:
        yield Wait(party.chance.uniform(0.2, 2.5))
        if party.chance.random() < _RECALLED / 2:
            yield from self._take_back(party)
        outcome = yield acts.HandOver(party.number)
        if outcome.code and not outcome.is_over:
            # Somebody else has added to the ticket or recalled it: the kitchen has had its time for that.
            yield acts.BumpTicket(party.number)
            outcome = yield acts.HandOver(party.number)
        if outcome.code and not outcome.is_over:
            # All that was on it was voided.
            yield acts.Cancel(party.number, "Nothing of it is left")
        if outcome.code:
            return
        if party.channel in _BROUGHT:
            yield from self._bring(party)
            return
        if party.chance.random() < _RECALLED / 2:
            yield Wait(party.chance.uniform(0.5, 4))
            if (yield from self._take_back(party)):
                yield acts.HandOver(party.number)
        if party.channel == Channel.DINE_IN and not is_second and party.chance.random() < _SECOND_ROUND:
            yield from self._ask_again(party)
        else:
            yield from self._leave(party)

    def _take_back(self, party: Party) -> Part:
        """The kitchen recalls it and makes it right; tells whether it did."""
        outcome = yield acts.Recall(party.number, party.chance.choice(_WRONG))
        if outcome.code:
            return False
        yield from self._make(Work(party, rank=0), outcome.items)
        return True

    def _bring(self, party: Party) -> Story:
        yield Wait(party.chance.uniform(6, 15))
        yield acts.Deliver(party.number)
        yield from self._leave(party)

    def _ask_again(self, party: Party) -> Story:
        yield Wait(party.chance.uniform(4, 12))
        party.guests = 1
        asked = wishes(self.house, party, sold_out=self.gone())
        outcome = (yield acts.AddItems(party.number, asked)) if asked else Outcome("nothing_left")
        if outcome.sold_out:
            self.remember(outcome)
        if outcome.is_over:
            return
        if outcome.code:
            yield from self._leave(party)
        else:
            yield from self._cook(party, outcome.items)

    def _leave(self, party: Party) -> Story:
        yield Wait(party.chance.uniform(5, 25) if party.channel == Channel.DINE_IN else 1.0)
        yield acts.Complete(party.number)
