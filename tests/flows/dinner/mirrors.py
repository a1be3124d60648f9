"""Clients that took a snapshot once, and have lived on events alone since."""

from __future__ import annotations

import json
from typing import Any

from realtime.frames import StreamEvent
from realtime.rooms import audience_in
from realtime.snapshots import room_snapshot
from tests.reducers import (
    apply_to_bills,
    apply_to_cancel_requests,
    apply_to_display,
    apply_to_kitchen,
    apply_to_order,
    apply_to_orders,
    by_id,
)


class Mirror:
    """A client in one room, as staff or as a guest."""

    def __init__(self, restaurant_id: int, room: str, *, is_staff: bool = True) -> None:
        self.room = room
        self.is_staff = is_staff
        self.audience = audience_in(room, is_staff=is_staff)
        self.epoch, self.seq, snapshot = room_snapshot(restaurant_id, room, is_staff=is_staff)
        self.state = self.keyed(snapshot)

    @property
    def station_id(self) -> int | None:
        """The station whose room it is."""
        return int(self.room.removeprefix("station:")) if self.room.startswith("station:") else None

    @property
    def is_kitchen(self) -> bool:
        return self.room.startswith(("kitchen", "station:"))

    def keyed(self, snapshot: dict[str, Any]) -> dict[str, Any]:
        """Return a snapshot as a client keeps it."""
        if self.is_kitchen:
            return {name: by_id(rows) for name, rows in snapshot.items()}
        if self.room == "display":
            return {"rows": {row["order_id"]: row for rows in snapshot.values() for row in rows}}
        if "order" in snapshot:
            return {"orders": by_id([snapshot["order"]] if snapshot["order"] else [])}
        return {"orders": by_id(snapshot["orders"])}

    def follow(self, events: list[StreamEvent]) -> None:
        """Apply what has come since, as far as it is for this room."""
        for event in events:
            if event.seq <= self.seq or not self.hears(event):
                continue
            frame = json.loads(event.frame(self.audience).text)
            if self.is_kitchen:
                apply_to_kitchen(self.state["orders"], self.state["stations"], frame, station_id=self.station_id)
                if "cancel_requests" in self.state:
                    apply_to_cancel_requests(self.state["cancel_requests"], frame)
            elif self.room == "display":
                apply_to_display(self.state["rows"], frame)
            elif self.room.startswith("order:"):
                apply_to_order(self.state["orders"], frame)
            elif self.room.startswith("counter:"):
                apply_to_bills(self.state["orders"], frame)
            else:
                apply_to_orders(self.state["orders"], frame)
        if events:
            self.seq = max(self.seq, events[-1].seq)

    def hears(self, event: StreamEvent) -> bool:
        """Whether an event is for this room; a till hears what order lists do."""
        kind = self.room.split(":")[0]
        also = {"orders"} if kind == "counter" else set()
        return not ({self.room, "*", f"{kind}:*"} | also).isdisjoint(event.rooms)

    def check(self, fresh: dict[str, Any]) -> None:
        """Check that it holds what a new snapshot says."""
        assert self.state == self.keyed(fresh), self.room
