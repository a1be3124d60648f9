"""The OpenAPI document as it is served, written once by each server process: it is the same for everybody."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec
from drf_spectacular.renderers import (
    OpenApiJsonRenderer,
    OpenApiJsonRenderer2,
    OpenApiYamlRenderer,
    OpenApiYamlRenderer2,
)
from drf_spectacular.views import SpectacularAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from config.schema import document


@cache
def as_json() -> bytes:
    """Return the document for programs; without a blank, since the page that shows it parses every one."""
    return msgspec.json.encode(document())


@cache
def as_yaml() -> bytes:
    """Return the document for people."""
    written: bytes = OpenApiYamlRenderer().render(document())  # type: ignore[no-untyped-call]
    return written


class _Json(OpenApiJsonRenderer):
    def render(self, *args: Any, **kwargs: Any) -> bytes:
        return as_json()


class _PlainJson(OpenApiJsonRenderer2):
    def render(self, *args: Any, **kwargs: Any) -> bytes:
        return as_json()


class _Yaml(OpenApiYamlRenderer):
    def render(self, *args: Any, **kwargs: Any) -> bytes:
        return as_yaml()


class _PlainYaml(OpenApiYamlRenderer2):
    def render(self, *args: Any, **kwargs: Any) -> bytes:
        return as_yaml()


class Document(SpectacularAPIView):
    """Tells everybody how the API is used, also somebody whose session or token is no good."""

    authentication_classes = ()
    renderer_classes = [_Yaml, _PlainYaml, _Json, _PlainJson]

    def _get_schema_response(self, request: Request) -> Response:
        named = f'inline; filename="{self._get_filename(request, None)}"'  # type: ignore[no-untyped-call]
        return Response(headers={"Content-Disposition": named})
