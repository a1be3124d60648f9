"""Links with which guests follow an order, or all of their own."""

from __future__ import annotations

from django.http import HttpResponse
from msgspec import Struct
from rest_framework.request import Request

from orders.api.documents import documented, shown
from orders.api.endpoints import Endpoint, answer
from orders.api.pages import NoQuery, query_of
from orders.errors import NotFound
from orders.models import Customer, Order
from orders.scopes import Scope
from orders.shapes import Timestamp, timestamp
from orders.tokens import Link, customer_link, tracking_link


class LinkShape(Struct, frozen=True):
    """A link for a guest, and until when it is good."""

    token: str
    url: str
    expires_at: Timestamp


class TrackingLink(Endpoint):
    """A guest's link to an order."""

    read_scope = Scope.ORDERS_READ

    @documented("get_tracking_link", tag="orders", answers={200: shown(LinkShape)})
    def get(self, request: Request, order_id: int) -> HttpResponse:
        """Return a link with which a guest follows this order, and no other."""
        query_of(request, NoQuery)
        order = Order.objects.filter(restaurant_id=self.restaurant_id, pk=order_id).first()
        if order is None:
            raise NotFound("There is no such order.")
        return _answer(self, tracking_link(order))


class CustomerLink(Endpoint):
    """A customer's link to their orders."""

    read_scope = Scope.ORDERS_READ

    @documented("get_customer_tracking_link", tag="customers", answers={200: shown(LinkShape)})
    def get(self, request: Request, customer_id: int) -> HttpResponse:
        """Return a link with which a customer sees the orders of their own."""
        query_of(request, NoQuery)
        customer = Customer.objects.filter(restaurant_id=self.restaurant_id, pk=customer_id).first()
        if customer is None:
            raise NotFound("There is no such customer.")
        return _answer(self, customer_link(customer))


def _answer(endpoint: Endpoint, link: Link) -> HttpResponse:
    # Behind a "#": no proxy and no log ever has it.
    url = endpoint.request.build_absolute_uri(f"/o/#{link.token}")
    response = answer(LinkShape(link.token, url, timestamp(link.expires_at)))
    response["Cache-Control"] = "no-store"
    return response
