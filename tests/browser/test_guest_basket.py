"""The guests' basket in a real browser: in nobody's way, kept through a reload, sent once, and with what matters."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from orders.models import Allergen, Category, MenuItem, MenuItemModifierGroup, Modifier, ModifierGroup, Order
from orders.services.menu import set_availability

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

    from tests.places import Place

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
DISHES = 9
SMALL = """() => [...document.querySelectorAll("button, summary, .guest-option, input:is([name=wish], #notes)")]
    .filter((control) => control.checkVisibility())
    .filter((control) => control.getBoundingClientRect().height < 44 || control.getBoundingClientRect().width < 44)
    .map((control) => control.outerHTML)"""


@pytest.fixture
def open_table(place: Place, open_page: Callable[..., Page]) -> Callable[..., Page]:
    """Open the table's page, on a phone unless something else is asked for, and wait until it is live."""

    def open_one(**options: object) -> Page:
        page = open_page(None, **{**PHONE, **options})
        page.goto(f"/t/#{place.table_token}")
        expect(page.locator("#connection")).to_have_attribute("data-state", "live")
        return page

    return open_one


@pytest.fixture
def dishes(place: Place) -> list[MenuItem]:
    """Dishes for a large table, in two categories."""
    sweets = Category.objects.create(restaurant=place.restaurant, name="Sweets")
    return [
        MenuItem.objects.create(restaurant=place.restaurant, name=f"Dish {number}", price=number, category=category)
        for number, category in enumerate([place.dish.category] * 8 + [sweets] * 8, start=1)
    ]


def add(page: Page, dish: str) -> None:
    page.get_by_role("button", name=f"Add {dish}", exact=True).click()


def reloaded(page: Page) -> None:
    page.reload()
    expect(page.locator("#connection")).to_have_attribute("data-state", "live")


@pytest.mark.parametrize("viewport", [{"width": 390, "height": 844}, {"width": 1280, "height": 800}])
def test_basket_is_in_nobodys_way_when_a_large_table_orders(
    open_table: Callable[..., Page], dishes: list[MenuItem], viewport: dict[str, int]
) -> None:
    page = open_table(viewport=viewport)

    for dish in dishes[:DISHES]:
        add(page, dish.name)

    basket, order = page.locator("#basket"), page.locator("#send")
    expect(page.locator("#basket-count")).to_have_text("9 dishes")
    expect(order).to_have_text("Order for €45.00")
    slim = basket.bounding_box()
    assert slim is not None
    assert slim["height"] < viewport["height"] / 8
    last = page.get_by_role("button", name="Add Dish 16", exact=True)
    last.focus()
    box = last.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= slim["y"]

    page.locator("#basket-toggle").click()

    expect(page.locator("#basket-lines li")).to_have_count(DISHES)
    expect(order).to_be_in_viewport(ratio=1)
    page.keyboard.press("Escape")
    expect(page.locator("#basket-lines")).to_be_hidden()
    expect(page.locator("#basket-toggle")).to_be_focused()


def test_basket_is_kept_when_the_page_is_loaded_again(
    place: Place, open_table: Callable[..., Page], dishes: list[MenuItem]
) -> None:
    page = open_table()
    add(page, "Dish 2")
    add(page, "Dish 3")
    page.locator("#basket-toggle").click()
    page.get_by_label("A word to the staff").fill("By the window")
    page.goto("about:blank")
    set_availability(menu_item_id=dishes[1].pk, actor=place.actor, is_available=False)
    MenuItem.objects.filter(pk=dishes[2].pk).update(silently=True, price="3.50")

    page.go_back()

    expect(page.locator("#problem")).to_have_text("Not everything is available any more: Dish 2.")
    expect(page.locator("#send")).to_have_text("Order for €3.50")
    page.locator("#send").click()
    expect(page.locator("#thanks")).to_be_visible()
    order = Order.objects.get()
    assert (order.notes, [item.menu_item_id for item in order.items.all()]) == ("By the window", [dishes[2].pk])
    reloaded(page)
    expect(page.locator("#basket")).to_be_hidden()


