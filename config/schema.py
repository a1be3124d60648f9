"""The OpenAPI document: what the views say of themselves, and what holds for all of them."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator

from config.problems import CONTENT_TYPE
from orders.api.documents import SHAPES, Schema
from orders.api.fields import BIGGEST_ID

_REF = "#/components/schemas/{name}"
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "The same key and body within 24 hours is answered as the first time, and done once.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "description": "The ETag of the order or ticket as it was last read; 412 when somebody changed it since.",
    "schema": {"type": "string"},
    "example": '"3"',
}
_ID = {"type": "integer", "minimum": 1, "maximum": BIGGEST_ID}
_PROBLEM: Schema = {
    "type": "object",
    "description": "RFC 9457.",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "pointer": {"type": "string", "description": "A JSON pointer into the body."},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
                "required": ["pointer", "code", "detail"],
            },
        },
        "allowed": {"type": "array", "items": {"type": "string"}, "description": "For `invalid_transition`."},
    },
    "required": ["type", "title", "status", "detail", "code", "errors"],
}


def document() -> Schema:
    """Return the whole document."""
    generated: Schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return generated


def without_slashed(endpoints: list[tuple[str, str, str, Any]]) -> list[tuple[str, str, str, Any]]:
    """Name every address once: the one with a trailing slash is the same."""
    return [endpoint for endpoint in endpoints if not endpoint[0].endswith("/")]


def complete(result: Schema, generator: Any, request: Any, public: bool) -> Schema:
    """Add the shapes, the problem that any answer may be, and the headers that every write takes."""
    components = result.setdefault("components", {})
    components.setdefault("schemas", {}).update(_shapes())
    components["schemas"]["Problem"] = _PROBLEM
    _drop_marks(result)
    content = {CONTENT_TYPE: {"schema": {"$ref": _REF.format(name="Problem")}}}
    components["responses"] = {"Problem": {"description": "Refused, with the reason.", "content": content}}
    result["paths"]["/api/health/live"] = _health("live", "Answer as long as the process does")
    result["paths"]["/api/health/ready"] = _health("ready", "Tell whether every part is there; 503 names those not")
    for path, operations in result["paths"].items():
        for method, operation in operations.items():
            operation["responses"]["default"] = {"$ref": "#/components/responses/Problem"}
            parameters = [*operation.get("parameters", []), *_headers(path, method)]
            for parameter in parameters:
                if parameter["in"] == "path":
                    parameter["schema"] = _ID
            if parameters:
                operation["parameters"] = parameters
    return result


def _drop_marks(schema: Any) -> None:
    """Take out what drf-spectacular writes for hooks of its own."""
    if isinstance(schema, dict):
        schema.pop("x-spec-enum-id", None)
    for inner in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        _drop_marks(inner)


def _health(name: str, summary: str) -> Schema:
    """Describe an address that is no view of REST framework's."""
    answer = {"description": "OK", "content": {"application/json": {"schema": {"type": "object"}}}}
    return {
        "get": {
            "operationId": f"health_{name}",
            "tags": ["health"],
            "summary": summary,
            "security": [{}],
            "responses": {"200": answer},
        }
    }


def _headers(path: str, method: str) -> list[dict[str, Any]]:
    if method == "post":
        return [] if path.startswith("/api/auth/") else [_IDEMPOTENCY_KEY]
    versioned = path.startswith(("/api/orders", "/api/kitchen"))
    return [_IF_MATCH] if method in ("put", "patch", "delete") and versioned else []


def _shapes() -> dict[str, Schema]:
    """Return the schemas of all shapes that are answered, named without the word Shape."""
    _, schemas = msgspec.json.schema_components(sorted(SHAPES, key=lambda s: s.__name__), ref_template=_REF)
    text = re.sub(r'#/components/schemas/(\w+?)Shape"', r'#/components/schemas/\1"', json.dumps(schemas))
    return {name.removesuffix("Shape"): schema for name, schema in json.loads(text).items()}


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """The Authorization header."""

    target_class = "orders.api.auth.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> Schema:
        """Describe the header."""
        return {"type": "http", "scheme": "bearer", "description": "The access token of POST /api/auth/token."}


class GuestScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """The Authorization header of a guest."""

    target_class = "orders.api.auth.GuestAuthentication"
    name = "guest"

    def get_security_definition(self, auto_schema: Any) -> Schema:
        """Describe the header."""
        return {"type": "http", "scheme": "bearer", "description": "The token of a table's code, or of a link."}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """The session of our own pages."""

    target_class = "orders.api.auth.SessionStaffAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> Schema:
        """Describe the cookie."""
        return {"type": "apiKey", "in": "cookie", "name": "sessionid", "description": "With X-CSRFToken on writes."}
