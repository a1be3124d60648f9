"""What an order's page says of its past: who changed what, and the cancellations that were asked for."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from django.contrib import admin
from django.utils.dateparse import parse_datetime
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders.admin.base import ReadOnlyInline
from orders.history import history_of
from orders.models import CancellationRequest, HistoryEntry, Order, QRCode
from orders.wall_clock import told_moment

MOST_ENTRIES = 200


class CancellationRequestInline(ReadOnlyInline):
    """The cancellations that were asked for, and what the kitchen said."""

    model = CancellationRequest
    fields = (
        "status", "reason", "requested_by_name", "created_at", "decided_by_name", "decision_reason", "decided_at",
    )  # fmt: skip
    readonly_fields = fields
    verbose_name_plural = gettext_lazy("cancellation requests")


class QRCodeInline(ReadOnlyInline):
    """The code on the order's slip: how often it was scanned, and how long it is good for."""

    model = QRCode
    fields = ("status", "scan_count", "created_at", "expires_at")
    readonly_fields = fields


class WithHistory:
    """The page of an order, with what became of it."""

    @admin.display(description=gettext_lazy("changes"))
    def history(self, order: Order) -> SafeString | str:
        """Show the latest changes, oldest first."""
        entries = list(history_of(order.restaurant_id, order.pk).order_by("-id")[:MOST_ENTRIES])
        if not entries:
            return "-"
        heads = format_html_join("", "<th>{}</th>", ((head,) for head in (_("At"), _("Who"), _("What"), _("Changes"))))
        rows = format_html_join("", "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>", map(_cells, entries[::-1]))
        return format_html("<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>", heads, rows)

    @admin.display(description=gettext_lazy("cancellation asked for"))
    def asked_cancellation(self, order: Order) -> str:
        """Say who waits for the kitchen to let go of the order, and why."""
        said = order.pending_cancellation
        return f"{said['requested_by_name']}: {said['reason']}" if said else "-"


def _cells(entry: HistoryEntry) -> tuple[str, str, str, SafeString]:
    who = f"{entry.actor_name} ({entry.source})" if entry.actor_name else entry.source
    changes = ((name, *(_told(name, value) for value in pair)) for name, pair in entry.changes.items())
    return told_moment(entry.at), who, entry.event, format_html_join("", "<div>{}: {} → {}</div>", changes)


def _told(name: str, value: Any) -> str:
    if value is None or value == "":
        return "-"
    if not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    moment = _moment(value) if name.endswith("_at") else None
    return value if moment is None else told_moment(moment)


def _moment(value: str) -> dt.datetime | None:
    """Return the moment that is kept as text; None for what is none, or names no zone."""
    try:
        moment = parse_datetime(value)
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None
