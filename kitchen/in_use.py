"""What of the kitchen keeps rows from being deleted: dishes are still made with them, or were once."""

from __future__ import annotations

from kitchen.models import Consumption, Ingredient, IngredientAllergen, RecipeIngredient
from orders.in_use import keep
from orders.models import Allergen

keep(Allergen, by=IngredientAllergen, path="allergen", reason="Ingredients contain it, or may.")
# Of earlier versions too: tickets that were opened by them still use it, and what was used is told by them.
keep(Ingredient, by=RecipeIngredient, path="ingredient", reason="A recipe, or an earlier version of one, takes it.")
keep(Ingredient, by=Consumption, path="ingredient", reason="It was used.")
