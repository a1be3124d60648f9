"""When an order will be ready: the longest way through the stations, behind the work that waits there.

List scheduling (R. L. Graham, "Bounds on Multiprocessing Timing Anomalies", 1969): items with the longest way left go
first, each step takes the place at its station that is free soonest, and begins when the step before it is done.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Mapping, Sequence

from kitchen.models import Station
from kitchen.production import ProductionStep


def minutes_until_ready(
    items: Iterable[Sequence[ProductionStep]],
    stations: Mapping[int, Station],
    *,
    ahead: Mapping[int, int] | None = None,
) -> int:
    """Return whole minutes until the last of the items is made, each given as its steps.

    A station's places become free as the work before that is spread over them: ``ahead``, in half minutes by station,
    or else all that is there (``Station.work``). Steps that are done, and stations of which nothing is known, cost
    nothing of that.
    """
    ways = [[step for step in steps if not step.done] for steps in items]
    free = {
        pk: _free_places(station.capacity, station.work if ahead is None else max(0, ahead.get(pk, 0)))
        for pk, station in stations.items()
    }
    finished = 0.0
    # Who can begin first, and of those who has the longest way left: (since when, minus minutes left, which, where).
    waiting = [(0.0, -sum(step.minutes for step in way), number, 0) for number, way in enumerate(ways) if way]
    heapq.heapify(waiting)
    while waiting:
        since, left, number, place = heapq.heappop(waiting)
        step = ways[number][place]
        places = free.get(step.station_id or 0)
        begins = max(since, heapq.heappop(places)) if places else since
        ends = begins + step.minutes
        if places is not None:
            heapq.heappush(places, ends)
        if place + 1 < len(ways[number]):
            heapq.heappush(waiting, (ends, left + step.minutes, number, place + 1))
        else:
            finished = max(finished, ends)
    return math.ceil(finished)


def _free_places(capacity: int, half_minutes: int) -> list[float]:
    return [half_minutes / 2 / capacity] * capacity


def plain_sum(items: Iterable[Sequence[ProductionStep]]) -> int:
    """Return the minutes of all steps that are not done, one after the other: what an estimate must be better than."""
    return sum(step.minutes for steps in items for step in steps if not step.done)
