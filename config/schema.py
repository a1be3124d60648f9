"""The OpenAPI document: what the views say of themselves, and what holds for all of them."""

from __future__ import annotations

import json
import re
from functools import cache
from http import HTTPStatus
from typing import Any

import msgspec
from django.db import models
from drf_spectacular.generators import SchemaGenerator

from config.examples import Examples
from config.operations import SCHEMES, example_of, refusal
from orders.api.documents import SHAPES, Schema
from orders.api.fields import BIGGEST_ID

_REF = "#/components/schemas/{name}"
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "The same key and body within 24 hours is answered as the first time, and done once.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[!-~]([ -~]*[!-~])?$"},
}
_TAG = r'(W/)?"(0|[1-9][0-9]{0,8})"'
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "description": "The ETag of the order, ticket or recipe as it was last read, weak or not, or several; 412 when "
    "somebody changed it since.",
    "schema": {"type": "string", "pattern": rf"^({_TAG}(, {_TAG}){{0,9}}|\*)$"},
    "example": '"3"',
}
_ETAG = {
    "description": "The version, for `If-Match`.",
    "schema": {"type": "string", "pattern": '^"[0-9]+"$'},
    "example": '"3"',
}
_LOCATION = {"description": "Where it is found.", "schema": {"type": "string"}}
_REPLAYED = {
    "description": "This is the answer of the first time; there is none on that one.",
    "schema": {"type": "string", "enum": ["true"]},
}
# Said once, and referred to by each operation that takes or answers them.
_PARAMETERS = {"Idempotency-Key": _IDEMPOTENCY_KEY, "If-Match": _IF_MATCH}
_ANSWERED = {"ETag": _ETAG, "Location": _LOCATION, "Idempotency-Replayed": _REPLAYED}
VERSIONED_ANSWERS = ("/api/orders/{", "/api/kitchen/orders/{", "/api/recipes/{")
_LIVE = "For whoever starts and ends processes. For everybody."
_READY = "Database, channel layer, migrations and hub; 503 names those that are not there. For everybody."
_ANYTHING = r"^[^\x00]*$"
# Somebody is known by one of these at least.
_OF_SOMEBODY = {"CustomerBodyRequest", "GuestBodyRequest"}
_SOMETHING = r"^[^\x00]*[^\x00\s][^\x00]*$"
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


@cache
def document() -> Schema:
    """Return the whole document, which nobody may change: it is made once."""
    generated: Schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return generated


def without_slashed(endpoints: list[tuple[str, str, str, Any]]) -> list[tuple[str, str, str, Any]]:
    """Name every address once: the one with a trailing slash is the same."""
    return [endpoint for endpoint in endpoints if not endpoint[0].endswith("/")]


def complete(result: Schema, generator: Any, request: Any, public: bool) -> Schema:
    """Add the shapes, the problem that every refusal is, who may call, the headers, and an example of everything."""
    components = result.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for schema in schemas.values():  # so far only bodies
        _make_exact(schema)
    for name in _OF_SOMEBODY & schemas.keys():
        schemas[name]["anyOf"] = [
            {"required": [field], "properties": {field: {"type": "string", "minLength": 1}}}
            for field in schemas[name]["properties"]
        ]
    schemas.update(_shapes())
    schemas["Problem"] = _PROBLEM
    components["securitySchemes"] = SCHEMES
    components["parameters"] = _PARAMETERS
    components["headers"] = _ANSWERED
    components["examples"]["not_ready"] = {"value": example_of(HTTPStatus.SERVICE_UNAVAILABLE, "not_ready")}
    _drop_marks(result)
    result["paths"]["/api/health/live"] = _health("live", "Answer as long as the process does", _LIVE)
    result["paths"]["/api/health/ready"] = _health("ready", "Tell whether every part is there", _READY)
    examples = Examples(schemas)
    for path, operations in result["paths"].items():
        for method, operation in operations.items():
            parameters = operation.get("parameters", [])
            for parameter in parameters:
                if parameter["in"] == "path":
                    parameter["schema"] = _ID
                elif parameter["in"] == "query" and not {"enum", "format", "pattern"} & parameter["schema"].keys():
                    _refuse_nul(parameter["schema"])
            if sent := _headers(path, method):
                operation["parameters"] = [*parameters, *sent]
            _say_headers(path, method, operation)
            _show(operation, examples)
    return result


