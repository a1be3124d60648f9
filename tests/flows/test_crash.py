"""A crash between the commit and the answer: whoever asks again under the same key is told what was done."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from orders.models import Order, StoredAnswer
from orders.states import Role
from realtime.commands import in_thread
from tests.live import Served

if TYPE_CHECKING:
    from tests.places import Place


@pytest.mark.django_db(transaction=True)
async def test_order_is_made_once_when_the_server_dies_before_its_answer_arrives(place: Place) -> None:
    server = Served().start()
    token = await in_thread(lambda: place.token(Role.WAITER))
    body = {"channel": "dine_in", "items": [{"menu_item_id": place.dish.pk, "quantity": 1}]}

    def ask(served: Served) -> tuple[int, dict[str, int]]:
        status, answer = served.post("/api/orders", body, token, **{"Idempotency-Key": "once"})
        return status, answer

    def kill_at_commit() -> None:
        deadline = time.monotonic() + 30
        while not StoredAnswer.objects.exists() and time.monotonic() < deadline:
            pass  # every moment counts: the answer is on its way
        server.kill()

    asked, _ = await asyncio.gather(asyncio.to_thread(ask, server), in_thread(kill_at_commit), return_exceptions=True)
    again = Served().start()
    try:
        status, answer = await asyncio.to_thread(ask, again)
    finally:
        again.stop()

    order = await in_thread(Order.objects.get)
    assert (status, answer["id"]) == (201, order.pk)
    # It may have got through in time all the same; then it was this very answer.
    assert isinstance(asked, BaseException) or asked[1] == answer
