"""The load of each station, and the work that is left there.

Counted at the end of a unit of work from what it did to production items, so that the stations' rows are locked for
a moment only, by id, and two tickets at once never lose a count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from kitchen.models import KitchenOrderItem, Station
from kitchen.states import TO_MAKE, TicketItemStatus
from orders.reading import read_rows
from orders.units import Change, Unit, Values, at_unit_end


@at_unit_end
def count_loads(unit: Unit) -> None:
    """Add what the unit has brought to each station, and take off what it has finished."""
    loads, work = uncounted(unit)
    ids = sorted(pk for pk in loads.keys() | work.keys() if loads[pk] or work[pk])
    if not ids:
        return
    for station in _locked(unit, ids):
        station.load += loads[station.pk]
        station.work = max(0, station.work + work[station.pk])
        station.save()


def uncounted(unit: Unit) -> tuple[Counter[int], Counter[int]]:
    """Return what the unit has done to each station that its row does not say yet: (load, half minutes of work)."""
    loads: Counter[int] = Counter()
    work: Counter[int] = Counter()
    for change in unit.changes:
        if isinstance(change.instance, KitchenOrderItem):
            _count(change, loads, work)
    return loads, work


def _locked(unit: Unit, ids: list[int]) -> list[Station]:
    """Return the stations, locked in the order of their ids; a unit that holds one holds them all."""
    held = [station for pk in ids if (station := unit.held(Station, pk)) is not None]
    if len(held) == len(ids):
        return held
    return read_rows(Station, "WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", ids)


def _count(change: Change, loads: Counter[int], work: Counter[int]) -> None:
    before: Values = change.before or {}
    after = before | {name: new for name, (_, new) in change.fields.items()}
    for values, sign in (
        (before if change.kind != "created" else {}, -1),
        (after if change.kind != "deleted" else {}, 1),
    ):
        if not is_waiting(values):
            continue
        if values["station_id"]:
            loads[values["station_id"]] += sign
        for station_id, half_minutes in work_of(values).items():
            work[station_id] += sign * half_minutes


def is_waiting(values: Mapping[str, Any]) -> bool:
    """Whether an item of these values counts for its station: it is to be made, and its course is fired."""
    return bool(values) and values["status"] in TO_MAKE and not values["held"]


def work_of(values: Mapping[str, Any]) -> Counter[int]:
    """Return {station's id: half minutes} of the steps that are not done; half is left of a first one that is begun."""
    work: Counter[int] = Counter()
    for number, step in enumerate(values["steps"]):
        if step["done"] or not step["station_id"]:
            continue
        is_begun = number == 0 and values["status"] == TicketItemStatus.PREPARING
        work[step["station_id"]] += step["minutes"] * (1 if is_begun else 2)
    return work
