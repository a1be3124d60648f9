"""Pictures are decoded, bounded, and written anew; nothing else of a file survives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from orders.errors import InvalidFields, TooLarge
from orders.pictures import MOST_BYTES, as_webp
from tests.pictures import clear_picture, opened, picture, png_claiming, turned_picture, webp_bomb


def _is_red(pixel: Any) -> bool:
    return bool(pixel[0] > 150 and pixel[2] < 90)


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        *(("JPEG", mode) for mode in ("RGB", "L", "CMYK", "1")),
        *(("PNG", mode) for mode in ("RGB", "L", "P", "RGBA", "LA", "1", "I;16")),
        *(("WEBP", mode) for mode in ("RGB", "RGBA", "L", "P")),
    ],
)
def test_picture_of_any_colour_becomes_webp(kind: str, mode: str) -> None:
    image = opened(as_webp(picture(kind, mode=mode)))

    assert (image.format, image.size) == ("WEBP", (40, 20))


def test_picture_is_upright_and_says_nothing_of_where_it_was_taken() -> None:
    image = opened(as_webp(turned_picture()))

    assert image.size == (20, 40)
    assert (_is_red(image.getpixel((10, 5))), _is_red(image.getpixel((10, 35)))) == (True, False)
    assert not {"exif", "icc_profile", "xmp", "comment"} & image.info.keys()
    assert dict(image.getexif()) == {}


@pytest.mark.parametrize(("size", "shown"), [((4000, 2000), (1600, 800)), ((20, 3200), (10, 1600)), ((7, 5), (7, 5))])
def test_large_picture_is_made_smaller_and_no_small_one_larger(size: tuple[int, int], shown: tuple[int, int]) -> None:
    assert opened(as_webp(picture("PNG", size))).size == shown


def test_what_can_be_seen_through_stays_so() -> None:
    pixel = opened(as_webp(clear_picture())).convert("RGBA").getpixel((3, 3))

    assert isinstance(pixel, tuple)
    assert pixel[3] == 0


def test_what_stands_behind_the_picture_is_gone() -> None:
    webp = as_webp(picture() + b"<script>alert(1)</script>")

    assert b"script" not in webp


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: b"", "unsupported"),
        (lambda: b"GIF89a" + b"\0" * 100, "unsupported"),
        (lambda: picture("GIF"), "unsupported"),
        (lambda: picture("BMP"), "unsupported"),
        (lambda: picture("TIFF"), "unsupported"),
        (lambda: picture("ICO"), "unsupported"),
        (lambda: b'<svg xmlns="http://www.w3.org/2000/svg"/>', "unsupported"),
        (lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 1 1\n", "unsupported"),
        (lambda: picture("JPEG", (400, 400))[:900], "damaged"),
        (lambda: picture("PNG", (400, 400))[:300], "damaged"),
        (lambda: picture("WEBP", (400, 400))[:100], "damaged"),
        (lambda: png_claiming(100, 100, b"no deflate"), "damaged"),
        (lambda: png_claiming(7072, 7072), "too_many_pixels"),
        (lambda: png_claiming(10000, 10000), "too_many_pixels"),
        (lambda: png_claiming(20000, 20000), "too_many_pixels"),
        (lambda: png_claiming(2**31 - 1, 2**31 - 1), "too_many_pixels"),
        (webp_bomb, "too_many_pixels"),
    ],
)
def test_file_is_refused_when_it_is_no_good_picture(make: Callable[[], bytes], code: str) -> None:
    with pytest.raises(InvalidFields) as refusal:
        as_webp(make())

    assert [(problem.pointer, problem.code) for problem in refusal.value.problems] == [("/image", code)]


def test_too_large_when_the_file_is_longer_than_is_taken() -> None:
    with pytest.raises(TooLarge):
        as_webp(b"\0" * (MOST_BYTES + 1))
