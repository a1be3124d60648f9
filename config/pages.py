"""The pages around the screens: signing in and out, choosing the restaurant, and the way to one's screens."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from config.problems import RETRY_SECONDS
from orders.access import SESSION_KEY, membership_of_session, memberships_of
from orders.errors import OutOfReach, TooManyAttempts
from orders.models import Membership, User
from orders.services.sign_ins import check_credentials
from orders.states import Role


@dataclass(frozen=True, slots=True)
class Screen:
    """One screen, as the start page offers it."""

    path: str
    name: str
    purpose: str


class SignInForm(AuthenticationForm):
    """A name and a password, under the same limits on guessing as the API's."""

    wait_seconds = 0
    refused_with = HTTPStatus.OK

    def clean(self) -> dict[str, Any]:
        """Check the password, unless too many were wrong of late."""
        assert self.request is not None
        name, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if name and password:
            address = self.request.META.get("REMOTE_ADDR") or ""
            try:
                self.user_cache = check_credentials(username=name, password=password, address=address)
            except TooManyAttempts as error:
                self.wait_seconds, self.refused_with = error.wait_seconds, HTTPStatus.TOO_MANY_REQUESTS
                raise ValidationError(_("Too many sign-ins failed. Wait a quarter of an hour.")) from error
            except OutOfReach as error:
                self.wait_seconds, self.refused_with = RETRY_SECONDS, HTTPStatus.SERVICE_UNAVAILABLE
                raise ValidationError(_("Too many sign in at this moment. Try again.")) from error
            if self.user_cache is None:
                raise ValidationError(_("The name or the password is wrong."))
        return self.cleaned_data


class SignIn(LoginView):
    """Sign staff in, and go on to the page that was asked for, or to the choice of the restaurant."""

    template_name = "login.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Start the session; somebody who works in one place only works there."""
        response = super().form_valid(form)
        user = form.get_user()
        assert isinstance(user, User)
        memberships = memberships_of(user)
        if len(memberships) == 1:
            self.request.session[SESSION_KEY] = memberships[0].restaurant_id
            return response
        return redirect(f"{reverse('restaurant')}?{urlencode({'next': self.get_success_url()})}")

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        """Show what was wrong; to whoever has to wait, also how long."""
        response = super().form_invalid(form)
        assert isinstance(form, SignInForm)
        response.status_code = form.refused_with
        if form.wait_seconds:
            response["Retry-After"] = str(form.wait_seconds)
        return response


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session; its sockets close within ten seconds."""
    logout(request)
    return redirect("login")


@never_cache
@login_required
def choose_restaurant(request: HttpRequest) -> HttpResponse:
    """Let staff of several restaurants say where they work now."""
    memberships = memberships_of(_signed_in(request))
    following = _safe_next(request)
    if request.method == "POST":
        for membership in memberships:
            if membership.restaurant.slug == request.POST.get("restaurant"):
                request.session[SESSION_KEY] = membership.restaurant_id
                return redirect(following)
    current = membership_of_session(request.user, request.session)
    names = role_names()
    context = {
        "choices": [(membership.restaurant, names[membership.role]) for membership in memberships],
        "chosen_id": current.restaurant_id if current else None,
        "next": following,
    }
    # Somebody who is on no staff at all gets the page that says so, and no screen.
    return render(request, "restaurant.html", context, status=200 if memberships else 403)


@never_cache
@require_safe
@login_required
def home(request: HttpRequest) -> HttpResponse:
    """Lead staff to the screens of their role."""
    membership = membership_of_session(request.user, request.session)
    if membership is None:
        return redirect("restaurant")
    context = {
        "membership": membership,
        "role_name": role_names()[membership.role],
        "screens": screens_of(membership),
        "has_choice": len(memberships_of(_signed_in(request))) > 1,
    }
    return render(request, "home.html", context)


def screens_of(membership: Membership) -> list[Screen]:
    """Return the screens that the member's role works with."""
    screens = []
    manages = membership.role in (Role.MANAGER, Role.OWNER)
    if manages or membership.role == Role.KITCHEN:
        screens.append(Screen(reverse("kitchen"), _("Kitchen"), _("The board: every open ticket, live.")))
    if manages:
        screens.append(Screen(reverse("admin:index"), _("Administration"), _("Menu, tables, staff and orders.")))
    screens.append(Screen("/api/docs/", _("API"), _("What other programs can do here, to read and to try.")))
    return screens


def role_names() -> dict[str, str]:
    """Return what the roles are called in the reader's language."""
    return {
        Role.OWNER: _("Owner"),
        Role.MANAGER: _("Manager"),
        Role.WAITER: _("Waiter"),
        Role.KITCHEN: _("Kitchen"),
        Role.CASHIER: _("Cashier"),
    }


def _signed_in(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _safe_next(request: HttpRequest) -> str:
    """Return the page to go on to; never one of another site."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    is_own = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if is_own else reverse("home")
