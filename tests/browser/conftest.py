"""A small restaurant, a server on it, and a real Chromium before which it stands."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.live import Served
    from tests.places import Place

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
WITHOUT_CHROMIUM = "the screens' tests need Chromium: apt-get install chromium"
PATIENCE_MS = 20_000


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(os.path.dirname(__file__)):  # noqa: PTH120
            item.add_marker(pytest.mark.browser)


@pytest.fixture
def place(transactional_db: None) -> Place:
    from tests.places import open_place  # noqa: PLC0415 - models can be imported once the settings are there

    return open_place("grillhaus")


@pytest.fixture
def chosen(place: Place) -> tuple[int, ...]:
    """Give the dish an allergen, and two ways to have it: one that adds, one that takes away."""
    from orders.models import (  # noqa: PLC0415
        Allergen,
        MenuItemAllergen,
        MenuItemModifierGroup,
        Modifier,
        ModifierGroup,
    )

    sesame = Allergen.objects.create(restaurant=place.restaurant, name="Sesame")
    MenuItemAllergen.objects.create(menu_item=place.dish, allergen=sesame)
    group = ModifierGroup.objects.create(restaurant=place.restaurant, name="As you like it", max=2)
    MenuItemModifierGroup.objects.create(menu_item=place.dish, group=group)
    names = ("Extra bacon", "No onions")
    return tuple(Modifier.objects.create(group=group, name=name, price=0).pk for name in names)


@pytest.fixture(scope="module")
def server(django_db_setup: None) -> Iterator[Served]:
    from tests.live import Served  # noqa: PLC0415

    server = Served()

    yield server

    server.stop()


@pytest.fixture
def served(server: Served, place: Place) -> Served:
    """The running server: one for all tests of a module, started again after those that kill it."""
    if server.process is None or server.process.poll() is not None:
        server.start()
    return server


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    if CHROMIUM is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(WITHOUT_CHROMIUM)
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright keeps a loop in this thread; the tests' own queries wait for nothing on it.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def faults() -> list[str]:
    """What a page's console complained of; whoever expects something of it empties the list."""
    return []


@pytest.fixture
def open_page(chromium: Browser, served: Served, place: Place, faults: list[str]) -> Iterator[Callable[..., Page]]:
    """Open the page of a fresh browser, signed in with a role; its script may complain of nothing."""
    from django.test import Client  # noqa: PLC0415

    contexts = []

    def open_one(role: str | None = "kitchen", **options: Any) -> Page:
        context = chromium.new_context(base_url=served.url, **{"locale": "en-GB", **options})
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        if role is not None:
            client = Client()
            client.force_login(place.staff(role).user)  # type: ignore[arg-type]
            context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": served.url}])
        page = context.new_page()
        # As a cook does, every click waits until the board has stood still for a moment: before that it is ignored.
        page.add_locator_handler(page.locator("html[data-settling]"), lambda: None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        return page

    yield open_one

    for context in contexts:
        context.close()
    assert faults == []


@pytest.fixture
def open_board(open_page: Callable[..., Page]) -> Callable[..., Page]:
    """Open the kitchen's board, and wait until it is live."""

    def open_one(**options: Any) -> Page:
        from playwright.sync_api import expect  # noqa: PLC0415

        page = open_page(**options)
        page.goto("/kitchen/")
        expect(page.locator("#connection")).to_have_attribute("data-state", "live", timeout=PATIENCE_MS)
        return page

    return open_one
