"""Every refusal of the API as ``application/problem+json`` (RFC 9457).

Whatever a view raises comes here, and so does every address under ``/api/`` that there isn't. A client gets a
stable ``code`` and, for each wrong field, a JSON pointer; it never gets a stack trace.
"""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.signals import got_request_exception
from django.db import DataError, IntegrityError, InterfaceError, NotSupportedError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.views import defaults
from django.views.decorators.csrf import csrf_exempt
from psycopg_pool import PoolTimeout
from rest_framework import exceptions

from orders.errors import DomainError, FieldProblem, OutOfReach, RateLimited, TooManyAttempts

log = structlog.get_logger(__name__)

CONTENT_TYPE = "application/problem+json"
RETRY_SECONDS = 2

DOMAIN_STATUSES = {
    "invalid": HTTPStatus.BAD_REQUEST,
    "reused": HTTPStatus.UNPROCESSABLE_ENTITY,
    "too many": HTTPStatus.TOO_MANY_REQUESTS,
    "too large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "forbidden": HTTPStatus.FORBIDDEN,
    "missing": HTTPStatus.NOT_FOUND,
    "out of reach": HTTPStatus.SERVICE_UNAVAILABLE,
    "conflict": HTTPStatus.CONFLICT,
    "stale": HTTPStatus.PRECONDITION_FAILED,
}
_CODES = {
    exceptions.NotAuthenticated: "unauthenticated",
    exceptions.AuthenticationFailed: "unauthenticated",
    exceptions.PermissionDenied: "forbidden",
    exceptions.NotFound: "not_found",
    exceptions.UnsupportedMediaType: "unsupported_media_type",
    exceptions.NotAcceptable: "not_acceptable",
    exceptions.Throttled: "throttled",
}
_OUT_OF_REACH = (OperationalError, InterfaceError, PoolTimeout)
_NO_ADDRESS = "There is no such address."
_OF_DJANGO: tuple[tuple[type[Exception] | tuple[type[Exception], ...], int, str, str], ...] = (
    (Http404, HTTPStatus.NOT_FOUND, "not_found", _NO_ADDRESS),
    (PermissionDenied, HTTPStatus.FORBIDDEN, "forbidden", "You may not do this."),
    (RequestDataTooBig, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", "The body is larger than 1 MiB."),
    (
        (SuspiciousOperation, BadRequest, MultiPartParserError, UnreadablePostError),
        HTTPStatus.BAD_REQUEST,
        "bad_request",
        "The request is malformed.",
    ),
)


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    errors: list[FieldProblem] | None = None,
    headers: dict[str, str] | None = None,
    **members: Any,
) -> HttpResponse:
    """Answer with a problem; ``members`` are its own ones, such as ``allowed``."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": int(status),
        "detail": detail,
        "code": code,
        "errors": [error.as_dict() for error in errors or []],
    }
    return HttpResponse(
        msgspec.json.encode(members | body), status=int(status), content_type=CONTENT_TYPE, headers=headers
    )


def exception_handler(error: Exception, context: dict[str, Any]) -> HttpResponse:
    """Answer what a view raised (REST framework calls it for every view)."""
    if isinstance(error, DomainError):
        return _of_domain(error)
    if isinstance(error, exceptions.ValidationError):
        errors = list(field_problems(error.detail))
        return problem(HTTPStatus.BAD_REQUEST, "invalid", "The request has invalid fields.", errors=errors)
    if isinstance(error, exceptions.APIException):
        return _of_framework(error)
    for kinds, status, code, detail in _OF_DJANGO:
        if isinstance(error, kinds):
            return problem(status, code, detail)
    return _of_database(error) or _of_fault(error, context)


def _of_domain(error: DomainError) -> HttpResponse:
    headers = {}
    if isinstance(error, (RateLimited, TooManyAttempts)):
        headers["Retry-After"] = str(error.wait_seconds)
    elif isinstance(error, OutOfReach):
        headers["Retry-After"] = str(RETRY_SECONDS)
    return problem(
        DOMAIN_STATUSES[error.kind], error.code, error.detail, errors=error.problems, headers=headers, **error.extra
    )


def _of_framework(error: exceptions.APIException) -> HttpResponse:
    headers: dict[str, str] = {}
    challenge = getattr(error, "auth_header", None)
    if challenge:
        headers["WWW-Authenticate"] = challenge
    wait = getattr(error, "wait", None)
    if wait is not None:
        headers["Retry-After"] = str(max(1, round(wait)))
    own = getattr(error, "default_code", "invalid")
    detail = error.detail if isinstance(error.detail, str) else error.default_detail
    return problem(error.status_code, _CODES.get(type(error), own), str(detail), headers=headers)


def _is_of_former_schema(error: Exception) -> bool:
    """Whether a prepared statement met a column that a migration has just changed; rolled back, it is prepared anew."""
    diagnosis = getattr(error.__cause__, "diag", None)
    return isinstance(error, NotSupportedError) and getattr(diagnosis, "source_function", "") == "RevalidateCachedQuery"


def _of_database(error: Exception) -> HttpResponse | None:
    """Answer what the database refused, or that it can't be reached; None for anything else."""
    if isinstance(error, _OUT_OF_REACH) or _is_of_former_schema(error):
        log.warning("database_out_of_reach", error=repr(error))
        return problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "unavailable_now",
            "The database can't be reached. Try again.",
            headers={"Retry-After": str(RETRY_SECONDS)},
        )
    if isinstance(error, DataError):
        return problem(HTTPStatus.BAD_REQUEST, "out_of_range", "A value, or an amount that follows, is too large.")
    if isinstance(error, IntegrityError):
        log.warning("integrity_refused", error=str(error))
        return problem(HTTPStatus.CONFLICT, "conflict", "Something else changed at the same time. Read it again.")
    return None


def _of_fault(error: Exception, context: dict[str, Any]) -> HttpResponse:
    """Answer our own mistake without its details, which go to the log (and fail a test that runs into it)."""
    view = type(context.get("view")).__name__
    log.error("request_failed", view=view, exc_info=error)
    request = getattr(context.get("request"), "_request", None)
    got_request_exception.send(sender=None, request=request)
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", "Something went wrong on our side.")


def field_problems(detail: Any, pointer: str = "") -> Iterator[FieldProblem]:
    """Flatten the errors of a serializer into one problem for each wrong field."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            own = name == "non_field_errors"
            yield from field_problems(inner, pointer if own else f"{pointer}/{_escaped(str(name))}")
        return
    for index, inner in enumerate(detail if isinstance(detail, list) else [detail]):
        if isinstance(inner, dict | list):
            yield from field_problems(inner, f"{pointer}/{index}")
        else:
            yield FieldProblem(pointer, getattr(inner, "code", None) or "invalid", str(inner))


def _escaped(name: str) -> str:
    """Escape a name for a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


@csrf_exempt
def unknown_address(request: HttpRequest) -> HttpResponse:
    """Answer for every address under /api/ that there isn't."""
    return problem(HTTPStatus.NOT_FOUND, "not_found", _NO_ADDRESS)


def _is_api(request: HttpRequest) -> bool:
    return request.path_info.startswith("/api/")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what was refused before any view was found, such as an unknown Host: as a problem under /api/."""
    if _is_api(request):
        return problem(HTTPStatus.BAD_REQUEST, "bad_request", "The request is malformed.")
    return defaults.bad_request(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer a fault of ours outside any view: as a problem under /api/."""
    if _is_api(request):
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", "Something went wrong on our side.")
    return defaults.server_error(request)
