"""What else the machine was doing: a benchmark on a shared machine says so, or it lies."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.benchmarks.load.usage import TICKS_PER_SECOND, tree_cpu_seconds

SPIN_LOOPS = 400_000
SPINS = 5
# The columns of /proc/stat's cpu lines.
USER, NICE, SYSTEM, IDLE, IOWAIT, IRQ, SOFTIRQ, STEAL = range(8)


def spin_milliseconds() -> float:
    """Return how long a fixed piece of work takes on this core: the fastest of a few tries."""
    best = float("inf")
    for _ in range(SPINS):
        began = time.perf_counter()
        total = 0
        for number in range(SPIN_LOOPS):
            total ^= number
        best = min(best, time.perf_counter() - began)
    return 1000 * best


@contextlib.contextmanager
def on_core(core: int) -> Iterator[None]:
    """Run this process on one core for a moment."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def machine_seconds() -> tuple[float, float]:
    """Return the CPU seconds of the whole machine that anybody used, and that the host took away."""
    columns = [int(ticks) for ticks in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
    used = sum(columns[column] for column in (USER, NICE, SYSTEM, IRQ, SOFTIRQ))
    return used / TICKS_PER_SECOND, columns[STEAL] / TICKS_PER_SECOND


class Noise:
    """Watches over one match."""

    def __init__(self, cores: Iterable[int]) -> None:
        """Work for a moment on each core, and begin to watch."""
        self.spins = {}
        for core in cores:
            with on_core(core):
                self.spins[core] = spin_milliseconds()
        self.began = time.monotonic()
        self.used, self.stolen = machine_seconds()
        self.ours = tree_cpu_seconds(os.getpid())

    def figures(self) -> dict[str, float]:
        """End; return the spins in milliseconds, and the shares of the whole machine that were not ours."""
        used, stolen = machine_seconds()
        ours = tree_cpu_seconds(os.getpid()) - self.ours
        capacity = (time.monotonic() - self.began) * (os.cpu_count() or 1)
        return {
            **{f"noise.spin_core{core}_ms": spin for core, spin in self.spins.items()},
            "noise.others_share": max(0.0, used - self.used - ours) / capacity,
            "noise.stolen_share": (stolen - self.stolen) / capacity,
        }
