"""The naive Channels way, as the tutorials teach it: a group member per socket, and group_send after the save."""

from __future__ import annotations

import json
import secrets
import sys
from importlib.metadata import version
from platform import python_version

from tests.benchmarks.contestants.base import Contestant, Dialect, Ground, Request, marker
from tests.benchmarks.contestants.order import JSON, bearer, id_of, order_body
from tests.benchmarks.contestants.processes import ServerProcess, plain_environment, prepare

SEED = "tests.benchmarks.naive.seed"
APPLICATION = "tests.benchmarks.naive.asgi:application"
PACKAGES = ("django", "djangorestframework", "channels", "channels-redis", "psycopg", "uvicorn", "uvloop", "websockets")


class Naive(Contestant):
    """Django REST framework and Channels with the settings that come with them. It loses messages under load."""

    name = "naive"
    takes_orders = True

    def __init__(self) -> None:
        self.server: ServerProcess | None = None
        self.token = ""
        self.tables: list[int] = []
        self.dishes: list[int] = []

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
        said = json.loads(prepare([sys.executable, "-m", SEED], environment, log))
        self.token, self.tables, self.dishes = said["token"], said["tables"], said["dishes"]
        command = [sys.executable, "-m", "uvicorn", APPLICATION, "--port", str(ground.port), "--log-level", "warning"]
        self.server = ServerProcess(command, environment, ground.core, ground.port, log)
        self.server.start()

    def stop(self) -> None:
        """End the server."""
        if self.server is not None:
            self.server.stop()
            self.server = None

    def server_pids(self) -> list[int]:
        """Return the one process."""
        return [self.server.pid] if self.server is not None else []

    def dialect(self) -> Dialect:
        """Sign in by the address, as most tutorials have it; who is connected is told."""
        return Dialect(
            path=f"/ws/kitchen/?token={self.token}",
            headers={},
            opening=(),
            ready=b'"connected"',
            event=b'"type": "order_',
        )

    def post(self, number: int) -> Request:
        """Take the numbered order."""
        body = order_body(number, tables=self.tables, dishes=self.dishes, notes=marker(number))
        return Request("POST", "/api/orders/", {**JSON, **bearer(self.token)}, body)

    def list(self) -> Request:
        """List the open orders."""
        return Request("GET", "/api/orders/", bearer(self.token))

    def patch(self, order_id: int, number: int) -> Request:
        """Change an order's notes."""
        body = json.dumps({"notes": marker(number)}).encode()
        return Request("PATCH", f"/api/orders/{order_id}/", {**JSON, **bearer(self.token)}, body)

    def order_id(self, answer: bytes) -> int:
        """Return the id of the order."""
        return id_of(answer)
