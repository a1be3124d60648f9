"""Brigade itself, as `manage.py up` serves it in production, and the same application behind Daphne."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import select
import sys
import time
from importlib.metadata import version
from pathlib import Path
from platform import python_version

from config.serving import ServingError, listen
from tests.benchmarks.contestants.base import Dialect, Ground
from tests.benchmarks.contestants.processes import (
    POLL_SECONDS,
    START_SECONDS,
    ContestantError,
    ServerProcess,
    plain_environment,
    prepare,
)
from tests.benchmarks.contestants.running import OrderTaking, bearer

SEED = "tests.benchmarks.contestants.brigade_seed"
PACKAGES = ("django", "djangorestframework", "channels", "msgspec", "orjson", "psycopg", "websockets")


class Brigade(OrderTaking):
    """This project on uvicorn: one worker of `manage.py up`, with the settings of a production server."""

    name = "brigade"
    packages: tuple[str, ...] = (*PACKAGES, "uvicorn", "uvloop", "httptools")

    def __init__(self) -> None:
        super().__init__()
        self.chefs: list[str] = []

    def missing(self) -> str | None:
        """Nothing: what Brigade needs was installed with it."""
        return None

    def versions(self) -> dict[str, str]:
        """Return the versions of Python and of what does the work."""
        return {"python": python_version(), **{name: version(name) for name in self.packages}}

    def start(self, ground: Ground) -> None:
        """Migrate, fill, and serve."""
        environment = plain_environment(
            DATABASE_URL=ground.database_url,
            REDIS_URL=ground.redis_url,
            DEBUG="false",
            SECRET_KEY=secrets.token_urlsafe(48),
            ALLOWED_HOSTS="127.0.0.1,localhost",
            BRIGADE_HOME=str(ground.home),
            DJANGO_SETTINGS_MODULE="config.settings",
        )
        log = ground.home / f"{self.name}.log"
        # It works alone, and needs no pool of connections.
        seeding = {**environment, "BRIGADE_COMMAND": "bench"}
        said = json.loads(prepare([sys.executable, "-m", SEED], seeding, log))
        self.chefs = said["chefs"]
        self.staff_with(said)
        self.server = self.serve(ground, environment, log)

    def serve(self, ground: Ground, environment: dict[str, str], log: Path) -> ServerProcess:
        """Start one worker of `up` on the ground's port and wait until it says that it serves."""
        try:
            listener = listen("127.0.0.1", ground.port)
        except ServingError as error:
            raise ContestantError(str(error)) from error
        ready_read, ready_write = os.pipe()
        life_read, life_write = os.pipe()
        with contextlib.ExitStack() as stack:
            stack.enter_context(listener)
            stack.callback(os.close, ready_read)
            descriptors = (listener.fileno(), ready_write, life_read)
            server = ServerProcess(
                command=[sys.executable, "-m", "config.serving", *(str(number) for number in descriptors)],
                environment=environment,
                core=ground.core,
                port=ground.port,
                log=log,
                descriptors=descriptors,
                held=(life_write,),
            )
            server.spawn()
            os.close(ready_write)
            os.close(life_read)
            deadline = time.monotonic() + START_SECONDS
            while not (select.select([ready_read], [], [], POLL_SECONDS)[0] and os.read(ready_read, 1)):
                server.check(deadline)
        return server

    def dialect(self) -> Dialect:
        """Join the kitchen as one of many chefs; an order that is taken or changed is an event."""
        return Dialect(
            path="/ws/",
            headers={},
            headers_of=tuple(bearer(token) for token in self.chefs),
            opening=(b'{"type":"join","ref":"bench","data":{"room":"kitchen"}}',),
            resuming=(
                b'{"type":"join","ref":"bench","data":{"room":"kitchen","since":{"epoch":"{epoch}","seq":{seq}}}}',
            ),
            ready=b'"ref":"bench","ok":true',
            event=b'"type":"order:',
        )


class BrigadeOnDaphne(Brigade):
    """The same application behind Daphne, Channels' own server."""

    name = "brigade-daphne"
    packages = (*PACKAGES, "daphne", "twisted")

    def serve(self, ground: Ground, environment: dict[str, str], log: Path) -> ServerProcess:
        """Start Daphne without its log of every request, which uvicorn does not write either."""
        command = [sys.executable, "-m", "daphne", "-v", "0", "-b", "127.0.0.1", "-p", str(ground.port)]
        server = ServerProcess([*command, "config.asgi:application"], environment, ground.core, ground.port, log)
        server.start()
        return server
