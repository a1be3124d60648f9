"""Whether a process lives and is ready, asked of real ones."""

from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from config.connections import NOWHERE, NOWHERE_LAYER
from orders.access import issue_tokens
from tests.callers import open_house
from tests.live import Served

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def cut_off() -> Iterator[Served]:
    """A server that reaches neither its database nor its layer."""
    server = Served(DATABASE_URL=NOWHERE, REDIS_URL=NOWHERE_LAYER, DATABASE_POOL_TIMEOUT_SECONDS="0.5").start()

    yield server

    server.stop()


@pytest.fixture
def whole(transactional_db: None) -> Iterator[Served]:
    server = Served().start()

    yield server

    server.stop()


def test_ready_when_every_part_is_there(whole: Served) -> None:
    live, ready = httpx.get(f"{whole.url}/api/health/live"), httpx.get(f"{whole.url}/api/health/ready/")

    assert (live.status_code, live.json()) == (200, {"status": "ok"})
    assert (ready.status_code, ready.json()) == (
        200,
        {"status": "ok", "checks": {"database": "ok", "layer": "ok", "migrations": "ok", "hub": "ok"}},
    )


def test_body_is_read_when_no_length_announces_it(whole: Served) -> None:
    house = open_house()
    membership = house.waiter.membership
    assert membership is not None
    client = http.client.HTTPConnection("127.0.0.1", whole.port, timeout=20)
    headers = {"Authorization": f"Bearer {issue_tokens(membership).access}", "Content-Type": "application/json"}

    def chunks(body: bytes) -> Any:
        yield from (body[:10], body[10:])

    client.request("POST", "/api/orders", body=chunks(json.dumps(house.order_body()).encode()), headers=headers)
    taken = client.getresponse()
    taken.read()
    client.request("POST", "/api/orders", body=chunks(b'"' + b"x" * 1024 * 1024 + b'"'), headers=headers)
    refused = client.getresponse()
    refused.read()
    client.close()

    assert (taken.status, refused.status) == (201, 413)


def test_cut_off_server_says_so_and_asks_to_come_back(cut_off: Served, db: None) -> None:
    house = open_house()
    membership = house.waiter.membership
    assert membership is not None
    headers = {"Authorization": f"Bearer {issue_tokens(membership).access}"}

    live, ready = httpx.get(f"{cut_off.url}/api/health/live"), httpx.get(f"{cut_off.url}/api/health/ready", timeout=20)
    orders = httpx.get(f"{cut_off.url}/api/orders", headers=headers, timeout=20)
    order = httpx.post(f"{cut_off.url}/api/orders", headers=headers, json=house.order_body(), timeout=20)

    assert live.status_code == 200
    assert (ready.status_code, ready.json()["failed"]) == (503, ["database", "layer", "migrations"])
    assert NOWHERE.split("@")[1] not in ready.text
    for refused in (orders, order):
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "2")
        assert refused.headers["Content-Type"] == "application/problem+json"
