"""The API's documentation in a real browser, under the policy that forbids scripts inside a page."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from config import schema

if TYPE_CHECKING:
    from playwright.sync_api import Page

# The page draws every operation of the document, which keeps a core for seconds; here others want it too.
PATIENCE_MS = 60_000


def test_every_operation_is_shown_when_the_documentation_is_opened(open_page: Callable[..., Page]) -> None:
    described = sum(len(operations) for operations in schema.document()["paths"].values())
    page = open_page(role=None)
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]) if "//" in request.url else None)

    page.goto("/api/docs/")

    expect(page.locator(".info .title")).to_contain_text("Brigade", timeout=PATIENCE_MS)
    expect(page.locator("#operations-orders-create_order")).to_be_visible()
    expect(page.locator(".opblock")).to_have_count(described, timeout=PATIENCE_MS)
    assert len(hosts) == 1


def test_answers_are_described_when_an_operation_is_opened(open_page: Callable[..., Page]) -> None:
    page = open_page(role=None)
    page.goto("/api/docs/")

    page.locator("#operations-orders-get_order button.opblock-summary-control").click(timeout=PATIENCE_MS)

    answers = page.locator("#operations-orders-get_order .responses-table")
    expect(answers).to_contain_text("order_number", timeout=PATIENCE_MS)
