"""Serves the pictures of dishes, wherever they are kept.

Who has an address may see the picture: the guests' menu shows it, and nobody can guess one. A name has one content
for ever, so that whoever fetched it need never ask again.
"""

from __future__ import annotations

from http import HTTPStatus

from django.core.files.storage import default_storage
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from orders.pictures import MEDIA_TYPE

_FOR_EVER = "public, max-age=31536000, immutable"


@require_safe
def picture(request: HttpRequest, name: str) -> HttpResponse:
    """Answer with a picture, whole: it is a few hundred kilobytes, and ASGI reads a stream piece by piece."""
    try:
        with default_storage.open(name) as file:
            content = file.read()
    except FileNotFoundError:
        return HttpResponse(status=HTTPStatus.NOT_FOUND, headers={"Cache-Control": "no-store"})
    return HttpResponse(content, content_type=MEDIA_TYPE, headers={"Cache-Control": _FOR_EVER})
