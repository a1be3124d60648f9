"""The tokens that guests hold: signed, never stored.

A table's token is good until the table gets another nonce; a tracking token and a customer's token until the moment
that is signed into them. What they name is looked up each time: a token of what is gone is no good.
"""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass
from typing import Any, Literal

from django.conf import settings
from django.core import signing
from django.utils import timezone

from orders.actors import Actor, Source
from orders.models import Customer, Order, Restaurant, Table

TABLE_PREFIX = "tbl_"
TRACKING_PREFIX = "trk_"
CUSTOMER_PREFIX = "cus_"
_TABLE_SALT = "brigade.table"
_TRACKING_SALT = "brigade.tracking"
_CUSTOMER_SALT = "brigade.customer"
LONGEST_TOKEN = 200
NO_GUEST = "The code or link is not valid any more. Ask the staff for a new one."

GuestKind = Literal["table", "tracking", "customer"]


@dataclass(frozen=True, slots=True)
class GuestPass:
    """What a good token opens: a table with its open orders, one order, or the orders of one customer.

    ``expires_at`` is in seconds since the epoch; None for a table, whose ``nonce`` ends its token instead.
    """

    kind: GuestKind
    restaurant: Restaurant
    table: Table | None = None
    order_id: int | None = None
    customer_id: int | None = None
    expires_at: float | None = None

    @property
    def table_id(self) -> int | None:
        """The table at which the guest sits."""
        return None if self.table is None else self.table.pk

    @property
    def nonce(self) -> str:
        """What the table's token must still name."""
        return "" if self.table is None else self.table.nonce

    @property
    def ends(self) -> dt.datetime | None:
        """When the token ends; None for a table's."""
        return None if self.expires_at is None else dt.datetime.fromtimestamp(self.expires_at, dt.UTC)

    @property
    def room(self) -> str:
        """The room in which the guest hears of what the token opens."""
        kind = "order" if self.kind == "tracking" else self.kind
        return f"{kind}:{self.table_id or self.order_id or self.customer_id}"

    def actor(self, source: Source) -> Actor:
        """Return who acts with this token."""
        return Actor(
            restaurant_id=self.restaurant.pk,
            kind=self.kind,
            name=f"Table {self.table.name}" if self.table else "Guest",
            source=source,
            table_id=self.table_id,
            order_id=self.order_id,
            customer_id=self.customer_id,
            nonce=self.nonce,
        )


@dataclass(frozen=True, slots=True)
class Link:
    """A token that ends by itself."""

    token: str
    expires_at: dt.datetime


def table_token(table: Table) -> str:
    """Return the token that is printed as the table's QR code; a new nonce of the table ends it."""
    return TABLE_PREFIX + signing.dumps([table.pk, table.nonce], salt=_TABLE_SALT)


def tracking_link(order: Order) -> Link:
    """Return a token with which a guest follows this order, and no other."""
    return _link(TRACKING_PREFIX, order.pk, _TRACKING_SALT)


def customer_link(customer: Customer) -> Link:
    """Return a token with which a customer sees the orders of their own."""
    return _link(CUSTOMER_PREFIX, customer.pk, _CUSTOMER_SALT)


def _link(prefix: str, pk: int, salt: str) -> Link:
    ends = int(time.time()) + settings.TRACKING_LINK_HOURS * 3600
    token = prefix + signing.dumps([pk, ends], salt=salt)
    return Link(token, dt.datetime.fromtimestamp(ends, dt.UTC))


def is_guest_token(token: str) -> bool:
    """Whether this looks like a guest's token, and so is neither of the staff nor of a device."""
    return token.startswith((TABLE_PREFIX, TRACKING_PREFIX, CUSTOMER_PREFIX))


def guest_pass(token: str) -> GuestPass | None:
    """Return what a token opens now, or None for one that is forged, has expired, or names what is gone."""
    if len(token) > LONGEST_TOKEN:
        return None
    if token.startswith(TABLE_PREFIX):
        table = table_of(token)
        return None if table is None else GuestPass("table", table.restaurant, table=table)
    if token.startswith(TRACKING_PREFIX):
        return _tracking_pass(token)
    return _customer_pass(token) if token.startswith(CUSTOMER_PREFIX) else None


def table_of(token: str) -> Table | None:
    """Return the table whose present token this is, or None."""
    said = _read(token, TABLE_PREFIX, _TABLE_SALT)
    if said is None:
        return None
    pk, nonce = said
    return Table.objects.select_related("restaurant").filter(pk=pk, nonce=nonce).first()


def _tracking_pass(token: str) -> GuestPass | None:
    said = _read_unexpired(token, TRACKING_PREFIX, _TRACKING_SALT)
    if said is None:
        return None
    pk, ends = said
    order = Order.objects.select_related("restaurant").only("restaurant").filter(pk=pk).first()
    return None if order is None else GuestPass("tracking", order.restaurant, order_id=pk, expires_at=ends)


def _customer_pass(token: str) -> GuestPass | None:
    said = _read_unexpired(token, CUSTOMER_PREFIX, _CUSTOMER_SALT)
    if said is None:
        return None
    pk, ends = said
    customer = Customer.objects.select_related("restaurant").filter(pk=pk).first()
    return None if customer is None else GuestPass("customer", customer.restaurant, customer_id=pk, expires_at=ends)


def _read_unexpired(token: str, prefix: str, salt: str) -> tuple[int, int] | None:
    said = _read(token, prefix, salt)
    return said if said is not None and said[1] > timezone.now().timestamp() else None


def _read(token: str, prefix: str, salt: str) -> tuple[int, Any] | None:
    """Return the two values that we have signed, or None; what is signed has the shape that we gave it."""
    try:
        pk, other = signing.loads(token.removeprefix(prefix), salt=salt)
    except (signing.BadSignature, ValueError):
        return None
    return pk, other
