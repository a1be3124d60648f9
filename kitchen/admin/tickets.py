"""The kitchen's tickets in the admin: to look at, and to move."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from kitchen.models import KitchenOrder, KitchenOrderItem
from kitchen.services.tickets import set_ticket_status
from kitchen.states import TicketStatus
from orders.admin.base import ReadOnlyInline, RestaurantAdmin, badge
from orders.reach import reach_of


class KitchenOrderItemInline(ReadOnlyInline):
    """What is on a ticket."""

    model = KitchenOrderItem
    fields = (
        "quantity", "name", "how", "special_instructions", "allergens", "station_name", "status", "course",
        "started_at", "ready_at",
    )  # fmt: skip
    readonly_fields = fields
    verbose_name_plural = _("items")

    @admin.display(description=_("modifiers"))
    def how(self, item: KitchenOrderItem) -> str:
        """Say in which ways the dish is wanted."""
        return ", ".join(str(modifier["name"]) for modifier in item.modifiers) or "-"


@admin.register(KitchenOrder)
class KitchenOrderAdmin(RestaurantAdmin[KitchenOrder]):
    """Tickets: they follow their orders, and are moved by actions only."""

    fieldsets = (
        (None, {"fields": ("restaurant", "order_link", "status_badge", "priority", "channel", "table_name")}),
        (_("For the cook"), {"fields": ("notes", "allergies", "chef_name")}),
        (
            _("Times"),
            {
                "fields": (
                    "created_at", "acknowledged_at", "started_at", "estimated_ready_at", "ready_at", "completed_at",
                    "prep_minutes", "version",
                ),
            },
        ),
    )  # fmt: skip
    inlines = (KitchenOrderItemInline,)
    list_display = (
        "order_number", "status_badge", "priority", "channel", "table_name", "chef_name", "created_at", "ready_at",
        "prep_minutes",
    )  # fmt: skip
    list_filter = ("status", "priority", "channel")
    list_select_related = ("restaurant",)
    date_hierarchy = "created_at"
    search_fields = ("order_number", "table_name", "chef_name", "notes")
    actions = ("start", "make_ready", "complete")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A confirmed order gets its ticket by itself."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A ticket says what its order says."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A ticket is as lasting as its order."""
        return False

    @admin.display(description=_("status"), ordering="status")
    def status_badge(self, ticket: KitchenOrder) -> SafeString:
        """Show the status as a word with a colour."""
        return badge("ticket", ticket.status, ticket.get_status_display())

    @admin.display(description=_("order"))
    def order_link(self, ticket: KitchenOrder) -> SafeString:
        """Lead to the order that the ticket is of."""
        address = reverse("admin:orders_order_change", args=(ticket.order_id,))
        return format_html('<a href="{}">{}</a>', address, ticket.order_number)

    @admin.action(description=_("Start"))
    def start(self, request: HttpRequest, queryset: QuerySet[KitchenOrder]) -> None:
        """Begin tickets."""
        self._set_status(request, queryset, TicketStatus.PREPARING)

    @admin.action(description=_("Ready"))
    def make_ready(self, request: HttpRequest, queryset: QuerySet[KitchenOrder]) -> None:
        """Say that everything on them is made."""
        self._set_status(request, queryset, TicketStatus.READY)

    @admin.action(description=_("Put away"))
    def complete(self, request: HttpRequest, queryset: QuerySet[KitchenOrder]) -> None:
        """Take them off the board."""
        self._set_status(request, queryset, TicketStatus.COMPLETED)

    def _set_status(self, request: HttpRequest, tickets: QuerySet[KitchenOrder], to: TicketStatus) -> None:
        def act(ticket: KitchenOrder) -> object:
            actor = reach_of(request).actor(ticket.restaurant_id)
            return set_ticket_status(ticket_id=ticket.pk, to=to, actor=actor)

        self.each(
            request,
            tickets,
            act,
            lambda count: ngettext("%(count)d ticket moved.", "%(count)d tickets moved.", count) % {"count": count},
        )
