"""How costs grow: the same operations at 1,000, 100,000 and 1,000,000 orders, ten events each.

Each size has a database and a process of its own, and all sizes are asked in turn, so that what disturbs one disturbs
the others. `python -m tests.benchmarks.growth` runs it alone; `manage.py bench --growth` makes it part of the whole.
"""

from __future__ import annotations

import json
import os
import secrets
import statistics
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TextIO
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from config.local.supervisor import LocalServices
from config.progress import Step
from tests.benchmarks.contestants.processes import ROOT, plain_environment

SIZES = (1_000, 100_000, 1_000_000)
ROUNDS = 15
# What one operation may take in one round at one size; a slow one is run once.
ROUND_SECONDS = 0.06
MOST_TIMES = 25
# The bar: no figure grows by more.
BAR = 1.20


class GrowthError(Exception):
    """The growth cannot be measured; the text is one line."""


@dataclass(slots=True)
class Worker:
    """The process of one size."""

    size: int
    process: subprocess.Popen[str]

    def ask(self, step: Step | None = None, **order: Any) -> dict[str, Any]:
        """Send an order and wait for the answer; raises GrowthError when the process ends instead."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            answer: dict[str, Any] = json.loads(line)
            if "progress" not in answer:
                return answer
            if step is not None:
                step.advance(answer["progress"][1], answer["progress"][2])
        raise GrowthError(f"the process for {self.size} orders ended")

    def end(self) -> None:
        """Let it go."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()


