"""What each audience may know of an event: staff all of it, guests a redacted copy, the public board the numbers.

The guests' copy is made as ``orders.redaction`` makes it for their API too: one projection per event type, derived
from the types in ``orders.shapes``, ``kitchen.shapes`` and ``realtime.events``.
"""

from __future__ import annotations

from enum import IntEnum

from orders.redaction import Data

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
