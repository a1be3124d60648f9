"""The rooms: their names, who may join them, and what each lets one see."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, Protocol

from orders.scopes import Scope
from orders.states import DeviceKind, Role
from realtime.audiences import Audience

_KITCHEN = frozenset({Role.KITCHEN, Role.MANAGER, Role.OWNER})
_FLOOR = frozenset({Role.WAITER, Role.MANAGER, Role.OWNER})
_TILL = frozenset({Role.CASHIER, Role.MANAGER, Role.OWNER})
_BOSS = frozenset({Role.MANAGER, Role.OWNER})
_ANY = frozenset(Role)

_NAME = re.compile(r"([a-z]+)(?::(\d{1,18}))?")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of room: who may join, and the audience that everybody in it is.

    Staff join by their role, devices by what they are or by a scope. A till's room is also for the device that is
    paired with it, and ``user:`` for nobody but that user.
    """

    numbered: bool
    roles: frozenset[Role]
    audience: Audience
    device: DeviceKind | None = None
    scope: Scope | None = None


KINDS: dict[str, Kind] = {
    "kitchen": Kind(numbered=False, roles=_KITCHEN, audience=Audience.STAFF, device=DeviceKind.KITCHEN),
    "station": Kind(numbered=True, roles=_KITCHEN, audience=Audience.STAFF, device=DeviceKind.KITCHEN),
    "waiters": Kind(numbered=False, roles=_FLOOR, audience=Audience.STAFF),
    "orders": Kind(numbered=False, roles=_ANY, audience=Audience.STAFF, scope=Scope.ORDERS_READ),
    "restaurant": Kind(numbered=False, roles=_BOSS, audience=Audience.STAFF, scope=Scope.EVENTS_READ),
    "table": Kind(numbered=True, roles=_ANY, audience=Audience.GUEST),
    "order": Kind(numbered=True, roles=_ANY, audience=Audience.STAFF),
    "customer": Kind(numbered=True, roles=_ANY, audience=Audience.GUEST),
    "display": Kind(numbered=False, roles=_ANY, audience=Audience.PUBLIC, device=DeviceKind.DISPLAY),
    "counter": Kind(numbered=True, roles=_TILL, audience=Audience.STAFF),
    "user": Kind(numbered=True, roles=_ANY, audience=Audience.STAFF),
}


_DEVICE_ROOMS = {kind.device: name for name, kind in KINDS.items() if kind.device and not kind.numbered}


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
        """Staff, device, or the kind of a guest's token."""

    @property
    def role(self) -> Role | None:
        """The role of staff."""

    @property
    def user_id(self) -> int | None:
        """Who it is, of the staff."""

    @property
    def device_kind(self) -> DeviceKind | None:
        """What a device is."""

    @property
    def counter_id(self) -> int | None:
        """The till that a device is paired with."""

    @property
    def scopes(self) -> frozenset[str]:
        """What a device may do."""

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
    if name == "user":
        return "yes" if number == caller.user_id else "forbidden"
    if caller.kind == "staff":
        return "yes" if caller.role in KINDS[name].roles else "forbidden"
    if caller.kind == "device":
        return "yes" if _is_for_device(name, number, caller) else "forbidden"
    named = {"table": caller.table_id, "order": caller.order_id, "customer": caller.customer_id}
    if number is not None and named.get(name) == number:
        return "yes"
    return "if own" if name == "order" and caller.kind == "table" else "forbidden"


def _is_for_device(name: str, number: int | None, caller: Caller) -> bool:
    kind = KINDS[name]
    if name == "counter":
        return number == caller.counter_id
    is_of_kind = kind.device is not None and kind.device == caller.device_kind
    return is_of_kind or (kind.scope is not None and kind.scope in caller.scopes)


def own_room(caller: Caller) -> str | None:
    """Return the room of what a guest's token names, and of what a device is; None for staff, who have many."""
    if caller.device_kind is not None and caller.device_kind in _DEVICE_ROOMS:
        return _DEVICE_ROOMS[caller.device_kind]
    named = {
        "table": caller.table_id,
        "order": caller.order_id,
        "customer": caller.customer_id,
        "counter": caller.counter_id,
    }
    return next((f"{name}:{number}" for name, number in named.items() if number is not None), None)


def audience_in(room: str, *, is_staff: bool) -> Audience:
    """Return as whom one sees a room's events: an order's room is a guest's for guests."""
    name, _ = parse(room) or ("", None)
    if name == "order" and not is_staff:
        return Audience.GUEST
    return KINDS[name].audience
