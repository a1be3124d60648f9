"""Runs the local services of one home, for as long as one `up` or one test run needs them."""

import fcntl
import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import TracebackType
from typing import Self

from config.local.postgres import Postgres
from config.local.processes import LocalServiceError
from config.local.state import Services, forget_services, read_services, remember_services
from config.local.valkey import Valkey

LOCK_FILE = "lock"

# Told what is being done, so that a person who waits knows what for.
Announce = Callable[[str], AbstractContextManager[object]]


def say_nothing(_: str) -> AbstractContextManager[object]:
    """Run a step without telling anybody."""
    return nullcontext()


class LocalServices:
    """PostgreSQL and Valkey on the data of one home, which this object alone uses while it runs.

    A context manager: the services are there inside it and gone after it.
    """

    def __init__(
        self,
        home: Path,
        *,
        announce: Announce = say_nothing,
        with_database: bool = True,
        with_layer: bool = True,
        is_durable: bool = True,
    ) -> None:
        """Choose the home and which of the services it lacks; tests need no durable database."""
        self.home = home.absolute()
        self.announce = announce
        self.is_durable = is_durable
        self.with_database = with_database
        self.with_layer = with_layer
        self.postgres: Postgres | None = None
        self.valkey: Valkey | None = None
        self._lock: int | None = None

    def __enter__(self) -> Self:
        """Start the services."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the services."""
        self.stop()

    @property
    def services(self) -> Services:
        """Return where the services listen."""
        return Services(
            database_url=self.postgres.url if self.postgres else None,
            redis_url=self.valkey.url if self.valkey else None,
        )

    def start(self) -> None:
        """Take the home for ourselves, end what a killed `up` left there, and start what is asked for.

        Raises LocalServiceError when the home is in use or a service does not start.
        """
        self.claim()
        try:
            if self.with_database:
                self._start_postgres()
            if self.with_layer:
                self._start_valkey()
            if self._lock is not None:
                remember_services(self.home, self.services)
        except BaseException:
            self.stop()
            raise

    def claim(self) -> None:
        """Take the home for ourselves, unless we have it or need nothing there.

        Raises LocalServiceError when it is in use.
        """
        if self._lock is not None or not (self.with_database or self.with_layer):
            return
        try:
            self.home.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.home / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise LocalServiceError(f"BRIGADE_HOME cannot be used: {error}") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(lock, 32).decode().strip() or "unknown"
            os.close(lock)
            raise LocalServiceError(f"another `up` runs on the data in {self.home} (process {holder})") from error
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
        self._lock = lock

    def revive(self) -> list[str]:
        """Start again what died, where it was, so that every process finds it there; return the names."""
        revived = []
        for service in (self.postgres, self.valkey):
            if service is not None and not service.is_alive():
                service.start(port=service.port)
                revived.append(service.name)
        return revived

    def stop(self) -> None:
        """End the services and give the home back."""
        for service in (self.valkey, self.postgres):
            if service is not None:
                service.stop()
        if self._lock is not None:
            forget_services(self.home)
            os.close(self._lock)
            self._lock = None

    def _start_postgres(self) -> None:
        self.postgres = postgres = Postgres(self.home, is_durable=self.is_durable)
        if not postgres.has_data:
            with self.announce("Making an empty database"):
                postgres.create()
        with self.announce("Starting PostgreSQL"):
            postgres.end_forerunner()
            postgres.start()

    def _start_valkey(self) -> None:
        self.valkey = valkey = Valkey(self.home)
        before = read_services(self.home)
        with self.announce("Starting Valkey"):
            if before is not None and before.redis_url is not None:
                valkey.end_forerunner(before.redis_url)
            valkey.start()
