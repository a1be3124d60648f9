"""One line per step of a long command, with a bar for a person who waits."""

import threading
import time
from types import TracebackType
from typing import Self, TextIO

# Below this a bar only flickers.
PATIENCE_SECONDS = 2.0
TICK_SECONDS = 0.2
BAR_CELLS = 24


class Step:
    """Something that takes a while: `Starting PostgreSQL ... 1.1 s`. A context manager."""

    def __init__(self, output: TextIO, text: str) -> None:
        """Take where to write and what is done."""
        self.output = output
        self.text = text
        self.done = 0
        self.total = 0
        self._began = time.monotonic()
        self._ended = threading.Event()
        self._ticker = threading.Thread(target=self._draw, name="progress", daemon=True)

    def __enter__(self) -> Self:
        """Begin."""
        self._began = time.monotonic()
        if self.output.isatty():
            self._ticker.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write the line that stays."""
        self._ended.set()
        if self._ticker.is_alive():
            self._ticker.join()
        result = "failed after" if kind else "done in"
        self._write(f"{self.text}: {result} {self.seconds:.1f} s\n")

    @property
    def seconds(self) -> float:
        """Return how long it takes so far."""
        return time.monotonic() - self._began

    def advance(self, done: int, total: int) -> None:
        """Say how far it is."""
        self.done, self.total = done, total

    def bar(self) -> str:
        """Draw how far it is, or where nobody knows that, that it goes on."""
        if self.total:
            filled = BAR_CELLS * min(self.done, self.total) // self.total
            return f"[{'#' * filled}{'.' * (BAR_CELLS - filled)}] {self.done} of {self.total}, {self.seconds:.0f} s"
        place = int(self.seconds / TICK_SECONDS) % (BAR_CELLS - 2)
        return f"[{'.' * place}###{'.' * (BAR_CELLS - 3 - place)}] {self.seconds:.0f} s"

    def _draw(self) -> None:
        if self._ended.wait(PATIENCE_SECONDS):
            return
        while not self._ended.wait(TICK_SECONDS):
            self._write(f"{self.text} {self.bar()}")

    def _write(self, text: str) -> None:
        # Back to the line's beginning, and clear what the bar left there.
        self.output.write(f"\r\x1b[K{text}" if self.output.isatty() else text)
        self.output.flush()
