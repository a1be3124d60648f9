"""Who was first, and whether somebody who comes again is the same one."""

from __future__ import annotations

import pytest
from django.utils import timezone

from orders.actors import Actor
from orders.last_moves import Move


@pytest.mark.parametrize(
    ("by", "actor", "is_same"),
    [
        ((7, "Chen"), (7, "Chen"), True),
        ((7, "Chen"), (7, "Chen Li"), True),  # took another name meanwhile
        ((7, "Chen"), (8, "Chen"), False),
        ((None, "Pass screen"), (None, "Pass screen"), True),
        ((None, "Pass screen"), (None, "Grill screen"), False),
        ((None, "Chen"), (7, "Chen"), False),
        ((7, "Chen"), (None, "Chen"), False),
    ],
)
def test_people_are_known_by_their_number_and_screens_by_their_name_when_they_come_again(
    by: tuple[int | None, str], actor: tuple[int | None, str], is_same: bool
) -> None:
    move = Move(*by, timezone.now())

    assert move.is_by(Actor(restaurant_id=1, user_id=actor[0], name=actor[1])) is is_same
