"""What can be done in a simulated evening, and what comes of it: the words between the plan and the services."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kitchen.demo.guests import Party, Wish
from orders.states import Priority


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
class VoidItem(OfOrder):
    """The guests don't want one of the items any more."""

    item_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class NameAllergy(OfOrder):
    """A guest says only now what makes them ill."""

    allergen_ids: Sequence[int]


@dataclass(frozen=True, slots=True)
class AskToCancel(OfOrder):
    """A waiter asks the kitchen to let go of it."""

    reason: str


@dataclass(frozen=True, slots=True)
class Decide(OfOrder):
    """The kitchen lets go of it, or goes on with it."""

    request_id: int
    is_accepted: bool


@dataclass(frozen=True, slots=True)
class Acknowledge(OfOrder):
    """A cook takes the ticket; ``by_rival`` another one, who thinks that it is still to be had."""

    by_rival: bool = False


@dataclass(frozen=True, slots=True)
class Prioritise(OfOrder):
    """The kitchen makes it sooner, or later."""

    priority: Priority


@dataclass(frozen=True, slots=True)
class Fire(OfOrder):
    """A held course is to be made now."""

    course: int


@dataclass(frozen=True, slots=True)
class StartItem(OfOrder):
    """A cook begins an item."""

    item_id: int


@dataclass(frozen=True, slots=True)
class FinishStep(OfOrder):
    """A step of an item is done; with the last one it is made."""

    item_id: int
    step: int
    by_rival: bool = False


@dataclass(frozen=True, slots=True)
class ConfirmAllergy(OfOrder):
    """Somebody at the station says that they have seen to the guest's allergy."""

    item_id: int


@dataclass(frozen=True, slots=True)
class MoveWork(OfOrder):
    """The step of an item that is next is done at another station."""

    item_id: int
    station_id: int


@dataclass(frozen=True, slots=True)
class BumpTicket(OfOrder):
    """A cook calls the whole ticket ready, with whatever that takes."""


@dataclass(frozen=True, slots=True)
class Recall(OfOrder):
    """It went out wrong: the kitchen takes it back."""

    reason: str


@dataclass(frozen=True, slots=True)
class ServeItem(OfOrder):
    """A waiter brings an item before the rest."""

    item_id: int


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
class SetOpen(OfOrder):
    """A station closes, or opens again; ``number`` is the station's id."""

    is_open: bool


@dataclass(frozen=True, slots=True)
class Restock(OfOrder):
    """What ran out came in again; ``number`` is the dish's id."""


Act = TakeOrder | OfOrder


@dataclass(frozen=True, slots=True)
class Step:
    """A step that is still to be done: its number in the item, counted from 0, its minutes, and where."""

    number: int
    minutes: int
    station_id: int | None


@dataclass(frozen=True, slots=True)
class ToMake:
    """An item of a ticket that is still to be made."""

    item_id: int
    course: int
    is_held: bool
    has_alert: bool
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Promise:
    """In how many minutes an order was to be ready, and what the plain sum of its steps would have said."""

    minutes: int
    naive_minutes: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an act.

    ``code`` is empty where it was done, else the refusal's, and ``detail`` its words. ``is_over`` says that nothing
    more can be done with the order. ``sold_out`` are the dishes that were refused, ``items`` what the kitchen now has
    to make that it had not before, ``request_id`` the cancellation that was asked for, ``moved`` {item's id: stations
    of its steps} of all that is to be made, after a station has closed.
    """

    code: str = ""
    is_over: bool = False
    sold_out: frozenset[int] = frozenset()
    items: tuple[ToMake, ...] = ()
    promise: Promise | None = None
    request_id: int = 0
    moved: Mapping[int, Sequence[int | None]] = field(default_factory=dict)
    detail: str = ""


DONE = Outcome()
