"""The order that every contestant is asked to take: three lines without modifiers, and the marker in the notes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

JSON = {"Content-Type": "application/json"}
INSTRUCTIONS = ("", "no onions please", "sauce on the side")


def order_body(number: int, *, tables: Sequence[int], dishes: Sequence[int], notes: str) -> bytes:
    """Return the body of the numbered order: another table and other dishes than the one before."""
    items: list[dict[str, Any]] = [
        {
            "menu_item_id": dishes[(3 * number + line) % len(dishes)],
            "quantity": 1 + (number + line) % 3,
            "special_instructions": INSTRUCTIONS[line],
        }
        for line in range(3)
    ]
    return json.dumps(
        {"channel": "dine_in", "table_id": tables[number % len(tables)], "notes": notes, "items": items}
    ).encode()


def bearer(token: str) -> dict[str, str]:
    """Return the header that says who asks."""
    return {"Authorization": f"Bearer {token}"}


def id_of(answer: bytes) -> int:
    """Return the id of the order that was answered with."""
    return int(json.loads(answer)["id"])
