"""Takes a guest who is to be forgotten out of the events that are kept. Their numbers stay, and so does the stream."""

from __future__ import annotations

from typing import Any

import msgspec
from django.db import connection
from django.dispatch import receiver

from orders.forgetting import Forgotten
from orders.signals import customer_erased

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode

# One pass over what is kept of the restaurant: to find an order's events by an index would cost every event that is
# ever written, and this is hardly ever asked for.
_FIND = """
SELECT seq, data, changes FROM realtime_event
WHERE restaurant_id = %s AND order_id = ANY(%s)
  AND (position('"customer_name":"' IN data) > 0 OR position('"customer_name":[' IN changes) > 0)
"""
_WRITE = "UPDATE realtime_event SET data = %s, changes = %s WHERE restaurant_id = %s AND seq = %s"
# Comes last: it locks the stream.
_TELL_SERVERS = "UPDATE realtime_stream SET rewritten = rewritten + 1 WHERE restaurant_id = %s"


@receiver(customer_erased)
def forget_in_events(sender: Any, restaurant_id: int, order_ids: set[int], forgotten: Forgotten, **_: Any) -> None:
    """Write the events of these orders anew, without the guest; what is replayed of them is else the same.

    Every server learns from the stream's row that what it remembers of the restaurant's events is out of date.
    """
    with connection.cursor() as cursor:
        cursor.execute(_FIND, [restaurant_id, sorted(order_ids)])
        rows = [
            (_text(forgotten, data), _text(forgotten, changes), restaurant_id, seq)
            for seq, data, changes in cursor.fetchall()
        ]
        cursor.executemany(_WRITE, rows)
        cursor.execute(_TELL_SERVERS, [restaurant_id])


def _text(forgotten: Forgotten, document: str) -> str:
    return _encode(forgotten.without(_decode(document))).decode()
