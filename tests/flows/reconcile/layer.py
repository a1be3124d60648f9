"""A channel layer that loses, doubles, swaps and delays messages on purpose, while a file says so."""

from __future__ import annotations

import asyncio
import json
import os
import random
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from channels_redis.pubsub import RedisPubSubChannelLayer
from redis.exceptions import RedisError

# Names the file; a server reads it again whenever it has changed.
VARIABLE = "RECONCILE_DISTURBANCE"
# Names the process, so that each has its own chances, and the same ones with the same seed.
PROCESS = "RECONCILE_PROCESS"


@dataclass(frozen=True, slots=True)
class Disturbance:
    """The chance of each thing to happen to a message that is published; all of them may happen to one."""

    dropped: float = 0.0
    doubled: float = 0.0
    swapped: float = 0.0  # held back until the next message has gone out
    delayed: float = 0.0
    delay_seconds: float = 0.0
    seed: int = 0

    def write(self, path: Path) -> None:
        """Have the servers disturb their messages so from now on."""
        draft = path.with_suffix(".new")
        draft.write_text(json.dumps(asdict(self)))
        draft.replace(path)


class DisturbedLayer(RedisPubSubChannelLayer):
    """The layer over Redis or Valkey, with what can go wrong on the way."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.path = Path(os.environ[VARIABLE])
        self._read_at = 0
        self._now = Disturbance()
        self._rng = random.Random()
        self._held: list[tuple[str, dict[str, Any]]] = []
        self.late: set[asyncio.Task[None]] = set()

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        """Send to a group, or not, or twice, or later."""
        self._look()
        chance = self._rng.random
        copies = 2 if chance() < self._now.doubled else 1
        if chance() < self._now.dropped:
            copies = 0
        if copies and chance() < self._now.swapped:
            self._held.append((group, message))
            copies -= 1
        if chance() < self._now.delayed:
            self._later(group, message, copies)
            copies = 0
        for _ in range(copies):
            await self._get_layer().group_send(group, message)
        if copies or not self._now.swapped:
            held, self._held = self._held, []
            for one in held:
                await self._get_layer().group_send(*one)

    def _look(self) -> None:
        try:
            changed_at = self.path.stat().st_mtime_ns
        except FileNotFoundError:
            return
        if changed_at != self._read_at:
            self._read_at = changed_at
            self._now = Disturbance(**json.loads(self.path.read_text()))
            self._rng = random.Random(f"{self._now.seed}:{os.environ.get(PROCESS, '')}")

    def _later(self, group: str, message: dict[str, Any], copies: int) -> None:
        task = asyncio.get_running_loop().create_task(self._send_late(group, message, copies))
        self.late.add(task)
        task.add_done_callback(self.late.discard)

    async def _send_late(self, group: str, message: dict[str, Any], copies: int) -> None:
        for _ in range(copies):
            await asyncio.sleep(self._rng.uniform(0.0, self._now.delay_seconds))
            try:
                await self._get_layer().group_send(group, message)
            except (OSError, RedisError):
                return
