"""The guests' API: the menu, an order from the table, and how far the kitchen is. Redacted, and rate limited."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.http import HttpResponse
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from orders.actors import Actor
from orders.aggregates import lines_of
from orders.api.auth import GuestAuthentication
from orders.api.documents import documented, paged, shown
from orders.api.endpoints import Endpoint, answer, keyed
from orders.api.fields import MOST_CHOICES, MOST_ITEMS, Body, Items, Text, id_field
from orders.api.inputs import ItemBody, asked_item
from orders.api.pages import NEWEST_FIRST, NoQuery, PageQuery, page, query_of
from orders.errors import NotAllowed, NotFound, OutOfStock, Unavailable
from orders.guest_shapes import GuestDish, GuestShape, guest_dish, guest_shape
from orders.models import Order
from orders.pictures import picture_url
from orders.redaction import guest_copy
from orders.selectors import guest_menu, guest_order, guest_orders, seen_orders
from orders.services.guests import order_from_table
from orders.shapes import OrderShape, order_shape, shown_shape

TAG = "guests"


class IsGuest(BasePermission):
    """Lets in whoever holds a token of a table, an order or a customer."""

    message = "This is for guests, with the code of their table or their link."

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether the caller is a guest."""
        return isinstance(request.auth, Actor) and request.auth.is_guest


class GuestEndpoint(Endpoint):
    """One address of the API, for guests."""

    authentication_classes = (GuestAuthentication,)
    permission_classes = (IsGuest,)

    def require(self, *kinds: str, to: str) -> None:
        """Raise NotAllowed unless the caller's token is of one of the kinds."""
        if self.actor.kind not in kinds:
            raise NotAllowed(f"This link does not let you {to}.")


class Guest(GuestEndpoint):
    """The guest's token."""

    @documented("get_guest", tag=TAG, answers={200: shown(GuestShape)})
    def get(self, request: Request) -> HttpResponse:
        """Return what the token opens, and the room that tells of it."""
        query_of(request, NoQuery)
        caller: Any = request
        return answer(guest_shape(caller.guest))


class GuestMenu(GuestEndpoint):
    """What can be ordered."""

    @documented("get_guest_menu", tag=TAG, answers={200: {"type": "array", "items": shown(GuestDish)}})
    def get(self, request: Request) -> HttpResponse:
        """Return the menu as it can be ordered now, by category."""
        query_of(request, NoQuery)
        self.require("table", to="read the menu")
        dishes = guest_menu(self.restaurant_id)
        return answer([guest_dish(dish, image_url=picture_url(dish.image)) for dish in dishes])


class GuestOrderBody(Body):
    """An order as guests make it at their table: dishes, and what the staff must know. Prices are the menu's."""

    notes = Text(required=False, allow_null=True, allow_blank=True, max_length=1000)
    allergen_ids = Items(child=id_field(), required=False, allow_null=True, max_length=MOST_CHOICES)
    items = Items(child=ItemBody(), min_length=1, max_length=MOST_ITEMS)


def _answer(order: Order, shape: OrderShape, status: int = HTTPStatus.OK, *, location: bool = False) -> HttpResponse:
    address = f"/api/guest/orders/{order.pk}" if location else None
    return answer(guest_copy(shape), status, version=order.version, location=address)


class GuestOrders(GuestEndpoint):
    """The orders of a table, or of a customer."""

    @documented("list_guest_orders", tag=TAG, query=PageQuery, answers={200: paged(OrderShape)})
    def get(self, request: Request) -> HttpResponse:
        """List the open orders of the table; with a customer's link all orders of that customer."""
        query = query_of(request, PageQuery)
        self.require("table", "customer", to="list orders")
        rows = guest_orders(self.actor)
        return page(
            request,
            rows,
            lambda order: guest_copy(order_shape(order)),
            ordering=NEWEST_FIRST,
            query=query,
            read=seen_orders,
        )

    @documented(
        "create_guest_order",
        tag=TAG,
        body=GuestOrderBody,
        answers={201: shown(OrderShape)},
        refuses=(NotFound, OutOfStock, Unavailable),
    )
    @keyed
    def post(self, request: Request) -> HttpResponse:
        """Order from the table; the staff confirm it, unless the restaurant confirms by itself."""
        body = self.body(GuestOrderBody)
        order = order_from_table(
            actor=self.actor,
            items=[asked_item(item) for item in body["items"]],
            notes=body.get("notes") or "",
            allergen_ids=body.get("allergen_ids") or (),
        )
        lines_of(order)
        return _answer(order, shown_shape(order), HTTPStatus.CREATED, location=True)


class OneGuestOrder(GuestEndpoint):
    """One order."""

    @documented("get_guest_order", tag=TAG, answers={200: shown(OrderShape)})
    def get(self, request: Request, order_id: int) -> HttpResponse:
        """Return an order that the token opens."""
        query_of(request, NoQuery)
        order = guest_order(self.actor, order_id)
        return _answer(order, order_shape(order))
