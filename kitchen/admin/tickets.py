"""The kitchen's tickets in the admin: to look at, and to move."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from kitchen.admin.contracts import said_of_steps
from kitchen.models import KitchenOrder, KitchenOrderItem
from kitchen.services.courses import fire_course
from kitchen.services.priority import set_priority
from kitchen.services.recalls import recall_ticket
from kitchen.services.tickets import set_ticket_status
from kitchen.states import TO_MAKE, TicketStatus
from orders.actors import Actor
from orders.admin.base import ReadOnlyInline, RestaurantAdmin, badge
from orders.admin.orders import ReasonForm
from orders.errors import NotEditable
from orders.reach import reach_of
from orders.states import Priority


class KitchenOrderItemInline(ReadOnlyInline):
    """What is on a ticket."""

    model = KitchenOrderItem
    fields = (
        "quantity", "name", "how", "special_instructions", "allergens", "alert", "steps_done", "status", "course",
        "held", "last_change", "started_at", "ready_at",
    )  # fmt: skip
    readonly_fields = fields
    verbose_name_plural = _("items")

    @admin.display(description=_("modifiers"))
    def how(self, item: KitchenOrderItem) -> str:
        """Say in which ways the dish is wanted."""
        return ", ".join(str(modifier["name"]) for modifier in item.modifiers) or "-"

    @admin.display(description=_("allergy alert"))
    def alert(self, item: KitchenOrderItem) -> str:
        """Say which of the guest's allergens are in it, and who has seen to that."""
        if not item.allergy_alert:
            return "-"
        by = item.allergy_confirmed_by_name
        said = gettext("confirmed by %(name)s") % {"name": by} if by else gettext("not confirmed")
        return f"⚠ {', '.join(item.allergy_alert)} ({said})"

    @admin.display(description=_("steps"))
    def steps_done(self, item: KitchenOrderItem) -> str:
        """Say in which steps it is made, where, and which are done."""
        return said_of_steps(item.steps)

    @admin.display(description=_("change"))
    def last_change(self, item: KitchenOrderItem) -> str:
        """Say what the latest version of the contract that concerned it did to it."""
        if not item.change:
            return "-"
        fields = ", ".join(item.change["fields"])
        return f"v{item.change['version']}: {item.change['kind']}" + (f" ({fields})" if fields else "")


@admin.register(KitchenOrder)
class KitchenOrderAdmin(RestaurantAdmin[KitchenOrder]):
    """Tickets: they follow their orders, and are moved by actions only."""

    fieldsets = (
        (
            None,
            {
                "fields": (
                    "restaurant", "order_link", "contract_link", "status_badge", "priority", "channel", "table_name",
                ),
            },
        ),
        (_("For the cook"), {"fields": ("notes", "allergies", "chef_name", "recall_reason")}),
        (
            _("Times"),
            {
                "fields": (
                    "created_at", "acknowledged_at", "started_at", "promised_ready_at", "estimated_ready_at",
                    "warn_at", "late_at", "ready_at", "completed_at", "recalled_at", "prep_took", "version",
                ),
            },
        ),
    )  # fmt: skip
    inlines = (KitchenOrderItemInline,)
    list_display = (
        "order_number", "status_badge", "priority", "channel", "table_name", "chef_name", "created_at", "ready_at",
        "prep_took",
    )  # fmt: skip
    list_filter = ("status", "priority", "channel")
    list_select_related = ("restaurant",)
    date_hierarchy = "created_at"
    search_fields = ("order_number", "table_name", "chef_name", "notes")
    action_form = ReasonForm
    actions = (
        "start", "make_ready", "complete", "recall", "fire", "make_normal", "make_express", "make_vip",
    )  # fmt: skip

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

    @admin.display(description=_("production contract"))
    def contract_link(self, ticket: KitchenOrder) -> SafeString | str:
        """Lead to the version of the contract that the ticket is of."""
        if ticket.contract_id is None:
            return "-"
        address = reverse("admin:kitchen_productioncontract_change", args=(ticket.contract_id,))
        return format_html('<a href="{}">v{}</a>', address, ticket.contract_version)

    @admin.display(description=_("prep minutes"))
    def prep_took(self, ticket: KitchenOrder) -> str:
        """Say how long it took until everything was made."""
        return "-" if ticket.prep_minutes is None else str(ticket.prep_minutes)

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

    @admin.action(description=_("Recall: back to preparing"))
    def recall(self, request: HttpRequest, queryset: QuerySet[KitchenOrder]) -> None:
        """Take tickets back that were ready, for the reason that was typed."""
        reason = request.POST.get("reason", "").strip()
        self._act(
            request, queryset, lambda ticket, actor: recall_ticket(ticket_id=ticket.pk, reason=reason, actor=actor)
        )

    @admin.action(description=_("Fire the next course"))
    def fire(self, request: HttpRequest, queryset: QuerySet[KitchenOrder]) -> None:
        """Have the first course that is held made now."""
        self._act(request, queryset, _fire_next)

    @admin.action(description=_("Priority: normal"))
    def make_normal(self, request: HttpRequest, queryset: QuerySet[KitchenOrder]) -> None:
        """Have tickets wait their turn."""
        self._set_priority(request, queryset, Priority.NORMAL)

    @admin.action(description=_("Priority: express"))
    def make_express(self, request: HttpRequest, queryset: QuerySet[KitchenOrder]) -> None:
        """Have tickets made sooner."""
        self._set_priority(request, queryset, Priority.EXPRESS)

    @admin.action(description=_("Priority: VIP"))
    def make_vip(self, request: HttpRequest, queryset: QuerySet[KitchenOrder]) -> None:
        """Have tickets made before all others."""
        self._set_priority(request, queryset, Priority.VIP)

    def _set_priority(self, request: HttpRequest, tickets: QuerySet[KitchenOrder], to: Priority) -> None:
        self._act(request, tickets, lambda ticket, actor: set_priority(ticket_id=ticket.pk, priority=to, actor=actor))

    def _set_status(self, request: HttpRequest, tickets: QuerySet[KitchenOrder], to: TicketStatus) -> None:
        self._act(request, tickets, lambda ticket, actor: set_ticket_status(ticket_id=ticket.pk, to=to, actor=actor))

    def _act(
        self,
        request: HttpRequest,
        tickets: QuerySet[KitchenOrder],
        act: Callable[[KitchenOrder, Actor], object],
    ) -> None:
        self.each(
            request,
            tickets,
            lambda ticket: act(ticket, reach_of(request).actor(ticket.restaurant_id)),
            lambda count: ngettext("%(count)d ticket moved.", "%(count)d tickets moved.", count) % {"count": count},
        )


def _fire_next(ticket: KitchenOrder, actor: Actor) -> KitchenOrder:
    held = ticket.items.filter(held=True, status__in=TO_MAKE).order_by("course").first()
    if held is None:
        raise NotEditable(f"Ticket {ticket.order_number} has no course that is held.")
    return fire_course(ticket_id=ticket.pk, course=held.course, actor=actor)
