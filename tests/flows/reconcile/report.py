"""What a run says at its end: to a person, and as JSON."""

from __future__ import annotations

import shlex
import statistics
from collections import Counter
from typing import Any

from tests.flows.reconcile.checker import KINDS
from tests.flows.reconcile.opening import Outcome
from tests.flows.reconcile.run import Plan

MOST_SPELLED_OUT = 20


def lines(outcome: Outcome) -> list[str]:
    """Return the report, line by line."""
    plan = outcome.plan
    said = [
        "",
        f"{plan.minutes:g} minutes asked for, {outcome.seconds:.0f} s in all, seed {plan.seed}",
        *(f"  {name:<40} {number:>9,}" for name, number in outcome.figures.items()),
        *(f"  {f'sockets closed with {code}':<40} {count:>9,}" for code, count in sorted(outcome.codes.items())),
        "",
        *_times("Until all whom a fault hit were caught up again", outcome.recoveries),
        "",
        *_times("Until a client that came back by itself was caught up", outcome.returns),
        "",
    ]
    counts = Counter(finding.kind for finding in outcome.findings)
    said += ["Found", *(f"  {kind:<40} {counts[kind]:>9,}" for kind in KINDS), ""]
    for finding in outcome.findings[:MOST_SPELLED_OUT]:
        at = "" if finding.seq is None else f" at {finding.seq}"
        said.append(f"  {finding.kind}{at}: {finding.who}: {finding.detail}")
    if len(outcome.findings) > MOST_SPELLED_OUT:
        said.append(f"  and {len(outcome.findings) - MOST_SPELLED_OUT:,} more")
    if outcome.findings:
        said += [f"Again: {again(plan)}", f"Logs: {outcome.kept}"]
    else:
        said.append("Nothing was lost, doubled, reordered, changed or misdirected.")
    return said


def again(plan: Plan) -> str:
    """Return the command that deals the same faults."""
    words = ["manage.py reconcile", f"--minutes {plan.minutes:g}", f"--seed {plan.seed}", f"--storm {plan.storm_size}"]
    return " ".join([*words, *(f"--fault {shlex.quote(kind)}" for kind in plan.kinds)])


def _times(title: str, seconds: dict[str, list[float]]) -> list[str]:
    rows = [f"{title:<58} {'count':>6} {'median s':>9} {'max s':>7}"]
    for kind, each in sorted(seconds.items()):
        rows.append(f"  {kind:<56} {len(each):>6} {statistics.median(each):>9.2f} {max(each):>7.2f}")
    return rows


def as_json(outcome: Outcome) -> dict[str, Any]:
    """Return the report for a program."""
    plan = outcome.plan
    counts = Counter(finding.kind for finding in outcome.findings)
    return {
        "minutes": plan.minutes,
        "seed": plan.seed,
        "seconds": round(outcome.seconds, 1),
        "figures": outcome.figures,
        "closed": {str(code): count for code, count in sorted(outcome.codes.items())},
        "recovery_seconds": _numbers(outcome.recoveries),
        "return_seconds": _numbers(outcome.returns),
        "found": {kind: counts[kind] for kind in KINDS},
        "findings": [
            {"kind": finding.kind, "who": finding.who, "seq": finding.seq, "detail": finding.detail}
            for finding in outcome.findings[:1000]
        ],
    }


def _numbers(seconds: dict[str, list[float]]) -> dict[str, dict[str, float]]:
    return {
        kind: {"count": len(each), "median": round(statistics.median(each), 3), "max": round(max(each), 3)}
        for kind, each in sorted(seconds.items())
    }
