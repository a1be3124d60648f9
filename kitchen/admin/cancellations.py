"""Cancellations in the admin: accepted or rejected with the reason that was typed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from kitchen.services.cancellations import accept_cancellation, reject_cancellation
from orders.admin.base import RestaurantAdmin
from orders.admin.orders import ReasonForm
from orders.models import CancellationRequest
from orders.reach import reach_of


@admin.register(CancellationRequest)
class CancellationRequestAdmin(RestaurantAdmin[CancellationRequest]):
    """Cancellations that were asked for: accepted or rejected by actions, with the reason that was typed."""

    action_form = ReasonForm
    fields = (
        "restaurant", "order", "status", "reason", "requested_by_name", "created_at", "decided_by_name",
        "decision_reason", "decided_at",
    )  # fmt: skip
    list_display = ("order", "status", "reason", "requested_by_name", "created_at", "decided_by_name", "decided_at")
    list_filter = ("status",)
    list_select_related = ("restaurant", "order")
    date_hierarchy = "created_at"
    search_fields = ("order__order_number", "reason", "requested_by_name")
    actions = ("accept", "reject")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """It is the floor that asks."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A request says what was asked and decided."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Keep what was asked."""
        return False

    @admin.action(description=_("Accept: cancel the order"))
    def accept(self, request: HttpRequest, queryset: QuerySet[CancellationRequest]) -> None:
        """Let go of orders."""

        def act(asked: CancellationRequest) -> object:
            return accept_cancellation(request_id=asked.pk, actor=reach_of(request).actor(asked.restaurant_id))

        self._decide(request, queryset, act)

    @admin.action(description=_("Reject: go on with the order"))
    def reject(self, request: HttpRequest, queryset: QuerySet[CancellationRequest]) -> None:
        """Go on with orders, for the reason that was typed."""
        reason = request.POST.get("reason", "").strip()

        def act(asked: CancellationRequest) -> object:
            actor = reach_of(request).actor(asked.restaurant_id)
            return reject_cancellation(request_id=asked.pk, reason=reason, actor=actor)

        self._decide(request, queryset, act)

    def _decide(
        self,
        request: HttpRequest,
        requests: QuerySet[CancellationRequest],
        act: Callable[[CancellationRequest], object],
    ) -> None:
        self.each(
            request,
            requests,
            act,
            lambda count: (
                ngettext("%(count)d request decided.", "%(count)d requests decided.", count) % {"count": count}
            ),
        )