def test_order_is_placed_once_when_its_answer_was_lost_and_the_page_loaded_again(
    place: Place, open_table: Callable[..., Page], dishes: list[MenuItem], faults: list[str]
) -> None:
    MenuItem.objects.filter(pk=place.dish.pk).update(silently=True, stock=1)
    page = open_table()

    def lose_the_answer(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/api/guest/orders", lose_the_answer)
    add(page, "Burger")
    add(page, "Dish 1")
    page.locator("#send").click()
    expect(page.locator("#unanswered")).to_be_visible()
    assert Order.objects.count() == 1
    page.unroute("**/api/guest/orders")
    reloaded(page)

    expect(page.get_by_role("button", name="Add Burger")).to_have_count(0)  # the last one was ordered
    expect(page.locator("#basket-lines li")).to_have_count(2)
    add(page, "Dish 2")
    expect(page.locator("#problem")).to_have_text("First send your last order again, or discard it.")
    expect(page.locator("#send")).to_have_text("Send again: €10.50")
    page.locator("#send").click()

    expect(page.locator("#thanks")).to_have_text(f"Your order {Order.objects.get().order_number} was sent.")
    expect(page.locator("#basket")).to_be_hidden()
    faults.clear()  # the browser's own word on the answer that was lost


def test_lost_order_is_forgotten_when_the_guests_discard_it(
    open_table: Callable[..., Page], dishes: list[MenuItem], faults: list[str]
) -> None:
    page = open_table()
    page.route("**/api/guest/orders", lambda route: route.abort())
    add(page, "Dish 1")
    page.locator("#send").click()

    page.get_by_role("button", name="Discard").click()

    expect(page.locator("#basket")).to_be_hidden()
    page.unroute("**/api/guest/orders")
    add(page, "Dish 2")
    page.locator("#send").click()
    expect(page.locator("#thanks")).to_be_visible()
    assert [item.menu_item_id for item in Order.objects.get().items.all()] == [dishes[1].pk]
    faults.clear()


def test_kitchen_hears_of_an_allergy_and_of_a_wish_when_guests_name_them(
    place: Place, chosen: tuple[int, ...], open_table: Callable[..., Page]
) -> None:
    page = open_table()
    page.locator("#allergies summary").click()
    page.get_by_label("Sesame").check()
    expect(page.locator(".guest-danger")).to_have_text("You named this: Sesame")
    reloaded(page)
    expect(page.locator("#allergies-said")).to_have_text("Sesame")

    page.locator("summary", has_text="Add a wish").click()
    page.get_by_role("textbox", name="Add a wish: Burger").fill("well done")
    add(page, "Burger")
    add(page, "Burger")
    assert page.evaluate(SMALL) == []
    page.locator("#basket-toggle").click()
    expect(page.locator("#basket-lines .guest-wished")).to_have_text("well done")
    assert page.evaluate(SMALL) == []
    page.locator("#send").click()

    expect(page.locator(".guest-order")).to_contain_text("Allergies: Sesame")
    order = Order.objects.get()
    assert order.allergies == ["Sesame"]
    assert sorted(item.special_instructions for item in order.items.all()) == ["", "well done"]
    assert Allergen.objects.count() == 1


def test_page_asks_for_one_when_exactly_one_is_to_be_chosen(place: Place, open_table: Callable[..., Page]) -> None:
    for name, least, most in (("Dressing", 1, 1), ("Sides", 2, 2), ("Sauces", 1, 3), ("Extras", 0, 2)):
        group = ModifierGroup.objects.create(restaurant=place.restaurant, name=name, min=least, max=most)
        MenuItemModifierGroup.objects.create(menu_item=place.dish, group=group)
        for number in range(3):
            Modifier.objects.create(group=group, name=f"{name} {number}", price=0)

    page = open_table()

    expect(page.locator(".guest-dish legend")).to_have_text(
        ["Dressing: choose one", "Sides: choose 2", "Sauces: choose 1 to 3", "Extras: choose up to 2"],
    )
    german = open_table(locale="de-DE")
    expect(german.locator(".guest-dish legend").first).to_have_text("Dressing: eins wählen")
    expect(german.locator("#allergies summary")).to_have_text("Allergien: keine genannt")


def test_guests_jump_to_a_category_and_keep_their_token(
    open_table: Callable[..., Page], dishes: list[MenuItem]
) -> None:
    page = open_table()
    address = page.url
    jumps = page.get_by_role("navigation", name="Categories")
    expect(jumps.get_by_role("button")).to_have_text(["Mains", "Sweets"])
    heading = page.get_by_role("heading", name="Sweets")
    expect(heading).not_to_be_in_viewport()

    jumps.get_by_role("button", name="Sweets").click()

    expect(heading).to_be_focused()
    expect(heading).to_be_in_viewport(ratio=1)
    above, below = jumps.bounding_box(), heading.bounding_box()
    assert above is not None
    assert below is not None
    assert above["y"] + above["height"] <= below["y"] <= above["y"] + above["height"] + 40
    page.locator(".skip-link").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    assert page.url == address
