"""Cancellation requests over REST: asked for at an order, listed and decided in the kitchen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from orders.models import CancellationRequest
from orders.states import Role

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

    from tests.callers import Caller, House

pytestmark = pytest.mark.django_db

LIST = "/api/kitchen/cancel-requests"


def asked(house: House, reason: str = "they left") -> dict[str, Any]:
    order = house.confirmed()
    reply = house.waiter.post(f"/api/orders/{order['id']}/cancel-request", {"reason": reason})
    assert reply.status == 201, reply.body
    body: dict[str, Any] = reply.body
    return body


def ids(reply: Any) -> list[int]:
    return [row["id"] for row in reply.body["results"]]


def test_request_is_shown_when_it_is_made(house: House) -> None:
    order = house.confirmed()

    reply = house.waiter.post(f"/api/orders/{order['id']}/cancel-request", {"reason": "they left"})

    request = CancellationRequest.objects.get()
    waiter = house.waiter.membership
    assert waiter is not None
    assert reply.status == 201
    assert reply.body == {
        "id": request.pk,
        "order_id": order["id"],
        "reason": "they left",
        "status": "pending",
        "requested_by_id": waiter.user_id,
        "decided_by_id": None,
        "decision_reason": None,
        "created_at": reply.body["created_at"],
        "decided_at": None,
    }
    shown = house.cook.get(f"/api/orders/{order['id']}").body["pending_cancellation"]
    assert shown == {
        "id": request.pk,
        "reason": "they left",
        "requested_by_id": waiter.user_id,
        "requested_by_name": waiter.user.display_name,
        "created_at": reply.body["created_at"],
    }


def test_request_is_accepted_at_once_when_the_order_is_pending(house: House) -> None:
    order = house.order()

    reply = house.waiter.post(f"/api/orders/{order['id']}/cancel-request", {"reason": "they left"})

    assert (reply.status, reply.body["status"]) == (201, "accepted")
    assert house.waiter.get(f"/api/orders/{order['id']}").body["status"] == "cancelled"


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, [("/reason", "required")]),
        ({"reason": None}, [("/reason", "null")]),
        ({"reason": " "}, [("/reason", "blank")]),
        ({"reason": 7}, [("/reason", "invalid")]),
        ({"reason": "x" * 501}, [("/reason", "max_length")]),
        ({"reason": "ok", "status": "accepted"}, [("/status", "unknown")]),
    ],
)
def test_bad_request_when_the_reason_is_no_good(house: House, body: Any, pointers: Any) -> None:
    order = house.confirmed()
    request = asked(house)
    before = house.announced()

    for path in (f"/api/orders/{order['id']}/cancel-request", f"{LIST}/{request['id']}/reject"):
        reply = house.manager.post(path, body)
        assert (reply.status, reply.pointers) == (400, pointers)

    assert house.announced() == before


def test_conflict_names_the_request_that_waits_when_there_is_one(house: House) -> None:
    request = asked(house)

    reply = house.manager.post(f"/api/orders/{request['order_id']}/cancel-request", {"reason": "again"})

    assert (reply.status, reply.body["code"]) == (409, "conflict")
    assert reply.body["pending_cancellation"]["id"] == request["id"]


def test_conflict_names_what_is_allowed_when_the_order_is_cancelled(house: House) -> None:
    order = house.order()
    house.manager.put(f"/api/orders/{order['id']}/status", {"status": "cancelled"})

    reply = house.waiter.post(f"/api/orders/{order['id']}/cancel-request", {"reason": "again"})

    assert (reply.status, reply.body["code"], reply.body["allowed"]) == (409, "invalid_transition", [])


def test_stale_when_the_version_is_an_older_one(house: House) -> None:
    order = house.confirmed()
    path = f"/api/orders/{order['id']}/cancel-request"

    by_header = house.waiter.post(path, {"reason": "they left"}, if_match='"1"')
    by_body = house.waiter.post(path, {"reason": "they left", "version": 1})

    assert (by_header.status, by_body.status) == (412, 412)
    assert house.waiter.post(path, {"reason": "ok", "version": order["version"]}).status == 201


@pytest.mark.parametrize(
    ("role", "may_ask", "may_decide"),
    [
        (Role.OWNER, True, True),
        (Role.MANAGER, True, True),
        (Role.WAITER, True, False),
        (Role.KITCHEN, False, True),
        (Role.CASHIER, False, False),
    ],
)
def test_roles_may_what_is_theirs(house: House, role: Role, may_ask: bool, may_decide: bool) -> None:
    caller: Caller = house.caller(role)
    order = house.confirmed()
    first, second = asked(house), asked(house)

    asking = caller.post(f"/api/orders/{order['id']}/cancel-request", {"reason": "why not"})
    accepting = caller.post(f"{LIST}/{first['id']}/accept")
    rejecting = caller.post(f"{LIST}/{second['id']}/reject", {"reason": "why not"})

    assert asking.status == (201 if may_ask else 403)
    assert accepting.status == rejecting.status == (200 if may_decide else 403)
    assert caller.get(LIST).status == 200


def test_request_is_not_found_when_it_is_unknown_or_foreign(house: House, foreign: House) -> None:
    request = asked(foreign)

    for number in (request["id"], 999_999_999):
        assert house.cook.post(f"{LIST}/{number}/accept").status == 404
        assert house.cook.post(f"{LIST}/{number}/reject", {"reason": "no"}).status == 404
    path = f"/api/orders/{request['order_id']}/cancel-request"
    assert house.waiter.post(path, {"reason": "no"}).status == 404
    assert house.cook.get(LIST).body["results"] == []


def test_nobody_gets_in_when_they_are_not_signed_in(house: House) -> None:
    request = asked(house)
    nobody = type(house.waiter)()

    assert nobody.get(LIST).status == 401
    assert nobody.post(f"{LIST}/{request['id']}/accept").status == 401


def test_loser_hears_who_decided_when_it_was_decided(house: House) -> None:
    request = asked(house)
    accepted = house.cook.post(f"{LIST}/{request['id']}/accept", {})

    reply = house.manager.post(f"{LIST}/{request['id']}/reject", {"reason": "too late"})

    cook = house.cook.membership
    assert cook is not None
    assert (accepted.status, accepted.body["status"], accepted.body["decided_by_id"]) == (200, "accepted", cook.user_id)
    assert (reply.status, reply.body["code"], reply.body["request_status"]) == (409, "conflict", "accepted")
    assert reply.body["decided_by_name"] == cook.user.display_name
    assert reply.body["decided_at"] == accepted.body["decided_at"]


def test_same_answer_when_a_decision_is_repeated_with_its_key(house: House) -> None:
    request = asked(house)
    path = f"{LIST}/{request['id']}/reject"

    first = house.cook.post(path, {"reason": "nearly done"}, idempotency_key="a")
    again = house.cook.post(path, {"reason": "nearly done"}, idempotency_key="a")

    assert (first.status, again.status, again.body) == (200, 200, first.body)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert first.body["decision_reason"] == "nearly done"


def test_list_is_filtered_and_paged_when_it_is_asked_to_be(house: House) -> None:
    waiting, accepted, rejected = asked(house), asked(house), asked(house)
    house.cook.post(f"{LIST}/{accepted['id']}/accept")
    house.cook.post(f"{LIST}/{rejected['id']}/reject", {"reason": "no"})

    everything = [rejected["id"], accepted["id"], waiting["id"]]
    assert ids(house.waiter.get(LIST)) == everything
    assert ids(house.waiter.get(f"{LIST}?status=pending")) == [waiting["id"]]
    assert ids(house.waiter.get(f"{LIST}?status=accepted,rejected")) == everything[:2]
    page = house.waiter.get(f"{LIST}?limit=2")
    assert ids(page) == everything[:2]
    late = asked(house)
    assert ids(house.waiter.get(page.body["next"])) == everything[2:]
    assert ids(house.waiter.get(f"{LIST}?limit=1")) == [late["id"]]


@pytest.mark.parametrize("query", ["status=gone", "status=", "order=1", "limit=0", "cursor=x"])
def test_bad_request_when_a_filter_is_unknown_or_malformed(house: House, query: str) -> None:
    assert house.waiter.get(f"{LIST}?{query}").status == 400


@pytest.mark.parametrize("requests", [1, 6])
def test_list_takes_a_constant_number_of_queries(
    house: House, requests: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(requests):
        asked(house)
    house.cook.get(LIST)

    with django_assert_num_queries(2):
        assert len(house.cook.get(LIST).body["results"]) == requests