@dataclass(slots=True)
class Ground:
    """The PostgreSQL and the Valkey that are used, and where plans are written."""

    database_url: str
    redis_url: str
    home: Path
    prefix: str = "growth"
    # What databases are made of: one that has the tables needs none.
    template: str = "template1"
    secret_key: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    def address(self, database: str) -> str:
        """Return the address of a database on this server."""
        return urlunsplit(urlsplit(self.database_url)._replace(path=f"/{database}"))

    def loaded(self, size: int) -> dict[str, Any] | None:
        """Return what was said when the database of a size was loaded, if it was, and whole."""
        with self._administration() as connection:
            row = connection.execute(
                "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [self.name(size)]
            ).fetchone()
        said: dict[str, Any] | None = json.loads(row[0]) if row and row[0] else None
        return said

    def remake(self, size: int) -> None:
        """Make an empty database for a size."""
        self.drop(size)
        with self._administration() as connection:
            names = sql.Identifier(self.name(size)), sql.Identifier(self.template)
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names))

    def drop(self, size: int) -> None:
        """Throw the database of a size away."""
        with self._administration() as connection:
            name = sql.Identifier(self.name(size))
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))

    def remember(self, size: int, loaded: dict[str, Any]) -> None:
        """Note at the database of a size that it is whole."""
        with self._administration() as connection:
            connection.execute(
                sql.SQL("COMMENT ON DATABASE {} IS {}").format(
                    sql.Identifier(self.name(size)), sql.Literal(json.dumps(loaded))
                )
            )

    def worker(self, size: int) -> Worker:
        """Start the process of a size."""
        environment = plain_environment(
            DATABASE_URL=self.address(self.name(size)),
            REDIS_URL=self.redis_url,
            SECRET_KEY=self.secret_key,
            DEBUG="false",
            ALLOWED_HOSTS="testserver",
            BRIGADE_HOME=str(self.home),
            BRIGADE_COMMAND="growth",
            DJANGO_SETTINGS_MODULE="config.settings",
        )
        command = [sys.executable, "-m", "tests.benchmarks.growing.worker"]
        process = subprocess.Popen(
            command, env=environment, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        return Worker(size, process)

    def name(self, size: int) -> str:
        """Return the name of the database of a size."""
        return f"{self.prefix}_{size}"

    def _administration(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.address("postgres"), autocommit=True)


def run_growth(
    *,
    home: Path,
    output: TextIO,
    sizes: Sequence[int] = SIZES,
    database_url: str,
    redis_url: str,
    rounds: int = ROUNDS,
    only: str = "",
    keep: bool = False,
    prefix: str = "growth",
    template: str = "template1",
) -> dict[str, Any]:
    """Load what is not there yet, measure, and return all of it, ready for JSON.

    ``only`` names a part of the titles; ``keep`` leaves the databases (their names begin with ``prefix``), and the
    next run finds them. Plans are written to ``home/plans``. Raises GrowthError.
    """
    ground = Ground(database_url, redis_url, home, prefix, template)
    loads = {str(size): _load(ground, size, output) for size in sizes}
    with ExitStack() as stack:
        workers = [_started(stack, ground, size) for size in sizes]
        titles = [title for title in workers[0].ask(do="titles")["titles"] if only in title]
        with Step(output, "Taking the plans") as step:
            plans = _explain(workers, titles, step)
        with Step(output, f"Measuring {len(titles)} operations, {rounds} rounds") as step:
            measured = _measure(workers, titles, rounds, step)
        unused = workers[-1].ask(do="unused")["unused"]
    _write_plans(home / "plans", plans)
    if not keep:
        for size in sizes:
            ground.drop(size)
    return {
        "sizes": list(sizes),
        "loads": loads,
        "operations": [_row(title, sizes, measured[title], plans[title]) for title in titles],
        "unused_indexes": unused,
    }


def _load(ground: Ground, size: int, output: TextIO) -> dict[str, Any]:
    loaded = ground.loaded(size)
    if loaded is not None:
        return loaded
    ground.remake(size)
    worker = ground.worker(size)
    try:
        with Step(output, f"Loading {size:,} orders") as step:
            loaded = worker.ask(step, do="load", orders=size)
    finally:
        worker.end()
    ground.remember(size, loaded)
    return loaded


def _started(stack: ExitStack, ground: Ground, size: int) -> Worker:
    worker = ground.worker(size)
    stack.callback(worker.end)
    return worker


def _explain(workers: list[Worker], titles: list[str], step: Step) -> dict[str, dict[int, dict[str, Any]]]:
    plans: dict[str, dict[int, dict[str, Any]]] = {}
    for done, title in enumerate(titles, start=1):
        plans[title] = {worker.size: worker.ask(do="explain", title=title) for worker in workers}
        step.advance(done, len(titles))
    return plans


@dataclass(slots=True)
class Series:
    """The milliseconds of one operation by size: each run, and the median of each round."""

    runs: dict[int, list[float]] = field(default_factory=dict)
    rounds: dict[int, list[float]] = field(default_factory=dict)

    def add(self, size: int, milliseconds: list[float]) -> None:
        """Take the runs of one round."""
        self.runs.setdefault(size, []).extend(milliseconds)
        self.rounds.setdefault(size, []).append(statistics.median(milliseconds))

    def medians(self) -> dict[str, float]:
        """Return the median of all runs, by size."""
        return {str(size): round(statistics.median(runs), 3) for size, runs in self.runs.items()}

    def ratio(self, smallest: int, largest: int) -> float:
        """Return how much slower the largest is: the median over the rounds, in each of which both were asked."""
        pairs = zip(self.rounds[largest], self.rounds[smallest], strict=True)
        return round(statistics.median(large / small if small else 1.0 for large, small in pairs), 3)

    def noise(self) -> float:
        """Return how far the rounds of a size lie apart at most: their middle half, in parts of their median."""
        spreads = []
        for values in self.rounds.values():
            low, middle, high = statistics.quantiles(values, n=4) if len(values) > 1 else [1.0] * 3
            spreads.append((high - low) / middle if middle else 0.0)
        return round(max(spreads), 3)


@dataclass(slots=True)
class Measured:
    """What one operation took: by the clock, and of the CPU, its own and PostgreSQL's."""

    brought: dict[str, int] = field(default_factory=dict)
    wall: Series = field(default_factory=Series)
    cpu: Series = field(default_factory=Series)

    def add(self, size: int, answer: dict[str, Any]) -> None:
        """Take the runs of one round."""
        self.brought[str(size)] = answer["brought"]
        self.wall.add(size, answer["milliseconds"])
        self.cpu.add(size, answer["cpu_milliseconds"])


def _measure(workers: list[Worker], titles: list[str], rounds: int, step: Step) -> dict[str, Measured]:
    measured = {title: Measured() for title in titles}
    times = {title: _times(workers[0], title) for title in titles}
    for round_ in range(rounds):
        for done, title in enumerate(titles, start=1):
            turn = (round_ + done) % len(workers)
            for worker in workers[turn:] + workers[:turn]:
                measured[title].add(worker.size, worker.ask(do="run", title=title, times=times[title]))
            step.advance(round_ * len(titles) + done, rounds * len(titles))
    return measured


def _times(worker: Worker, title: str) -> int:
    """Find how often an operation fits into a round."""
    milliseconds: float = min(worker.ask(do="run", title=title, times=3)["milliseconds"])
    return max(1, min(MOST_TIMES, round(ROUND_SECONDS * 1000 / milliseconds)))


def _row(title: str, sizes: Sequence[int], measured: Measured, plans: dict[int, dict[str, Any]]) -> dict[str, Any]:
    """Write one operation down. ``ratio`` is of CPU time where it can be read, else of time by the clock."""
    wall_ratio = measured.wall.ratio(sizes[0], sizes[-1])
    is_here = all(measured.cpu.medians().values())
    figures = measured.cpu if is_here else measured.wall
    return {
        "title": title,
        "brought": measured.brought,
        "milliseconds": measured.wall.medians(),
        "cpu_milliseconds": measured.cpu.medians() if is_here else {},
        "ratio": figures.ratio(sizes[0], sizes[-1]),
        "noise": figures.noise(),
        "wall_ratio": wall_ratio,
        "statements": {str(size): plans[size]["statements"] for size in sizes},
        "buffers": {str(size): plans[size]["buffers"] for size in sizes},
        "rows": {str(size): plans[size]["rows"] for size in sizes},
        "seq_scans": sorted({table for size in sizes for table in plans[size]["seq_scans"]}),
    }


def _write_plans(folder: Path, plans: dict[str, dict[int, dict[str, Any]]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for size in next(iter(plans.values()), {}):
        text = "\n\n".join(by_size[size]["text"] for by_size in plans.values())
        (folder / f"{size}.txt").write_text(f"# Plans at {size:,} orders\n\n{text}\n")


def lines_of(growth: dict[str, Any]) -> Iterator[str]:
    """Write a growth as a table for a terminal: milliseconds and buffers at each size, and the ratio."""
    sizes = [str(size) for size in growth["sizes"]]
    heads = "".join(f"{int(size):>11,}" for size in sizes)
    yield f"{'milliseconds of CPU (or by the clock)':44}{heads}{'ratio':>8}{'noise':>7}{'clock':>8}   buffers"
    for row in growth["operations"]:
        figures = row["cpu_milliseconds"] or row["milliseconds"]
        times = "".join(f"{figures[size]:>11.2f}" for size in sizes)
        mark = " !" if row["ratio"] > BAR else "  "
        buffers = " ".join(f"{row['buffers'][size]:>6}" for size in sizes)
        yield (
            f"{row['title']:44}{times}{row['ratio']:>8.2f}{row['noise']:>7.0%}"
            f"{row['milliseconds'][sizes[-1]]:>8.1f}{mark} {buffers}"
        )
    for size in sizes:
        load = growth["loads"][size]
        yield (
            f"{int(size):,} orders: {sum(load['rows'].values()):,} rows, {load['megabytes']:,} MB,"
            f" loaded in {sum(load['seconds'].values()):.0f} s ({load['rows_per_second']:,} rows/s)"
        )
    yield f"Indexes that nothing read: {', '.join(growth['unused_indexes']) or 'none'}"


@contextmanager
def _services(home: Path) -> Iterator[tuple[str, str]]:
    home.mkdir(parents=True, exist_ok=True)
    home.chmod(0o711)
    with LocalServices(home, is_durable=False) as local:
        assert local.services.database_url is not None
        assert local.services.redis_url is not None
        yield local.services.database_url, local.services.redis_url


@dataclass(slots=True)
class Options:
    """What was typed."""

    sizes: tuple[int, ...]
    rounds: int
    only: str
    home: Path
    keep: bool
    json: Path | None

    @classmethod
    def read(cls, arguments: Sequence[str] | None = None) -> Self:
        """Read the command line."""
        parser = ArgumentParser(prog="python -m tests.benchmarks.growth", description=__doc__)
        parser.add_argument("--sizes", type=_sizes, default=SIZES, help="orders, multiples of 20 from 1000 on")
        parser.add_argument("--rounds", type=int, default=ROUNDS)
        parser.add_argument("--only", default="", help="operations whose title contains this")
        parser.add_argument("--home", type=Path, default=ROOT / "var" / "bench" / "growth", help="where the data is")
        parser.add_argument("--keep", action="store_true", help="leave the databases for the next run")
        parser.add_argument("--json", type=Path, help="write everything there")
        return cls(**vars(parser.parse_args(arguments)))


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


def main() -> None:
    """Run the growth alone: on the server of DATABASE_URL, else on one of its own."""
    options = Options.read()
    with ExitStack() as stack:
        if "DATABASE_URL" in os.environ and "REDIS_URL" in os.environ:
            database_url, redis_url = os.environ["DATABASE_URL"], os.environ["REDIS_URL"]
        else:
            database_url, redis_url = stack.enter_context(_services(options.home))
        growth = run_growth(
            home=options.home,
            output=sys.stdout,
            sizes=options.sizes,
            database_url=database_url,
            redis_url=redis_url,
            rounds=options.rounds,
            only=options.only,
            keep=options.keep,
        )
    sys.stdout.write("\n".join(lines_of(growth)) + "\n")
    if options.json is not None:
        options.json.write_text(json.dumps(growth, indent=1) + "\n")


if __name__ == "__main__":
    main()
