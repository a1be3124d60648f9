"""JSON out."""

from __future__ import annotations

from typing import Any

import msgspec
from rest_framework.renderers import BaseRenderer

encoded = msgspec.json.Encoder().encode


class JsonRenderer(BaseRenderer):
    """Shapes, and whatever else msgspec knows, as JSON."""

    media_type = "application/json"
    format = "json"
    charset = None
    render_style = "binary"

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        """Return the JSON text."""
        return b"" if data is None else encoded(data)
