"""Orders as they are shown, made once for each of their versions.

A list of fifty open orders is asked for again and again, and hardly one of the fifty has changed since. So a process
keeps the JSON of the orders that it has shown lately, each under its version and the moment of its last change: an
order that has changed is another one here, whoever changed it and from wherever. A list then asks the database for
the versions, and for the rows of those orders alone that it has not shown yet.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec
from django.db.models import QuerySet

from orders.models import Order
from orders.selectors import orders_of, seen_orders
from orders.shapes import order_shape

MOST_BYTES = 16 * 1024 * 1024
_OVERHEAD = 300  # bytes of a key and its entry besides the text

Key = tuple[int, int, dt.datetime]


@dataclass(frozen=True, slots=True)
class Showing:
    """An order in a list: where it stands there, and its JSON."""

    id: int
    created_at: dt.datetime
    updated_at: dt.datetime
    json: msgspec.Raw


class Showings:
    """The JSON of the orders that were shown lately, least recently shown first; safe for several threads."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._held = 0
        self._texts: OrderedDict[Key, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, keys: Iterable[Key]) -> dict[Key, bytes]:
        """Return those that are kept."""
        found = {}
        with self._lock:
            for key in keys:
                text = self._texts.get(key)
                if text is not None:
                    self._texts.move_to_end(key)
                    found[key] = text
        return found

    def keep(self, texts: dict[Key, bytes]) -> None:
        """Keep these, and drop what was not shown for longest where they are too many."""
        with self._lock:
            for key, text in texts.items():
                if key not in self._texts:
                    self._texts[key] = text
                    self._held += len(text) + _OVERHEAD
            while self._held > self._most:
                _, text = self._texts.popitem(last=False)
                self._held -= len(text) + _OVERHEAD

    def __len__(self) -> int:
        return len(self._texts)


_showings = Showings()
_encoded = msgspec.json.Encoder().encode


def show_orders(restaurant_id: int, rows: QuerySet[Order]) -> list[Showing]:
    """Return a restaurant's orders to be shown, in the order of the queryset: one query where all of them are known.

    Three more read the others. An order is deleted between the two: it is left out, as if it had been gone before.
    """
    found = list(rows.prefetch_related(None).values_list("id", "version", "created_at", "updated_at"))
    keys = [(number, version, updated_at) for number, version, _, updated_at in found]
    texts = _showings.find(keys)
    missing = [key[0] for key in keys if key not in texts]
    changed: dict[int, bytes] = {}
    if missing:
        fresh = {}
        for order in seen_orders(orders_of(restaurant_id).filter(pk__in=missing)):
            changed[order.pk] = fresh[order.pk, order.version, order.updated_at] = _encoded(order_shape(order))
        _showings.keep(fresh)
    showings = []
    for key, (number, _, created_at, updated_at) in zip(keys, found, strict=True):
        text = texts.get(key) or changed.get(number)
        if text is not None:
            showings.append(Showing(number, created_at, updated_at, msgspec.Raw(text)))
    return showings
