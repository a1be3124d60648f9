"""What the contestants have in common: they are one process each, and most take orders in the same words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from tests.benchmarks.contestants.base import Contestant, OrderTaker, Request, marker
from tests.benchmarks.contestants.processes import ServerProcess

JSON = {"Content-Type": "application/json"}
LINES = 3
INSTRUCTIONS = ("", "no onions please", "sauce on the side")


def bearer(token: str) -> dict[str, str]:
    """Return the header that says who asks."""
    return {"Authorization": f"Bearer {token}"}


class OneProcess(Contestant):
    """A contestant whose server is one process."""

    def __init__(self) -> None:
        self.server: ServerProcess | None = None

    def stop(self) -> None:
        """End the server."""
        if self.server is not None:
            self.server.stop()
            self.server = None

    def server_pids(self) -> list[int]:
        """Return the one process."""
        return self.server.pids if self.server is not None else []


class OrderTaking(OneProcess, OrderTaker):
    """A contestant that takes orders as Brigade's API does."""

    orders_path = "/api/orders"
    order_path = "/api/orders/{}"
    list_path = "/api/orders?open=true&limit=50"

    def __init__(self) -> None:
        super().__init__()
        self.waiters: list[str] = []
        self.tables: list[int] = []
        self.dishes: list[int] = []

    def staff_with(self, said: dict[str, list[Any]]) -> None:
        """Take what the seed printed: the waiters' tokens, the tables and the dishes."""
        self.waiters, self.tables, self.dishes = said["waiters"], said["tables"], said["dishes"]

    def post(self, number: int) -> Request:
        """Take the numbered order, as one of the waiters."""
        body = order_body(number, tables=self.tables, dishes=self.dishes)
        return Request("POST", self.orders_path, {**JSON, **self._waiter(number)}, body)

    def list(self) -> Request:
        """List the open orders."""
        return Request("GET", self.list_path, self._waiter(0))

    def patch(self, order_id: int, number: int) -> Request:
        """Change an order's notes."""
        body = json.dumps({"notes": marker(number)}).encode()
        return Request("PATCH", self.order_path.format(order_id), {**JSON, **self._waiter(number)}, body)

    def order_id(self, answer: bytes) -> int:
        """Return the id in the answer."""
        return int(json.loads(answer)["id"])

    def _waiter(self, number: int) -> dict[str, str]:
        return bearer(self.waiters[number % len(self.waiters)])


def order_body(number: int, *, tables: Sequence[int], dishes: Sequence[int]) -> bytes:
    """Return the body of the numbered order: another table and other dishes than the one before."""
    items = [
        {
            "menu_item_id": dishes[(LINES * number + line) % len(dishes)],
            "quantity": 1 + (number + line) % 3,
            "special_instructions": INSTRUCTIONS[line],
        }
        for line in range(LINES)
    ]
    table_id = tables[number % len(tables)]
    return json.dumps({"channel": "dine_in", "table_id": table_id, "notes": marker(number), "items": items}).encode()
