"""Alerts in the admin: what everybody was told, and telling them more."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from orders.admin.base import RestaurantAdmin, badge
from orders.reach import reach_of
from realtime.models import Alert, Audience, Severity
from realtime.services import raise_alert


@admin.register(Alert)
class AlertAdmin(RestaurantAdmin[Alert]):
    """Alerts are raised here, and then stay as they were heard."""

    fields = ("restaurant", "severity", "message", "audience")
    list_display = ("message", "severity_badge", "audience", "created_at")
    list_filter = ("severity", "audience")
    list_select_related = ("restaurant",)
    date_hierarchy = "created_at"
    search_fields = ("message",)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What was said was said."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What was said was said."""
        return False

    def save_model(self, request: HttpRequest, obj: Alert, form: Any, change: bool) -> None:
        """Have the service tell every screen."""
        raised = raise_alert(
            actor=reach_of(request).actor(obj.restaurant_id),
            severity=Severity(obj.severity),
            message=obj.message,
            audience=Audience(obj.audience),
        )
        obj.pk = raised.pk

    @admin.display(description=_("severity"), ordering="severity")
    def severity_badge(self, alert: Alert) -> SafeString:
        """Show how serious it is as a word with a colour."""
        return badge("alert", alert.severity, alert.get_severity_display())
