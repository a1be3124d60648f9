"""Runs the benchmark as `manage.py bench` asks for it."""

from __future__ import annotations

import dataclasses
import os
import signal
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn, TextIO

from config.local.processes import LocalServiceError
from config.progress import Step
from tests.benchmarks import compare, machine, report
from tests.benchmarks.contestants.base import Contestant
from tests.benchmarks.contestants.registry import CONTESTANTS
from tests.benchmarks.growth import GrowthError, run_growth
from tests.benchmarks.load.process import raise_file_limit
from tests.benchmarks.outcome import Outcome, OutcomeError, read
from tests.benchmarks.plan import MEASURES, Plan, quick
from tests.benchmarks.rounds import play
from tests.benchmarks.services import DATABASE_PREFIX, Arena, share_out
from tests.benchmarks.tables import in_columns

# The last of Valkey's databases; the first are the contestants'.
GROWTH_LAYER = 15
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class BenchError(Exception):
    """The benchmark cannot run; the text is one line for whoever started it."""


class Stopped(BaseException):
    """Somebody asked the benchmark to end."""


def names(known: tuple[str, ...]) -> Callable[[str], tuple[str, ...]]:
    """Read names separated by commas, each of which must be known."""

    def read_names(text: str) -> tuple[str, ...]:
        found = tuple(name.strip() for name in text.split(",") if name.strip())
        for name in found:
            if name not in known:
                raise ArgumentTypeError(f"'{name}' is none of {', '.join(known)}")
        return found

    return read_names


def counts(text: str) -> tuple[int, ...]:
    """Read numbers of sockets separated by commas."""
    try:
        found = tuple(int(part) for part in text.split(","))
    except ValueError:
        raise ArgumentTypeError(f"'{text}' are no numbers separated by commas") from None
    if not found or min(found) < 1:
        raise ArgumentTypeError("a number of sockets is at least 1")
    return found


def positive(text: str) -> int:
    """Read a number of at least one."""
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"'{text}' is no number of at least 1")
    return int(text)


def minutes(text: str) -> float:
    """Read a length in minutes."""
    try:
        found = float(text)
    except ValueError:
        raise ArgumentTypeError(f"'{text}' is no number of minutes") from None
    if not 0 < found <= 24 * 60:
        raise ArgumentTypeError("a soak takes more than nothing and at most a day")
    return found


def add_arguments(parser: ArgumentParser) -> None:
    """Describe the options; their defaults are the plan's."""
    plan = Plan()
    known = tuple(CONTESTANTS)
    parser.add_argument("--contestants", type=names(known), default=(), metavar="A,B", help=f"of {', '.join(known)}")
    parser.add_argument(
        "--sockets", type=counts, metavar="N,M", help=f"screens (default: {','.join(map(str, plan.sockets))})"
    )
    parser.add_argument("--rounds", type=positive, help=f"how often (default: {plan.rounds})")
    parser.add_argument(
        "--only", type=names(MEASURES), metavar="A,B", help=f"of {', '.join(MEASURES)} (default: {','.join(plan.only)})"
    )
    parser.add_argument("--quick", action="store_true", help="one short round, to see that everything runs")
    parser.add_argument("--growth", action="store_true", help="also how costs grow with a million orders")
    parser.add_argument("--soak", type=minutes, metavar="MINUTES", help="also 5,000 sockets for so long")
    parser.add_argument("--json", type=Path, metavar="PATH", help="keep the outcome there")
    parser.add_argument("--compare", type=Path, metavar="OLD.json", help="show what changed since an earlier outcome")
    parser.add_argument("--readme", action="store_true", help="print the README's tables as Markdown")
    parser.add_argument(
        "--from", type=Path, dest="source", metavar="PATH", help="measure nothing, show an earlier outcome"
    )


def plan_of(options: Mapping[str, Any]) -> Plan:
    """Make a plan of what was asked for."""
    plan = Plan()
    if options["quick"]:
        plan = quick(plan)
    given = {name: options[name] for name in ("sockets", "rounds", "only", "contestants") if options[name]}
    plan = dataclasses.replace(plan, **given)
    extra = tuple(name for name in ("growth", "soak") if options[name] and name not in plan.only)
    return dataclasses.replace(
        plan,
        only=(*plan.only, *extra),
        soak_minutes=options["soak"] or plan.soak_minutes,
        json_path=options["json"],
        compare_path=options["compare"],
        is_readme=options["readme"],
    )


def run(options: Mapping[str, Any], *, home: Path, output: TextIO = sys.stdout) -> None:
    """Measure, or take an earlier outcome, and show it.

    Raises BenchError with one line.
    """
    plan = plan_of(options)
    try:
        before = read(plan.compare_path) if plan.compare_path is not None else None
        source = options["source"]
        outcome = read(source) if source is not None else measure(plan, home=home, output=output)
    except (OutcomeError, LocalServiceError) as error:
        raise BenchError(str(error)) from error
    keep(plan, outcome)
    output.write("\n" + (report.in_readme(outcome) if plan.is_readme else report.on_terminal(outcome)))
    if before is not None:
        output.write("\n" + in_columns(compare.table(outcome, before)))


def measure(plan: Plan, *, home: Path, output: TextIO) -> Outcome:
    """Play all rounds on services of the benchmark's own, and end everything that was started.

    Raises BenchError or LocalServiceError.
    """
    if not sys.platform.startswith("linux"):
        raise BenchError("the benchmark reads what processes use from Linux's /proc")
    chosen: dict[str, type[Contestant]] = {
        name: kind for name, kind in CONTESTANTS.items() if not plan.contestants or name in plan.contestants
    }

    def announce(text: str) -> AbstractContextManager[object]:
        return Step(output, text)

    before = {number: signal.signal(number, stop) for number in STOP_SIGNALS}
    raise_file_limit()
    try:
        with Arena(home, share_out(os.sched_getaffinity(0)), announce) as arena:
            outcome = Outcome(
                date=machine.today(),
                commit=machine.commit(),
                machine=machine.describe(),
                services=arena.versions(),
                plan=dataclasses.asdict(plan),
            )
            if plan.only != ("growth",):
                play(arena, plan, chosen, outcome.entries, output, keep=lambda: keep(plan, outcome))
            if "growth" in plan.only:
                outcome.growth = grow(arena, plan, output)
            return outcome
    except Stopped as stopped:
        raise BenchError("stopped; everything that was started is ended") from stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def grow(arena: Arena, plan: Plan, output: TextIO) -> dict[str, Any]:
    """Measure how costs grow with the data; what fails there costs nobody the other figures."""
    ground = arena.ground("growth", GROWTH_LAYER)
    try:
        return run_growth(
            home=ground.home,
            output=output,
            sizes=plan.growth_sizes,
            rounds=plan.growth_rounds,
            database_url=ground.database_url,
            redis_url=ground.redis_url,
            prefix=f"{DATABASE_PREFIX}growth",
        )
    except GrowthError as error:
        output.write(f"growth: {error}\n")
        return {}
    finally:
        for size in plan.growth_sizes:
            arena.clear(f"growth-{size}")
        arena.clear("growth")


def keep(plan: Plan, outcome: Outcome) -> None:
    """Write the outcome, as far as it is, where it was asked for."""
    if plan.json_path is not None:
        outcome.write(plan.json_path)


def stop(_number: int, _frame: FrameType | None) -> NoReturn:
    """Leave whatever is being done; a second signal must not disturb the cleaning up."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise Stopped
