"""From the first byte of an order to the first, each and the last of many screens, at a pace that builds no queue."""

from __future__ import annotations

from tests.benchmarks.figures import named
from tests.benchmarks.load.results import ClosedPace, OpenPace, Run
from tests.benchmarks.measures.match import Match

# A pace is tried where it takes at most this share of the server's and of the generator's core.
ROOM = 0.8
# What is measured where none of the plan's paces can be kept: far too few for a percentile, and better than nothing.
LAST_RESORT = 1.0
# Percentiles of fewer are not worth their name.
FEWEST_ORDERS = 30


def measure(match: Match) -> None:
    """Measure every number of screens at every pace that can be kept."""
    for sockets in match.plan.sockets:
        if match.connect(sockets) == sockets:
            paces = feasible(match, sockets)
            for pace in paces:
                seconds = max(match.plan.paced_seconds, min(FEWEST_ORDERS / pace, 3 * match.plan.paced_seconds))
                enter(match, f"{sockets}@{pace:g}", match.post(OpenPace(pace), seconds))
    match.leave()


def feasible(match: Match, sockets: int) -> list[float]:
    """Return the paces that leave room on both cores, from what one order after the other costs."""
    probe = match.post(ClosedPace(lines=1, seconds=match.plan.probe_seconds, is_shown=True), match.plan.probe_seconds)
    if not probe.answered:
        return []
    server = probe.usage.server_cpu_seconds / probe.answered
    generator = probe.usage.generator_cpu_seconds / probe.answered
    dearest = max(server, generator)
    paces = [pace for pace in match.plan.paces if pace * dearest <= ROOM]
    for pace in match.plan.paces:
        if pace not in paces:
            match.note(
                f"{sockets:,} screens at {pace:g} orders/s: not tried, an order costs the server "
                f"{1000 * server:.0f} ms and the load generator {1000 * generator:.0f} ms of CPU"
            )
    return paces or ([LAST_RESORT] if dearest * LAST_RESORT <= ROOM else [])


def enter(match: Match, name: str, run: Run) -> None:
    """Enter what a run of orders gave."""
    if not run.answered:
        return
    match.figures |= {
        **named(f"latency.{name}.first", "ms", run.to_first),
        **named(f"latency.{name}.each", "ms", run.to_each),
        **named(f"latency.{name}.last", "ms", run.to_last),
        **named(f"latency.{name}.answer", "ms", run.latency),
        f"latency.{name}.orders": run.answered,
        f"latency.{name}.sent_late.p99_ms": run.sent_late.p99,
        f"latency.{name}.server_busy": run.usage.server_busy,
        f"latency.{name}.generator_busy": run.usage.generator_busy,
    }
    if run.usage.server_cpu_seconds and run.deliveries:
        match.figures[f"latency.{name}.deliveries_per_cpu_second"] = run.deliveries / run.usage.server_cpu_seconds
    if run.deliveries:
        per_order = 1000 * run.usage.generator_cpu_seconds / run.answered
        match.figures[f"latency.{name}.generator_ms_per_order"] = per_order
