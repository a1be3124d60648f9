"""Who may do what: each caller at each operation of the API."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest

from config import schema
from tests.callers import Reply
from tests.orders.endpoints import OPERATIONS, Ids, Operation
from tests.orders.full_house import LETTERS, STAFF_LETTERS, FullHouse, open_full_house

pytestmark = pytest.mark.django_db


def served_operations() -> set[str]:
    """Return every operation of the document, its path's ids without their names."""
    paths = schema.document()["paths"]
    return {
        f"{method.upper()} {re.sub('{[^}]*}', '{}', path)}" for path, methods in paths.items() for method in methods
    }


def call(house: FullHouse, letter: str, name: str, ids: Ids, body: Any) -> Reply:
    method, path = name.split(" ")
    operation = OPERATIONS[name]
    sent = {} if body is None else {"content_type": operation.content_type}
    return house.by_letter(letter).call(method, path.format(*ids) + operation.query, body, **sent)


def refusal(operation: Operation, letter: str) -> int:
    """Return how somebody is turned away: 401 whose token is no good there, 403 who may not."""
    is_for_guests = set(operation.who) <= set("Ttu")
    if letter in "Ttu":
        return 403 if set(operation.who) & set("Ttu") else 401
    return 401 if letter == "n" or is_for_guests else 403


@pytest.fixture(scope="module")
def opened(shared_rows: None) -> tuple[FullHouse, FullHouse]:
    """Two restaurants in which everybody is there already."""
    houses = open_full_house(), open_full_house()
    for house in houses:
        for letter in LETTERS:
            house.by_letter(letter)
    return houses


@pytest.fixture
def house(opened: tuple[FullHouse, FullHouse]) -> FullHouse:
    return copy.deepcopy(opened[0])


@pytest.fixture
def foreign(opened: tuple[FullHouse, FullHouse]) -> FullHouse:
    return copy.deepcopy(opened[1])


def test_every_operation_is_in_the_table() -> None:
    assert served_operations() == set(OPERATIONS)


@pytest.mark.parametrize("name", OPERATIONS)
def test_each_caller_is_let_in_or_turned_away_as_the_table_says(house: FullHouse, name: str) -> None:
    operation = OPERATIONS[name]
    callers = {letter: house.by_letter(letter) for letter in LETTERS}
    ids = operation.target(house)
    body = operation.body(house, ids) if operation.body else None
    before = house.announced()
    turned_away = [letter for letter in callers if letter not in operation.who]

    refused = {letter: call(house, letter, name, ids, body).status for letter in turned_away}

    assert refused == {letter: refusal(operation, letter) for letter in turned_away}
    assert house.announced() == before
    assert {letter: _done(house, letter, name).status for letter in operation.who} == dict.fromkeys(
        operation.who, operation.status
    )


def _done(house: FullHouse, letter: str, name: str) -> Reply:
    """Do it as somebody who may, on rows of its own."""
    operation = OPERATIONS[name]
    ids = operation.target(house)
    return call(house, letter, name, ids, operation.body(house, ids) if operation.body else None)


@pytest.mark.parametrize(
    "name", [name for name, operation in OPERATIONS.items() if set(operation.who) & {*STAFF_LETTERS}]
)
def test_nothing_of_another_restaurant_is_found(house: FullHouse, foreign: FullHouse, name: str) -> None:
    operation = OPERATIONS[name]
    if name.startswith(("GET /api/health", "POST /api/auth")):
        return
    ids = operation.target(house)
    body = operation.body(house, ids) if operation.body else None
    before = house.announced()

    reply = call(foreign, "o", name, ids, body)

    named = body if isinstance(body, dict) else {}
    names_rows = bool(ids) or any(key.endswith(("_id", "_ids", "token", "items")) for key in named)
    assert reply.status == (404 if names_rows else operation.status), reply.body
    assert house.announced() == before
