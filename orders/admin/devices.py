"""The paired screens and programs in the admin: paired, looked at and shut out; nothing of them is edited."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from orders.admin.base import OwnedForm, OwnFilter, RestaurantAdmin, sentence
from orders.errors import DomainError
from orders.models import Device
from orders.reach import reach_of
from orders.scopes import Scope
from orders.services.devices import pair_device, revoke_device
from orders.states import DeviceKind

# Where the key waits for the one page that shows it: in the memory of one request, and nowhere else.
_KEY = "_brigade_device_key"


class DeviceForm(OwnedForm):
    """A screen or a program that is to be let in."""

    scopes = forms.MultipleChoiceField(
        label=_("Scopes"),
        choices=[(scope.value, scope.value) for scope in Scope],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("What it may do. With none chosen it gets those of its kind."),
    )

    def clean(self) -> dict[str, Any]:
        """Check that only a till's device is given a till."""
        cleaned = super().clean()
        if cleaned.get("counter") is not None and cleaned.get("kind") != DeviceKind.COUNTER:
            self.add_error("counter", _("Only a device of kind counter is paired with a till."))
        return cleaned


@admin.register(Device)
class DeviceAdmin(RestaurantAdmin[Device]):
    """Devices: a key is shown once, when it is made; afterwards it can only be revoked."""

    form = DeviceForm
    add_fieldsets = ((None, {"fields": ("restaurant", "name", "kind", "counter", "scopes")}),)
    fieldsets = (
        (None, {"fields": ("restaurant", "name", "kind", "counter", "scope_names", "key_hint")}),
        (_("Times"), {"fields": ("created_by", "created_at", "last_used_at", "revoked_at")}),
    )
    readonly_fields = ("scope_names", "key_hint", "created_by", "created_at", "last_used_at", "revoked_at")
    autocomplete_fields = ("counter",)
    list_display = ("name", "kind", "scope_names", "counter", "key_hint", "last_used_at", "revoked_at")
    list_filter = ("kind", ("revoked_at", admin.EmptyFieldListFilter), ("counter", OwnFilter))
    list_select_related = ("restaurant", "counter")
    date_hierarchy = "created_at"
    search_fields = ("name", "key_hint")
    actions = ("revoke",)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A device stays as it was paired: what it may do, and where, goes with its key."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Its name stays where it did something."""
        return False

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Ask for what is needed to pair a device; show more of one that is paired."""
        return self.add_fieldsets if obj is None else super().get_fieldsets(request, obj)

    @admin.display(description=_("scopes"))
    def scope_names(self, device: Device) -> str:
        """Say what the device may do."""
        return ", ".join(device.scopes) or "-"

    # Pairing ----------------------------------------------------------------------------------------

    def save_model(self, request: HttpRequest, obj: Device, form: Any, change: bool) -> None:
        """Have the service pair the device."""
        device, key = pair_device(
            name=obj.name,
            kind=DeviceKind(obj.kind),
            scopes=[Scope(scope) for scope in form.cleaned_data["scopes"]] or None,
            counter_id=obj.counter_id,
            actor=reach_of(request).actor(obj.restaurant_id),
        )
        obj.pk, obj.key_hint = device.pk, device.key_hint
        setattr(request, _KEY, key)

    def response_add(self, request: HttpRequest, obj: Device, post_url_continue: str | None = None) -> HttpResponse:
        """Show the key, in this answer alone: no message carries it, and no address leads to it again."""
        context = self._context_of(request, obj, _("Key of %(device)s") % {"device": obj})
        context |= {
            "key": getattr(request, _KEY),
            "explanation": _("Enter this key on the device now. It is shown this once, and nobody can read it again."),
            "back_label": _("It is entered"),
        }
        return TemplateResponse(request, "admin/orders/device/key.html", context, headers={"Cache-Control": "no-store"})

    # Revoking ---------------------------------------------------------------------------------------

    def get_urls(self) -> list[Any]:
        """Give revoking a page of its own."""
        view = self.admin_site.admin_view(self.revoke_view)
        return [path("<object_id>/revoke/", view, name="orders_device_revoke"), *super().get_urls()]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Offer to revoke a device whose key is still good."""
        device: Device | None = kwargs.get("obj")
        context |= {"may_revoke": device is not None and device.is_active, "revoke_label": _("Revoke")}
        return super().render_change_form(request, context, *args, **kwargs)

    def revoke_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask whether a device is to be shut out, and do it."""
        device = self.get_object(request, unquote(object_id))
        if device is None:
            raise Http404
        if request.method != "POST":
            context = self._context_of(request, device, _("Revoke %(device)s") % {"device": device})
            context |= {
                "question": _("Its key ends for good, and what it shows is closed within ten seconds."),
                "revoke_label": _("Revoke"),
            }
            return TemplateResponse(request, "admin/orders/device/revoke.html", context)
        try:
            self._revoke(request, device)
        except DomainError as refusal:
            self.message_user(request, sentence(refusal), messages.ERROR)
        else:
            self.message_user(request, _("The device was revoked."), messages.SUCCESS)
        return redirect("admin:orders_device_change", device.pk)

    @admin.action(description=_("Revoke"))
    def revoke(self, request: HttpRequest, queryset: QuerySet[Device]) -> None:
        """Shut several devices out."""
        self.each(
            request,
            queryset,
            lambda device: self._revoke(request, device),
            lambda count: ngettext("%(count)d device revoked.", "%(count)d devices revoked.", count) % {"count": count},
        )

    def _revoke(self, request: HttpRequest, device: Device) -> None:
        revoke_device(device_id=device.pk, actor=reach_of(request).actor(device.restaurant_id))

    def _context_of(self, request: HttpRequest, device: Device, title: str) -> dict[str, Any]:
        return {**self.admin_site.each_context(request), "title": title, "opts": self.opts, "original": device}