def _show(operation: Schema, examples: Examples) -> None:
    """Add an example to the body and to each answer that is JSON."""
    body = operation.get("requestBody", {})
    for media in body.get("content", {}).values():
        # No body at all is an empty one.
        body["required"] = bool(examples.needs(media["schema"]))
        media.setdefault("example", examples.of_body(media["schema"]))
    for status, response in operation["responses"].items():
        media = response.get("content", {}).get("application/json")
        if media is not None and status.startswith("2") and "schema" in media:
            media.setdefault("example", examples.of_answer(media["schema"]))


def _say_headers(path: str, method: str, operation: Schema) -> None:
    """Name the headers of the answers."""
    for status, response in operation["responses"].items():
        if not status.startswith("2"):
            continue
        headers = response.setdefault("headers", {})
        if status in ("200", "201") and path.startswith(VERSIONED_ANSWERS):
            headers["ETag"] = _shared("headers", "ETag")
        if status == "201" and method == "post":
            headers["Location"] = _shared("headers", "Location")
        if method == "post" and not path.startswith("/api/auth/"):
            headers["Idempotency-Replayed"] = _shared("headers", "Idempotency-Replayed")
        if not headers:
            del response["headers"]


def _make_exact(schema: Any) -> None:
    """Have a body's schema say all that its fields ask for: no other field, no NUL, no blank for a name, no sign."""
    if not isinstance(schema, dict):
        return
    if schema.get("type") == "object":
        schema["additionalProperties"] = False
    if schema.get("format") == "decimal":
        schema["pattern"] = _decimal(schema["pattern"])
    elif "string" in schema.get("type", ()) and not {"enum", "pattern", "format"} & schema.keys():
        schema["pattern"] = _SOMETHING if schema.get("minLength") else _ANYTHING
    for inner in (*schema.get("properties", {}).values(), schema.get("items"), *schema.get("anyOf", ())):
        _make_exact(inner)


def _refuse_nul(schema: Schema) -> None:
    """Say of a text in a query that it has no NUL in it, which PostgreSQL can't hold."""
    if schema.get("type") == "string":
        schema["pattern"] = _ANYTHING


def _decimal(pattern: str) -> str:
    """Return the pattern of an amount, or of a rate, which is a part of one; a field may say its own exactly."""
    if r"\d{" not in pattern:
        return pattern
    if r"\d{0,1}" in pattern:
        return r"^(0(\.[0-9]{1,4})?|1(\.0{1,4})?)$"
    return r"^[0-9]{1,8}(\.[0-9]{1,2})?$"


def _drop_marks(schema: Any) -> None:
    """Take out what drf-spectacular writes for hooks of its own."""
    if isinstance(schema, dict):
        schema.pop("x-spec-enum-id", None)
    for inner in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        _drop_marks(inner)


def _health(name: str, summary: str, said: str) -> Schema:
    """Describe an address that is no view of REST framework's."""
    media = {"application/json": {"schema": {"type": "object"}, "example": {"status": "ok"}}}
    answers = {"200": {"description": "OK", "content": media}}
    if name == "ready":
        answers["503"] = refusal(HTTPStatus.SERVICE_UNAVAILABLE, ["not_ready"])
    return {
        "get": {
            "operationId": f"health_{name}",
            "tags": ["health"],
            "summary": summary,
            "description": said,
            "security": [{}],
            "responses": answers,
        }
    }


def _headers(path: str, method: str) -> list[Schema]:
    if method == "post":
        return [] if path.startswith("/api/auth/") else [_shared("parameters", "Idempotency-Key")]
    is_versioned = method in ("put", "patch", "delete") and path.startswith(VERSIONED_ANSWERS)
    return [_shared("parameters", "If-Match")] if is_versioned else []


def _shared(kind: str, name: str) -> Schema:
    """Refer to what the document says once for all operations."""
    return {"$ref": f"#/components/{kind}/{name}"}


def _choices(kind: type) -> Schema:
    """Describe an enumeration of ours; of any other type msgspec is told, in its own way, that we can't."""
    if issubclass(kind, models.TextChoices):
        return {"type": "string", "enum": list(kind.values)}
    raise NotImplementedError


def _shapes() -> dict[str, Schema]:
    """Return the schemas of all shapes that are answered, named without the word Shape."""
    shapes = sorted(SHAPES, key=lambda shape: shape.__name__)
    _, schemas = msgspec.json.schema_components(shapes, schema_hook=_choices, ref_template=_REF)
    text = re.sub(r'#/components/schemas/(\w+?)Shape"', r'#/components/schemas/\1"', json.dumps(schemas))
    return {name.removesuffix("Shape"): schema for name, schema in json.loads(text).items()}
