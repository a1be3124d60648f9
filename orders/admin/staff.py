"""The restaurants and their people in the admin, and who may make whom what."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import UserChangeForm, UserCreationForm
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from orders.admin.base import OwnedForm, RestaurantAdmin
from orders.models import Membership, Restaurant, User
from orders.reach import NOWHERE, Reach, reach_of
from orders.states import Channel, Role

# What somebody may do follows from their memberships, never from Django's groups.
admin.site.unregister(Group)

_MOST_MINUTES = 24 * 60
_ONLY_OWNERS = _("Only an owner can make somebody an owner.")


class RestaurantForm(OwnedForm):
    """How a restaurant works."""

    def clean_channel_minutes(self) -> dict[str, dict[str, int]]:
        """Check that each channel that is named has minutes to warn after, or to be late after."""
        given = {} if self.cleaned_data["channel_minutes"] is None else self.cleaned_data["channel_minutes"]
        if not isinstance(given, dict) or set(given) - set(Channel.values):
            raise ValidationError(_("Name channels: %(names)s.") % {"names": ", ".join(Channel.values)})
        for minutes in given.values():
            if not isinstance(minutes, dict) or set(minutes) - {"warn", "late"}:
                raise ValidationError(_("A channel has “warn” and “late”, in minutes."))
            if not all(type(value) is int and 0 <= value <= _MOST_MINUTES for value in minutes.values()):
                raise ValidationError(_("Minutes are whole numbers, of a day at most."))
        return given


@admin.register(Restaurant)
class RestaurantAdmin_(RestaurantAdmin[Restaurant]):  # noqa: N801 - the base has the name that says more
    """The restaurants that one runs. They are opened by the operator, and never deleted."""

    form = RestaurantForm
    restaurant_path = "pk"
    fieldsets = (
        (None, {"fields": ("name", "slug", "currency", "timezone", "day_starts_at", "created_at")}),
        (_("Orders"), {"fields": ("order_prefix", "auto_confirm")}),
        (_("Bill"), {"fields": ("tax_rate", "prices_include_tax", "service_rate")}),
        (_("Tickets"), {"fields": ("warn_after_minutes", "late_after_minutes", "channel_minutes")}),
    )
    readonly_fields = ("created_at",)
    list_display = ("name", "slug", "currency", "timezone", "auto_confirm")
    search_fields = ("name", "slug")

    def covers(self, request: HttpRequest, obj: Restaurant | None) -> bool:
        """Whether the restaurant is the user's to run."""
        reach = reach_of(request)
        return reach.is_open and (obj is None or reach.covers(obj.pk))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """`manage.py add_restaurant` opens one, with all that belongs to it."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Its orders and its events outlive it."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """The address and the currency, which everything stored is in, are the operator's to change."""
        fixed = super().get_readonly_fields(request, obj)
        return fixed if reach_of(request).is_boundless else (*fixed, "slug", "currency")


class MembershipForm(OwnedForm):
    """Somebody's work in a restaurant."""

    reach: ClassVar[Reach] = NOWHERE

    def clean(self) -> dict[str, Any]:
        """Check that who makes somebody an owner is one."""
        cleaned = super().clean()
        if cleaned.get("role") == Role.OWNER and not self.reach.owns(self.home_id()):
            self.add_error("role", _ONLY_OWNERS)
        return cleaned


@admin.register(Membership)
class MembershipAdmin(RestaurantAdmin[Membership]):
    """Who works where, and as what."""

    form = MembershipForm
    fields = ("restaurant", "user", "role", "is_active")
    autocomplete_fields = ("user",)
    list_display = ("user", "role", "is_active")
    list_filter = ("role", "is_active")
    list_select_related = ("restaurant", "user")
    search_fields = ("user__username", "user__name")

    def get_form(self, request: HttpRequest, obj: Membership | None = None, change: Any = None, **kwargs: Any) -> Any:
        """Make the form, which knows who fills it in."""
        form: Any = super().get_form(request, obj, change=bool(change), **kwargs)
        form.reach = reach_of(request)
        return form

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Somebody else's work is another membership."""
        fixed = super().get_readonly_fields(request, obj)
        return (*fixed, "user") if obj is not None else fixed

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A manager leaves the owners alone."""
        return super().has_change_permission(request, obj) and self._is_within_rank(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A manager leaves the owners alone."""
        return super().has_delete_permission(request, obj) and self._is_within_rank(request, obj)

    def _is_within_rank(self, request: HttpRequest, obj: Membership | None) -> bool:
        return obj is None or obj.role != Role.OWNER or reach_of(request).owns(obj.restaurant_id)


