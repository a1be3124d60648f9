"""What is measured, how often and how long: the options of `manage.py bench` as numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from tests.benchmarks.growth import ROUNDS, SIZES

MEASURES = ("memory", "http", "latency", "cpu", "storm", "slow", "soak", "growth")
"""In this order, as memory is for a server that has done little yet."""

ONCE = ("slow", "soak")
"""Measured in the first round only: they take long, and are no figure that a noisy minute changes."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The benchmark's dimensions. The README's figures are made with these."""

    contestants: tuple[str, ...] = ()
    """By name; none for all."""
    only: tuple[str, ...] = ("memory", "http", "latency", "cpu", "storm", "slow")
    rounds: int = 3
    sockets: tuple[int, ...] = (100, 1000, 3000)
    paces: tuple[float, ...] = (10.0, 50.0)
    """Orders per second while the way to the screens is measured; a contestant is spared what it cannot do."""
    paced_seconds: float = 8.0
    probe_seconds: float = 1.0
    http_pace: float = 50.0
    http_seconds: float = 6.0
    closed_seconds: float = 3.0
    capacity_sockets: int = 1000
    capacity_seconds: float = 5.0
    storm_sockets: int = 1000
    missed_orders: int = 20
    memory_sockets: tuple[int, ...] = (1000, 5000)
    settle_seconds: float = 2.0
    slow_sockets: int = 50
    slow_seconds: float = 40.0
    warm_up_seconds: float = 2.0
    soak_minutes: float = 0.0
    soak_sockets: int = 5000
    soak_sample_seconds: float = 10.0
    growth_sizes: tuple[int, ...] = SIZES
    growth_rounds: int = ROUNDS
    json_path: Path | None = None
    compare_path: Path | None = None
    is_readme: bool = False

    def takes(self, measure: str, round_number: int) -> bool:
        """Tell whether a round (from 1) has a measure."""
        return measure in self.only and (round_number == 1 or measure not in ONCE)


def quick(plan: Plan) -> Plan:
    """Shrink a plan to a smoke test: whether everything runs, and no figure to show anybody."""
    return replace(
        plan,
        rounds=1,
        sockets=(20, 50),
        paces=(20.0,),
        paced_seconds=1.0,
        probe_seconds=0.2,
        http_seconds=1.0,
        closed_seconds=0.5,
        capacity_sockets=50,
        capacity_seconds=0.5,
        storm_sockets=50,
        missed_orders=5,
        memory_sockets=(100,),
        settle_seconds=0.2,
        slow_sockets=10,
        slow_seconds=2.0,
        warm_up_seconds=0.3,
        soak_sockets=50,
        soak_sample_seconds=1.0,
        growth_sizes=(1_000, 2_000),
        growth_rounds=1,
    )
