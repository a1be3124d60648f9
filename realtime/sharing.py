"""One read for everybody who asks for the same thing at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Shared(Generic[T]):
    """Answers many with one read, which begins only after each of them has asked.

    One read of a kind is under way at a time; who asks meanwhile waits for the next, together with all others who do.
    So a thousand screens that join at once cost two snapshots, and none gets one from before it was registered.
    """

    def __init__(self) -> None:
        self._running: dict[Hashable, asyncio.Task[T]] = {}
        self._waiting: dict[Hashable, asyncio.Task[T]] = {}

    async def get(self, key: Hashable, read: Callable[[], Awaitable[T]]) -> T:
        """Return what a read that begins from now on gives; the same ``key`` stands for the same read."""
        task = self._waiting.get(key)
        if task is None:
            task = self._waiting[key] = asyncio.create_task(self._read(key, read))
        return await asyncio.shield(task)

    async def _read(self, key: Hashable, read: Callable[[], Awaitable[T]]) -> T:
        running = self._running.get(key)
        if running is not None:
            await asyncio.wait([running])
        self._running[key] = self._waiting.pop(key)
        try:
            return await read()
        finally:
            del self._running[key]
