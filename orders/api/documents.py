"""How endpoints describe themselves in the OpenAPI document.

Answers are shapes, which msgspec describes; ``config.schema`` adds the ones named here to the document.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from http import HTTPStatus
from inspect import cleandoc
from typing import Any, TypeVar, cast

from drf_spectacular.utils import OpenApiResponse, extend_schema
from msgspec import Struct

from orders.api.pages import Query
from orders.errors import DomainError

H = TypeVar("H", bound=Callable[..., Any])
Schema = dict[str, Any]

_BYTES: Schema = {"type": "string", "format": "binary"}
SHAPES: set[type[Struct]] = set()


def shown(shape: type[Struct]) -> Schema:
    """Return the schema of an answer that is one shape."""
    SHAPES.add(shape)
    return {"$ref": f"#/components/schemas/{shape.__name__.removesuffix('Shape')}"}


def paged(shape: type[Struct]) -> Schema:
    """Return the schema of a page of shapes."""
    link = {"type": ["string", "null"], "format": "uri"}
    return {
        "type": "object",
        "properties": {"next": link, "previous": link, "results": {"type": "array", "items": shown(shape)}},
        "required": ["next", "previous", "results"],
    }


def documented(
    operation: str,
    *,
    tag: str,
    answers: dict[int, Schema | None],
    images: tuple[str, ...] = (),
    body: Any = None,
    query: type[Query] | None = None,
    refuses: Sequence[type[DomainError]] = (),
) -> Callable[[H], H]:
    """Describe an endpoint's method: its docstring begins with the summary.

    ``images`` are other media types of its 200. ``refuses`` are the refusals that are its own; those that any
    endpoint of its kind has are added by themselves (``config.operations``).
    """

    def describe(method: H) -> H:
        summary, _, description = (method.__doc__ or "").strip().partition("\n")
        decorate = extend_schema(
            operation_id=operation,
            tags=[tag],
            summary=summary.rstrip("."),
            description=cleandoc(description),
            request=body,
            parameters=[query] if query else [],
            responses={
                (status, "application/json"): OpenApiResponse(schema, description=HTTPStatus(status).phrase)
                for status, schema in answers.items()
            }
            | {(200, media_type): OpenApiResponse(_BYTES, description="OK") for media_type in images},
        )
        described: Any = decorate(method)
        described.refuses = tuple(refuses)
        return cast("H", described)

    return describe
