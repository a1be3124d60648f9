"""What the load generator is told to do, and what it hands back; all of it travels between two processes."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.benchmarks.figures import Spread
from tests.benchmarks.load.ledger import Faults


@dataclass(frozen=True, slots=True)
class OpenPace:
    """So many requests in each second, whether the ones before are answered or not."""

    per_second: float


@dataclass(frozen=True, slots=True)
class ClosedPace:
    """Over so many connections, each sending the next as soon as the one before is done, for a time.

    ``is_shown``: done only when all screens were told; so no screen's queue can grow.
    """

    lines: int
    seconds: float
    is_shown: bool = False


@dataclass(frozen=True, slots=True)
class Usage:
    """What a run cost. The generator's busy share tells whether its figures can be trusted."""

    wall_seconds: float
    server_cpu_seconds: float
    generator_cpu_seconds: float

    @property
    def server_busy(self) -> float:
        """Return the share of one core that the server had, 0 to 1."""
        return self.server_cpu_seconds / self.wall_seconds if self.wall_seconds else 0.0

    @property
    def generator_busy(self) -> float:
        """Return the share of one core that the load generator had, 0 to 1."""
        return self.generator_cpu_seconds / self.wall_seconds if self.wall_seconds else 0.0


@dataclass(frozen=True, slots=True)
class Run:
    """What a run of requests gave. All times in milliseconds."""

    answered: int
    refused: dict[int, int]
    """How often each status other than 2xx was answered; 0 for no answer."""
    complaint: str
    """The first refusal's body, shortened, or nothing."""
    latency: Spread
    sent_late: Spread
    """How late the generator itself was to send."""
    usage: Usage
    to_first: Spread
    to_each: Spread
    to_last: Spread
    deliveries: int
    faults: Faults
    cuts: list[str]
    """How screens were cut that did not leave by themselves."""
    bodies: list[bytes] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Storm:
    """Screens that connected all at once. All times in milliseconds after the first began."""

    live: Spread
    """When each screen was live."""
    all_live_ms: float
    failures: list[str]
    usage: Usage
    caught_up_ms: float = 0.0
    """When the last screen had everything that it had missed; 0 where nothing is replayed."""
    replayed: int = 0
    faults: Faults = field(default_factory=Faults)


@dataclass(frozen=True, slots=True)
class Stall:
    """What became of a screen that stopped reading."""

    cut_after_seconds: float | None
    """None: it was not cut."""
    resident_kib_before: float
    resident_kib_most: float
