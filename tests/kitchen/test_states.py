"""The states of tickets and of their items against the specification, written down here once more."""

from __future__ import annotations

import pytest

from kitchen.states import TicketItemStatus, TicketStatus, next_item_statuses, next_statuses

# domain.md, "Ticket states"; starting a pending ticket acknowledges it by the way.
STEPS = {
    "pending": ["acknowledged", "preparing", "cancelled"],
    "acknowledged": ["preparing", "cancelled"],
    "preparing": ["ready", "cancelled"],
    "ready": ["completed", "cancelled"],
    "completed": [],
    "cancelled": [],
}
# domain.md, "Production items"; a bump may skip preparing.
ITEM_STEPS = {
    "pending": ["preparing", "ready", "cancelled"],
    "preparing": ["ready", "cancelled"],
    "ready": [],
    "cancelled": [],
}


@pytest.mark.parametrize("status", TicketStatus.values)
def test_next_statuses_of_a_ticket_are_those_of_the_table_when_asked(status: str) -> None:
    assert [str(step) for step in next_statuses(status)] == STEPS[status]


@pytest.mark.parametrize("status", TicketItemStatus.values)
def test_next_statuses_of_an_item_are_those_of_the_table_when_asked(status: str) -> None:
    assert [str(step) for step in next_item_statuses(status)] == ITEM_STEPS[status]
