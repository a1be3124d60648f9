"""QR codes: a table's for its guests, an order's for the staff."""

from __future__ import annotations

from typing import Any, ClassVar

from django.http import HttpResponse
from msgspec import Struct
from rest_framework.request import Request

from orders.api.documents import documented, shown
from orders.api.endpoints import JSON, Endpoint, answer, keyed
from orders.api.fields import Body, OneOf, Text
from orders.api.pages import Query, query_of
from orders.api.permissions import STAFF_ALONE
from orders.api.renderers import JsonRenderer
from orders.errors import Conflict, NotFound
from orders.models import QRCode, Table
from orders.qr_images import CONTENT_TYPES, qr_image
from orders.scopes import Scope
from orders.services.qr_codes import issue_qr_code, scan_qr_code
from orders.shapes import OrderShape, Timestamp, order_shape, timestamp
from orders.states import Role
from orders.tokens import table_token

LONGEST_SCAN = 2000


class CodeShape(Struct, frozen=True):
    """What a QR code stands for: its token, and the address that it says."""

    token: str
    url: str


class QRShape(Struct, frozen=True):
    """An order's code; ``status`` is active, scanned or expired."""

    id: int
    status: str
    scanned_count: int
    expires_at: Timestamp


class ScanShape(Struct, frozen=True):
    """A scanned code, and the order that it stands for."""

    qr: QRShape
    order: OrderShape


def qr_shape(code: QRCode) -> QRShape:
    """Show a code, but for its token: whoever scanned it has that."""
    return QRShape(code.pk, code.status, code.scan_count, timestamp(code.expires_at))


class CodeQuery(Query):
    """As what: an image, or without it the token and the address."""

    format = OneOf(choices=list(CONTENT_TYPES), required=False)


class CodeEndpoint(Endpoint):
    """A code, as JSON or as an image."""

    images: ClassVar = tuple(CONTENT_TYPES.values())

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:  # noqa: FBT002 - REST framework's
        """Leave what comes to ``format``: an image's element accepts no JSON."""
        return JsonRenderer(), JSON

    def code(self, kind: str | None, token: str, path: str) -> HttpResponse:
        """Answer with a code that says the address of a page, with the token behind it, where no log has it."""
        url = self.request.build_absolute_uri(f"{path}#{token}")
        if kind is None:
            response = answer(CodeShape(token, url))
        else:
            response = HttpResponse(qr_image(url, kind), content_type=CONTENT_TYPES[kind])  # type: ignore[arg-type,index]
        response["Cache-Control"] = "no-store"
        return response


class TableCode(CodeEndpoint):
    """The code on a table."""

    read_scope = STAFF_ALONE

    @documented(
        "get_table_qr", tag="tables", query=CodeQuery, answers={200: shown(CodeShape)}, images=CodeEndpoint.images
    )
    def get(self, request: Request, row_id: int) -> HttpResponse:
        """Return the code that guests at the table scan."""
        kind = query_of(request, CodeQuery).get("format")
        self.actor.require(Role.WAITER, Role.MANAGER, to="see a table's code")
        table = Table.objects.filter(restaurant_id=self.restaurant_id, pk=row_id).first()
        if table is None:
            raise NotFound("There is no such table.")
        return self.code(kind, table_token(table), "/t/")


class OrderCode(CodeEndpoint):
    """The code on an order's slip."""

    read_scope = Scope.ORDERS_READ

    @documented(
        "get_order_qr",
        tag="orders",
        query=CodeQuery,
        answers={200: shown(CodeShape)},
        images=CodeEndpoint.images,
        refuses=(Conflict,),
    )
    def get(self, request: Request, order_id: int) -> HttpResponse:
        """Return the code that the staff scan; it is made when it is first asked for."""
        kind = query_of(request, CodeQuery).get("format")
        return self.code(kind, issue_qr_code(order_id=order_id, actor=self.actor).token, "/q/")


class ScanBody(Body):
    """What a scanner typed: the token, or the address that the code says."""

    token = Text(max_length=LONGEST_SCAN)


class Scan(Endpoint):
    """Scanning."""

    write_scope = Scope.ORDERS_READ  # a scanner reads the order, and the count is not its to choose

    @documented("scan_qr", tag="orders", body=ScanBody, answers={200: shown(ScanShape)}, refuses=(NotFound,))
    @keyed
    def post(self, request: Request) -> HttpResponse:
        """Count a scan of an order's code, and return the order."""
        code, order = scan_qr_code(token=self.body(ScanBody)["token"], actor=self.actor)
        return answer(ScanShape(qr_shape(code), order_shape(order)))
