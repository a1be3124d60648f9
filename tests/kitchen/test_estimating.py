"""When an order will be ready: never before its longest item, never after all of it in one line behind the backlog."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitchen.estimating import minutes_until_ready, plain_sum
from kitchen.models import Station
from kitchen.production import ProductionStep

Way = list[tuple[int | None, int]]


def station(pk: int, capacity: int = 1, half_minutes: int = 0) -> Station:
    return Station(pk=pk, name=f"Station {pk}", capacity=capacity, work=half_minutes)


def steps(way: Way, *, done: int = 0) -> list[ProductionStep]:
    return [
        ProductionStep(f"Step {number}", minutes, station_id, "", (), done=number < done)
        for number, (station_id, minutes) in enumerate(way)
    ]


def estimate(ways: list[Way], *stations: Station, ahead: dict[int, int] | None = None) -> int:
    return minutes_until_ready([steps(way) for way in ways], {row.pk: row for row in stations}, ahead=ahead)


@pytest.mark.parametrize(
    ("ways", "stations", "minutes"),
    [
        ([], [], 0),
        ([[(1, 10)]], [station(1)], 10),
        ([[(1, 10)], [(1, 10)]], [station(1)], 20),
        ([[(1, 10)], [(1, 10)]], [station(1, capacity=2)], 10),
        ([[(1, 10)], [(1, 10)], [(1, 10)]], [station(1, capacity=2)], 20),
        ([[(1, 10)], [(2, 10)]], [station(1), station(2)], 10),
        ([[(1, 10), (2, 5)]], [station(1), station(2)], 15),
        # The longest way goes first: the second waits at the first station while the first is at the second.
        ([[(1, 5)], [(1, 5), (2, 20)]], [station(1), station(2)], 25),
        # Behind twenty minutes of others, on two places ten each.
        ([[(1, 10)]], [station(1, capacity=2, half_minutes=40)], 20),
        ([[(1, 10)]], [station(1, half_minutes=1)], 11),
        # The backlog of the second station is done while the first step is.
        ([[(1, 10), (2, 5)]], [station(1), station(2, half_minutes=20)], 15),
        ([[(None, 10)], [(None, 4)]], [station(1, half_minutes=99)], 10),
        ([[(7, 10)], [(7, 4)]], [station(1)], 10),
    ],
)
def test_estimate_is_the_longest_way_through_the_stations(
    ways: list[Way], stations: list[Station], minutes: int
) -> None:
    assert estimate(ways, *stations) == minutes


def test_steps_cost_nothing_when_they_are_done() -> None:
    left = steps([(1, 10), (1, 5)], done=1)

    assert minutes_until_ready([left], {1: station(1)}) == plain_sum([left]) == 5


def test_only_what_is_ahead_counts_when_it_is_said() -> None:
    busy = station(1, half_minutes=60)

    assert [estimate([[(1, 10)]], busy, ahead=ahead) for ahead in (None, {}, {1: 20}, {1: -4})] == [40, 10, 20, 10]


ways = st.lists(
    st.lists(st.tuples(st.sampled_from([None, 1, 2, 3]), st.integers(0, 40)), min_size=1, max_size=4), max_size=6
)
kitchens = st.tuples(
    *(st.builds(station, st.just(pk), capacity=st.integers(1, 3), half_minutes=st.integers(0, 80)) for pk in (1, 2, 3))
)


def longest(ways: list[Way]) -> int:
    return max((sum(minutes for _, minutes in way) for way in ways), default=0)


@given(ways=ways, kitchen=kitchens)
def test_estimate_is_never_less_than_the_longest_item_takes(ways: list[Way], kitchen: tuple[Station, ...]) -> None:
    assert estimate(ways, *kitchen) >= longest(ways)


@given(ways=ways, kitchen=kitchens)
def test_estimate_is_never_less_than_a_stations_work_over_its_places(
    ways: list[Way], kitchen: tuple[Station, ...]
) -> None:
    ready = estimate(ways, *kitchen)

    for row in kitchen:
        here = sum(minutes for way in ways for station_id, minutes in way if station_id == row.pk)
        if here:
            assert ready >= (row.work / 2 + here) / row.capacity - 1e-6


@given(ways=ways, kitchen=kitchens)
def test_estimate_is_never_more_than_all_steps_in_one_line_behind_the_longest_backlog(
    ways: list[Way], kitchen: tuple[Station, ...]
) -> None:
    backlog = max(row.work / 2 / row.capacity for row in kitchen)

    assert estimate(ways, *kitchen) <= math.ceil(backlog + plain_sum(steps(way) for way in ways))


@given(ways=ways)
def test_estimate_is_the_longest_item_when_there_is_a_place_for_each_and_nothing_waits(ways: list[Way]) -> None:
    roomy = [station(pk, capacity=max(1, len(ways))) for pk in (1, 2, 3)]

    assert estimate(ways, *roomy) == longest(ways)


@given(ways=ways, kitchen=kitchens)
def test_estimate_is_the_same_when_asked_again(ways: list[Way], kitchen: tuple[Station, ...]) -> None:
    # No more than that: a place or a station more may make it later (R. L. Graham's anomalies).
    assert estimate(ways, *kitchen) == estimate(ways, *kitchen)
