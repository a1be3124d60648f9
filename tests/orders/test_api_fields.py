"""Every field of every body, and every parameter, sent wrong in every way: refused by its name, and nothing changes.

What is wrong is told from the published document: what it does not allow, the API must not take.
"""

from __future__ import annotations

import copy
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from config import schema
from tests.callers import Caller, Reply
from tests.factories import (
    AllergenFactory,
    CategoryFactory,
    CounterFactory,
    CustomerFactory,
    FoodTypeFactory,
    ModifierGroupFactory,
    TableFactory,
)
from tests.orders.endpoints import OPERATIONS
from tests.orders.full_house import FullHouse, open_full_house
from tests.pantry import stocked

pytestmark = pytest.mark.django_db

Json = dict[str, Any]

WRONG: tuple[Any, ...] = (
    None, True, 0, -1, 1.5, 2**31, 2**63, -(2**63), 1e300, 10**40, "", " ", "1", "x", "x" * 2001, "NaN", "٣", "\u202e",
    [], {}, [None], [0], [2**63], ["x"], [1] * 101, {"x": 1},
)  # fmt: skip
WRONG_AMOUNTS = ("-1.00", "NaN", "Infinity", "1e3", "1,00", "1.005", "", " 1", "123456789.00", "٣.00", 5, 5.5)
ODD = "Zoë 🍷\u202e\u200d\u0301 ' \" \\ <b> %s {} ؀"
# What is unique, or has a form of its own.
FORMED = {"username", "password", "email", "phone", "token", "refresh", "restaurant", "transaction_reference"}
UNKNOWN_ID = 2**63 - 1
BODIES = [name for name, operation in OPERATIONS.items() if operation.body and "json" in operation.content_type]


@cache
def document() -> Json:
    return schema.document()


def operation_of(name: str) -> Json:
    """Return what the document says of an operation, whatever its path's ids are called."""
    method, path = name.split(" ")
    for template, methods in document()["paths"].items():
        if re.sub("{[^}]*}", "{}", template) == path:
            described: Json = methods[method.lower()]
            return described
    pytest.fail(f"{name} is not in the document")


def resolved(part: Json) -> Json:
    """Follow a reference; of several kinds of body take the first."""
    while True:
        if "$ref" in part:
            part = document()["components"]["schemas"][part["$ref"].rsplit("/", 1)[1]]
        elif "allOf" in part and len(part["allOf"]) == 1:
            part = part["allOf"][0]
        elif "oneOf" in part and all("$ref" in one for one in part["oneOf"]):
            part = part["oneOf"][0]
        else:
            return part


def body_schema(name: str) -> Json:
    return resolved(operation_of(name)["requestBody"]["content"]["application/json"]["schema"])


def refused_values(part: Json, values: tuple[Any, ...] = WRONG) -> list[Any]:
    """Return which of the wrong values the document does not allow for a field."""
    said = {**part, "components": document()["components"]}
    validator = Draft202012Validator(said, format_checker=Draft202012Validator.FORMAT_CHECKER)
    return [value for value in values if not validator.is_valid(value)]


def at(body: Any, place: tuple[str | int, ...], value: Any) -> Any:
    """Return a copy of the body with another value at a place."""
    changed = copy.deepcopy(body)
    inner = changed
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    return changed


def fields(part: Json, body: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Json]]:
    """Return each field's place and what the document says of it, also of those within others, where one is sent."""
    for name, raw in resolved(part).get("properties", {}).items():
        field, here = resolved(raw), (*place, name)
        yield here, field
        sent = body.get(name)
        if isinstance(sent, dict):
            yield from fields(field, sent, here)
        elif isinstance(sent, list) and sent and isinstance(sent[0], dict):
            yield from fields(resolved(field["items"]), sent[0], (*here, 0))


def wrong_values(field: Json) -> list[Any]:
    wrong = refused_values(field)
    if field.get("format") == "decimal":
        wrong += [value for value in refused_values(field, WRONG_AMOUNTS) if value not in wrong]
    if "string" in (field.get("type"), *(field.get("type") or ())):
        wrong.append("a\x00b")
    return wrong


