"""What the restaurant remembers of an order: who did what, and what it was before."""

from __future__ import annotations

from typing import Any

from tests.flows.evening.opening import Evening
from tests.flows.evening.people import Person

FIELDS = {"at", "actor", "source", "event", "changes"}


async def history(evening: Evening, order_id: int) -> list[dict[str, Any]]:
    """Return an order's whole history, in the order in which it came about."""
    rows = await evening.manager.rows(f"/api/orders/{order_id}/history")
    assert all(set(row) == FIELDS for row in rows)
    return sorted(rows, key=lambda row: str(row["at"]))


async def remembered(evening: Evening, order_id: int, by: Person | None, event: str, **changes: list[Any]) -> None:
    """Check that history says this of an order's last time that such a thing came about, and of who did it."""
    entry = next(row for row in reversed(await history(evening, order_id)) if row["event"] == event)
    told = {name: entry["changes"].get(name) for name in changes}
    assert told == changes, entry
    assert entry["source"] == "api"
    if by is None:
        assert entry["actor"] is None or entry["actor"]["id"] is None, entry
    else:
        assert entry["actor"]["name"] == by.name, entry
