"""An order's history: every change with who made it, oldest first, also when the order itself is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from orders.models import HistoryEntry
from realtime.models import Event

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

    from tests.callers import House

pytestmark = pytest.mark.django_db


def history(house: House, order_id: int, query: str = "") -> Any:
    return house.waiter.get(f"/api/orders/{order_id}/history{query}")


def events(reply: Any) -> list[str]:
    return [row["event"] for row in reply.body["results"]]


def test_changes_are_told_oldest_first_with_who_made_them(house: House) -> None:
    order = house.order()
    house.manager.patch(f"/api/orders/{order['id']}", {"notes": "No onions."})

    reply = history(house, order["id"])

    waiter, manager = house.waiter.membership, house.manager.membership
    assert waiter is not None
    assert manager is not None
    assert (reply.status, events(reply)) == (200, ["order:created", "order:updated"])
    first, last = reply.body["results"]
    assert first["actor"] == {"id": waiter.user_id, "name": waiter.user.display_name}
    assert last == {
        "at": last["at"],
        "actor": {"id": manager.user_id, "name": manager.user.display_name},
        "source": "api",
        "event": "order:updated",
        "changes": {"notes": ["", "No onions."]},
    }
    assert first["at"] <= last["at"]


def test_history_is_there_when_the_events_are_pruned_and_the_order_is_deleted(house: House) -> None:
    order = house.order()
    assert house.manager.delete(f"/api/orders/{order['id']}").status == 204
    Event.objects.all().delete()

    reply = history(house, order["id"])

    assert (reply.status, events(reply)) == (200, ["order:created", "order:deleted"])
    assert house.waiter.get(f"/api/orders/{order['id']}").status == 404


def test_empty_page_when_the_order_is_older_than_its_history(house: House) -> None:
    order = house.order()
    HistoryEntry.objects.all().delete()

    reply = history(house, order["id"])

    assert (reply.status, reply.body) == (200, {"next": None, "previous": None, "results": []})


def test_not_found_when_the_order_is_unknown_or_foreign(house: House, foreign: House) -> None:
    order = foreign.order()

    assert history(house, order["id"]).status == 404
    assert history(house, 999_999_999).status == 404


def test_actor_is_nobody_when_brigade_itself_has_done_it(house: House) -> None:
    order = house.order()
    HistoryEntry.objects.update(actor_id=None, actor_name="Brigade", source="system")

    assert history(house, order["id"]).body["results"][0]["actor"] is None


def test_actor_has_a_name_alone_when_it_is_no_person(house: House) -> None:
    order = house.order()
    HistoryEntry.objects.update(actor_id=None, actor_name="Till 2", source="api")

    assert history(house, order["id"]).body["results"][0]["actor"] == {"id": None, "name": "Till 2"}


def test_pages_follow_each_other_when_more_happens_meanwhile(house: House) -> None:
    order = house.order()
    for notes in ("one", "two", "three"):
        house.waiter.patch(f"/api/orders/{order['id']}", {"notes": notes})
    first = history(house, order["id"], "?limit=3")

    house.waiter.put(f"/api/orders/{order['id']}/confirm")
    second = house.waiter.get(first.body["next"])

    assert [row["changes"]["notes"][1] for row in first.body["results"][1:]] == ["one", "two"]
    assert second.body["results"][0]["changes"]["notes"] == ["two", "three"]
    assert "order:status_changed" in events(second)
    assert house.waiter.get(second.body["previous"]).body["results"] == first.body["results"]


@pytest.mark.parametrize("query", ["?event=order:created", "?limit=x", "?cursor=x"])
def test_bad_request_when_a_parameter_is_unknown_or_malformed(house: House, query: str) -> None:
    assert history(house, house.order()["id"], query).status == 400


def test_nobody_gets_in_when_they_are_not_signed_in(house: House) -> None:
    nobody = type(house.waiter)()

    assert nobody.get(f"/api/orders/{house.order()['id']}/history").status == 401


@pytest.mark.parametrize("changes", [1, 6])
def test_history_takes_a_constant_number_of_queries(
    house: House, changes: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    order = house.order()
    for n in range(changes):
        house.waiter.patch(f"/api/orders/{order['id']}", {"notes": str(n)})

    with django_assert_num_queries(2):
        assert len(events(history(house, order["id"]))) == changes + 1
