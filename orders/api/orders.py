"""Orders: listed, taken, changed, moved on, taken back."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from operator import attrgetter

from django.http import HttpResponse
from rest_framework.request import Request

from orders.aggregates import lines_of
from orders.api.documents import documented, paged, shown
from orders.api.endpoints import Endpoint, answer, keyed
from orders.api.fields import Versioned
from orders.api.inputs import (
    OrderBody,
    OrderChangesBody,
    OrderQuery,
    ReasonQuery,
    StatusBody,
    asked_customer,
    asked_item,
)
from orders.api.order_filters import order_conditions, order_ordering
from orders.api.pages import NoQuery, page, query_of
from orders.errors import (
    AllergyUnconfirmed,
    CourseHeld,
    Duplicate,
    InvalidTransition,
    NotEditable,
    NotFound,
    NotPaid,
    OutOfStock,
    Overpaid,
    Unavailable,
)
from orders.models import Order
from orders.scopes import Scope
from orders.selectors import find_order, orders_of, transitions_of
from orders.services.orders import confirm_order, create_order, delete_order, set_order_status, update_order
from orders.shapes import OrderShape, TransitionsShape, shown_shape
from orders.showings import show_orders
from orders.units import current_unit

TAG = "orders"


def order_answer(order: Order, status: int = HTTPStatus.OK, *, location: bool = False) -> HttpResponse:
    """Answer with an order, whole, and its version.

    Under an Idempotency-Key the unit is not over yet: what it has put off may still say when the order will be ready.
    """
    unit = current_unit()
    if unit is not None:
        unit.do_the_rest()
    lines_of(order)
    address = f"/api/orders/{order.pk}" if location else None
    return answer(shown_shape(order), status, version=order.version, location=address)


class Orders(Endpoint):
    """All orders."""

    read_scope = Scope.ORDERS_READ
    write_scope = Scope.ORDERS_WRITE

    @documented("list_orders", tag=TAG, query=OrderQuery, answers={200: paged(OrderShape)})
    def get(self, request: Request) -> HttpResponse:
        """List orders."""
        query = query_of(request, OrderQuery)
        every, narrow = order_conditions(self.restaurant_id, query)
        rows = orders_of(self.restaurant_id).filter(every)
        ordering = order_ordering(query)
        return page(
            request,
            rows,
            attrgetter("json"),
            ordering=ordering,
            query=query,
            narrow=narrow,
            read=partial(show_orders, self.restaurant_id),
        )

    @documented(
        "create_order",
        tag=TAG,
        body=OrderBody,
        answers={201: shown(OrderShape)},
        refuses=(Duplicate, OutOfStock, Unavailable),
    )
    @keyed
    def post(self, request: Request) -> HttpResponse:
        """Take an order."""
        body = self.body(OrderBody)
        customer = body.pop("customer", None)
        order = create_order(
            actor=self.actor,
            items=[asked_item(item) for item in body.pop("items")],
            customer=asked_customer(customer) if customer else None,
            allergen_ids=body.pop("allergen_ids", None) or (),
            notes=body.pop("notes", None) or "",
            external_id=body.pop("external_id", None) or "",
            **body,
        )
        return order_answer(order, HTTPStatus.CREATED, location=True)


class OneOrder(Endpoint):
    """One order."""

    read_scope = Scope.ORDERS_READ
    write_scope = Scope.ORDERS_WRITE

    @documented("get_order", tag=TAG, answers={200: shown(OrderShape)})
    def get(self, request: Request, order_id: int) -> HttpResponse:
        """Return an order."""
        query_of(request, NoQuery)
        return order_answer(find_order(self.restaurant_id, order_id))

    @documented(
        "replace_order_fields",
        tag=TAG,
        body=OrderChangesBody,
        answers={200: shown(OrderShape)},
        refuses=(Duplicate, NotEditable, OutOfStock, Overpaid, Unavailable),
    )
    def put(self, request: Request, order_id: int) -> HttpResponse:
        """Change the fields that are sent."""
        return self._change(order_id)

    @documented(
        "change_order",
        tag=TAG,
        body=OrderChangesBody,
        answers={200: shown(OrderShape)},
        refuses=(Duplicate, NotEditable, OutOfStock, Overpaid, Unavailable),
    )
    def patch(self, request: Request, order_id: int) -> HttpResponse:
        """Change the fields that are sent (the same as PUT)."""
        return self._change(order_id)

    def _change(self, order_id: int) -> HttpResponse:
        body = self.body(OrderChangesBody)
        version = self.version(body)
        if "customer" in body:
            customer = body.pop("customer")
            if customer:
                body.pop("customer_id", None)
                body["customer"] = asked_customer(customer)
            else:
                body.setdefault("customer_id", None)
        return order_answer(update_order(order_id=order_id, actor=self.actor, version=version, **body))

    @documented(
        "delete_order",
        tag=TAG,
        query=ReasonQuery,
        answers={200: shown(OrderShape), 204: None},
        refuses=(InvalidTransition,),
    )
    def delete(self, request: Request, order_id: int) -> HttpResponse:
        """Take an order back: deleted (204) while the kitchen has not got it and nothing is paid, else cancelled."""
        reason = query_of(request, ReasonQuery).get("reason", "")
        order = delete_order(order_id=order_id, actor=self.actor, reason=reason, version=self.version())
        if order is None:
            return HttpResponse(status=HTTPStatus.NO_CONTENT)
        return order_answer(order)


class ConfirmOrder(Endpoint):
    """Confirming."""

    write_scope = Scope.ORDERS_WRITE

    @documented(
        "confirm_order", tag=TAG, body=Versioned, answers={200: shown(OrderShape)}, refuses=(InvalidTransition,)
    )
    def put(self, request: Request, order_id: int) -> HttpResponse:
        """Send an order to the kitchen."""
        version = self.version(self.body(Versioned))
        return order_answer(confirm_order(order_id=order_id, actor=self.actor, version=version))


class OrderStatusOf(Endpoint):
    """An order's status."""

    write_scope = Scope.ORDERS_WRITE

    @documented(
        "set_order_status",
        tag=TAG,
        body=StatusBody,
        answers={200: shown(OrderShape)},
        refuses=(AllergyUnconfirmed, CourseHeld, InvalidTransition, NotPaid, OutOfStock, Unavailable),
    )
    def put(self, request: Request, order_id: int) -> HttpResponse:
        """Move an order to another status."""
        return self._move(order_id)

    @documented(
        "change_order_status",
        tag=TAG,
        body=StatusBody,
        answers={200: shown(OrderShape)},
        refuses=(AllergyUnconfirmed, CourseHeld, InvalidTransition, NotPaid, OutOfStock, Unavailable),
    )
    def patch(self, request: Request, order_id: int) -> HttpResponse:
        """Move an order to another status (the same as PUT)."""
        return self._move(order_id)

    def _move(self, order_id: int) -> HttpResponse:
        body = self.body(StatusBody)
        version = self.version(body)
        order = set_order_status(
            order_id=order_id, to=body["status"], reason=body.get("reason") or "", actor=self.actor, version=version
        )
        return order_answer(order)


class Transitions(Endpoint):
    """Where an order may go."""

    read_scope = Scope.ORDERS_READ

    @documented("get_order_transitions", tag=TAG, answers={200: shown(TransitionsShape)})
    def get(self, request: Request, order_id: int) -> HttpResponse:
        """Return the statuses that an order may take next, and who may set them."""
        query_of(request, NoQuery)
        order = Order.objects.filter(restaurant_id=self.restaurant_id, pk=order_id).first()
        if order is None:
            raise NotFound("There is no such order.")
        return answer(transitions_of(order), version=order.version)
