"""The kitchen app."""

from django.apps import AppConfig


class KitchenApp(AppConfig):
    """Stations, recipes, contracts and tickets."""

    name = "kitchen"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have the kitchen answer what the orders app announces."""
        # At the end of a unit stations are locked before ingredients.
        from kitchen import loads, consuming, in_use, receivers  # noqa: F401, PLC0415, I001
