"""What a restaurant sells."""

from __future__ import annotations

from decimal import Decimal

from django.core.validators import MinValueValidator
from django.db import models

from orders.models.accounts import Restaurant
from orders.units import TrackedModel

_price = [MinValueValidator(Decimal(0))]


class Category(models.Model):
    """A chapter of the menu."""

    restaurant = models.ForeignKey(Restaurant, models.PROTECT, related_name="categories")
    name = models.CharField(max_length=100)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ("position", "name", "id")
        verbose_name_plural = "categories"
        constraints = (models.UniqueConstraint(fields=("restaurant", "name"), name="category_once"),)

    def __str__(self) -> str:
        return self.name


class FoodType(models.Model):
    """A kind of food of the restaurant's own, such as vegetarian or vegan."""

    restaurant = models.ForeignKey(Restaurant, models.PROTECT, related_name="food_types")
    name = models.CharField(max_length=50)

    class Meta:
        ordering = ("name",)
        constraints = (models.UniqueConstraint(fields=("restaurant", "name"), name="food_type_once"),)

    def __str__(self) -> str:
        return self.name


class Allergen(models.Model):
    """Something that makes some guests ill; a new restaurant starts with the EU's fourteen."""

    restaurant = models.ForeignKey(Restaurant, models.PROTECT, related_name="allergens")
    name = models.CharField(max_length=50)

    class Meta:
        ordering = ("name",)
        constraints = (models.UniqueConstraint(fields=("restaurant", "name"), name="allergen_once"),)

    def __str__(self) -> str:
        return self.name


class ModifierGroup(models.Model):
    """A choice that a guest has with a dish: at least ``min`` and at most ``max`` of its modifiers."""

    restaurant = models.ForeignKey(Restaurant, models.PROTECT, related_name="modifier_groups")
    name = models.CharField(max_length=100)
    min = models.PositiveSmallIntegerField(default=0)
    max = models.PositiveSmallIntegerField(default=1)

    class Meta:
        ordering = ("name", "id")
        constraints = (
            models.CheckConstraint(condition=models.Q(min__lte=models.F("max")), name="modifier_group_min_max"),
        )

    def __str__(self) -> str:
        return self.name


class Modifier(models.Model):
    """One way to have a dish: extra cheese, no onions, well done."""

    group = models.ForeignKey(ModifierGroup, models.CASCADE, related_name="modifiers")
    name = models.CharField(max_length=100)
    price = models.DecimalField(max_digits=10, decimal_places=2, default=Decimal(0), validators=_price)
    is_available = models.BooleanField(default=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ("position", "id")

    def __str__(self) -> str:
        return self.name


class MenuItem(TrackedModel):
    """A dish or a drink.

    ``is_available`` false is 86'd. ``stock`` counts portions, null is unlimited; it is counted
    down under lock when an order is placed, and never falls below zero.
    """

    restaurant = models.ForeignKey(Restaurant, models.PROTECT, related_name="menu_items")
    name = models.CharField(max_length=100)
    description = models.TextField(blank=True, max_length=2000)
    price = models.DecimalField(max_digits=10, decimal_places=2, validators=_price)
    category = models.ForeignKey(Category, models.PROTECT, related_name="menu_items")
    food_type = models.ForeignKey(FoodType, models.PROTECT, null=True, blank=True, related_name="menu_items")
    allergens = models.ManyToManyField(Allergen, through="MenuItemAllergen", related_name="menu_items")
    modifier_groups = models.ManyToManyField(ModifierGroup, through="MenuItemModifierGroup", related_name="menu_items")
    # Named by its label: the column belongs to the dish, the rows to the kitchen, and orders imports no kitchen.
    station = models.ForeignKey("kitchen.Station", models.PROTECT, null=True, blank=True, related_name="menu_items")
    prep_minutes = models.PositiveSmallIntegerField(default=10)
    tax_rate = models.DecimalField(
        max_digits=6, decimal_places=4, null=True, blank=True, help_text="Empty: the restaurant's."
    )
    # The name under which Django's storage has it: nothing of an upload's own name is kept.
    image = models.CharField(max_length=200, blank=True, editable=False)
    external_id = models.CharField(max_length=100, blank=True)
    is_available = models.BooleanField(default=True)
    stock = models.PositiveIntegerField(null=True, blank=True)

    class Meta(TrackedModel.Meta):
        ordering = ("category__position", "name", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("restaurant", "external_id"),
                name="menu_item_external_id",
                condition=~models.Q(external_id=""),
            ),
        )

    def __str__(self) -> str:
        return self.name


class MenuItemAllergen(models.Model):
    """That a dish contains an allergen."""

    menu_item = models.ForeignKey(MenuItem, models.CASCADE, related_name="contained")
    allergen = models.ForeignKey(Allergen, models.PROTECT)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("menu_item", "allergen"), name="menu_item_allergen_once"),)

    def __str__(self) -> str:
        return f"{self.menu_item}: {self.allergen}"


class MenuItemModifierGroup(models.Model):
    """That a dish offers a choice."""

    menu_item = models.ForeignKey(MenuItem, models.CASCADE, related_name="choices")
    group = models.ForeignKey(ModifierGroup, models.PROTECT)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ("position", "id")
        constraints = (models.UniqueConstraint(fields=("menu_item", "group"), name="menu_item_group_once"),)

    def __str__(self) -> str:
        return f"{self.menu_item}: {self.group}"
