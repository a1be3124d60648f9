"""The lines of an order. Every change is answered with the whole order: its sums and version have moved too."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import PolymorphicProxySerializer
from rest_framework.request import Request

from orders.api.documents import documented, shown
from orders.api.endpoints import Endpoint, keyed
from orders.api.inputs import (
    ItemChangesBody,
    ItemStatusBody,
    ReasonQuery,
    SeveralItemsBody,
    SingleItemBody,
    asked_item,
)
from orders.api.orders import order_answer
from orders.api.pages import query_of
from orders.api.parsers import json_body
from orders.errors import (
    AllergyUnconfirmed,
    CourseHeld,
    DomainError,
    FieldProblem,
    InvalidTransition,
    NotEditable,
    OutOfStock,
    Overpaid,
    Unavailable,
)
from orders.scopes import Scope
from orders.selectors import find_order
from orders.services.items import add_items, change_item, remove_item, set_item_status
from orders.shapes import OrderShape

TAG = "orders"
_ONE_OR_SEVERAL = PolymorphicProxySerializer(
    component_name="AddedItems", serializers=[SingleItemBody, SeveralItemsBody], resource_type_field_name=None
)


class Lines(Endpoint):
    """An order's lines."""

    write_scope = Scope.ORDERS_WRITE

    @documented(
        "add_order_items",
        tag=TAG,
        body=_ONE_OR_SEVERAL,
        answers={201: shown(OrderShape)},
        refuses=(NotEditable, OutOfStock, Unavailable),
    )
    @keyed
    def post(self, request: Request, order_id: int) -> HttpResponse:
        """Add one item, or several at once."""
        sent = json_body(request)
        if isinstance(sent, dict) and "items" in sent:
            body = self.body(SeveralItemsBody)
            version = self.version(body)
            return self._add(order_id, body["items"], version)
        body = self.body(SingleItemBody)
        version = self.version(body)
        try:
            return self._add(order_id, [body], version)
        except DomainError as error:
            error.problems = [_without_list(problem) for problem in error.problems]
            raise

    def _add(self, order_id: int, items: list[dict[str, Any]], version: int | None) -> HttpResponse:
        asked = [asked_item(item) for item in items]
        lines = add_items(order_id=order_id, items=asked, actor=self.actor, version=version)
        return order_answer(lines[0].order, HTTPStatus.CREATED, location=True)


def _without_list(problem: FieldProblem) -> FieldProblem:
    """Point into a body that is the item itself."""
    pointer = problem.pointer.removeprefix("/items/0").removeprefix("/items")
    return FieldProblem(pointer, problem.code, problem.detail, problem.extra)


class OneLine(Endpoint):
    """One line."""

    write_scope = Scope.ORDERS_WRITE

    @documented(
        "replace_order_item_fields",
        tag=TAG,
        body=ItemChangesBody,
        answers={200: shown(OrderShape)},
        refuses=(NotEditable, OutOfStock, Overpaid, Unavailable),
    )
    def put(self, request: Request, order_id: int, item_id: int) -> HttpResponse:
        """Change the fields of an item that are sent."""
        return self._change(order_id, item_id)

    @documented(
        "change_order_item",
        tag=TAG,
        body=ItemChangesBody,
        answers={200: shown(OrderShape)},
        refuses=(NotEditable, OutOfStock, Overpaid, Unavailable),
    )
    def patch(self, request: Request, order_id: int, item_id: int) -> HttpResponse:
        """Change the fields of an item that are sent (the same as PUT)."""
        return self._change(order_id, item_id)

    def _change(self, order_id: int, item_id: int) -> HttpResponse:
        body = self.body(ItemChangesBody)
        version = self.version(body)
        line = change_item(order_id=order_id, item_id=item_id, actor=self.actor, version=version, **body)
        return order_answer(line.order)

    @documented(
        "remove_order_item",
        tag=TAG,
        query=ReasonQuery,
        answers={200: shown(OrderShape)},
        refuses=(InvalidTransition, NotEditable, Overpaid),
    )
    def delete(self, request: Request, order_id: int, item_id: int) -> HttpResponse:
        """Remove an item that nobody has begun, or void it."""
        reason = query_of(request, ReasonQuery).get("reason", "")
        line = remove_item(order_id=order_id, item_id=item_id, actor=self.actor, reason=reason, version=self.version())
        return order_answer(line.order if line else find_order(self.restaurant_id, order_id))


class LineStatus(Endpoint):
    """A line's status."""

    write_scope = Scope.ORDERS_WRITE

    @documented(
        "set_order_item_status",
        tag=TAG,
        body=ItemStatusBody,
        answers={200: shown(OrderShape)},
        refuses=(AllergyUnconfirmed, CourseHeld, InvalidTransition, NotEditable, Overpaid),
    )
    def patch(self, request: Request, order_id: int, item_id: int) -> HttpResponse:
        """Move one item."""
        body = self.body(ItemStatusBody)
        version = self.version(body)
        line = set_item_status(order_id=order_id, item_id=item_id, to=body["status"], actor=self.actor, version=version)
        return order_answer(line.order)
