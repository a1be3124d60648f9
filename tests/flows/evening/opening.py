"""The restaurant before the first guest: who works, which tables are free, and a screen in every kind of room."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.flows.evening.people import Person, sign_in
from tests.flows.evening.watching import House, Scene, Watcher

Row = dict[str, Any]


@dataclass
class Evening:
    """The sample restaurant on one evening, and everybody in it."""

    url: str
    manager: Person
    waiter: Person
    chef: Person
    cashier: Person
    stranger: Person
    strange_chef: Person
    guest: Person
    other_guest: Person
    table: Row
    other_table: Row
    till: Row
    dishes: dict[str, Row]
    house: House
    scene: Scene = field(default_factory=Scene)
    devices: dict[str, Person] = field(default_factory=dict)
    device_ids: list[int] = field(default_factory=list)
    # The table's guests, who follow their order for as long as it is open.
    at_table: Watcher | None = None

    def dish(self, name: str) -> int:
        """Return a dish's id."""
        return int(self.dishes[name]["id"])

    def asked(self, name: str, quantity: int = 1, **others: Any) -> Row:
        """Return a line of a body."""
        return {"menu_item_id": self.dish(name), "quantity": quantity, **others}

    def stations(self, *names: str) -> frozenset[int]:
        """Return where dishes are made."""
        return frozenset(self.house.station_of[self.dish(name)] for name in names)

    async def watch(self, person: Person, room: str, audience: str = "staff") -> Watcher:
        """Put a screen into a room."""
        watcher = await Watcher.open(self.url, person, room, audience)
        self.house.watchers.append(watcher)
        return watcher

    async def close(self) -> None:
        """Switch every screen off, and end the devices' keys."""
        for watcher in (*self.house.watchers, *self.house.strangers):
            await watcher.client.connection.close()
        for device_id in self.device_ids:
            await self.manager.done("DELETE", f"/api/devices/{device_id}", status=204)


async def open_evening(url: str) -> Evening:
    """Sign everybody in and switch the screens on; the server has the sample restaurants."""
    manager = await sign_in(url, "manager", "Marco Vidal")
    waiter = await sign_in(url, "waiter", "Wanda Novak")
    chef = await sign_in(url, "chef", "Chidi Okafor")
    cashier = await sign_in(url, "cashier", "Carla Rossi")
    stranger = await sign_in(url, "bistro-manager", "Mireille Petit")
    strange_chef = await sign_in(url, "bistro-chef", "Camille Roux")
    tables = await manager.rows("/api/tables")
    taken = {order["table_id"] for order in await waiter.rows("/api/orders?open=true")}
    free = [table for table in tables if table["id"] not in taken]
    counters = await manager.rows("/api/counters")
    dishes = {row["name"]: row for row in await waiter.rows("/api/menu-items")}
    evening = Evening(
        url=url,
        manager=manager,
        waiter=waiter,
        chef=chef,
        cashier=cashier,
        stranger=stranger,
        strange_chef=strange_chef,
        guest=Person(url, free[0]["token"]),
        other_guest=Person(url, free[1]["token"]),
        table=free[0],
        other_table=free[1],
        till=counters[0],
        dishes=dishes,
        house=House(
            tables={table["id"] for table in tables},
            counters={counter["id"] for counter in counters},
            station_of={row["id"]: row["station_id"] for row in dishes.values() if row["station_id"]},
            boss=manager,
            secrets={person.name for person in (manager, waiter, chef, cashier)},
            other_boss=stranger,
        ),
    )
    await _switch_on(evening, [counter["id"] for counter in counters])
    return evening


async def _switch_on(evening: Evening, counters: list[int]) -> None:
    chef, waiter, cashier = evening.chef, evening.waiter, evening.cashier
    await evening.watch(evening.manager, "restaurant")
    await evening.watch(chef, "kitchen")
    for station in sorted(evening.stations("Bruschetta", "Grilled halloumi", "Crispy calamari")):
        await evening.watch(chef, f"station:{station}")
    await evening.watch(waiter, "waiters")
    await evening.watch(cashier, "orders")
    await evening.watch(chef, "display", "public")
    for counter in counters:
        await evening.watch(cashier, f"counter:{counter}")
    await evening.watch(evening.guest, f"table:{evening.table['id']}", "guest")
    await evening.watch(waiter, f"table:{evening.table['id']}", "guest")
    await evening.watch(evening.other_guest, f"table:{evening.other_table['id']}", "guest")
    await _pair_devices(evening)
    for person, room in (
        (evening.stranger, "restaurant"),
        (evening.stranger, "waiters"),
        (evening.stranger, "orders"),
        (evening.strange_chef, "kitchen"),
        (evening.strange_chef, "display"),
    ):
        evening.house.strangers.append(await Watcher.open(evening.url, person, room))


async def _pair_devices(evening: Evening) -> None:
    """Pair a screen for the kitchen, one for the guests, a till and a shop on the web; each looks where it may."""
    till = evening.till["id"]
    for kind, scopes, counter, rooms in (
        ("kitchen", None, None, {"kitchen": "staff", "orders": "staff"}),
        ("display", None, None, {"display": "public"}),
        ("counter", None, till, {f"counter:{till}": "staff"}),
        ("integration", ["events:read"], None, {"restaurant": "staff"}),
    ):
        body = {"name": f"Evening {kind}", "kind": kind, "counter_id": counter} | ({"scopes": scopes} if scopes else {})
        paired = await evening.manager.done("POST", "/api/devices", body, 201)
        evening.devices[kind] = Person(evening.url, paired["key"], paired["name"])
        evening.device_ids.append(paired["id"])
        for room, audience in rooms.items():
            await evening.watch(evening.devices[kind], room, audience)
