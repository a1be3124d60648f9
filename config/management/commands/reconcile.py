"""`manage.py reconcile`: breaks what can break, and compares what every screen was sent with what is stored."""

import importlib.util
import json
import re
import secrets
import sys
from argparse import ArgumentTypeError
from importlib import import_module
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.local.processes import LocalServiceError
from config.progress import Step

PACKAGE = "tests.flows.reconcile"
LONG_MINUTES = 5
LARGE_STORM, SMALL_STORM = 1000, 150


def minutes(text: str) -> float:
    """Read a number of minutes, or say what is wrong with it."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= 24 * 60:
        raise ArgumentTypeError(f"{text!r} is no number of minutes above 0, up to a day")
    return number


def clients(text: str) -> int:
    """Read a number of clients, or say what is wrong with it."""
    if not re.fullmatch(r"[1-9]\d{0,3}", text):
        raise ArgumentTypeError(f"{text!r} is no number from 1 to 9999")
    return int(text)


class Command(BaseCommand):
    """Run Brigade under faults, and reckon up."""

    help = "Serve two restaurants, break what can break, and compare what every screen was sent with what is stored."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Take how long, by which seed, and where the figures go."""
        parser.add_argument("--minutes", type=minutes, default=2.0, help="at least one round of faults (default: 2)")
        parser.add_argument("--seed", type=int, help="the same seed deals the same faults (default: another each time)")
        parser.add_argument(
            "--storm",
            type=clients,
            metavar="N",
            help="clients that come back at once (default: 150; 1000 from 5 minutes)",
        )
        parser.add_argument("--fault", action="append", metavar="NAME", help="only this fault; may be repeated")
        parser.add_argument("--json", type=Path, metavar="PATH", help="write the figures there, too")

    def handle(
        self,
        *,
        minutes: float,
        seed: int | None,
        storm: int | None,
        fault: list[str] | None,
        json: Path | None,
        **_options: Any,
    ) -> None:
        """Play the run; end with 1 if anything was found."""
        if not is_checked_out():
            raise CommandError(f"reconcile needs Brigade's source with its tests ({PACKAGE}), which is not here.")
        try:
            faults, opening, report, run = (
                import_module(f"{PACKAGE}.{name}") for name in ("faults", "opening", "report", "run")
            )
        except ModuleNotFoundError as error:
            raise CommandError(f"reconcile needs {error.name}: pip install -e '.[test]'") from error
        unknown = sorted(set(fault or ()) - set(faults.FAULTS))
        if unknown:
            raise CommandError(f"There is no fault {unknown[0]!r}: {', '.join(faults.FAULTS)}.")
        seed = secrets.randbelow(10**6) if seed is None else seed
        storm = (LARGE_STORM if minutes >= LONG_MINUTES else SMALL_STORM) if storm is None else storm
        plan = run.Plan(minutes, seed, storm, tuple(fault or ()))
        self.stdout.write(f"Seed {seed}")
        try:
            outcome = opening.reconcile(plan, lambda text: Step(sys.stdout, text))
        except LocalServiceError as error:
            raise CommandError(str(error)) from error
        for line in report.lines(outcome):
            self.stdout.write(line)
        if json is not None:
            write(json, report.as_json(outcome))
        if outcome.findings:
            raise SystemExit(1)


def is_checked_out() -> bool:
    """Tell whether the tests are there: an installed Brigade has none."""
    try:
        return importlib.util.find_spec(PACKAGE) is not None
    except ModuleNotFoundError:
        return False


def write(path: Path, figures: dict[str, Any]) -> None:
    """Write the figures as JSON."""
    path.write_text(json.dumps(figures, indent=2) + "\n")
