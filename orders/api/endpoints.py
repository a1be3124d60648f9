"""What every endpoint of the API does alike: reads a body, knows who calls, answers with a shape.

Views stay thin: they read what was sent, call a service or a selector, and show what came of it.
"""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, ClassVar, NoReturn

from django.http import HttpResponse
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.views import APIView

from orders.actors import Actor
from orders.addresses import network_of
from orders.api.fields import Body, validated
from orders.api.parsers import decoded, json_text, raw_body
from orders.api.permissions import STAFF_ALONE
from orders.api.quick import read_quickly
from orders.api.renderers import JsonRenderer, encoded
from orders.errors import Invalid, InvalidFields
from orders.limits import take, take_for
from orders.scopes import Scope
from orders.services.idempotency import Answer, answer_once

JSON = "application/json"
_ANYTHING = "*/*"
LONGEST_KEY = 255
# A proxy that compresses answers makes their ETags weak; the number in it is the version all the same.
_ETAG = re.compile(r'(?:W/)?"(0|[1-9][0-9]{0,9})"')
_KEPT_HEADERS = ("ETag", "Location")


class Endpoint(APIView):
    """One address of the API, for staff, and for devices that have the scope which it names.

    Every address says which: ``read_scope`` where it has a GET, ``write_scope`` where it has anything else. Where two
    kinds of device read the same, either ``read_scope`` or ``other_read_scope`` is enough.
    """

    read_scope: ClassVar[Scope | None] = STAFF_ALONE
    other_read_scope: ClassVar[Scope | None] = None
    write_scope: ClassVar[Scope | None] = STAFF_ALONE
    request: Request
    _methods: ClassVar[list[str]]

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        asked_for = {"head": "get"}  # Django answers it where there is a GET
        cls._methods = [
            method.upper() for method in cls.http_method_names if hasattr(cls, asked_for.get(method, method))
        ]

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:  # noqa: FBT002 - REST framework's
        """Choose JSON, which is all there is; who accepts neither that nor anything is refused in the usual way."""
        if request.META.get("HTTP_ACCEPT", _ANYTHING) in (_ANYTHING, JSON) and self.renderer_classes == [JsonRenderer]:
            return JsonRenderer(), JSON
        return super().perform_content_negotiation(request, force)

    def check_throttles(self, request: Request) -> None:
        """Count the request; raises RateLimited."""
        if isinstance(request.auth, Actor):
            take_for(request.auth, address=request.META.get("REMOTE_ADDR") or "")
        else:
            self._count_stranger(request)

    def permission_denied(self, request: Request, message: str | None = None, code: str | None = None) -> NoReturn:
        """Refuse whoever may not call, and count them: they are refused before requests are counted otherwise."""
        self.check_throttles(request)
        super().permission_denied(request, message, code)

    def perform_authentication(self, request: Request) -> None:
        """Find out who calls; whoever guesses at tokens is counted."""
        try:
            super().perform_authentication(request)
        except AuthenticationFailed:
            self._count_stranger(request)
            raise

    @staticmethod
    def _count_stranger(request: Request) -> None:
        take("address", network_of(request.META.get("REMOTE_ADDR") or ""))

    @property
    def allowed_methods(self) -> list[str]:
        """The methods that the address takes."""
        return self._methods

    @property
    def actor(self) -> Actor:
        """Who calls."""
        actor = self.request.auth
        assert isinstance(actor, Actor)
        return actor

    @property
    def restaurant_id(self) -> int:
        """The caller's restaurant."""
        return self.actor.restaurant_id

    def body(self, kind: type[Body], *, partial: bool = False) -> dict[str, Any]:
        """Return the valid fields of the body; raises ValidationError naming every wrong one."""
        raw = json_text(self.request)
        if kind.quick is not None and not partial:
            values = read_quickly(kind.quick, raw)
            if values is not None:
                return values
        return validated(kind, decoded(raw) if raw else {}, partial=partial)

    def version(self, body: dict[str, Any] | None = None) -> int | None:
        """Return the version that the caller last read, by If-Match or by the body; takes it out of the body."""
        named: int | None = (body or {}).pop("version", None)
        header = self.request.META.get("HTTP_IF_MATCH")
        if header is None or header.strip() == "*":
            return named
        read = _latest(header)
        if named is not None and named != read:
            raise InvalidFields.one("/version", "conflict", "If-Match names another version.")
        return read


def _latest(header: str) -> int:
    """Return the version that an If-Match is about.

    Of a list any may be the present one (RFC 9110, 13.1.1). Versions only grow, and whoever names several has read
    each: no earlier one than their latest can be present.
    """
    matches = [_ETAG.fullmatch(tag.strip()) for tag in header.split(",")]
    versions = [int(match[1]) for match in matches if match is not None]
    if len(versions) != len(matches):
        raise Invalid('If-Match takes versions as an order or ticket gives them in its ETag: "3".')
    return max(versions)


class Secret(HttpResponse):
    """An answer with something that is told once; ``replayed`` is what is said in its place to who asks again."""

    replayed: bytes


def answer(
    shape: Any, status: int = HTTPStatus.OK, *, version: int | None = None, location: str | None = None
) -> HttpResponse:
    """Answer with a shape; ``version`` becomes its ETag."""
    response = HttpResponse(encoded(shape), status=int(status), content_type=JSON)
    if version is not None:
        response["ETag"] = f'"{version}"'
    if location is not None:
        response["Location"] = location
    return response


Handler = Callable[..., HttpResponse]


def keyed(handler: Handler) -> Handler:
    """Let a POST be repeated safely under an Idempotency-Key; without one, call the handler as it is."""

    @functools.wraps(handler)
    def run(endpoint: Endpoint, request: Request, **address: Any) -> HttpResponse:
        key = _key_of(request)
        if key is None:
            return handler(endpoint, request, **address)

        first: list[HttpResponse] = []

        def work() -> Answer:
            response = handler(endpoint, request, **address)
            first.append(response)
            headers = {name: response[name] for name in _KEPT_HEADERS if name in response}
            body = response.replayed if isinstance(response, Secret) else response.content
            return Answer(response.status_code, body, headers)

        kept, replayed = answer_once(actor=endpoint.actor, key=key, fingerprint=_fingerprint(request), work=work)
        if not replayed:
            return first[0]
        headers = {**kept.headers, "Idempotency-Replayed": "true"}
        return HttpResponse(kept.body, status=kept.status, content_type=JSON, headers=headers)

    run.takes_key = True  # type: ignore[attr-defined]  # a test asks every POST for it
    return run


def _key_of(request: Request) -> str | None:
    key: str | None = request.META.get("HTTP_IDEMPOTENCY_KEY")
    if key is not None and not (0 < len(key) <= LONGEST_KEY and key.isascii() and key.isprintable() and key.strip()):
        raise Invalid(f"An Idempotency-Key has 1 to {LONGEST_KEY} printable ASCII characters.")
    return key


def _fingerprint(request: Request) -> str:
    """Digest what was asked: method, address and body."""
    asked = f"{request.method} {request.get_full_path()}\n".encode() + raw_body(request)
    return hashlib.sha256(asked).hexdigest()
