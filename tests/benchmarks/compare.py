"""Puts two outcomes side by side: what became faster, what became slower."""

from __future__ import annotations

from tests.benchmarks.outcome import Outcome
from tests.benchmarks.tables import Table, cell, number

# Figures that describe a run, and are no result of it.
DESCRIBING = ("noise.", "memory.empty")
DESCRIBING_ENDS = (".worst_ms", ".orders", ".live", "_busy", ".generator_ms_per_order", ".sent_late.p99_ms")


def table(new: Outcome, old: Outcome) -> Table:
    """Show each figure that both have, and the new one divided by the old one."""
    shown = Table(
        f"New ({new.date} {new.commit}) beside old ({old.date} {old.commit})", ("figure", "old", "new", "new/old")
    )
    for name, entry in new.entries.items():
        for figure in entry.names():
            if figure.startswith(DESCRIBING) or figure.endswith(DESCRIBING_ENDS):
                continue
            now, before = entry.figure(figure), old.figure(name, figure)
            if now is not None and before is not None and before.median:
                shown.rows.append((f"{name} {figure}", cell(before), cell(now), number(now.median / before.median)))
    return shown
