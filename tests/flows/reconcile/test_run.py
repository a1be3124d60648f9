"""The short form of the run, one round with every fault; and what the run is made of."""

from __future__ import annotations

import importlib.util
import json
import os
import random
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from config.management.commands import reconcile
from tests.flows.reconcile.checker import KINDS, Finding
from tests.flows.reconcile.faults import BREAKS, FAULTS, company, deck
from tests.flows.reconcile.opening import read_log
from tests.live import ROOT

SEED = 7
MOST_SECONDS = 600


def test_everything_reaches_everybody_once_whatever_is_broken(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    command = [sys.executable, "manage.py", "reconcile", "--minutes", "0.1", "--seed", str(SEED), "--json", str(path)]

    done = subprocess.run(
        command, cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, timeout=MOST_SECONDS, check=False
    )

    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-4000:]
    figures = json.loads(path.read_text())
    assert figures["found"] == dict.fromkeys(KINDS, 0)
    assert set(figures["recovery_seconds"]) == set(FAULTS)
    assert figures["figures"]["frames compared"] > 10_000
    assert figures["figures"]["orders acknowledged"] > 30
    assert figures["figures"]["requests sent again"] > 0


def test_same_seed_deals_the_same_faults() -> None:
    first, again, other = (deck(seed, list(FAULTS)) for seed in ("1:0", "1:0", "2:0"))

    assert first == again != other
    assert sorted(first) == sorted(other) == sorted(FAULTS)


def test_faults_in_company_break_different_things() -> None:
    rng = random.Random(1)
    pairs = {(kind, company(kind, list(FAULTS), rng)) for kind in FAULTS for _ in range(50)}

    together = [(kind, other) for kind, other in pairs if other is not None]
    assert len(together) > 20
    assert all(BREAKS[kind] != BREAKS[other] for kind, other in together)


def test_traces_in_a_log_are_found(tmp_path: Path) -> None:
    log = tmp_path / "app-1.log"
    trace = "Traceback (most recent call last):\n  File 'x'\n    y\nValueError: no\n"
    began = "2026-11-21T08:05:36.2Z"
    log.write_text(
        f"{began} well\n{began} failed\n{trace}{began} Task <RedisChannelLayer._clean_receive_backup()>\n{trace}"
        f"{began} well again\n{began} failed again\n{trace}"
    )

    assert read_log(log) == [
        Finding("crashed", "app-1.log, line 2", "ValueError: no"),
        Finding("crashed", "app-1.log, line 13", "ValueError: no"),
    ]


def test_command_says_so_when_the_tests_are_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(name: str) -> Any:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(importlib.util, "find_spec", nowhere)

    assert reconcile.is_checked_out() is False
    with pytest.raises(CommandError, match="needs Brigade's source with its tests"):
        call_command("reconcile", stdout=StringIO())


def test_command_refuses_a_fault_that_there_is_not() -> None:
    with pytest.raises(CommandError, match="There is no fault 'earthquake'"):
        call_command("reconcile", fault=["earthquake"], stdout=StringIO())


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "many", "10000"])
def test_command_refuses_a_storm_of_none(text: str) -> None:
    with pytest.raises(CommandError, match="is no number from 1 to 9999"):
        call_command("reconcile", "--storm", text, stdout=StringIO())


def test_command_says_what_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> Any:
        raise ModuleNotFoundError(name, name="httpx")

    monkeypatch.setattr(reconcile, "import_module", absent)

    with pytest.raises(CommandError, match="reconcile needs httpx"):
        call_command("reconcile", stdout=StringIO())


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "many", "1441"])
def test_command_refuses_minutes_that_are_none(text: str) -> None:
    with pytest.raises(CommandError, match="is no number of minutes"):
        call_command("reconcile", "--minutes", text, stdout=StringIO())
