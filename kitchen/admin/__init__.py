"""The kitchen in the admin: a module for each subject."""

from kitchen.admin import cancellations, stations, tickets

__all__ = ["cancellations", "stations", "tickets"]
