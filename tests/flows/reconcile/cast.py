"""Who watches in a run: some fifty clients over two restaurants, of every kind of room and of every habit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from realtime.audiences import Audience
from tests.flows.reconcile.houses import House
from tests.flows.reconcile.record import Seat
from tests.flows.reconcile.screens import Habit

OWN_NAMES = {"order:status_changed": "order:status-changed", "kitchen:order_ready": "kitchen:ready"}
FEW_EVENTS = frozenset({"order:created", "order:cancelled", "alert"})


@dataclass(frozen=True)
class Part:
    """One client: its rooms, its habit, and the table whose token it holds, if it is a guest's."""

    rooms: tuple[str, ...]
    habit: Habit = Habit.STEADY
    guest_of: int | None = None
    keeps_state: bool = False
    one_by_one: bool = False
    only: frozenset[str] | None = None
    names: dict[str, str] = field(default_factory=dict)

    def seats(self) -> list[Seat]:
        """Return its places, as it sees each room."""
        is_staff = self.guest_of is None
        return [Seat(room, seen_in(room, is_staff=is_staff), only=self.only, names=self.names) for room in self.rooms]


def seen_in(room: str, *, is_staff: bool) -> Audience:
    """Return as whom a room is seen, as the protocol has it."""
    if room == "display":
        return Audience.PUBLIC
    if room.startswith("table:") or (room.startswith("order:") and not is_staff):
        return Audience.GUEST
    return Audience.STAFF


def parts(house: House) -> Iterator[Part]:
    """Return the clients of one restaurant."""
    grill, fry, _ = (f"station:{pk}" for pk in house.stations)
    first, second = house.tables[:2]
    anchor, other = (f"order:{house.anchors[table]}" for table in (first, second))
    at_first, at_second = f"table:{first}", f"table:{second}"

    for room in ("kitchen", "orders", "waiters", "display"):
        yield Part((room,), keeps_state=True)
    yield Part(("restaurant",))
    yield Part((anchor,))
    yield Part((at_first,), guest_of=first, keeps_state=True)
    yield Part((anchor, at_first), guest_of=first)
    yield Part(("kitchen", "waiters", "orders"))
    yield Part((grill, "display", at_second))
    yield Part(("orders", "kitchen"), one_by_one=True)
    yield Part(("orders",), only=FEW_EVENTS)
    yield Part(("kitchen", "orders"), names=OWN_NAMES)

    yield Part(("kitchen",), Habit.FLAPPING, keeps_state=True)
    yield Part((fry,), Habit.FLAPPING)
    yield Part(("orders", "display"), Habit.FLAPPING)
    yield Part(("restaurant",), Habit.FLAPPING)
    yield Part((at_second, other), Habit.FLAPPING, guest_of=second)
    yield Part((fry, "waiters"), Habit.FLAPPING)

    yield Part(("orders",), Habit.ASLEEP, keeps_state=True)
    yield Part(("restaurant", "kitchen"), Habit.ASLEEP)
    yield Part((at_first,), Habit.ASLEEP, guest_of=first)

    yield Part(("orders", "waiters"), Habit.DOZING)
    yield Part((grill, "kitchen"), Habit.DOZING)
    yield Part(("display",), Habit.DOZING, keeps_state=True)
