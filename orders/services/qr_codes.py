"""The codes on orders' slips: made when they are first asked for, counted when they are scanned."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.utils import timezone

from orders.actors import Actor
from orders.aggregates import lock_order
from orders.errors import Conflict, NotFound
from orders.models import Order, QRCode
from orders.models.qr_codes import new_qr_token
from orders.scopes import Scope
from orders.states import QRStatus, Role
from orders.units import require_unit, unit_of_work

NO_CODE = "There is no such code, or it has expired."


@unit_of_work
def issue_qr_code(*, order_id: int, actor: Actor) -> QRCode:
    """Return the code for an open order's slip: the one that it has, or a new one where that has expired.

    Locks the order row. Raises NotAllowed, NotFound, and Conflict for a closed order, whose code has ended with it.
    """
    actor.require(*Role, to="see an order's code", scope=Scope.ORDERS_READ)
    order = lock_order(order_id, actor=actor)
    if not order.is_open:
        raise Conflict(f"Order {order.order_number} is {order.status}: its code has expired.")
    now = timezone.now()
    code = QRCode.objects.filter(order=order).first() or QRCode(
        order=order, restaurant_id=order.restaurant_id, created_at=now, expires_at=now
    )
    if code.expires_at <= now:
        code.token = new_qr_token()
        code.status = QRStatus.ACTIVE
        code.expires_at = now + dt.timedelta(hours=settings.ORDER_QR_HOURS)
        code.save()
    return code


@unit_of_work
def scan_qr_code(*, token: str, actor: Actor) -> tuple[QRCode, Order]:
    """Count a scan, and return the code and the order that it stands for.

    ``token`` is the code's, or the address that the code says. Locks the order row, whose guest the event names, then
    the code's. Announces ``qr:scanned``.
    Raises NotAllowed, and NotFound for a token that is unknown, another restaurant's, or has expired.
    """
    actor.require(*Role, to="scan an order's code", scope=Scope.ORDERS_READ)
    known = QRCode.objects.filter(restaurant_id=actor.restaurant_id, token=code_in(token))
    found = known.values_list("pk", "order_id").first()
    if found is None:
        raise NotFound(NO_CODE)
    code_id, order_id = found
    order = lock_order(order_id, actor=actor)
    code = require_unit().lock(QRCode, code_id, restaurant_id=actor.restaurant_id)
    # Renewed in this moment, it is another code.
    if code.expires_at <= timezone.now() or not order.is_open or code.token != code_in(token):
        raise NotFound(NO_CODE)
    code.status = QRStatus.SCANNED
    code.scan_count += 1
    code.save()
    return code, order


def expire_qr_code(order: Order) -> None:
    """End the code of an order that is being closed; what its slip said is over. Needs the order locked."""
    QRCode.objects.filter(order=order).update(silently=True, status=QRStatus.EXPIRED)


def code_in(scanned: str) -> str:
    """Return the token in what a scanner typed: the code says an address that ends with it."""
    return scanned.strip().rpartition("#")[2]
