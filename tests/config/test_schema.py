"""The OpenAPI document says what the API does."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from django.test import Client
from drf_spectacular import validation
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.renderers import OpenApiJsonRenderer
from jsonschema import Draft202012Validator

from config import schema
from config.api import urlpatterns
from config.documentation import as_json, as_yaml
from config.operations import meaning_of
from orders.errors import DomainError
from orders.services.restaurants import SlugTaken
from orders.states import Role
from tests.callers import Caller, open_house


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return schema.document()


def part_of(document: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
    """Return what is said, also where the document says it once for many."""
    if "$ref" not in said:
        return said
    _, _, kind, name = said["$ref"].split("/")
    part: dict[str, Any] = document["components"][kind][name]
    return part


def answers_of(document: dict[str, Any], operation: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {status: part_of(document, answer) for status, answer in operation["responses"].items()}


def test_document_is_valid_and_made_without_a_warning() -> None:
    schema.document.cache_clear()
    GENERATOR_STATS.reset()
    with GENERATOR_STATS.silence():
        document = schema.document()

    # As drf-spectacular's own validate_schema() does, in milliseconds instead of seconds.
    openapi = json.loads(Path(validation.__file__).with_name("openapi_3_1_schema.json").read_text())
    jsonschema_rs.validate(openapi, json.loads(OpenApiJsonRenderer().render(document)))

    assert document["openapi"].startswith("3.1.")
    assert (dict(GENERATOR_STATS._warn_cache), dict(GENERATOR_STATS._error_cache)) == ({}, {})


def test_every_address_of_the_api_is_described(document: dict[str, Any]) -> None:
    served = {
        "/api/" + str(pattern.pattern).replace("<id:", "{").replace(">", "}")
        for pattern in urlpatterns
        if not str(pattern.pattern).endswith("/") and str(pattern.pattern) not in ("", "schema", "docs")
    }

    assert set(document["paths"]) == served


def test_every_operation_says_who_may_call_and_how_it_refuses(document: dict[str, Any]) -> None:
    operations = [operation for path in document["paths"].values() for operation in path.values()]

    assert all(operation["summary"] and operation["description"] and operation["tags"] for operation in operations)
    doors = {operation["operationId"] for operation in operations if "security" not in operation}
    assert doors == {"sign_in", "refresh_sign_in"}
    assert not any("default" in operation["responses"] for operation in operations)
    assert len({operation["operationId"] for operation in operations}) == len(operations)


def test_every_example_is_right_by_its_own_schema(document: dict[str, Any]) -> None:
    wrong: list[Any] = []
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            answers = answers_of(document, operation).values()
            contents = [operation.get("requestBody", {}), *answers]
            for media_type, media in [pair for content in contents for pair in content.get("content", {}).items()]:
                if media_type.startswith("image/"):
                    continue
                validator = Draft202012Validator({**media["schema"], "components": document["components"]})
                examples = media.get("examples", {"": {"value": media.get("example")}}).values()
                values = [part_of(document, example)["value"] for example in examples]
                wrong += [(method, path, value) for value in values if not validator.is_valid(value)]

    assert wrong == []


def test_every_code_of_a_refusal_is_named_where_it_can_occur(document: dict[str, Any]) -> None:
    def codes(kind: type[DomainError]) -> set[str]:
        return {kind.code}.union(*map(codes, kind.__subclasses__()))

    named = {
        code
        for operations in document["paths"].values()
        for operation in operations.values()
        for response in answers_of(document, operation).values()
        for media in response.get("content", {}).values()
        for code in media.get("examples", ())
    }

    assert codes(DomainError) - named == set()


def test_code_means_what_the_api_means_by_it_when_a_command_has_an_error_of_the_same_code() -> None:
    assert SlugTaken.code == "duplicate"

    assert meaning_of("duplicate") == "The restaurant has it already."


def test_scopes_stand_beside_the_device_where_it_may_call(document: dict[str, Any]) -> None:
    def callers(method: str, path: str) -> list[Any]:
        security: list[Any] = document["paths"][path][method]["security"]
        return security

    assert callers("post", "/api/orders") == [{"staff": []}, {"device": ["orders:write"]}, {"session": []}]
    assert callers("get", "/api/devices") == [{"staff": []}, {"session": []}]
    assert callers("get", "/api/guest/menu") == [{"table": []}, {"tracking": []}, {"customer": []}]
    assert {"device": []} in callers("get", "/api/events")
    assert set(document["components"]["securitySchemes"]) == {
        "staff", "device", "table", "tracking", "customer", "session",
    }  # fmt: skip


def test_limits_say_when_to_come_back(document: dict[str, Any]) -> None:
    answers = answers_of(document, document["paths"]["/api/orders"]["get"])

    assert set(answers) == {"200", "400", "401", "403", "406", "429", "503"}
    assert "Retry-After" in answers["429"]["headers"]
    assert "Retry-After" in answers["503"]["headers"]


def test_writes_take_their_headers(document: dict[str, Any]) -> None:
    def headers(path: str, method: str) -> list[str]:
        parameters = [part_of(document, said) for said in document["paths"][path][method].get("parameters", [])]
        return [parameter["name"] for parameter in parameters if parameter["in"] == "header"]

    assert headers("/api/orders", "post") == ["Idempotency-Key"]
    assert headers("/api/auth/token", "post") == []
    assert headers("/api/orders/{order_id}", "patch") == ["If-Match"]
    assert headers("/api/kitchen/orders/{ticket_id}/status", "put") == ["If-Match"]
    assert headers("/api/kitchen/orders/{ticket_id}/recall", "post") == ["Idempotency-Key"]
    assert headers("/api/kitchen/stations/{station_id}", "patch") == []


@pytest.mark.django_db
def test_answers_are_as_the_document_says(document: dict[str, Any]) -> None:
    house = open_house()
    ticket = house.ticket()
    order_id, ticket_id = ticket["order_id"], ticket["id"]
    boss = house.caller(Role.OWNER)

    for path, address in {
        "/api/orders": "/api/orders",
        "/api/orders/{order_id}": f"/api/orders/{order_id}",
        "/api/orders/{order_id}/transitions": f"/api/orders/{order_id}/transitions",
        "/api/kitchen/orders": "/api/kitchen/orders",
        "/api/kitchen/orders/{ticket_id}": f"/api/kitchen/orders/{ticket_id}",
        "/api/kitchen/stations": "/api/kitchen/stations",
        "/api/menu-items": "/api/menu-items",
        "/api/tables": "/api/tables",
        "/api/categories": "/api/categories",
        "/api/events": "/api/events",
    }.items():
        said = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        validator = Draft202012Validator({**said, "components": document["components"]})
        assert [error.message for error in validator.iter_errors(boss.get(address).body)] == []


@pytest.mark.django_db
def test_refusals_are_as_the_document_says(document: dict[str, Any]) -> None:
    validator = Draft202012Validator(document["components"]["schemas"]["Problem"])

    bodies = [Caller().get("/api/orders").body, Caller().post("/api/auth/token", {}).body]

    assert [error.message for body in bodies for error in validator.iter_errors(body)] == []


def test_what_is_said_once_is_said_by_somebody_and_by_no_other_name(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    named = set(re.findall(r'"#/components/([^"]+)"', text))
    shared = {f"{kind}/{name}" for kind, parts in document["components"].items() for name in parts}

    assert {name for name in shared if not name.startswith("securitySchemes/")} == named
    answers = [json.dumps(answer) for answer in document["components"]["responses"].values()]
    assert len(set(answers)) == len(answers)
    assert set(document["components"]["responses"]) >= {"BadRequest", "BadRequestParseError", "Conflict", "NotFound"}


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("form", ["vnd.oai.openapi+json", "json", "vnd.oai.openapi", "yaml"])
def test_document_is_the_same_in_every_form_and_language(document: dict[str, Any], form: str, language: str) -> None:
    headers = {"Accept": f"application/{form}", "Accept-Language": language}

    response = Client().get("/api/schema", headers=headers)

    assert response.headers["Content-Type"].partition(";")[0] == f"application/{form}"
    if form.endswith("json"):
        assert json.loads(response.content) == document
    else:
        assert response.content == as_yaml()


def test_yaml_says_the_same_as_json(document: dict[str, Any]) -> None:
    assert yaml.load(as_yaml(), Loader=yaml.CSafeLoader) == json.loads(as_json())


@pytest.mark.parametrize("path", ["/api/schema/", "/api/schema"])
def test_document_is_served_to_everybody(path: str) -> None:
    response = Client().get(path)

    assert response.status_code == 200
    assert b"openapi: 3.1" in response.content


@pytest.mark.parametrize("path", ["/api/docs/", "/api/docs"])
def test_documentation_page_needs_nothing_from_another_host(path: str) -> None:
    response = Client().get(path)

    page = response.content.decode()
    assert response.status_code == 200
    assert "http:" not in page
    assert "https:" not in page
    assert "<script>" not in page
    assert "<style>" not in page
