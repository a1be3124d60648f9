"""What the load generator can do: connect screens, send orders, storm, and tell what it saw."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence

from tests.benchmarks.contestants.base import Dialect
from tests.benchmarks.figures import NS_PER_MS, spread
from tests.benchmarks.load.ledger import ACCEPTED, Faults, Ledger
from tests.benchmarks.load.posting import Answer, Till, clock, closed_loop, open_loop
from tests.benchmarks.load.results import ClosedPace, OpenPace, Run, Stall, Storm, Usage
from tests.benchmarks.load.screens import Screen, Screens
from tests.benchmarks.load.stalled import StalledScreen
from tests.benchmarks.load.usage import cpu_seconds

# When no frame has come for so long, those that are missing are lost.
QUIET_SECONDS = 3.0
LOOK_SECONDS = 0.002
# The server has noticed by then that screens are gone.
ABSENCE_SECONDS = 1.0
COMPLAINT_BYTES = 200
OPEN_LINES = 4


class Meter:
    """Measures what a stretch of time cost the server and the generator."""

    def __init__(self, pids: Sequence[int]) -> None:
        """Begin."""
        self.pids = pids
        self.server = cpu_seconds(pids)
        self.generator = time.process_time()
        self.began = clock()

    def usage(self) -> Usage:
        """End; return what it was."""
        return Usage(
            wall_seconds=(clock() - self.began) / 1e9,
            server_cpu_seconds=cpu_seconds(self.pids) - self.server,
            generator_cpu_seconds=time.process_time() - self.generator,
        )


class Field:
    """All load on one contestant; each public method is a command of the benchmark."""

    def __init__(self) -> None:
        """Begin with no screens."""
        self.screens = Screens()
        self.stalled: StalledScreen | None = None

    async def connect(self, count: int, dialect: Dialect, port: int) -> tuple[int, list[str]]:
        """Have so many screens live; return how many are, and why any is not."""
        failures = await self.screens.bring_to(count, dialect, port)
        return len(self.screens.all), failures

    async def leave(self) -> None:
        """Let all screens go."""
        await self.screens.leave()

    async def wait(self, seconds: float) -> Usage:
        """Do nothing for a time but answer pings."""
        meter = Meter(())
        await asyncio.sleep(seconds)
        return meter.usage()

    async def silence(self) -> float:
        """Return the longest time in seconds that any screen has waited for a sign of life, until now."""
        now = clock()
        silences = [max(screen.silence, now - screen.beat_at) for screen in self.screens.all if screen.beat_at]
        return max(silences, default=0) / 1e9

    async def send(
        self,
        requests: Sequence[bytes],
        port: int,
        pids: Sequence[int],
        *,
        pace: OpenPace | ClosedPace,
        first: int | None = None,
        keeps_bodies: bool = False,
        keeps_cursor: bool = False,
    ) -> Run:
        """Send requests at a pace, and wait until the screens were told of all.

        ``first`` is the number of the first order; None for requests that screens are not told of.
        ``keeps_cursor`` is for screens that are to come back: each keeps the last event.
        """
        audience = len(self.screens.all) if first is not None else 0
        ledger = Ledger(first or 0, len(requests), audience)
        self.screens.follow(ledger)
        self.screens.keeps_cursor = keeps_cursor
        till = Till(port)
        try:
            await till.open(pace.lines if isinstance(pace, ClosedPace) else OPEN_LINES)
        except OSError as error:
            return self._unreachable(str(error))
        meter = Meter(pids)
        answers = await self._paced(till, requests, ledger, pace)
        await self._settle(ledger)
        usage = meter.usage()
        till.close()
        return self._run(answers, ledger, usage, keeps_bodies=keeps_bodies)

    async def storm(self, count: int, dialect: Dialect, port: int, pids: Sequence[int]) -> Storm:
        """Connect so many screens at the same moment."""
        await self.screens.leave()
        meter = Meter(pids)
        began = clock()
        screens = self.screens.all = [Screen(dialect, number, port) for number in range(count)]
        failures = await self.screens.connect(screens)
        storm = self._storm(began, failures, meter.usage())
        self.screens.all = [screen for screen in screens if screen.ready_at]
        return storm

    async def return_at_once(
        self, missed: Sequence[bytes], after: Sequence[bytes], port: int, pids: Sequence[int], *, first: int
    ) -> Storm:
        """Cut all screens, send orders that they miss, let them all come back at the same moment, and send more.

        Where the dialect knows no cursor the missed ones are nobody's loss here; the others must reach every screen.
        """
        screens = self.screens.all
        is_replayed = bool(screens) and bool(screens[0].dialect.resuming)
        self.screens.vanish()
        await asyncio.sleep(ABSENCE_SECONDS)
        ledger = Ledger(first, len(missed), len(screens))
        self.screens.follow(ledger)
        till = Till(port)
        await till.open(1)
        await self._paced(till, missed, ledger, ClosedPace(lines=1, seconds=60))
        meter = Meter(pids)
        began = clock()
        for screen in screens:
            screen.renew()
        failures = await self.screens.connect(screens)
        if is_replayed:
            await self._settle(ledger)
        storm = self._storm(began, failures, meter.usage())
        caught_up = max(ledger.last_at, default=0) - began if is_replayed else 0
        faults = self.screens.faults(ledger) if is_replayed else Faults()
        faults += await self._prove_live(after, till, first + len(missed))
        till.close()
        return Storm(
            live=storm.live,
            all_live_ms=storm.all_live_ms,
            failures=failures,
            usage=storm.usage,
            caught_up_ms=max(caught_up / NS_PER_MS, storm.all_live_ms) if is_replayed else 0.0,
            replayed=len(ledger.delays),
            faults=faults,
        )

    async def stall(self, dialect: Dialect, port: int, pids: Sequence[int]) -> str:
        """Add a screen that joins and then never reads; return why it could not, or nothing."""
        self.stalled = StalledScreen(dialect, len(self.screens.all), port, pids)
        try:
            await self.stalled.join()
        except OSError as error:
            return str(error) or "not live in time"
        return ""

    async def unstall(self) -> Stall:
        """Let it go; return what became of it."""
        assert self.stalled is not None
        stall = await self.stalled.stop()
        self.stalled = None
        return stall

    async def _prove_live(self, requests: Sequence[bytes], till: Till, first: int) -> Faults:
        ledger = Ledger(first, len(requests), len(self.screens.all))
        self.screens.follow(ledger)
        await self._paced(till, requests, ledger, ClosedPace(lines=1, seconds=60, is_shown=True))
        await self._settle(ledger)
        return self.screens.faults(ledger)

    async def _paced(
        self, till: Till, requests: Sequence[bytes], ledger: Ledger, pace: OpenPace | ClosedPace
    ) -> list[Answer]:
        """Send, and enter into the ledger what was sent and answered."""

        def begin(index: int, at: int) -> None:
            ledger.begun[index] = at

        def end(answer: Answer) -> asyncio.Future[None] | None:
            ledger.answered[answer.index] = answer.ended
            ledger.status[answer.index] = answer.status
            if answer.status not in ACCEPTED:
                ledger.dropped(answer.index)
            elif isinstance(pace, ClosedPace) and pace.is_shown and ledger.seen[answer.index] < ledger.audience:
                waiter = ledger.waiting[answer.index] = asyncio.get_running_loop().create_future()
                return waiter
            return None

        def end_only(answer: Answer) -> None:
            end(answer)

        if isinstance(pace, OpenPace):
            return await open_loop(till, requests, per_second=pace.per_second, on_begin=begin, on_answer=end_only)
        answers = await closed_loop(till, requests, lines=pace.lines, seconds=pace.seconds, on_begin=begin, after=end)
        for index in range(len(requests)):
            if not ledger.begun[index]:
                ledger.dropped(index)
        return answers

    async def _settle(self, ledger: Ledger) -> None:
        """Wait until the screens were told of everything, or nothing comes any more."""
        heard, heard_at = -1, time.monotonic()
        while ledger.audience and not ledger.is_whole():
            if len(ledger.delays) != heard:
                heard, heard_at = len(ledger.delays), time.monotonic()
            if time.monotonic() - heard_at > QUIET_SECONDS:
                return
            await asyncio.sleep(LOOK_SECONDS)

    def _run(self, answers: Sequence[Answer], ledger: Ledger, usage: Usage, *, keeps_bodies: bool) -> Run:
        taken = [answer for answer in answers if answer.status in ACCEPTED]
        refused = [answer for answer in answers if answer.status not in ACCEPTED]
        return Run(
            answered=len(taken),
            refused=dict(Counter(answer.status for answer in refused)),
            complaint=refused[0].body[:COMPLAINT_BYTES].decode(errors="replace") if refused else "",
            latency=spread((answer.latency for answer in taken), unit=NS_PER_MS),
            sent_late=spread((answer.begun - answer.due for answer in taken), unit=NS_PER_MS),
            usage=usage,
            to_first=spread(ledger.to_first(), unit=NS_PER_MS),
            to_each=spread(ledger.delays, unit=NS_PER_MS),
            to_last=spread(ledger.to_last(), unit=NS_PER_MS),
            deliveries=len(ledger.delays),
            faults=self.screens.faults(ledger) if ledger.audience else Faults(),
            cuts=self.screens.cuts(),
            bodies=[answer.body for answer in taken] if keeps_bodies else [],
        )

    def _unreachable(self, reason: str) -> Run:
        nothing = spread(())
        usage = Usage(0.0, 0.0, 0.0)
        cuts = self.screens.cuts()
        return Run(0, {0: 1}, reason, nothing, nothing, usage, nothing, nothing, nothing, 0, Faults(), cuts)

    def _storm(self, began: int, failures: list[str], usage: Usage) -> Storm:
        live = [screen.ready_at - began for screen in self.screens.all if screen.ready_at]
        times = spread(live, unit=NS_PER_MS)
        return Storm(live=times, all_live_ms=times.worst, failures=failures, usage=usage)
