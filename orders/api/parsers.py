"""JSON in: strict, and never a fault of ours."""

from __future__ import annotations

from typing import IO, Any

import msgspec
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from rest_framework.exceptions import ParseError, UnsupportedMediaType
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

MEDIA_TYPE = "application/json"
_decode = msgspec.json.Decoder().decode


def decoded(raw: bytes) -> Any:
    """Return what JSON text says; raises ParseError for text that is no JSON, no UTF-8, or nested too deep."""
    try:
        return _decode(raw)
    except RecursionError as error:
        raise ParseError("The body is nested too deep.") from error
    except (msgspec.MsgspecError, ValueError) as error:
        raise ParseError("The body is no valid JSON.") from error


def raw_body(request: Request) -> bytes:
    """Return the body's bytes; raises RequestDataTooBig also where no Content-Length gave a warning."""
    raw: bytes = request.body
    if len(raw) > (settings.DATA_UPLOAD_MAX_MEMORY_SIZE or len(raw)):
        raise RequestDataTooBig
    return raw


def json_text(request: Request) -> bytes:
    """Return the body's text, not read yet; nothing where there is none.

    Read past REST framework, which takes a body without Content-Length for none. Raises UnsupportedMediaType.
    """
    content_type = request.META.get("CONTENT_TYPE") or ""
    if content_type:
        _check_type(content_type)
    raw = raw_body(request)
    if raw and not content_type:
        raise UnsupportedMediaType("none")
    return raw


def json_body(request: Request) -> Any:
    """Return what the body says; {} where there is none."""
    raw = json_text(request)
    return decoded(raw) if raw else {}


def _check_type(content_type: str) -> None:
    if content_type == MEDIA_TYPE:
        return
    media_type, _, parameters = content_type.partition(";")
    charset = parameters.strip().lower().removeprefix("charset=").strip('"')
    if media_type.strip().lower() != MEDIA_TYPE or charset not in ("", "utf-8"):
        raise UnsupportedMediaType(content_type)


class JsonParser(BaseParser):
    """The JSON body, for REST framework."""

    media_type = MEDIA_TYPE

    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Any = None) -> Any:
        """Return what the body says."""
        return decoded(stream.read())
