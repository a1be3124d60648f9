"""A manager tells every screen something at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from orders.states import Role
from realtime.models import Alert, Event
from tests.callers import Caller

if TYPE_CHECKING:
    from tests.callers import House

pytestmark = pytest.mark.django_db
BODY = {"severity": "warning", "message": "Inspector in the house"}


@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.OWNER, 201), (Role.MANAGER, 201), (Role.WAITER, 403), (Role.KITCHEN, 403), (Role.CASHIER, 403)],
)
def test_alert_is_raised_when_the_role_may(house: House, role: Role, status: int) -> None:
    caller, before = house.caller(role), house.announced()

    reply = caller.post("/api/alerts", BODY)

    assert reply.status == status
    assert house.events()[before:] == (["alert"] if status == 201 else [])
    assert Alert.objects.count() == (status == 201)


def test_alert_is_answered_and_announced_as_it_was_sent(house: House) -> None:
    reply = house.manager.post("/api/alerts/", {**BODY, "audience": "all"})

    event = Event.objects.get(restaurant=house.restaurant, type="alert")
    assert {name: reply.body[name] for name in ("severity", "message", "audience")} == {**BODY, "audience": "all"}
    assert event.data == '{"severity":"warning","message":"Inspector in the house","audience":"all"}'
    assert event.source == "api"


def test_alert_is_raised_once_when_its_key_is_repeated(house: House) -> None:
    replies = [house.manager.post("/api/alerts", BODY, idempotency_key="a") for _ in range(2)]

    assert replies[0].body == replies[1].body
    assert Alert.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, ["/message", "/severity"]),
        ({**BODY, "severity": "fatal"}, ["/severity"]),
        ({**BODY, "message": ""}, ["/message"]),
        ({**BODY, "message": "  "}, ["/message"]),
        ({**BODY, "message": "x" * 501}, ["/message"]),
        ({**BODY, "message": 5}, ["/message"]),
        ({**BODY, "audience": "guests"}, ["/audience"]),
        ({**BODY, "room": "kitchen"}, ["/room"]),
    ],
)
def test_bad_request_when_a_field_is_wrong(house: House, body: Any, pointers: list[str]) -> None:
    caller, before = house.manager, house.announced()

    reply = caller.post("/api/alerts", body)

    assert (reply.status, [pointer for pointer, _ in reply.pointers]) == (400, pointers)
    assert (Alert.objects.count(), house.announced()) == (0, before)


def test_unauthenticated_when_nobody_signed_in(db: None) -> None:
    assert Caller().post("/api/alerts", BODY).status == 401
