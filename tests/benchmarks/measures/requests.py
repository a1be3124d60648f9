"""What a till feels: taking an order, changing one and listing the open ones, at a pace and as fast as it goes."""

from __future__ import annotations

from collections.abc import Callable

from tests.benchmarks.contestants.base import OrderTaker
from tests.benchmarks.figures import named
from tests.benchmarks.load.results import ClosedPace, OpenPace, Run
from tests.benchmarks.measures.match import Match, requests_for

Requests = Callable[[int], tuple[list[bytes], int | None]]
"""Gives so many requests, and the number of the first order where screens are told of them."""


def measure(match: Match) -> None:
    """Measure each kind of request, one screen watching that nothing is lost."""
    contestant = match.contestant
    if not isinstance(contestant, OrderTaker):
        return
    match.connect(1)
    ids: list[int] = []

    def posts(count: int) -> tuple[list[bytes], int | None]:
        return match.orders(count)

    def patches(count: int) -> tuple[list[bytes], int | None]:
        return match.changes(contestant, ids, count)

    def lists(count: int) -> tuple[list[bytes], int | None]:
        return match.wires([contestant.list()]) * count, None

    ids += [contestant.order_id(body) for body in paces(match, "post", posts, keeps_bodies=True)]
    if ids:
        paces(match, "patch", patches)
    paces(match, "list", lists)
    match.leave()


def paces(match: Match, kind: str, requests: Requests, *, keeps_bodies: bool = False) -> list[bytes]:
    """Measure one kind of request in an open loop and in closed ones; return the answers where they are wanted."""
    plan = match.plan
    bodies: list[bytes] = []
    tries: tuple[tuple[str, OpenPace | ClosedPace, float], ...] = (
        (f"open{plan.http_pace:g}", OpenPace(plan.http_pace), plan.http_seconds),
        ("closed1", ClosedPace(1, plan.closed_seconds), plan.closed_seconds),
        ("closed8", ClosedPace(8, plan.closed_seconds), plan.closed_seconds),
    )
    for name, pace, seconds in tries:
        sent, first = requests(requests_for(pace, seconds))
        run = match.send(sent, pace, first=first, keeps_bodies=keeps_bodies)
        enter(match, f"{kind}.{name}", run)
        bodies += run.bodies
    return bodies


def enter(match: Match, name: str, run: Run) -> None:
    """Enter what a run of requests gave."""
    if not run.answered:
        return
    match.figures |= {
        **named(f"http.{name}", "ms", run.latency),
        f"http.{name}.per_second": run.answered / run.usage.wall_seconds,
        f"http.{name}.sent_late.p99_ms": run.sent_late.p99,
        f"http.{name}.generator_busy": run.usage.generator_busy,
    }
    if run.usage.server_cpu_seconds:
        match.figures |= {
            f"http.{name}.cpu_ms": 1000 * run.usage.server_cpu_seconds / run.answered,
            f"http.{name}.per_cpu_second": run.answered / run.usage.server_cpu_seconds,
        }
