"""What the admin shows of an order's past, and the cancellations that are decided there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from orders.models import CancellationRequest, HistoryEntry, Order
from orders.services.cancellations import request_cancellation
from orders.services.orders import update_order
from orders.states import Role
from realtime.models import Event

if TYPE_CHECKING:
    from tests.places import Place

REQUESTS = "/admin/orders/cancellationrequest/"


@pytest.fixture
def place(transactional_db: None) -> Place:
    from tests.places import open_place  # noqa: PLC0415 - models can be imported once the settings are there

    return open_place("grillhaus")


@pytest.fixture
def manager(place: Place) -> Client:
    client = Client()
    client.force_login(place.staff(Role.MANAGER).user)
    return client


def asked(place: Place, reason: str = "They <left>") -> CancellationRequest:
    order = place.confirm(place.order())
    return request_cancellation(order_id=order.pk, reason=reason, actor=place.actor_of(Role.WAITER))


def act(client: Client, action: str, request: CancellationRequest, **others: Any) -> list[str]:
    chosen = {"action": action, "_selected_action": [request.pk], **others}
    response = client.post(REQUESTS, chosen, follow=True)
    return [str(message) for message in response.context["messages"]]


def page_of(client: Client, order_id: int) -> str:
    response = client.get(f"/admin/orders/order/{order_id}/change/")
    assert response.status_code == 200
    return response.content.decode()


def test_order_page_says_who_waits_for_what_and_what_happened(place: Place, manager: Client) -> None:
    request = asked(place)
    update_order(order_id=request.order_id, actor=place.actor, notes="<b>Hurry</b>")

    page = page_of(manager, request.order_id)

    assert "Waiter: They &lt;left&gt;" in page
    for event in ("order:created", "order:status_changed", "order:cancel_request", "order:updated"):
        assert f"<td>{event}</td>" in page
    assert "<div>notes: - → &lt;b&gt;Hurry&lt;/b&gt;</div>" in page
    assert "<td>Manager (api)</td>" in page
    assert "<b>Hurry</b>" not in page


def test_order_page_has_nothing_to_say_when_there_is_no_history(place: Place, manager: Client) -> None:
    order = place.order()
    HistoryEntry.objects.all().delete()

    assert "order:created" not in page_of(manager, order.pk)


def test_order_is_cancelled_when_a_manager_accepts_in_the_admin(place: Place, manager: Client) -> None:
    request = asked(place)

    said = act(manager, "accept", request)

    request.refresh_from_db()
    assert (request.status, request.decided_by_name) == ("accepted", "Manager")
    assert Order.objects.get(pk=request.order_id).status == "cancelled"
    assert said == ["1 request decided."]
    assert Event.objects.get(type="kitchen:cancel_accepted").source == "admin"


def test_reason_is_asked_for_when_a_manager_rejects_without_one(place: Place, manager: Client) -> None:
    request = asked(place)

    said = act(manager, "reject", request)

    assert said == [f"{request}: Say why."]
    assert act(manager, "reject", request, reason="Nearly done") == ["1 request decided."]
    request.refresh_from_db()
    assert (request.status, request.decision_reason) == ("rejected", "Nearly done")


def test_decision_is_refused_when_the_kitchen_was_faster(place: Place, manager: Client) -> None:
    request = asked(place)
    act(manager, "accept", request)

    (said,) = act(manager, "reject", request, reason="No")

    assert "Manager has accepted the cancellation" in said
