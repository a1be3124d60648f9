"""The kitchen's board in a real browser: it shows what the database says, or says that it doesn't."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from kitchen.models import KitchenOrder
from kitchen.services.allergies import confirm_allergy
from kitchen.services.recalls import recall_ticket
from kitchen.services.tickets import acknowledge_ticket, set_ticket_status
from kitchen.states import TicketStatus
from orders.models import Allergen
from orders.services.cancellations import request_cancellation
from orders.services.dishes import AskedItem
from orders.services.items import add_items
from orders.services.orders import set_order_status
from orders.states import OrderStatus, Priority, Role
from tests.browser.test_accessibility import TOO_FAINT

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tests.live import Served
    from tests.places import Place

OpenBoard = Callable[..., "Page"]
UNDO_MS = 5_000
PATIENCE_MS = 20_000


def expect(what: Any) -> Any:
    from playwright.sync_api import expect as playwright_expect  # noqa: PLC0415

    return playwright_expect(what)


def card(page: Page, ticket: KitchenOrder) -> Locator:
    return page.locator(f"#ticket-{ticket.pk}")


def button(page: Page, ticket: KitchenOrder, name: str) -> Locator:
    return card(page, ticket).get_by_role("button", name=name, exact=True)


def connection(page: Page) -> Locator:
    return page.locator("#connection")


def title(page: Page) -> Locator:
    return page.locator(".connection-title")


def becomes(page: Page, ticket: KitchenOrder, status: str) -> None:
    """Wait until the board says it: it does so only after the database does."""
    expect(card(page, ticket)).to_have_attribute("data-status", status, timeout=PATIENCE_MS)
    ticket.refresh_from_db()
    assert ticket.status == status


def shown_statuses(page: Page) -> dict[int, str]:
    cards = page.locator(".ticket").all()
    return {int(one.get_attribute("data-ticket") or 0): one.get_attribute("data-status") or "" for one in cards}


def stored_statuses() -> dict[int, str]:
    return dict(KitchenOrder.objects.exclude(status__in=("completed", "cancelled")).values_list("id", "status"))


@pytest.fixture
def rich_ticket(place: Place, chosen: tuple[int, ...]) -> KitchenOrder:
    """A ticket with everything that one can carry."""
    sesame = Allergen.objects.get()
    order = place.order(priority=Priority.VIP, notes="Birthday <b>table</b>", allergen_ids=[sesame.pk])
    item = AskedItem(place.dish.pk, 2, chosen, "well done & crisp")
    add_items(order_id=order.pk, items=[item], actor=place.actor)
    place.confirm(order)
    return KitchenOrder.objects.get(order=order)


@pytest.fixture
def two_lines(place: Place) -> KitchenOrder:
    order = place.order()
    add_items(order_id=order.pk, items=[AskedItem(place.dish.pk, 2)], actor=place.actor)
    place.confirm(order)
    return KitchenOrder.objects.get(order=order)


def test_tickets_are_shown_when_scripts_are_off(open_page: OpenBoard, rich_ticket: KitchenOrder) -> None:
    page = open_page(java_script_enabled=False)

    page.goto("/kitchen/")

    shown = card(page, rich_ticket)
    expect(shown.locator(".ticket-name")).to_have_text(f"{rich_ticket.order_number} Table 7")
    expect(shown.locator(".tags li")).to_have_text(["VIP", "New", "Dine-in"])
    expect(shown.locator(".ticket-allergies")).to_have_text("Allergy! Sesame")
    expect(shown.locator(".ticket-notes")).to_have_text("Birthday <b>table</b>")
    expect(shown.locator(".line-quantity")).to_have_text(["1×", "2×"])
    expect(shown.locator(".line-modifier")).to_have_text(["+ Extra bacon", "− No onions"])
    expect(shown.locator(".line-instructions")).to_have_text("well done & crisp")
    expect(shown.locator(".line-allergens").last).to_have_text("Contains Sesame")
    expect(connection(page)).to_contain_text("Not live without scripts")


def test_script_shows_what_the_server_rendered(open_board: OpenBoard, place: Place, rich_ticket: KitchenOrder) -> None:
    for status in (TicketStatus.ACKNOWLEDGED, TicketStatus.PREPARING, TicketStatus.READY):
        set_ticket_status(ticket_id=place.ticket().pk, to=TicketStatus.PREPARING, actor=place.actor)
        if status != TicketStatus.PREPARING:
            acknowledge_ticket(ticket_id=place.ticket().pk, actor=place.actor)
    more = [AskedItem(place.dish.pk, 1), AskedItem(place.dish.pk, 1, course=2)]
    add_items(order_id=rich_ticket.order_id, items=more, actor=place.actor)
    confirm_allergy(ticket_id=rich_ticket.pk, item_id=rich_ticket.items.order_by("id")[0].pk, actor=place.actor)
    done = place.ticket()
    for status in (TicketStatus.PREPARING, TicketStatus.READY):
        set_ticket_status(ticket_id=done.pk, to=status, actor=place.actor)
    for reason in ("", "Cold <b>fries</b>"):
        recalled = place.ticket()
        for status in (TicketStatus.PREPARING, TicketStatus.READY):
            set_ticket_status(ticket_id=recalled.pk, to=status, actor=place.actor)
        recall_ticket(ticket_id=recalled.pk, reason=reason, actor=place.actor)
    request_cancellation(order_id=done.order_id, reason="They left", actor=place.actor_of(Role.WAITER))
    page = open_board()

    by_script, by_server = page.evaluate(
        """async () => {
            const plain = (node) => node.nodeType === Node.TEXT_NODE ? node.data.trim() : [
                node.tagName,
                [...node.attributes].filter(({name}) => !["style", "data-packed"].includes(name))
                    .map(({name, value}) => `${name}=${value}`).sort(),
                node.matches(".ticket-age") ? [] : [...node.childNodes].map(plain).filter((child) => child !== ""),
            ];
            const sections = (root) => [...root.querySelectorAll(".board-columns > section")].map(plain);
            const served = new DOMParser().parseFromString(await (await fetch(location.href)).text(), "text/html");
            return [sections(document), sections(served)];
        }"""
    )

    assert len(by_server[0][2][2][2]) >= len(("rich", "started", "claimed", "recalled", "recalled why"))
    assert by_script == by_server


def test_new_ticket_appears_when_an_order_is_confirmed(open_board: OpenBoard, place: Place) -> None:
    page = open_board()

    ticket = place.ticket()

    expect(card(page, ticket)).to_be_visible()
    expect(page.locator("#announcer")).to_have_text(f"New ticket {ticket.order_number}, Table 7")
    expect(page.locator("[data-count='pending acknowledged']")).to_have_text("1")


def test_tickets_stand_by_priority_then_age(open_board: OpenBoard, place: Place) -> None:
    page = open_board()
    first = place.ticket()
    second = place.ticket()
    vip = place.order(priority=Priority.VIP)
    place.confirm(vip)

    numbers = [vip.order_number, first.order_number, second.order_number]

    expect(page.locator("#to-make .ticket-number")).to_have_text(numbers)


def test_item_is_ready_when_it_was_tapped(open_board: OpenBoard, two_lines: KitchenOrder) -> None:
    page = open_board()
    line = card(page, two_lines).locator(".line").first

    line.get_by_role("button").click()

    expect(line.locator(".line-state")).to_have_text("Done. Tap to undo")
    expect(line).to_have_attribute("data-state", "ready", timeout=PATIENCE_MS)
    assert [item.status for item in two_lines.items.order_by("id")] == ["ready", "pending"]
    becomes(page, two_lines, "preparing")


def test_ticket_is_ready_when_it_was_bumped(open_board: OpenBoard, two_lines: KitchenOrder) -> None:
    page = open_board()

    button(page, two_lines, "Bump").click()

    expect(card(page, two_lines).locator(".bump-state")).to_have_text("Ready in a moment")
    becomes(page, two_lines, "ready")
    expect(page.locator("#at-the-pass .ticket")).to_have_count(1)
    assert [item.status for item in two_lines.items.all()] == ["ready", "ready"]
    assert two_lines.chef_name == "Kitchen"


def test_ready_ticket_leaves_when_it_is_cleared(open_board: OpenBoard, place: Place) -> None:
    ticket = place.ticket()
    for status in (TicketStatus.PREPARING, TicketStatus.READY):
        set_ticket_status(ticket_id=ticket.pk, to=status, actor=place.actor)
    page = open_board()

    button(page, ticket, "Clear").click()

    expect(card(page, ticket)).to_have_count(0, timeout=PATIENCE_MS)
    ticket.refresh_from_db()
    assert ticket.status == "completed"


def test_nothing_is_sent_when_a_tap_is_undone(open_board: OpenBoard, place: Place) -> None:
    undone, tapped, bumped = place.ticket(), place.ticket(), place.ticket()
    page = open_board()

    button(page, undone, "Bump").click()
    button(page, undone, "Undo").click()
    card(page, tapped).locator(".line-button").click()
    card(page, tapped).locator(".line-button").click()
    button(page, bumped, "Bump").click()

    becomes(page, bumped, "ready")  # its turn came after the others would have had theirs
    becomes(page, undone, "pending")
    becomes(page, tapped, "pending")
    assert tapped.items.get().status == "pending"


def test_bump_is_taken_back_when_the_ticket_changes_under_it(open_board: OpenBoard, place: Place) -> None:
    ticket, other = place.ticket(), place.ticket()
    page = open_board()

    button(page, ticket, "Bump").click()
    add_items(order_id=ticket.order_id, items=[AskedItem(place.dish.pk, 3)], actor=place.actor)
    expect(button(page, ticket, "Bump")).to_be_visible()
    button(page, other, "Bump").click()

    expect(page.locator(".notice").first).to_contain_text(f"{ticket.order_number} changed while you bumped it")
    becomes(page, other, "ready")
    becomes(page, ticket, "pending")


def test_claim_is_on_the_other_board_when_it_was_tapped_on_one(open_board: OpenBoard, place: Place) -> None:
    ticket = place.ticket()
    near, far = open_board(), open_board(role="manager")

    button(near, ticket, "Claim").click()

    for page in (near, far):
        becomes(page, ticket, "acknowledged")
        expect(card(page, ticket).locator(".tags")).to_contain_text("Chef: Kitchen")


def test_two_boards_agree_with_the_database_when_both_are_worked_on(open_board: OpenBoard, place: Place) -> None:
    tickets = [place.ticket() for _ in range(6)]
    near, far = open_board(), open_board(role="manager")

    for page, ticket in zip((near, far, near, far), tickets, strict=False):
        button(page, ticket, "Bump").click()
    button(near, tickets[4], "Start").click()
    button(far, tickets[0], "Bump").click()

    for ticket in tickets[:4]:
        becomes(near, ticket, "ready")
        becomes(far, ticket, "ready")
    becomes(far, tickets[4], "preparing")
    assert shown_statuses(near) == shown_statuses(far) == stored_statuses()


def test_board_says_since_when_it_is_stale_and_is_exact_again_when_the_server_is_back(
    open_board: OpenBoard, place: Place, served: Served, faults: list[str]
) -> None:
    before = place.ticket()
    page = open_board()

    served.kill()
    expect(connection(page)).to_have_attribute("data-state", "stale")
    missed = place.ticket()
    set_ticket_status(ticket_id=before.pk, to=TicketStatus.PREPARING, actor=place.actor)

    expect(connection(page)).to_contain_text(re.compile(r"Stale since \d\d:\d\d:\d\d"))
    expect(page.locator(".board-columns")).to_have_css("filter", "grayscale(1)")
    assert shown_statuses(page) == {before.pk: "pending"}
    served.start()
    expect(card(page, missed)).to_be_visible(timeout=PATIENCE_MS)
    expect(title(page)).to_have_text("Live")
    expect(page.locator(".board-columns")).to_have_css("filter", "none")
    assert shown_statuses(page) == stored_statuses() == {before.pk: "preparing", missed.pk: "pending"}
    faults.clear()  # the refused connections of the time between


def test_every_text_on_the_stale_board_is_readable_whatever_the_pace(
    open_page: OpenBoard, place: Place, rich_ticket: KitchenOrder, served: Served, faults: list[str]
) -> None:
    place.restaurant.warn_after_minutes, place.restaurant.late_after_minutes = 3, 6
    place.restaurant.save()
    hurried, late = place.ticket(), place.ticket()
    for ticket, minutes in ((hurried, 4), (late, 8)):
        ago = dt.timedelta(minutes=minutes)
        assert ticket.warn_at is not None
        assert ticket.late_at is not None
        then = {"warn_at": ticket.warn_at - ago, "late_at": ticket.late_at - ago, "clock_at": ticket.created_at - ago}
        KitchenOrder.objects.filter(pk=ticket.pk).update(silently=True, created_at=ticket.created_at - ago, **then)
    page = open_page()
    page.goto("/kitchen/")
    expect(connection(page)).to_have_attribute("data-state", "live")

    served.kill()

    expect(page.locator(".board-columns")).to_have_css("filter", "grayscale(1)")
    paces = [card(page, ticket).get_attribute("data-pace") for ticket in (rich_ticket, hurried, late)]
    assert paces == ["ok", "warn", "late"]
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert (scheme, page.evaluate(TOO_FAINT)) == (scheme, [])
    page.close()
    faults.clear()  # the refused connections of the time between


# The buttons under which a finger would hit something else: all that are on the screen are asked at their middle.
COVERED = """() => [...document.querySelectorAll(".ticket button")].filter((button) => {
    const {x, y, width, height} = button.getBoundingClientRect();
    const frame = document.querySelector(".board-columns").getBoundingClientRect();
    const [across, down] = [x + width / 2, y + height / 2];
    if (down < frame.top || down > frame.bottom) return false;
    return !button.contains(document.elementFromPoint(across, down));
}).map((button) => button.textContent)"""


@pytest.mark.parametrize("viewport", [{"width": 390, "height": 844}, {"width": 1280, "height": 720}])
def test_every_button_of_the_tickets_can_be_tapped_while_notices_are_shown(
    open_board: OpenBoard, place: Place, viewport: dict[str, int]
) -> None:
    tickets = [place.ticket() for _ in range(9)]
    page = open_board(viewport=viewport)
    expect(page.locator(".ticket")).to_have_count(9)

    for ticket in tickets[:5]:
        add_items(order_id=ticket.order_id, items=[AskedItem(place.dish.pk, 3)], actor=place.actor)

    expect(page.locator(".notice:visible")).to_have_count(4)
    expect(page.locator("#notices-more")).to_have_text("and 1 more")
    for ticket in tickets:
        button(page, ticket, "Bump").scroll_into_view_if_needed()
        assert page.evaluate(COVERED) == []
    frame, notices = page.locator(".board-columns").bounding_box(), page.locator("#notices").bounding_box()
    assert frame is not None
    assert notices is not None
    assert frame["y"] + frame["height"] <= notices["y"]
    assert frame["height"] >= viewport["height"] / 3
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")


def test_bump_waits_for_the_connection_and_is_sent_when_it_is_back(
    open_board: OpenBoard, place: Place, served: Served, faults: list[str]
) -> None:
    ticket = place.ticket()
    page = open_board()

    button(page, ticket, "Bump").click()
    served.kill()

    state = card(page, ticket).locator(".bump-state")
    expect(state).to_have_text("Not sent: waiting for the connection", timeout=PATIENCE_MS)
    served.start()
    becomes(page, ticket, "ready")
    faults.clear()


def test_refusal_is_shown_when_a_command_can_not_be_sent(
    open_board: OpenBoard, place: Place, served: Served, faults: list[str]
) -> None:
    ticket = place.ticket()
    page = open_board()
    served.kill()
    expect(connection(page)).to_have_attribute("data-state", "stale")

    button(page, ticket, "Claim").click()

    notice = page.locator(".notice").first
    expect(notice).to_contain_text(f"{ticket.order_number}: There is no connection")
    notice.get_by_role("button", name="Dismiss").click()
    expect(page.locator(".notice")).to_have_count(0)
    assert shown_statuses(page) == {ticket.pk: "pending"}
    faults.clear()


def test_bump_is_sent_at_once_when_the_page_is_left(open_board: OpenBoard, place: Place) -> None:
    ticket = place.ticket()
    page = open_board()
    watching = open_board()

    button(page, ticket, "Bump").click()
    page.goto("/")

    becomes(watching, ticket, "ready")


def test_cancelled_ticket_is_announced_when_it_leaves(open_board: OpenBoard, place: Place) -> None:
    ticket = place.ticket()
    page = open_board()

    set_order_status(order_id=ticket.order_id, to=OrderStatus.CANCELLED, actor=place.actor, reason="Guest left")

    expect(card(page, ticket)).to_have_count(0)
    expect(page.locator(".notice")).to_contain_text(f"{ticket.order_number}, Table 7, is cancelled. Stop making it.")


def test_board_proves_that_it_is_live_when_its_machine_slept(open_page: OpenBoard, place: Place) -> None:
    page = open_page()
    page.clock.install()
    page.goto("/kitchen/")
    expect(connection(page)).to_have_attribute("data-state", "live")
    page.evaluate(
        """() => {
            window.states = [];
            const note = () => window.states.push(document.getElementById("connection").dataset.state);
            new MutationObserver(note).observe(document.getElementById("connection"), {attributes: true});
        }"""
    )

    page.clock.fast_forward("01:00:00")

    expect(connection(page)).to_have_attribute("data-state", "live")
    assert page.evaluate("window.states") == ["stale", "live"]


def test_colours_follow_the_restaurants_minutes(open_page: OpenBoard, place: Place) -> None:
    place.restaurant.warn_after_minutes, place.restaurant.late_after_minutes = 3, 6
    place.restaurant.save()
    ticket = place.ticket()
    page = open_page()
    page.remove_locator_handler(page.locator("html[data-settling]"))  # the next heartbeat would set its clock right
    page.clock.install()
    page.goto("/kitchen/")
    pace = card(page, ticket).locator(".ticket-pace")
    expect(pace).to_have_text("On time")

    page.clock.fast_forward("03:05")
    expect(pace).to_have_text("Hurry")
    page.clock.fast_forward("03:00")

    expect(pace).to_have_text("Late")
    expect(card(page, ticket)).to_have_attribute("data-pace", "late")


def test_ticket_is_bumped_and_undone_with_the_keyboard_alone(open_board: OpenBoard, place: Place) -> None:
    first, second = place.ticket(), place.ticket()
    page = open_board()
    button(page, first, "Claim").focus()

    page.keyboard.press("ArrowRight")
    expect(button(page, second, "Bump")).to_be_focused()
    page.keyboard.press("Enter")
    expect(button(page, second, "Undo")).to_be_focused()
    page.keyboard.press("Enter")

    expect(button(page, second, "Bump")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(button(page, second, "Start")).to_be_focused()


def test_board_speaks_german_when_the_browser_does(open_board: OpenBoard, place: Place) -> None:
    ticket = place.ticket()

    page = open_board(locale="de-DE")

    expect(card(page, ticket).locator(".ticket-place")).to_have_text("Tisch 7")
    expect(button(page, ticket, "Nehmen")).to_be_visible()
    expect(title(page)).to_have_text("Live")
    assert page.locator("html").get_attribute("lang") == "de"


def test_targets_are_large_enough_for_a_finger(open_board: OpenBoard, rich_ticket: KitchenOrder) -> None:
    page = open_board(viewport={"width": 768, "height": 1024}, has_touch=True)

    boxes = [control.bounding_box() for control in page.locator("button:visible, a:visible").all()]

    small = [box for box in boxes if box and box["y"] >= 0 and min(box["width"], box["height"]) < 44]
    assert card(page, rich_ticket).is_visible()
    assert small == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_sign_in_leads_to_the_board_that_was_asked_for(open_page: OpenBoard, place: Place) -> None:
    chef = place.staff(Role.KITCHEN).user
    chef.set_password("brigade-demo")
    chef.save()
    page = open_page(role=None)

    page.goto("/kitchen/")
    page.get_by_label("Username").fill(chef.username)
    page.get_by_label("Password").fill("brigade-demo")
    page.get_by_role("button", name="Sign in").click()

    expect(title(page)).to_have_text("Live")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
