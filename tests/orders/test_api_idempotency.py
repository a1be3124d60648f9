"""A POST that is sent twice is done once."""

from __future__ import annotations

import datetime as dt
import threading
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.utils import timezone

from config.api import urlpatterns
from orders.access import actor_of
from orders.models import Order, StoredAnswer
from orders.services.idempotency import KEPT_FOR, Answer, answer_once
from orders.states import Role
from tests.callers import Caller, open_house
from tests.factories import MembershipFactory

if TYPE_CHECKING:
    from tests.callers import House

pytestmark = pytest.mark.django_db


def test_first_answer_is_replayed_when_key_and_body_are_the_same(house: House) -> None:
    first = house.waiter.post("/api/orders", house.order_body(), idempotency_key="a")
    before = house.announced()

    second = house.waiter.post("/api/orders", house.order_body(), idempotency_key="a")

    assert (first.status, "Idempotency-Replayed" in first.headers) == (201, False)
    assert (second.status, second.body, second.headers["Idempotency-Replayed"]) == (201, first.body, "true")
    assert [second.headers[name] for name in ("ETag", "Location")] == [first.headers["ETag"], first.headers["Location"]]
    assert (Order.objects.count(), house.announced()) == (1, before)


def test_refused_when_the_key_comes_with_another_body(house: House) -> None:
    house.waiter.post("/api/orders", house.order_body(1), idempotency_key="a")

    reply = house.waiter.post("/api/orders", house.order_body(2), idempotency_key="a")

    assert (reply.status, reply.body["code"]) == (422, "idempotency_key_reused")
    assert Order.objects.count() == 1


def test_refused_when_the_key_comes_at_another_address(house: House) -> None:
    order = house.waiter.post("/api/orders", house.order_body(), idempotency_key="a").body
    item = {"menu_item_id": house.dish.pk, "quantity": 1}

    assert house.waiter.post(f"/api/orders/{order['id']}/items", item, idempotency_key="a").status == 422


def test_key_is_free_when_another_user_takes_it(house: House) -> None:
    house.waiter.post("/api/orders", house.order_body(), idempotency_key="a")

    assert house.manager.post("/api/orders", house.order_body(), idempotency_key="a").status == 201
    assert Order.objects.count() == 2


def test_key_is_free_when_the_user_takes_it_in_another_restaurant(house: House, foreign: House) -> None:
    membership = house.waiter.membership
    assert membership is not None
    elsewhere = Caller(MembershipFactory(user=membership.user, restaurant=foreign.restaurant, role=Role.WAITER))
    house.waiter.post("/api/orders", house.order_body(), idempotency_key="a")

    assert elsewhere.post("/api/orders", foreign.order_body(), idempotency_key="a").status == 201


def test_key_outlives_the_token_when_the_same_user_signs_in_again(house: House) -> None:
    house.waiter.post("/api/orders", house.order_body(), idempotency_key="a")

    again = Caller(house.waiter.membership).post("/api/orders", house.order_body(), idempotency_key="a")

    assert again.headers["Idempotency-Replayed"] == "true"


def test_key_stays_free_when_the_request_was_refused(house: House) -> None:
    refused = house.waiter.post("/api/orders", house.order_body(0), idempotency_key="a")

    reply = house.waiter.post("/api/orders", house.order_body(), idempotency_key="a")

    assert (refused.status, reply.status) == (400, 201)
    assert "Idempotency-Replayed" not in reply.headers


def test_nothing_is_kept_when_the_work_fails_halfway(house: House) -> None:
    house.manager.patch(f"/api/menu-items/{house.dish.pk}/availability", {"is_available": True, "stock": 1})
    caller, before = house.waiter, house.announced()

    reply = caller.post("/api/orders", house.order_body(2), idempotency_key="a")

    assert (reply.status, reply.body["code"]) == (409, "out_of_stock")
    assert (StoredAnswer.objects.count(), Order.objects.count(), house.announced()) == (0, 0, before)


