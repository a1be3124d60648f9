"""What a ticket asks of the cook beyond making it: courses, allergies, changes, and who was faster."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from kitchen.models import KitchenOrder
from kitchen.services.tickets import acknowledge_ticket
from orders.models import Allergen
from orders.services.dishes import AskedItem
from orders.services.items import add_items, change_item
from orders.services.orders import confirm_order, create_order
from orders.states import Channel

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page, WebSocketRoute

    from tests.places import Place

OpenBoard = Callable[..., "Page"]
PATIENCE_MS = 20_000


def expect(what: Any) -> Any:
    from playwright.sync_api import expect as playwright_expect  # noqa: PLC0415

    return playwright_expect(what)


def ticket_of(place: Place, *items: AskedItem, **options: Any) -> KitchenOrder:
    order = create_order(
        actor=place.actor, channel=Channel.DINE_IN, items=list(items), table_id=place.table.pk, **options
    )
    confirm_order(order_id=order.pk, actor=place.actor)
    return KitchenOrder.objects.get(order=order)


def lines(page: Page, ticket: KitchenOrder) -> Locator:
    return page.locator(f"#ticket-{ticket.pk} .line")


def button(page: Page, ticket: KitchenOrder, name: str) -> Locator:
    return page.locator(f"#ticket-{ticket.pk}").get_by_role("button", name=name, exact=True)


def stored(ticket: KitchenOrder) -> list[str]:
    return list(ticket.items.order_by("id").values_list("status", flat=True))


def test_only_what_is_fired_is_made_when_a_ticket_is_bumped(open_board: OpenBoard, place: Place) -> None:
    dish = place.dish.pk
    ticket = ticket_of(place, AskedItem(dish, 1), AskedItem(dish, 2), AskedItem(dish, 3, course=2))
    page = open_board()
    expect(lines(page, ticket).last).to_have_attribute("data-state", "held")
    expect(lines(page, ticket).last.locator(".line-state")).to_have_text("Held, course 2")

    button(page, ticket, "Bump").click()

    expect(lines(page, ticket).nth(1)).to_have_attribute("data-state", "ready", timeout=PATIENCE_MS)
    assert stored(ticket) == ["ready", "ready", "pending"]
    expect(button(page, ticket, "Bump")).to_have_count(0)
    button(page, ticket, "Fire course 2").click()
    expect(lines(page, ticket).last).to_have_attribute("data-state", "pending")
    expect(button(page, ticket, "Bump")).to_be_visible()
    assert not ticket.items.filter(held=True).exists()


@pytest.fixture
def allergic(place: Place, chosen: tuple[int, ...]) -> KitchenOrder:
    """A ticket whose guest can't have what is in the dish."""
    return ticket_of(place, AskedItem(place.dish.pk, 1), allergen_ids=[Allergen.objects.get().pk])


def test_allergy_is_confirmed_by_name_before_its_dish_can_be_made(
    open_board: OpenBoard, place: Place, allergic: KitchenOrder
) -> None:
    page = open_board()
    line = lines(page, allergic).first
    expect(line.locator(".line-alert")).to_have_text("Allergy! Sesame")

    button(page, allergic, "Bump").click()
    expect(page.locator(".notice").first).to_contain_text("Confirm first that the guest's allergy was seen to.")
    button(page, allergic, "Confirm as Kitchen").click()

    expect(line.locator(".line-confirmed")).to_have_text("Confirmed by Kitchen")
    expect(line.locator(".action-confirm")).to_have_count(0)
    assert allergic.items.get().allergy_confirmed_by_name == "Kitchen"
    line.locator(".line-button").click()
    expect(page.locator(f"#ticket-{allergic.pk}")).to_have_attribute("data-status", "ready", timeout=PATIENCE_MS)


def test_changes_are_marked_on_the_lines_that_they_are_of(open_board: OpenBoard, place: Place) -> None:
    ticket = ticket_of(place, AskedItem(place.dish.pk, 1), AskedItem(place.dish.pk, 5))
    page = open_board()

    first = ticket.items.order_by("id")[0]
    change_item(order_id=ticket.order_id, item_id=first.order_item_id, quantity=2, actor=place.actor)
    add_items(order_id=ticket.order_id, items=[AskedItem(place.dish.pk, 3)], actor=place.actor)

    expect(lines(page, ticket).nth(2).locator(".line-change")).to_have_text("Added")
    expect(lines(page, ticket).nth(0).locator(".line-change")).to_have_text("Changed: quantity")
    expect(lines(page, ticket).nth(1).locator(".line-change")).to_have_count(0)


def test_loser_reads_who_was_faster_when_two_cooks_claim_a_ticket(open_page: OpenBoard, place: Place) -> None:
    ticket = ticket_of(place, AskedItem(place.dish.pk, 1))
    page = open_page()
    is_deaf: list[bool] = []

    def stand_between(screen: WebSocketRoute) -> None:
        server = screen.connect_to_server()
        server.on_message(lambda text: screen.send(text) if not is_deaf or '"reply"' in str(text) else None)

    page.route_web_socket("**/ws/", stand_between)
    page.goto("/kitchen/")
    expect(page.locator("#connection")).to_have_attribute("data-state", "live", timeout=PATIENCE_MS)

    is_deaf.append(True)
    acknowledge_ticket(ticket_id=ticket.pk, actor=place.actor)
    button(page, ticket, "Claim").click()

    notice = page.locator(".notice").first
    expect(notice).to_contain_text(re.compile(rf"{ticket.order_number}: Manager was faster, at \d\d:\d\d:\d\d."))
