"""The kitchen app."""

from django.apps import AppConfig


class KitchenApp(AppConfig):
    """Stations and tickets."""

    name = "kitchen"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have the kitchen answer what the orders app announces."""
        from kitchen import loads, receivers  # noqa: F401, PLC0415
