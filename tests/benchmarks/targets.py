"""What operations.md says the project must reach, and whether it does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.benchmarks.figures import Rounds
from tests.benchmarks.growth import BAR
from tests.benchmarks.outcome import Outcome
from tests.benchmarks.tables import Table, cell

OURS = "brigade"
PEER = "peer"


@dataclass(frozen=True, slots=True)
class Target:
    """One thing to reach. ``find`` gives what was measured, or None where it was not."""

    text: str
    want: str
    find: Callable[[Outcome], Rounds | None]
    is_reached: Callable[[float], bool]

    def verdict(self, outcome: Outcome) -> str:
        """Say whether it is reached."""
        found = self.find(outcome)
        if found is None:
            return "not measured"
        return "pass" if self.is_reached(found.median) else "MISS"


def _ratio(name: str) -> Callable[[Outcome], Rounds | None]:
    return lambda outcome: outcome.ratio(OURS, PEER, name)


def _figure(name: str) -> Callable[[Outcome], Rounds | None]:
    return lambda outcome: outcome.figure(OURS, name)


def _faults(outcome: Outcome) -> Rounds | None:
    entry = outcome.entries.get(OURS)
    if entry is None or not entry.rounds:
        return None
    total = float(sum(entry.faults.values()))
    return Rounds(total, total, total)


def _worst_growth(outcome: Outcome) -> Rounds | None:
    ratios = [float(row["ratio"]) for row in outcome.growth.get("operations", [])]
    return Rounds(max(ratios), min(ratios), max(ratios)) if ratios else None


def at_most(limit: float) -> Callable[[float], bool]:
    """Return what tells whether a figure keeps below a limit."""
    return lambda value: value <= limit


def at_least(limit: float) -> Callable[[float], bool]:
    """Return what tells whether a figure reaches a limit."""
    return lambda value: value >= limit


TARGETS = (
    Target("last of 1,000 screens, p50, to the peer's", "≤ 1.0", _ratio("latency.1000@10.last.p50_ms"), at_most(1.0)),
    Target("last of 1,000 screens, p95, to the peer's", "≤ 1.0", _ratio("latency.1000@10.last.p95_ms"), at_most(1.0)),
    Target(
        "deliveries per CPU second, 1,000 screens",
        "≥ 100,000",
        _figure("cpu.1000.deliveries_per_cpu_second"),
        at_least(100_000),
    ),
    Target("orders per CPU second, to the peer's", "≥ 0.5", _ratio("http.post.closed8.per_cpu_second"), at_least(0.5)),
    Target("taking an order at 50/s, p95, ms", "< 15", _figure("http.post.open50.p95_ms"), lambda value: value < 15),
    Target("KiB per idle socket, 1,000 sockets", "≤ 40", _figure("memory.1000.kib_per_socket"), at_most(40)),
    Target("KiB per idle socket, 5,000 sockets", "≤ 40", _figure("memory.5000.kib_per_socket"), at_most(40)),
    Target("sockets on one process", "≥ 5,000", _figure("memory.5000.live"), at_least(5000)),
    Target(
        "1,000 screens return at once: all caught up, ms",
        "≤ 5,000",
        _figure("storm.return.1000.caught_up_ms"),
        at_most(5000),
    ),
    Target("cost at the most orders to that at the fewest, worst operation", "≤ 1.2", _worst_growth, at_most(BAR)),
    Target("lost, doubled, out of order, foreign", "0", _faults, at_most(0)),
    Target(
        "longest wait for a heartbeat in the soak, s",
        "≤ 15",
        _figure("soak.longest_silence_seconds"),
        at_most(15),
    ),
    # One part in a thousand of what five thousand sockets may take.
    Target(
        "memory's growth in the soak, KiB a minute",
        "≤ 200",
        _figure("soak.slope_kib_per_minute"),
        at_most(200),
    ),
)


def table(outcome: Outcome) -> Table:
    """Show each target beside what was measured."""
    shown = Table("What it must reach", ("target", "wanted", "measured", ""))
    for target in TARGETS:
        found = target.find(outcome)
        if found is not None:
            shown.rows.append((target.text, target.want, cell(found), target.verdict(outcome)))
    return shown
