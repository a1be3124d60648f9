"""Every word on the pages can be read, in light and in dark, and every control has a name."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from kitchen.models import KitchenOrder
from kitchen.services.allergies import confirm_allergy
from kitchen.services.tickets import set_ticket_status
from kitchen.states import TicketStatus
from orders.models import Allergen
from orders.services.dishes import AskedItem
from orders.services.items import add_items
from orders.states import Priority

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.places import Place

# Each text with the colour behind it: WCAG 2.2 asks for 4.5 (3 for large text, which is not made use of here).
TOO_FAINT = """() => {
    const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
    const paint = (colour) => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const behind = (node) => {
        const layers = [];
        for (let at = node; at; at = at.parentElement) layers.unshift(paint(getComputedStyle(at).backgroundColor));
        return layers.reduce((under, [r, g, b, a]) => [r, g, b].map((c, i) => c * a / 255 + under[i] * (1 - a / 255)),
            [255, 255, 255]);
    };
    // A filter greys what is inside, and lets the ground behind shine through.
    const grey = (colour, share) => {
        const [r, g, b] = colour, luma = 0.2126 * r + 0.7152 * g + 0.0722 * b;
        return [r, g, b].map((c) => c + (luma - c) * share);
    };
    const filtered = (node, colour) => {
        for (let at = node; at; at = at.parentElement) {
            const {filter} = getComputedStyle(at);
            const amount = (name, none) => Number(filter.match(`${name}[(]([0-9.]+)`)?.[1] ?? none);
            const ground = behind(at.parentElement ?? at), shown = amount("opacity", 1);
            colour = grey(colour, amount("grayscale", 0)).map((c, i) => c * shown + ground[i] * (1 - shown));
        }
        return colour;
    };
    const light = (colour) => colour.slice(0, 3).map((c) => c / 255)
        .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    const contrast = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const faint = [];
    for (let seen = 0; texts.nextNode();) {
        const node = texts.currentNode.parentElement;
        if (!texts.currentNode.data.trim() || !node.checkVisibility() || node.closest("script")) continue;
        const ratio = contrast(filtered(node, paint(getComputedStyle(node).color)), filtered(node, behind(node)));
        if (ratio < 4.5) faint.push(`${texts.currentNode.data.trim()}: ${ratio.toFixed(2)}`);
    }
    return faint;
}"""

NAMELESS = """() => [...document.querySelectorAll("button, a, input:not([type=hidden])")]
    .filter((control) => control.checkVisibility())
    .filter((control) => !control.textContent.trim() && !control.ariaLabel && !control.labels?.length)
    .map((control) => control.outerHTML)"""


@pytest.fixture
def full_board(place: Place, chosen: tuple[int, ...]) -> list[KitchenOrder]:
    """A board with tickets of every state, priority and mark."""
    sesame = Allergen.objects.get()
    tickets = []
    for priority in Priority:
        for status in (None, TicketStatus.PREPARING, TicketStatus.READY):
            order = place.order(priority=priority, notes="Birthday", allergen_ids=[sesame.pk])
            asked = AskedItem(place.dish.pk, 2, chosen, "well done")
            add_items(order_id=order.pk, items=[asked], actor=place.actor)
            place.confirm(order)
            ticket = KitchenOrder.objects.get(order=order)
            tickets.append(ticket)
            if status is None:
                later = [AskedItem(place.dish.pk, 1), AskedItem(place.dish.pk, 1, course=2)]
                add_items(order_id=order.pk, items=later, actor=place.actor)
                continue
            for item in ticket.items.all():
                confirm_allergy(ticket_id=ticket.pk, item_id=item.pk, actor=place.actor)
            for step in (TicketStatus.PREPARING, status):
                set_ticket_status(ticket_id=ticket.pk, to=step, actor=place.actor)
    return tickets


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("pace", ["ok", "warn", "late"])
def test_every_text_on_the_board_is_readable_when_the_scheme_is(
    open_board: Callable[..., Page], full_board: list[KitchenOrder], place: Place, scheme: str, pace: str
) -> None:
    later, past = timezone.now() + dt.timedelta(hours=1), timezone.now() - dt.timedelta(seconds=1)
    warn_at, late_at = {"ok": (later, later), "warn": (past, later), "late": (past, past)}[pace]
    KitchenOrder.objects.all().update(silently=True, warn_at=warn_at, late_at=late_at)

    page = open_board(color_scheme=scheme)

    assert page.locator(f".ticket[data-pace={pace}]").count() == sum(t.status != "ready" for t in reread(full_board))
    assert page.evaluate(TOO_FAINT) == []
    assert page.evaluate(NAMELESS) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_around_the_board_is_readable_when_the_scheme_is(
    open_page: Callable[..., Page], faults: list[str], scheme: str
) -> None:
    found: dict[str, Any] = {}
    for role, path in ((None, "/login/"), ("manager", "/"), ("manager", "/restaurant/"), ("waiter", "/kitchen/")):
        page = open_page(role=role, color_scheme=scheme)
        page.goto(path)
        found[path] = page.evaluate(TOO_FAINT), page.evaluate(NAMELESS)

    assert found == dict.fromkeys(found, ([], []))
    faults.clear()  # the console notes the waiter's 403


def reread(tickets: list[KitchenOrder]) -> list[KitchenOrder]:
    for ticket in tickets:
        ticket.refresh_from_db()
    return tickets
