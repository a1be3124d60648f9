"""The live screens, with their first state rendered by the server."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from kitchen.states import RECALL_WITHIN
from orders.access import membership_of_session
from orders.shapes import timestamp
from orders.states import Role
from realtime.board import board_cards, board_texts
from realtime.snapshots import room_snapshot

BOARD_ROLES = (Role.KITCHEN, Role.MANAGER, Role.OWNER)


@never_cache
@require_safe
@login_required
def board(request: HttpRequest) -> HttpResponse:
    """Show the kitchen its open tickets; the script follows the stream from the moment that was read."""
    membership = membership_of_session(request.user, request.session)
    if membership is None:
        return redirect(f"{reverse('restaurant')}?{urlencode({'next': request.path})}")
    if membership.role not in BOARD_ROLES:
        reason = _("The board is for the kitchen and for managers.")
        return render(request, "refused.html", {"reason": reason}, status=403)
    now = timezone.now()
    epoch, seq, snapshot = room_snapshot(membership.restaurant_id, "kitchen")
    text = board_texts(membership.user.display_name)
    cards = board_cards(snapshot["orders"], snapshot["cancel_requests"], text=text)
    context: dict[str, Any] = {
        "restaurant": membership.restaurant,
        "text": text,
        "to_make": [card for card in cards if card.ticket["status"] != "ready"],
        "at_the_pass": [card for card in cards if card.ticket["status"] == "ready"],
        "counts": _counts(snapshot["orders"]),
        "read_at": f"{timezone.localtime(now, ZoneInfo(membership.restaurant.timezone)):%H:%M:%S}",
        "data": {
            "epoch": epoch,
            "seq": seq,
            "snapshot": snapshot,
            "now": timestamp(now),
            "user_id": membership.user_id,
            "recall_seconds": int(RECALL_WITHIN.total_seconds()),
        },
    }
    return render(request, "kitchen/board.html", context)


def _counts(tickets: list[dict[str, Any]]) -> dict[str, int]:
    statuses = [ticket["status"] for ticket in tickets]
    return {
        "new": statuses.count("pending") + statuses.count("acknowledged"),
        "in_work": statuses.count("preparing"),
        "ready": statuses.count("ready"),
    }
