"""One contestant in one round: what it is asked, and what was found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field

from tests.benchmarks.contestants.base import Contestant, OrderTaker, Request
from tests.benchmarks.load.ledger import Faults
from tests.benchmarks.load.posting import wire
from tests.benchmarks.load.process import Generator
from tests.benchmarks.load.results import ClosedPace, OpenPace, Run
from tests.benchmarks.load.usage import is_alive
from tests.benchmarks.plan import Plan

# No server here takes more: so many requests are made ready for each second of a closed loop.
MOST_PER_SECOND = 3000
# Above this share of its core the load generator itself is what is measured.
SATURATED = 0.85


class ContestantDied(Exception):
    """The server under test is gone; the text says when."""


@dataclass(slots=True)
class Match:
    """One contestant, served, and the load generator."""

    contestant: Contestant
    generator: Generator
    plan: Plan
    port: int
    figures: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    faults: Faults = field(default_factory=Faults)
    next_number: int = 1
    measure: str = "start"

    @property
    def pids(self) -> list[int]:
        """Return the processes of the server."""
        return self.contestant.server_pids()

    def note(self, text: str) -> None:
        """Tell whoever reads the tables, once."""
        line = f"{self.measure}: {text}"
        if line not in self.notes:
            self.notes.append(line)

    def connect(self, count: int) -> int:
        """Have so many screens live; return how many are."""
        live, failures = self.generator.call("connect", count, self.contestant.dialect(), self.port)
        if failures:
            self.note(f"{count - live} of {count:,} screens did not connect: {failures[0]}")
        self._check_alive()
        return int(live)

    def leave(self) -> None:
        """Let all screens go."""
        self.generator.call("leave")

    def orders(self, count: int) -> tuple[list[bytes], int]:
        """Return so many new orders as they go over the line, and the first one's number."""
        first = self.next_number
        self.next_number += count
        return self.wires([self.contestant.post(first + index) for index in range(count)]), first

    def changes(self, taker: OrderTaker, ids: Sequence[int], count: int) -> tuple[list[bytes], int]:
        """Return so many changes of orders, each order's turn after the other's, and the first one's number."""
        first = self.next_number
        self.next_number += count
        return self.wires([taker.patch(ids[index % len(ids)], first + index) for index in range(count)]), first

    def wires(self, requests: Sequence[Request]) -> list[bytes]:
        """Write requests as they go over the line."""
        return [wire(request, self.port) for request in requests]

    def post(self, pace: OpenPace | ClosedPace, seconds: float, *, keeps_cursor: bool = False) -> Run:
        """Send orders at a pace for a time."""
        requests, first = self.orders(requests_for(pace, seconds))
        return self.send(requests, pace, first=first, keeps_cursor=keeps_cursor)

    def send(
        self,
        requests: Sequence[bytes],
        pace: OpenPace | ClosedPace,
        *,
        first: int | None = None,
        keeps_bodies: bool = False,
        keeps_cursor: bool = False,
    ) -> Run:
        """Send requests at a pace; note what went wrong."""
        run: Run = self.generator.call(
            "send", requests, self.port, self.pids,
            pace=pace, first=first, keeps_bodies=keeps_bodies, keeps_cursor=keeps_cursor,
        )  # fmt: skip
        self.judge(run)
        return run

    def judge(self, run: Run) -> None:
        """Note lost frames, refusals, cuts, and a generator that was the bottleneck."""
        self.blame(run.faults)
        for status, count in run.refused.items():
            self.note(f"{count} requests got {status or 'no answer'}: {run.complaint}")
        if run.cuts:
            self.note(f"{len(run.cuts)} screens were cut: {run.cuts[0]}")
        if run.usage.generator_busy > SATURATED:
            self.note(
                f"the load generator was busy {run.usage.generator_busy:.0%}: its latencies are not to be trusted"
            )
        self._check_alive()

    def blame(self, faults: Faults) -> None:
        """Count what was lost, doubled or out of order."""
        self.faults += faults
        if faults.total:
            self.note(", ".join(f"{count} {fault}" for fault, count in asdict(faults).items() if count))

    def _check_alive(self) -> None:
        if not self.pids or not is_alive(self.pids):
            raise ContestantDied(f"died during {self.measure}")


Measure = Callable[[Match], None]


def requests_for(pace: OpenPace | ClosedPace, seconds: float) -> int:
    """Return how many requests to make ready."""
    return max(1, int((pace.per_second if isinstance(pace, OpenPace) else MOST_PER_SECOND) * seconds))
