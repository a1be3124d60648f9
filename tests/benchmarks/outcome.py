"""What a whole benchmark found; kept as JSON, so that two of them can be compared."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.benchmarks.figures import Rounds, over_rounds, ratio_over_rounds, values_of

FORMAT = 1


class OutcomeError(Exception):
    """A file holds no outcome of this benchmark; the text is one line."""


@dataclass(slots=True)
class Entry:
    """What one contestant gave: its figures by round, what must be zero, and what a reader should know."""

    versions: dict[str, str] = field(default_factory=dict)
    missing: str = ""
    rounds: list[dict[str, float]] = field(default_factory=list)
    faults: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def figure(self, name: str) -> Rounds | None:
        """Return a figure over all rounds."""
        return over_rounds(values_of(self.rounds, name))

    def names(self) -> list[str]:
        """Return every figure that any round has."""
        return sorted({name for figures in self.rounds for name in figures})


@dataclass(slots=True)
class Outcome:
    """The whole."""

    date: str
    commit: str
    machine: dict[str, str]
    services: dict[str, str]
    plan: dict[str, Any]
    entries: dict[str, Entry] = field(default_factory=dict)
    growth: dict[str, Any] = field(default_factory=dict)

    def figure(self, contestant: str, name: str) -> Rounds | None:
        """Return a contestant's figure over all rounds."""
        entry = self.entries.get(contestant)
        return entry.figure(name) if entry is not None else None

    def ratio(self, ours: str, theirs: str, name: str) -> Rounds | None:
        """Return how our figure relates to theirs, round by round."""
        if ours not in self.entries or theirs not in self.entries:
            return None
        return ratio_over_rounds(self.entries[ours].rounds, self.entries[theirs].rounds, name)

    def write(self, path: Path) -> None:
        """Write it as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"format": FORMAT, **asdict(self)}, indent=1, default=str) + "\n")


def read(path: Path) -> Outcome:
    """Read an outcome.

    Raises OutcomeError when the file is none.
    """
    try:
        found = json.loads(path.read_text())
        if found.pop("format") != FORMAT:
            raise OutcomeError(f"{path} was written by another version of the benchmark")
        entries = {name: Entry(**entry) for name, entry in found.pop("entries").items()}
        return Outcome(**found, entries=entries)
    except OSError as error:
        raise OutcomeError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise OutcomeError(f"{path} is no outcome of the benchmark") from error
