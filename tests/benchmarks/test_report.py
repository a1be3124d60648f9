"""What a reader is shown: tables, targets and comparisons, from figures that are made up."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.benchmarks import compare, report, targets
from tests.benchmarks.figures import Rounds
from tests.benchmarks.outcome import Entry, Outcome, OutcomeError, read
from tests.benchmarks.tables import Table, cell, in_columns, in_markdown, number

LAST = "latency.1000@10.last"


def outcome(ours: list[float], theirs: list[float], **faults: int) -> Outcome:
    """Two contestants whose last of 1,000 screens took so many milliseconds in each round."""
    made = Outcome(
        date="2026-11-21",
        commit="abc",
        machine={"cpu": "Fast One", "cores": "2", "memory": "4 GiB", "kernel": "Linux 6", "python": "3.13.1"},
        services={"postgresql": "18.6", "valkey": "9.1"},
        plan={"rounds": len(ours)},
    )
    for name, values in {"brigade": ours, "peer": theirs}.items():
        rounds = [{f"{LAST}.{share}_ms": value for share in ("p50", "p95", "p99")} for value in values]
        made.entries[name] = Entry(versions={"django": "5.2"}, rounds=rounds)
    made.entries["brigade"].faults = {"lost": 0, **faults}
    made.entries["naive"] = Entry(missing="there is no Node here")
    return made


@pytest.mark.parametrize(
    ("value", "written"), [(0.0, "0.00"), (1.234, "1.23"), (12.34, "12.3"), (123.4, "123"), (75_123.0, "75,123")]
)
def test_figure_has_three_digits_when_written(value: float, written: str) -> None:
    assert number(value) == written


def test_range_is_left_out_when_there_is_one_value() -> None:
    assert cell(Rounds(2.0, 1.0, 3.0)) == "2.00 (1.00–3.00)"
    assert cell(Rounds(2.0, 2.0, 2.0)) == "2.00"
    assert cell(None) == "–"


def test_row_is_left_out_when_nothing_in_it_was_measured() -> None:
    table = Table("T", ("", "a"))

    table.add("x", "–")

    assert table.rows == []


def test_columns_are_aligned_when_on_a_terminal() -> None:
    table = Table("Title", ("who", "ms"), [("brigade", "9.5"), ("x", "1,234")], "How to read it.")

    assert in_columns(table) == "Title\n  How to read it.\n  who         ms\n  brigade    9.5\n  x        1,234\n"


def test_table_is_markdown_when_it_is_for_the_readme() -> None:
    table = Table("Title.", ("who", "a|b"), [("brigade", "9.5")])

    assert in_markdown(table) == "**Title.**\n\n| who | a\\|b |\n| --- | ---: |\n| brigade | 9.5 |\n"


def test_target_is_passed_when_the_median_of_the_ratios_is_within_it() -> None:
    rows = targets.table(outcome([10.0, 90.0, 9.0], [12.0, 80.0, 10.0])).rows

    assert rows[0] == ("last of 1,000 screens, p50, to the peer's", "≤ 1.0", "0.90 (0.83–1.12)", "pass")


def test_target_is_missed_when_the_median_is_beyond_it() -> None:
    assert targets.table(outcome([11.0], [10.0])).rows[1][3] == "MISS"


def test_target_is_missed_when_anything_was_lost() -> None:
    row = targets.table(outcome([1.0], [1.0], doubled=1)).rows[-1]

    assert row == ("lost, doubled, out of order, foreign", "0", "1.00", "MISS")


def test_target_is_not_shown_when_it_was_not_measured() -> None:
    assert [row[0] for row in targets.table(outcome([1.0], [1.0])).rows] == [
        "last of 1,000 screens, p50, to the peer's",
        "last of 1,000 screens, p95, to the peer's",
        "lost, doubled, out of order, foreign",
    ]


def test_readme_tells_date_machine_and_versions_between_its_marks() -> None:
    text = report.in_readme(outcome([10.0], [20.0]))

    assert text.startswith("<!-- bench -->\nMeasured on 2026-11-21 at abc, medians of 1 rounds")
    assert text.endswith("<!-- /bench -->\n")
    for part in ("Fast One, 2 cores, 4 GiB, Linux 6", "postgresql 18.6, valkey 9.1, python 3.13.1", "django 5.2"):
        assert part in text
    assert "naive: there is no Node here." in text
    assert re.search(r"\| brigade \| – \| – \| – \| 10.0 \| 10.0 \| 10.0 \| 0.50 \| – \|", text)


def test_growth_is_judged_by_its_worst_operation() -> None:
    found = outcome([1.0], [1.0])
    rows = [
        {"title": "list", "cpu_milliseconds": {"1000": 2.0, "2000": 2.1}, "ratio": 1.05, "noise": 0.02},
        {
            "title": "replay",
            "cpu_milliseconds": {},
            "milliseconds": {"1000": 2.0, "2000": 3.0},
            "ratio": 1.5,
            "noise": 0,
        },
    ]
    found.growth = {"sizes": [1000, 2000], "operations": rows}

    assert ("cost at the most orders to that at the fewest, worst operation", "≤ 1.2", "1.50 (1.05–1.50)", "MISS") in (
        targets.table(found).rows
    )
    assert report.growth(found).rows == [
        ("list", "2.00", "2.10", "1.05", "2%"),
        ("replay", "2.00", "3.00", "1.50", "0%"),
    ]


def test_notes_are_shown_when_a_contestant_has_some() -> None:
    found = outcome([1.0], [1.0])
    found.entries["peer"].notes = ["storm: replays nothing"]

    assert "Notes\n  peer: storm: replays nothing\n" in report.on_terminal(found)


def test_loads_are_in_the_order_of_their_size() -> None:
    found = outcome([1.0], [1.0])
    found.entries["peer"].rounds[0] |= {"latency.100@50.last.p50_ms": 1.0, "latency.100@10.last.p50_ms": 1.0}

    assert report.names_with(found, "latency.", ".last.p50_ms") == ["100@10", "100@50", "1000@10"]


def test_outcome_is_the_same_when_written_and_read(tmp_path: Path) -> None:
    found = outcome([1.0, 2.0], [3.0, 4.0])
    found.write(tmp_path / "new" / "outcome.json")

    assert read(tmp_path / "new" / "outcome.json") == found


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1}', '{"format": 0}', '{"format": 1, "entries": {}}'])
def test_file_is_refused_when_it_holds_no_outcome(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)

    with pytest.raises(OutcomeError, match=r"x\.json"):
        read(path)


def test_file_is_refused_when_it_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(OutcomeError, match="cannot be read: No such file"):
        read(tmp_path / "none.json")


def test_new_is_divided_by_old_when_both_have_the_figure() -> None:
    new, old = outcome([5.0, 7.0, 6.0], [1.0]), outcome([12.0], [4.0])
    new.entries["brigade"].rounds[0]["storm.x_ms"] = 3.0

    rows = compare.table(new, old).rows

    assert rows[0] == ("brigade latency.1000@10.last.p50_ms", "12.0", "6.00 (5.00–7.00)", "0.50")
    assert rows[3] == ("peer latency.1000@10.last.p50_ms", "4.00", "1.00", "0.25")
    assert len(rows) == 6


@pytest.mark.parametrize("figure", ["noise.others_share", "latency.100@10.worst_ms", "cpu.1000.server_busy"])
def test_figure_is_not_compared_when_it_is_no_result(figure: str) -> None:
    new, old = outcome([1.0], []), outcome([1.0], [])
    for found in (new, old):
        found.entries["brigade"].rounds[0][figure] = 1.0

    assert len(compare.table(new, old).rows) == 3