def pointer(place: tuple[str | int, ...]) -> str:
    return "".join(f"/{step}" for step in place)


class Asking:
    """One operation, as somebody who may call it does, again and again with the same target."""

    def __init__(self, name: str) -> None:
        self.name, self.operation, self.house = name, OPERATIONS[name], open_full_house()
        self.caller: Caller = self.house.by_letter(next(letter for letter in "omTtun" if letter in self.operation.who))
        self.ids = self.operation.target(self.house)
        self.body: Any = self.operation.body(self.house, self.ids) if self.operation.body else None
        self.announced = self.house.announced()

    def send(self, body: Any = None, query: str = "") -> Reply:
        """Send the right body, or another, about the target."""
        return self._send(self.ids, self.body if body is None else body, query)

    def to(self, *ids: Any) -> Reply:
        """Send the right body to another address."""
        return self._send(ids, self.body, "")

    def _send(self, ids: tuple[Any, ...], body: Any, query: str) -> Reply:
        method, path = self.name.split(" ")
        kind = {} if body is None else {"content_type": self.operation.content_type}
        return self.caller.call(method, path.format(*ids) + query, body, **kind)

    def nothing_changed(self) -> None:
        assert self.house.announced() == self.announced


@pytest.mark.parametrize("name", BODIES)
def test_wrong_field_is_named_when_it_is_sent(name: str) -> None:
    asking = Asking(name)
    said = body_schema(name)
    found = {}

    for place, field in fields(said, asking.body):
        for value in wrong_values(field):
            reply = asking.send(at(asking.body, place, value))
            named = reply.status == 400 and any(
                error["pointer"].startswith(pointer(place)) for error in reply.body["errors"]
            )
            if not named:
                found[pointer(place), repr(value)[:40]] = (reply.status, reply.body)

    assert found == {}
    asking.nothing_changed()


@pytest.mark.parametrize("name", BODIES)
def test_missing_and_unknown_fields_are_named_when_a_body_is_sent(name: str) -> None:
    asking = Asking(name)
    said = body_schema(name)

    for missing in said.get("required", []):
        reply = asking.send({key: value for key, value in asking.body.items() if key != missing})
        assert (reply.status, reply.pointers) == (400, [(f"/{missing}", "required")])
    reply = asking.send({**asking.body, "zzz": 1})
    assert (reply.status, reply.pointers) == (400, [("/zzz", "unknown")])

    for raw in (
        b"[]",
        b'"x"',
        b"1",
        b"null",
        b"{",
        b"\xff",
        b'{"zzz": NaN}',
        b'{"zzz": Infinity}',
        b'{"a": "\\ud800"}',
    ):
        assert asking.send(raw).status == 400
    asking.nothing_changed()


@pytest.mark.parametrize("name", BODIES)
def test_odd_text_is_kept_as_it_was_sent(name: str) -> None:
    asking = Asking(name)
    body = asking.body
    for place, field in fields(body_schema(name), asking.body):
        is_text = field.get("type") == "string" and not {"enum", "format", "pattern"} & set(field)
        if is_text and place[-1] not in FORMED:
            body = at(body, place, ODD[: field.get("maxLength", len(ODD))])

    reply = asking.send(body)

    assert reply.status == OPERATIONS[name].status, reply.body
    sent = {key for key, value in body.items() if isinstance(value, str) and value.startswith(ODD[:4])}
    assert {key: reply.body[key] for key in sent & set(reply.body)} == {
        key: body[key] for key in sent & set(reply.body)
    }


ROWS: dict[str, Callable[[FullHouse], Any]] = {
    "menu_item_id": lambda house: house.dish.pk,
    "table_id": lambda house: TableFactory(restaurant=house.restaurant).pk,
    "customer_id": lambda house: CustomerFactory(restaurant=house.restaurant).pk,
    "order_id": lambda house: house.order()["id"],
    "counter_id": lambda house: CounterFactory(restaurant=house.restaurant).pk,
    "category_id": lambda house: CategoryFactory(restaurant=house.restaurant).pk,
    "food_type_id": lambda house: FoodTypeFactory(restaurant=house.restaurant).pk,
    "station_id": lambda house: house.station.pk,
    "item_id": lambda house: house.ticket()["items"][0]["id"],
    "allergen_ids": lambda house: [AllergenFactory(restaurant=house.restaurant).pk],
    "modifier_group_ids": lambda house: [ModifierGroupFactory(restaurant=house.restaurant).pk],
    "station_ids": lambda house: [house.station.pk],
    "ingredient_id": lambda house: stocked(house.restaurant.pk, house.fresh_name(), unit="kg").pk,
    "may_contain_ids": lambda house: [AllergenFactory(restaurant=house.restaurant).pk],
}


