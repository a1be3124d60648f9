"""The kitchen's own rows: stations, recipes, contracts, and the tickets that are worked on."""

from kitchen.models.contracts import ProductionContract
from kitchen.models.recipes import (
    Ingredient,
    IngredientAllergen,
    Recipe,
    RecipeIngredient,
    RecipeStep,
    RecipeStepStation,
)
from kitchen.models.stations import Station
from kitchen.models.tickets import Consumption, KitchenOrder, KitchenOrderItem

__all__ = [
    "Consumption",
    "Ingredient",
    "IngredientAllergen",
    "KitchenOrder",
    "KitchenOrderItem",
    "ProductionContract",
    "Recipe",
    "RecipeIngredient",
    "RecipeStep",
    "RecipeStepStation",
    "Station",
]
