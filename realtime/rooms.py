"""The rooms: their names, who may join them, and what each lets one see."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, Protocol

from orders.states import Role
from realtime.audiences import Audience

_KITCHEN = frozenset({Role.KITCHEN, Role.MANAGER, Role.OWNER})
_FLOOR = frozenset({Role.WAITER, Role.MANAGER, Role.OWNER})
_BOSS = frozenset({Role.MANAGER, Role.OWNER})
_ANY = frozenset(Role)

_NAME = re.compile(r"([a-z]+)(?::(\d{1,18}))?")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of room: the roles that may join, and the audience that everybody in it is."""

    numbered: bool
    roles: frozenset[Role]
    audience: Audience


KINDS: dict[str, Kind] = {
    "kitchen": Kind(numbered=False, roles=_KITCHEN, audience=Audience.STAFF),
    "station": Kind(numbered=True, roles=_KITCHEN, audience=Audience.STAFF),
    "waiters": Kind(numbered=False, roles=_FLOOR, audience=Audience.STAFF),
    "orders": Kind(numbered=False, roles=_ANY, audience=Audience.STAFF),
    "restaurant": Kind(numbered=False, roles=_BOSS, audience=Audience.STAFF),
    "table": Kind(numbered=True, roles=_ANY, audience=Audience.GUEST),
    "order": Kind(numbered=True, roles=_ANY, audience=Audience.STAFF),
    "customer": Kind(numbered=True, roles=_ANY, audience=Audience.GUEST),
    "display": Kind(numbered=False, roles=_ANY, audience=Audience.PUBLIC),
}


def parse(room: str) -> tuple[str, int | None] | None:
    """Return the kind and the id of a room's name, or None where there is no such kind."""
    match = _NAME.fullmatch(room)
    if match is None:
        return None
    kind = KINDS.get(match[1])
    if kind is None or kind.numbered != (match[2] is not None):
        return None
    number = int(match[2]) if match[2] else None
    return None if number is not None and str(number) != match[2] else (match[1], number)


class Caller(Protocol):
    """What a room asks of whoever wants to join."""

    @property
    def kind(self) -> str:
        """Staff, or the kind of a guest's token."""

    @property
    def role(self) -> Role | None:
        """The role of staff."""

    @property
    def table_id(self) -> int | None:
        """The table that a token names."""

    @property
    def order_id(self) -> int | None:
        """The order that a token names."""

    @property
    def customer_id(self) -> int | None:
        """The customer whom a token names."""


Answer = Literal["yes", "forbidden", "unknown", "if own"]


def may_join(room: str, caller: Caller) -> Answer:
    """Tell whether a credential may join: "if own" asks whether the order is of the guest's table, and open."""
    parsed = parse(room)
    if parsed is None:
        return "unknown"
    name, number = parsed
    if caller.kind == "staff":
        return "yes" if caller.role in KINDS[name].roles else "forbidden"
    named = {"table": caller.table_id, "order": caller.order_id, "customer": caller.customer_id}
    if number is not None and named.get(name) == number:
        return "yes"
    return "if own" if name == "order" and caller.kind == "table" else "forbidden"


def own_room(caller: Caller) -> str | None:
    """Return the room of what a guest's token names; None for staff, who have many."""
    named = {"table": caller.table_id, "order": caller.order_id, "customer": caller.customer_id}
    return next((f"{name}:{number}" for name, number in named.items() if number is not None), None)


def audience_in(room: str, *, is_staff: bool) -> Audience:
    """Return as whom one sees a room's events: an order's room is a guest's for guests."""
    name, _ = parse(room) or ("", None)
    if name == "order" and not is_staff:
        return Audience.GUEST
    return KINDS[name].audience
