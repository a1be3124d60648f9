"""Plays the rounds: each contestant in turn on fresh ground, again and again, so that a bad minute hits all alike."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import TextIO

from config.progress import Step
from tests.benchmarks.contestants.base import Contestant
from tests.benchmarks.contestants.processes import ContestantError
from tests.benchmarks.contestants.registry import BESIDE
from tests.benchmarks.load.process import Generator, GeneratorError
from tests.benchmarks.load.results import ClosedPace
from tests.benchmarks.measures import capacity, latency, memory, requests, slow, soak, storm
from tests.benchmarks.measures.match import ContestantDied, Match, Measure
from tests.benchmarks.noise import Noise
from tests.benchmarks.outcome import Entry
from tests.benchmarks.plan import MEASURES, Plan
from tests.benchmarks.services import Arena

MEASURING: Mapping[str, Measure] = {
    "memory": memory.measure,
    "http": requests.measure,
    "latency": latency.measure,
    "cpu": capacity.measure,
    "storm": storm.measure,
    "slow": slow.measure,
    "soak": soak.measure,
}
WARM_UP_SCREENS = 20
WARM_UP_LINES = 2


def play(
    arena: Arena,
    plan: Plan,
    contestants: Mapping[str, type[Contestant]],
    entries: dict[str, Entry],
    output: TextIO,
    keep: Callable[[], None],
) -> None:
    """Play all rounds into the entries; what a contestant cannot do is noted, and the others go on.

    ``keep`` is called after each match: so an hour's figures are not lost with the last minute's.
    """
    present: dict[str, type[Contestant]] = {}
    for name, kind in contestants.items():
        contestant = kind()
        reason = contestant.missing()
        entries[name] = Entry(missing=reason or "", versions={} if reason else contestant.versions())
        if reason:
            output.write(f"{name} is left out: {reason}\n")
        else:
            present[name] = kind
    for round_number in range(1, plan.rounds + 1):
        for place, (name, kind) in enumerate(present.items()):
            if round_number > 1 and name in BESIDE and len(present) > 1:
                continue
            with Step(output, f"Round {round_number} of {plan.rounds}, {name}") as step:
                play_match(arena, plan, kind(), entries[name], round_number, place, step)
            keep()


def play_match(
    arena: Arena, plan: Plan, contestant: Contestant, entry: Entry, round_number: int, place: int, step: Step
) -> None:
    """Play one contestant's round; whatever happens, nothing of it is left running."""
    measures = [name for name in MEASURES if name in MEASURING and plan.takes(name, round_number)]
    text = step.text
    figures: dict[str, float] = {}
    with ExitStack() as stack:
        ground = arena.ground(contestant.name, place)
        stack.callback(arena.clear, contestant.name)
        noise = Noise(arena.cores.all)
        stack.callback(contestant.stop)
        match: Match | None = None
        failure: list[str] = []
        try:
            contestant.start(ground)
            generator = stack.enter_context(Generator(arena.cores.generator, ground.home / "generator.log"))
            match = Match(contestant, generator, plan, ground.port, figures=figures)
            warm_up(match)
            for done, name in enumerate(measures):
                step.text = f"{text}, {name}"
                step.advance(done, len(measures))
                match.measure = name
                MEASURING[name](match)
        except (ContestantError, ContestantDied, GeneratorError) as error:
            failure = [f"round {round_number}: {error}"]
        if match is not None:
            take_over(match, entry)
        entry.notes += failure
        entry.rounds.append(figures | noise.figures())
        step.text = text


def warm_up(match: Match) -> None:
    """Let the server load, compile and cache what it needs, as any server has by noon."""
    match.measure = "warm-up"
    match.connect(WARM_UP_SCREENS)
    seconds = match.plan.warm_up_seconds
    match.post(ClosedPace(WARM_UP_LINES, seconds, is_shown=True), seconds)
    match.leave()


def take_over(match: Match, entry: Entry) -> None:
    """Keep what was wrong in a match."""
    for fault, count in dataclasses.asdict(match.faults).items():
        entry.faults[fault] = entry.faults.get(fault, 0) + count
    entry.notes += [note for note in match.notes if note not in entry.notes]
