"""What serves during a run and may be killed: PostgreSQL, Valkey and the app processes, each started by hand.

Nothing here starts again by itself; a fault ends when the run puts right what it broke. All calls wait: they are
made from one thread of the run's own, since a service ends with the thread that started it.
"""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

import psycopg

from config.local.postgres import Postgres
from config.local.processes import free_port
from config.local.valkey import Valkey
from config.serving import listen
from tests.flows.reconcile.balancer import HOST
from tests.flows.reconcile.layer import PROCESS, VARIABLE, Disturbance
from tests.live import ROOT

START_SECONDS = 60.0
FAST_SHUTDOWN_SECONDS = 30.0
GRACE_SECONDS = 12.0
POLL_SECONDS = 0.02


class App:
    """One app process, at a port of its own: uvicorn as Brigade is served, on one socket that is its alone."""

    def __init__(self, number: int, home: Path, environment: dict[str, str]) -> None:
        self.number = number
        self.port = free_port()
        self.log = home / f"app-{number}.log"
        self.environment = environment | {PROCESS: str(number)}
        self.process: subprocess.Popen[bytes] | None = None
        self._life: tuple[int, int] | None = None

    def start(self) -> None:
        """Start it and wait until it serves."""
        ready_read, ready_write = os.pipe()
        self._life = os.pipe()
        listener = listen(HOST, self.port)
        descriptors = (listener.fileno(), ready_write, self._life[0])
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "config.serving", *(str(descriptor) for descriptor in descriptors)],
                cwd=ROOT, env=self.environment, pass_fds=descriptors, stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        listener.close()  # so that nobody is let in while the process is not there
        os.close(ready_write)
        with os.fdopen(ready_read, "rb") as ready:
            if not ready.read(1):
                raise RuntimeError(f"app process {self.number} ended before it served (see {self.log})")

    def kill(self) -> None:
        """End it at once, as the kernel does when memory is short."""
        self._signal(signal.SIGKILL)
        self._reap()

    def end(self) -> None:
        """Ask it to go, as a deploy does, and wait until it has gone."""
        self._signal(signal.SIGTERM)
        assert self.process is not None
        try:
            self.process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGKILL)
        self._reap()

    def freeze(self) -> None:
        """Stop it without closing anything."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def is_alive(self) -> bool:
        """Tell whether it runs."""
        return self.process is not None and self.process.poll() is None

    def _signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def _reap(self) -> None:
        assert self.process is not None
        self.process.wait()
        if self._life is not None:
            for descriptor in self._life:
                os.close(descriptor)
            self._life = None


class Servers:
    """All that serves in a run. A context manager."""

    def __init__(self, home: Path, *, apps: int = 2) -> None:
        self.home = home
        self.disturbance = home / "disturbance.json"
        self.postgres = Postgres(home)  # durable: what was acknowledged must outlive its restarts
        self.valkey = Valkey(home)
        self.prefix = f"reconcile-{secrets.token_hex(4)}"
        self.count = apps
        self.apps: list[App] = []

    def __enter__(self) -> Self:
        try:
            self.postgres.create()
            self.postgres.start()
            self.valkey.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def environment(self, key: str) -> dict[str, str]:
        """Return the environment of a process that serves here."""
        foreign = ("BRIGADE_COMMAND", "CORS_ORIGINS", "LOG_FORMAT", "METRICS_TOKEN", "DATABASE_POOL_SIZE")
        return {name: value for name, value in os.environ.items() if name not in foreign} | {
            "DJANGO_SETTINGS_MODULE": "tests.flows.reconcile.settings",
            "DATABASE_URL": self.postgres.url,
            "REDIS_URL": self.valkey.url,
            "SECRET_KEY": key,
            "DEBUG": "false",
            "ALLOWED_HOSTS": HOST,
            "BRIGADE_HOME": str(self.home),
            "BRIGADE_LAYER_PREFIX": self.prefix,
            VARIABLE: str(self.disturbance),
        }

    def serve(self, key: str) -> None:
        """Start the app processes."""
        environment = self.environment(key)
        self.apps = [App(number, self.home, environment) for number in range(1, self.count + 1)]
        for app in self.apps:
            app.start()

    def stop(self) -> None:
        """End everything."""
        for app in self.apps:
            if app.is_alive():
                app.thaw()
                app.kill()
        if self.valkey.process is not None:
            self.valkey.process.send_signal(signal.SIGCONT)
        self.valkey.stop()
        self.postgres.stop()

    # The services

    def kill_valkey(self) -> None:
        """End Valkey at once, with all it held."""
        assert self.valkey.process is not None
        self.valkey.process.kill()
        self.valkey.process.wait()

    def start_valkey(self) -> None:
        """Start Valkey where it was; it is empty."""
        self.valkey.start(port=self.valkey.port)

    def freeze_valkey(self) -> None:
        """Stop Valkey without closing anything."""
        assert self.valkey.process is not None
        self.valkey.process.send_signal(signal.SIGSTOP)

    def thaw_valkey(self) -> None:
        """Let Valkey go on."""
        assert self.valkey.process is not None
        self.valkey.process.send_signal(signal.SIGCONT)

    def restart_postgres(self, down_seconds: float) -> None:
        """Shut PostgreSQL down fast, which cuts everybody off and loses nothing, and start it again."""
        assert self.postgres.process is not None
        self.postgres.process.send_signal(signal.SIGINT)
        self.postgres.process.wait(FAST_SHUTDOWN_SECONDS)
        time.sleep(down_seconds)
        self.postgres.start(port=self.postgres.port)

    def terminate_connections(self) -> int:
        """Cut every connection of Brigade's to PostgreSQL; return how many there were."""
        with psycopg.connect(self.postgres.url, autocommit=True) as connection:
            found = connection.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'brigade'"
            ).fetchone()
        assert found is not None
        return int(found[0])

    def disturb(self, disturbance: Disturbance) -> None:
        """Have messages on the layer disturbed so, or not at all."""
        disturbance.write(self.disturbance)

    def crash_publisher(self, key: str, slug: str, what: str) -> int:
        """Commit something in a process that dies before it tells anybody; return how it ended."""
        environment = self.environment(key) | {"BRIGADE_COMMAND": "reconcile"}
        command = [sys.executable, "-m", "tests.flows.reconcile.crashing", slug, what]
        with (self.home / "crashing.log").open("ab") as log:
            done = subprocess.run(command, cwd=ROOT, env=environment, stdout=log, stderr=log, check=False)
        return done.returncode
