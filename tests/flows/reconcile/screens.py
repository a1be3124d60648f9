"""The clients of a run: each keeps its cursor as the protocol says, comes back for as long as it is told to, and
writes down everything that it was sent."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

import msgspec
import websockets

from tests.flows.reconcile.balancer import Balancer
from tests.flows.reconcile.mirrors import Mirror
from tests.flows.reconcile.record import Head, Record, Seat, read_head

# A heartbeat comes every ten seconds: who hears nothing for longer has nobody on the line.
SILENCE_SECONDS = 13.0
OPEN_SECONDS = 6.0
SLEEP_SECONDS = 20.0
# What a server says when it goes, when it is too slow for us or we for it, and when a token has ended.
EXPECTED_CODES = frozenset({1000, 1001, 1006, 1012, 1013, 4401, 4503})
_decode = msgspec.json.Decoder().decode


class Habit(StrEnum):
    """How a client behaves when nobody does anything to it."""

    STEADY = "steady"  # stays
    FLAPPING = "flapping"  # is cut and comes back, again and again
    ASLEEP = "asleep"  # is away for twenty seconds, again and again
    DOZING = "dozing"  # stays, and reads nothing for twenty seconds, again and again
    VISITING = "visiting"  # comes for one fault and goes


class TurnedAway(Exception):
    """A join that was not answered as it should be: the client tries again."""


@dataclass
class Samples:
    """How long it took clients to be caught up, by what had befallen them."""

    seconds: dict[str, list[float]] = field(default_factory=dict)

    def add(self, kind: str, seconds: float) -> None:
        self.seconds.setdefault(kind, []).append(seconds)


@dataclass
class Wish:
    """What a client joins with: its rooms, and from where. ``since`` is the cursor that it claims to have."""

    seats: list[Seat]
    since: tuple[str, int] | None = None
    snapshot: bool = False
    one_by_one: bool = False
    # Whether a replay from that cursor is owed, or can't be.
    replay: Literal["owed", "impossible"] = "owed"


class Screen:
    """One client."""

    def __init__(
        self,
        name: str,
        balancer: Balancer,
        restaurant_id: int,
        wish: Wish,
        token: Callable[[], str],
        *,
        is_staff: bool = True,
        habit: Habit = Habit.STEADY,
        mirror: Mirror | None = None,
        samples: Samples,
        seed: str,
    ) -> None:
        self.name = name
        self.balancer = balancer
        self.wish = wish
        self.token = token
        self.habit = habit
        self.mirror = mirror
        self.samples = samples
        self.rng = random.Random(f"{seed}:{name}")
        self.record = Record(name, restaurant_id, wish.seats, is_staff)
        self.epoch, self.seq = wish.since or ("", -1)
        self.is_live = False
        self.port = 0
        self.connects = 0
        self.joins = 0
        self.pause_seconds = 1.0
        self.codes: Counter[int] = Counter()
        self.beats = 0
        self._may_be_on = asyncio.Event()
        self._may_be_on.set()
        self._awake = asyncio.Event()
        self._awake.set()
        self._why: str | None = None
        self._back_at: tuple[str, float] | None = None
        self._since = -1
        self._replaying = 0
        self._replay_to = -1
        self._waits_for: dict[str, list[Seat]] = {}
        self._connection: websockets.ClientConnection | None = None
        self._tasks: list[asyncio.Task[None]] = []

    # What the run does with it

    def start(self) -> None:
        """Connect, and do as is its habit."""
        self._tasks = [asyncio.create_task(self._run(), name=self.name)]
        if self.habit not in (Habit.STEADY, Habit.VISITING):
            self._tasks.append(asyncio.create_task(self._live_by_habit(), name=f"{self.name}'s habit"))

    async def calm_down(self) -> None:
        """Give up the habit and stay."""
        for task in self._tasks[1:]:
            task.cancel()
        await asyncio.gather(*self._tasks[1:], return_exceptions=True)
        self._awake.set()
        self._may_be_on.set()

    async def leave(self) -> None:
        """Go for good."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.record.until = self.seq

    def has(self, seq: int) -> bool:
        """Tell whether it is live, and has everything up to a number."""
        return self.is_live and self.seq >= seq

    def doubt(self) -> None:
        """Count it as live only once it has joined again: its server is gone, whether it knows or not."""
        self.is_live = False

    @property
    def is_awake(self) -> bool:
        """Whether it means to be on."""
        return self._may_be_on.is_set() and self._awake.is_set()

    @property
    def is_connected(self) -> bool:
        """Whether it believes to have a connection."""
        return self._connection is not None

    def drop(self, why: str) -> None:
        """Lose the connection from this end; how long it takes to be back is counted from the first new try."""
        self.is_live = False
        if self._connection is not None:
            self._why = why
            self._connection.transport.abort()

    # What it does by itself

    async def _live_by_habit(self) -> None:
        while True:
            if self.habit is Habit.FLAPPING:
                await asyncio.sleep(self.rng.uniform(0.5, 6.0))
                self.drop("flapping client")
            elif self.habit is Habit.ASLEEP:
                await asyncio.sleep(self.rng.uniform(3.0, 10.0))
                self._may_be_on.clear()
                self.drop("client asleep")
                await asyncio.sleep(SLEEP_SECONDS)
                self._may_be_on.set()
            else:
                await asyncio.sleep(self.rng.uniform(5.0, 15.0))
                self._awake.clear()
                await asyncio.sleep(SLEEP_SECONDS)
                self._awake.set()

    async def _run(self) -> None:
        while True:
            await self._may_be_on.wait()
            if self._why is not None:
                self._back_at = (self._why, asyncio.get_running_loop().time())
                self._why = None
            with contextlib.suppress(OSError, TimeoutError, websockets.WebSocketException, TurnedAway):
                await self._follow()
            self.is_live = False
            await asyncio.sleep(self.rng.uniform(0.0, self.pause_seconds))

    async def _follow(self) -> None:
        self.connects += 1
        headers = {"Authorization": f"Bearer {self.token()}"}
        connection = await websockets.connect(
            self.balancer.ws, additional_headers=headers, open_timeout=OPEN_SECONDS, max_size=None, compression=None,
            ping_interval=None, close_timeout=0.2, proxy=None,
        )  # fmt: skip
        self._connection = connection
        self.port = connection.transport.get_extra_info("sockname")[1]
        try:
            await self._join(connection)
            await self._read(connection)
        finally:
            self.is_live = False
            self._connection = None
            connection.transport.abort()
            self._note_code(connection.close_code)

    async def _join(self, connection: websockets.ClientConnection) -> None:
        self._replaying, self._replay_to = 0, -1
        first = not self.epoch
        groups = [[seat] for seat in self.wish.seats] if first and self.wish.one_by_one else [self.wish.seats]
        self._waits_for = {f"join-{number}": seats for number, seats in enumerate(groups)}
        self._since = self.seq
        for ref, seats in list(self._waits_for.items()):
            data: dict[str, Any] = {"rooms": [seat.room for seat in seats]}
            if self.epoch:
                data["since"] = {"epoch": self.epoch, "seq": self.seq}
            elif self.wish.snapshot or self.mirror is not None:
                data["snapshot"] = True
            if seats[0].only is not None:
                data["events"] = sorted(seats[0].only)
            if seats[0].names:
                data["names"] = seats[0].names
            await connection.send(msgspec.json.encode({"type": "join", "ref": ref, "data": data}).decode())

    async def _read(self, connection: websockets.ClientConnection) -> None:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(SILENCE_SECONDS) as silence:
            async for text in connection:
                assert isinstance(text, str)
                self._take(text)
                if not self._awake.is_set():
                    silence.reschedule(None)
                    await self._awake.wait()
                silence.reschedule(loop.time() + SILENCE_SECONDS)

    def _note_code(self, code: int | None) -> None:
        if code is None:
            return
        self.codes[code] += 1
        if code not in EXPECTED_CODES:
            self.record.complain("refused", self.seq, f"its socket was closed with {code}")

    # What it is sent

    def _take(self, text: str) -> None:
        head = read_head(text)
        if head.seq >= 0:
            self._take_numbered(head, text)
        elif head.type == "reply" and head.ref in self._waits_for:
            self._take_reply(self._waits_for.pop(head.ref), _decode(text))
        elif head.type == "left":
            self.record.complain("refused", self.seq, f"it had to leave a room: {text}")

    def _take_numbered(self, head: Head, text: str) -> None:
        if head.type == "heartbeat":
            self.beats += 1
        else:
            if head.epoch == self.epoch and head.seq <= self.seq and head.seq not in self.record.seqs[-1000:]:
                detail = f"{head.type} came when the cursor stood at {self.seq}: a client leaves it out"
                self.record.complain("reordered", head.seq, detail)
            if not self.epoch:
                self.record.early.add(head.seq)
            self.record.take(head, text)
            if head.replayed != (self._replaying > 0):
                said = "replayed" if head.replayed else "live"
                self.record.complain("changed", head.seq, f"{head.type} came as {said} and was not")
            if self.mirror is not None:
                self.mirror.apply(_decode(text))
        if head.epoch == self.epoch:
            self.seq = max(self.seq, head.seq)
        if self._replaying and head.type != "heartbeat":
            self._replaying -= 1
            if not self._replaying:
                self._caught_up()

    def _take_reply(self, seats: list[Seat], reply: dict[str, Any]) -> None:
        if not reply["ok"]:
            code = reply["error"]["code"]
            if code != "internal":
                self.record.complain("refused", self.seq, f"its join was answered {reply['error']}")
            raise TurnedAway(code)
        data = reply["data"]
        self.joins += 1
        self._set_cursor(data)
        for seat in seats:
            if seat.after < 0:
                seat.after = data["seq"] if self._since < 0 else self._since
        if self.mirror is not None and "snapshot" in data:
            self.mirror.load(data["snapshot"])
        self._replaying, self._replay_to = data["replayed"], data["seq"]
        if not self._replaying:
            self._caught_up()

    def _set_cursor(self, data: dict[str, Any]) -> None:
        if not self.epoch:
            self.epoch = data["epoch"]
        if data["resync"]:
            self._start_over(data)
        elif self.wish.replay == "impossible":
            self.record.complain("refused", self.seq, "it was replayed from where no replay can be exact")
        self.wish.replay = "owed"
        self.record.epoch = self.epoch
        if self._since < 0:
            self.seq = max(self.seq, data["seq"])

    def _start_over(self, data: dict[str, Any]) -> None:
        if self.wish.replay == "owed":
            self.record.complain("resynced", self.seq, f"from {self.seq} it was sent a snapshot at {data['seq']}")
        self.record.covered.append((self.seq, data["seq"]))
        self.epoch = data["epoch"]
        self._since = -1
        self.seq = data["seq"]

    def _caught_up(self) -> None:
        self.seq = max(self.seq, self._replay_to)
        self.is_live = not self._waits_for
        if self._back_at is not None and self.is_live:
            why, since = self._back_at
            self._back_at = None
            self.samples.add(why, asyncio.get_running_loop().time() - since)
