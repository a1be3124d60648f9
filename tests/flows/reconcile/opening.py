"""Brings up what a run needs, lets it happen, and reckons up at the end."""

from __future__ import annotations

import asyncio
import re
import resource
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import uvloop
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from config.connections import channel_layers, database
from config.progress import Step
from realtime import forwarding
from tests.flows.reconcile.checker import Finding, check_all
from tests.flows.reconcile.houses import open_house
from tests.flows.reconcile.run import Plan, Run
from tests.flows.reconcile.servers import Servers
from tests.flows.reconcile.table import Table

SLUGS = ("grillhaus", "bistro")
FILES = 16_384
BEGINS_ENTRY = re.compile(r"\d{4}-\d\d-\d\dT")
END_OF_LOG = "0000-00-00T"
TRACE = "Traceback (most recent call last):"
# What channels-redis leaves unhandled when Valkey goes: a task that tidies up behind a receive.
OF_LIBRARIES = ("RedisChannelLayer._clean_receive_backup",)


@dataclass
class Outcome:
    """What came of a run; ``kept`` is where the logs are, if anything was found."""

    plan: Plan
    findings: list[Finding] = field(default_factory=list)
    recoveries: dict[str, list[float]] = field(default_factory=dict)
    returns: dict[str, list[float]] = field(default_factory=dict)
    figures: dict[str, int] = field(default_factory=dict)
    codes: dict[int, int] = field(default_factory=dict)
    seconds: float = 0.0
    kept: Path | None = None


def reconcile(plan: Plan, step: Callable[[str], Step]) -> Outcome:
    """Play a run and compare what came of it."""
    began = time.monotonic()
    _allow_many_files()
    home = Path(tempfile.mkdtemp(prefix="brigade-reconcile-"))
    home.chmod(0o711)  # as root the services run as another user, who must get to their data
    outcome = Outcome(plan)
    try:
        with step("Starting PostgreSQL and Valkey"):
            servers = Servers(home).__enter__()
        try:
            with step("Opening two restaurants"):
                run = _open(plan, servers)
            try:
                with step("Playing") as playing:
                    _play(run, playing)
                with step("Comparing"):
                    _reckon(run, outcome)
            finally:
                connection.close()
                run.close()
        finally:
            servers.stop()
    except Exception:
        outcome.kept = home  # the logs say why
        raise
    finally:
        if outcome.findings or outcome.kept:
            outcome.kept = home
        else:
            shutil.rmtree(home, ignore_errors=True)
    outcome.seconds = time.monotonic() - began
    return outcome


def _allow_many_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _open(plan: Plan, servers: Servers) -> Run:
    """Leave whatever database this process was to work on, for the run's own."""
    connection.close()
    connection.settings_dict.update(database(servers.postgres.url, pool_size=None, pool_timeout_seconds=0))
    assert connection.settings_dict["PORT"] == str(servers.postgres.port)
    settings.CHANNEL_LAYERS = channel_layers((servers.valkey.url,), servers.prefix)
    call_command("migrate", interactive=False, verbosity=0)
    houses = [open_house(slug) for slug in SLUGS]
    table = Table(houses)
    forwarding.finish()
    connection.close()  # it would not outlive PostgreSQL's restarts
    return Run(plan, servers, houses, table)


def read_log(path: Path) -> list[Finding]:
    """Find the stack traces in a server's log; each is told by its last line, which names the error."""
    findings = []
    entry: list[str] = []
    for number, line in enumerate([*path.read_text(errors="replace").splitlines(), END_OF_LOG], start=1):
        if not BEGINS_ENTRY.match(line):
            entry.append(line)
            continue
        if TRACE in entry and not any(known in text for text in entry for known in OF_LIBRARIES):
            findings.append(Finding("crashed", f"{path.name}, line {number - len(entry)}", entry[-1]))
        entry = [line]
    return findings


def _play(run: Run, playing: Step) -> None:
    text = playing.text

    def tell(what: str, done: int, total: int) -> None:
        playing.text = f"{text}: {what}"
        playing.advance(done, total)

    run.tell = tell
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run.play())
    playing.text = text


def _reckon(run: Run, outcome: Outcome) -> None:
    table, ledger = run.table, run.ledger
    records = [*run.gone, *(screen.record for screen in run.everybody)]
    outcome.findings += run.findings
    outcome.findings += table.close()
    outcome.findings += check_all(records, table.streams, ledger, table.books)
    outcome.findings += [finding for app in run.servers.apps for finding in read_log(app.log)]
    outcome.recoveries = run.recoveries.seconds
    outcome.returns = run.samples.seconds
    outcome.codes = dict(sum((screen.codes for screen in run.everybody), Counter()))
    outcome.figures = {
        "clients": len(records),
        "connections": run.visits + sum(screen.connects for screen in run.everybody),
        "frames compared": sum(len(record.seqs) for record in records),
        "events": sum(len(stream.told) for stream in table.streams.values()),
        "orders acknowledged": len(ledger.orders),
        "orders in the tables": len(table.books.orders),
        "requests": ledger.requests,
        "requests sent again": ledger.retries,
        "requests refused": ledger.refusals,
        "connections that found a process away": run.balancer.refused_count,
    }
