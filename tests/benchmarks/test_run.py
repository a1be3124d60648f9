"""The whole benchmark, short: services of its own, a contestant, tables, and nothing left behind."""

from __future__ import annotations

import dataclasses
import io
import os
import signal
import subprocess
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.benchmarks import run as bench
from tests.benchmarks.contestants.base import Ground
from tests.benchmarks.contestants.processes import ContestantError
from tests.benchmarks.outcome import read
from tests.benchmarks.plan import Plan
from tests.benchmarks.services import Cores, share_out
from tests.benchmarks.small import Small

ROOT = Path(__file__).parents[2]


class Absent(Small):
    name = "absent"

    def missing(self) -> str | None:
        return "there is no Node here"


class Broken(Small):
    name = "broken"

    def start(self, ground: Ground) -> None:
        raise ContestantError("broken ended as it started: no such table")


class Dying(Small):
    name = "dying"
    misdeed = "dies"


class Doubling(Small):
    name = "doubling"
    misdeed = "doubles"


def options(*arguments: str) -> dict[str, Any]:
    parser = ArgumentParser()
    bench.add_arguments(parser)
    return vars(parser.parse_args(arguments))


def test_defaults_are_the_plan_when_nothing_is_asked_for() -> None:
    assert bench.plan_of(options()) == Plan()


def test_plan_is_as_asked_when_options_are_given() -> None:
    plan = bench.plan_of(
        options("--quick", "--sockets", "10,20", "--rounds", "2", "--only", "http,cpu", "--soak", "0.5")
    )

    assert (plan.sockets, plan.rounds, plan.only, plan.soak_minutes) == ((10, 20), 2, ("http", "cpu", "soak"), 0.5)
    assert plan.storm_sockets == 50


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--contestants", "brigade,nobody"], "'nobody' is none of brigade,"),
        (["--only", "speed"], "'speed' is none of memory,"),
        (["--sockets", "ten"], "'ten' are no numbers separated by commas"),
        (["--sockets", "0"], "a number of sockets is at least 1"),
        (["--rounds", "0"], "'0' is no number of at least 1"),
        (["--soak", "-1"], "a soak takes more than nothing and at most a day"),
        (["--soak", "long"], "'long' is no number of minutes"),
    ],
)
def test_option_is_refused_when_it_makes_no_sense(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        options(*arguments)

    assert complaint in capsys.readouterr().err


@pytest.mark.parametrize(
    ("available", "expected"),
    [
        ({0}, Cores(0, 0, frozenset({0}))),
        ({0, 1}, Cores(0, 1, frozenset({1}))),
        ({2, 3, 5, 7}, Cores(2, 3, frozenset({5, 7}))),
    ],
)
def test_server_has_a_core_of_its_own_when_there_are_two(available: set[int], expected: Cores) -> None:
    assert share_out(available) == expected


def test_takes_slow_and_soak_once_when_there_are_more_rounds() -> None:
    plan = Plan()

    assert plan.takes("slow", 1)
    assert not plan.takes("slow", 2)
    assert plan.takes("http", 2)


def test_every_contestant_gets_its_due_when_some_are_missing_broken_or_dying(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "CONTESTANTS", {kind.name: kind for kind in (Small, Absent, Broken, Dying, Doubling)})
    monkeypatch.setattr(bench, "quick", tiny)
    output = io.StringIO()
    before = set(psutil.pids())

    bench.run(options("--quick", "--json", str(tmp_path / "out.json")), home=tmp_path / "home", output=output)

    shown = output.getvalue()
    outcome = read(tmp_path / "out.json")
    assert "absent is left out: there is no Node here\n" in shown
    assert outcome.entries["broken"].notes == ["round 1: broken ended as it started: no such table"]
    assert outcome.entries["dying"].notes[-1].startswith("round 1: died during ")
    assert outcome.entries["doubling"].faults["doubled"] > 0
    small = outcome.entries["small"]
    assert sum(small.faults.values()) == 0
    # How busy the cores are is the machine's business: other tests run beside this one.
    of_machine = ("was not cut within", "the load generator was busy")
    assert [note for note in small.notes if not any(said in note for said in of_machine)] == []
    assert {name.split(".")[0] for name in small.rounds[0]} == {
        "memory", "http", "latency", "cpu", "storm", "slow", "soak", "noise",
    }  # fmt: skip
    assert small.rounds[0]["storm.return.20.caught_up_ms"] > 0
    assert small.rounds[0]["soak.longest_silence_seconds"] >= 0
    for heading in ("A CPU second of the server", "HTTP: change one", "Over all runs"):
        assert heading in shown
    children = {child.pid for child in psutil.Process().children(recursive=True)}
    assert children <= before


def tiny(plan: Plan) -> Plan:
    return dataclasses.replace(
        plan,
        only=("memory", "http", "latency", "cpu", "storm", "slow", "soak"),
        rounds=1,
        sockets=(20,),
        paces=(50.0,),
        paced_seconds=0.4,
        probe_seconds=0.1,
        http_seconds=0.3,
        closed_seconds=0.2,
        capacity_sockets=20,
        capacity_seconds=0.2,
        storm_sockets=20,
        missed_orders=4,
        memory_sockets=(20,),
        settle_seconds=0.1,
        slow_sockets=5,
        slow_seconds=0.3,
        warm_up_seconds=0.2,
        soak_minutes=0.005,
        soak_sockets=20,
        soak_sample_seconds=1.0,
    )


def test_nothing_is_left_running_when_it_is_interrupted(tmp_path: Path) -> None:
    environment = {**os.environ, "BRIGADE_HOME": str(tmp_path)}
    for name in ("DATABASE_URL", "REDIS_URL", "DEBUG", "DJANGO_SETTINGS_MODULE"):
        environment.pop(name, None)
    command = [sys.executable, "manage.py", "bench", "--contestants", "bare-picows", "--only", "latency"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    log = tmp_path / "bench" / "bare-picows" / "generator.log"
    while not log.exists():
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.02)
    family = psutil.Process(process.pid).children(recursive=True)

    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=60)

    assert said.endswith("CommandError: stopped; everything that was started is ended\n")
    assert process.returncode == 1
    assert len(family) > 3
    _, alive = psutil.wait_procs(family, timeout=5)
    assert alive == []
