"""The rooms: their names, who may join them, and what each lets one see."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

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


def may_join(
    room: str, *, kind: str, role: Role | None, table_id: int | None
) -> Literal["yes", "forbidden", "unknown", "if own"]:
    """Tell whether a credential may join: "if own" asks whether the order is of the guest's table, and open."""
    parsed = parse(room)
    if parsed is None:
        return "unknown"
    name, number = parsed
    if kind == "staff":
        return "yes" if role in KINDS[name].roles else "forbidden"
    if name == "table":
        return "yes" if number == table_id else "forbidden"
    return "if own" if name == "order" else "forbidden"


def audience_in(room: str, *, is_staff: bool) -> Audience:
    """Return as whom one sees a room's events: an order's room is a guest's for guests."""
    name, _ = parse(room) or ("", None)
    if name == "order" and not is_staff:
        return Audience.GUEST
    return KINDS[name].audience
