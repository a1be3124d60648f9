"""Reads of the orders app that are more than one line of ORM."""

from __future__ import annotations

from django.db.models import QuerySet

from orders import states
from orders.actors import Actor
from orders.errors import NotFound
from orders.models import MenuItem, Order, OrderItem, OrderItemModifier
from orders.seeing import hang, seen
from orders.shapes import TransitionShape, TransitionsShape
from orders.states import Role


def orders_of(restaurant_id: int) -> QuerySet[Order]:
    """Return the restaurant's orders with their items and modifiers: three queries, however many orders."""
    return Order.objects.filter(restaurant_id=restaurant_id).prefetch_related("items__modifiers")


def seen_orders(rows: QuerySet[Order]) -> list[Order]:
    """Read orders with their items and modifiers to be shown: three queries, however many orders."""
    orders = seen(rows)
    items = hang(orders, "items", OrderItem.objects.order_by("id"), "order_id")
    hang(items, "modifiers", OrderItemModifier.objects.order_by("id"), "item_id")
    return orders


def open_orders(restaurant_id: int) -> QuerySet[Order]:
    """Return the restaurant's open orders, newest first."""
    return orders_of(restaurant_id).filter(status__in=states.OPEN).order_by("-id")


def find_order(restaurant_id: int, order_id: int) -> Order:
    """Return the restaurant's order with its items, or raise NotFound."""
    order = orders_of(restaurant_id).filter(pk=order_id).first()
    if order is None:
        raise NotFound("There is no such order.")
    return order


def guest_orders(actor: Actor) -> QuerySet[Order]:
    """Return the orders that a guest's token opens: a table's open ones, the one that is followed, a customer's own."""
    rows = orders_of(actor.restaurant_id)
    if actor.kind == "table":
        return rows.filter(table_id=actor.table_id or 0, status__in=states.OPEN)
    if actor.kind == "customer":
        return rows.filter(customer_id=actor.customer_id or 0)
    return rows.filter(pk=actor.order_id or 0)


def guest_order(actor: Actor, order_id: int) -> Order:
    """Return one of the orders that a guest's token opens, or raise NotFound."""
    order = guest_orders(actor).filter(pk=order_id).first()
    if order is None:
        raise NotFound("There is no such order.")
    return order


def guest_menu(restaurant_id: int) -> QuerySet[MenuItem]:
    """Return what guests can order now: neither 86'd nor sold out."""
    return menu_of(restaurant_id).filter(is_available=True).exclude(stock=0)


def menu_of(restaurant_id: int) -> QuerySet[MenuItem]:
    """Return the restaurant's menu with all that a dish shows: five queries, however many dishes."""
    return (
        MenuItem.objects.filter(restaurant_id=restaurant_id)
        .select_related("category", "food_type")
        .prefetch_related("allergens", "choices__group__modifiers")
    )


def transitions_of(order: Order) -> TransitionsShape:
    """Return where an order may go from here, and who may send it there; an owner may what a manager may."""
    steps = []
    for step in states.next_statuses(order.status, order.channel):
        roles = [role.value for role in states.may_set(order.status, step)]
        if Role.MANAGER.value in roles:
            roles.append(Role.OWNER.value)
        steps.append(TransitionShape(status=step.value, allowed_for=roles))
    return TransitionsShape(status=order.status, transitions=steps)
