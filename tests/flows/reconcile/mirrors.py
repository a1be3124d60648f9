"""A client that keeps what it sees: a snapshot, and the events applied to it."""

from __future__ import annotations

import copy
from typing import Any

from tests.reducers import apply_to_cancel_requests, apply_to_display, apply_to_kitchen, apply_to_orders, by_id


class Mirror:
    """The state of one room, as a client has it."""

    def __init__(self, room: str) -> None:
        self.room = room
        self.state: dict[str, Any] = {}

    @property
    def _station_id(self) -> int | None:
        return int(self.room.removeprefix("station:")) if self.room.startswith("station:") else None

    @property
    def _is_kitchen(self) -> bool:
        return self.room.startswith(("kitchen", "station:"))

    def keyed(self, snapshot: dict[str, Any]) -> dict[str, Any]:
        """Return a snapshot as a client keeps it."""
        if self._is_kitchen:
            return {name: by_id(rows) for name, rows in snapshot.items()}
        if self.room == "display":
            return {"rows": {row["order_id"]: row for rows in snapshot.values() for row in rows}}
        return {"orders": by_id(snapshot["orders"])}

    def load(self, snapshots: dict[str, Any]) -> None:
        """Begin from a snapshot."""
        self.state = self.keyed(copy.deepcopy(snapshots[self.room]))

    def apply(self, frame: dict[str, Any]) -> None:
        """Apply an event."""
        if self._is_kitchen:
            apply_to_kitchen(self.state["orders"], self.state["stations"], frame, station_id=self._station_id)
            if "cancel_requests" in self.state:
                apply_to_cancel_requests(self.state["cancel_requests"], frame)
        elif self.room == "display":
            apply_to_display(self.state["rows"], frame)
        else:
            apply_to_orders(self.state["orders"], frame)

    def differs_from(self, snapshot: dict[str, Any]) -> str | None:
        """Say what a fresh snapshot has otherwise, or None."""
        fresh = self.keyed(snapshot)
        for name, rows in fresh.items():
            for pk in sorted(rows.keys() | self.state[name].keys()):
                if rows.get(pk) != self.state[name].get(pk):
                    return f"{name} {pk} is {_brief(self.state[name].get(pk))}, and it is {_brief(rows.get(pk))}"
        return None


def _brief(row: dict[str, Any] | None) -> str:
    return "nowhere" if row is None else f"{row.get('status')} at version {row.get('version')}"
