"""The pictures of dishes: put as a form's file, decoded and written anew."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from django.core.files.uploadhandler import MemoryFileUploadHandler
from django.http import HttpResponse
from django.http.multipartparser import MultiPartParser
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.request import Request

from orders.api.documents import documented, shown
from orders.api.endpoints import Endpoint, answer
from orders.api.pages import NoQuery, query_of
from orders.errors import FieldProblem, InvalidFields, TooLarge
from orders.pictures import MOST_BODY_BYTES
from orders.scopes import Scope
from orders.selectors import menu_of
from orders.services.menu_pictures import remove_picture, set_picture
from orders.shapes import MenuItemShape, menu_item_shape

MEDIA_TYPE = "multipart/form-data"
_FIELD = "image"
_FORM = {
    MEDIA_TYPE: {
        "type": "object",
        "properties": {
            _FIELD: {"type": "string", "format": "binary", "description": "JPEG, PNG or WebP, at most 5 MiB."}
        },
        "required": [_FIELD],
        "additionalProperties": False,
    }
}


class ImageOfDish(Endpoint):
    """The picture of a dish."""

    write_scope = Scope.MENU_WRITE

    @documented("set_menu_item_image", tag="menu", body=_FORM, answers={200: shown(MenuItemShape)})
    def put(self, request: Request, row_id: int) -> HttpResponse:
        """Show a dish with this picture, and no longer with the one that it had."""
        query_of(request, NoQuery)
        set_picture(menu_item_id=row_id, upload=_upload_of(request), actor=self.actor)
        return self._answer(row_id)

    @documented("delete_menu_item_image", tag="menu", answers={200: shown(MenuItemShape)})
    def delete(self, request: Request, row_id: int) -> HttpResponse:
        """Show a dish without a picture."""
        query_of(request, NoQuery)
        remove_picture(menu_item_id=row_id, actor=self.actor)
        return self._answer(row_id)

    def _answer(self, row_id: int) -> HttpResponse:
        return answer(menu_item_shape(menu_of(self.restaurant_id).get(pk=row_id)))


def _upload_of(request: Request) -> bytes:
    """Return the file of the form's only field.

    Read past REST framework, which takes a body without Content-Length for none. Raises UnsupportedMediaType,
    TooLarge, MultiPartParserError, and InvalidFields naming what is missing or not expected.
    """
    content_type = request.META.get("CONTENT_TYPE") or "none"
    if content_type.partition(";")[0].strip().lower() != MEDIA_TYPE:
        raise UnsupportedMediaType(content_type)
    own: Any = request._request  # noqa: SLF001 - REST framework would read no more than a body of JSON
    body = own.read(MOST_BODY_BYTES + 1)
    if len(body) > MOST_BODY_BYTES:
        raise TooLarge("The picture is larger than 5 MiB.")
    meta = {**request.META, "CONTENT_LENGTH": str(len(body))}
    fields, files = MultiPartParser(meta, BytesIO(body), [MemoryFileUploadHandler(own)], "utf-8").parse()
    _check_form(list(fields), list(files), len(files.getlist(_FIELD)))
    file: Any = files[_FIELD]
    return bytes(file.read())


def _check_form(fields: list[str], files: list[str], count: int) -> None:
    others = [name.replace("~", "~0").replace("/", "~1") for name in (*fields, *files) if name != _FIELD]
    wrong = [FieldProblem(f"/{name}", "unknown", "There is no such field.") for name in others]
    if _FIELD in fields:
        wrong.append(FieldProblem(f"/{_FIELD}", "invalid", "This field takes a file."))
    elif count != 1:
        code, detail = ("required", "Send the picture.") if count == 0 else ("repeated", "A dish has one picture.")
        wrong.append(FieldProblem(f"/{_FIELD}", code, detail))
    if wrong:
        raise InvalidFields(wrong)
