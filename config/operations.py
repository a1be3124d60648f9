"""What each operation of the OpenAPI document says beyond its shapes: who may call it, and every way it can refuse."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent

from config.problems import CONTENT_TYPE, DOMAIN_STATUSES
from orders.api.auth import BearerAuthentication, GuestAuthentication, SessionStaffAuthentication
from orders.api.documents import Schema
from orders.api.permissions import IsStaff, scopes_of
from orders.errors import DomainError

WRITES = ("POST", "PUT", "PATCH", "DELETE")
VERSIONED = ("/api/orders/{", "/api/kitchen/orders/{", "/api/recipes/{")

# The schemes of the document, and the credentials that each authentication class of ours takes.
SCHEMES: dict[str, Schema] = {
    "staff": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The access token of `POST /api/auth/token`. It names the user and the restaurant, and is "
        "good for 15 minutes.",
    },
    "device": {
        "type": "http",
        "scheme": "bearer",
        "description": "The key of a device, `dev_…`, told once by `POST /api/devices`. The scopes that an operation "
        "asks for stand beside it.",
    },
    "table": {
        "type": "http",
        "scheme": "bearer",
        "description": "The token of a table's printed code, `tbl_…`; a new code ends it.",
    },
    "tracking": {
        "type": "http",
        "scheme": "bearer",
        "description": "The token of a link to one order, from `GET /api/orders/{order_id}/tracking-link`.",
    },
    "customer": {
        "type": "http",
        "scheme": "bearer",
        "description": "The token of a link to a customer's own orders.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "sessionid",
        "description": "The session of our own pages; writes need the `X-CSRFToken` header as well.",
    },
}
_GUESTS = ("table", "tracking", "customer")

Refusals = defaultdict[HTTPStatus, set[str]]

_ANYWHERE = {
    HTTPStatus.BAD_REQUEST: ("invalid", "bad_request"),
    HTTPStatus.NOT_ACCEPTABLE: ("not_acceptable",),
    HTTPStatus.TOO_MANY_REQUESTS: ("rate_limited",),
    HTTPStatus.SERVICE_UNAVAILABLE: ("unavailable_now",),
}
# What each refusal with the status names, and its name therefore needn't.
_ALWAYS = {
    **_ANYWHERE,
    HTTPStatus.UNAUTHORIZED: ("unauthenticated",),
    HTTPStatus.FORBIDDEN: ("forbidden",),
    HTTPStatus.NOT_FOUND: ("not_found",),
    HTTPStatus.CONFLICT: ("conflict",),
    HTTPStatus.PRECONDITION_FAILED: ("stale",),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("too_large",),
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: ("unsupported_media_type",),
    HTTPStatus.UNPROCESSABLE_ENTITY: ("idempotency_key_reused",),
}
_MEANINGS = {
    "invalid": "A field or a parameter is wrong; `errors` names each.",
    "bad_request": "The request is malformed.",
    "parse_error": "The body is no valid JSON.",
    "out_of_range": "A value, or an amount that follows from it, is too large.",
    "unauthenticated": "The credentials are missing, wrong, or have expired.",
    "not_acceptable": "The answer can't be given in any media type that `Accept` names.",
    "too_large": "The body is larger than is taken.",
    "unsupported_media_type": "The body is of a media type that isn't taken.",
    "unavailable_now": "The database can't be reached, or too much is asked at once.",
    "not_ready": "A part that Brigade needs is not there; `failed` names it.",
    "conflict": "Something else changed at the same time, or a version is not the current one.",
}


class Operations(AutoSchema):
    """Describes one operation."""

    def get_auth(self) -> list[dict[str, list[str]]]:
        """Return who may call: any of these is enough."""
        return [{name: scopes} for name, scopes in self._callers()]

    def _callers(self) -> Iterator[tuple[str, list[str]]]:
        classes = list(self.view.authentication_classes)
        if GuestAuthentication in classes:
            yield from ((name, []) for name in _GUESTS)
        if BearerAuthentication in classes:
            yield "staff", []
            is_by_scope = IsStaff in self.view.permission_classes
            if not is_by_scope:
                yield "device", []
            else:
                yield from (("device", [scope.value]) for scope in scopes_of(self.view, self.method))
        if SessionStaffAuthentication in classes:
            yield "session", []

    def get_description(self) -> str:  # type: ignore[override]
        """Return nothing: what a docstring says below its summary is handed over by ``documented``."""
        return ""

    def _who(self) -> str:
        callers = list(self._callers())
        names = {name for name, _ in callers}
        if not callers:
            return "For everybody."
        if "staff" not in names:
            return "For guests, with their token."
        if "device" not in names:
            return "For staff alone, no device."
        scopes = " or ".join(f"`{scope}`" for name, each in callers if name == "device" for scope in each)
        return f"For staff, and devices with the scope {scopes}." if scopes else "For staff, guests and devices."

    def _get_request_body(self, direction: Any = "request") -> Any:
        """Describe the body: a PATCH needs the same fields as a PUT, unless its endpoint reads it as partial."""
        method = self.method
        if isinstance(self.get_request_serializer(), type):
            self.method = "PUT" if method == "PATCH" else method
        try:
            return super()._get_request_body(direction)  # type: ignore[no-untyped-call]
        finally:
            self.method = method

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        """Return the operation with all its refusals."""
        operation = super().get_operation(*args, **kwargs)
        if operation:
            said = operation.get("description", "")
            operation["description"] = f"{said}\n\n{self._who()}".strip()
            usual = self._usual_refusals(operation)
            own: Refusals = defaultdict(set)
            for error in own_refusals(self.view, self.method):
                own[DOMAIN_STATUSES[error.kind]].add(error.code)
            for status in sorted(usual.keys() | own.keys()):
                codes = usual[status] | own[status]
                self._add_examples(status, codes)
                is_usual = codes <= usual[status] | set(_ALWAYS.get(status, ()))
                answer = self._shared_refusal(status, codes) if is_usual else refusal(status, codes)
                operation["responses"][str(int(status))] = answer
        return operation

    def _add_examples(self, status: HTTPStatus, codes: Iterable[str]) -> None:
        """Have each problem shown once in the document, whoever refers to it."""
        for code in codes:
            example = {"value": example_of(status, code)}
            self.registry.register_on_missing(_component(code, ResolvedComponent.EXAMPLE, example))

    def _shared_refusal(self, status: HTTPStatus, codes: set[str]) -> Schema:
        """Refer to a refusal that many operations have: each told again would make the document four times as long."""
        name = name_of(status, codes)
        answer = _component(name, ResolvedComponent.RESPONSE, refusal(status, codes))
        self.registry.register_on_missing(answer)
        reference: Schema = answer.ref
        return reference

    def _usual_refusals(self, operation: Schema) -> Refusals:
        """Return what any operation of this kind may be refused with."""
        found: Refusals = defaultdict(set, {status: set(codes) for status, codes in _ANYWHERE.items()})

        def add(status: HTTPStatus, *codes: str) -> None:
            found[status].update(codes)

        is_door = not self.view.authentication_classes
        add(HTTPStatus.UNAUTHORIZED, "unauthenticated")
        add(HTTPStatus.FORBIDDEN, "forbidden")
        if "{" in self.path or self._names_rows(operation):
            add(HTTPStatus.NOT_FOUND, "not_found")
        if "requestBody" in operation:
            add(HTTPStatus.BAD_REQUEST, "parse_error")
            add(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large")
            add(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type")
        if self.method in WRITES and not is_door:
            add(HTTPStatus.BAD_REQUEST, "out_of_range")
            add(HTTPStatus.CONFLICT, "conflict")
        if self.method in WRITES and self.path.startswith(VERSIONED):
            add(HTTPStatus.PRECONDITION_FAILED, "stale")
        if self.method == "POST" and not is_door:
            add(HTTPStatus.CONFLICT, "idempotency_in_progress")
            add(HTTPStatus.UNPROCESSABLE_ENTITY, "idempotency_key_reused")
        return found

    def _names_rows(self, operation: Schema) -> bool:
        """Whether the body may name rows by their ids, each of which there may be none."""
        content = operation.get("requestBody", {}).get("content", {})
        names = {media.get("schema", {}).get("$ref", "").rpartition("/")[2] for media in content.values()}
        return any(mentions_ids(self.registry, name) for name in names if name)


def _component(name: str, kind: str, schema: Schema) -> ResolvedComponent:
    """Return what the document says once; its name says all that it is."""
    return ResolvedComponent(name, kind, schema, name)  # type: ignore[no-untyped-call]


def mentions_ids(registry: Any, name: str) -> bool:
    """Whether a component of the document has a property that is an id of something."""
    parts = [component.schema for (known, _), component in registry._components.items() if known == name]  # noqa: SLF001
    return any("_id" in str(part) or "$ref" in str(part) for part in parts)


def own_refusals(view: Any, method: str) -> Iterable[type[DomainError]]:
    """Return the refusals that an endpoint's method names as its own."""
    refuses: tuple[type[DomainError], ...] = getattr(getattr(view, method.lower(), None), "refuses", ())
    return refuses


