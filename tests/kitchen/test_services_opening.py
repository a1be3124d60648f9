"""A missing ticket is opened once, whoever asks for it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from kitchen.models import KitchenOrder, ProductionContract
from kitchen.services.opening import open_ticket, open_ticket_of_contract
from orders.errors import Conflict, NotAllowed, NotFound
from orders.models import Order
from orders.services.orders import set_order_status, update_order
from orders.states import OrderStatus, Role
from tests.places import Place
from tests.streams import at_once, hearing
from tests.ticketless import lose_ticket


def ticketless(place: Place) -> Order:
    """A confirmed order whose ticket is missing."""
    order = place.confirm(place.order())
    lose_ticket(order.pk)
    return order


def test_ticket_comes_with_the_next_version_of_the_contract(place: Place) -> None:
    order = ticketless(place)

    with hearing(place.restaurant) as heard:
        ticket = open_ticket(order_id=order.pk, actor=place.actor_of(Role.KITCHEN))

    contract = ProductionContract.objects.get(version=2)
    assert (ticket.contract_id, ticket.contract_version, ticket.status) == (contract.pk, 2, "pending")
    assert Order.objects.get().estimated_ready_at == contract.estimated_ready_at == ticket.promised_ready_at
    assert heard.types == ["production-contract:created", "order:new", "station:updated", "order:updated"]


def test_ticket_is_opened_once_when_two_ask_at_once(place: Place) -> None:
    order = ticketless(place)
    contract = ProductionContract.objects.get()

    results = at_once(
        [
            partial(open_ticket, order_id=order.pk, actor=place.actor),
            partial(open_ticket_of_contract, contract_id=contract.pk, actor=place.actor),
        ]
    )

    assert sorted(type(result).__name__ for result in results) == ["Conflict", "KitchenOrder"]
    assert KitchenOrder.objects.get().contract_version == 2


def test_order_is_cancelled_or_has_its_ticket_when_both_happen_at_once(place: Place) -> None:
    order = ticketless(place)
    cancel = partial(
        set_order_status, order_id=order.pk, to=OrderStatus.CANCELLED, actor=place.actor, reason="They left."
    )

    opened, cancelled = at_once([partial(open_ticket, order_id=order.pk, actor=place.actor), cancel])

    assert not isinstance(cancelled, Exception)
    assert isinstance(opened, KitchenOrder | Conflict)
    assert list(KitchenOrder.objects.values_list("status", flat=True)) in ([], ["cancelled"])


@pytest.mark.parametrize("role", [Role.WAITER, Role.CASHIER])
def test_refused_when_somebody_else_asks(place: Place, role: Role) -> None:
    order = ticketless(place)

    with pytest.raises(NotAllowed):
        open_ticket(order_id=order.pk, actor=place.actor_of(role))

    assert KitchenOrder.objects.count() == 0


def test_not_found_when_it_is_another_restaurants(place: Place, other_place: Place) -> None:
    order = ticketless(place)
    contract = ProductionContract.objects.get()
    stranger = replace(other_place.actor, role=Role.OWNER)

    with pytest.raises(NotFound):
        open_ticket(order_id=order.pk, actor=stranger)
    with pytest.raises(NotFound):
        open_ticket_of_contract(contract_id=contract.pk, actor=stranger)


def test_ticket_comes_with_the_next_change_when_it_was_missing(place: Place) -> None:
    order = ticketless(place)

    update_order(order_id=order.pk, actor=place.actor, notes="No salt")

    ticket = KitchenOrder.objects.get(order_id=order.pk)
    assert (ticket.notes, ticket.contract_version) == ("No salt", 2)


def test_ticket_comes_when_nobody_has_said_when_it_would_be_ready(place: Place) -> None:
    order = ticketless(place)
    Order.objects.filter(pk=order.pk).update(silently=True, estimated_ready_at=None)

    update_order(order_id=order.pk, actor=place.actor, notes="No salt")

    assert Order.objects.get(pk=order.pk).estimated_ready_at is not None
