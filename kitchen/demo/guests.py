"""Who comes in an evening, when, and what they ask for: pure chance, repeatable by its seed. Touches no database."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random

from orders.states import Channel, Priority

# How often each channel is used, and how long a wave of guests lasts.
_CHANNELS = {Channel.DINE_IN: 60, Channel.TAKEAWAY: 20, Channel.DELIVERY: 12, Channel.ONLINE: 8}
_PRIORITIES = {Priority.NORMAL: 90, Priority.EXPRESS: 7, Priority.VIP: 3}
_WAVE_SECONDS = 170.0
_RIPPLE_SECONDS = 41.0
_WAVE_HEIGHT = 0.45
_RIPPLE_HEIGHT = 0.25

# How often a party is so, of once.
_HAS_NOTES = 0.06
_HAS_ALLERGY = 0.05
_HAS_WISH = 0.08
_TAKES_THE_LEAST = 0.6
_BY_COURSE = 0.25
_ASKS_ANYWAY = 0.4
_WITHOUT = "Without what makes me ill, please"

# From so many parties one knows what usually is to be made.
_USUAL_PARTIES = 400

_NAMES = (
    "Ada",
    "Bela",
    "Chen",
    "Dana",
    "Emil",
    "Fay",
    "Goran",
    "Hedda",
    "Ines",
    "Jonas",
    "Kim",
    "Lale",
    "Milo",
    "Nora",
)
_SURNAMES = ("Abel", "Bauer", "Costa", "Dietz", "Engel", "Fuchs", "Grau", "Haas")
_NOTES = ("Birthday: candle on the dessert", "Starters and mains together", "In a hurry", "High chair, please")
_WISHES = ("Sauce on the side", "Extra crispy", "Not too salty", "Cut in half", "Without garnish", "To share")


@dataclass(frozen=True, slots=True)
class Offer:
    """A dish as a guest can ask for it; ``choices`` are (min, max, modifier ids) of each group.

    ``steps`` are the (minutes, station's id) of making it.
    """

    id: int
    minutes: int
    allergen_ids: frozenset[int] = frozenset()
    choices: Sequence[tuple[int, int, Sequence[int]]] = ()
    steps: Sequence[tuple[int, int | None]] = ()


@dataclass(frozen=True, slots=True)
class House:
    """What guests find: the menu, the tables with their seats, the allergens that one can be allergic to.

    ``stations`` are {id: capacity}: what the kitchen can do at a time.
    """

    offers: Sequence[Offer]
    tables: Sequence[tuple[int, int]]
    allergen_ids: Sequence[int]
    stations: Mapping[int, int] = field(default_factory=dict)

    def usual_load(self) -> float:
        """Return for how many minutes an order keeps the station busy that has the most to do, all its places."""
        minutes: Counter[int] = Counter()
        steps_of = {offer.id: offer.steps for offer in self.offers}
        for party in itertools.islice(parties(self, seed="usual", per_minute=1.0), _USUAL_PARTIES):
            for wish in wishes(self, party):
                for taken, station_id in steps_of[wish.dish_id]:
                    if station_id is not None:
                        minutes[station_id] += taken
        loads = [minutes[pk] / capacity for pk, capacity in self.stations.items()]
        return max(loads, default=0.0) / _USUAL_PARTIES


@dataclass(frozen=True, slots=True)
class Wish:
    """One line of what a party asks for."""

    dish_id: int
    quantity: int
    modifier_ids: tuple[int, ...] = ()
    instructions: str = ""
    course: int = 1


@dataclass(slots=True)
class Party:
    """Guests who order together; ``chance`` decides all that happens to them later."""

    number: int
    at: float
    channel: Channel
    guests: int
    priority: Priority
    chance: Random = field(repr=False)
    table_id: int | None = None
    name: str = ""
    phone: str = ""
    notes: str = ""
    allergen_ids: tuple[int, ...] = ()


def rate_at(seconds: float) -> float:
    """Return how busy it is, 1 on average: guests come in waves, and ripples on them."""
    wave = math.sin(2 * math.pi * seconds / _WAVE_SECONDS)
    ripple = math.sin(2 * math.pi * seconds / _RIPPLE_SECONDS)
    return 1 + _WAVE_HEIGHT * wave + _RIPPLE_HEIGHT * ripple


def arrivals(*, seed: str, per_minute: float) -> Iterator[float]:
    """Return when parties come, in seconds: a Poisson process whose rate moves, by thinning a faster one."""
    chance = Random(f"{seed}/door")  # noqa: S311 - a story, no secret
    highest = 1 + _WAVE_HEIGHT + _RIPPLE_HEIGHT
    now = 0.0
    while True:
        now += chance.expovariate(per_minute / 60 * highest)
        if chance.random() * highest < rate_at(now):
            yield now


def parties(house: House, *, seed: str, per_minute: float) -> Iterator[Party]:
    """Return the parties of an evening without end, in the order of their coming."""
    moments = arrivals(seed=seed, per_minute=per_minute)
    for number, at in zip(itertools.count(1), moments, strict=False):
        yield _party(house, number, at, Random(f"{seed}/{number}"))  # noqa: S311


def _party(house: House, number: int, at: float, chance: Random) -> Party:
    channel = chance.choices(list(_CHANNELS), list(_CHANNELS.values()))[0]
    if channel == Channel.DINE_IN and not house.tables:
        channel = Channel.TAKEAWAY
    priority = chance.choices(list(_PRIORITIES), list(_PRIORITIES.values()))[0]
    party = Party(number, at, channel, chance.choice((1, 1, 2, 2, 3)), priority, chance)
    if channel == Channel.DINE_IN:
        party.table_id, seats = chance.choice(house.tables)
        party.guests = chance.randint(1, max(1, seats))
    else:
        party.name = f"{chance.choice(_NAMES)} {chance.choice(_SURNAMES)}"
        # A range that is given to nobody, so that no real person is a guest here.
        party.phone = f"+49 30 23125{sum(party.name.encode()) % 1000:03d}"
    if chance.random() < _HAS_NOTES:
        party.notes = chance.choice(_NOTES)
    if house.allergen_ids and chance.random() < _HAS_ALLERGY:
        party.allergen_ids = (chance.choice(house.allergen_ids),)
    return party


def wishes(house: House, party: Party, *, sold_out: frozenset[int] = frozenset()) -> list[Wish]:
    """Return what the party asks for of what is left; may be nothing.

    What would make a guest ill is left out, or asked for without that. Some eat in courses: what is made fast comes
    first.
    """
    chance = party.chance
    ill = set(party.allergen_ids)
    is_bold = bool(ill) and chance.random() < _ASKS_ANYWAY
    left = [offer for offer in house.offers if offer.id not in sold_out]
    fitting = left if is_bold else [offer for offer in left if not ill & offer.allergen_ids]
    if not fitting:
        return []
    middle = sorted(offer.minutes for offer in fitting)[len(fitting) // 2]
    mains = [offer for offer in fitting if offer.minutes >= middle]
    extras = [offer for offer in fitting if offer.minutes < middle] or mains
    by_course = party.channel == Channel.DINE_IN and chance.random() < _BY_COURSE
    asked: dict[Wish, int] = {}
    for _ in range(party.guests):
        for offer in (chance.choice(mains), chance.choice(extras))[: chance.choice((1, 2, 2))]:
            text = chance.choice(_WISHES) if chance.random() < _HAS_WISH else ""
            if ill & offer.allergen_ids:
                text = _WITHOUT
            course = 2 if by_course and offer in mains else 1
            wish = Wish(offer.id, 1, _modifiers(offer, chance), text, course)
            asked[wish] = asked.get(wish, 0) + 1
    return [replace(wish, quantity=quantity) for wish, quantity in asked.items()]


def _modifiers(offer: Offer, chance: Random) -> tuple[int, ...]:
    chosen: list[int] = []
    for least, most, modifier_ids in offer.choices:
        wanted = least if chance.random() < _TAKES_THE_LEAST else chance.randint(least, most)
        chosen += chance.sample(list(modifier_ids), min(wanted, len(modifier_ids)))
    return tuple(sorted(chosen))
