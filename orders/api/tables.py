"""The tables: all staff read them, the manager sets them up and ends their codes."""

from __future__ import annotations

from django.http import HttpResponse
from rest_framework.request import Request

from orders.api.documents import documented, shown
from orders.api.endpoints import Endpoint, answer, keyed
from orders.api.fields import Body
from orders.api.menu_inputs import TableBody
from orders.api.pages import NoQuery, Ordering, query_of
from orders.api.permissions import STAFF_ALONE
from orders.api.shelves import Shelf, Writes, shelf_views
from orders.models import Table
from orders.scopes import Scope
from orders.services.tables import create_table, delete_table, rotate_table_token, update_table
from orders.shapes import TableShape, table_shape
from orders.states import Role
from orders.tokens import table_token

TAG = "tables"


def _shape(table: Table, endpoint: Endpoint) -> TableShape:
    """Show a table, with what its printed code says to those who may print one."""
    if not endpoint.actor.may(Role.MANAGER, Role.WAITER):
        return table_shape(table, token=None, url=None)
    token = table_token(table)
    return table_shape(table, token=token, url=endpoint.request.build_absolute_uri(f"/t/#{token}"))


TableList, TableRow = shelf_views(
    Shelf(
        lambda restaurant_id: Table.objects.filter(restaurant_id=restaurant_id),
        Ordering(("area", "name", "id")),
        _shape,
        Writes(TableBody, create_table, update_table, delete_table),
        Scope.ORDERS_READ,
    ),
    TableShape,
    one="table",
    many="tables",
    tag=TAG,
)


class RotateToken(Endpoint):
    """Ending a table's code."""

    write_scope = STAFF_ALONE

    @documented("rotate_table_token", tag=TAG, answers={200: shown(TableShape)})
    @keyed
    def post(self, request: Request, row_id: int) -> HttpResponse:
        """End every code that was printed for a table, and return its new one."""
        query_of(request, NoQuery)
        self.body(Body)
        return answer(_shape(rotate_table_token(table_id=row_id, actor=self.actor), self))
