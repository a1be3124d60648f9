"""The ground on which contestants play: a PostgreSQL and a Valkey of the benchmark's own, alike for all."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit, urlunsplit

import psycopg
import redis
from psycopg import sql

from config.local.processes import free_port
from config.local.supervisor import Announce, LocalServices
from tests.benchmarks.contestants.base import Ground

DATABASE_PREFIX = "bench_"


@dataclass(frozen=True, slots=True)
class Cores:
    """Who has which core. Server and load generator never share one where there are two."""

    server: int
    generator: int
    services: frozenset[int]

    @property
    def all(self) -> list[int]:
        """Return each once."""
        return sorted({self.server, self.generator, *self.services})


def share_out(available: set[int]) -> Cores:
    """Give the server the first core, the generator the second, and the services the rest, or the generator's."""
    ordered = sorted(available)
    generator = ordered[1] if len(ordered) > 1 else ordered[0]
    return Cores(ordered[0], generator, frozenset(ordered[2:] or [generator]))


class Arena:
    """PostgreSQL and Valkey, as durable as in production, on cores that the servers don't have. A context manager."""

    def __init__(self, home: Path, cores: Cores, announce: Announce) -> None:
        """Take where the data is and who has which core."""
        self.home = home
        self.cores = cores
        self.services = LocalServices(home, announce=announce, is_durable=True)
        self.before: set[int] = set()

    def __enter__(self) -> Self:
        """Start both, and move out of the server's way."""
        self.home.mkdir(parents=True, exist_ok=True)
        # The services run as another user where we are root, and must get to their data.
        self.home.chmod(0o711)
        self.before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, set(self.cores.services))
        try:
            self.services.start()
        except BaseException:
            os.sched_setaffinity(0, self.before)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End both."""
        self.services.stop()
        os.sched_setaffinity(0, self.before)

    def ground(self, name: str, number: int) -> Ground:
        """Make an empty database and an empty layer for a contestant."""
        database = database_name(name)
        self._remake(database, is_wanted=True)
        layer = self._layer(number)
        with redis.Redis.from_url(layer) as client:
            client.flushdb()
        home = self.home / name
        home.mkdir(exist_ok=True)
        return Ground(self._database(database), layer, self.cores.server, free_port(), home)

    def clear(self, name: str) -> None:
        """Throw a contestant's database away."""
        self._remake(database_name(name), is_wanted=False)

    def versions(self) -> dict[str, str]:
        """Return the versions of PostgreSQL and Valkey."""
        with psycopg.connect(self._database("postgres")) as connection:
            row = connection.execute("SHOW server_version").fetchone()
        with redis.Redis.from_url(self._layer(0)) as client:
            info = client.info("server")
        found = {"postgresql": str(row[0]) if row else "?"}
        return found | {"valkey": str(info.get("valkey_version", info.get("redis_version", "?")))}  # type: ignore[union-attr, unused-ignore]

    def _remake(self, database: str, *, is_wanted: bool) -> None:
        with psycopg.connect(self._database("postgres"), autocommit=True) as connection:
            name = sql.Identifier(database)
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
            if is_wanted:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
            # What the last contestant left to write must not be written while the next one is measured.
            connection.execute("CHECKPOINT")

    def _database(self, name: str) -> str:
        return _with_path(self.services.services.database_url or "", name)

    def _layer(self, number: int) -> str:
        return _with_path(self.services.services.redis_url or "", str(number))


def database_name(name: str) -> str:
    """Return what the database of a contestant is called."""
    return DATABASE_PREFIX + name.replace("-", "_")


def _with_path(url: str, path: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{path}"))
