"""The realtime app."""

from django.apps import AppConfig


class RealtimeApp(AppConfig):
    """Events, the stream, the hub and the WebSocket."""

    name = "realtime"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Listen to every tracked row, and turn what a unit of work did into events."""
        from realtime import forgetting, receivers, stream  # noqa: F401, PLC0415
