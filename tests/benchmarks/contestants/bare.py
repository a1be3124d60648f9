"""Bare fan-outs: no order, no database, one frame to everybody. They show where the libraries' own limit is."""

from __future__ import annotations

import sys
from abc import abstractmethod
from importlib.metadata import version
from platform import python_version

from tests.benchmarks.contestants import node
from tests.benchmarks.contestants.base import Dialect, Ground, Request, marker
from tests.benchmarks.contestants.processes import ROOT, ServerProcess, plain_environment
from tests.benchmarks.contestants.running import OneProcess

PICOWS_SERVER = ROOT / "tests" / "benchmarks" / "bare" / "fan_out.py"


class Bare(OneProcess):
    """What the bare fan-outs have in common."""

    @abstractmethod
    def command(self, ground: Ground) -> list[str]:
        """Return how the server is started; its port is also in the environment."""

    def start(self, ground: Ground) -> None:
        """Serve; there is nothing to prepare."""
        environment = plain_environment(PORT=str(ground.port), NODE_ENV="production")
        log = ground.home / f"{self.name}.log"
        self.server = ServerProcess(self.command(ground), environment, ground.core, ground.port, log)
        self.server.start()

    def dialect(self) -> Dialect:
        """Say nothing: who is connected is told."""
        return Dialect(path="/", headers={}, opening=(), ready=b'{"type":"ready"}', event=b'"order:created"')

    def post(self, number: int) -> Request:
        """Send a marker to all."""
        return Request("POST", "/", {"Content-Type": "text/plain"}, marker(number).encode())


class BareWs(Bare):
    """Node and its library ws."""

    name = "bare-ws"

    def missing(self) -> str | None:
        """Say whether Node or its packages are missing; the first time, install these."""
        return node.missing()

    def versions(self) -> dict[str, str]:
        """Return the versions of Node and ws."""
        return {"node": node.node_version(node.node()).removeprefix("v"), "ws": node.locked_version("ws")}

    def command(self, ground: Ground) -> list[str]:
        """Run Node."""
        sources = node.program(node.BARE, ground.home / self.name)
        return [node.node(), str(sources / "fan_out.js")]


class BarePicows(Bare):
    """Python with picows."""

    name = "bare-picows"

    def missing(self) -> str | None:
        """Nothing: picows is among the tests' packages."""
        return None

    def versions(self) -> dict[str, str]:
        """Return the versions of Python and what sends."""
        return {"python": python_version(), **{name: version(name) for name in ("picows", "uvloop")}}

    def command(self, ground: Ground) -> list[str]:
        """Run Python."""
        return [sys.executable, str(PICOWS_SERVER), str(ground.port)]
