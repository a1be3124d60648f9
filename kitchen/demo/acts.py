"""What can be done in a simulated evening, and what comes of it: the words between the plan and the services."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kitchen.demo.guests import Party, Wish


@dataclass(frozen=True, slots=True)
class TakeOrder:
    """A party orders."""

    party: Party
    wishes: Sequence[Wish]


@dataclass(frozen=True, slots=True)
class OfOrder:
    """Something is done with the order of the party of this number."""

    number: int


@dataclass(frozen=True, slots=True)
class Confirm(OfOrder):
    """A waiter sends it to the kitchen."""


@dataclass(frozen=True, slots=True)
class Cancel(OfOrder):
    """It is not wanted any more; a manager says so where the kitchen has it."""

    reason: str


@dataclass(frozen=True, slots=True)
class AddItems(OfOrder):
    """A second round."""

    wishes: Sequence[Wish]


@dataclass(frozen=True, slots=True)
class WriteNotes(OfOrder):
    """The guest said something more."""

    notes: str


@dataclass(frozen=True, slots=True)
class Acknowledge(OfOrder):
    """A cook takes the ticket."""


@dataclass(frozen=True, slots=True)
class StartItems(OfOrder):
    """A cook begins what is still to begin."""


@dataclass(frozen=True, slots=True)
class FinishItem(OfOrder):
    """The item of this place on the ticket is made."""

    place: int


@dataclass(frozen=True, slots=True)
class BumpTicket(OfOrder):
    """A cook calls the whole ticket ready."""


@dataclass(frozen=True, slots=True)
class ServeItem(OfOrder):
    """A waiter brings the item of this place before the rest."""

    place: int


@dataclass(frozen=True, slots=True)
class HandOver(OfOrder):
    """It is served, or goes out for delivery."""


@dataclass(frozen=True, slots=True)
class Deliver(OfOrder):
    """It is with the guest."""


@dataclass(frozen=True, slots=True)
class Complete(OfOrder):
    """The party pays, and the cashier closes it."""


@dataclass(frozen=True, slots=True)
class SetAvailable(OfOrder):
    """A cook 86's a dish, or has it back; ``number`` is the dish's id."""

    is_available: bool


@dataclass(frozen=True, slots=True)
class Restock(OfOrder):
    """What ran out came in again; ``number`` is the dish's id."""


Act = TakeOrder | OfOrder


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an act.

    ``code`` is empty where it was done, else the refusal's, and ``detail`` its words. ``is_over`` says that nothing
    more can be done with the order. ``sold_out`` are the dishes that were refused, ``minutes`` those that each item
    of the ticket takes.
    """

    code: str = ""
    is_over: bool = False
    sold_out: frozenset[int] = frozenset()
    minutes: tuple[int, ...] = ()
    detail: str = ""


DONE = Outcome()
