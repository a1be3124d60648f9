"""What the board says has happened: once, to who does not know it yet, and no longer than it is needed."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from kitchen.models import KitchenOrder
from kitchen.services.recalls import recall_ticket
from kitchen.services.tickets import ItemMove, set_ticket_item_statuses, set_ticket_status
from kitchen.states import TicketItemStatus, TicketStatus
from orders.services.dishes import AskedItem
from orders.services.items import add_items, void_item
from orders.services.orders import set_order_status
from orders.states import OrderStatus
from realtime.models import Severity
from realtime.services import raise_alert

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tests.places import Place

OpenBoard = Callable[..., "Page"]
PATIENCE_MS = 20_000


def expect(what: Any) -> Any:
    from playwright.sync_api import expect as playwright_expect  # noqa: PLC0415

    return playwright_expect(what)


def button(page: Page, ticket: KitchenOrder, name: str) -> Locator:
    return page.locator(f"#ticket-{ticket.pk}").get_by_role("button", name=name, exact=True)


def moved(place: Place, ticket: KitchenOrder, *statuses: TicketStatus) -> None:
    for status in statuses:
        set_ticket_status(ticket_id=ticket.pk, to=status, actor=place.actor)


def more(place: Place, ticket: KitchenOrder) -> None:
    add_items(order_id=ticket.order_id, items=[AskedItem(place.dish.pk, 2)], actor=place.actor)


def cancelled(place: Place, ticket: KitchenOrder) -> None:
    set_order_status(order_id=ticket.order_id, to=OrderStatus.CANCELLED, actor=place.actor, reason="Guest left")


def test_newer_notice_takes_the_place_of_the_older_when_both_are_of_one_ticket(
    open_board: OpenBoard, place: Place
) -> None:
    ticket, other = place.ticket(), place.ticket()
    page = open_board()

    more(place, ticket)
    expect(page.locator(".notice")).to_contain_text(["was changed."])
    more(place, other)
    expect(page.locator(".notice")).to_have_count(2)
    cancelled(place, ticket)

    expect(page.locator(".notice")).to_contain_text(
        [
            f"{ticket.order_number}, Table 7, is cancelled. Stop making it.",
            f"{other.order_number}, Table 7, was changed.",
        ]
    )
    expect(page.locator("#alarm p")).to_have_count(3)  # each was said once


def test_four_notices_are_shown_and_the_others_counted_when_there_are_more(open_board: OpenBoard, place: Place) -> None:
    tickets = [place.ticket() for _ in range(6)]
    page = open_board()

    for ticket in tickets:
        more(place, ticket)

    shown = page.locator(".notice:visible")
    expect(page.locator("#notices-more")).to_have_text("and 2 more")
    expect(shown).to_contain_text([ticket.order_number for ticket in reversed(tickets[2:])])
    page.get_by_role("button", name="Dismiss", exact=True).first.click()
    expect(page.locator("#notices-more")).to_have_text("and 1 more")
    expect(shown).to_contain_text([ticket.order_number for ticket in reversed(tickets[1:5])])
    # What moved up was not said again.
    expect(page.locator("#alarm p")).to_contain_text([ticket.order_number for ticket in tickets[3:]])
    page.get_by_role("button", name="Dismiss all").click()
    expect(page.locator("#notices")).to_be_hidden()


def test_one_notice_has_no_button_for_all(open_board: OpenBoard, place: Place) -> None:
    ticket = place.ticket()
    page = open_board()

    more(place, ticket)

    expect(page.locator(".notice")).to_have_count(1)
    expect(page.get_by_role("button", name="Dismiss all")).to_have_count(0)


def test_notes_go_by_themselves_and_changes_stay(open_page: OpenBoard, place: Place) -> None:
    ticket = place.ticket()
    page = open_page()
    page.clock.install()
    page.goto("/kitchen/")
    expect(page.locator("#connection")).to_have_attribute("data-state", "live", timeout=PATIENCE_MS)
    more(place, ticket)
    raise_alert(message="Shift ends at ten.", severity=Severity.INFO, actor=place.actor)
    note = page.locator(".notice", has_text="Shift ends at ten.")
    expect(note).to_be_visible()

    note.hover()
    page.clock.run_for(9_000)
    expect(note).to_be_visible()  # somebody reads it
    page.mouse.move(1, 1)
    page.clock.run_for(9_000)

    expect(note).to_have_count(0)
    expect(page.locator(".notice")).to_contain_text(["was changed."])


def test_keyboard_goes_on_with_the_next_notice_when_one_is_dismissed(open_board: OpenBoard, place: Place) -> None:
    tickets = [place.ticket(), place.ticket()]
    page = open_board()
    for ticket in tickets:
        more(place, ticket)
    dismiss = page.get_by_role("button", name="Dismiss", exact=True)
    expect(dismiss).to_have_count(2)

    dismiss.first.focus()
    page.keyboard.press("Enter")

    expect(dismiss).to_have_count(1)
    expect(dismiss).to_be_focused()


def test_only_the_other_board_is_told_when_a_course_is_fired_on_one(open_board: OpenBoard, place: Place) -> None:
    ticket, marker = place.ticket(), place.ticket()
    held = [AskedItem(place.dish.pk, 1, course=2)]
    add_items(order_id=ticket.order_id, items=held, actor=place.actor)
    near, far = open_board(), open_board(role="manager")

    button(near, ticket, "Fire course 2").click()

    expect(far.locator(".notice")).to_contain_text([f"{ticket.order_number}, Table 7, was changed."])
    expect(button(near, ticket, "Fire course 2")).to_have_count(0)
    more(place, marker)
    expect(near.locator(".notice")).to_contain_text([f"{marker.order_number}, Table 7, was changed."])


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ((TicketStatus.PREPARING, TicketStatus.READY), "was bumped by Manager at"),
        ((TicketStatus.PREPARING, TicketStatus.READY, TicketStatus.COMPLETED), "was cleared by Manager at"),
    ],
)
def test_who_was_faster_is_said_when_a_ticket_is_bumped_by_two(
    open_board: OpenBoard, place: Place, steps: tuple[TicketStatus, ...], said: str
) -> None:
    ticket = place.ticket()
    page = open_board()

    button(page, ticket, "Bump").click()
    moved(place, ticket, *steps)

    notice = page.locator(".notice")
    expect(notice).to_contain_text(re.compile(rf"{ticket.order_number} {said} \d\d:\d\d\."))
    expect(notice).to_have_attribute("data-severity", "info")


def test_who_cancelled_is_said_when_a_ticket_is_cancelled_under_its_bump(open_board: OpenBoard, place: Place) -> None:
    ticket = place.ticket()
    page = open_board()

    button(page, ticket, "Bump").click()
    cancelled(place, ticket)

    notice = page.locator(".notice")
    said = re.compile(rf"{ticket.order_number} was cancelled by Manager at \d\d:\d\d\. Stop making it\.")
    expect(notice).to_contain_text(said)
    expect(notice).to_have_attribute("data-severity", "error")


def test_who_recalled_is_said_when_a_ticket_is_recalled_while_it_is_being_cleared(
    open_board: OpenBoard, place: Place
) -> None:
    ticket = place.ticket()
    moved(place, ticket, TicketStatus.PREPARING, TicketStatus.READY)
    page = open_board()

    button(page, ticket, "Clear").click()
    recall_ticket(ticket_id=ticket.pk, reason="Fries cold", actor=place.actor)

    said = re.compile(rf"{ticket.order_number} was recalled by Manager at \d\d:\d\d\. Fries cold")
    expect(page.locator(".notice")).to_contain_text(said)
    expect(button(page, ticket, "Bump")).to_be_visible()


def test_who_made_an_item_is_said_when_two_have_tapped_it(open_board: OpenBoard, place: Place) -> None:
    ticket = place.ticket()
    more(place, ticket)
    page = open_board()
    item = ticket.items.order_by("id")[0]

    page.locator(f"[data-item='{item.pk}']").click()
    moves = [ItemMove(item.pk, TicketItemStatus.READY)]
    set_ticket_item_statuses(ticket_id=ticket.pk, moves=moves, actor=place.actor)

    said = re.compile(rf"{ticket.order_number}: Burger was done by Manager at \d\d:\d\d\.")
    expect(page.locator(".notice")).to_contain_text(said)


def test_ticket_leaves_and_comes_back_when_all_of_it_was_voided_and_more_is_wanted(
    open_board: OpenBoard, place: Place
) -> None:
    ticket = place.ticket()
    page = open_board()

    line = ticket.order.items.get()
    void_item(order_id=ticket.order_id, item_id=line.pk, reason="Sold out", actor=place.actor)
    expect(page.locator(f"#ticket-{ticket.pk}")).to_have_count(0)
    expect(page.locator(".notice")).to_contain_text([f"{ticket.order_number}, Table 7, is cancelled. Stop making it."])
    more(place, ticket)

    expect(page.locator(f"#ticket-{ticket.pk}")).to_be_visible()
    expect(page.locator(".notice")).to_contain_text([f"{ticket.order_number}, Table 7, is wanted again: make it."])