def test_work_is_done_again_when_a_day_has_passed(house: House) -> None:
    house.waiter.post("/api/orders", house.order_body(), idempotency_key="a")
    StoredAnswer.objects.update(created_at=timezone.now() - KEPT_FOR)

    reply = house.waiter.post("/api/orders", house.order_body(), idempotency_key="a")

    assert (reply.status, "Idempotency-Replayed" in reply.headers) == (201, False)
    assert (Order.objects.count(), StoredAnswer.objects.count()) == (2, 1)


def test_old_answers_are_swept_when_a_new_one_is_kept(house: House) -> None:
    house.waiter.post("/api/orders", house.order_body(), idempotency_key="old")
    StoredAnswer.objects.update(created_at=timezone.now() - KEPT_FOR - dt.timedelta(seconds=1))

    house.waiter.post("/api/orders", house.order_body(), idempotency_key="new")

    assert list(StoredAnswer.objects.values_list("key", flat=True)) == ["new"]


@pytest.mark.parametrize("key", ["", "   ", "x" * 256, "caf\xe9", "a\tb"])
def test_bad_request_when_the_key_is_malformed(house: House, key: str) -> None:
    reply = house.waiter.post("/api/orders", house.order_body(), idempotency_key=key)

    assert (reply.status, reply.body["code"]) == (400, "invalid")
    assert Order.objects.count() == 0


def test_longest_key_is_taken_when_it_has_255_characters(house: House) -> None:
    assert house.waiter.post("/api/orders", house.order_body(), idempotency_key="x" * 255).status == 201


def test_every_post_takes_a_key_but_signing_in() -> None:
    posts = {
        str(pattern.pattern): getattr(view.post, "takes_key", False)
        for pattern in urlpatterns
        if (view := getattr(getattr(pattern, "callback", None), "cls", None)) and hasattr(view, "post")
    }

    assert {route for route, takes_key in posts.items() if not takes_key} == {
        "auth/token",
        "auth/token/",
        "auth/refresh",
        "auth/refresh/",
    }
    assert posts["orders"]


def test_signing_in_ignores_a_key(house: House) -> None:
    reply = Caller().post("/api/auth/refresh", {"refresh": "x"}, idempotency_key="x" * 300)

    assert reply.status == 401


@pytest.mark.django_db(transaction=True)
def test_conflict_while_the_first_request_with_the_key_still_runs() -> None:
    house = open_house()
    actor = _actor(house)
    running, finish = threading.Event(), threading.Event()
    answers: list[tuple[Answer, bool]] = []

    def work() -> Answer:
        running.set()
        assert finish.wait(20)
        return Answer(201, b'{"first": true}')

    def first() -> None:
        try:
            answers.append(answer_once(actor=actor, key="a", fingerprint="f", work=work))
        finally:
            connection.close()

    thread = threading.Thread(target=first)
    thread.start()
    assert running.wait(20)
    reply = house.waiter.post("/api/orders", house.order_body(), idempotency_key="a")
    finish.set()
    thread.join(20)

    assert (reply.status, reply.body["code"]) == (409, "idempotency_in_progress")
    assert answers == [(Answer(201, b'{"first": true}'), False)]
    assert Order.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_order_is_made_once_when_eight_send_it_at_the_same_time() -> None:
    house = open_house()
    token = house.waiter.token
    start = threading.Barrier(8)
    replies: list[Any] = []

    def send() -> None:
        try:
            caller = Caller(token=token)
            start.wait(20)
            replies.append(caller.post("/api/orders", house.order_body(), idempotency_key="a"))
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert Order.objects.count() == 1
    assert {reply.status for reply in replies} <= {201, 409}
    assert {reply.body["id"] for reply in replies if reply.status == 201} == {Order.objects.get().pk}
    assert {reply.body["code"] for reply in replies if reply.status == 409} <= {"idempotency_in_progress"}
    assert house.events().count("order:created") == 1


def _actor(house: House) -> Any:
    membership = house.waiter.membership
    assert membership is not None
    return actor_of(membership, "api")
