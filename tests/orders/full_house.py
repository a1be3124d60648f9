"""A restaurant with everybody who may call the API: staff of each role, devices, guests, and nobody."""

from __future__ import annotations

import itertools

from kitchen.models import Station
from orders.access import actor_of
from orders.actors import Actor
from orders.models import MenuItem, Order, Restaurant, Table
from orders.scopes import Scope
from orders.services.customers import AskedCustomer
from orders.services.devices import pair_device
from orders.services.dishes import AskedItem
from orders.services.orders import create_order
from orders.states import Channel, DeviceKind, Role
from orders.tokens import customer_link, table_token, tracking_link
from tests.callers import Caller, House, open_house

STAFF_LETTERS = {
    "o": Role.OWNER,
    "m": Role.MANAGER,
    "w": Role.WAITER,
    "k": Role.KITCHEN,
    "c": Role.CASHIER,
}
LETTERS = "omwkcdsTtun"
_numbers = itertools.count(1)


class FullHouse(House):
    """Letters stand for callers: o owner, m manager, w waiter, k kitchen, c cashier, d a device with every scope,
    s one with none, T the table's guests, t the bearer of an order's link, u of a customer's link, n nobody.
    """

    def __init__(self, restaurant: Restaurant, station: Station, dish: MenuItem, table: Table) -> None:
        super().__init__(restaurant, station, dish, table)
        self._order: Order | None = None
        self._by_letter: dict[str, Caller] = {}

    def actor(self, role: Role = Role.MANAGER) -> Actor:
        """Return who acts, to reach a state through the services."""
        membership = self.caller(role).membership
        assert membership is not None
        return actor_of(membership, "api")

    def fresh_name(self) -> str:
        """Return a name that nothing has yet."""
        return f"New {next(_numbers)}"

    def guests_order(self) -> Order:
        """Return the order that each of the guests may see: of their table, their link, and their name."""
        if self._order is None:
            self._order = create_order(
                actor=self.actor(),
                channel=Channel.DINE_IN,
                table_id=self.table.pk,
                items=[AskedItem(self.dish.pk, 1)],
                customer=AskedCustomer(name="Ada Lovelace", phone="1"),
            )
        return self._order

    def by_letter(self, letter: str) -> Caller:
        """Return a caller."""
        if letter not in self._by_letter:
            self._by_letter[letter] = self._open(letter)
        return self._by_letter[letter]

    def _open(self, letter: str) -> Caller:
        if letter in STAFF_LETTERS:
            return self.caller(STAFF_LETTERS[letter])
        if letter in "ds":
            scopes = list(Scope) if letter == "d" else []
            return Caller(token=self._pair(scopes))
        order = self.guests_order()
        if letter == "T":
            return Caller(token=table_token(self.table))
        if letter == "t":
            return Caller(token=tracking_link(order).token)
        if letter == "u":
            assert order.customer is not None
            return Caller(token=customer_link(order.customer).token)
        return Caller()

    def _pair(self, scopes: list[Scope]) -> str:
        _, key = pair_device(name="Shop", kind=DeviceKind.INTEGRATION, actor=self.actor(), scopes=scopes)
        return key


def open_full_house() -> FullHouse:
    """Open a restaurant."""
    house = open_house()
    return FullHouse(house.restaurant, house.station, house.dish, house.table)
