"""Pictures of dishes: taken in from anybody, decoded, and kept as WebP of our own making.

Nothing of an upload survives but its pixels: no name, no EXIF with the place where it was taken, no colour profile,
nothing behind the picture's end. Where they are kept is Django's default storage, which is a setting.
"""

from __future__ import annotations

import secrets
import threading
from io import BytesIO

import structlog
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image, ImageOps, UnidentifiedImageError

from orders.errors import InvalidFields, OutOfReach, TooLarge

log = structlog.get_logger(__name__)

MOST_BYTES = 5 * 1024 * 1024
# A body with one: its frame of multipart is a few hundred bytes.
MOST_BODY_BYTES = MOST_BYTES + 16 * 1024
TOO_MUCH = "The picture is larger than 5 MiB."
# What an ASGI scope has of a page that was sent a larger body, and is shown again instead.
SENT_TOO_MUCH = "brigade.sent_too_much"
# What the best phones take. Decoded it is 200 MB at most, for one upload at a time.
MOST_PIXELS = 50_000_000
LONGEST_SIDE = 1600
MEDIA_TYPE = "image/webp"
FOLDER = "menu"
_FORMATS = ("JPEG", "PNG", "WEBP")
_QUALITY = 82

_one_at_a_time = threading.Lock()
# Pillow has bounds of its own, higher than ours, and says so in either of two ways.
_BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)


def as_webp(upload: bytes) -> bytes:
    """Return the picture upright, at most 1600 pixels wide and high, as WebP.

    Raises TooLarge above 5 MiB, InvalidFields for what is no JPEG, PNG or WebP, has too many pixels, or is damaged.
    """
    if len(upload) > MOST_BYTES:
        raise TooLarge(TOO_MUCH)
    with _one_at_a_time:
        try:
            return _re_encoded(upload)
        except InvalidFields:
            raise
        except UnidentifiedImageError as error:
            raise InvalidFields.one("/image", "unsupported", "A picture is a JPEG, PNG or WebP file.") from error
        except _BOMBS as error:
            raise _too_many_pixels() from error
        except Exception as error:  # whatever a decoder stumbles over is the file's fault
            raise InvalidFields.one("/image", "damaged", "The picture is damaged or incomplete.") from error


def _too_many_pixels() -> InvalidFields:
    return InvalidFields.one(
        "/image", "too_many_pixels", f"A picture has at most {MOST_PIXELS // 1_000_000} megapixels."
    )


def _re_encoded(upload: bytes) -> bytes:
    with Image.open(BytesIO(upload), formats=_FORMATS) as picture:
        if picture.width * picture.height > MOST_PIXELS:
            raise _too_many_pixels()
        # Has a JPEG decoded at the nearest size above ours, which takes a fraction of time and memory.
        picture.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
        picture.load()
        plain = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    plain.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    upright = ImageOps.exif_transpose(plain)
    webp = BytesIO()
    upright.save(webp, "WEBP", quality=_QUALITY, exif=b"", icc_profile=b"", xmp=b"")
    return webp.getvalue()


def keep_picture(restaurant_id: int, webp: bytes) -> str:
    """Store a picture under a name that nobody can guess and none has had before; returns the name.

    Raises OutOfReach when the storage does not take it.
    """
    name = f"{FOLDER}/{restaurant_id}/{secrets.token_urlsafe(24)}.webp"
    try:
        return default_storage.save(name, ContentFile(webp))
    except Exception as error:  # each kind of storage has errors of its own
        log.warning("picture_not_stored", name=name, error=repr(error))
        detail = "The storage of pictures can't be reached. Try again."
        raise OutOfReach(detail) from error


def forget_picture(name: str) -> None:
    """Remove a picture from the storage; what can't be removed now stays there, and nobody has its address."""
    try:
        default_storage.delete(name)
    except Exception as error:  # noqa: BLE001 - each kind of storage has errors of its own
        log.warning("picture_not_removed", name=name, error=repr(error))


def picture_url(name: str) -> str | None:
    """Return where a picture is fetched from; None where there is none."""
    return default_storage.url(name) if name else None
