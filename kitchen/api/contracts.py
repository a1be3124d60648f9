"""Production contracts: every version of what the kitchen was asked to make of an order."""

from __future__ import annotations

from django.http import HttpResponse
from rest_framework.request import Request

from kitchen.contract_shapes import ContractShape, contract_shape
from kitchen.models import ProductionContract
from kitchen.services.contracts import find_contract
from orders.api.documents import documented, paged, shown
from orders.api.endpoints import Endpoint, answer
from orders.api.pages import Ordering, PageQuery, Query, WholeParameter, page, query_of
from orders.scopes import Scope

TAG = "orders"
BIGGEST_VERSION = 2**31 - 1
LATEST_FIRST = Ordering(("version",), falling=True)


class VersionQuery(Query):
    """Which version; the latest where none is named."""

    version = WholeParameter(required=False, min_value=1, max_value=BIGGEST_VERSION)


class OneContract(Endpoint):
    """An order's contract."""

    read_scope = Scope.ORDERS_READ
    other_read_scope = Scope.KITCHEN_READ

    @documented("get_production_contract", tag=TAG, query=VersionQuery, answers={200: shown(ContractShape)})
    def get(self, request: Request, order_id: int) -> HttpResponse:
        """Return what the kitchen was asked to make of an order: the latest version, or the one that is named."""
        version = query_of(request, VersionQuery).get("version")
        return answer(contract_shape(find_contract(self.restaurant_id, order_id, version)))


class Contracts(Endpoint):
    """All versions of an order's contract."""

    read_scope = Scope.ORDERS_READ
    other_read_scope = Scope.KITCHEN_READ

    @documented("list_production_contracts", tag=TAG, query=PageQuery, answers={200: paged(ContractShape)})
    def get(self, request: Request, order_id: int) -> HttpResponse:
        """List the versions of what the kitchen was asked to make of an order, newest first."""
        query = query_of(request, PageQuery)
        latest = find_contract(self.restaurant_id, order_id)
        rows = ProductionContract.objects.filter(order_id=latest.order_id)
        return page(request, rows, contract_shape, ordering=LATEST_FIRST, query=query)
