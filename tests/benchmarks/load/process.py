"""The load generator as a process of its own, on a core of its own, which takes commands and hands back results."""

from __future__ import annotations

import asyncio
import gc
import os
import resource
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Self

import uvloop

from config.local.processes import end, launch_command
from tests.benchmarks.contestants.processes import pinned
from tests.benchmarks.load.field import Field

ROOT = Path(__file__).parents[3]
END_SECONDS = 3.0
# No command takes longer, but the soak, which is made of short ones.
COMMAND_SECONDS = 600.0


class GeneratorError(Exception):
    """The load generator failed; the text is one line."""


class Generator:
    """The benchmark's end: calls Field's methods in the other process. A context manager."""

    def __init__(self, core: int, log: Path) -> None:
        """Take the core to pin it to, and where it may complain."""
        self.core = core
        self.log = log
        self.process: subprocess.Popen[bytes] | None = None
        self.connection: Connection | None = None

    def __enter__(self) -> Self:
        """Start it."""
        raise_file_limit()
        ours, theirs = socket.socketpair()
        command = [sys.executable, "-m", "tests.benchmarks.load.process", str(theirs.fileno())]
        with theirs, self.log.open("ab") as log, pinned(self.core):
            self.process = subprocess.Popen(
                launch_command(command, account=None, reaches=(), end_signal=signal.SIGKILL),
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[theirs.fileno()],
                # Ctrl-C is for the benchmark, which then ends it.
                start_new_session=True,
            )
        self.connection = Connection(ours.detach())
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        if self.connection is not None:
            self.connection.close()
            self.connection = None
        if self.process is not None:
            end(self.process, signal.SIGTERM, seconds=END_SECONDS)
            self.process = None

    @property
    def pid(self) -> int:
        """Return its process id."""
        assert self.process is not None
        return self.process.pid

    def call(self, command: str, *arguments: Any, **options: Any) -> Any:
        """Let it do something, and wait for the result.

        Raises GeneratorError when it fails, is gone, or does not come back.
        """
        assert self.connection is not None
        try:
            self.connection.send((command, arguments, options))
            if not self.connection.poll(COMMAND_SECONDS):
                raise GeneratorError(f"the load generator did not come back from {command}")
            is_fine, result = self.connection.recv()
        except (EOFError, OSError) as error:
            raise GeneratorError(f"the load generator died at {command}: see {self.log}") from error
        if not is_fine:
            raise GeneratorError(f"the load generator failed at {command}: {result}")
        return result


def raise_file_limit() -> None:
    """Allow this process and what it starts as many sockets as the system lets anybody have."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def serve(connection: Connection) -> None:
    """Do what is asked until nobody asks any more."""
    loop = asyncio.get_running_loop()
    field = Field()
    while True:
        try:
            command, arguments, options = await loop.run_in_executor(None, connection.recv)
        except (EOFError, OSError):
            return
        try:
            result = (True, await getattr(field, command)(*arguments, **options))
        except Exception as error:  # noqa: BLE001 - told to the benchmark, which decides
            result = (False, f"{type(error).__name__}: {error}")
        # Between measurements, since it never is in the midst of one.
        gc.collect()
        connection.send(result)


def main(descriptor: int) -> None:
    """Run the generator on an open socket."""
    gc.disable()
    uvloop.run(serve(Connection(descriptor)))
    # A thread may still wait for a command on the closed socket.
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]))
