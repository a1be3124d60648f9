"""What an idle screen costs the server in memory."""

from __future__ import annotations

from tests.benchmarks.load.usage import resident_kib
from tests.benchmarks.measures.match import Match


def measure(match: Match) -> None:
    """Compare the server's resident memory before and after so many screens joined; nothing is ordered meanwhile."""
    wait(match)
    before = resident_kib(match.pids)
    match.figures["memory.empty_kib"] = before
    for sockets in match.plan.memory_sockets:
        live = match.connect(sockets)
        wait(match)
        match.figures[f"memory.{sockets}.live"] = live
        if live == sockets:
            match.figures[f"memory.{sockets}.kib_per_socket"] = (resident_kib(match.pids) - before) / sockets
    match.leave()


def wait(match: Match) -> None:
    """Let the server come to rest."""
    match.generator.call("wait", match.plan.settle_seconds)
