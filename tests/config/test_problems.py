"""Whatever goes wrong, the API answers with a problem and never with a stack trace."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import (
    DataError,
    IntegrityError,
    InterfaceError,
    NotSupportedError,
    OperationalError,
    connection,
    transaction,
)
from django.test import Client
from psycopg_pool import PoolTimeout
from rest_framework.exceptions import ErrorDetail, Throttled

from config.connections import PREPARE_AFTER
from config.problems import exception_handler, field_problems
from orders.errors import InvalidFields, InvalidTransition, NotFound, StaleVersion, TooManyAttempts
from orders.statements import fetch
from tests.callers import open_house
from tests.live import database_url

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def _answered(error: Exception) -> tuple[int, str, Any]:
    response = exception_handler(error, {})
    body = json.loads(response.content)
    assert response["Content-Type"] == "application/problem+json"
    assert body["status"] == response.status_code
    return response.status_code, body["code"], response.headers.get("Retry-After")


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (OperationalError("connection refused"), (503, "unavailable_now", "2")),
        (InterfaceError("connection already closed"), (503, "unavailable_now", "2")),
        (PoolTimeout("no connection"), (503, "unavailable_now", "2")),
        (DataError("value too long"), (400, "out_of_range", None)),
        (IntegrityError("fk"), (409, "conflict", None)),
        (NotSupportedError("FOR UPDATE is not allowed here"), (500, "internal", None)),
        (RequestDataTooBig(), (413, "too_large", None)),
        (SuspiciousOperation("odd"), (400, "bad_request", None)),
        (Throttled(wait=2.4), (429, "throttled", "3")),
        (NotFound("There is no such order."), (404, "not_found", None)),
        (StaleVersion(version=1, current=2), (412, "stale", None)),
        (TooManyAttempts("Wait.", wait_seconds=9), (429, "too_many_attempts", "9")),
        (ValueError("ours, with a secret"), (500, "internal", None)),
    ],
)
def test_status_and_code_follow_from_what_was_raised(error: Exception, answer: tuple[int, str, Any]) -> None:
    assert _answered(error) == answer


@pytest.mark.django_db(transaction=True)
def test_unavailable_for_a_moment_when_a_migration_has_changed_what_was_prepared() -> None:
    def read() -> list[tuple[Any, ...]]:
        with transaction.atomic():
            return fetch("SELECT word FROM prepared_before")

    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE prepared_before (word varchar(5))")
    try:
        for _ in range(PREPARE_AFTER + 1):
            read()
        with psycopg.connect(database_url()) as elsewhere:
            elsewhere.execute("ALTER TABLE prepared_before ALTER word TYPE varchar(9)")
        with pytest.raises(NotSupportedError) as raised:
            read()

        assert _answered(raised.value) == (503, "unavailable_now", "2")
        assert read() == []
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE prepared_before")


def test_nothing_of_our_own_fault_is_told() -> None:
    response = exception_handler(ValueError("a secret"), {})

    assert b"secret" not in response.content
    assert b"ValueError" not in response.content


def test_members_of_its_own_stand_beside_the_usual_ones() -> None:
    error = InvalidTransition(subject="Order T1-001", status="pending", to="ready", allowed=["confirmed"])

    assert json.loads(exception_handler(error, {}).content) == {
        "type": "about:blank",
        "title": "Conflict",
        "status": 409,
        "detail": "Order T1-001 is pending and can't become ready.",
        "code": "invalid_transition",
        "errors": [],
        "status_now": "pending",
        "allowed": ["confirmed"],
    }


def test_extra_figures_stand_in_the_error_of_a_field() -> None:
    error = InvalidFields.one("/items/0/quantity", "out_of_stock", "2 left.", left=2)

    assert json.loads(exception_handler(error, {}).content)["errors"] == [
        {"pointer": "/items/0/quantity", "code": "out_of_stock", "detail": "2 left.", "left": 2}
    ]


def test_pointers_lead_through_lists_and_escape_names() -> None:
    wrong = [ErrorDetail("Wrong.", code="wrong")]
    detail = {
        "a/b~c": wrong,
        "items": {1: {"quantity": wrong}},
        "rows": [{}, {"name": wrong}],
        "non_field_errors": wrong,
    }

    assert [problem.pointer for problem in field_problems(detail)] == [
        "/a~1b~0c",
        "/items/1/quantity",
        "/rows/1/name",
        "",
    ]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "path", ["/api/", "/api/nothing", "/api/orders/x/y", "/api/orders//", "/api/health", "/api/%00"]
)
def test_not_found_when_there_is_no_such_address(method: str, path: str) -> None:
    response = Client(enforce_csrf_checks=True).generic(method, path)

    assert (response.status_code, response["Content-Type"]) == (404, "application/problem+json")
    assert response.json()["code"] == "not_found"


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "/api/auth/token"), ("POST", "/api/health/live"), ("DELETE", "/api/health/ready")]
)
def test_method_not_allowed_when_the_address_takes_others(method: str, path: str) -> None:
    response = Client(enforce_csrf_checks=True).generic(method, path)

    assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")
    assert response["Allow"]


@pytest.mark.parametrize(("path", "is_problem"), [("/api/orders", True), ("/login/", False)])
def test_bad_request_when_the_host_is_not_ours(path: str, is_problem: bool) -> None:
    response = Client(headers={"host": "evil.example"}).get(path)

    assert response.status_code == 400
    assert (response["Content-Type"] == "application/problem+json") == is_problem


@pytest.mark.django_db
def test_methods_are_told_when_a_member_asks_for_them() -> None:
    house = open_house()

    reply = house.waiter.call("OPTIONS", "/api/orders")

    assert (reply.status, reply.headers["Allow"]) == (200, "GET, POST, HEAD, OPTIONS")
    assert house.waiter.call("HEAD", "/api/orders").status == 200
