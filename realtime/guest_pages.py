"""The guests' pages: a table's menu and orders, an order that is followed by a link, and the code on a slip.

The token stands behind the "#" of the address, which no browser sends: it is in no log, and no proxy has it. So the
server renders the page and its words; the script asks the guests' API for what the token opens, and follows its room.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe


@never_cache
@require_safe
def guest(request: HttpRequest) -> HttpResponse:
    """Show guests the page of their table, of the order that they follow, or of all their own."""
    return _page(request, "guest")


@never_cache
@require_safe
def order_code(request: HttpRequest) -> HttpResponse:
    """Show staff who are signed in the order whose code they have scanned."""
    return _page(request, "code")


@never_cache
@require_safe
def behind_the_hash(request: HttpRequest, page: str, token: str) -> HttpResponse:
    """Lead from an address with the token in its path to the one that keeps it to the browser."""
    return HttpResponseRedirect(f"/{page}/#{token}")


def _page(request: HttpRequest, mode: str) -> HttpResponse:
    response = render(request, "guest/page.html", {"mode": mode, "text": guest_texts()})
    response["Referrer-Policy"] = "no-referrer"
    return response


def guest_texts() -> dict[str, Any]:
    """Return every word that the script writes, in the reader's language."""
    return {
        "table": _("Table {name}"),
        "statuses": {
            "draft": _("Being written"),
            "pending": _("Waits for the staff"),
            "confirmed": _("Accepted"),
            "preparing": _("Being prepared"),
            "ready": _("Ready"),
            "served": _("Served"),
            "delivering": _("On its way"),
            "delivered": _("Delivered"),
            "completed": _("Completed. Thank you!"),
            "cancelled": _("Cancelled"),
        },
        "item_statuses": {
            "pending": "",
            "preparing": _("Being prepared"),
            "ready": _("Ready"),
            "served": _("Served"),
            "cancelled": _("Cancelled"),
        },
        "ready_at": _("Ready at about {time}"),
        "total": _("Total"),
        "paid": _("Paid"),
        "contains": _("Contains"),
        "add": _("Add"),
        "add_named": _("Add {dish}"),
        "fewer": _("One less: {dish}"),
        "more": _("One more: {dish}"),
        "choose_one": _("{group}: choose one"),
        "choose_exactly": _("{group}: choose {min}"),
        "choose_between": _("{group}: choose {min} to {max}"),
        "choose_up_to": _("{group}: choose up to {max}"),
        "wish": _("Add a wish"),
        "wish_named": _("Add a wish: {dish}"),
        "danger": _("You named this: {names}"),
        "allergies": _("Allergies"),
        "no_allergies": _("none named"),
        **_basket_texts(),
        "sold_out": _("Not everything is available any more: {names}."),
        "live": _("Live"),
        "stale": _("Not up to date since {time}"),
        "offline": _("No connection"),
        "scanned": _("Scanned {count} times"),
        "problems": {
            "no_token": _("This address is not complete. Scan the code again."),
            "unauthenticated": _("This code or link is not valid any more. Ask the staff for a new one."),
            "rate_limited": _("Too much at once. Try again in a moment."),
            "connection": _("The connection was lost. Try again."),
            "unavailable": _("This can't be had any more. The menu was read again."),
            "staff_only": _("This code is for the staff: show it to them."),
            "not_found": _("There is no such code, or it has expired."),
            "other": _("This could not be done. Ask the staff."),
        },
    }


def _basket_texts() -> dict[str, str]:
    return {
        "one_dish": _("1 dish"),
        "dishes": _("{count} dishes"),
        "added": _("{dish} was added. To be ordered: {count}."),
        "show": _("Show"),
        "hide": _("Hide"),
        "send": _("Order for {total}"),
        "send_again": _("Send again: {total}"),
        "sending": _("Sending"),
        "sent": _("Your order {number} was sent."),
        "unanswered": _("First send your last order again, or discard it."),
    }
