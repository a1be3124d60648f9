"""What went out wrong, or too soon: it comes back to the board loudly, from this screen or another."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from kitchen.models import KitchenOrder
from kitchen.services.recalls import recall_ticket
from kitchen.services.tickets import set_ticket_status
from kitchen.states import TicketStatus
from tests.browser.test_accessibility import NAMELESS, TOO_FAINT

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page, Route, WebSocketRoute

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


def open_list(page: Page) -> None:
    """Open the list by its key, and wait until it was read: rows that come under a pointer are not pressed."""
    page.keyboard.press("r")
    expect(page.locator("#recalls")).to_be_visible()
    expect(page.locator("#recalls-said")).to_have_text("", timeout=PATIENCE_MS)


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


def ago(ticket: KitchenOrder, minutes: int) -> KitchenOrder:
    then = timezone.now() - dt.timedelta(minutes=minutes)
    KitchenOrder.objects.filter(pk=ticket.pk).update(silently=True, ready_at=then)
    return ticket


def row(page: Page, ticket: KitchenOrder) -> Locator:
    return page.locator(f"#recalls .recall-row[data-ticket='{ticket.pk}']")


def numbers(*tickets: KitchenOrder) -> list[str]:
    return [f"{ticket.order_number} Table 7" for ticket in tickets]


def headings(page: Page) -> Locator:
    return page.locator("#recalls .recall-row h3")


def test_list_has_what_was_made_newest_first_and_says_what_can_not_be_recalled(
    open_board: OpenBoard, place: Place
) -> None:
    old = ago(made(place, to=TicketStatus.COMPLETED), 16)
    first = ago(made(place, to=TicketStatus.COMPLETED), 14)
    last = ago(made(place), 1)
    place.ticket()
    page = open_board()

    page.get_by_role("button", name="Recall").click()

    expect(page.get_by_role("dialog", name="Made lately")).to_be_visible()
    expect(headings(page)).to_have_text(numbers(last, first, old))
    expect(row(page, first).locator(".recall-what")).to_contain_text("1× Burger")
    expect(row(page, first).locator(".recall-when")).to_have_text(re.compile(r"Ready at \d\d:\d\d:\d\d"))
    expect(row(page, first).get_by_role("button", name="Recall")).to_be_visible()
    expect(row(page, old)).to_contain_text("Too late: it was ready more than 15 minutes ago.")
    expect(row(page, old).get_by_role("button")).to_have_count(0)


def test_ticket_is_recalled_with_its_reason_by_the_keyboard_alone(open_board: OpenBoard, place: Place) -> None:
    working, done = place.ticket(), made(place, to=TicketStatus.COMPLETED)
    page = open_board()
    bump = page.locator(f"#ticket-{working.pk}").get_by_role("button", name="Bump")
    bump.focus()

    open_list(page)
    expect(row(page, done).get_by_role("button", name="Recall")).to_be_focused()
    page.keyboard.press("Enter")
    expect(row(page, done).get_by_label("Why? It may stay empty.")).to_be_focused()
    page.keyboard.type("rare, raw")
    page.keyboard.press("Enter")

    expect(tag(page, done)).to_have_text("Recalled: rare, raw", timeout=PATIENCE_MS)
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(bump).to_be_focused()
    done.refresh_from_db()
    assert (done.status, done.recall_reason) == ("preparing", "rare, raw")
    expect(page.locator(".notice")).to_have_count(0)  # it was done here


def test_list_has_what_was_made_lately_however_many_were_opened_after_it(open_board: OpenBoard, place: Place) -> None:
    slow = made(place, to=TicketStatus.COMPLETED)
    later = [place.ticket().pk for _ in range(101)]
    long_ago = timezone.now() - dt.timedelta(hours=1)
    moments = {"ready_at": long_ago, "completed_at": long_ago}
    KitchenOrder.objects.filter(pk__in=later).update(silently=True, status="completed", **moments)
    page = open_board()

    open_list(page)

    expect(row(page, slow).get_by_role("button", name="Recall")).to_be_visible()
    expect(headings(page)).to_have_count(50)
    expect(headings(page).first).to_contain_text(slow.order_number)


def test_list_stays_open_when_its_key_is_held_down(open_board: OpenBoard, place: Place) -> None:
    made(place)
    page = open_board()

    for _ in range(4):
        page.keyboard.down("r")  # from the second on it is repeated

    expect(page.get_by_role("dialog", name="Made lately")).to_be_visible()
    page.keyboard.up("r")
    page.keyboard.press("r")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_list_follows_what_happens_while_it_is_open(open_board: OpenBoard, place: Place) -> None:
    first, working = made(place), place.ticket()
    page = open_board()
    open_list(page)
    expect(headings(page)).to_have_text(numbers(first))

    for status in (TicketStatus.PREPARING, TicketStatus.READY):
        set_ticket_status(ticket_id=working.pk, to=status, actor=place.actor)
    expect(headings(page)).to_have_text(numbers(working, first))
    row(page, first).get_by_role("button", name="Recall").click()
    row(page, first).get_by_role("combobox").fill("Cold")
    recall_ticket(ticket_id=working.pk, actor=place.actor)

    expect(headings(page)).to_have_text(numbers(first))
    expect(row(page, first).get_by_role("combobox")).to_have_value("Cold")
    expect(row(page, first).get_by_role("combobox")).to_be_focused()
    recall_ticket(ticket_id=first.pk, actor=place.actor)
    expect(page.locator("#recalls-said")).to_contain_text(f"{first.order_number} is not in the list any more")
    expect(page.get_by_text("Nothing was made lately.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.parametrize(
    ("locale", "faster"),
    [
        ("en-GB", r"Manager was faster, at \d\d:\d\d:\d\d\. Look again\."),
        ("de-DE", r"Manager war schneller, um \d\d:\d\d:\d\d Uhr\."),
    ],
)
def test_reader_is_told_who_was_faster_when_a_recall_comes_second(
    open_page: OpenBoard, place: Place, faults: list[str], locale: str, faster: str
) -> None:
    ticket = made(place)
    page = open_page(locale=locale)
    is_deaf: list[bool] = []

    def stand_between(screen: WebSocketRoute) -> None:
        server = screen.connect_to_server()
        server.on_message(lambda text: None if is_deaf else screen.send(text))

    page.route_web_socket("**/ws/", stand_between)
    page.goto("/kitchen/")
    expect(page.locator("#connection")).to_have_attribute("data-state", "live", timeout=PATIENCE_MS)
    open_list(page)
    row(page, ticket).get_by_role("button").click()

    is_deaf.append(True)
    recall_ticket(ticket_id=ticket.pk, actor=place.actor)
    row(page, ticket).get_by_role("combobox").press("Enter")

    expect(row(page, ticket).locator(".recall-why")).to_have_text(re.compile(faster))
    expect(page.locator("#recalls-said")).to_contain_text(ticket.order_number)
    expect(row(page, ticket).get_by_role("button")).to_have_count(0)
    faults.clear()  # the console notes the 409


def test_refusal_is_said_on_the_board_when_the_list_was_closed_meanwhile(
    open_board: OpenBoard, place: Place, faults: list[str]
) -> None:
    ticket = made(place, to=TicketStatus.COMPLETED)
    page = open_board()
    held: list[Route] = []
    page.route("**/recall", lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks it
    open_list(page)
    row(page, ticket).get_by_role("button").click()

    with page.expect_request("**/recall"):
        row(page, ticket).get_by_role("combobox").press("Enter")
    ago(ticket, 16)
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    held[0].continue_()

    said = f"{ticket.order_number}: Too late: it was ready more than 15 minutes ago."
    expect(page.locator(".notice")).to_contain_text([said])
    faults.clear()  # the console notes the 409


def test_time_is_up_when_the_server_says_so(open_board: OpenBoard, place: Place, faults: list[str]) -> None:
    ticket = made(place, to=TicketStatus.COMPLETED)
    page = open_board()
    open_list(page)
    row(page, ticket).get_by_role("button").click()

    ago(ticket, 16)
    row(page, ticket).get_by_role("combobox").press("Enter")

    expect(row(page, ticket).locator(".recall-why")).to_have_text("Too late: it was ready more than 15 minutes ago.")
    ticket.refresh_from_db()
    assert ticket.status == "completed"
    faults.clear()  # the console notes the 409


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_of_the_list_is_readable_when_the_scheme_is(
    open_board: OpenBoard, place: Place, scheme: str
) -> None:
    ago(made(place, to=TicketStatus.COMPLETED), 16)
    asked = made(place)
    recalled = made(place)
    recall_ticket(ticket_id=recalled.pk, reason="Fries cold", actor=place.actor)
    page = open_board(color_scheme=scheme)
    expect(tag(page, recalled)).to_be_visible()
    assert page.evaluate(TOO_FAINT) == []

    open_list(page)
    row(page, asked).get_by_role("button").click()
    expect(row(page, asked).get_by_role("combobox")).to_be_visible()

    assert page.evaluate(TOO_FAINT) == []
    assert page.evaluate(NAMELESS) == []
