"""Five thousand screens for many minutes: memory stays flat, heartbeats come on time, nothing is lost."""

from __future__ import annotations

import time

from tests.benchmarks.figures import slope_per_minute
from tests.benchmarks.load.results import OpenPace
from tests.benchmarks.load.usage import resident_kib
from tests.benchmarks.measures.match import Match

PACE = 1.0
# Until then the server's memory finds its level: pools, caches and buffers fill.
SETTLING_SHARE = 0.2


def measure(match: Match) -> None:
    """Take an order a second, and look at the server's memory every few seconds."""
    plan = match.plan
    if not plan.soak_minutes or match.connect(plan.soak_sockets) < plan.soak_sockets:
        return
    samples: list[tuple[float, float]] = []
    began = time.monotonic()
    length = 60 * plan.soak_minutes
    while (passed := time.monotonic() - began) < length:
        samples.append((passed, resident_kib(match.pids)))
        match.post(OpenPace(PACE), plan.soak_sample_seconds)
    samples.append((time.monotonic() - began, resident_kib(match.pids)))
    settled = [sample for sample in samples if sample[0] >= SETTLING_SHARE * length]
    match.figures |= {
        "soak.sockets": plan.soak_sockets,
        "soak.minutes": samples[-1][0] / 60,
        "soak.first_kib": settled[0][1],
        "soak.last_kib": settled[-1][1],
        "soak.slope_kib_per_minute": slope_per_minute(settled),
        "soak.longest_silence_seconds": match.generator.call("silence"),
    }
    match.leave()