def refusal(status: HTTPStatus, codes: Iterable[str]) -> Schema:
    """Describe the answer to what is refused with a status: a problem, with one of the codes."""
    codes = sorted(codes)
    said = [f"`{code}`: {meaning_of(code)}" for code in codes]
    schema = {
        "allOf": [
            {"$ref": "#/components/schemas/Problem"},
            {"properties": {"status": {"const": int(status)}, "code": {"enum": codes}}},
        ]
    }
    described: Schema = {
        "description": "\n".join([status.phrase + ".", "", *(f"- {line}" for line in said)]),
        "content": {
            CONTENT_TYPE: {
                "schema": schema,
                "examples": {code: {"$ref": f"#/components/examples/{code}"} for code in codes},
            }
        },
    }
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        described["headers"] = {
            "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "string", "pattern": "^[0-9]+$"}}
        }
    if status == HTTPStatus.UNAUTHORIZED:
        described["headers"] = {"WWW-Authenticate": {"description": "The challenge.", "schema": {"type": "string"}}}
    return described


def name_of(status: HTTPStatus, codes: Iterable[str]) -> str:
    """Return the name of a refusal in the document: its status, and its codes beside those that each such has."""
    phrase = status.phrase.title().replace(" ", "")
    others = [code.title().replace("_", "") for code in sorted(codes) if code not in _ALWAYS.get(status, ())]
    return phrase + "".join(others)


def meaning_of(code: str) -> str:
    """Return what a code means, as its error's docstring or the table above says.

    Of several errors with the code the first: a command's own, which not every process knows, comes after the API's.
    """
    kinds: dict[str, str] = {}
    todo = [DomainError]
    while todo:
        kind = todo.pop(0)
        todo += kind.__subclasses__()
        if "code" in vars(kind):
            kinds.setdefault(kind.code, (kind.__doc__ or "").strip().partition("\n")[0])
    return _MEANINGS.get(code) or kinds[code]


def example_of(status: HTTPStatus, code: str) -> Schema:
    """Return a problem with the code, as it is sent."""
    errors = []
    if code == "invalid":
        detail = "Ensure this value is less than or equal to 99."
        errors = [{"pointer": "/items/0/quantity", "code": "max_value", "detail": detail}]
    example: Schema = {
        "type": "about:blank",
        "title": status.phrase,
        "status": int(status),
        "detail": meaning_of(code).replace("`", ""),
        "code": code,
        "errors": errors,
    }
    if code == "invalid_transition":
        example["allowed"] = ["confirmed", "cancelled"]
    return example
