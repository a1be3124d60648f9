"""What every page of the admin keeps to: own rows only, one unit of work for a change, refusals said and not raised."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AutocompleteSelect
from django.db import DataError, IntegrityError, OperationalError, models
from django.db.models import QuerySet
from django.forms.models import BaseInlineFormSet, BaseModelFormSet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from orders.errors import DomainError, InvalidFields
from orders.in_use import why_kept
from orders.reach import reach_of
from orders.units import open_unit
from orders.wall_clock import tell_time_of

if TYPE_CHECKING:
    from django.contrib.admin.options import BaseModelAdmin
else:
    # At run time a mixin's bases are those of the admin that it is mixed into.
    BaseModelAdmin = {models.Model: object}

M = TypeVar("M", bound=models.Model)

_LONGEST_ID = 18  # digits of the longest number that a bigint surely holds


class OwnedForm(forms.ModelForm[Any]):
    """A form whose every choice belongs to the restaurant of its row."""

    def home_id(self) -> int | None:
        """Return the restaurant that the row belongs to, as far as it is known."""
        if "restaurant" in self.fields:
            return getattr(self.cleaned_data.get("restaurant"), "pk", None)
        return getattr(self.instance, "restaurant_id", None)

    def clean(self) -> dict[str, Any]:
        """Refuse another restaurant's rows; leave alone what changed elsewhere while the form was open."""
        cleaned = super().clean() or self.cleaned_data
        home = self.home_id()
        for name, value in list(cleaned.items()):
            if home is not None and getattr(value, "restaurant_id", home) != home:
                self.add_error(name, _("This belongs to another restaurant."))
        if self.instance.pk is not None:
            for name, field in self.fields.items():
                if field.show_hidden_initial and name not in self.changed_data:
                    cleaned[name] = getattr(self.instance, name)
        return cleaned

    def _get_validation_exclusions(self) -> set[str]:
        """Have a name that is taken refused although the restaurant itself can't be chosen."""
        excluded: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]
        settled = "restaurant" not in self.fields and getattr(self.instance, "restaurant_id", None) is not None
        return excluded - {"restaurant"} if settled else excluded


class OwnSelect(AutocompleteSelect):
    """A choice that is made while typing; what is no number at all is shown again as no choice."""

    def optgroups(self, name: str, value: Any, attr: dict[str, Any] | None = None) -> Any:
        """Return the rows that are chosen."""
        return super().optgroups(name, [one for one in value if str(one).isascii() and str(one).isdecimal()], attr)


class OwnChoices(BaseModelAdmin[models.Model]):
    """Offers, and takes, rows of the user's own restaurants only."""

    # Fields that the kitchen and the floor change too: only what the user has changed is written.
    shared_fields: ClassVar[Sequence[str]] = ()

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Make a field; a shared one remembers what the user saw."""
        if db_field.name in self.shared_fields:
            kwargs["show_hidden_initial"] = True
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Make a choice among own rows; the restaurant is none where there is one only."""
        kwargs["queryset"] = own_rows(self.admin_site, db_field.remote_field.model, request)
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs["widget"] = OwnSelect(db_field, self.admin_site)
        only_id = reach_of(request).only_id
        if db_field.name == "restaurant" and only_id is not None:
            kwargs |= {"initial": only_id, "widget": forms.HiddenInput()}
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


def own_rows(site: admin.AdminSite, model: type[models.Model], request: HttpRequest) -> QuerySet[models.Model]:
    """Return the rows of the model that the user may see in the admin."""
    return site.get_model_admin(model).get_queryset(request)


