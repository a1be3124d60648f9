"""Screens in one room each: what is committed reaches exactly those whose rooms it is for, as much as they may know."""

from __future__ import annotations

import asyncio
import itertools
import json
from dataclasses import dataclass, field
from typing import Any

from tests.flows.evening.contract import EVENTS, check_guest, for_public, names_in
from tests.flows.evening.people import Person
from tests.live import Client

Frame = dict[str, Any]
_fences = itertools.count(1)


@dataclass
class Watcher:
    """A screen in one room; ``audience`` is staff, guest or public."""

    room: str
    audience: str
    client: Client
    heard: list[Frame] = field(default_factory=list)

    @classmethod
    async def open(cls, url: str, person: Person, room: str, audience: str = "staff") -> Watcher:
        """Connect as a person and join the room."""
        address = url.replace("http", "ws", 1) + "/ws/"
        client = await Client.open(address, person.token)
        reply = await client.ask("join", room=room)
        assert reply["ok"], (room, reply)
        return cls(room, audience, client)

    async def read_up_to(self, fence: str) -> None:
        """Read what came before the alert."""
        self.heard = []
        while True:
            frame = await self.client.read(20)
            if frame["type"] == "alert" and frame["data"]["message"] == fence:
                return
            if "seq" in frame and "data" in frame:
                self.heard.append(frame)

    def check(self, truth: list[tuple[Frame, set[str]]], secrets: set[str]) -> None:
        """Check what came: each event whose rooms this one is among, in order, once, redacted for who looks here."""
        due = [frame for frame, rooms in truth if self.room in rooms or self.room == "restaurant"]
        assert [frame["type"] for frame in self.heard] == [frame["type"] for frame in due], self.room
        for whole, seen in zip(due, self.heard, strict=True):
            for name in ("type", "id", "epoch", "seq", "timestamp"):
                assert seen[name] == whole[name], (self.room, name)
            if self.audience == "staff":
                assert seen == whole, self.room
            elif self.audience == "guest":
                shown = [room for room in whole["rooms"] if room.startswith(("table:", "order:", "customer:"))]
                assert seen["rooms"] == shown, self.room
                check_guest(whole["data"], seen["data"])
            else:
                assert (seen["rooms"], seen["data"]) == (["display"], for_public(whole["type"], whole["data"]))
            if self.audience != "staff":
                told = [secret for secret in secrets if secret in json.dumps(seen, ensure_ascii=False)]
                assert told == [], f"{self.room} is told of {told}"


@dataclass(frozen=True)
class Scene:
    """Where an order is at this moment of the story: what the letters of its events' rooms mean."""

    order_id: int = 0
    table_id: int | None = None
    customer_id: int | None = None
    counter_id: int | None = None
    stations: frozenset[int] = frozenset()

    def rooms(self, kind: str, frame: Frame, house: House) -> set[str]:
        """Return all rooms that an event of this kind goes to."""
        meant: dict[str, set[str]] = {
            "K": {"kitchen"} | {f"station:{pk}" for pk in self.stations},
            "W": {"waiters"},
            "O": {"orders"} | {f"counter:{pk}" for pk in house.counters},
            "T": {f"table:{self.table_id}"} if self.table_id else set(),
            "#": {f"order:{self.order_id}"},
            "D": {"display"},
            "C": {f"counter:{self.counter_id}"} if self.counter_id else set(),
            "c": {f"customer:{self.customer_id}"} if self.customer_id else set(),
        }
        if kind == "station:updated":
            return {"kitchen", f"station:{frame['data']['station']['id']}"}
        if kind == "menu-item:updated":
            meant["K"] = {"kitchen"}  # no ticket's items are concerned: stations cook what they have
            meant["T"] = {f"table:{pk}" for pk in house.tables}
        return set().union(*(meant[letter] for letter in EVENTS[kind][0]))


@dataclass
class House:
    """What there is in the restaurant, and who watches."""

    tables: set[int]
    counters: set[int]
    station_of: dict[int, int]
    boss: Person
    secrets: set[str] = field(default_factory=set)
    watchers: list[Watcher] = field(default_factory=list)
    strangers: list[Watcher] = field(default_factory=list)
    other_boss: Person | None = None

    async def happened(self, scene: Scene, *expected: str) -> list[Frame]:
        """Check that just this was announced since the last look, to whom it was, and nothing to anybody else."""
        fence = f"fence {next(_fences)}"
        alert = {"severity": "info", "message": fence, "audience": "all"}
        await self.boss.done("POST", "/api/alerts", alert, 201)
        await asyncio.gather(*(watcher.read_up_to(fence) for watcher in self.watchers))
        truth = next(watcher for watcher in self.watchers if watcher.room == "restaurant").heard
        assert [frame["type"] for frame in truth] == list(expected)
        for frame in truth:
            assert set(frame["data"]) == names_in(frame["type"]), frame["type"]
            assert set(frame) == {"type", "id", "epoch", "seq", "timestamp", "rooms", "data"}
        placed = [(frame, scene.rooms(frame["type"], frame, self)) for frame in truth]
        for frame, rooms in placed:
            # An event for everybody at a kind of room may say so in one word.
            said = {room for room in frame["rooms"] if not room.endswith(":*")}
            kinds = {room.split(":")[0] for room in frame["rooms"] if room.endswith(":*")}
            assert said <= rooms, (frame["type"], frame["rooms"])
            left = {room for room in rooms - said if room.split(":")[0] not in kinds and not _is_till(room)}
            assert left == set(), (frame["type"], frame["rooms"])
        for watcher in self.watchers:
            watcher.check(placed, self.secrets)
        return truth

    async def strangers_heard_nothing(self) -> None:
        """Check that another restaurant's screens have been told nothing of all this."""
        assert self.other_boss is not None
        fence = f"fence {next(_fences)}"
        await self.other_boss.done("POST", "/api/alerts", {"severity": "info", "message": fence}, 201)
        await asyncio.gather(*(watcher.read_up_to(fence) for watcher in self.strangers))
        assert [watcher.heard for watcher in self.strangers] == [[] for _ in self.strangers]


def _is_till(room: str) -> bool:
    """Whether it is a till: each hears what `orders` does, which an event need not repeat."""
    return room.startswith("counter:")
