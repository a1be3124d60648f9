"""An order's history: who changed what, when, and by which door."""

from __future__ import annotations

from functools import partial

from django.http import HttpResponse
from rest_framework.request import Request

from orders.api.documents import documented, paged
from orders.api.endpoints import Endpoint
from orders.api.pages import OLDEST_FIRST, PageQuery, page, query_of
from orders.history import HistoryRowShape, history_of, history_row_shape, read_history
from orders.scopes import Scope

TAG = "orders"


class History(Endpoint):
    """What became of an order."""

    read_scope = Scope.ORDERS_READ

    @documented("get_order_history", tag=TAG, query=PageQuery, answers={200: paged(HistoryRowShape)})
    def get(self, request: Request, order_id: int) -> HttpResponse:
        """Return what became of an order, oldest first, also of one that was deleted."""
        return page(
            request,
            history_of(self.restaurant_id, order_id),
            history_row_shape,
            ordering=OLDEST_FIRST,
            query=query_of(request, PageQuery),
            read=partial(read_history, restaurant_id=self.restaurant_id, order_id=order_id),
        )
