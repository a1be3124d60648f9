"""The kitchen in the admin: a module for each subject."""

from kitchen.admin import cancellations, contracts, ingredients, recipes, stations, tickets

__all__ = ["cancellations", "contracts", "ingredients", "recipes", "stations", "tickets"]
