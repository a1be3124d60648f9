"""A small restaurant, whose servers a story starts and kills itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.live import Served
    from tests.places import Place


@pytest.fixture
def place(transactional_db: None) -> Place:
    from tests.places import open_place  # noqa: PLC0415 - models can be imported once the settings are there

    return open_place("grillhaus")


@pytest.fixture
def serve(place: Place) -> Iterator[Callable[..., Served]]:
    """Start servers; those that are left are stopped at the end."""
    from tests.live import Served  # noqa: PLC0415

    started: list[Served] = []

    def start(**options: str) -> Served:
        started.append(Served(**options).start())
        return started[-1]

    yield start

    for server in started:
        server.stop()
