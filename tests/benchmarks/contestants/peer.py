"""The usual stack: Express, knex and Socket.IO on Node, over the same PostgreSQL, doing the same work."""

from __future__ import annotations

import json
import secrets

from tests.benchmarks.contestants import node
from tests.benchmarks.contestants.base import Contestant, Dialect, Ground, Request, marker
from tests.benchmarks.contestants.order import JSON, bearer, id_of, order_body
from tests.benchmarks.contestants.processes import ServerProcess, plain_environment, prepare

PACKAGES = ("express", "knex", "pg", "socket.io", "engine.io", "ws", "jsonwebtoken", "ajv")


class Peer(Contestant):
    """An Express server as a good team ships it. It keeps no events: a crash after COMMIT loses them."""

    name = "peer"
    takes_orders = True
    options: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.server: ServerProcess | None = None
        self.chefs: list[str] = []
        self.waiters: list[str] = []
        self.tables: list[int] = []
        self.dishes: list[int] = []

    def missing(self) -> str | None:
        """Say whether Node or its packages are missing; the first time, install these."""
        return node.missing()

    def versions(self) -> dict[str, str]:
        """Return Node's version and those of the packages that do the work."""
        return {
            "node": node.node_version(node.node()).removeprefix("v"),
            **{name: node.locked_version(name) for name in PACKAGES},
        }

    def start(self, ground: Ground) -> None:
        """Make the tables, fill them, and serve."""
        sources = node.program(node.PEER / "src", ground.home / self.name)
        environment = plain_environment(
            DATABASE_URL=ground.database_url,
            JWT_SECRET=secrets.token_urlsafe(48),
            PORT=str(ground.port),
            NODE_ENV="production",
        )
        log = ground.home / f"{self.name}.log"
        said = json.loads(prepare([node.node(), str(sources / "seed.js")], environment, log))
        self.chefs, self.waiters = said["chefs"], said["waiters"]
        self.tables, self.dishes = said["tables"], said["dishes"]
        command = [node.node(), str(sources / "server.js"), *self.options]
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
        """Speak Socket.IO 4: sign in, naming the room; its pings are text messages."""
        sign_in = json.dumps({"token": self.chefs[0], "rooms": ["kitchen"]})
        return Dialect(
            path="/socket.io/?EIO=4&transport=websocket",
            headers={},
            opening=(f"40{sign_in}".encode(),),
            ready=b'42["joined","kitchen"]',
            event=b'42["order:',
            ping=b"2",
            pong=b"3",
        )

    def post(self, number: int) -> Request:
        """Take the numbered order, as one of many waiters."""
        body = order_body(number, tables=self.tables, dishes=self.dishes, notes=marker(number))
        return Request("POST", "/api/orders", {**JSON, **self._waiter(number)}, body)

    def list(self) -> Request:
        """List the open orders."""
        return Request("GET", "/api/orders?open=true&limit=50", self._waiter(0))

    def patch(self, order_id: int, number: int) -> Request:
        """Change an order's notes."""
        body = json.dumps({"notes": marker(number)}).encode()
        return Request("PATCH", f"/api/orders/{order_id}", {**JSON, **self._waiter(number)}, body)

    def order_id(self, answer: bytes) -> int:
        """Return the id of the order."""
        return id_of(answer)

    def _waiter(self, number: int) -> dict[str, str]:
        return bearer(self.waiters[number % len(self.waiters)])


class PeerWithOutbox(Peer):
    """The same server made as durable as Brigade: each event is a numbered row of the order's own transaction."""

    name = "peer-outbox"
    options = ("--with-outbox",)
