"""One screen stops reading: whether the others notice, what it costs the server, and when it is cut."""

from __future__ import annotations

from tests.benchmarks.figures import named
from tests.benchmarks.load.results import ClosedPace, OpenPace, Stall
from tests.benchmarks.measures.match import Match

# As fast as the server can do it at leisure: the sooner the socket of the one that does not read is full.
PACES = (100.0, 50.0, 20.0, 10.0, 1.0)
ROOM = 0.6
BEFORE_SECONDS = 8.0


def measure(match: Match) -> None:
    """Send orders without and with a screen that does not read."""
    plan = match.plan
    if match.connect(plan.slow_sockets) < plan.slow_sockets:
        return
    pace = OpenPace(fitting(match))
    before = match.post(pace, min(BEFORE_SECONDS, plan.slow_seconds))
    reason = match.generator.call("stall", match.contestant.dialect(), match.port, match.pids)
    if reason:
        match.note(f"the screen that stops reading could not join: {reason}")
        return
    beside = match.post(pace, plan.slow_seconds)
    stall: Stall = match.generator.call("unstall")
    match.figures |= {
        "slow.pace_per_second": pace.per_second,
        **named("slow.without", "ms", before.to_last),
        **named("slow.beside", "ms", beside.to_last),
        "slow.grown_kib": stall.resident_kib_most - stall.resident_kib_before,
    }
    if stall.cut_after_seconds is not None:
        match.figures["slow.cut_after_seconds"] = stall.cut_after_seconds
    else:
        match.note(f"the screen that stopped reading was not cut within {plan.slow_seconds:.0f} s")
    match.leave()


def fitting(match: Match) -> float:
    """Return the fastest pace that leaves the server room."""
    probe = match.post(ClosedPace(lines=1, seconds=match.plan.probe_seconds, is_shown=True), match.plan.probe_seconds)
    cost = probe.usage.server_cpu_seconds / probe.answered if probe.answered else 1.0
    return next((pace for pace in PACES if pace * cost <= ROOM), PACES[-1])
