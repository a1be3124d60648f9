"""What guests may know of a shape: all of it, but for what is the staff's own business.

One projection per shape, derived from its types: a field marked ``StaffOnly`` is null for guests, ``FirstName`` is cut
to the first word. The guests' API, their rooms and their events all show the same.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import inspect

from orders.shapes import OrderShape, as_builtins

Projector = Callable[[Any], Any]
Data = dict[str, Any]


def guest_view(struct: type[msgspec.Struct], data: Data) -> Data:
    """Return a guest's copy of what a shape says, as dicts, lists and scalars."""
    projected: Data = _projector(struct)(data)
    return projected


def guest_copy(shape: msgspec.Struct) -> Data:
    """Return a guest's copy of a shape."""
    return guest_view(type(shape), as_builtins(shape))


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
