"""A really served Brigade that a test may kill, and a WebSocket client that keeps what it was sent."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import websockets
from django.db import connection

ROOT = Path(__file__).parents[1]
START_SECONDS = 60.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def database_url() -> str:
    """The test database's URL, as Django is connected to it now."""
    given = connection.settings_dict
    auth = f"{given['USER']}:{given['PASSWORD']}@" if given["USER"] else ""
    return f"postgresql://{auth}{given['HOST']}:{given['PORT']}/{given['NAME']}"


class Served:
    """One server process on the test database; uvicorn as in production, or Daphne."""

    def __init__(self, *, server: str = "uvicorn", **environment: str) -> None:
        self.port = free_port()
        self.server = server
        self.environment = {**os.environ, "DATABASE_URL": database_url(), **environment}
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws/"

    def start(self) -> Self:
        uvicorn = [
            "-m", "uvicorn", "config.asgi:application", "--host", "127.0.0.1", "--port", str(self.port),
            "--ws", "realtime.serving:FrameProtocol", "--ws-max-size", "65536", "--no-access-log", "--lifespan", "off",
            "--ws-per-message-deflate", "false", "--timeout-graceful-shutdown", "5", "--log-level", "warning",
            "--no-proxy-headers",
        ]  # fmt: skip
        daphne = ["-m", "daphne", "-b", "127.0.0.1", "-p", str(self.port), "config.asgi:application"]
        command = uvicorn if self.server == "uvicorn" else daphne
        self.process = subprocess.Popen([sys.executable, *command], cwd=ROOT, env=self.environment)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                message = "the server ended while it started"
                raise RuntimeError(message)
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 0.5):
                return self
            time.sleep(0.05)
        message = "the server did not start"
        raise TimeoutError(message)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.kill()

    def post(self, path: str, body: Any, token: str, **headers: str) -> tuple[int, Any]:
        request = urllib.request.Request(  # noqa: S310 - our own server
            f"{self.url}{path}",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {token}", **headers},
        )
        with urllib.request.urlopen(request, timeout=20) as response:  # noqa: S310
            return response.status, json.loads(response.read())


class Client:
    """A WebSocket client. It keeps every frame, answers none, and fails loudly when what it waits for doesn't come."""

    def __init__(self, connection: websockets.ClientConnection) -> None:
        self.connection = connection
        self.frames: list[dict[str, Any]] = []
        self.seen = 0
        self.number = 0

    @classmethod
    async def open(cls, url: str, token: str | None = None, **options: Any) -> Self:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return cls(await websockets.connect(url, additional_headers=headers, max_size=None, **options))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.connection.close()

    async def read(self, seconds: float = 10.0) -> dict[str, Any]:
        frame: dict[str, Any] = json.loads(await asyncio.wait_for(self.connection.recv(), seconds))
        self.frames.append(frame)
        return frame

    async def until(self, wanted: Callable[[dict[str, Any]], bool], seconds: float = 10.0) -> dict[str, Any]:
        """Return the first frame, from here on, that is wanted."""
        async with asyncio.timeout(seconds):
            while True:
                frame = await self.read(seconds)
                if wanted(frame):
                    return frame

    async def say(self, command: str, **data: Any) -> str:
        self.number += 1
        ref = str(self.number)
        await self.connection.send(json.dumps({"type": command, "ref": ref, "data": data}))
        return ref

    async def ask(self, command: str, **data: Any) -> dict[str, Any]:
        """Send a command and return its reply."""
        ref = await self.say(command, **data)
        return await self.until(lambda frame: frame["type"] == "reply" and frame["ref"] == ref)

    async def event(self, name: str, seconds: float = 10.0) -> dict[str, Any]:
        return await self.until(lambda frame: frame["type"] == name, seconds)

    async def closed(self, seconds: float = 20.0) -> int | None:
        """Read to the end and return the close code."""
        with contextlib.suppress(websockets.ConnectionClosed):
            async with asyncio.timeout(seconds):
                while True:
                    self.frames.append(json.loads(await self.connection.recv()))
        return self.connection.close_code

    @property
    def events(self) -> list[dict[str, Any]]:
        return [frame for frame in self.frames if "seq" in frame and "data" in frame]
