"""What a second of the server's CPU gives, orders and deliveries, while it takes orders as fast as screens follow."""

from __future__ import annotations

from tests.benchmarks.load.results import ClosedPace
from tests.benchmarks.measures.match import Match

LINES = 4


def measure(match: Match) -> None:
    """Keep a few orders on their way at any time; each has reached all screens before the next is sent."""
    sockets = match.plan.capacity_sockets
    if match.connect(sockets) < sockets:
        return
    seconds = match.plan.capacity_seconds
    run = match.post(ClosedPace(LINES, seconds, is_shown=True), seconds)
    usage = run.usage
    if run.deliveries and usage.server_cpu_seconds:
        match.figures |= {
            f"cpu.{sockets}.deliveries_per_cpu_second": run.deliveries / usage.server_cpu_seconds,
            f"cpu.{sockets}.orders_per_cpu_second": run.answered / usage.server_cpu_seconds,
            f"cpu.{sockets}.deliveries_per_second": run.deliveries / usage.wall_seconds,
            f"cpu.{sockets}.server_busy": usage.server_busy,
            f"cpu.{sockets}.generator_busy": usage.generator_busy,
            f"cpu.{sockets}.generator_deliveries_per_cpu_second": run.deliveries / usage.generator_cpu_seconds,
        }
    match.leave()
