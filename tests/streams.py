"""What a restaurant's stream holds, as the tests read it; and writers that work at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
from django.db import DEFAULT_DB_ALIAS, connection, connections

from orders.models import Restaurant
from realtime.models import Event
from realtime.stream import head_of


def head(restaurant: Restaurant) -> int:
    """Return the number of the restaurant's last event."""
    return head_of(restaurant.pk).seq


def told(restaurant: Restaurant, *, after: int = 0) -> list[tuple[str, list[str]]]:
    """Return (type, rooms) of the restaurant's events after a number, in order."""
    rows = Event.objects.filter(restaurant=restaurant, seq__gt=after).order_by("seq")
    return [(row.type, row.rooms) for row in rows]


def types(restaurant: Restaurant, *, after: int = 0) -> list[str]:
    """Return the types of the restaurant's events after a number, in order."""
    return [name for name, _ in told(restaurant, after=after)]


def payloads(restaurant: Restaurant, kind: str, *, after: int = 0) -> list[dict[str, Any]]:
    """Return the payloads of the restaurant's events of a type, in order."""
    rows = Event.objects.filter(restaurant=restaurant, type=kind, seq__gt=after).order_by("seq")
    return [msgspec.json.decode(row.data) for row in rows]


@dataclass
class Heard:
    """What was announced in a block."""

    told: list[tuple[str, list[str]]] = field(default_factory=list)

    @property
    def types(self) -> list[str]:
        return [name for name, _ in self.told]


@contextmanager
def hearing(restaurant: Restaurant) -> Iterator[Heard]:
    """Collect what the restaurant's stream gains in the block."""
    before = head(restaurant)
    heard = Heard()
    try:
        yield heard
    finally:
        heard.told = told(restaurant, after=before)


def _leave_pool() -> None:
    """Connect this thread by itself: out of the pool only so many work at once, and the others wait."""
    own = connections[DEFAULT_DB_ALIAS]
    options = {name: value for name, value in own.settings_dict["OPTIONS"].items() if name != "pool"}
    own.settings_dict = {**own.settings_dict, "OPTIONS": options}


def on_own_connection(job: Callable[[], Any], start: threading.Barrier | None = None) -> Any:
    """Run a job in this thread with a connection of its own; return what it returned, or the exception."""
    _leave_pool()
    try:
        if start is not None:
            start.wait(60)
        return job()
    except Exception as error:  # noqa: BLE001 - the test judges it
        return error
    finally:
        connection.close()


def at_once(jobs: Sequence[Callable[[], Any]], *, seconds: float = 60) -> list[Any]:
    """Run the jobs at the same moment, each in a thread and with a connection of its own; return what each returned.

    An exception is returned in the place of a result.
    """
    results: list[Any] = [None] * len(jobs)
    start = threading.Barrier(len(jobs))

    def run(index: int) -> None:
        results[index] = on_own_connection(jobs[index], start)

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(jobs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(seconds)
    assert not any(thread.is_alive() for thread in threads), "a writer hangs"
    return results
