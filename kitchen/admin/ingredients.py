"""Ingredients in the admin, with what is in them; and what of them was used, to look at."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.forms import BaseModelFormSet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from kitchen.models import Consumption, Ingredient, IngredientAllergen
from kitchen.services.ingredients import MOST_ON_HAND, create_ingredient, delete_ingredient, update_ingredient
from orders.admin.base import OwnedForm, OwnFilter, OwnInline, RestaurantAdmin, rows_said
from orders.reach import reach_of


class OfIngredientForm(OwnedForm):
    """Something that is in an ingredient, and so the ingredient's restaurant's."""

    def home_id(self) -> int | None:
        """Return the ingredient's restaurant, as far as it is known."""
        return self.instance.ingredient.restaurant_id  # type: ignore[no-any-return]


class AllergenInline(OwnInline):
    """The allergens that an ingredient contains, or may contain."""

    model = IngredientAllergen
    form = OfIngredientForm
    fields = ("allergen", "is_trace")
    autocomplete_fields = ("allergen",)
    verbose_name = _("allergen")
    verbose_name_plural = _("allergens")


@admin.register(Ingredient)
class IngredientAdmin(RestaurantAdmin[Ingredient]):
    """What dishes are made of, and how much of it is on hand."""

    fields = ("restaurant", "name", "unit", "on_hand")
    inlines = (AllergenInline,)
    # What is made while this page is open takes from it.
    shared_fields = ("on_hand",)
    list_display = ("name", "on_hand", "unit")
    list_filter = ("unit", ("allergens", OwnFilter))
    list_select_related = ("restaurant",)
    search_fields = ("name",)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Make a field; a count has its bounds."""
        if db_field.name == "on_hand":
            kwargs |= {"min_value": -MOST_ON_HAND, "max_value": MOST_ON_HAND}
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Ingredient, form: Any, change: bool) -> None:
        """Wait for the allergens: they are written before the ingredient is locked."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Have the service save what the user has said, and nothing else."""
        ingredient: Ingredient = form.instance
        actor = reach_of(request).actor(ingredient.restaurant_id)
        said = {name: form.cleaned_data[name] for name in form.changed_data if name in ("name", "unit", "on_hand")}
        for formset in formsets:
            formset.save(commit=False)  # for the log: what is new, changed, deleted
            if formset.has_changed():
                said |= _allergens(formset)
        if change:
            update_ingredient(row_id=ingredient.pk, actor=actor, **said)
        else:
            said |= {"name": ingredient.name, "unit": ingredient.unit}
            ingredient.pk = create_ingredient(actor=actor, **said).pk

    def delete_model(self, request: HttpRequest, obj: Ingredient) -> None:
        """Drop an ingredient."""
        delete_ingredient(row_id=obj.pk, actor=reach_of(request).actor(obj.restaurant_id))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Ingredient]) -> None:
        """Drop several ingredients."""
        for ingredient in queryset.order_by("pk"):
            self.delete_model(request, ingredient)


def _allergens(formset: BaseModelFormSet[Any, Any]) -> dict[str, list[int]]:
    """Return what is in the ingredient, and what may be."""
    rows = rows_said(formset)
    return {
        "allergen_ids": [said["allergen"].pk for said in rows if not said["is_trace"]],
        "may_contain_ids": [said["allergen"].pk for said in rows if said["is_trace"]],
    }


@admin.register(Consumption)
class ConsumptionAdmin(RestaurantAdmin[Consumption]):
    """What finished items have used, the latest first."""

    fields = ("restaurant", "at", "ticket", "made", "ingredient", "quantity", "unit")
    list_display = ("at", "ticket", "made", "ingredient", "quantity", "unit")
    list_filter = (("ingredient", OwnFilter),)
    list_select_related = ("restaurant", "ingredient", "item__ticket")
    search_fields = ("ingredient__name",)
    ordering = ("-id",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """An item that becomes ready uses what its recipe says."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What was used was used."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What was used was used."""
        return False

    @admin.display(description=_("ticket"))
    def ticket(self, used: Consumption) -> SafeString:
        """Lead to the ticket that it was used for."""
        ticket = used.item.ticket
        address = reverse("admin:kitchen_kitchenorder_change", args=(ticket.pk,))
        return format_html('<a href="{}">{}</a>', address, ticket.order_number)

    @admin.display(description=_("item"))
    def made(self, used: Consumption) -> str:
        """Say what was made of it."""
        return str(used.item)
