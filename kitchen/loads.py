"""The load of each station: how many production items are in work or wait there.

Counted at the end of a unit of work from what it did to production items, so that the stations' rows are locked for
a moment only, by id, and two tickets at once never lose a count.
"""

from __future__ import annotations

from collections import Counter

from kitchen.models import KitchenOrderItem, Station
from kitchen.states import TO_MAKE
from orders.units import Change, Unit, Values, at_unit_end


@at_unit_end
def count_loads(unit: Unit) -> None:
    """Add what the unit has brought to each station, and take off what it has finished."""
    delta: Counter[int] = Counter()
    for change in unit.changes:
        if isinstance(change.instance, KitchenOrderItem):
            _count(change, delta)
    ids = sorted(station_id for station_id, difference in delta.items() if difference)
    if not ids:
        return
    for station in Station.objects.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True):
        station.load += delta[station.pk]
        station.save()


def _count(change: Change, delta: Counter[int]) -> None:
    before: Values = change.before or {}
    after = before | {name: new for name, (_, new) in change.fields.items()}
    if change.kind != "created" and before["status"] in TO_MAKE and before["station_id"]:
        delta[before["station_id"]] -= 1
    if change.kind != "deleted" and after["status"] in TO_MAKE and after["station_id"]:
        delta[after["station_id"]] += 1
