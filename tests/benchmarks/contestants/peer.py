"""The usual stack: Express, knex and Socket.IO on Node, over the same PostgreSQL, doing the same work."""

from __future__ import annotations

import json
import secrets

from tests.benchmarks.contestants import node
from tests.benchmarks.contestants.base import Dialect, Ground
from tests.benchmarks.contestants.processes import ServerProcess, plain_environment, prepare
from tests.benchmarks.contestants.running import OrderTaking

PACKAGES = ("express", "knex", "pg", "socket.io", "engine.io", "ws", "jsonwebtoken", "ajv")


class Peer(OrderTaking):
    """An Express server as a good team ships it. It keeps no events: a crash after COMMIT loses them."""

    name = "peer"
    options: tuple[str, ...] = ()

    def __init__(self) -> None:
        super().__init__()
        self.chefs: list[str] = []

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
        self.chefs = said["chefs"]
        self.staff_with(said)
        command = [node.node(), str(sources / "server.js"), *self.options]
        self.server = ServerProcess(command, environment, ground.core, ground.port, log)
        self.server.start()

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


class PeerWithOutbox(Peer):
    """The same server made as durable as Brigade: each event is a numbered row of the order's own transaction."""

    name = "peer-outbox"
    options = ("--with-outbox",)
