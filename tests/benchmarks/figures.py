"""Turns many measured values into the few that a table shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from statistics import median

NS_PER_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class Spread:
    """How many values there were, where the middle, the slow end and the slowest of them lie; all in one unit."""

    count: int
    p50: float
    p95: float
    p99: float
    worst: float


@dataclass(frozen=True, slots=True)
class Rounds:
    """One figure over all rounds: the median, and the least and most beside it."""

    median: float
    least: float
    most: float


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the value that a share of all values does not exceed (nearest rank); the values are in order."""
    return ordered[max(0, ceil(share * len(ordered)) - 1)]


def spread(values: Iterable[float], *, unit: float = 1.0) -> Spread:
    """Sum values up, each divided by ``unit`` (``NS_PER_MS`` makes milliseconds of nanoseconds)."""
    ordered = sorted(values)
    if not ordered:
        return Spread(0, 0.0, 0.0, 0.0, 0.0)
    p50, p95, p99 = (percentile(ordered, share) / unit for share in (0.50, 0.95, 0.99))
    return Spread(len(ordered), p50, p95, p99, ordered[-1] / unit)


def named(prefix: str, unit: str, values: Spread) -> dict[str, float]:
    """Name the four values of a spread: ``prefix.p50_unit`` and so on; none where nothing was measured."""
    if not values.count:
        return {}
    return {
        f"{prefix}.p50_{unit}": values.p50,
        f"{prefix}.p95_{unit}": values.p95,
        f"{prefix}.p99_{unit}": values.p99,
        f"{prefix}.worst_{unit}": values.worst,
    }


def over_rounds(values: Sequence[float]) -> Rounds | None:
    """Return the median of the rounds' values and their range; None where no round has one."""
    return Rounds(median(values), min(values), max(values)) if values else None


def values_of(rounds: Iterable[Mapping[str, float]], name: str) -> list[float]:
    """Return what each round measured for a figure, leaving out the rounds that did not get there."""
    return [figures[name] for figures in rounds if name in figures]


def ratio_over_rounds(
    ours: Sequence[Mapping[str, float]], theirs: Sequence[Mapping[str, float]], name: str
) -> Rounds | None:
    """Divide our figure by theirs, round by round, so that what disturbed a whole round falls out; then the median."""
    pairs = [
        (own[name], other[name])
        for own, other in zip(ours, theirs, strict=False)
        if name in own and other.get(name, 0.0) > 0
    ]
    return over_rounds([own / other for own, other in pairs])


def slope_per_minute(samples: Sequence[tuple[float, float]]) -> float:
    """Return by how much a value rises in a minute: least squares over (seconds, value)."""
    if len(samples) < 2:
        return 0.0
    mid_time = sum(time for time, _ in samples) / len(samples)
    mid_value = sum(value for _, value in samples) / len(samples)
    spread_of_time = sum((time - mid_time) ** 2 for time, _ in samples)
    together = sum((time - mid_time) * (value - mid_value) for time, value in samples)
    return 60 * together / spread_of_time if spread_of_time else 0.0
