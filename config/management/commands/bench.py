"""`manage.py bench`: measures the server beside others under the same load, as the README describes it."""

import importlib
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

# The benchmark is no part of an installation: it stands beside the tests in a source checkout.
BENCHMARK = "tests.benchmarks.run"
HOME = "bench"


class Command(BaseCommand):
    """Measure Brigade beside other servers: the way to the screens, CPU, HTTP, storms, memory."""

    help = "Measure Brigade beside other servers: the way to the screens, CPU, HTTP, storms, memory."
    requires_system_checks = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Find the benchmark."""
        super().__init__(*args, **kwargs)
        try:
            self.benchmark = importlib.import_module(BENCHMARK)
        except ModuleNotFoundError as error:
            is_there = error.name is not None and not BENCHMARK.startswith(error.name)
            needs = f"needs {error.name}: pip install -e '.[test]'" if is_there else "is part of a source checkout only"
            raise CommandError(f"the benchmark {needs}") from error

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what is measured, how often, and what becomes of it."""
        self.benchmark.add_arguments(parser)

    def handle(self, **options: Any) -> None:
        """Measure, and show the tables."""
        try:
            self.benchmark.run(options, home=settings.BRIGADE_HOME / HOME, output=sys.stdout)
        except self.benchmark.BenchError as error:
            raise CommandError(str(error)) from error
