"""The kitchen in the admin: a module for each subject."""

from kitchen.admin import cancellations, ingredients, recipes, stations, tickets

__all__ = ["cancellations", "ingredients", "recipes", "stations", "tickets"]
