"""What comes between in a simulated evening: changed minds, cooks who are faster, stations that close."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Protocol

from kitchen.demo import acts
from kitchen.demo.acts import Act, Outcome, ToMake
from kitchen.demo.cooking import Story, Wait, Work
from kitchen.demo.guests import House, wishes
from orders.states import Priority

# How often a second cook does the same in the same moment, of once.
RIVALS = 0.04
# How often it happens to an order that the kitchen has.
_CANCELLED_BY_MANAGER = 0.02
_ASKED_TO_CANCEL = 0.06
_LET_GO = 0.5
_PRIORITISED = 0.05
_VOIDED = 0.05
_ADDED = 0.05
_NAMED_ALLERGY = 0.03


class Service(Protocol):
    """The evening that it happens in."""

    house: House

    def gone(self) -> frozenset[int]:
        """Return the dishes that are sold out."""

    def remember(self, outcome: Outcome) -> None:
        """Learn what is sold out."""

    def take_up(self, work: Work, asked: Sequence[ToMake]) -> None:
        """Have items made."""


def dishes_run_out(house: House, chance: Random) -> Story:
    """Now and then a station runs out of something: a dish is 86'd for a while."""
    while True:
        yield Wait(chance.uniform(15, 40))
        dish = chance.choice(house.offers)
        yield acts.SetAvailable(dish.id, is_available=False)
        yield Wait(chance.uniform(3, 8))
        yield acts.SetAvailable(dish.id, is_available=True)


def stations_close(house: House, chance: Random, tell: Callable[[Outcome], None]) -> Story:
    """Now and then a station closes for a while; what waited there goes elsewhere, and ``tell`` is told where."""
    while len(house.stations) > 1:
        yield Wait(chance.uniform(30, 70))
        station_id = chance.choice(list(house.stations))
        tell((yield acts.SetOpen(station_id, is_open=False)))
        yield Wait(chance.uniform(2, 6))
        yield acts.SetOpen(station_id, is_open=True)


def rival(act: Act) -> Story:
    """Somebody does the same in the same moment; one of the two is told that they were too late."""
    yield act


def befall(service: Service, work: Work, items: Sequence[ToMake]) -> Iterator[Story]:
    """Return what comes between while an order is in work; mostly nothing."""
    chance = work.party.chance
    if chance.random() < _CANCELLED_BY_MANAGER:
        yield _cancelled(work, chance.uniform(1, 12))
    if chance.random() < _ASKED_TO_CANCEL:
        yield _asked_to_cancel(work, chance.uniform(1, 12), is_let_go=chance.random() < _LET_GO)
    if chance.random() < _PRIORITISED:
        yield _prioritised(work, chance.uniform(0.2, 5), chance.choice((Priority.VIP, Priority.EXPRESS)))
    if chance.random() < _VOIDED and items:
        yield _voided(work, chance.uniform(0.5, 10), chance.choice(items).item_id)
    if chance.random() < _ADDED:
        yield _added(service, work, chance.uniform(0.5, 10))
    if chance.random() < _NAMED_ALLERGY and service.house.allergen_ids:
        yield _named(work, chance.uniform(0.2, 6), chance.choice(service.house.allergen_ids))


def _cancelled(work: Work, minutes: float) -> Story:
    yield Wait(minutes)
    outcome = yield acts.Cancel(work.party.number, "The guests had to leave")
    work.is_over |= not outcome.code


def _asked_to_cancel(work: Work, minutes: float, *, is_let_go: bool) -> Story:
    yield Wait(minutes)
    outcome = yield acts.AskToCancel(work.party.number, "It takes too long")
    if outcome.code:
        return
    yield Wait(minutes / 6)
    outcome = yield acts.Decide(work.party.number, outcome.request_id, is_accepted=is_let_go)
    work.is_over |= is_let_go and not outcome.code


def _prioritised(work: Work, minutes: float, priority: Priority) -> Story:
    yield Wait(minutes)
    yield acts.Prioritise(work.party.number, priority)


def _voided(work: Work, minutes: float, item_id: int) -> Story:
    yield Wait(minutes)
    work.is_as_promised = False
    yield acts.VoidItem(work.party.number, item_id, "The guest had enough")


def _added(service: Service, work: Work, minutes: float) -> Story:
    yield Wait(minutes)
    work.party.guests = 1
    asked = wishes(service.house, work.party, sold_out=service.gone())
    if not asked:
        return
    work.is_as_promised = False
    outcome = yield acts.AddItems(work.party.number, asked)
    if outcome.sold_out:
        service.remember(outcome)
    # What comes when the rest is made already is bumped with the ticket.
    if not outcome.code and work.left:
        service.take_up(work, outcome.items)


def _named(work: Work, minutes: float, allergen_id: int) -> Story:
    yield Wait(minutes)
    yield acts.NameAllergy(work.party.number, (allergen_id,))
