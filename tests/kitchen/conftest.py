"""A small restaurant, and another one that it must never see."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.callers import House
    from tests.places import Place


@pytest.fixture
def place(transactional_db: None) -> Place:
    from tests.places import open_place  # noqa: PLC0415 - models can be imported once the settings are there

    return open_place("grillhaus")


@pytest.fixture
def other_place(transactional_db: None) -> Place:
    from tests.places import open_place  # noqa: PLC0415

    return open_place("bistro")


@pytest.fixture
def house(db: None) -> House:
    from tests.callers import open_house  # noqa: PLC0415

    return open_house()


@pytest.fixture
def foreign(db: None) -> House:
    from tests.callers import open_house  # noqa: PLC0415

    return open_house()