class OwnFilter(admin.RelatedFieldListFilter):
    """A filter of a list that names own rows only."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> Any:
        """Return the rows to filter by."""
        own = own_rows(model_admin.admin_site, field.remote_field.model, request)
        ordering = self.field_admin_ordering(field, request, model_admin)
        return field.get_choices(include_blank=False, ordering=ordering, limit_choices_to={"pk__in": own.values("pk")})


class RestaurantAdmin(OwnChoices, admin.ModelAdmin[M]):
    """The pages of a model whose rows belong to restaurants: who runs one works on its rows, and sees no others.

    What a page changes is one unit of work of its user, so that it is announced like any other change.
    """

    form: type[forms.ModelForm[Any]] = OwnedForm
    list_per_page = 50
    show_full_result_count = False
    # The way from a row to its restaurant; None for a model whose admin says itself what is own.
    restaurant_path: ClassVar[str] = "restaurant"
    # False where Django itself opens the transaction, and nothing that is saved is news.
    opens_unit: ClassVar[bool] = True

    # Which rows -------------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[M]:
        """Return the rows of the restaurants that the user runs."""
        reach = reach_of(request)
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows if reach.is_boundless else rows.filter(**{f"{self.restaurant_path}__in": list(reach.roles)})

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> M | None:
        """Return a row, whose page tells the time of its restaurant."""
        found = super().get_object(request, object_id, from_field)
        if found is not None:
            tell_time_of(found)
        return found

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[M], search_term: str
    ) -> tuple[QuerySet[M], bool]:
        """Search; nothing contains what PostgreSQL can't hold."""
        if "\0" in search_term:
            return queryset.none(), False
        return super().get_search_results(request, queryset, search_term)

    # What may be done -------------------------------------------------------------------------------

    def covers(self, request: HttpRequest, obj: M | None) -> bool:
        """Whether the row, or with None any at all, is the user's to see."""
        reach = reach_of(request)
        return reach.is_open and (obj is None or reach.covers(getattr(obj, "restaurant_id", None)))

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Owners and managers see every model."""
        return reach_of(request).is_open

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """See own rows."""
        return self.covers(request, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Add to an own restaurant."""
        return reach_of(request).is_open

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Change own rows."""
        return self.covers(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Delete own rows."""
        return self.covers(request, obj)

    # What is shown ----------------------------------------------------------------------------------

    def has_home(self) -> bool:
        """Whether the rows name their restaurant themselves."""
        return self.restaurant_path == "restaurant"

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Nothing moves to another restaurant."""
        fixed = ("restaurant",) if obj is not None and self.has_home() else ()
        return (*super().get_readonly_fields(request, obj), *fixed)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Name the restaurant where it tells something."""
        sets = super().get_fieldsets(request, obj)
        if obj is None or reach_of(request).only_id is None:
            return sets
        return [
            (name, {**options, "fields": [one for one in options["fields"] if one != "restaurant"]})
            for name, options in sets
        ]

    def get_list_display(self, request: HttpRequest) -> Any:
        """Tell the restaurants apart where there are several."""
        columns = tuple(super().get_list_display(request))
        return (*columns, "restaurant") if self._has_several(request) else columns

    def get_list_filter(self, request: HttpRequest) -> Any:
        """Filter by restaurant where there are several."""
        filters = tuple(super().get_list_filter(request))
        return (("restaurant", OwnFilter), *filters) if self._has_several(request) else filters

    def _has_several(self, request: HttpRequest) -> bool:
        return self.has_home() and reach_of(request).only_id is None

    # What is done -----------------------------------------------------------------------------------

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Add or change a row, with what belongs to it, in one unit."""
        view = partial(super().changeform_view, request, object_id, form_url, extra_context)
        return self._work(request, view) if request.method == "POST" else view()

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> Any:
        """Delete a row, with what belongs to it, in one unit."""
        view = partial(super().delete_view, request, object_id, extra_context)
        return self._work(request, view) if request.method == "POST" else view()

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """List rows, and do to several what was asked.

        What is saved or deleted is one unit. Any other action has one for each row: no refusal undoes its
        neighbours, and no two rows are locked together.
        """
        view = partial(super().changelist_view, request, extra_context)
        if request.method == "POST":
            return self._change_several(request, view)
        if any("\0" in value for values in request.GET.lists() for value in (values[0], *values[1])):
            return redirect(f"{request.path}?e=1")
        try:
            return view()
        except (ValueError, OverflowError, DataError):
            # A filter typed into the address; without one the fault is ours, and is to be heard of.
            if not request.GET or "e" in request.GET:
                raise
            return redirect(f"{request.path}?e=1")

    def _change_several(self, request: HttpRequest, view: Callable[[], Any]) -> Any:
        chosen = request.POST.getlist("_selected_action")
        if not all(pk.isascii() and pk.isdecimal() and len(pk) <= _LONGEST_ID for pk in chosen):
            self.message_user(request, _("The choice could not be read. Choose again."), messages.ERROR)
            return redirect(request.get_full_path())
        is_one = "_save" in request.POST or ("delete_selected" in request.POST.getlist("action"))
        return self._work(request, view) if is_one else view()

    def _work(self, request: HttpRequest, view: Callable[[], HttpResponse]) -> HttpResponse:
        """Run what changes something; what is refused is said above the page, and nothing of it is kept."""
        try:
            if not self.opens_unit:
                return view()
            with open_unit(reach_of(request).actor()):
                return view()
        except DomainError as refusal:
            self.message_user(request, sentence(refusal), messages.ERROR)
        except (IntegrityError, OperationalError):  # such as two who save many rows of one menu, and block each other
            text = _("Something else changed at the same time. Look again, and try again.")
            self.message_user(request, text, messages.ERROR)
        except DataError:
            self.message_user(request, _("A value, or an amount that follows, is too large."), messages.ERROR)
        return redirect(request.get_full_path())

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[Any, Any, set[str], list[Any]]:
        """Say what would go with the rows; where something keeps them, that is the reason to give.

        Asked first for what may be a million rows, of which Django would read each.
        """
        kept = [f"{row}: {reason}" for row in objs if (reason := why_kept(row)) is not None]
        if kept:
            return [], {}, set(), kept
        shown, counts, missing, protected = super().get_deleted_objects(objs, request)
        return shown, counts, set() if protected else missing, protected

    def each(
        self, request: HttpRequest, rows: QuerySet[M], act: Callable[[M], object], done: Callable[[int], str]
    ) -> None:
        """Do something to each row in a unit of its own, the oldest first; say how many were, and which were not."""
        count = 0
        for row in rows.order_by("pk"):
            try:
                act(row)
            except DomainError as refusal:
                self.message_user(request, f"{row}: {sentence(refusal)}", messages.ERROR)
            else:
                count += 1
        if count:
            self.message_user(request, done(count), messages.SUCCESS)


class ReadOnlyInline(admin.TabularInline[Any, Any]):
    """Rows that belong to another one, to look at."""

    extra = 0
    can_delete = False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever may see the page may see them."""
        return reach_of(request).is_open

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The services add them."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The services change them."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The services delete them."""
        return False


class OwnedFormSet(BaseInlineFormSet[Any, Any, Any]):
    """Rows that belong to another one, which each of them knows, also while it is being added itself."""

    def _construct_form(self, i: int, **kwargs: Any) -> Any:
        form = super()._construct_form(i, **kwargs)  # type: ignore[misc]
        setattr(form.instance, self.fk.name, self.instance)
        return form

    @property
    def empty_form(self) -> Any:
        """Return the form that the browser makes further ones of."""
        form = super().empty_form
        setattr(form.instance, self.fk.name, self.instance)
        return form


class OwnInline(OwnChoices, admin.TabularInline[Any, Any]):
    """Rows that belong to another one, and are the user's as that one is."""

    form = OwnedForm
    formset = OwnedFormSet
    extra = 0

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever may see the page may see them."""
        return reach_of(request).is_open

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever may change the page may add to them."""
        return reach_of(request).is_open

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever may change the page may change them."""
        return reach_of(request).is_open

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever may change the page may delete them."""
        return reach_of(request).is_open


def rows_said(formset: BaseModelFormSet[Any, Any]) -> list[dict[str, Any]]:
    """Return what the forms of a formset say, without those that were deleted or left empty."""
    gone = formset.deleted_forms
    return [form.cleaned_data for form in formset.forms if form not in gone and form.cleaned_data]


def sentence(refusal: DomainError) -> str:
    """Return a refusal with what is wrong in particular; of fields that is all that a reader can use."""
    details = [problem.detail for problem in refusal.problems if problem.detail != refusal.detail]
    return " ".join(details if details and isinstance(refusal, InvalidFields) else [refusal.detail, *details])


def badge(kind: str, value: str, label: str) -> SafeString:
    """Return a status as a word with a colour."""
    return format_html('<span class="badge badge-{}-{}">{}</span>', kind, value, label)
