"""Those who work: each asks over REST until it is answered, and writes down what it was promised."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from orders.states import Role
from tests.flows.reconcile.houses import House
from tests.flows.reconcile.record import Ledger

ANSWER_SECONDS = 8.0
RETRY_SECONDS = 0.25
MOST_OPEN = 8
USUAL = (0.1, 0.5)
BURST = (0.0, 0.03)
TRY_AGAIN = (429, 502, 503)
CHANNELS = ("dine_in", "dine_in", "takeaway", "delivery")
Answer = dict[str, Any]


class Pace:
    """How fast a restaurant's writers work; a burst takes the breaks away, a silence the work."""

    def __init__(self) -> None:
        self.bursts = 0
        self.may_work = asyncio.Event()
        self.may_work.set()
        self.busy = 0

    @property
    def break_seconds(self) -> tuple[float, float]:
        """How long one rests between two things, from and to."""
        return BURST if self.bursts else USUAL

    async def silence(self) -> None:
        """Let nobody begin anything more, and wait until what was begun is done."""
        self.may_work.clear()
        while self.busy:
            await asyncio.sleep(0.01)

    def resume(self) -> None:
        """Work again, at the usual pace."""
        self.may_work.set()


class Writer:
    """One who takes orders and sees them through, on orders of its own."""

    def __init__(self, name: str, house: House, url: str, ledger: Ledger, pace: Pace, *, seed: str) -> None:
        self.name = name
        self.house = house
        self.url = url
        self.ledger = ledger
        self.pace = pace
        self.seed = seed
        self.rng = random.Random(f"{seed}:{name}")
        self.orders: dict[int, Answer] = {}
        self.count = 0
        self._stopped = False

    async def run(self) -> None:
        """Work until told to stop; what was begun is finished."""
        async with httpx.AsyncClient(base_url=self.url, timeout=ANSWER_SECONDS, trust_env=False) as self.http:
            while not self._stopped:
                await self.pace.may_work.wait()
                self.pace.busy += 1
                try:
                    await self._act()
                finally:
                    self.pace.busy -= 1
                await asyncio.sleep(self.rng.uniform(*self.pace.break_seconds))

    def stop(self) -> None:
        """Begin nothing more."""
        self._stopped = True

    # Asking

    def _key(self) -> str:
        self.count += 1
        key = f"{self.seed}-{self.name}-{self.count}"
        self.ledger.asked[key] = self.house.restaurant_id
        return key

    async def _ask(
        self, method: str, path: str, body: Any = None, *, who: Role = Role.MANAGER, key: str | None = None
    ) -> httpx.Response | None:
        """Ask until there is an answer; None for one that should never be given."""
        headers = {"Idempotency-Key": key} if key else {}
        self.ledger.requests += 1
        while True:
            headers["Authorization"] = f"Bearer {self.house.badges[who]()}"
            try:
                response = await self.http.request(method, path, json=body, headers=headers)
            except httpx.TransportError:
                response = None
            if response is not None and not self._is_to_be_repeated(response):
                break
            self.ledger.retries += 1
            await asyncio.sleep(self.rng.uniform(RETRY_SECONDS / 2, RETRY_SECONDS))
        if response.status_code >= 500 or response.status_code in (400, 401, 403, 422):
            self.ledger.complaints.append((f"{method} {path}", f"{response.status_code} {response.text[:300]}"))
            return None
        if response.status_code >= 400:
            self.ledger.refusals += 1
        return response

    @staticmethod
    def _is_to_be_repeated(response: httpx.Response) -> bool:
        if response.status_code in TRY_AGAIN:
            return True
        return response.status_code == 409 and response.json().get("code") == "idempotency_in_progress"

    def _keep(self, response: httpx.Response | None) -> Answer | None:
        """Keep an order as it was answered, or read again later what refused the change."""
        if response is None or not response.is_success or not response.content:
            return None
        order: Answer = response.json()
        self.ledger.acknowledge_version(order)
        if order["status"] in ("completed", "cancelled"):
            self.orders.pop(order["id"], None)
        else:
            self.orders[order["id"]] = order
        return order

    # What there is to do

    async def _act(self) -> None:
        if len(self.orders) < 2 or (len(self.orders) < MOST_OPEN and self.rng.random() < 0.3):
            await self._create()
            return
        order = self.rng.choice(list(self.orders.values()))
        await self._choose(order)(order)

    def _choose(self, order: Answer) -> Callable[[Answer], Awaitable[None]]:
        ways: dict[str, tuple[tuple[Callable[[Answer], Awaitable[None]], int], ...]] = {
            "pending": ((self._confirm, 8), (self._add, 2), (self._change, 1), (self._delete, 1), (self._cancel, 1)),
            "confirmed": ((self._bump, 6), (self._step, 2), (self._add, 2), (self._move, 1), (self._cancel, 1)),
            "preparing": ((self._bump, 6), (self._step, 2), (self._add, 1), (self._remove, 1), (self._cancel, 1)),
            "ready": ((self._step, 8), (self._add, 1), (self._availability, 1), (self._alert, 1)),
        }
        acts, weights = zip(*ways.get(order["status"], ((self._step, 1),)), strict=True)
        chosen: Callable[[Answer], Awaitable[None]] = self.rng.choices(acts, weights)[0]
        return chosen

    def _items(self, count: int, note: str = "") -> list[Answer]:
        return [
            {
                "menu_item_id": self.rng.choice([*self.house.dishes, self.house.counted]),
                "quantity": self.rng.randint(1, 3),
                "special_instructions": note,
            }
            for _ in range(count)
        ]

    async def _create(self) -> None:
        key = self._key()
        channel = self.rng.choice(CHANNELS)
        body: Answer = {"channel": channel, "notes": key, "items": self._items(self.rng.randint(1, 3))}
        if channel == "dine_in":
            body["table_id"] = self.rng.choice(self.house.tables)
        who = self.rng.choice((Role.WAITER, Role.MANAGER))
        response = await self._ask("POST", "/api/orders", body, who=who, key=key)
        order = self._keep(response)
        if order is not None:
            self.ledger.acknowledge_order(key, self.house.restaurant_id, order)

    async def _confirm(self, order: Answer) -> None:
        await self._or_read(order, await self._ask("PUT", f"/api/orders/{order['id']}/confirm", who=Role.WAITER))

    async def _step(self, order: Answer) -> None:
        is_taken_out = order["channel"] == "delivery"
        steps = {
            "confirmed": "preparing",
            "preparing": "ready",
            "ready": "delivering" if is_taken_out else "served",
            "delivering": "delivered",
        }
        await self._set_status(order, steps.get(order["status"], "completed"))

    async def _cancel(self, order: Answer) -> None:
        await self._set_status(order, "cancelled")

    async def _set_status(self, order: Answer, to: str) -> None:
        body = {"status": to, "reason": "as the run wants it"}
        await self._or_read(order, await self._ask("PATCH", f"/api/orders/{order['id']}/status", body))

    async def _add(self, order: Answer) -> None:
        key = self._key()
        body = {"items": self._items(1, key)}
        response = await self._ask("POST", f"/api/orders/{order['id']}/items", body, key=key)
        await self._or_read(order, response)
        if response is not None and response.is_success:
            lines = [line for line in response.json()["items"] if line["special_instructions"] == key]
            self.ledger.lines.setdefault(key, set()).update((order["id"], line["id"]) for line in lines)
            if len(lines) != 1:
                self.ledger.complaints.append((key, f"{len(lines)} lines stand in the answer to it"))

    async def _change(self, order: Answer) -> None:
        line = self.rng.choice(order["items"]) if order["items"] else None
        if line is not None:
            body = {"quantity": self.rng.randint(1, 5)}
            response = await self._ask("PATCH", f"/api/orders/{order['id']}/items/{line['id']}", body)
            await self._or_read(order, response)

    async def _remove(self, order: Answer) -> None:
        if len(order["items"]) > 1:
            line = self.rng.choice(order["items"])
            path = f"/api/orders/{order['id']}/items/{line['id']}?reason=sent%20back"
            await self._or_read(order, await self._ask("DELETE", path))

    async def _delete(self, order: Answer) -> None:
        response = await self._ask("DELETE", f"/api/orders/{order['id']}")
        if response is not None and response.status_code in (204, 404):  # 404: the first try was not answered
            self.ledger.deleted.add(order["id"])
            self.orders.pop(order["id"], None)
        else:
            await self._or_read(order, response)

    async def _move(self, order: Answer) -> None:
        """Take an order to another table, or change what is noted about its guest."""
        body: Answer = {"priority": self.rng.choice(("normal", "express", "vip"))}
        if order["channel"] == "dine_in":
            body["table_id"] = self.rng.choice(self.house.tables)
        await self._or_read(order, await self._ask("PATCH", f"/api/orders/{order['id']}", body))

    async def _bump(self, order: Answer) -> None:
        """Do what the kitchen does: take a ticket, begin an item, or bump all that is left."""
        response = await self._ask("GET", f"/api/kitchen/orders/by-order/{order['id']}", who=Role.KITCHEN)
        if response is None or not response.is_success:
            return
        ticket = response.json()
        left = [item["id"] for item in ticket["items"] if item["status"] in ("pending", "preparing")]
        path = f"/api/kitchen/orders/{ticket['id']}"
        chance = self.rng.random()
        if ticket["status"] == "pending" and chance < 0.3:
            await self._ask("PUT", f"{path}/acknowledge", who=Role.KITCHEN)
        elif left:
            chosen = left if chance < 0.7 else left[:1]
            moves = [{"item_id": item, "status": "ready"} for item in chosen]
            await self._ask("PUT", f"{path}/items/status", {"items": moves}, who=Role.KITCHEN)
        await self._read(order)

    async def _availability(self, order: Answer) -> None:
        """86 a dish for a moment, or fill up what is counted: every table's screen hears of it."""
        path = f"/api/menu-items/{self.house.counted}/availability"
        await self._ask("PATCH", path, {"is_available": True, "stock": 100_000 + self.rng.randint(0, 999)})

    async def _alert(self, order: Answer) -> None:
        body = {
            "severity": self.rng.choice(("info", "warning", "error")),
            "message": f"Order {order['order_number']} waits at the pass.",
            "audience": self.rng.choice(("staff", "all")),
        }
        await self._ask("POST", "/api/alerts", body, key=self._key())

    async def _or_read(self, order: Answer, response: httpx.Response | None) -> None:
        """Keep what was answered; after a refusal read how the order stands."""
        if self._keep(response) is None:
            await self._read(order)

    async def _read(self, order: Answer) -> None:
        response = await self._ask("GET", f"/api/orders/{order['id']}")
        if self._keep(response) is None:
            self.orders.pop(order["id"], None)
