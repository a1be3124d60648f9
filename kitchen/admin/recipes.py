"""Recipes in the admin: what is saved here is the next version, as anywhere else."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.db.models import F, QuerySet
from django.forms import BaseModelFormSet
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from kitchen.admin.preferences import StationsField
from kitchen.measures import is_same_kind
from kitchen.models import Recipe, RecipeIngredient, RecipeStep, Station
from kitchen.services.recipes import (
    AskedIngredient,
    AskedStep,
    create_recipe,
    delete_recipe,
    parts_of,
    update_recipe,
)
from orders.admin.base import OwnedForm, OwnFilter, OwnInline, RestaurantAdmin, own_rows, rows_said
from orders.reach import reach_of

_ANOTHERS = _("This belongs to another restaurant.")
_CHANGED = _("Somebody else has changed this recipe meanwhile. Look again, and try again.")


class RecipeForm(OwnedForm):
    """Whose recipe it is, and which version the user has before them."""

    seen_version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is not None:
            self.initial["seen_version"] = self.instance.version

    def validate_unique(self) -> None:
        """Leave it to the service: a dish whose recipe was taken away may have one again."""


class OfRecipeForm(OwnedForm):
    """A part of a recipe, which is the recipe's restaurant's."""

    def home_id(self) -> int | None:
        """Return the recipe's restaurant, as far as it is known."""
        return self.instance.recipe.restaurant_id  # type: ignore[no-any-return]


