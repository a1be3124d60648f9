"""What a sample restaurant is made of, before it is in any database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from orders.states import Role


@dataclass(frozen=True, slots=True)
class Choice:
    """A modifier group: its modifiers as (name, price), and how many of them a guest takes."""

    name: str
    min: int
    max: int
    modifiers: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Dish:
    """A dish, referring to everything else of its restaurant by name."""

    name: str
    price: str
    station: str
    minutes: int
    description: str = ""
    food_type: str = ""
    allergens: Sequence[str] = ()
    choices: Sequence[str] = ()
    tax_rate: Decimal | None = None
    stock: int | None = None


@dataclass(frozen=True, slots=True)
class Stuff:
    """An ingredient: how much is on hand, in its unit, and the allergens that are in it or may be."""

    name: str
    unit: str
    on_hand: str
    contains: Sequence[str] = ()
    may_contain: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Task:
    """One step of a recipe, at any of the stations; without any at the dish's own."""

    name: str
    minutes: int
    stations: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Formula:
    """A recipe; ``uses`` is {ingredient: what one portion takes, such as "120 g"}."""

    tasks: Sequence[Task]
    uses: dict[str, str]

    def portion(self) -> dict[str, tuple[str, str]]:
        """Return {ingredient: (quantity, unit)}."""
        return {name: (said.split()[0], said.split()[1]) for name, said in self.uses.items()}


@dataclass(frozen=True, slots=True)
class Area:
    """Tables that stand together: named by the letter and a number from 1, one for each entry of ``seats``."""

    name: str
    letter: str
    seats: Sequence[int]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who works there."""

    username: str
    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole restaurant: ``menu`` is {category: dishes}, ``stations`` {name: capacity}, ``recipes`` {dish: recipe}."""

    slug: str
    name: str
    currency: str
    timezone: str
    day_starts_at: dt.time
    order_prefix: str
    tax_rate: Decimal
    prices_include_tax: bool
    service_rate: Decimal
    channel_minutes: dict[str, dict[str, int]]
    staff: Sequence[Person]
    stations: dict[str, int]
    areas: Sequence[Area]
    counters: Sequence[str]
    food_types: Sequence[str]
    choices: Sequence[Choice]
    menu: dict[str, Sequence[Dish]]
    ingredients: Sequence[Stuff]
    recipes: dict[str, Formula]
