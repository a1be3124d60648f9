"""A small restaurant, and a server on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.callers import House
    from tests.live import Served
    from tests.places import Place


@pytest.fixture
def place(transactional_db: None) -> Place:
    from tests.places import open_place  # noqa: PLC0415 - models can be imported once the settings are there

    return open_place("grillhaus")


@pytest.fixture
def other_place(transactional_db: None) -> Place:
    from tests.places import open_place  # noqa: PLC0415

    return open_place("bistro")


@pytest.fixture(scope="session")
def served(django_db_setup: None) -> Iterator[Served]:
    """A server for all the tests that do it no harm."""
    from tests.live import Served  # noqa: PLC0415

    server = Served().start()

    yield server

    server.stop()


@pytest.fixture
def own_server(place: Place) -> Iterator[Served]:
    """A server of the test's own, to kill."""
    from tests.live import Served  # noqa: PLC0415

    server = Served().start()

    yield server

    server.stop()


@pytest.fixture
def house(db: None) -> House:
    from tests.callers import open_house  # noqa: PLC0415

    return open_house()


@pytest.fixture
def foreign(db: None) -> House:
    from tests.callers import open_house  # noqa: PLC0415

    return open_house()
