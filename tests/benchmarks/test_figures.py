from __future__ import annotations

import pytest

from tests.benchmarks.figures import (
    NS_PER_MS,
    Rounds,
    Spread,
    named,
    over_rounds,
    percentile,
    ratio_over_rounds,
    slope_per_minute,
    spread,
)


@pytest.mark.parametrize(("share", "expected"), [(0.5, 50), (0.95, 95), (0.99, 99), (1.0, 100), (0.001, 1)])
def test_percentile_is_the_nearest_rank_when_values_are_in_order(share: float, expected: int) -> None:
    assert percentile(range(1, 101), share) == expected


def test_percentile_is_a_measured_value_when_there_is_one_only() -> None:
    assert percentile([7], 0.99) == 7


def test_spread_is_in_milliseconds_when_nanoseconds_are_divided() -> None:
    values = [number * NS_PER_MS for number in (4, 1, 3, 2)]

    assert spread(values, unit=NS_PER_MS) == Spread(count=4, p50=2.0, p95=4.0, p99=4.0, worst=4.0)


def test_no_figure_is_named_when_nothing_was_measured() -> None:
    assert named("post", "ms", spread([])) == {}


def test_figures_carry_their_unit_when_named() -> None:
    figures = named("post", "ms", spread([1.0]))

    assert figures == {"post.p50_ms": 1.0, "post.p95_ms": 1.0, "post.p99_ms": 1.0, "post.worst_ms": 1.0}


def test_median_stands_with_its_range_when_there_are_rounds() -> None:
    assert over_rounds([3.0, 1.0, 2.0]) == Rounds(median=2.0, least=1.0, most=3.0)
    assert over_rounds([]) is None


def test_ratio_is_taken_within_each_round_when_one_round_was_disturbed() -> None:
    ours = [{"p50": 10.0}, {"p50": 100.0}, {"p50": 12.0}]
    theirs = [{"p50": 20.0}, {"p50": 200.0}, {"p50": 12.0}]

    assert ratio_over_rounds(ours, theirs, "p50") == Rounds(median=0.5, least=0.5, most=1.0)


def test_round_is_left_out_of_a_ratio_when_either_lacks_the_figure() -> None:
    ours = [{"p50": 10.0}, {}, {"p50": 30.0}]
    theirs = [{"p50": 10.0}, {"p50": 10.0}, {"p50": 0.0}]

    assert ratio_over_rounds(ours, theirs, "p50") == Rounds(1.0, 1.0, 1.0)
    assert ratio_over_rounds([{}], theirs, "p50") is None


def test_slope_is_per_minute_when_samples_are_seconds_apart() -> None:
    samples = [(second, 1000 + 2 * second) for second in range(0, 60, 10)]

    assert slope_per_minute([(float(at), float(value)) for at, value in samples]) == pytest.approx(120.0)


def test_slope_is_zero_when_there_is_one_sample() -> None:
    assert slope_per_minute([(0.0, 5.0)]) == 0.0
