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


@pytest.mark.parametrize("path", ["", "orders/order/", "orders/device/add/"])
def test_way_out_is_on_the_page_when_the_window_is_a_phones(
    open_page: Callable[..., Page], place: Place, path: str
) -> None:
    for _ in range(3):
        place.order()
    page = open_page("manager", viewport={"width": 390, "height": 800})

    page.goto(f"/admin/{path}")
    button = page.locator("#logout-form button")
    box, bar = button.bounding_box(), page.locator("#header").bounding_box()

    assert box is not None
    assert bar is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert box["y"] + box["height"] <= bar["y"] + bar["height"]
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    # Whatever lies above it would be what a click there hits.
    assert button.evaluate(
        "one => { const at = one.getBoundingClientRect();"
        " return document.elementFromPoint(at.x + at.width / 2, at.y + at.height / 2) === one; }"
    )


def test_bill_is_seen_in_the_list_of_orders_when_the_window_is_a_laptops(
    open_page: Callable[..., Page], place: Place
) -> None:
    place.order()
    page = open_page("manager", viewport={"width": 1366, "height": 768})

    page.goto("/admin/orders/order/")

    results = page.locator(".results")
    edges = results.evaluate(
        "all => [document.querySelector('th.column-bill').getBoundingClientRect().right,"
        " all.getBoundingClientRect().right]"
    )

    assert edges[0] <= edges[1] <= 1366
    # What has no room right of it is scrolled to.
    assert results.evaluate("all => getComputedStyle(all).overflowX") == "auto"


def test_page_says_that_a_picture_is_too_large(open_page: Callable[..., Page], place: Place, faults: list[str]) -> None:
    page = open_page("manager")
    page.goto(f"/admin/orders/menuitem/{place.dish.pk}/image/")

    large = {"name": "soup.jpg", "mimeType": "image/jpeg", "buffer": b"x" * (6 * 1024 * 1024)}
    page.set_input_files("input[name=image]", files=[large])  # type: ignore[arg-type]
    page.click("input[type=submit].default")
    page.wait_for_selector(".messagelist")

    assert page.inner_text(".messagelist") == "The picture is larger than 5 MiB."
    assert page.locator("input[name=image]").count() == 1
    assert ["413" in fault for fault in faults] == [True]
    faults.clear()


def preferences(recipe_id: int) -> list[tuple[str, list[str]]]:
    """Each step of the recipe in force, with its stations, the preferred one first."""
    from kitchen.pantry import find_recipe  # noqa: PLC0415 - models can be imported once the settings are there
    from orders.models import MenuItem  # noqa: PLC0415

    recipe = find_recipe(MenuItem.objects.get(recipe=recipe_id).restaurant_id, recipe_id)
    return [(step.name, [each.station.name for each in step.places.all()]) for step in recipe.steps.all()]


@pytest.mark.parametrize("scripts", [True, False])
def test_another_station_is_preferred_when_a_recipe_is_saved(
    open_page: Callable[..., Page], place: Place, scripts: bool
) -> None:
    from kitchen.services.recipes import AskedStep  # noqa: PLC0415
    from tests.factories import StationFactory  # noqa: PLC0415
    from tests.pantry import written  # noqa: PLC0415

    wok, oven = (StationFactory(restaurant=place.restaurant, name=name) for name in ("Wok", "Oven"))
    recipe = written(place.dish, steps=[AskedStep("Fry", 8, station_ids=(wok.pk, oven.pk))])
    page = open_page("manager", java_script_enabled=scripts)
    page.goto(f"/admin/kitchen/recipe/{recipe.pk}/change/")

    page.get_by_label("Preferred station").first.select_option("Oven")
    page.get_by_label("Also at, choice 2").first.select_option("Wok")
    page.get_by_label("Also at, choice 3").first.select_option("Grill")
    page.click("input[name=_save]")
    page.wait_for_selector(".messagelist .success")

    assert "Burger v2" in page.inner_text(".messagelist")
    assert preferences(recipe.pk) == [("Fry", ["Oven", "Wok", "Grill"])]


def test_step_is_added_with_its_stations_in_their_order(open_page: Callable[..., Page], place: Place) -> None:
    from kitchen.services.recipes import AskedStep  # noqa: PLC0415
    from tests.factories import StationFactory  # noqa: PLC0415
    from tests.pantry import written  # noqa: PLC0415

    StationFactory(restaurant=place.restaurant, name="Wok")
    recipe = written(place.dish, steps=[AskedStep("Cut", 2)])
    page = open_page("manager")
    page.goto(f"/admin/kitchen/recipe/{recipe.pk}/change/")

    page.click("text=Add another Step")
    row = page.locator("#steps-1")
    row.locator("input[name=steps-1-name]").fill("Fry")
    row.locator("input[name=steps-1-minutes]").fill("5")
    row.get_by_label("Preferred station").select_option("Wok")
    row.get_by_label("Also at, choice 2").select_option("Grill")
    ids = page.evaluate("[...document.querySelectorAll('.in-order select')].map((each) => each.id)")
    page.click("input[name=_save]")
    page.wait_for_selector(".messagelist .success")

    assert preferences(recipe.pk) == [("Cut", []), ("Fry", ["Wok", "Grill"])]
    assert len(set(ids)) == len(ids)