class StaffCreationForm(UserCreationForm[User]):
    """Somebody new, with their first work."""

    reach: ClassVar[Reach] = NOWHERE
    restaurant = forms.ModelChoiceField(Restaurant.objects.none())
    role = forms.ChoiceField(choices=Role.choices, initial=Role.WAITER)

    class Meta:
        model = User
        fields = ("username", "name")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        restaurant = self.fields["restaurant"]
        assert isinstance(restaurant, forms.ModelChoiceField)
        restaurant.queryset = self.reach.restaurants()
        restaurant.required = self.fields["role"].required = not self.reach.is_boundless
        if self.reach.only_id is not None:
            restaurant.initial = self.reach.only_id
            restaurant.widget = forms.HiddenInput()

    def clean(self) -> dict[str, Any]:
        """Check that who makes somebody an owner is one."""
        cleaned = super().clean() or self.cleaned_data
        home = cleaned.get("restaurant")
        if home is not None and not cleaned.get("role"):
            self.add_error("role", _("Say what they do there."))
        if home is not None and cleaned.get("role") == Role.OWNER and not self.reach.owns(home.pk):
            self.add_error("role", _ONLY_OWNERS)
        return cleaned


class StaffChangeForm(UserChangeForm[User]):
    """Somebody's name, and whether they may sign in."""

    class Meta:
        model = User
        fields = "__all__"


@admin.register(User)
class StaffAdmin(RestaurantAdmin[User], UserAdmin[User]):
    """The people who work in one's restaurants.

    Whoever also works elsewhere, or ranks higher, is to be seen but not to be changed.
    """

    opens_unit = False
    restaurant_path = "memberships"
    form: type[forms.ModelForm[Any]] = StaffChangeForm
    add_form = StaffCreationForm
    add_fieldsets = (
        (None, {"classes": ("wide",), "fields": ("username", "name", "password1", "password2", "restaurant", "role")}),
    )
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Person"), {"fields": ("name", "email", "is_active", "works_at")}),
        (_("Times"), {"fields": ("last_login", "date_joined")}),
    )
    readonly_fields = ("works_at", "last_login", "date_joined")
    filter_horizontal = ()
    list_display = ("username", "name", "works_at", "is_active", "last_login")
    list_filter = ("is_active",)
    search_fields = ("username", "name")

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Return who works, or has worked, in the user's restaurants; each with their work there."""
        reach = reach_of(request)
        work = Membership.objects.filter(restaurant__in=reach.restaurants()).select_related("restaurant")
        users = User.objects.order_by("username").prefetch_related(Prefetch("memberships", work, to_attr="own_work"))
        return users if reach.is_boundless else users.filter(pk__in=work.values("user_id"))

    @admin.display(description=_("works at"))
    def works_at(self, user: User) -> str:
        """Say where somebody works, as what."""
        work: list[Membership] = getattr(user, "own_work", [])
        return ", ".join(f"{one.restaurant} ({one.get_role_display()})" for one in work if one.is_active) or "-"

    def covers(self, request: HttpRequest, obj: User | None) -> bool:
        """Whether the person works, or has worked, in a restaurant of the user's."""
        reach = reach_of(request)
        if obj is None or reach.is_boundless:
            return reach.is_open
        return Membership.objects.filter(user=obj, restaurant__in=list(reach.roles)).exists()

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Change who works for the user only, and ranks no higher."""
        return self.covers(request, obj) and (obj is None or self._is_own(reach_of(request), obj))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only the operator deletes people; a manager ends their membership."""
        return reach_of(request).is_boundless

    def _is_own(self, reach: Reach, person: User) -> bool:
        if reach.is_boundless:
            return True
        work = Membership.objects.filter(user=person).values_list("restaurant_id", "role")
        return not person.is_superuser and all(
            reach.covers(restaurant_id) and (role != Role.OWNER or reach.owns(restaurant_id))
            for restaurant_id, role in work
        )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Show what concerns the reader: power over everything to those who have it, no password to others."""
        if obj is None:
            return self.add_fieldsets
        first, person, times = self.fieldsets
        if reach_of(request).is_boundless:
            return (first, (person[0], {"fields": (*person[1]["fields"], "is_superuser")}), times)
        if not self.has_change_permission(request, obj):
            return ((None, {"fields": ("username", "name", "is_active", "works_at")}),)
        return self.fieldsets

    def get_form(self, request: HttpRequest, obj: User | None = None, change: Any = None, **kwargs: Any) -> Any:
        """Make the form, which knows who fills it in."""
        form: Any = super().get_form(request, obj, change=bool(change), **kwargs)
        form.reach = reach_of(request)
        return form

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Save a person; somebody new begins to work at once."""
        super().save_model(request, obj, form, change)
        home = None if change else form.cleaned_data.get("restaurant")
        if home is not None:
            Membership.objects.create(restaurant=home, user=obj, role=form.cleaned_data["role"])
