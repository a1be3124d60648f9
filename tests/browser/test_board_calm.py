"""No press hits another ticket than the one it was aimed at, whatever leaves or comes meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from kitchen.models import KitchenOrder
from kitchen.services.tickets import acknowledge_ticket, set_ticket_status
from kitchen.states import TicketStatus
from orders.services.orders import set_order_status
from orders.states import OrderStatus, Priority

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page, Route

    from tests.places import Place

OpenBoard = Callable[..., "Page"]
PATIENCE_MS = 20_000
HINT = "Nothing was pressed: something moved there just now. Look again."
# Which ticket lies under a finger as soon as another one has gone.
WHEN_GONE = """([gone, x, y]) => {
    window.under = new Promise((done) => {
        new MutationObserver((_, observer) => {
            if (document.getElementById(gone)) return;
            observer.disconnect();
            done(document.elementFromPoint(x, y)?.closest(".ticket")?.id ?? "");
        }).observe(document.body, {childList: true, subtree: true});
    });
}"""


def expect(what: Any) -> Any:
    from playwright.sync_api import expect as playwright_expect  # noqa: PLC0415

    return playwright_expect(what)


def button(page: Page, ticket: KitchenOrder, name: str) -> Locator:
    return page.locator(f"#ticket-{ticket.pk}").get_by_role("button", name=name, exact=True)


def middle_of(control: Locator) -> tuple[float, float]:
    box = control.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def leave(place: Place, ticket: KitchenOrder) -> None:
    set_order_status(order_id=ticket.order_id, to=OrderStatus.CANCELLED, actor=place.actor, reason="Guest left")


@pytest.fixture
def open_quickly(open_page: OpenBoard) -> OpenBoard:
    """Open a board on which nobody waits before a click until it stands still, as all other tests do.

    It takes longer to stand still than a cook's board: a busy machine needs its time to press.
    """

    def open_one(**options: Any) -> Page:
        page = open_page(**options)
        page.route("**/calm*.js", more_slowly)
        page.goto("/kitchen/")
        expect(page.locator("#connection")).to_have_attribute("data-state", "live", timeout=PATIENCE_MS)
        settled(page)
        page.remove_locator_handler(page.locator("html[data-settling]"))
        return page

    return open_one


def more_slowly(route: Route) -> None:
    """Give the script out with two and a half seconds in the place of 0.7."""
    response = route.fetch()
    script = response.text()
    assert script.count("const SETTLE_MS = 700;") == 1
    route.fulfill(response=response, body=script.replace("const SETTLE_MS = 700;", "const SETTLE_MS = 2_500;"))


def settled(page: Page) -> None:
    expect(page.locator("html[data-settling]")).to_have_count(0)


@pytest.fixture
def pair(place: Place) -> tuple[KitchenOrder, KitchenOrder]:
    """Two tickets, of which the second stands where the first was as soon as that is gone."""
    return place.ticket(), place.ticket()


def press(page: Page, x: float, y: float, *, by_finger: bool) -> None:
    if by_finger:
        page.touchscreen.tap(x, y)
    else:
        page.mouse.click(x, y)


@pytest.mark.parametrize("by_finger", [False, True])
def test_no_stranger_is_bumped_when_the_ticket_aimed_at_leaves_before_the_press(
    open_quickly: OpenBoard, place: Place, pair: tuple[KitchenOrder, KitchenOrder], *, by_finger: bool
) -> None:
    gone, stranger = pair
    page = open_quickly(has_touch=by_finger)
    x, y = middle_of(button(page, gone, "Bump"))
    page.evaluate(WHEN_GONE, [f"ticket-{gone.pk}", x, y])

    leave(place, gone)
    under = page.evaluate("() => window.under")
    press(page, x, y, by_finger=by_finger)

    assert under == f"ticket-{stranger.pk}"
    expect(page.locator("#hint")).to_have_text(HINT)
    expect(page.locator("#hint")).to_be_visible()
    expect(page.locator(".bump-state")).to_have_count(0)
    settled(page)
    press(page, *middle_of(button(page, stranger, "Bump")), by_finger=by_finger)
    expect(page.locator(f"#ticket-{stranger.pk} .bump-state")).to_be_visible()  # it stands still: now it is meant


def test_no_stranger_is_bumped_when_a_more_urgent_ticket_pushes_the_others_on(
    open_quickly: OpenBoard, place: Place, pair: tuple[KitchenOrder, KitchenOrder]
) -> None:
    page = open_quickly()
    x, y = middle_of(button(page, pair[0], "Bump"))

    urgent = place.order(priority=Priority.VIP)
    place.confirm(urgent)
    expect(page.locator(".ticket")).to_have_count(3)
    page.mouse.click(x, y)

    expect(page.locator("#hint")).to_be_visible()
    expect(page.locator(".bump-state")).to_have_count(0)


def test_nothing_moves_while_a_button_is_pressed(
    open_quickly: OpenBoard, place: Place, pair: tuple[KitchenOrder, KitchenOrder]
) -> None:
    gone, stranger = pair
    page = open_quickly()
    x, y = middle_of(button(page, stranger, "Bump"))
    page.evaluate(HEARD)

    page.mouse.move(x, y)
    page.mouse.down()
    leave(place, gone)
    page.evaluate("() => window.heard.then(() => null)")  # the board knows, and waits
    assert middle_of(button(page, stranger, "Bump")) == (x, y)
    page.mouse.up()

    expect(page.locator(f"#ticket-{gone.pk}")).to_have_count(0)
    expect(page.locator(f"#ticket-{stranger.pk} .bump-state")).to_be_visible()  # it was the one that was aimed at


# The board says what it has heard to who can't see it, before it shows anything.
HEARD = """() => {
    window.heard = new Promise((done) => {
        new MutationObserver(done).observe(document.getElementById("alarm"), {childList: true});
    });
}"""


def test_press_does_nothing_when_its_ticket_leaves_under_the_finger(
    open_quickly: OpenBoard, place: Place, pair: tuple[KitchenOrder, KitchenOrder]
) -> None:
    gone, _ = pair
    page = open_quickly()
    settled(page)
    page.evaluate(HEARD)

    page.mouse.move(*middle_of(button(page, gone, "Bump")))
    page.mouse.down()
    leave(place, gone)
    page.evaluate("() => window.heard.then(() => null)")
    page.mouse.up()

    expect(page.locator("#hint")).to_be_visible()
    expect(page.locator(f"#ticket-{gone.pk}")).to_have_count(0)
    expect(page.locator(".bump-state")).to_have_count(0)


def test_board_moves_on_when_a_finger_rests_on_it(
    open_quickly: OpenBoard, place: Place, pair: tuple[KitchenOrder, KitchenOrder]
) -> None:
    gone, stranger = pair
    page = open_quickly()
    settled(page)

    page.mouse.move(*middle_of(button(page, stranger, "Bump")))
    page.mouse.down()
    leave(place, gone)

    expect(page.locator(f"#ticket-{gone.pk}")).to_have_count(0)  # after three seconds
    page.mouse.up()
    expect(page.locator(".bump-state")).to_have_count(0)


def test_enter_does_nothing_when_the_focus_was_just_led_to_a_stranger(
    open_quickly: OpenBoard, place: Place, pair: tuple[KitchenOrder, KitchenOrder]
) -> None:
    gone, stranger = pair
    page = open_quickly()
    settled(page)
    button(page, gone, "Bump").focus()

    leave(place, gone)
    expect(button(page, stranger, "Bump")).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.locator("#hint")).to_be_visible()
    expect(page.locator(".bump-state")).to_have_count(0)
    settled(page)
    page.keyboard.press("Enter")
    expect(page.locator(f"#ticket-{stranger.pk} .bump-state")).to_be_visible()


def test_start_is_not_pressed_when_it_takes_the_place_of_claim(open_quickly: OpenBoard, place: Place) -> None:
    ticket = place.ticket()
    page = open_quickly(viewport={"width": 560, "height": 800})  # one card beside none: no line breaks
    x, y = middle_of(button(page, ticket, "Claim"))

    acknowledge_ticket(ticket_id=ticket.pk, actor=place.actor)
    expect(button(page, ticket, "Claim")).to_have_count(0)
    page.mouse.click(x, y)

    expect(page.locator("#hint")).to_be_visible()
    ticket.refresh_from_db()
    assert ticket.status == "acknowledged"


def test_unmoved_ticket_is_bumped_at_once_when_another_has_moved(
    open_quickly: OpenBoard, place: Place, pair: tuple[KitchenOrder, KitchenOrder]
) -> None:
    stays, leaves = pair
    page = open_quickly()
    x, y = middle_of(button(page, stays, "Bump"))

    for status in (TicketStatus.PREPARING, TicketStatus.READY):
        set_ticket_status(ticket_id=leaves.pk, to=status, actor=place.actor)
    expect(page.locator("#at-the-pass .ticket")).to_have_count(1)
    page.mouse.click(x, y)

    expect(page.locator(f"#ticket-{stays.pk} .bump-state")).to_be_visible()


# As soon as the button for all notices is there: (clicks on it, in the same moment) => whether notices are left.
CLICK_WHEN_THERE = """() => {
    const foot = document.getElementById("notices-foot");
    window.left = new Promise((done) => {
        new MutationObserver(() => {
            if (foot.hidden) return;
            setTimeout(() => {
                const button = document.getElementById("notices-clear");
                const {x, y, width, height} = button.getBoundingClientRect();
                const where = {clientX: x + width / 2, clientY: y + height / 2};
                button.dispatchEvent(new MouseEvent("click", {bubbles: true, cancelable: true, detail: 1, ...where}));
                done(document.querySelectorAll(".notice").length);
            });
        }).observe(foot, {attributes: true});
    });
}"""


def test_notices_stay_when_the_button_for_all_comes_under_the_finger(
    open_quickly: OpenBoard, place: Place, pair: tuple[KitchenOrder, KitchenOrder]
) -> None:
    page = open_quickly()
    page.evaluate(CLICK_WHEN_THERE)

    for ticket in pair:
        leave(place, ticket)

    assert page.evaluate("() => window.left") == 2
    expect(page.locator("#hint")).to_have_text(HINT)
    settled(page)
    page.get_by_role("button", name="Dismiss all").click()
    expect(page.locator(".notice")).to_have_count(0)