@pytest.mark.parametrize("name", BODIES)
def test_not_found_when_a_body_names_what_is_unknown_or_anothers(name: str) -> None:
    asking, foreign = Asking(name), open_full_house()
    places = [place for place, _ in fields(body_schema(name), asking.body) if place[-1] in ROWS]

    for place in places:
        anothers: Any = ROWS[str(place[-1])](foreign)
        unknown: Any = [UNKNOWN_ID] if isinstance(anothers, list) else UNKNOWN_ID
        for value in (anothers, unknown):
            body = at(asking.body, place, value)
            if place[-1] == "customer_id":
                body.pop("customer", None)
            reply = asking.send(body)
            assert (reply.status, reply.body["code"]) == (404, "not_found"), (place, reply.body)

    asking.nothing_changed()


@pytest.mark.parametrize("name", [name for name in OPERATIONS if "{}" in name])
def test_not_found_when_a_path_names_no_row(name: str) -> None:
    asking = Asking(name)
    places = name.count("{}")
    ids: list[Any] = [UNKNOWN_ID, 0, -1, "01", 2**63, "x", "1.0", "%00", "١"]

    statuses = {
        (place, number): asking.to(*asking.ids[:place], number, *asking.ids[place + 1 :]).status
        for place in range(places)
        for number in ids
    }

    assert statuses == dict.fromkeys(statuses, 404)
    asking.nothing_changed()


def test_other_methods_are_refused_by_name() -> None:
    house = open_full_house()
    taken: dict[str, set[str]] = defaultdict(set)
    for name in OPERATIONS:
        method, path = name.split(" ")
        taken[path].add(method)
    guest, boss, before = house.by_letter("T"), house.by_letter("o"), house.announced()

    for path, methods in taken.items():
        caller = guest if path.startswith("/api/guest") else boss
        for method in sorted({"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE"} - methods):
            reply = caller.call(method, path.replace("{}", "1"))
            assert reply.status == 405, (method, path, reply.body)
            assert methods <= set(reply.headers["Allow"].replace(" ", "").split(","))

    assert house.announced() == before


@pytest.mark.parametrize("name", [name for name in OPERATIONS if name.startswith("GET") and "health" not in name])
def test_wrong_parameter_is_named_when_it_is_sent(name: str) -> None:
    asking = Asking(name)
    parameters = [one for one in operation_of(name).get("parameters", []) if one["in"] == "query"]

    assert asking.send(query="?zzz=1").pointers == [("/zzz", "unknown")]
    for parameter in parameters:
        wrong = ["a%00b", *_wrong_parameters(resolved(parameter["schema"]))]
        for value in wrong:
            reply = asking.send(query=f"?{parameter['name']}={value}")
            assert reply.status == 400, (parameter["name"], value, reply.body)
            assert reply.body["errors"][0]["pointer"].split("/")[1] == parameter["name"]


def _wrong_parameters(field: Json) -> list[str]:
    if field.get("type") == "array":
        return _wrong_parameters(resolved(field["items"]))
    if field.get("type") == "integer":
        enormous = [str(field["maximum"] + 1)] if "maximum" in field else []
        return ["", "x", "-1", "1.5", "1%202", "%D9%A3", "1e3", *enormous]
    if field.get("type") == "boolean":
        return ["", "1", "True", "maybe"]
    if "enum" in field:
        return ["", "gone", field["enum"][0].upper() + "x"]
    if field.get("format") in ("date", "date-time"):
        return ["", "yesterday", "2026-13-01", "2026-02-30T00:00:00Z", "NaN"]
    return ["x" * 3000]
