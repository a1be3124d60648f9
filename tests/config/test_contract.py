"""The whole API against its own document, with requests that nobody thought of: schemathesis, all checks on.

Each operation is asked as somebody who may call it, half of the time about rows that there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import load_all_checks
from schemathesis.config import GenerationConfig, SchemathesisConfig
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation.hypothesis.builder import HypothesisTestConfig, HypothesisTestMode, create_test
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import ignored_auth, negative_data_rejection, positive_data_acceptance

from config.wsgi import application
from orders.access import actor_of, issue_tokens
from orders.models import Customer, Order
from orders.services.cancellations import request_cancellation
from orders.services.payments import take_payment
from orders.states import PaymentMethod, Role
from orders.tokens import customer_link, table_token, tracking_link
from tests.callers import open_house
from tests.factories import (
    AllergenFactory,
    CounterFactory,
    CustomerFactory,
    DeviceFactory,
    FoodTypeFactory,
    ModifierGroupFactory,
)
from tests.pantry import stocked, written

EXAMPLES = 4
SETTINGS = settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
Operation = APIOperation[Any, Any, Any, Any]

config = SchemathesisConfig()
# A key that was used for another body, and a version that is another, are refused rightly.
config.projects.default.checks.positive_data_acceptance.expected_statuses += ["412", "422"]
config.projects.default.generation = GenerationConfig(max_examples=EXAMPLES, with_security_parameters=False)
# That other methods are refused is tests/orders/test_api_fields.py's to say, for all addresses at once.
config.projects.default.phases.coverage.unexpected_methods = set()
JSON = {"Accept": "application/vnd.oai.openapi+json"}
schema = schemathesis.openapi.from_wsgi("/api/schema", application, config=config, headers=JSON)
OPERATIONS = {operation.label: operation for path in schema for operation in schema[path].values()}


@dataclass
class Known:
    """A restaurant with one of everything: the ids by the name of the parameter or the collection, and the tokens."""

    ids: dict[str, int]
    tokens: dict[str, str]

    def token(self, case: schemathesis.Case[Any]) -> str:
        """Return the token of somebody who may call the operation."""
        schemes = {name for option in case.operation.definition.raw.get("security", []) for name in option}
        if "staff" in schemes or not schemes:
            return self.tokens["owner"]
        return self.tokens["tracking" if "{order_id}" in case.path else "table"]

    def point(self, case: schemathesis.Case[Any]) -> None:
        """Have a request that is right in itself be about a row that there is, every other time."""
        meta = case.meta
        where = None if meta is None else meta.components.get(ParameterLocation.PATH)
        if where is None or not where.mode.is_positive or not case.path_parameters or len(case.id) % 2:
            return
        collection = case.path.removeprefix("/api/").partition("/")[0]
        for name in case.path_parameters:
            known = self.ids.get(collection if name == "row_id" else name)
            if known is not None:
                case.path_parameters[name] = known


def keep_to_what_can_be_known(case: schemathesis.Case[Any]) -> None:
    """Leave out what a schema can't say.

    A cursor is signed by us, a span of days is of two parameters, and so is a place in the stream. And to a schema
    1.0 is a whole number, which it is not to us.
    """
    meta = case.meta
    said = None if meta is None else meta.components.get(ParameterLocation.BODY)
    if said is not None and said.mode.is_positive and isinstance(case.body, dict | list):
        case.body = whole(case.body)
        if isinstance(case.body, dict):
            agree(case.body, about_items="items" in case.path)
    where = None if meta is None else meta.components.get(ParameterLocation.QUERY)
    if (where is None or where.mode.is_positive) and case.query:
        for name in ("cursor", "from", "to", "after", "epoch"):
            case.query.pop(name, None)
        # Several values are written with commas between them too: one of which nothing is left there is none.
        for name, value in case.query.items():
            if isinstance(value, list):
                case.query[name] = [text.replace(",", "-") if isinstance(text, str) else text for text in value]


def agree(body: dict[str, Any], *, about_items: bool) -> None:
    """Have fields say nothing against each other: what is right of one may depend on what is said of another."""
    if body.get("status") == "cancelled" and not about_items:
        body["reason"] = "The guest has left"  # what the kitchen has already is not cancelled without one
    if "min" in body:
        body["max"] = max(body["min"], body.get("max", 0))
    if "discount_amount" in body:
        body["discount_amount"] = "0.50"  # never more than the bill
    if "password" in body:  # names and passwords have rules of their own
        body |= {"username": "mira", "password": "swordfish-and-chips"}
    if body.get("customer"):
        body.pop("customer_id", None)
    if body.get("kind", "counter") != "counter":
        body.pop("counter_id", None)
    if body and body.keys() <= {"name", "phone", "email"}:
        body["name"] = body.get("name") or "Ada"  # a guest is known by something
    body.pop("version", None)  # If-Match may name another


def whole(value: Any) -> Any:
    """Return JSON in which a whole number is written as one, and in a list of ids each stands once."""
    if isinstance(value, dict):
        return {key: whole(inner) for key, inner in value.items()}
    if isinstance(value, list):
        inside = [whole(inner) for inner in value]
        # Nothing is chosen twice.
        return list(dict.fromkeys(inside)) if all(type(inner) is int for inner in inside) else inside
    return int(value) if isinstance(value, float) and value.is_integer() else value


@pytest.fixture(scope="module")
def known(shared_rows: None) -> Known:
    house = open_house()
    house.manager.patch(f"/api/menu-items/{house.dish.pk}", {"stock": 1000})
    guest: Customer = CustomerFactory(restaurant=house.restaurant)
    ticket = house.ticket(customer_id=guest.pk)
    order = Order.objects.get(pk=ticket["order_id"])
    boss = house.caller(Role.OWNER).membership
    assert boss is not None
    actor = actor_of(boss, "api")
    counter = CounterFactory(restaurant=house.restaurant)
    payment = take_payment(order_id=order.pk, amount=order.final_amount / 2, method=PaymentMethod.CARD, actor=actor)
    request = request_cancellation(order_id=order.pk, reason="late", actor=actor)
    waiter = house.waiter.membership
    assert waiter is not None
    ids = {
        "order_id": order.pk,
        "item_id": order.items.get().pk,
        "ticket_id": ticket["id"],
        "contract_id": ticket["contract_id"],
        "station_id": house.station.pk,
        "request_id": request.pk,
        "payment_id": payment.pk,
        "counter_id": counter.pk,
        "device_id": DeviceFactory(restaurant=house.restaurant).pk,
        "member_id": waiter.pk,
        "customer_id": guest.pk,
        "tables": house.table.pk,
        "customers": guest.pk,
        "menu-items": house.dish.pk,
        "categories": house.dish.category_id,
        "allergens": AllergenFactory(restaurant=house.restaurant).pk,
        "food-types": FoodTypeFactory(restaurant=house.restaurant).pk,
        "modifier-groups": ModifierGroupFactory(restaurant=house.restaurant).pk,
        "recipe_id": written(house.dish).pk,
        "ingredients": stocked(house.restaurant.pk, "Flour").pk,
    }
    tokens = {
        "owner": issue_tokens(boss).access,
        "table": table_token(house.table),
        "tracking": tracking_link(order).token,
        "customer": customer_link(guest).token,
    }
    return Known(ids, tokens)


@pytest.fixture
def one_connection(known: Known, db: None) -> Iterator[None]:
    """Leave the connection open after a request, as Django's own test client does: the test's transaction is on it."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)

    yield

    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def modes(operation: Operation) -> list[HypothesisTestMode]:
    """Choose what an operation is asked: drawn at random, its examples, and everything that its schema tells apart.

    PUT and PATCH are the same view, and where the document says the same of both, one of them is asked everything.
    """
    drawn = [HypothesisTestMode.EXAMPLES, HypothesisTestMode.FUZZING]
    twin = OPERATIONS.get(f"PATCH {operation.path}") if operation.method == "put" else None
    if twin is not None and said(twin) == said(operation):
        return drawn
    return [*drawn, HypothesisTestMode.COVERAGE]


