"""A small restaurant with one of everything, its rows made through the services."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kitchen.models import KitchenOrder, Station
from orders.access import actor_of, issue_tokens
from orders.actors import Actor
from orders.models import Category, Membership, MenuItem, Order, Restaurant, Table, User
from orders.services.customers import AskedCustomer
from orders.services.dishes import AskedItem
from orders.services.orders import confirm_order, create_order
from orders.states import Channel, Role
from orders.tokens import table_token


@dataclass
class Place:
    """A restaurant with one of everything."""

    restaurant: Restaurant
    station: Station
    dish: MenuItem
    table: Table
    actor: Actor

    def staff(self, role: Role) -> Membership:
        user, _ = User.objects.get_or_create(username=f"{self.restaurant.slug}-{role}", defaults={"name": role.title()})
        membership, _ = Membership.objects.get_or_create(restaurant=self.restaurant, user=user, defaults={"role": role})
        return membership

    def token(self, role: Role = Role.MANAGER) -> str:
        return issue_tokens(self.staff(role)).access

    @property
    def table_token(self) -> str:
        return table_token(self.table)

    def order(self, quantity: int = 1, **options: Any) -> Order:
        options.setdefault("table_id", self.table.pk)
        return create_order(
            actor=self.actor, channel=Channel.DINE_IN, items=[AskedItem(self.dish.pk, quantity)], **options
        )

    def actor_of(self, role: Role) -> Actor:
        return actor_of(self.staff(role), "api")

    def order_by(self, membership: Membership, **options: Any) -> Order:
        customer = options.pop("customer", None)
        return create_order(
            actor=actor_of(membership, "api"),
            channel=Channel.DINE_IN,
            items=[AskedItem(self.dish.pk, 1)],
            table_id=self.table.pk,
            customer=AskedCustomer(**customer) if customer else None,
        )

    def confirm(self, order: Order) -> Order:
        return confirm_order(order_id=order.pk, actor=self.actor)

    def ticket(self) -> KitchenOrder:
        order = self.order()
        confirm_order(order_id=order.pk, actor=self.actor)
        return KitchenOrder.objects.get(order=order)


def open_place(slug: str) -> Place:
    restaurant = Restaurant.objects.create(name=slug.title(), slug=slug, currency="EUR")
    station = Station.objects.create(restaurant=restaurant, name="Grill")
    category = Category.objects.create(restaurant=restaurant, name="Mains")
    dish = MenuItem.objects.create(
        restaurant=restaurant, name="Burger", price="9.50", category=category, station=station
    )
    table = Table.objects.create(restaurant=restaurant, name="7")
    place = Place(restaurant, station, dish, table, Actor(restaurant_id=0))
    boss = place.staff(Role.MANAGER)
    place.actor = Actor(
        restaurant_id=restaurant.pk, role=Role.MANAGER, user_id=boss.user_id, name="Manager", source="api"
    )
    return place
