"""The guests' page in a real browser: from the table's code to the dish on the table."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from orders.models import MenuItem, Order, Table
from orders.services.menu import set_availability
from orders.services.orders import set_order_status
from orders.services.qr_codes import issue_qr_code
from orders.services.tables import rotate_table_token
from orders.states import OrderStatus
from orders.tokens import tracking_link
from tests.browser.test_accessibility import NAMELESS, TOO_FAINT

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.places import Place

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.fixture
def open_guest(open_page: Callable[..., Page]) -> Callable[..., Page]:
    """Open a guest's phone at an address, and wait until it is live."""

    def open_one(address: str, **options: object) -> Page:
        page = open_page(None, **PHONE, **options)
        page.goto(address)
        expect(page.locator("#connection")).to_have_attribute("data-state", "live")
        return page

    return open_one


def open_basket(page: Page) -> None:
    page.locator("#basket-toggle[aria-expanded=false]").click()


def test_guests_order_from_their_table_and_follow_it(
    place: Place, chosen: tuple[int, ...], open_guest: Callable[..., Page]
) -> None:
    page = open_guest(f"/t/#{place.table_token}")
    expect(page.locator("#place")).to_have_text("Table 7")
    expect(page.locator(".guest-allergens")).to_have_text("Contains: Sesame")

    page.get_by_label("Extra bacon").check()
    page.get_by_role("button", name="Add Burger").click()
    open_basket(page)
    page.get_by_role("button", name="One more: Burger").click()
    page.get_by_label("A word to the staff").fill("By the window")
    expect(page.locator("#send")).to_have_text("Order for €19.00")
    page.locator("#send").click()

    card = page.locator(".guest-order")
    expect(card.locator(".guest-status")).to_have_text("Waits for the staff")
    order = Order.objects.get()
    assert (order.status, order.table_id, order.notes, str(order.total_amount)) == (
        "pending", place.table.pk, "By the window", "19.00",
    )  # fmt: skip
    assert [modifier.name for modifier in order.items.get().modifiers.all()] == ["Extra bacon"]
    expect(page.locator("#basket")).to_be_hidden()

    place.confirm(order)
    expect(card.locator(".guest-status")).to_have_text("Accepted")
    for status in (OrderStatus.PREPARING, OrderStatus.READY, OrderStatus.SERVED):
        set_order_status(order_id=order.pk, to=status, actor=place.actor)
    expect(card.locator(".guest-status")).to_have_text("Served")


def test_dish_leaves_menu_and_basket_when_it_is_86d(place: Place, open_guest: Callable[..., Page]) -> None:
    page = open_guest(f"/t/#{place.table_token}")
    page.get_by_role("button", name="Add Burger").click()
    expect(page.locator("#basket")).to_be_visible()

    set_availability(menu_item_id=place.dish.pk, actor=place.actor, is_available=False)

    expect(page.locator(".guest-dish")).to_have_count(0)
    expect(page.locator("#basket")).to_be_hidden()
    expect(page.locator("#problem")).to_have_text("Not everything is available any more: Burger.")


def test_page_says_so_when_the_last_portion_is_gone(
    place: Place, open_guest: Callable[..., Page], faults: list[str]
) -> None:
    page = open_guest(f"/t/#{place.table_token}")
    page.get_by_role("button", name="Add Burger").click()
    open_basket(page)
    page.get_by_role("button", name="One more: Burger").click()
    MenuItem.objects.filter(pk=place.dish.pk).update(silently=True, stock=1)

    page.locator("#send").click()

    expect(page.locator("#problem")).to_contain_text("This can't be had any more.")
    assert Order.objects.count() == 0
    faults.clear()  # the browser's own word on an answer of 409


def test_page_closes_when_the_code_is_rotated(place: Place, open_guest: Callable[..., Page], faults: list[str]) -> None:
    page = open_guest(f"/t/#{place.table_token}")

    rotate_table_token(table_id=place.table.pk, actor=place.actor)

    expect(page.locator("#problem")).to_contain_text("not valid any more")
    expect(page.locator("#menu")).to_be_hidden()
    faults.clear()


def test_link_follows_one_order_to_its_end(place: Place, open_guest: Callable[..., Page]) -> None:
    order = place.order()
    Table.objects.create(restaurant=place.restaurant, name="8")
    page = open_guest(f"/o/{tracking_link(order).token}/")
    expect(page).to_have_url(re.compile(r"/o/#trk_"))
    expect(page.locator("#menu")).to_be_hidden()
    expect(page.locator(".guest-status")).to_have_text("Waits for the staff")

    set_order_status(order_id=order.pk, to=OrderStatus.CANCELLED, actor=place.actor)

    expect(page.locator(".guest-status")).to_have_text("Cancelled")


def test_code_on_a_slip_shows_staff_its_order_and_guests_nothing(
    place: Place, open_page: Callable[..., Page], faults: list[str]
) -> None:
    order = place.order()
    address = f"/q/#{issue_qr_code(order_id=order.pk, actor=place.actor).token}"
    cashier, guest = open_page("cashier", **PHONE), open_page(None, **PHONE)

    cashier.goto(address)
    guest.goto(address)

    expect(cashier.locator(".guest-order-head")).to_contain_text(order.order_number)
    expect(cashier.locator("#connection")).to_have_text("Scanned 1 times")
    expect(guest.locator("#problem")).to_have_text("This code is for the staff: show it to them.")
    expect(guest.locator(".guest-order")).to_have_count(0)
    faults.clear()  # the browser's own word on an answer of 401


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_word_can_be_read_and_every_control_has_a_name(
    place: Place, chosen: tuple[int, ...], open_guest: Callable[..., Page], scheme: str
) -> None:
    place.order()
    page = open_guest(f"/t/#{place.table_token}", color_scheme=scheme)
    page.locator("#allergies summary").click()
    page.get_by_label("Sesame").check()
    page.get_by_role("button", name="Add Burger").click()
    open_basket(page)

    assert page.evaluate(TOO_FAINT) == []
    assert page.evaluate(NAMELESS) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_page_follows_by_asking_when_the_network_blocks_sockets(
    place: Place, open_page: Callable[..., Page], faults: list[str]
) -> None:
    page = open_page(None, **PHONE)
    page.add_init_script(
        "window.WebSocket = class { constructor() { setTimeout(() => this.onerror?.({})); } close() {} };"
    )
    order = place.order()
    page.goto(f"/t/#{place.table_token}")
    expect(page.locator("#connection")).to_have_attribute("data-state", "live")
    expect(page.locator(".guest-status")).to_have_text("Waits for the staff")

    place.confirm(order)

    expect(page.locator(".guest-status")).to_have_text("Accepted")
    faults.clear()
