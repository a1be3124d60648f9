"""How dishes are made, and of what."""

from __future__ import annotations

from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from kitchen.measures import Unit, told
from kitchen.models.stations import Station
from orders.models import Allergen, MenuItem, Restaurant
from orders.units import TrackedModel

_MOST = Decimal("999999999.999")


class Ingredient(TrackedModel):
    """Something that dishes are made of.

    ``on_hand`` is in ``unit``; it falls as items become ready, and below zero when more was used than was counted in.
    """

    restaurant = models.ForeignKey(Restaurant, models.PROTECT, related_name="ingredients")
    name = models.CharField(max_length=100)
    unit = models.CharField(max_length=5, choices=Unit)
    on_hand = models.DecimalField(
        max_digits=14, decimal_places=3, default=Decimal(0), validators=[MinValueValidator(-_MOST)]
    )
    allergens = models.ManyToManyField(Allergen, through="IngredientAllergen", related_name="ingredients")

    class Meta(TrackedModel.Meta):
        ordering = ("name", "id")
        constraints = (models.UniqueConstraint(fields=("restaurant", "name"), name="ingredient_once"),)

    def __str__(self) -> str:
        return self.name


class IngredientAllergen(models.Model):
    """That an ingredient contains an allergen, or may contain traces of it."""

    ingredient = models.ForeignKey(Ingredient, models.CASCADE, related_name="contained")
    allergen = models.ForeignKey(Allergen, models.PROTECT)
    is_trace = models.BooleanField("may contain", default=False)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("ingredient", "allergen"), name="ingredient_allergen_once"),)

    def __str__(self) -> str:
        return f"{self.ingredient}: {self.allergen}"


class Recipe(models.Model):
    """How a dish is made. Each change makes the next ``version``; the steps and ingredients of the earlier ones stay.

    One that is not active is as good as none: the dish is made in one step at its station.
    """

    restaurant = models.ForeignKey(Restaurant, models.PROTECT, related_name="recipes")
    menu_item = models.OneToOneField(MenuItem, models.CASCADE, related_name="recipe")
    version = models.PositiveIntegerField(default=1)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.menu_item} v{self.version}"


class RecipeStep(models.Model):
    """One step of one version of a recipe."""

    recipe = models.ForeignKey(Recipe, models.CASCADE, related_name="steps", db_index=False)  # the constraint has it
    version = models.PositiveIntegerField()
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=100)
    minutes = models.PositiveSmallIntegerField(validators=[MaxValueValidator(24 * 60)])

    class Meta:
        ordering = ("version", "position")
        constraints = (models.UniqueConstraint(fields=("recipe", "version", "position"), name="recipe_step_once"),)

    def __str__(self) -> str:
        return self.name


class RecipeStepStation(models.Model):
    """That a step can be done at a station. A step without any is done at the dish's own."""

    step = models.ForeignKey(RecipeStep, models.CASCADE, related_name="places", db_index=False)
    station = models.ForeignKey(Station, models.PROTECT, related_name="recipe_steps")
    position = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ("position",)
        constraints = (models.UniqueConstraint(fields=("step", "station"), name="recipe_step_station_once"),)

    def __str__(self) -> str:
        return f"{self.step}: {self.station}"


class RecipeIngredient(models.Model):
    """What one portion takes, by one version of a recipe."""

    recipe = models.ForeignKey(Recipe, models.CASCADE, related_name="ingredients", db_index=False)
    version = models.PositiveIntegerField()
    ingredient = models.ForeignKey(Ingredient, models.PROTECT, related_name="recipe_ingredients")
    quantity = models.DecimalField(max_digits=12, decimal_places=3, validators=[MinValueValidator(Decimal("0.001"))])
    unit = models.CharField(max_length=5, choices=Unit)

    class Meta:
        ordering = ("version", "id")
        constraints = (
            models.UniqueConstraint(fields=("recipe", "version", "ingredient"), name="recipe_ingredient_once"),
        )

    def __str__(self) -> str:
        return f"{told(self.quantity, self.unit)} {self.ingredient}"
