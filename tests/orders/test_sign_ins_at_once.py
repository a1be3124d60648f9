"""Many who sign in, or guess, at the same moment: nobody else waits for them, and none of them gets more tries."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from queue import Queue
from typing import TYPE_CHECKING, ClassVar

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django.fixtures import Settings

from orders.models import FailedSignIn
from orders.services.sign_ins import MOST_HASHING, MOST_PER_ACCOUNT, MOST_WAITING
from tests.callers import Caller, Reply
from tests.passwords import QuickArgon2

if TYPE_CHECKING:
    from tests.callers import House

SECONDS = 60
PATH = "/api/auth/token"


class GatedArgon2(QuickArgon2):
    """Passwords whose hash is not ready before the test lets it be."""

    gate: ClassVar[threading.Event] = threading.Event()

    def encode(self, password: str, salt: str) -> str:
        assert self.gate.wait(SECONDS)
        encoded: str = super().encode(password, salt)
        return encoded


@pytest.fixture
def gate(settings: Settings) -> Iterator[threading.Event]:
    settings.PASSWORD_HASHERS = [f"{__name__}.GatedArgon2"]
    GatedArgon2.gate.clear()
    yield GatedArgon2.gate
    GatedArgon2.gate.set()


@pytest.fixture
def house(transactional_db: None) -> House:
    from tests.callers import open_house  # noqa: PLC0415 - models can be imported once the settings are there

    return open_house()


def guess_at_once(names: list[str]) -> tuple[Queue[Reply], list[threading.Thread]]:
    """Let somebody guess at each account, all at the same moment."""
    start, replies = threading.Barrier(len(names)), Queue[Reply]()

    def guess(name: str) -> None:
        try:
            start.wait(SECONDS)
            replies.put(Caller().post(PATH, {"username": name, "password": "wrong"}))
        finally:
            connection.close()

    threads = [threading.Thread(target=guess, args=(name,), daemon=True) for name in names]
    for thread in threads:
        thread.start()
    return replies, threads


def test_others_are_served_when_forty_passwords_are_looked_at(house: House, gate: threading.Event) -> None:
    most = MOST_HASHING + MOST_WAITING
    waiter = house.waiter

    replies, threads = guess_at_once([f"guest-{n}" for n in range(40)])
    refused = [replies.get(timeout=SECONDS) for _ in range(40 - most)]
    served = waiter.get("/api/orders")
    gate.set()
    looked_at = [replies.get(timeout=SECONDS) for _ in range(most)]
    for thread in threads:
        thread.join(SECONDS)

    assert served.status == 200
    assert {(reply.status, reply.body["code"], reply.headers["Retry-After"]) for reply in refused} == {
        (503, "unavailable_now", "2")
    }
    assert [reply.status for reply in looked_at] == [401] * most
    # Who was sent away before the password was looked at has failed nothing.
    assert FailedSignIn.objects.count() == most


def test_no_more_are_tried_when_guesses_come_at_once(house: House) -> None:
    now = timezone.now()
    FailedSignIn.objects.bulk_create(FailedSignIn(account="mira", at=now) for _ in range(MOST_PER_ACCOUNT - 1))

    replies, threads = guess_at_once(["mira"] * 12)
    statuses = Counter(replies.get(timeout=SECONDS).status for _ in range(12))
    for thread in threads:
        thread.join(SECONDS)

    assert statuses == {401: 1, 429: 11}
    assert FailedSignIn.objects.count() == MOST_PER_ACCOUNT
