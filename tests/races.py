"""Two who act on the same thing at the same moment: one made to wait for the other, or whoever comes first."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from django.db import connection

from orders.actors import Actor
from orders.errors import DomainError
from orders.units import open_unit
from tests.streams import on_own_connection

Act = Callable[[], Any]

_WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0
"""


def first_then(first: Act, second: Act, *, actor: Actor, seconds: float = 30) -> tuple[Any, Any]:
    """Have the first do its work, hold its COMMIT until the second waits for what it has locked, then let both end.

    ``actor`` is the first's. Return what each returned, an exception in the place of a result.
    """
    results: list[Any] = [None, None]
    worked, commit = threading.Event(), threading.Event()

    def lead() -> Any:
        try:
            with open_unit(actor):
                result = first()
                worked.set()
                assert commit.wait(seconds)
                return result
        finally:
            worked.set()

    def run(index: int, act: Act) -> None:
        results[index] = on_own_connection(act)

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate((lead, second))]
    threads[0].start()
    assert worked.wait(seconds)
    threads[1].start()
    _wait_until_blocked(threads[1], seconds)
    commit.set()
    for thread in threads:
        thread.join(seconds)
    assert not any(thread.is_alive() for thread in threads), "a writer hangs"
    return results[0], results[1]


def _wait_until_blocked(thread: threading.Thread, seconds: float) -> None:
    """Wait until the thread waits for a lock, or has ended without."""
    end = time.monotonic() + seconds
    while thread.is_alive():
        with connection.cursor() as cursor:
            cursor.execute(_WAITING)
            if cursor.fetchone()[0]:
                return
        assert time.monotonic() < end
        thread.join(0.01)


def outcome(result: Any) -> str:
    """Return ``done``, or the code of the refusal and who was there before; anything else is raised."""
    if isinstance(result, DomainError):
        by_name = result.extra.get("by_name") or result.extra.get("decided_by_name")
        if by_name is not None:
            at = result.extra.get("at") or result.extra["decided_at"]
            assert by_name in result.detail
            assert at in result.detail
        return f"{result.code} by {by_name}"
    if isinstance(result, BaseException):
        raise result
    return "done"
