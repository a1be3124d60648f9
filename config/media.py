"""Serves the pictures of dishes, wherever they are kept.

Who has an address may see the picture: the guests' menu shows it, and nobody can guess one. A name has one content
for ever, so that whoever fetched it need never ask again.
"""

from __future__ import annotations

from http import HTTPStatus

import structlog
from django.core.files.storage import default_storage
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from config.problems import RETRY_SECONDS
from orders.pictures import MEDIA_TYPE

log = structlog.get_logger(__name__)

_NOT_KEPT = {"Cache-Control": "no-store"}
_FOR_EVER = "public, max-age=31536000, immutable"


@require_safe
def picture(request: HttpRequest, name: str) -> HttpResponse:
    """Answer with a picture, whole: it is a few hundred kilobytes, and ASGI reads a stream piece by piece."""
    try:
        with default_storage.open(name) as file:
            content = file.read()
    except FileNotFoundError:
        return HttpResponse(status=HTTPStatus.NOT_FOUND, headers=_NOT_KEPT)
    except Exception as error:  # noqa: BLE001 - each kind of storage has errors of its own
        log.warning("picture_not_read", name=name, error=repr(error))
        headers = _NOT_KEPT | {"Retry-After": str(RETRY_SECONDS)}
        return HttpResponse(status=HTTPStatus.SERVICE_UNAVAILABLE, headers=headers)
    return HttpResponse(content, content_type=MEDIA_TYPE, headers={"Cache-Control": _FOR_EVER})
