"""A whole evening in the sample restaurant, on a server of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from django.core.management import call_command

from realtime.commands import in_thread
from tests.flows.evening.story import play

if TYPE_CHECKING:
    from tests.live import Served
    from tests.places import Place


async def test_everybody_is_answered_and_told_as_they_may_be_all_evening(
    place: Place, serve: Callable[..., Served]
) -> None:
    await in_thread(lambda: call_command("seed_demo", force=True, verbosity=0))
    server = await in_thread(serve)

    await play(server.url)
