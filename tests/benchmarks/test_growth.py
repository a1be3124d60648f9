"""No list, board, join or replay reads more the more there is: the plans at 20,000 orders; and the measuring itself."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.benchmarks.growing.operations import operations
from tests.benchmarks.growth import Ground, Measured, Options, Series, lines_of, run_growth

TITLES = [operation.title for operation in operations()]
# Pages of 8 KiB, and rows looked at, by the beginning of the title: the first that fits. There are 19,000 orders of the
# restaurant, three times as many lines and ten times as many events: a plan that walks over any of these is found out.
MOST = {
    # An index is asked for each combination of the facets' values.
    "orders: open=false": (1300, 1300),
    "orders: status": (800, 1000),
    "orders: channel": (800, 1000),
    "orders: payment_status": (800, 1000),
    "orders: priority": (800, 1000),
    "orders: two filters": (800, 1000),
    # Of each branch as many ids are looked at as there are rows on the page, and each is then read by itself.
    "orders: search": (300, 800),
    "orders": (150, 1100),
    "kitchen: with those of the last hours": (700, 800),
    "kitchen": (300, 1100),
    "payments": (150, 400),
    "cancellations": (250, 400),
    "customers": (150, 110),
    "history": (40, 20),
    # The day's orders and their lines, each looked up.
    "stats": (3000, 2000),
    "board": (300, 700),
    "join": (12, 2),
    "replay: 0": (6, 0),
    "replay: 100": (40, 100),
    "replay: 5000": (1400, 5000),  # the events themselves
    "poll": (1400, 5000),
    "take": (230, 60),
}
# Indexes that no operation reads, and why they are there all the same.
KEPT_UNREAD = {
    "event_at",  # prunes by age
    "payment_list",  # lists a small restaurant's payments: those of one that has nearly all are found by their ids
    "orders_orderitem_menu_item_id_72e84539",  # whether a dish was ever ordered, before it is deleted
    "orders_orderitemmodifier_modifier_id_0150fd79",  # the same of a modifier
}


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory, migrated: str) -> Iterator[dict[str, Any]]:
    """What each operation reads among 20,000 orders, and the indexes that none of them read."""
    ground = Ground(
        os.environ["DATABASE_URL"],
        os.environ["REDIS_URL"],
        tmp_path_factory.mktemp("growth"),
        prefix=f"growth_test_{os.getpid()}",
        template=migrated,
    )
    ground.remake(20_000)
    worker = ground.worker(20_000)
    worker.ask(do="load", orders=20_000)

    yield {title: worker.ask(do="explain", title=title) for title in TITLES} | worker.ask(do="unused")

    worker.end()
    ground.drop(20_000)


@pytest.mark.parametrize("title", TITLES)
def test_plan_reads_a_bounded_part_when_there_is_much(grown: dict[str, Any], title: str) -> None:
    most_buffers, most_rows = next(most for beginning, most in MOST.items() if title.startswith(beginning))

    explained = grown[title]

    assert explained["seq_scans"] == [], explained["text"]
    assert explained["buffers"] <= most_buffers, explained["text"]
    assert explained["rows"] <= most_rows, explained["text"]


def test_every_index_is_read_when_all_is_done_once(grown: dict[str, Any]) -> None:
    assert set(grown["unused"]) <= KEPT_UNREAD


def test_growth_is_measured_and_told_when_it_is_run(tmp_path: Path, migrated: str) -> None:
    output = io.StringIO()
    prefix = f"growth_run_{os.getpid()}"

    growth = run_growth(
        home=tmp_path,
        output=output,
        sizes=(1000, 1200),
        database_url=os.environ["DATABASE_URL"],
        redis_url=os.environ["REDIS_URL"],
        rounds=2,
        only="display",
        prefix=prefix,
        template=migrated,
    )

    titles = [title for title in TITLES if "display" in title]
    assert [row["title"] for row in growth["operations"]] == titles
    assert growth["loads"]["1200"]["rows"]["realtime_event"] == 12_000
    assert growth["operations"][0]["brought"] == {"1000": 2, "1200": 2}
    assert all(figure > 0 for row in growth["operations"] for figure in row["milliseconds"].values())
    assert (tmp_path / "plans" / "1200.txt").read_text().count("\n## ") == len(titles)
    lines = list(lines_of(growth))
    assert [line.split("  ")[0] for line in lines[1 : len(titles) + 1]] == titles
    assert lines[-2].startswith("1,200 orders: 34,")
    assert _databases(prefix) == []
    assert "Loading 1,200 orders: done" in output.getvalue()


def _databases(prefix: str) -> list[Any]:
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        return connection.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", [f"{prefix}%"]).fetchall()


def test_ratio_is_that_of_the_same_rounds_when_some_were_disturbed() -> None:
    series = Series()
    for small, large in (([10.0, 12.0, 11.0], [11.0, 11.0]), ([30.0], [36.0]), ([10.0], [10.0])):
        series.add(1000, small)
        series.add(100_000, large)

    assert series.ratio(1000, 100_000) == 1.0
    assert series.medians() == {"1000": 11.0, "100000": 11.0}
    assert series.noise() == pytest.approx((36.0 - 10.0) / 11.0, abs=0.001)


def test_growth_is_marked_when_it_is_more_than_a_fifth() -> None:
    measured = Measured()
    for size, milliseconds in ((1000, 10.0), (2000, 12.5)):
        measured.add(size, {"brought": 3, "milliseconds": [milliseconds], "cpu_milliseconds": [0.0]})
    load = {"rows": {"orders_order": 1000}, "seconds": {"orders_order": 2.0}, "megabytes": 9, "rows_per_second": 500}
    row = {
        "title": "orders: first page",
        "milliseconds": measured.wall.medians(),
        "cpu_milliseconds": {},
        "ratio": measured.wall.ratio(1000, 2000),
        "noise": measured.wall.noise(),
        "buffers": {"1000": 16, "2000": 19},
    }

    lines = list(
        lines_of(
            {
                "sizes": [1000, 2000],
                "loads": {"1000": load, "2000": load},
                "operations": [row],
                "unused_indexes": ["event_at"],
            }
        )
    )

    assert lines[1].split() == ["orders:", "first", "page", "10.00", "12.50", "1.25", "0%", "12.5", "!", "16", "19"]
    assert lines[2] == "1,000 orders: 1,000 rows, 9 MB, loaded in 2 s (500 rows/s)"
    assert lines[-1] == "Indexes that nothing read: event_at"


def test_sizes_and_home_are_taken_when_they_are_typed(tmp_path: Path) -> None:
    options = Options.read(["--sizes", "1000,20000", "--rounds", "3", "--keep", "--home", str(tmp_path)])

    assert (options.sizes, options.rounds, options.keep, options.home) == ((1000, 20_000), 3, True, tmp_path)
    assert (options.only, options.json) == ("", None)