class StepForm(OfRecipeForm):
    """One step, with the stations that can do it, the one that is preferred first; none is the dish's own."""

    stations = StationsField(Station.objects.none(), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["position"].required = False
        if self.instance.pk is not None:
            self.initial["stations"] = [place.station_id for place in self.instance.places.all()]

    def clean(self) -> dict[str, Any]:
        """Check that the stations are the restaurant's."""
        cleaned = super().clean()
        home = self.home_id()
        if home is not None and any(station.restaurant_id != home for station in cleaned.get("stations", ())):
            self.add_error("stations", _ANOTHERS)
        return cleaned


class UseForm(OfRecipeForm):
    """What one portion takes of an ingredient."""

    def clean(self) -> dict[str, Any]:
        """Check that the ingredient can be told in the unit."""
        cleaned = super().clean()
        ingredient, unit = cleaned.get("ingredient"), cleaned.get("unit")
        if ingredient is not None and unit and not is_same_kind(unit, ingredient.unit):
            detail = _("%(name)s is counted in %(unit)s.") % {"name": ingredient, "unit": ingredient.unit}
            self.add_error("unit", detail)
        return cleaned


class OfVersion(OwnInline):
    """Parts of the version that is in force."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the parts of the last version."""
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.filter(version=F("recipe__version"))


class StepInline(OfVersion):
    """How a dish is made."""

    model = RecipeStep
    form = StepForm
    fields = ("position", "name", "minutes", "stations")
    verbose_name = _("step")
    verbose_name_plural = _("steps")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the steps with their stations."""
        return super().get_queryset(request).prefetch_related("places")

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """Offer own stations; a form's class is one request's, and so is the field that it is given here."""
        formset = super().get_formset(request, obj, **kwargs)
        stations = cast("QuerySet[Station]", own_rows(self.admin_site, Station, request))
        if obj is not None:
            stations = stations.filter(restaurant_id=obj.restaurant_id)
        # Read once, not for each step.
        offered = [(station.pk, str(station)) for station in stations]
        field = StationsField(stations, required=False, label=_("stations, the preferred one first"))
        field.choices = offered
        formset.form.base_fields["stations"] = field
        return formset


class UseInline(OfVersion):
    """What one portion takes."""

    model = RecipeIngredient
    form = UseForm
    fields = ("ingredient", "quantity", "unit")
    autocomplete_fields = ("ingredient",)
    verbose_name = _("ingredient")
    verbose_name_plural = _("ingredients of one portion")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return what is taken, with its ingredients."""
        return super().get_queryset(request).select_related("ingredient")


@admin.register(Recipe)
class RecipeAdmin(RestaurantAdmin[Recipe]):
    """The recipes in force. Changing one makes its next version; tickets keep that which they were opened by."""

    form = RecipeForm
    fields = ("restaurant", "menu_item", "version", "updated_at", "seen_version")
    readonly_fields = ("version", "updated_at")
    inlines = (StepInline, UseInline)
    autocomplete_fields = ("menu_item",)
    list_display = ("menu_item", "version", "updated_at")
    list_filter = (("menu_item__category", OwnFilter),)
    list_select_related = ("restaurant", "menu_item")
    search_fields = ("menu_item__name",)
    ordering = ("menu_item__name", "id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Recipe]:
        """Return the recipes that are in force."""
        return super().get_queryset(request).filter(is_active=True).select_related("menu_item")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """A recipe stays that of its dish."""
        fixed = super().get_readonly_fields(request, obj)
        return (*fixed, "menu_item") if obj is not None else fixed

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Tell the version of what there is."""
        return ("restaurant", "menu_item") if obj is None else super().get_fields(request, obj)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Refuse to change a version that is not the last one any more: its parts are others than those on the page."""
        if request.method == "POST" and object_id is not None and "seen_version" in request.POST:
            recipe = self.get_object(request, object_id)
            if recipe is not None and request.POST["seen_version"] != str(recipe.version):
                self.message_user(request, _CHANGED, messages.ERROR)
                return redirect(request.get_full_path())
        return super().changeform_view(request, object_id, form_url, extra_context)

    def save_model(self, request: HttpRequest, obj: Recipe, form: Any, change: bool) -> None:
        """Wait for the parts: a version is written as a whole."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Have the service write the version, and name it; none where all is as it was."""
        recipe: Recipe = form.instance
        actor = reach_of(request).actor(recipe.restaurant_id)
        steps: list[AskedStep] = []
        uses: list[AskedIngredient] = []
        for formset in formsets:
            formset.save(commit=False)  # for the log: what is new, changed, deleted
            if formset.model is RecipeStep:
                steps = _steps(formset)
            else:
                uses = _uses(formset)
        if not change:
            made = create_recipe(menu_item_id=recipe.menu_item_id, steps=steps or None, ingredients=uses, actor=actor)
            recipe.pk, recipe.version = made.pk, made.version
        elif (steps, uses) != parts_of(recipe):
            seen = form.cleaned_data.get("seen_version")
            recipe.version = update_recipe(
                recipe_id=recipe.pk, steps=steps, ingredients=uses, version=seen, actor=actor
            ).version

    def delete_model(self, request: HttpRequest, obj: Recipe) -> None:
        """Take a recipe away."""
        delete_recipe(recipe_id=obj.pk, actor=reach_of(request).actor(obj.restaurant_id))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Recipe]) -> None:
        """Take several recipes away."""
        for recipe in queryset.order_by("menu_item_id"):
            self.delete_model(request, recipe)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[Any, Any, set[str], list[Any]]:
        """Say which recipes are taken away: their versions stay."""
        shown = [str(recipe) for recipe in objs]
        return shown, {Recipe._meta.verbose_name_plural: len(shown)}, set(), []  # noqa: SLF001 - public but for its name


def _steps(formset: BaseModelFormSet[Any, Any]) -> list[AskedStep]:
    """Return the steps by their numbers; those without one come last, as they stand."""
    said = sorted(rows_said(formset), key=lambda step: (step["position"] is None, step["position"] or 0))
    return [
        AskedStep(step["name"], step["minutes"], station_ids=tuple(station.pk for station in step["stations"]))
        for step in said
    ]


def _uses(formset: BaseModelFormSet[Any, Any]) -> list[AskedIngredient]:
    return [AskedIngredient(use["ingredient"].pk, use["quantity"], use["unit"]) for use in rows_said(formset)]
