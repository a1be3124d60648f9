"""What went out wrong, or too soon: it comes back to the board loudly, from this screen or another."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from kitchen.models import KitchenOrder
from kitchen.services.recalls import recall_ticket
from kitchen.services.tickets import set_ticket_status
from kitchen.states import TicketStatus

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tests.places import Place

OpenBoard = Callable[..., "Page"]
PATIENCE_MS = 20_000


def expect(what: Any) -> Any:
    from playwright.sync_api import expect as playwright_expect  # noqa: PLC0415

    return playwright_expect(what)


def made(place: Place, *, to: TicketStatus = TicketStatus.READY) -> KitchenOrder:
    """A ticket that was made, and put away if that is asked for."""
    ticket = place.ticket()
    for status in (TicketStatus.PREPARING, TicketStatus.READY, TicketStatus.COMPLETED):
        set_ticket_status(ticket_id=ticket.pk, to=status, actor=place.actor)
        if status == to:
            break
    ticket.refresh_from_db()
    return ticket


def tag(page: Page, ticket: KitchenOrder) -> Locator:
    return page.locator(f"#ticket-{ticket.pk} .tag-recalled")


def test_recalled_ticket_says_so_when_scripts_are_off(open_page: OpenBoard, place: Place) -> None:
    ticket = made(place)
    recall_ticket(ticket_id=ticket.pk, reason="Fries <b>cold</b>", actor=place.actor)
    page = open_page(java_script_enabled=False)

    page.goto("/kitchen/")

    expect(tag(page, ticket)).to_have_text("Recalled: Fries <b>cold</b>")


@pytest.mark.parametrize(
    ("reason", "on_card", "in_notice"),
    [
        ("Fries cold", "Recalled: Fries cold", "is recalled: Fries cold"),
        ("", "Recalled", "is recalled: make it again."),
    ],
)
def test_ticket_comes_back_with_its_reason_and_a_notice_when_it_is_recalled_elsewhere(
    open_board: OpenBoard, place: Place, reason: str, on_card: str, in_notice: str
) -> None:
    ticket = made(place, to=TicketStatus.COMPLETED)
    page = open_board()

    recall_ticket(ticket_id=ticket.pk, reason=reason, actor=place.actor)

    expect(tag(page, ticket)).to_have_text(on_card)
    expect(page.locator(".notice")).to_contain_text(f"{ticket.order_number}, Table 7, {in_notice}")
    set_ticket_status(ticket_id=ticket.pk, to=TicketStatus.READY, actor=place.actor)
    expect(page.locator("#at-the-pass .ticket")).to_have_count(1)
    expect(tag(page, ticket)).to_have_count(0)
