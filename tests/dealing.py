"""Deals the tests out to the processes that run them, each to whoever is free; a few of them in pieces."""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

# What one process must do, one test after the other: what their ids begin with, and why.
PIECES = {
    "tests/benchmarks/test_contestants.py": "all serve on the same core",
    "tests/benchmarks/test_run.py": "all serve on the same core",
    "tests/benchmarks/test_growth.py": "look at the same twenty thousand orders",
    "tests/browser/": "one Chromium takes what there is of a machine",
    "tests/config/test_up.py": "look at the same restaurant",
    "tests/flows/reconcile/test_run.py": "the longest of all",
}


def piece_of(test: str) -> str | None:
    """Return which piece a test belongs to, by its id; None where any process may run it at any time."""
    return next((why for beginning, why in PIECES.items() if test.startswith(beginning)), None)


class Dealer(LoadScopeScheduling):
    """Gives a piece to one process as a whole, and anything else one by one."""

    def _split_scope(self, nodeid: str) -> str:
        # pytest-xdist's own way, the mark xdist_group, does nothing with pytest 9.2.
        return piece_of(nodeid) or nodeid
