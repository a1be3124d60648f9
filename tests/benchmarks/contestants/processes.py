"""Starts and ends the processes of a contestant: one core, one log, and no life beyond the benchmark's."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from config.local.processes import end, launch_command

ROOT = Path(__file__).parents[3]
START_SECONDS = 60.0
STOP_SECONDS = 8.0
PREPARE_SECONDS = 180.0
POLL_SECONDS = 0.02
LAST_LINES = 5


class ContestantError(Exception):
    """A contestant cannot be run; the text is one line for whoever runs the benchmark."""


# What is measured is how much a server can do, by one user who does the work of a hundred. Requests are counted as
# they always are; a limit of 0 would not count them.
UNLIMITED = {"RATE_LIMIT_STAFF": "1000000", "RATE_LIMIT_GUESTS": "1000000", "RATE_LIMIT_ADDRESS": "1000000"}


def plain_environment(**settings: str) -> dict[str, str]:
    """Return what a server needs of our environment, and its own settings; none that somebody set for an `up`."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return {**kept, "PYTHONUNBUFFERED": "1", **UNLIMITED, **settings}


@contextlib.contextmanager
def pinned(core: int) -> Iterator[None]:
    """Let the processes that are started meanwhile run on one core: they inherit it, from their first instruction."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@dataclass
class ServerProcess:
    """One server process, pinned to a core; the kernel kills it when the benchmark is gone, however it went."""

    command: list[str]
    environment: dict[str, str]
    core: int
    port: int
    log: Path
    folder: Path = ROOT
    descriptors: Sequence[int] = ()
    """What it inherits."""
    held: Sequence[int] = ()
    """What we keep open for as long as it lives."""
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def pid(self) -> int:
        """Return the process id of the server that runs."""
        assert self.process is not None
        return self.process.pid

    @property
    def pids(self) -> list[int]:
        """Return the server's process id, while it runs."""
        return [self.process.pid] if self.process is not None else []

    def start(self) -> None:
        """Start it and wait until it takes connections.

        Raises ContestantError with its last words when it ends before that.
        """
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if is_taken(self.port):
            raise ContestantError(f"port {self.port} is in use")
        self.spawn()
        deadline = time.monotonic() + START_SECONDS
        while not is_taken(self.port):
            self.check(deadline)
            time.sleep(POLL_SECONDS)

    def spawn(self) -> None:
        """Start it, and wait for nothing."""
        command = launch_command(self.command, account=None, reaches=(), end_signal=signal.SIGKILL)
        with self.log.open("ab") as output, pinned(self.core):
            self.process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=self.descriptors,
                # Ctrl-C is for the benchmark, which then ends its servers.
                start_new_session=True,
            )
        # Thousands of screens, each with a file descriptor: as many as this machine lets us have.
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.prlimit(self.process.pid, resource.RLIMIT_NOFILE, (most, most))

    def check(self, deadline: float) -> None:
        """Raise ContestantError when it has ended, or does not serve by the deadline."""
        assert self.process is not None
        if self.process.poll() is not None:
            self.stop()
            raise ContestantError(f"{self.log.stem} ended as it started: {last_words(self.log)}")
        if time.monotonic() > deadline:
            self.stop()
            raise ContestantError(f"{self.log.stem} does not serve after {START_SECONDS:.0f} s: {last_words(self.log)}")

    def stop(self) -> None:
        """End it, by force when it does not end by itself."""
        if self.process is None:
            return
        end(self.process, signal.SIGTERM, seconds=STOP_SECONDS)
        # What it started, if anything, is in its session.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process = None
        for descriptor in self.held:
            os.close(descriptor)


def is_taken(port: int) -> bool:
    """Tell whether anybody takes connections on a port of this machine."""
    try:
        with socket.create_connection(("127.0.0.1", port), 1):
            return True
    except OSError:
        return False


def last_words(log: Path) -> str:
    """Return what a log ends with, in one line."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    said = [line.strip() for line in lines if line.strip()]
    return " | ".join(said[-LAST_LINES:]) or "it said nothing"


def prepare(command: list[str], environment: dict[str, str], log: Path, *, folder: Path = ROOT) -> str:
    """Run what must be done before a server starts; return what it printed.

    Raises ContestantError with its last words when it fails.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as errors:
        try:
            done = subprocess.run(
                command,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                timeout=PREPARE_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ContestantError(f"{log.stem} cannot be prepared: {error}") from error
    if done.returncode:
        raise ContestantError(f"{log.stem} cannot be prepared: {last_words(log)}")
    return done.stdout.decode()
