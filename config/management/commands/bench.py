"""`manage.py bench`: measures the server beside others under the same load, as the README describes it."""

import importlib
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

# The benchmark is no part of an installation: it stands beside the tests in a source checkout.
BENCHMARK = "tests.benchmarks.run"
# Its own services keep their data below BRIGADE_HOME, apart from those of `up`.
FOLDER = "bench"


def find_benchmark() -> Any:
    """Return the benchmark's module.

    Raises CommandError where it is not, or lacks a package.
    """
    try:
        return importlib.import_module(BENCHMARK)
    except ModuleNotFoundError as error:
        if f"{BENCHMARK}.".startswith(f"{error.name}."):
            raise CommandError("the benchmark is part of a source checkout, and not installed with Brigade") from error
        raise CommandError(f"the benchmark needs {error.name}: pip install -e '.[test]'") from error


class Command(BaseCommand):
    """Measure Brigade beside other servers: the way to the screens, CPU, HTTP, storms, memory."""

    help = "Measure Brigade beside other servers: the way to the screens, CPU, HTTP, storms, memory."
    requires_system_checks = ()

    def run_from_argv(self, argv: list[str]) -> None:
        """Say in one line where the benchmark is, when it is not here: Django reads the options before it looks."""
        try:
            super().run_from_argv(argv)
        except CommandError as error:
            sys.exit(f"CommandError: {error}")

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what is measured, how often, and what becomes of it."""
        find_benchmark().add_arguments(parser)

    def handle(self, **options: Any) -> None:
        """Measure, and show the tables."""
        benchmark = find_benchmark()
        try:
            benchmark.run(options, home=settings.BRIGADE_HOME / FOLDER, output=sys.stdout)
        except benchmark.BenchError as error:
            raise CommandError(str(error)) from error
