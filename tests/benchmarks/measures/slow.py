"""One screen stops reading: whether the others notice, what it costs the server, and when it is cut."""

from __future__ import annotations

from tests.benchmarks.figures import named
from tests.benchmarks.load.results import ClosedPace, Run, Stall
from tests.benchmarks.measures.match import Match

BEFORE_SECONDS = 8.0
# One order after the other, each shown before the next: no server is faster with fifty screens.
MOST_PER_SECOND = 600


def measure(match: Match) -> None:
    """Send order after order without and with a screen that does not read, so that its socket is full soon."""
    plan = match.plan
    if match.connect(plan.slow_sockets) < plan.slow_sockets:
        return
    before = post_one_by_one(match, min(BEFORE_SECONDS, plan.slow_seconds))
    reason = match.generator.call("stall", match.contestant.dialect(), match.port, match.pids)
    if reason:
        match.note(f"the screen that stops reading could not join: {reason}")
        return
    beside = post_one_by_one(match, plan.slow_seconds)
    stall: Stall = match.generator.call("unstall")
    match.figures |= {
        **named("slow.without", "ms", before.to_last),
        **named("slow.beside", "ms", beside.to_last),
        "slow.grown_kib": stall.resident_kib_most - stall.resident_kib_before,
        "slow.orders": beside.answered,
    }
    if stall.cut_after_seconds is not None:
        match.figures["slow.cut_after_seconds"] = stall.cut_after_seconds
    else:
        match.note(
            f"the screen that stopped reading was not cut within {plan.slow_seconds:.0f} s and {beside.answered} orders"
        )
    match.leave()


def post_one_by_one(match: Match, seconds: float) -> Run:
    """Send each order when the one before has reached all screens that read."""
    requests, first = match.orders(max(1, int(MOST_PER_SECOND * seconds)))
    return match.send(requests, ClosedPace(lines=1, seconds=seconds, is_shown=True), first=first)
