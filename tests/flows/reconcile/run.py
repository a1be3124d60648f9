"""One run: clients and writers in two restaurants, faults for some minutes, and quiet at the end."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from django.conf import settings
from django.db import DatabaseError, connection

from realtime.audiences import Audience
from realtime.snapshots import room_snapshot
from tests.flows.reconcile.balancer import Balancer
from tests.flows.reconcile.cast import parts
from tests.flows.reconcile.checker import Finding, due
from tests.flows.reconcile.faults import FAULTS, company, deck
from tests.flows.reconcile.houses import House
from tests.flows.reconcile.layer import Disturbance
from tests.flows.reconcile.mirrors import Mirror
from tests.flows.reconcile.record import Ledger, Record, Seat
from tests.flows.reconcile.screens import Habit, Samples, Screen, Wish
from tests.flows.reconcile.servers import App, Servers
from tests.flows.reconcile.table import Table
from tests.flows.reconcile.writers import Pace, Writer

T = TypeVar("T")
Tell = Callable[[str, int, int], None]

WRITERS_EACH = 2
WARM_UP_SECONDS = 2.0
CALM_SECONDS = (0.5, 2.0)
CAUGHT_UP_SECONDS = 60.0
SETTLE_SECONDS = 90.0
FINISH_SECONDS = 40.0
DATABASE_SECONDS = 30.0
POLL_SECONDS = 0.01


@dataclass(frozen=True)
class Plan:
    """What is asked of a run; each fault is dealt at least once, however short it is."""

    minutes: float
    seed: int
    storm_size: int
    kinds: tuple[str, ...] = ()


class Run:
    """The run while it goes on."""

    def __init__(self, plan: Plan, servers: Servers, houses: list[House], table: Table) -> None:
        self.plan = plan
        self.servers = servers
        self.houses = houses
        self.table = table
        self.tell: Tell = _say_nothing
        self.key = settings.SECRET_KEY
        self.storm_size = plan.storm_size
        self.ledger = Ledger()
        self.samples = Samples()
        self.recoveries = Samples()
        self.visits = 0
        self.paces = {house.restaurant_id: Pace() for house in houses}
        self.everybody: list[Screen] = []
        self.gone: list[Record] = []
        self.findings: list[Finding] = []
        self.balancer: Balancer
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="run")
        self._visitors = 0
        self._later: list[asyncio.TimerHandle] = []

    def close(self) -> None:
        """End the run's own thread, and with it every service that it started again."""
        self._executor.shutdown()

    @property
    def steady(self) -> list[Screen]:
        """Those who do nothing by themselves."""
        return [screen for screen in self.everybody if screen.habit is Habit.STEADY]

    async def do(self, work: Callable[[], T]) -> T:
        """Do what waits, in the run's own thread."""

        def run() -> T:
            try:
                return work()
            finally:
                connection.close()

        return await asyncio.get_running_loop().run_in_executor(self._executor, run)

    async def read_on(self) -> dict[int, int]:
        """Read what has been committed; return each stream's head."""
        deadline = time.monotonic() + DATABASE_SECONDS
        while True:
            try:
                return await self.do(self.table.read_on)
            except DatabaseError:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.1)

    async def until(self, is_so: Callable[[], bool], seconds: float = CAUGHT_UP_SECONDS) -> bool:
        """Wait until something is so; False if it does not become so in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not is_so():
                    await asyncio.sleep(POLL_SECONDS)
                return True
        return False

    def later(self, seconds: float, act: Callable[[], object]) -> None:
        """Do something in a while, if the run still goes on."""
        self._later.append(asyncio.get_running_loop().call_later(seconds, act))

    @contextmanager
    def burst(self) -> Iterator[None]:
        """Have everybody write without a break."""
        for pace in self.paces.values():
            pace.bursts += 1
        try:
            yield
        finally:
            for pace in self.paces.values():
                pace.bursts -= 1

    def doubt_those_at(self, app: App) -> None:
        """Believe of nobody who is connected to this process to be live, until they have joined again."""
        for screen in self.everybody:
            if self.balancer.backend_of(screen.port) == app.port:
                screen.doubt()

    # Who comes and goes

    def seat(self, screen: Screen) -> Screen:
        self.everybody.append(screen)
        screen.start()
        return screen

    def open_cast(self) -> None:
        """Let those come who stay throughout."""
        for house in self.houses:
            for number, part in enumerate(parts(house)):
                mirror = Mirror(part.rooms[0]) if part.keeps_state else None
                token: Callable[[], str] = house.next_badge()
                if part.guest_of is not None:
                    token = _always(house.table_tokens[part.guest_of])
                screen = Screen(
                    f"{house.slug} {number} ({', '.join(part.rooms)}; {part.habit})",
                    self.balancer,
                    house.restaurant_id,
                    Wish(part.seats(), one_by_one=part.one_by_one),
                    token,
                    is_staff=part.guest_of is None,
                    habit=part.habit,
                    mirror=mirror,
                    samples=self.samples,
                    seed=str(self.plan.seed),
                )
                self.seat(screen)

    def visitor(self, house: House, wish: Wish, *, mirror: Mirror | None = None) -> Screen:
        """Let one more of the staff watch for a while."""
        return self._visit(house, wish, house.next_badge(), mirror=mirror)

    def guest(self, house: House) -> Screen:
        """Let one more guest watch for a while."""
        table = house.tables[self._visitors % len(house.tables)]
        wish = Wish([Seat(f"table:{table}", Audience.GUEST)])
        return self._visit(house, wish, _always(house.table_tokens[table]), is_staff=False)

    def _visit(
        self,
        house: House,
        wish: Wish,
        token: Callable[[], str],
        *,
        mirror: Mirror | None = None,
        is_staff: bool = True,
    ) -> Screen:
        self._visitors += 1
        name = f"{house.slug} visitor {self._visitors} ({', '.join(seat.room for seat in wish.seats)})"
        screen = Screen(
            name, self.balancer, house.restaurant_id, wish, token, is_staff=is_staff, mirror=mirror,
            habit=Habit.VISITING, samples=self.samples, seed=str(self.plan.seed),
        )  # fmt: skip
        return self.seat(screen)

    async def send_home(self, screens: list[Screen]) -> None:
        """Let visitors go; what they were sent is kept."""
        await self.compare_states([screen for screen in screens if screen.mirror is not None])
        for screen in screens:
            await screen.leave()
            self.everybody.remove(screen)
            self.gone.append(screen.record)
            self.visits += screen.connects

    # Faults

    async def face(self, kind: str, rng: random.Random, *, called: str | None = None) -> None:
        """Let one fault happen, and take the time until those whom it hit are caught up."""
        called = called or kind
        async with FAULTS[kind](self, rng) as hit:
            ended = time.monotonic()
            heads = await self.read_on()
            if not hit.is_silent:
                heads = await self._heads_beyond(heads, called)
            wanted = {screen: self._last_due(screen, heads) for screen in hit.screens}
            if await self.until(lambda: all(screen.has(seq) for screen, seq in wanted.items())):
                self.recoveries.add(called, time.monotonic() - ended)
            else:
                self._not_caught_up(called, wanted)

    async def _heads_beyond(self, heads: dict[int, int], kind: str) -> dict[int, int]:
        """Wait until something more has been written in each restaurant; return where the streams are then."""
        deadline = time.monotonic() + CAUGHT_UP_SECONDS
        while True:
            now = await self.read_on()
            if all(now[pk] > head for pk, head in heads.items()):
                return now
            if time.monotonic() > deadline:
                self.findings.append(Finding("unsettled", kind, "nothing could be written after it"))
                return now
            await asyncio.sleep(POLL_SECONDS)

    def _last_due(self, screen: Screen, heads: dict[int, int]) -> int:
        """Return the last event up to a head that a client is to get."""
        stream = self.table.streams[screen.record.restaurant_id]
        for seq in range(heads[stream.restaurant_id], max(screen.seq, 0), -1):
            event = stream.told.get(seq)
            if event is not None and due(event, screen.record) is not None:
                return seq
        return -1

    def _not_caught_up(self, kind: str, wanted: dict[Screen, int]) -> None:
        for screen, seq in wanted.items():
            if not screen.has(seq):
                state = "live" if screen.is_live else "connected" if screen.is_connected else "away"
                detail = f"{CAUGHT_UP_SECONDS:.0f} s after '{kind}' it is {state}, at {screen.seq} of {seq}"
                self.findings.append(Finding("unsettled", screen.name, detail))

    # From beginning to end

    async def play(self) -> None:
        """Let everything happen."""
        self.servers.disturb(Disturbance())
        await self.do(lambda: self.servers.serve(self.key))
        with Balancer([app.port for app in self.servers.apps]) as self.balancer:
            self.open_cast()
            writers = [
                Writer(
                    f"{house.slug}-{number}", house, self.balancer.url, self.ledger, self.paces[house.restaurant_id],
                    seed=str(self.plan.seed),
                )
                for house in self.houses
                for number in range(WRITERS_EACH)
            ]  # fmt: skip
            work = [asyncio.create_task(writer.run(), name=writer.name) for writer in writers]
            try:
                await self._deal()
                await self._stop(writers, work)
                await self.settle()
            finally:
                for handle in self._later:
                    handle.cancel()
                for task in work:
                    task.cancel()
                await asyncio.gather(*work, return_exceptions=True)
                for screen in self.everybody:
                    await screen.leave()

    async def _deal(self) -> None:
        """Let one fault after the other happen, round after round, until the time is up."""
        kinds = list(self.plan.kinds or FAULTS)
        began = time.monotonic()
        total = self.plan.minutes * 60
        await self.until(lambda: all(screen.joins for screen in self.everybody))
        await asyncio.sleep(WARM_UP_SECONDS)
        for number in range(10**6):
            for place, kind in enumerate(deck(f"{self.plan.seed}:{number}", kinds)):
                seconds = time.monotonic() - began
                if number and seconds >= total:
                    return
                through = seconds / total if number else min(seconds / total, place / len(kinds))
                self.tell(kind, int(100 * min(through, 1.0)), 100)
                rng = random.Random(f"{self.plan.seed}:{number}:{kind}")
                other = company(kind, kinds, rng) if number else None
                if other is None:
                    await self.face(kind, rng)
                else:
                    async with asyncio.TaskGroup() as both:
                        for one in (kind, other):
                            both.create_task(self.face(one, random.Random(rng.random()), called=f"{one}, with another"))
                await asyncio.sleep(rng.uniform(*CALM_SECONDS))

    async def _stop(self, writers: list[Writer], work: list[asyncio.Task[None]]) -> None:
        self.tell("finishing what was begun", 100, 100)
        for writer in writers:
            writer.stop()
        done, pending = await asyncio.wait(work, timeout=FINISH_SECONDS)
        for task in pending:
            self.ledger.complaints.append((task.get_name(), "its last request was never answered"))
        for task in done:
            task.result()

    async def settle(self) -> None:
        """Wait until all are at the head, by a heartbeat where no event of theirs is the last."""
        self.tell("letting everything settle", 100, 100)
        for screen in self.everybody:
            await screen.calm_down()
        heads = await self.read_on()
        wanted = {screen: heads[screen.record.restaurant_id] for screen in self.everybody}
        beats = {screen: screen.beats for screen in self.everybody}
        if not await self.until(
            lambda: all(screen.has(seq) and screen.beats > beats[screen] for screen, seq in wanted.items()),
            SETTLE_SECONDS,
        ):
            self._not_caught_up("the end", wanted)
        await self.compare_states([screen for screen in self.everybody if screen.mirror is not None])

    async def compare_states(self, screens: list[Screen]) -> None:
        """Compare what clients have made of a snapshot and events with a fresh snapshot, where they are as far."""
        for screen in screens:
            assert screen.mirror is not None
            room, pk = screen.mirror.room, screen.record.restaurant_id
            for _ in range(100):
                _, seq, snapshot = await self.do(partial(room_snapshot, pk, room))
                await self.read_on()
                if screen.is_live and screen.seq <= seq and self._last_due(screen, {pk: seq}) < 0:
                    difference = screen.mirror.differs_from(snapshot)
                    if difference is not None:
                        self.findings.append(Finding("stale", screen.name, difference, seq))
                    break
                await asyncio.sleep(POLL_SECONDS)


def _say_nothing(what: str, done: int, total: int) -> None:
    """Leave it to the report."""


def _always(token: str) -> Callable[[], str]:
    return lambda: token
