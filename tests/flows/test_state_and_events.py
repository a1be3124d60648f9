"""State + events = fresh state: who took a snapshot and applied what came after holds what a new snapshot says.

And the books are right, whatever was done: bills, stock, numbers, history, and the kitchen as it must be.
"""

from __future__ import annotations

import json

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from orders.redaction import guest_view
from orders.services.customers import AskedCustomer
from orders.shapes import OrderShape
from realtime.audiences import Audience
from realtime.rooms import audience_in
from realtime.snapshots import room_snapshot
from tests.flows.dinner.machine import Dinner
from tests.places import open_place


def test_screens_hold_the_fresh_state_and_books_are_right_whatever_staff_do(transactional_db: None) -> None:
    run_state_machine_as_test(
        Dinner,
        settings=settings(
            max_examples=10,
            stateful_step_count=30,
            deadline=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_guest_state_holds_no_more_than_the_guest_may_know(transactional_db: None) -> None:
    place = open_place("grillhaus")
    order = place.order(customer=AskedCustomer(name="Ada Lovelace", phone="1"))

    _, _, snapshot = room_snapshot(place.restaurant.pk, f"table:{place.table.pk}")

    staff = room_snapshot(place.restaurant.pk, "orders")[2]["orders"][0]
    assert staff["customer_name"] == "Ada Lovelace"
    assert snapshot["orders"] == [guest_view(OrderShape, staff)]
    assert audience_in(f"table:{place.table.pk}", is_staff=True) is Audience.GUEST
    assert snapshot["orders"][0]["id"] == order.pk
    assert "Lovelace" not in json.dumps(snapshot)
