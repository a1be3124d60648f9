"""Who takes part, by name."""

from __future__ import annotations

from tests.benchmarks.contestants.base import Contestant
from tests.benchmarks.contestants.brigade import Brigade, BrigadeOnDaphne

CONTESTANTS: dict[str, type[Contestant]] = {contestant.name: contestant for contestant in (Brigade, BrigadeOnDaphne)}
