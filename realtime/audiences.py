"""What each audience may know of an event: staff all of it, guests a redacted copy, the public board the numbers.

One projection per audience and event type, derived from the types in ``orders.shapes``, ``kitchen.shapes`` and
``realtime.events``: a field marked ``StaffOnly`` is null for guests, ``FirstName`` is cut to the first word.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from enum import IntEnum
from typing import Any

import msgspec
from msgspec import inspect

from orders.shapes import OrderShape

Projector = Callable[[Any], Any]
Data = dict[str, Any]

PUBLIC_FIELDS = ("order_id", "order_number", "channel", "status", "previous_status", "new_status", "payment_status")

# Events about these have the status of a payment or a code in ``status``, which is not the order's.
_OF_ANOTHER_STATUS = frozenset({"payment_id", "refund_id", "qr_id"})


class Audience(IntEnum):
    """Who reads an event; the greater sees more."""

    PUBLIC = 1
    GUEST = 2
    STAFF = 3


def rooms_for(audience: Audience, rooms: list[str]) -> list[str]:
    """Return the rooms of an event that the audience may know of."""
    if audience is Audience.STAFF:
        return [room for room in rooms if room != "restaurant"]
    if audience is Audience.GUEST:
        return [room for room in rooms if room == "*" or room.startswith(("table:", "order:", "customer:"))]
    return [room for room in rooms if room in ("*", "display")]


def public_view(data: Data) -> Data:
    """Return what the order-ready board is told: of a new order its status, else the fields of the same names."""
    if "audience" in data:
        return data
    known = {name: data[name] for name in PUBLIC_FIELDS if name in data}
    if not _OF_ANOTHER_STATUS.isdisjoint(data):
        known.pop("status", None)
    if isinstance(data.get("order"), dict) and "status" not in known:
        known["status"] = data["order"]["status"]
    return known


def guest_view(struct: type[msgspec.Struct], data: Data) -> Data:
    """Return a guest's copy of an event's data."""
    projected: Data = _projector(struct)(data)
    return projected


def _nulled(_: Any) -> None:
    return None


def _first_name(name: str | None) -> str | None:
    return name.split(maxsplit=1)[0] if name and name.strip() else name


def _order_fields(changes: Data) -> Data:
    rules = _rules(OrderShape)
    return {name: rules[name](value) if name in rules else value for name, value in changes.items()}


_ACTIONS: dict[str, Projector] = {"null": _nulled, "first name": _first_name, "order fields": _order_fields}


@functools.cache
def _projector(struct: type[msgspec.Struct]) -> Projector:
    rules = _rules(struct)

    def project(data: Data) -> Data:
        return {name: rules[name](value) if name in rules else value for name, value in data.items()}

    return project


@functools.cache
def _rules(struct: type[msgspec.Struct]) -> dict[str, Projector]:
    info = inspect.type_info(struct)
    assert isinstance(info, inspect.StructType)
    found = {field.encode_name: _rule(field.type) for field in info.fields}
    return {name: rule for name, rule in found.items() if rule is not None}


def _rule(kind: inspect.Type) -> Projector | None:
    """Return how a value of the type is projected, or None where it may be seen as it is."""
    if isinstance(kind, inspect.Metadata):
        action = (kind.extra or {}).get("guest")
        return _ACTIONS[action] if action else _rule(kind.type)
    if isinstance(kind, inspect.StructType):
        return _projector(kind.cls) if _rules(kind.cls) else None
    if isinstance(kind, inspect.UnionType):
        inner = next((rule for rule in map(_rule, kind.types) if rule), None)
        return None if inner is None else lambda value: None if value is None else inner(value)
    if isinstance(kind, inspect.ListType):
        each = _rule(kind.item_type)
        return None if each is None else lambda values: [each(value) for value in values]
    return None
