"""What the kitchen was asked to make of an order, and what it has made of it, as the tests read it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from kitchen.models import KitchenOrder, KitchenOrderItem, ProductionContract, Station
from kitchen.services.contracts import find_contract
from orders.actors import Actor
from orders.models import Order, OrderItem
from orders.units import open_unit


def versions(order: Order) -> list[int]:
    """Return the versions of the order's contract."""
    return list(ProductionContract.objects.filter(order=order).order_by("version").values_list("version", flat=True))


def latest(order: Order) -> ProductionContract:
    """Return the latest version of the order's contract."""
    return find_contract(order.restaurant_id, order.pk)


def ticket_of(order: Order) -> KitchenOrder:
    """Return the order's ticket as it is stored."""
    return KitchenOrder.objects.get(order_id=order.pk)


def lines(order: Order) -> list[OrderItem]:
    """Return the order's lines as they are stored."""
    return list(OrderItem.objects.filter(order_id=order.pk).order_by("pk"))


def items(order: Order) -> list[KitchenOrderItem]:
    """Return what is on the order's ticket as it is stored."""
    return list(KitchenOrderItem.objects.filter(ticket__order_id=order.pk).order_by("pk"))


def stored(order: Order) -> Order:
    """Return the order as it is stored."""
    return Order.objects.get(pk=order.pk)


def loads(*stations: Station) -> list[tuple[int, int]]:
    """Return (load, half minutes of work) of each station as it is stored."""
    rows = Station.objects.in_bulk([station.pk for station in stations])
    return [(rows[station.pk].load, rows[station.pk].work) for station in stations]


class Oops(Exception):
    """What fails in these tests."""


@contextmanager
def failing_part(actor: Actor) -> Iterator[None]:
    """A part of a unit that fails in the end, and a caller that goes on."""
    with suppress(Oops), open_unit(actor):
        yield
        raise Oops
