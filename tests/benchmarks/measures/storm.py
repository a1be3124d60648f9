"""All screens at once: the morning's start, and the return after the network was gone."""

from __future__ import annotations

from tests.benchmarks.load.results import OpenPace, Storm
from tests.benchmarks.measures.match import Match

# What the screens have seen before they are cut, and what proves afterwards that they are live.
SEEN_ORDERS = 10
PROOF_ORDERS = 5
PACE = 10.0


def measure(match: Match) -> None:
    """Connect all at once; then cut all, let orders pass, and let all return at once."""
    sockets = match.plan.storm_sockets
    dialect = match.contestant.dialect()
    connect: Storm = match.generator.call("storm", sockets, dialect, match.port, match.pids)
    enter(match, f"storm.connect.{sockets}", connect, sockets)
    if match.connect(sockets) < sockets:
        return
    match.post(OpenPace(PACE), SEEN_ORDERS / PACE, keeps_cursor=True)
    missed, first = match.orders(match.plan.missed_orders)
    after, _ = match.orders(PROOF_ORDERS)
    back: Storm = match.generator.call("return_at_once", missed, after, match.port, match.pids, first=first)
    match.blame(back.faults)
    enter(match, f"storm.return.{sockets}", back, sockets)
    if dialect.resuming:
        match.figures[f"storm.return.{sockets}.caught_up_ms"] = back.caught_up_ms
    else:
        match.note(f"replays nothing: what was ordered while the screens were away ({len(missed)}) never reached them")
    match.leave()


def enter(match: Match, name: str, storm: Storm, sockets: int) -> None:
    """Enter how a storm went."""
    if storm.failures:
        match.note(f"{len(storm.failures)} of {sockets:,} screens did not come through: {storm.failures[0]}")
    match.figures |= {
        f"{name}.live": storm.live.count,
        f"{name}.p50_ms": storm.live.p50,
        f"{name}.all_live_ms": storm.all_live_ms,
        f"{name}.cpu_ms_per_screen": 1000 * storm.usage.server_cpu_seconds / sockets,
        f"{name}.generator_busy": storm.usage.generator_busy,
    }
