"""QR codes as images (ISO/IEC 18004)."""

from __future__ import annotations

import io
from typing import Literal

import segno

ImageFormat = Literal["svg", "png"]
CONTENT_TYPES: dict[ImageFormat, str] = {"svg": "image/svg+xml", "png": "image/png"}
_PIXELS = 10  # per module: a slip's printer at 203 dpi makes 35 to 45 mm of it
_QUIET_ZONE = 4  # modules, as the standard wants


def qr_image(text: str, kind: ImageFormat) -> bytes:
    """Return a QR code that says the text, with so much redundancy that a stain on the table does no harm."""
    out = io.BytesIO()
    code = segno.make(text, error="m", micro=False)
    code.save(out, kind=kind, border=_QUIET_ZONE, scale=_PIXELS, dark="#000", light="#fff")
    return out.getvalue()
