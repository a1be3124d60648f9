"""How hard an order is to make, and how soon it is wanted: figures of what stands in ``kitchen.priorities``."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitchen.priorities import complexity_of, priority_of
from kitchen.production import ProductionItem, ProductionStep
from orders.states import Channel, Priority


def item(*stations: int | None, instructions: int = 0, note: str = "") -> ProductionItem:
    steps = tuple(ProductionStep("Step", 5, station, "", ()) for station in stations)
    modifiers = tuple({"id": number, "name": f"Extra {number}", "price": "0.00"} for number in range(instructions))
    return ProductionItem(1, 1, "Burger", 1, modifiers, note, 1, (), (), steps, None)


@pytest.mark.parametrize(
    ("items", "complexity"),
    [
        ([], 0),
        ([item(None)], 1),
        ([item(1)], 1),
        ([item(1, 1, 1)], 3),
        ([item(1, 2)], 3),
        ([item(1), item(2), item(3)], 5),
        ([item(1, instructions=2, note="rare")], 4),
    ],
)
def test_complexity_counts_steps_instructions_and_further_stations(
    items: list[ProductionItem], complexity: int
) -> None:
    assert complexity_of(items) == complexity


@pytest.mark.parametrize(
    ("channel", "last_normal"),
    [(Channel.DINE_IN, 23), (Channel.TAKEAWAY, 17), (Channel.ONLINE, 17), (Channel.DELIVERY, 11)],
)
def test_order_is_express_when_its_score_is_four(channel: Channel, last_normal: int) -> None:
    scored = [priority_of(Priority.NORMAL, channel, complexity) for complexity in (0, last_normal, last_normal + 1)]

    assert scored == ["normal", "normal", "express"]


@given(
    ordered=st.sampled_from([Priority.EXPRESS, Priority.VIP]),
    channel=st.sampled_from(Channel),
    complexity=st.integers(0, 500),
)
def test_priority_is_as_ordered_when_it_was_ordered(ordered: Priority, channel: Channel, complexity: int) -> None:
    assert priority_of(ordered, channel, complexity) == ordered


@given(channel=st.sampled_from(Channel), complexity=st.integers(0, 100), more=st.integers(0, 100))
def test_priority_never_falls_when_there_is_more_to_make(channel: Channel, complexity: int, more: int) -> None:
    ranks = {Priority.NORMAL: 0, Priority.EXPRESS: 1}

    before = ranks[priority_of(Priority.NORMAL, channel, complexity)]
    after = ranks[priority_of(Priority.NORMAL, channel, complexity + more)]

    assert before <= after
