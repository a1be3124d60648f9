"""A client's own state differs from a fresh snapshot when it missed something."""

from __future__ import annotations

from typing import Any

from tests.flows.reconcile.mirrors import Mirror


def order(status: str, version: int) -> dict[str, Any]:
    return {"id": 1, "status": status, "version": version, "items": []}


def moved(status: str, version: int) -> dict[str, Any]:
    changes = {"status": status}
    data = {"order_id": 1, "version": version, "status": status, "changes": changes}
    return {"type": "order:status_changed", "data": data}


def test_nothing_differs_when_every_event_was_applied() -> None:
    mirror = Mirror("orders")
    mirror.load({"orders": {"orders": [order("pending", 1)]}})

    mirror.apply(moved("confirmed", 2))

    assert mirror.differs_from({"orders": [order("confirmed", 2)]}) is None


def test_it_is_said_what_differs_when_an_event_was_missed() -> None:
    mirror = Mirror("orders")
    mirror.load({"orders": {"orders": [order("pending", 1)]}})

    found = mirror.differs_from({"orders": [order("confirmed", 2)]})

    assert found == "orders 1 is pending at version 1, and it is confirmed at version 2"


def test_ghost_is_found_when_an_order_has_gone() -> None:
    mirror = Mirror("orders")
    mirror.load({"orders": {"orders": [order("pending", 1)]}})

    assert mirror.differs_from({"orders": []}) == "orders 1 is pending at version 1, and it is nowhere"


def test_display_is_kept_by_order() -> None:
    mirror = Mirror("display")
    row = {"order_id": 1, "order_number": "1", "channel": "dine_in", "status": "ready"}
    mirror.load({"display": {"preparing": [], "ready": [row]}})

    assert mirror.differs_from({"preparing": [], "ready": [row]}) is None
    assert mirror.differs_from({"preparing": [], "ready": []}) == "rows 1 is ready at version None, and it is nowhere"
