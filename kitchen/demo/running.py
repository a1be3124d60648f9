"""Plays a simulated evening against the clock: waits for each act's moment, has the crew do it, says how it goes."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Callable
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
# Refusals that are part of the game: somebody was faster, or did something else meanwhile.
_FASTER = frozenset(
    {"conflict", "invalid_transition", "not_editable", "course_held", "allergy_unconfirmed", "too_late", "not_payable"}
)
# What PostgreSQL says of the connection, and of itself starting or stopping (SQLSTATE classes 08, 57P and 53300);
# a driver that finds nobody there says nothing. All else is a fault of ours.
_AWAY = ("08", "57P", "53300")


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
        self.faster = 0
        self.faults = 0
        self.late_seconds = 0.0
        self._began = time.monotonic()
        self._written = self._began
        # Several crews report to one.
        self._lock = threading.RLock()

    def count(self, act: Act, outcome: Outcome) -> None:
        """Note an act; a refusal is said at once, unless somebody was only faster."""
        with self._lock:
            if outcome.code in _FASTER:
                self.faster += 1
            elif outcome.code:
                self.refused += 1
                self.say(f"Refused ({outcome.code}): {_words(act)}: {outcome.detail}")
            else:
                self._done[type(act)] += 1

    def fault(self, act: Act, reason: str) -> None:
        """Note what nobody should ever see: a deadlock, a serialization error."""
        with self._lock:
            self.faults += 1
            self.say(f"Failed: {_words(act)}: {reason}")

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
            f"{done[acts.HandOver]} handed over, {done[acts.Recall]} recalled, {done[acts.Complete]} completed, "
            f"{done[acts.Cancel]} cancelled, {self.faster} times somebody was faster, {self.refused} refusals{late}"
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
    _play(evening, crew, report, stop, time.monotonic(), seconds)


def _play(evening: Evening, crew: Crew, report: Report, stop: threading.Event, began: float, seconds: float) -> None:
    while not stop.is_set():
        elapsed = time.monotonic() - began
        if elapsed >= seconds:
            break
        due, act = evening.act_due(elapsed)
        if act is None:
            _wait(min(due, seconds), began, report, stop)
            continue
        report.late_seconds = elapsed - due
        outcome = _insist(crew, act, report, stop)
        if outcome is None:
            break
        report.count(act, outcome)
        evening.tell(outcome)
        report.show()


def _wait(due: float, began: float, report: Report, stop: threading.Event) -> None:
    """Wait for a moment, and show how it stands; what another thread does may bring something before it."""
    left = began + due - time.monotonic()
    if left > 0:
        stop.wait(min(left, _REDRAW_SECONDS))
        report.show()


def _insist(crew: Crew, act: Act, report: Report, stop: threading.Event) -> Outcome | None:
    """Do an act, again and again while the database does not answer; None when told to stop meanwhile."""
    is_down = False
    while not stop.is_set():
        try:
            outcome = crew.do(act)
        except (OperationalError, InterfaceError) as error:
            reason = " ".join(str(error).split())
            if not _is_away(error):
                report.fault(act, reason)
            elif not is_down:
                report.say(f"The database does not answer, trying again: {reason}")
                is_down = True
            connection.close()
            stop.wait(_RETRY_SECONDS)
            continue
        if is_down:
            report.say("The database answers again.")
        return outcome
    return None


def _is_away(error: OperationalError | InterfaceError) -> bool:
    """Whether it is the database that is away, and no quarrel of ours in it."""
    state = getattr(error.__cause__, "sqlstate", None)
    return state is None or state.startswith(_AWAY)


def play_together(
    evening: Evening,
    crew: Crew,
    *,
    threads: int,
    report: Report,
    stop: threading.Event,
    seconds: float = math.inf,
) -> None:
    """Have several act at once, each in a thread with a connection of its own; one that fails stops all."""
    began = time.monotonic()

    def work() -> None:
        try:
            _play(evening, crew, report, stop, began, seconds)
        except BaseException:
            stop.set()
            raise
        finally:
            connection.close()

    with ThreadPoolExecutor(threads) as pool:
        for shift in [pool.submit(work) for _ in range(threads)]:
            shift.result()
