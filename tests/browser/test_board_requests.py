"""Cancellations on the kitchen's board: who asks and why, and the kitchen's word on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from kitchen.models import KitchenOrder
from kitchen.services.cancellations import reject_cancellation
from orders.models import CancellationRequest
from orders.services.cancellations import request_cancellation
from orders.states import Role

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tests.places import Place

OpenBoard = Callable[..., "Page"]
PATIENCE_MS = 20_000


def expect(what: Any) -> Any:
    from playwright.sync_api import expect as playwright_expect  # noqa: PLC0415

    return playwright_expect(what)


def asked(place: Place, ticket: KitchenOrder) -> CancellationRequest:
    waiter = place.actor_of(Role.WAITER)
    return request_cancellation(order_id=ticket.order_id, reason="They <left> & paid", actor=waiter)


def request_on(page: Page, ticket: KitchenOrder) -> Locator:
    return page.locator(f"#ticket-{ticket.pk} .ticket-request")


@pytest.fixture
def ticket(place: Place) -> KitchenOrder:
    return place.ticket()


def test_request_is_shown_when_scripts_are_off(open_page: OpenBoard, place: Place, ticket: KitchenOrder) -> None:
    asked(place, ticket)
    page = open_page(java_script_enabled=False)

    page.goto("/kitchen/")

    expect(request_on(page, ticket).locator(".request-said")).to_have_text("Cancel? Waiter: They <left> & paid")


def test_order_is_cancelled_when_the_cook_accepts(open_board: OpenBoard, place: Place, ticket: KitchenOrder) -> None:
    page = open_board()
    request = asked(place, ticket)

    request_on(page, ticket).get_by_role("button", name="Accept").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(f"Cancel {ticket.order_number}, Table 7?")
    expect(dialog.get_by_role("textbox")).to_have_count(0)
    dialog.get_by_role("button", name="Accept").click()

    expect(page.locator(f"#ticket-{ticket.pk}")).to_have_count(0, timeout=PATIENCE_MS)
    request.refresh_from_db()
    assert request.status == "accepted"
    expect(page.locator("#connection")).to_have_attribute("data-state", "live")
    expect(page.locator(".notice")).to_have_count(0)  # who has decided needs no telling


def test_request_is_gone_and_the_reason_kept_when_the_cook_rejects(
    open_board: OpenBoard, place: Place, ticket: KitchenOrder
) -> None:
    request = asked(place, ticket)
    page = open_board()

    request_on(page, ticket).get_by_role("button", name="Reject").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Reject").click()
    expect(dialog).to_be_visible()  # it takes a reason
    dialog.get_by_label("Why does the kitchen go on?").fill("It is nearly done.")
    dialog.get_by_role("button", name="Reject").click()

    expect(request_on(page, ticket)).to_have_count(0, timeout=PATIENCE_MS)
    expect(page.locator(f"#ticket-{ticket.pk}")).to_be_visible()
    request.refresh_from_db()
    assert (request.status, request.decision_reason) == ("rejected", "It is nearly done.")


def test_dialog_closes_when_somebody_else_decides(open_board: OpenBoard, place: Place, ticket: KitchenOrder) -> None:
    request = asked(place, ticket)
    page = open_board()
    request_on(page, ticket).get_by_role("button", name="Accept").click()
    expect(page.get_by_role("dialog")).to_be_visible()

    reject_cancellation(request_id=request.pk, reason="no", actor=place.actor)

    expect(page.get_by_role("dialog")).to_have_count(0, timeout=PATIENCE_MS)
    expect(request_on(page, ticket)).to_have_count(0)


def test_nothing_is_sent_when_the_cook_leaves_the_dialog(
    open_board: OpenBoard, place: Place, ticket: KitchenOrder
) -> None:
    page = open_board()
    request = asked(place, ticket)

    request_on(page, ticket).get_by_role("button", name="Accept").click()
    page.get_by_role("dialog").get_by_role("button", name="Not now").click()

    expect(page.get_by_role("dialog")).to_have_count(0)
    request.refresh_from_db()
    assert request.status == "pending"
    expect(page.locator("#notices")).to_contain_text("asked to cancel. Waiter: They <left> & paid")
