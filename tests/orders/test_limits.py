"""How often one may ask: exact in Valkey, kept up without it, and never a reason for a failure."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from config.local.valkey import Valkey
from orders import limits
from orders.errors import RateLimited
from orders.limits import Bucket, Valkeys, take
from orders.scopes import Scope
from orders.tokens import table_token
from tests.callers import Caller

if TYPE_CHECKING:
    from tests.callers import House

ORDERS = "/api/orders"
# Slow enough that no token comes back while a test runs.
SLOW = 0.001


@pytest.fixture(autouse=True)
def unseen(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Iterator[None]:
    """A process that has seen nobody, in an installation of its own."""
    monkeypatch.setattr(limits, "_callers", {})
    settings.LAYER_PREFIX = f"{settings.LAYER_PREFIX}-{time.monotonic_ns()}"
    settings.RATE_LIMITS = dict.fromkeys(("staff", "device", "guest", "token", "address"), (SLOW, 4))

    shared = limits._valkeys

    yield

    shared.cache_clear()


def granted(key: str, tries: int = 12) -> int:
    count = 0
    for _ in range(tries):
        try:
            take("staff", key)
        except RateLimited:
            continue
        count += 1
    return count


def another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_callers", {})


def test_bucket_is_full_again_when_time_has_passed() -> None:
    bucket = Bucket(2, at=100.0)

    waits = [bucket.take(100.0 + after, rate=2, burst=2) for after in (0, 0, 0, 0.25, 0.5, 60, 60, 60)]

    assert waits == [0, 0, 0.5, 0.25, 0, 0, 0, 0.5]


def test_burst_is_granted_and_not_one_more() -> None:
    assert granted("a") == 4


def test_callers_and_kinds_have_a_bucket_each() -> None:
    take("device", "a")

    assert (granted("a"), granted("b")) == (4, 4)


def test_refusal_says_how_long_to_wait(settings: Settings) -> None:
    settings.RATE_LIMITS = {"staff": (0.25, 2)}
    take("staff", "a")
    take("staff", "a")

    with pytest.raises(RateLimited) as refused:
        take("staff", "a")

    assert 1 <= refused.value.wait_seconds <= 4


def test_nobody_is_counted_when_the_limit_is_nought(settings: Settings) -> None:
    settings.RATE_LIMITS = {"staff": (0, 0)}

    assert granted("a") == 12
    assert limits._callers == {}


def test_processes_count_together_when_valkey_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    first = granted("a")
    another_process(monkeypatch)

    # One is a quarter of the burst, which each process grants without asking.
    assert (first, granted("a")) == (4, 1)


def test_valkey_is_not_asked_when_somebody_is_slow(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    settings.RATE_LIMITS = {"staff": (50, 100)}
    asked: list[str] = []
    monkeypatch.setattr(limits, "_valkeys", lambda: asked.append("asked"))

    assert granted("a", 25) == 25
    assert asked == []


def test_what_was_granted_unasked_is_counted_later(settings: Settings) -> None:
    settings.RATE_LIMITS = {"staff": (SLOW, 20)}

    assert granted("a", 40) == 20


def test_refused_one_is_refused_without_a_round_trip(monkeypatch: pytest.MonkeyPatch) -> None:
    granted("a")
    monkeypatch.setattr(limits, "_valkeys", lambda: pytest.fail("asked again"))

    assert granted("a") == 0


def test_callers_are_forgotten_when_there_are_very_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_CALLERS", 3)

    for key in "abcde":
        take("staff", key)

    assert list(limits._callers) == ["staff:c", "staff:d", "staff:e"]


def test_callers_who_went_on_asking_are_not_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_CALLERS", 3)

    for key in "abcadaea":
        take("staff", key)

    assert list(limits._callers) == ["staff:d", "staff:e", "staff:a"]


def test_no_more_than_the_burst_is_granted_when_callers_are_forgotten_and_come_back(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.RATE_LIMITS = {"staff": (SLOW, 8)}
    monkeypatch.setattr(limits, "MOST_CALLERS", 2)
    counts = dict.fromkeys("abcd", 0)

    for _ in range(20):
        for key in counts:
            counts[key] += granted(key, 1)

    # One each may have been granted unasked before there were too many.
    assert all(8 <= count <= 9 for count in counts.values())


def test_process_counts_alone_when_valkey_goes_away(own_valkey: Valkey, settings: Settings) -> None:
    settings.REDIS_URLS = (own_valkey.url,)
    limits._valkeys.cache_clear()
    take("staff", "a")
    take("staff", "a")
    own_valkey.stop()

    # Two were granted already; the process goes on from there.
    assert granted("a") == 2
    assert granted("b") == 4


def test_valkey_is_left_alone_for_a_while_when_it_did_not_answer(own_valkey: Valkey) -> None:
    valkeys = Valkeys((own_valkey.url,))
    own_valkey.stop()

    first = valkeys.take("a", rate=1, burst=1, owed=0)
    away = list(valkeys._away_until)
    second = valkeys.take("a", rate=1, burst=1, owed=0)

    assert (first, second) == (None, None)
    assert valkeys._away_until == away
    assert away[0] > time.monotonic()


def test_exactly_the_burst_is_granted_when_many_threads_ask_at_once(settings: Settings) -> None:
    settings.RATE_LIMITS = {"staff": (SLOW, 40)}
    start = threading.Barrier(8)
    counts: list[int] = []

    def ask() -> None:
        start.wait(20)
        counts.append(granted("a", 10))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert sum(counts) == 40


# Over HTTP -----------------------------------------------------------------------------------------


def statuses(caller: Caller, path: str, tries: int = 6) -> list[int]:
    return [caller.get(path).status for _ in range(tries)]


@pytest.mark.django_db
def test_problem_names_the_wait_when_a_user_asks_too_often(house: House) -> None:
    assert statuses(house.waiter, "/api/orders") == [200, 200, 200, 200, 429, 429]

    reply = house.waiter.get("/api/orders")
    assert (reply.status, reply.body["code"], reply.headers["Content-Type"]) == (
        429,
        "rate_limited",
        "application/problem+json",
    )
    assert int(reply.headers["Retry-After"]) >= 1
    assert house.manager.get("/api/orders").status == 200


@pytest.mark.django_db
@pytest.mark.parametrize("caller", ["device", "table"])
def test_device_and_table_are_limited_by_themselves(house: House, caller: str) -> None:
    one: Caller = house.device(Scope.ORDERS_READ) if caller == "device" else Caller(token=table_token(house.table))
    path = "/api/orders" if caller == "device" else "/api/guest/menu"

    assert statuses(one, path) == [200, 200, 200, 200, 429, 429]
    assert house.waiter.get("/api/orders").status == 200


@pytest.mark.django_db
def test_address_is_limited_when_somebody_guesses_at_tokens(house: House) -> None:
    tries: list[Any] = [Caller(token=f"guess-{n}").get("/api/orders").status for n in range(3)]
    tries += [Caller().get("/api/orders").status, Caller().get("/api/orders").status]
    tries += [Caller().post("/api/auth/token", {"username": "a", "password": "b"}).status]

    assert tries == [401, 401, 401, 401, 429, 429]
    assert house.waiter.get("/api/orders").status == 200


@pytest.mark.django_db
def test_device_is_limited_when_it_lacks_the_scope(house: House) -> None:
    device = house.device(Scope.MENU_READ)

    assert statuses(device, "/api/orders") == [403, 403, 403, 403, 429, 429]


def guest_from(house: House, address: str) -> int:
    client = Client(REMOTE_ADDR=address)
    return client.get("/api/guest/menu", headers={"authorization": f"Bearer {table_token(house.table)}"}).status_code


@pytest.mark.django_db
def test_table_is_limited_when_its_code_is_used_from_many_addresses(house: House, settings: Settings) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "guest": (SLOW, 4), "token": (SLOW, 8)}

    asked = [guest_from(house, f"203.0.113.{n}") for n in range(10)]

    assert asked == [200] * 8 + [429] * 2


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["stranger", "guest"])
def test_neighbours_of_one_network_have_one_bucket(house: House, settings: Settings, who: str) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "token": (0, 0)}

    def ask(address: str) -> int:
        return guest_from(house, address) if who == "guest" else Client(REMOTE_ADDR=address).get(ORDERS).status_code

    asked = [ask(f"2001:db8:0:1::{n}") for n in range(6)]

    assert asked == [200 if who == "guest" else 401] * 4 + [429] * 2
    assert ask("2001:db8:0:2::1") != 429
