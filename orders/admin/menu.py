"""The menu in the admin."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from orders.admin.base import M, OwnedForm, OwnFilter, OwnInline, RestaurantAdmin, rows_said, sentence
from orders.errors import DomainError, InvalidFields
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
from orders.pictures import SENT_TOO_MUCH, TOO_MUCH, picture_url
from orders.reach import reach_of
from orders.services.menu import DishChanges, check_prices, delete_menu_item, set_availability, update_menu_item
from orders.services.menu_lists import update_allergen
from orders.services.menu_news import telling_menu_changes
from orders.services.menu_pictures import remove_picture, set_picture
from orders.services.modifier_groups import telling_group_changes


class OfMenuAdmin(RestaurantAdmin[M]):
    """Rows that dishes are shown with: a change of one is told of each dish that has it."""

    # What of a dish shows the row, and the way from a dish to it.
    menu_part: ClassVar[str]
    menu_path: ClassVar[str]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save a row, and tell of the dishes."""
        dishes = MenuItem.objects.filter(**{self.menu_path: obj.pk}) if change else MenuItem.objects.none()
        with telling_menu_changes(obj.restaurant_id, dishes, self.menu_part):
            super().save_model(request, obj, form, change)


@admin.register(Category)
class CategoryAdmin(OfMenuAdmin[Category]):
    """The chapters of the menu, in their order."""

    menu_part = "category"
    menu_path = "category"

    fields = ("restaurant", "name", "position")
    list_display = ("name", "position")
    list_editable = ("position",)
    list_select_related = ("restaurant",)
    search_fields = ("name",)


class _Named(OfMenuAdmin[Any]):
    """A list of names of the restaurant's own."""

    fields = ("restaurant", "name")
    list_display = ("name",)
    list_select_related = ("restaurant",)
    search_fields = ("name",)


@admin.register(FoodType)
class FoodTypeAdmin(_Named):
    """The kinds of food that the menu tells apart."""

    menu_part = "food_type"
    menu_path = "food_type"


@admin.register(Allergen)
class AllergenAdmin(_Named):
    """What dishes are marked with."""

    menu_part = "allergens"
    menu_path = "contained__allergen"

    def save_model(self, request: HttpRequest, obj: Allergen, form: Any, change: bool) -> None:
        """Have the service rename one: not while a guest waits who can't have it."""
        if change:
            update_allergen(row_id=obj.pk, name=obj.name, actor=reach_of(request).actor(obj.restaurant_id))
        else:
            super().save_model(request, obj, form, change)


class ModifierGroupForm(OwnedForm):
    """A choice with its least and its most."""

    def clean(self) -> dict[str, Any]:
        """Check that the choice can be made."""
        cleaned = super().clean()
        least, most = cleaned.get("min"), cleaned.get("max")
        if least is not None and most is not None and least > most:
            self.add_error("max", _("The most is less than the least."))
        return cleaned


class PricedForm(OwnedForm):
    """Something that is sold."""

    def clean(self) -> dict[str, Any]:
        """Check that the price can be paid in the restaurant's currency."""
        cleaned = super().clean()
        home, price = self.home_id(), cleaned.get("price")
        if home is not None and price is not None:
            try:
                check_prices(home, {"/price": price})
            except InvalidFields as refusal:
                self.add_error("price", refusal.problems[0].detail)
        return cleaned


class ModifierForm(PricedForm):
    """A way to have a dish, which is its choice's restaurant's."""

    def home_id(self) -> int | None:
        """Return the choice's restaurant, as far as it is known."""
        return self.instance.group.restaurant_id  # type: ignore[no-any-return]


