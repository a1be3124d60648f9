"""One process for each size, with its own database: does what the line on its input says, and answers in a line.

So that sizes can be measured in turn within one run, and what disturbs one disturbs the others too.
"""

from __future__ import annotations

import gc
import json
import logging
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

import django
from django.core.management import call_command


def _answer(**what: Any) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def _load(orders: int) -> dict[str, Any]:
    from tests.benchmarks.growing.loading import load  # noqa: PLC0415 - needs the settings

    def progress(what: str, done: int, total: int) -> None:
        _answer(progress=[what, done, total])

    call_command("migrate", verbosity=0)
    loaded = load(orders, progress=progress)
    return {**asdict(loaded), "rows_per_second": loaded.rows_per_second}


class _Clock:
    """Tells the CPU time of this process and of its own server process in PostgreSQL, in milliseconds.

    Other work on the machine makes everything slower, but takes no time of these two. Zero for a server elsewhere.
    """

    def __init__(self) -> None:
        from django.db import connection  # noqa: PLC0415 - needs the settings

        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_backend_pid(), inet_server_addr() IS NULL OR host(inet_server_addr()) LIKE '127.%'"
            )
            pid, is_here = cursor.fetchone()
        path = Path(f"/proc/{pid}/schedstat")
        self.path = path if is_here and path.exists() else None

    def read(self) -> float:
        """Return the milliseconds so far."""
        if self.path is None:
            return 0.0
        return time.process_time() * 1000 + int(self.path.read_text().split()[0]) / 1e6


class _Measuring:
    """Knows the operations, and runs them."""

    def __init__(self) -> None:
        from tests.benchmarks.growing.operations import Grown, operations  # noqa: PLC0415

        self.grown = Grown()
        self.clock = _Clock()
        self.operations = {operation.title: operation for operation in operations()}

    def titles(self) -> dict[str, Any]:
        """Return the names of all operations."""
        return {"titles": list(self.operations)}

    def run(self, title: str, times: int) -> dict[str, Any]:
        """Run an operation so often; return the milliseconds of each, also of the CPU, and how much it brought."""
        operation = self.operations[title]
        self.grown.sign_in()
        milliseconds, cpu_milliseconds = [], []
        brought = 0
        gc.collect()
        gc.disable()
        with self.grown.restored() if operation.writes else nullcontext():
            for _ in range(times):
                cpu, began = self.clock.read(), time.perf_counter()
                brought = operation.run(self.grown)
                milliseconds.append((time.perf_counter() - began) * 1000)
                cpu_milliseconds.append(self.clock.read() - cpu)
        gc.enable()
        return {"milliseconds": milliseconds, "cpu_milliseconds": cpu_milliseconds, "brought": brought}

    def explain(self, title: str) -> dict[str, Any]:
        """Return what an operation takes: statements, buffers, rows, the tables it reads whole, the plans."""
        from tests.benchmarks.growing.plans import explain  # noqa: PLC0415

        self.grown.sign_in()
        explained = explain(self.operations[title], self.grown)
        return {
            "statements": len(explained.statements),
            "buffers": explained.buffers,
            "rows": explained.rows,
            "seq_scans": explained.seq_scans,
            "text": explained.text(),
        }

    def unused(self) -> dict[str, Any]:
        """Return the indexes that nothing has read."""
        from tests.benchmarks.growing.plans import unused_indexes  # noqa: PLC0415

        return {"unused": unused_indexes()}


def main() -> None:
    """Serve the lines on the input until it ends."""
    django.setup()
    logging.disable(logging.WARNING)
    measuring: _Measuring | None = None
    for line in sys.stdin:
        order: dict[str, Any] = json.loads(line)
        name = order.pop("do")
        if name == "load":
            _answer(**_load(**order))
            continue
        measuring = measuring or _Measuring()
        work: Callable[..., dict[str, Any]] = getattr(measuring, name)
        _answer(**work(**order))


if __name__ == "__main__":
    main()
