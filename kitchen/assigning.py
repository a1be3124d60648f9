"""Which station does a step: of those that can, the one with the least to do for its size."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from kitchen.models import Station


class Places:
    """The restaurant's stations while work is given out: what was taken here counts for the next step already.

    Work that is given out for good needs the stations locked, so that two orders at once don't overfill one.
    """

    def __init__(
        self,
        stations: Iterable[Station],
        *,
        loads: Mapping[int, int] | None = None,
        work: Mapping[int, int] | None = None,
    ) -> None:
        """``loads`` and ``work`` (half minutes) are what each station has got, or lost, beyond what its row says."""
        self.stations: Mapping[int, Station] = {station.pk: station for station in stations}
        self._taken: Counter[int] = Counter(loads)
        self._half_minutes: Counter[int] = Counter(work)

    def take(self, able: Sequence[int], minutes: int, *, is_first: bool) -> Station | None:
        """Give a step of so many minutes to one of the stations that can do it.

        The lowest load/capacity has it, then the least minutes of work for its capacity, then the one that is named
        first. Closed stations get nothing; where all that can do it are closed, any open station has it, and the
        first of them all where none is open. None where the step has no station.
        """
        known = [self.stations[pk] for pk in able if pk in self.stations]
        if not known:
            return None
        open_ones = [station for station in known if station.is_active]
        others = [station for station in self.stations.values() if station.is_active]
        candidates = open_ones or others or known[:1]
        chosen = candidates[0] if len(candidates) == 1 else min(candidates, key=self._fullness)
        if is_first:
            self._taken[chosen.pk] += 1
        self._half_minutes[chosen.pk] += 2 * minutes
        return chosen

    def leave(self, station_id: int, minutes: int) -> None:
        """Take a current step of so many minutes off its station, to give it out anew."""
        self._taken[station_id] -= 1
        self._half_minutes[station_id] -= 2 * minutes

    def _fullness(self, station: Station) -> tuple[float, float]:
        items = station.load + self._taken[station.pk]
        half_minutes = station.work + self._half_minutes[station.pk]
        return items / station.capacity, half_minutes / station.capacity
