"""The admin's own door: it stands open to owners and managers, who have signed in like everybody else."""

from __future__ import annotations

from functools import update_wrapper
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.response import SimpleTemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache

from orders.reach import reach_of
from orders.wall_clock import zone_of


class OwnAutocomplete(AutocompleteJsonView):
    """What is offered while somebody types; where there are several restaurants, with the row's own."""

    def serialize_result(self, obj: Any, to_field_name: str) -> dict[str, str]:
        """Return a row as it is offered."""
        result: dict[str, str] = super().serialize_result(obj, to_field_name)
        home = getattr(obj, "restaurant", None)
        if home is not None and reach_of(self.request).only_id is None:
            result["text"] = f"{result['text']} · {home}"
        return result


class BrigadeSite(admin.AdminSite):
    """The admin of those who run restaurants."""

    site_header = "Brigade"
    site_title = "Brigade"
    index_title = gettext_lazy("Administration")
    enable_nav_sidebar = True

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether somebody runs a restaurant, or is a superuser; Django's ``is_staff`` says nothing here."""
        return reach_of(request).is_open

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:  # noqa: FBT002 - Django's signature
        """Guard a page: strangers are sent to sign in, staff who run nothing are told so."""
        inner = super().admin_view(view, cacheable)

        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not self.has_permission(request):
                return never_cache(self.login)(request)
            # The page is written here, so that all of it tells one restaurant's time.
            with timezone.override(zone_of(request)):
                answer: HttpResponse = inner(request, *args, **kwargs)
                return answer.render() if isinstance(answer, SimpleTemplateResponse) else answer

        return update_wrapper(guarded, view)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Send somebody to the sign-in page of all staff, and back to where they were going."""
        if self.has_permission(request):
            return redirect(self._following(request))
        if not isinstance(request.user, AnonymousUser):
            reason = _("The administration is for owners and managers.")
            return render(request, "refused.html", {"reason": reason}, status=403)
        return redirect_to_login(self._following(request))

    def _following(self, request: HttpRequest) -> str:
        """Return the page that was asked for; never the way in or out, and never one of another site."""
        index = reverse("admin:index")
        if request.path not in (reverse("admin:login"), reverse("admin:logout")):
            return request.get_full_path()
        wanted = request.GET.get("next") or request.POST.get("next") or ""
        is_own = url_has_allowed_host_and_scheme(
            wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
        )
        is_a_page = is_own and not wanted.startswith((reverse("admin:login"), reverse("admin:logout")))
        return wanted if is_a_page else index

    def autocomplete_view(self, request: HttpRequest) -> HttpResponse:
        """Offer own rows while somebody types."""
        return OwnAutocomplete.as_view(admin_site=self)(request)  # type: ignore[return-value]
