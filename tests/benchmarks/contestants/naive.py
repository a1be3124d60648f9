"""The naive Channels way, as the tutorials teach it: a group member per socket, and group_send after the save."""

from __future__ import annotations

import json
import secrets
import sys
from importlib.metadata import version
from platform import python_version

from tests.benchmarks.contestants.base import Dialect, Ground
from tests.benchmarks.contestants.processes import ServerProcess, plain_environment, prepare
from tests.benchmarks.contestants.running import OrderTaking

SEED = "tests.benchmarks.naive.seed"
# Longer than the benchmark's pauses: what is measured is not how often a client connects anew.
KEEP_ALIVE_SECONDS = 75
APPLICATION = "tests.benchmarks.naive.asgi:application"
PACKAGES = ("django", "djangorestframework", "channels", "channels-redis", "psycopg", "uvicorn", "uvloop", "websockets")


class Naive(OrderTaking):
    """Django REST framework and Channels with the settings that come with them. It loses messages under load."""

    name = "naive"
    # DRF's router wants the slash.
    orders_path = "/api/orders/"
    order_path = "/api/orders/{}/"
    list_path = "/api/orders/"

    def missing(self) -> str | None:
        """Nothing: it is made of packages that Brigade needs too."""
        return None

    def versions(self) -> dict[str, str]:
        """Return the versions of Python and of what does the work."""
        return {"python": python_version(), **{name: version(name) for name in PACKAGES}}

    def start(self, ground: Ground) -> None:
        """Migrate, fill, and serve with uvicorn's own settings."""
        environment = plain_environment(
            DATABASE_URL=ground.database_url, REDIS_URL=ground.redis_url, SECRET_KEY=secrets.token_urlsafe(48)
        )
        log = ground.home / f"{self.name}.log"
        self.staff_with(json.loads(prepare([sys.executable, "-m", SEED], environment, log)))
        options = {"--port": ground.port, "--log-level": "warning", "--timeout-keep-alive": KEEP_ALIVE_SECONDS}
        arguments = [str(part) for option in options.items() for part in option]
        command = [sys.executable, "-m", "uvicorn", APPLICATION, *arguments]
        self.server = ServerProcess(command, environment, ground.core, ground.port, log)
        self.server.start()

    def dialect(self) -> Dialect:
        """Sign in by the address, as most tutorials have it; who is connected is told."""
        return Dialect(
            path=f"/ws/kitchen/?token={self.waiters[0]}",
            headers={},
            opening=(),
            ready=b'"connected"',
            event=b'"type": "order_',
        )
