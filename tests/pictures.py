"""Pictures as guests' phones, and people of ill will, send them."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from PIL import ExifTags, Image

from tests.callers import Caller, Reply

RED, BLUE = (200, 30, 30), (30, 30, 200)
MULTIPART = MULTIPART_CONTENT


def picture(kind: str = "JPEG", size: tuple[int, int] = (40, 20), mode: str = "RGB", **options: Any) -> bytes:
    """A picture of which the left half is red and the right one blue."""
    image = Image.new("RGB", size, RED)
    image.paste(BLUE, (size[0] // 2, 0, size[0], size[1]))
    file = BytesIO()
    image.convert(mode).save(file, kind, **options)
    return file.getvalue()


def turned_picture() -> bytes:
    """A JPEG that lies on its side, with the place where it was taken."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif[ExifTags.Base.Artist] = "Somebody known"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (52.0, 31.0, 12.0)
    return picture(exif=exif, comment=b"secret", icc_profile=b"profile of a camera")


def png_claiming(width: int, height: int, data: bytes = b"") -> bytes:
    """A PNG that says to be of this size, with as little in it as can be."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checked = kind + content
        return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def clear_picture() -> bytes:
    """A PNG of nothing."""
    file = BytesIO()
    Image.new("RGBA", (10, 10), (0, 0, 0, 0)).save(file, "PNG")
    return file.getvalue()


def webp_bomb() -> bytes:
    """As many pixels as a WebP can have, in a few bytes."""
    file = BytesIO()
    Image.new("RGB", (100, 100)).save(file, "WEBP", lossless=True)
    small = file.getvalue()
    bits = int.from_bytes(small[21:25], "little") & ~0xFFFFFFF
    return small[:21] + (bits | 16382 | 16382 << 14).to_bytes(4, "little") + small[25:]


def opened(content: bytes) -> Image.Image:
    """Decode a picture."""
    image = Image.open(BytesIO(content))
    image.load()
    return image


def put_picture(caller: Caller, dish_id: int, content: bytes, name: str = "soup.jpg", **headers: str) -> Reply:
    """Send a picture as a form does."""
    file = SimpleUploadedFile(name, content, content_type="text/html")
    body = encode_multipart(BOUNDARY, {"image": file})
    return caller.call("PUT", f"/api/menu-items/{dish_id}/image", body, content_type=MULTIPART, **headers)
