"""The menu in the admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from orders.admin.base import OwnedForm, OwnFilter, OwnInline, RestaurantAdmin
from orders.models import (
    Allergen,
    Category,
    FoodType,
    MenuItem,
    MenuItemAllergen,
    MenuItemModifierGroup,
    Modifier,
    ModifierGroup,
)
from orders.reach import reach_of
from orders.services.menu import set_availability


@admin.register(Category)
class CategoryAdmin(RestaurantAdmin[Category]):
    """The chapters of the menu, in their order."""

    fields = ("restaurant", "name", "position")
    list_display = ("name", "position")
    list_editable = ("position",)
    list_select_related = ("restaurant",)
    search_fields = ("name",)


class _Named(RestaurantAdmin[Any]):
    """A list of names of the restaurant's own."""

    fields = ("restaurant", "name")
    list_display = ("name",)
    list_select_related = ("restaurant",)
    search_fields = ("name",)


@admin.register(FoodType)
class FoodTypeAdmin(_Named):
    """The kinds of food that the menu tells apart."""


@admin.register(Allergen)
class AllergenAdmin(_Named):
    """What dishes are marked with."""


class ModifierGroupForm(OwnedForm):
    """A choice with its least and its most."""

    def clean(self) -> dict[str, Any]:
        """Check that the choice can be made."""
        cleaned = super().clean()
        least, most = cleaned.get("min"), cleaned.get("max")
        if least is not None and most is not None and least > most:
            self.add_error("max", _("The most is less than the least."))
        return cleaned


class ModifierInline(OwnInline):
    """The ways to have a dish that a choice is between."""

    model = Modifier
    fields = ("name", "price", "is_available", "position")
    extra = 1


@admin.register(ModifierGroup)
class ModifierGroupAdmin(RestaurantAdmin[ModifierGroup]):
    """The choices that guests have, with what there is to choose from."""

    form = ModifierGroupForm
    fields = ("restaurant", "name", ("min", "max"))
    inlines = (ModifierInline,)
    list_display = ("name", "min", "max")
    list_select_related = ("restaurant",)
    search_fields = ("name", "modifiers__name")


class OfDishForm(OwnedForm):
    """Something that belongs to a dish, and so to the dish's restaurant."""

    def home_id(self) -> int | None:
        """Return the dish's restaurant."""
        return self.instance.menu_item.restaurant_id  # type: ignore[no-any-return]


class AllergenInline(OwnInline):
    """The allergens that a dish contains."""

    model = MenuItemAllergen
    form = OfDishForm
    autocomplete_fields = ("allergen",)
    verbose_name = _("allergen")
    verbose_name_plural = _("allergens")


class ChoiceInline(OwnInline):
    """The choices that a guest has with a dish."""

    model = MenuItemModifierGroup
    form = OfDishForm
    fields = ("group", "position")
    autocomplete_fields = ("group",)
    verbose_name = _("choice")
    verbose_name_plural = _("choices")


@admin.register(MenuItem)
class MenuItemAdmin(RestaurantAdmin[MenuItem]):
    """Dishes and drinks; what is 86'd here is 86'd on every screen."""

    fieldsets = (
        (None, {"fields": ("restaurant", "name", "description", "category", "food_type")}),
        (_("Price"), {"fields": ("price", "tax_rate")}),
        (_("In the kitchen"), {"fields": ("station", "prep_minutes")}),
        (_("Availability"), {"fields": ("is_available", "stock")}),
        (_("Elsewhere"), {"fields": ("external_id",)}),
    )
    inlines = (AllergenInline, ChoiceInline)
    autocomplete_fields = ("category", "food_type", "station")
    # The kitchen 86s dishes and orders count them down while this page is open.
    shared_fields = ("is_available", "stock")
    list_display = ("name", "category", "price", "station", "prep_minutes", "stock", "is_available")
    list_editable = ("is_available",)
    list_filter = (
        "is_available",
        ("category", OwnFilter),
        ("food_type", OwnFilter),
        ("station", OwnFilter),
        ("allergens", OwnFilter),
    )
    list_select_related = ("restaurant", "category", "station")
    search_fields = ("name", "description", "external_id")
    actions = ("take_off", "bring_back")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Make a field; a tax is a share of the price."""
        if db_field.name == "tax_rate":
            kwargs |= {"min_value": 0, "max_value": 1}
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    @admin.action(description=_("86 the selected dishes"))
    def take_off(self, request: HttpRequest, queryset: QuerySet[MenuItem]) -> None:
        """Take dishes off the menu for now."""
        self._set_available(request, queryset, is_available=False)

    @admin.action(description=_("Have the selected dishes back"))
    def bring_back(self, request: HttpRequest, queryset: QuerySet[MenuItem]) -> None:
        """Have dishes on the menu again."""
        self._set_available(request, queryset, is_available=True)

    def _set_available(self, request: HttpRequest, dishes: QuerySet[MenuItem], *, is_available: bool) -> None:
        def act(dish: MenuItem) -> object:
            actor = reach_of(request).actor(dish.restaurant_id)
            return set_availability(menu_item_id=dish.pk, actor=actor, is_available=is_available)

        self.each(
            request,
            dishes,
            act,
            lambda count: ngettext("%(count)d dish changed.", "%(count)d dishes changed.", count) % {"count": count},
        )
