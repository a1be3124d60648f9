"""What a run says at its end."""

from __future__ import annotations

from pathlib import Path

from tests.flows.reconcile import report
from tests.flows.reconcile.checker import KINDS, Finding
from tests.flows.reconcile.opening import Outcome
from tests.flows.reconcile.run import Plan


def outcome(*findings: Finding) -> Outcome:
    return Outcome(
        Plan(minutes=2, seed=7, storm_size=150, kinds=("clients cut", "Valkey killed")),
        findings=list(findings),
        recoveries={"clients cut": [0.5, 0.1, 0.9], "Valkey killed": [1.25]},
        returns={"flapping client": [0.01, 0.03]},
        figures={"events": 1234},
        codes={1012: 3},
        seconds=130.4,
        kept=Path("/somewhere") if findings else None,
    )


def test_times_are_told_with_count_median_and_longest() -> None:
    lines = report.lines(outcome())

    rows = [" ".join(line.split()) for line in lines]
    assert "clients cut 3 0.50 0.90" in rows
    assert "Valkey killed 1 1.25 1.25" in rows
    assert "flapping client 2 0.02 0.03" in rows
    assert rows[-1] == "Nothing was lost, doubled, reordered, changed or misdirected."


def test_findings_are_spelled_out_with_the_command_that_repeats_them() -> None:
    lines = report.lines(outcome(*(Finding("lost", "screen", "order:created", seq) for seq in range(1, 31))))

    rows = [" ".join(line.split()) for line in lines]
    assert "lost 30" in rows
    assert "lost at 1: screen: order:created" in rows
    assert "and 10 more" in rows
    assert rows[-2:] == [
        "Again: manage.py reconcile --minutes 2 --seed 7 --storm 150 --fault 'clients cut' --fault 'Valkey killed'",
        "Logs: /somewhere",
    ]


def test_json_holds_every_kind_of_finding() -> None:
    figures = report.as_json(outcome(Finding("hole", "grillhaus", "gone", 4)))

    assert figures["found"] == dict.fromkeys(KINDS, 0) | {"hole": 1}
    assert figures["findings"] == [{"kind": "hole", "who": "grillhaus", "seq": 4, "detail": "gone"}]
    assert figures["recovery_seconds"]["clients cut"] == {"count": 3, "median": 0.5, "max": 0.9}
    assert (figures["seed"], figures["minutes"], figures["closed"]) == (7, 2, {"1012": 3})
