"""The last portions are sold once, however many ask for them at the same moment."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from django.db import connection

from orders.models import MenuItem, Order
from tests.callers import Caller, Reply

if TYPE_CHECKING:
    from tests.callers import House


@pytest.fixture
def house(transactional_db: None) -> House:
    from tests.callers import open_house  # noqa: PLC0415 - models can be imported once the settings are there

    return open_house()


def test_exactly_five_are_sold_when_twenty_order_the_last_five(house: House) -> None:
    house.manager.patch(f"/api/menu-items/{house.dish.pk}", {"stock": 5})
    token, start = house.waiter.token, threading.Barrier(20)
    replies: list[Reply] = []

    def order() -> None:
        try:
            caller = Caller(token=token)
            start.wait(30)
            replies.append(caller.post("/api/orders", house.order_body()))
        finally:
            connection.close()

    _run([threading.Thread(target=order) for _ in range(20)])

    sold = [reply for reply in replies if reply.status == 201]
    refused = [reply for reply in replies if reply.status == 409]
    assert (len(sold), len(refused)) == (5, 15)
    problem = {
        "pointer": "/items/0/quantity",
        "code": "out_of_stock",
        "detail": f"{house.dish.name}: 0 left.",
        "menu_item_id": house.dish.pk,
        "left": 0,
    }
    assert [(reply.body["code"], reply.body["errors"]) for reply in refused] == [("out_of_stock", [problem])] * 15
    assert (MenuItem.objects.get().stock, Order.objects.count()) == (0, 5)
    assert sorted(reply.body["order_number"] for reply in sold) == [f"T1-{n:03d}" for n in range(1, 6)]
    assert house.events().count("order:created") == 5


def _run(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
