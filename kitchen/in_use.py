"""What of the kitchen keeps rows from being deleted: dishes are still made with them, or were once."""

from __future__ import annotations

from kitchen.models import Consumption, Ingredient, IngredientAllergen, RecipeIngredient, RecipeStepStation, Station
from orders.in_use import keep
from orders.models import Allergen

keep(Allergen, by=IngredientAllergen, path="allergen", reason="Ingredients contain it, or may.")
# Of earlier versions too: tickets are still made by them, and what was used is told by them.
keep(Station, by=RecipeStepStation, path="station", reason="A recipe names it: close it instead.")
keep(Ingredient, by=RecipeIngredient, path="ingredient", reason="A recipe, or an earlier version of one, takes it.")
keep(Ingredient, by=Consumption, path="ingredient", reason="It was used.")