def said(operation: Operation) -> dict[str, Any]:
    """Return what the document says of an operation, beside its names."""
    return {key: value for key, value in operation.definition.raw.items() if key not in ("operationId", "summary")}


# schemathesis's own way, `@schema.parametrize()`, draws thousands of requests in each process that looks for tests.
@pytest.mark.parametrize("label", OPERATIONS)
@pytest.mark.usefixtures("one_connection")
def test_answers_are_as_the_document_says_whatever_is_asked(label: str, known: Known) -> None:
    # Bytes that nobody drew are no picture; a form with the example's picture is right, whatever else was changed.
    excluded: list[schemathesis.CheckFunction] = []
    if label.endswith("/image"):
        excluded += [positive_data_acceptance, negative_data_rejection]

    def ask(case: schemathesis.Case[Any]) -> None:
        known.point(case)
        keep_to_what_can_be_known(case)
        headers = {"Authorization": f"Bearer {known.token(case)}"}
        answer = case.call_and_validate(headers=headers, excluded_checks=excluded)
        # That nobody else is let in is asked two more times about what was done; whatever was said, once is enough.
        if answer.status_code < HTTPStatus.MULTIPLE_CHOICES and ignored_auth not in excluded:
            excluded.append(ignored_auth)

    load_all_checks()
    operation = OPERATIONS[label]
    create_test(
        operation=operation,
        test_func=ask,
        config=HypothesisTestConfig(settings=SETTINGS, project=schema.config, modes=modes(operation)),
    )()
