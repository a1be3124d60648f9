"""Plays a simulated evening against the clock: waits for each act's moment, has the crew do it, says how it goes."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from django.db import InterfaceError, OperationalError, connection

from kitchen.demo import acts
from kitchen.demo.acting import Crew
from kitchen.demo.acts import Act, Outcome
from kitchen.demo.evening import Evening

_RETRY_SECONDS = 0.5
# A person at a terminal sees one line that changes; a log gets one now and then.
_REDRAW_SECONDS = 0.5
_LOG_SECONDS = 10.0
_LATE_SECONDS = 2.0


class Output(Protocol):
    """Where a command writes; Django's ends each write as it is told."""

    def write(self, msg: str = "", style_func: Callable[[str], str] | None = None, ending: str | None = None) -> None:
        """Write a text and its ending."""

    def flush(self) -> None:
        """Have it seen."""

    def isatty(self) -> bool:
        """Whether a person looks on."""


class Report:
    """What has happened so far, on one line."""

    def __init__(self, output: Output) -> None:
        """Take where to write."""
        self._output = output
        self._done: Counter[type] = Counter()
        self.refused = 0
        self.late_seconds = 0.0
        self._began = time.monotonic()
        self._written = self._began
        # Several crews report to one.
        self._lock = threading.RLock()

    def count(self, act: Act, outcome: Outcome) -> None:
        """Note an act; a refusal is said at once."""
        with self._lock:
            if outcome.code:
                self.refused += 1
                self.say(f"Refused ({outcome.code}): {_words(act)}: {outcome.detail}")
            else:
                self._done[type(act)] += 1

    @property
    def orders(self) -> int:
        """How many orders were taken."""
        return self._done[acts.TakeOrder]

    def line(self) -> str:
        """Return how it stands."""
        minutes, seconds = divmod(int(time.monotonic() - self._began), 60)
        done = self._done
        late = f", {self.late_seconds:.0f} s behind" if self.late_seconds > _LATE_SECONDS else ""
        return (
            f"{minutes}:{seconds:02d}  {self.orders} orders, {done[acts.Confirm]} to the kitchen, "
            f"{done[acts.HandOver]} handed over, {done[acts.Complete]} completed, {done[acts.Cancel]} cancelled, "
            f"{self.refused} refusals{late}"
        )

    def say(self, text: str) -> None:
        """Write a line that stays."""
        with self._lock:
            self._output.write(f"\r\x1b[K{text}" if self._output.isatty() else text)
            self._output.flush()

    def show(self) -> None:
        """Write how it stands, when it is time for that again."""
        is_terminal = self._output.isatty()
        with self._lock:
            if time.monotonic() - self._written < (_REDRAW_SECONDS if is_terminal else _LOG_SECONDS):
                return
            self._written = time.monotonic()
            self._output.write(
                f"\r\x1b[K{self.line()}" if is_terminal else self.line(), ending="" if is_terminal else "\n"
            )
            self._output.flush()


def _words(act: Act) -> str:
    number = act.party.number if isinstance(act, acts.TakeOrder) else act.number
    return f"{type(act).__name__} {number}"


def play(evening: Evening, crew: Crew, *, report: Report, stop: threading.Event, seconds: float = math.inf) -> None:
    """Let the evening happen until it is told to stop, or for so many seconds."""
    began = time.monotonic()
    while not stop.is_set():
        due, act = evening.next_act()
        if not _wait(min(due, seconds), began, report, stop) or time.monotonic() - began >= seconds:
            break
        report.late_seconds = time.monotonic() - began - due
        outcome = _insist(crew, act, report, stop)
        if outcome is None:
            break
        report.count(act, outcome)
        evening.tell(outcome)
        report.show()


def _wait(due: float, began: float, report: Report, stop: threading.Event) -> bool:
    """Wait for a moment; False when it is not to be waited for."""
    while (left := began + due - time.monotonic()) > 0:
        if stop.wait(min(left, _REDRAW_SECONDS)):
            return False
        report.show()
    return True


def _insist(crew: Crew, act: Act, report: Report, stop: threading.Event) -> Outcome | None:
    """Do an act, again and again while the database does not answer; None when told to stop meanwhile."""
    is_down = False
    while not stop.is_set():
        try:
            outcome = crew.do(act)
        except (OperationalError, InterfaceError) as error:
            if not is_down:
                reason = " ".join(str(error).split())
                report.say(f"The database does not answer, trying again: {reason}")
            is_down = True
            connection.close()
            stop.wait(_RETRY_SECONDS)
            continue
        if is_down:
            report.say("The database answers again.")
        return outcome
    return None


def play_together(
    shifts: Sequence[tuple[Evening, Crew]], *, report: Report, stop: threading.Event, seconds: float = math.inf
) -> None:
    """Let several crews work at once, each in a thread with a connection of its own; one that fails stops all."""

    def work(evening: Evening, crew: Crew) -> None:
        try:
            play(evening, crew, report=report, stop=stop, seconds=seconds)
        except BaseException:
            stop.set()
            raise
        finally:
            connection.close()

    with ThreadPoolExecutor(len(shifts)) as threads:
        for shift in [threads.submit(work, *pair) for pair in shifts]:
            shift.result()
