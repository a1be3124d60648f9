"""The admin in a real browser: nothing of it needs what the Content-Security-Policy forbids, and all can be read."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.places import Place


def test_every_page_keeps_to_the_policy(open_page: Callable[..., Page], place: Place) -> None:
    ticket = place.ticket()
    pages = (
        "", "orders/order/", f"orders/order/{ticket.order_id}/change/", f"orders/order/{ticket.order_id}/history/",
        f"kitchen/kitchenorder/{ticket.pk}/change/", "orders/menuitem/", "orders/menuitem/add/",
        f"orders/menuitem/{place.dish.pk}/change/", f"orders/menuitem/{place.dish.pk}/delete/",
        "orders/user/add/", "orders/restaurant/", "realtime/alert/add/", "password_change/",
    )  # fmt: skip
    page = open_page("manager")

    titles = []
    for path in pages:
        response = page.goto(f"/admin/{path}")
        assert response is not None
        assert response.status == 200
        assert "script-src 'self'" in response.headers["content-security-policy"]
        titles.append(page.title())

    # What a page's console complained of is checked when the page is closed.
    assert all(title.endswith("· Brigade") for title in titles)


def test_order_is_confirmed_from_the_list(open_page: Callable[..., Page], place: Place) -> None:
    order = place.order()
    page = open_page("manager")
    page.goto("/admin/orders/order/")

    page.check("input[name=_selected_action]")
    page.select_option("select[name=action]", "confirm")
    page.click("button[name=index]")
    page.wait_for_selector(".messagelist")

    assert page.inner_text(".messagelist") == "1 order moved."
    order.refresh_from_db()
    assert order.status == "confirmed"


def test_category_is_found_while_typing(open_page: Callable[..., Page], place: Place) -> None:
    page = open_page("manager")
    page.goto("/admin/orders/menuitem/add/")

    page.click(".field-category .select2-selection")
    page.fill(".select2-search__field", "main")
    page.click(".select2-results__option:has-text('Mains')")

    assert page.inner_text(".field-category .select2-selection__rendered").endswith("Mains")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_admin_has_the_ground_of_the_screens_when_the_scheme_is(
    open_page: Callable[..., Page], place: Place, scheme: str
) -> None:
    ground = "getComputedStyle(document.querySelector('{}')).backgroundColor"
    page = open_page("manager", color_scheme=scheme)

    page.goto("/")
    screens = page.evaluate(ground.format("body"))
    page.goto("/admin/orders/order/")

    assert page.evaluate(ground.format("main")) == screens
