"""The restaurants of a run: what is on their menus, who works there, and a table that has an open order throughout."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from kitchen.models import Station
from orders.access import actor_of, issue_tokens
from orders.models import Category, Membership, MenuItem, Order, Restaurant, Table, User
from orders.services.dishes import AskedItem
from orders.services.orders import confirm_order, create_order
from orders.states import Channel, Role
from orders.tokens import table_token

DISHES = (("Burger", "9.50", 0), ("Fries", "4.00", 1), ("Salad", "7.20", 2), ("Soup", "5.80", 0), ("Tart", "6.40", 2))
STATIONS = ("Grill", "Fry", "Cold")
TABLES = 6
# A member of staff may have twenty sockets; this many are enough for a storm of a thousand beside the guests.
CREW = 40
TOKEN_SECONDS = 600.0


class Badge:
    """A member of staff's access token, renewed before it ends."""

    def __init__(self, membership: Membership) -> None:
        self.membership = membership
        self._token = ""
        self._issued_at = -TOKEN_SECONDS

    def __call__(self) -> str:
        now = time.monotonic()
        if now - self._issued_at >= TOKEN_SECONDS:
            self._token, self._issued_at = issue_tokens(self.membership).access, now
        return self._token


@dataclass
class House:
    """One restaurant, as the run needs it. ``anchors`` are {table: its order that nobody closes}."""

    restaurant_id: int
    slug: str
    stations: list[int]
    dishes: list[int]
    counted: int
    tables: list[int]
    table_tokens: dict[int, str]
    anchors: dict[int, int]
    badges: dict[Role, Badge]
    crew: list[Badge] = field(default_factory=list)
    seated: int = 0

    def next_badge(self) -> Badge:
        """Return the badge for the next screen of the staff."""
        self.seated += 1
        return self.crew[self.seated % len(self.crew)]


def open_house(slug: str) -> House:
    """Open a restaurant; its rows that are news go through units of work, as always."""
    restaurant = Restaurant.objects.create(name=slug.title(), slug=slug, currency="EUR", tax_rate="0.07")
    stations = [Station.objects.create(restaurant=restaurant, name=name) for name in STATIONS]
    category = Category.objects.create(restaurant=restaurant, name="Card")
    dishes = [
        MenuItem.objects.create(
            restaurant=restaurant, name=name, price=price, category=category, station=stations[place]
        )
        for name, price, place in DISHES
    ]
    counted = MenuItem.objects.create(
        restaurant=restaurant, name="Oysters", price="3.10", category=category, station=stations[2], stock=100_000
    )
    tables = [Table.objects.create(restaurant=restaurant, name=str(number)) for number in range(1, TABLES + 1)]
    badges = {role: Badge(_engage(restaurant, role, role)) for role in (Role.MANAGER, Role.WAITER, Role.KITCHEN)}
    anchors = {table.pk: _seat_guests(badges[Role.MANAGER].membership, table, dishes[0]) for table in tables}
    return House(
        restaurant_id=restaurant.pk,
        slug=slug,
        stations=[station.pk for station in stations],
        dishes=[dish.pk for dish in dishes],
        counted=counted.pk,
        tables=[table.pk for table in tables],
        table_tokens={table.pk: table_token(table) for table in tables},
        anchors=anchors,
        badges=badges,
        crew=[Badge(_engage(restaurant, Role.MANAGER, f"screen-{number}")) for number in range(CREW)],
    )


def _engage(restaurant: Restaurant, role: Role, name: str) -> Membership:
    user = User.objects.create(username=f"{restaurant.slug}-{name}", name=name.title(), password="!")
    return Membership.objects.create(restaurant=restaurant, user=user, role=role)


def _seat_guests(boss: Membership, table: Table, dish: MenuItem) -> int:
    actor = actor_of(boss, "api")
    order: Order = create_order(
        actor=actor, channel=Channel.DINE_IN, items=[AskedItem(dish.pk, 1)], table_id=table.pk, notes="stays"
    )
    confirm_order(order_id=order.pk, actor=actor)
    return order.pk