class ModifierInline(OwnInline):
    """The ways to have a dish that a choice is between."""

    model = Modifier
    form = ModifierForm
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

    def save_model(self, request: HttpRequest, obj: ModifierGroup, form: Any, change: bool) -> None:
        """Save a choice, and tell of the dishes that offer it."""
        with telling_group_changes(obj):
            super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save what there is to choose from, and tell of the dishes that offer it."""
        with telling_group_changes(form.instance):
            super().save_related(request, form, formsets, change)


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


class PictureForm(forms.Form):
    """A picture to show a dish with."""

    image = forms.FileField(
        label=_("Picture"),
        help_text=_("JPEG, PNG or WebP, at most 5 MiB."),
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp"}),
    )


@admin.register(MenuItem)
class MenuItemAdmin(RestaurantAdmin[MenuItem]):
    """Dishes and drinks; what is 86'd here is 86'd on every screen."""

    form = PricedForm
    fieldsets = (
        (None, {"fields": ("restaurant", "name", "description", "category", "food_type", "picture")}),
        (_("Price"), {"fields": ("price", "tax_rate")}),
        (_("In the kitchen"), {"fields": ("station", "prep_minutes")}),
        (_("Availability"), {"fields": ("is_available", "stock")}),
        (_("Elsewhere"), {"fields": ("external_id",)}),
    )
    readonly_fields = ("picture",)
    inlines = (AllergenInline, ChoiceInline)
    autocomplete_fields = ("category", "food_type", "station")
    # The kitchen 86s dishes and orders count them down while this page is open.
    shared_fields = ("is_available", "stock")
    list_display = ("name", "thumbnail", "category", "price", "station", "prep_minutes", "stock", "is_available")
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

    @admin.display(description=_("picture"))
    def picture(self, dish: MenuItem) -> str | SafeString:
        """Show the picture, and the way to another one."""
        if dish._state.adding:  # noqa: SLF001 - as Django does
            return "-"
        link = format_html(
            '<a href="{}">{}</a>', reverse("admin:orders_menuitem_image", args=[dish.pk]), _("Change the picture")
        )
        if not dish.image:
            return link
        return format_html('<img src="{}" alt="" width="160"><br>{}', picture_url(dish.image), link)

    @admin.display(description=_("picture"))
    def thumbnail(self, dish: MenuItem) -> str | SafeString:
        """Show the picture in the list, small."""
        return format_html('<img class="thumbnail" src="{}" alt="">', picture_url(dish.image)) if dish.image else "-"

    def get_urls(self) -> list[Any]:
        """Give the picture a page of its own: only there a body may be as large as one."""
        view = self.admin_site.admin_view(self.picture_view)
        return [path("<object_id>/image/", view, name="orders_menuitem_image"), *super().get_urls()]

    def picture_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show a dish with another picture, or with none."""
        dish = self.get_object(request, unquote(object_id))
        if dish is None:
            raise Http404
        if not self.has_change_permission(request, dish):
            raise PermissionDenied
        is_sent = request.method == "POST"
        form = PictureForm(request.POST, request.FILES) if is_sent else PictureForm()
        status = HTTPStatus.OK
        if getattr(request, "scope", {}).get(SENT_TOO_MUCH):
            messages.error(request, TOO_MUCH)
            status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        elif is_sent and ("remove" in request.POST or form.is_valid()) and self._change_picture(request, dish, form):
            return redirect("admin:orders_menuitem_change", dish.pk)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Picture of %(dish)s") % {"dish": dish},
            "opts": self.opts,
            "original": dish,
            "form": form,
            "picture_url": picture_url(dish.image),
            "save_label": _("Show this picture"),
            "remove_label": _("Show no picture"),
        }
        return TemplateResponse(request, "admin/orders/menuitem/picture.html", context, status=status)

    def _change_picture(self, request: HttpRequest, dish: MenuItem, form: PictureForm) -> bool:
        """Have the service change the picture; says whether it did, and above the page why not."""
        actor = reach_of(request).actor(dish.restaurant_id)
        try:
            if "remove" in request.POST:
                remove_picture(menu_item_id=dish.pk, actor=actor)
            else:
                set_picture(menu_item_id=dish.pk, upload=form.cleaned_data["image"].read(), actor=actor)
        except DomainError as refusal:
            self.message_user(request, sentence(refusal), messages.ERROR)
            return False
        self.message_user(request, _("The picture was changed."), messages.SUCCESS)
        return True

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Have the service write what the dish contains and offers: open tickets with it are looked over."""
        formset.save(commit=False)  # for the log: what is new, changed, deleted
        if not formset.has_changed():
            return
        rows, changes = rows_said(formset), DishChanges()
        if formset.model is MenuItemAllergen:
            changes["allergen_ids"] = [said["allergen"].pk for said in rows]
        else:
            in_order = sorted(rows, key=lambda said: said["position"])
            changes["modifier_group_ids"] = [said["group"].pk for said in in_order]
        dish: MenuItem = form.instance
        update_menu_item(row_id=dish.pk, actor=reach_of(request).actor(dish.restaurant_id), **changes)

    def delete_model(self, request: HttpRequest, obj: MenuItem) -> None:
        """Take a dish off the menu, with its picture."""
        delete_menu_item(row_id=obj.pk, actor=reach_of(request).actor(obj.restaurant_id))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[MenuItem]) -> None:
        """Take several dishes off the menu."""
        for dish in queryset.order_by("pk"):
            self.delete_model(request, dish)

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
