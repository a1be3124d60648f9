"""Events that have no number yet, and what of a change they carry."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from orders.shapes import timestamp
from orders.units import Change

Pairs = dict[str, list[Any]]
"""{field: [old, new]}."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An event that has no number yet. ``data`` is its payload for staff, encoded.

    ``changes`` are what it is a record of; without any it only says again what others of its unit have said.
    """

    restaurant_id: int
    type: str
    rooms: list[str]
    data: bytes
    order_id: int | None
    changes: Pairs
    order_number: str = ""


def merge(into: Pairs, change: Change) -> None:
    """Add a change to those of the same row before it."""
    for name, (old, new) in change.fields.items():
        into[name] = [into[name][0] if name in into else old, new]


def net(fields: Pairs) -> Pairs:
    """Leave out what ended as it was."""
    return {name: pair for name, pair in fields.items() if pair[0] != pair[1]}


def pairs(change: Change, *names: str) -> Pairs:
    """Return the fields of a change, or those of them that are named."""
    return {name: list(pair) for name, pair in change.fields.items() if not names or name in names}


def said(change: Change, **context: Any) -> Pairs:
    """Return what a change says of a row: its fields but for those that were and are empty, and which row it is."""
    told = {
        name: list(pair)
        for name, pair in change.fields.items()
        if name not in _WHERE and any(value not in EMPTY for value in pair)
    }
    came, went = change.kind == "created", change.kind == "deleted"
    return told | {name: [None if came else value, None if went else value] for name, value in context.items()}


def written(changes: Pairs) -> Pairs:
    """Return changes with their moments as every answer and event writes them."""
    return {
        name: [timestamp(value) if isinstance(value, dt.datetime) else value for value in pair]
        for name, pair in changes.items()
    }


# Which row it is, and whose, is known from what tells of it.
_WHERE = frozenset({"id", "restaurant_id", "order_id"})
EMPTY: tuple[Any, ...] = (None, "", [], {})
