"""QR codes: a table's for its guests, an order's for the staff; and the links that guests follow."""

from __future__ import annotations

import datetime as dt
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from django.utils import timezone
from PIL import Image

from orders.access import actor_of
from orders.errors import NotFound
from orders.models import HistoryEntry, Order, QRCode
from orders.scopes import Scope
from orders.services.devices import pair_device
from orders.services.orders import set_order_status
from orders.services.qr_codes import issue_qr_code, scan_qr_code
from orders.states import DeviceKind, OrderStatus, QRStatus, Role
from orders.tokens import guest_pass, table_of, table_token
from tests.callers import Caller
from tests.factories import CustomerFactory
from tests.streams import at_once, payloads

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

    from tests.callers import House, Reply
    from tests.places import Place

pytestmark = pytest.mark.django_db


def scanned(caller: Caller, token: str, **headers: str) -> Reply:
    return caller.post("/api/qr/scan", {"token": token}, **headers)


def code_of(house: House, order_id: int) -> str:
    token: str = house.waiter.get(f"/api/orders/{order_id}/qr").body["token"]
    return token


def announced(house: House) -> list[str]:
    """What was announced of orders."""
    return [name for name in house.events() if name.startswith(("order", "qr"))]


# A table's code


def test_table_code_is_its_token_and_the_address_of_its_page(house: House) -> None:
    reply = house.waiter.get(f"/api/tables/{house.table.pk}/qr")

    assert reply.status == 200
    assert table_of(reply.body["token"]) == house.table
    assert reply.body == {"token": reply.body["token"], "url": f"http://testserver/t/#{reply.body['token']}"}
    assert reply.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.OWNER, 200), (Role.MANAGER, 200), (Role.WAITER, 200), (Role.KITCHEN, 403), (Role.CASHIER, 403)],
)
def test_table_code_is_shown_when_the_role_may_print_it(house: House, role: Role, status: int) -> None:
    assert house.caller(role).get(f"/api/tables/{house.table.pk}/qr").status == status


@pytest.mark.parametrize("where", ["tables/{table}/qr", "orders/{order}/qr"])
def test_codes_come_as_images_when_a_format_is_asked_for(house: House, where: str) -> None:
    address = "/api/" + where.format(table=house.table.pk, order=house.order()["id"])
    headers = {"authorization": f"Bearer {house.waiter.token}", "accept": "image/avif,image/webp"}

    svg, png = [house.waiter.client.get(f"{address}?format={kind}", headers=headers) for kind in ("svg", "png")]

    drawing = ET.fromstring(svg.content)  # noqa: S314 - our own
    assert (svg.status_code, svg["Content-Type"], drawing.tag) == (
        200,
        "image/svg+xml",
        "{http://www.w3.org/2000/svg}svg",
    )
    with Image.open(BytesIO(png.content)) as picture:
        assert (png.status_code, png["Content-Type"], picture.format) == (200, "image/png", "PNG")
        assert picture.width == picture.height > 300


@pytest.mark.parametrize("query", ["format=gif", "format=", "format=svg&format=png", "size=9"])
def test_bad_request_when_the_format_is_another(house: House, query: str) -> None:
    assert house.waiter.get(f"/api/tables/{house.table.pk}/qr?{query}").status == 400


def test_codes_are_not_found_when_table_or_order_is_anothers(house: House, foreign: House) -> None:
    addresses = [
        f"/api/tables/{foreign.table.pk}/qr",
        f"/api/orders/{foreign.order()['id']}/qr",
        "/api/orders/999999/qr",
    ]

    assert [house.manager.get(address).status for address in addresses] == [404, 404, 404]
    assert QRCode.objects.count() == 0


# An order's code


def test_order_code_is_made_once_when_it_is_asked_for(house: House) -> None:
    order = house.order()

    first, second = (house.cook.get(f"/api/orders/{order['id']}/qr") for _ in range(2))

    code = QRCode.objects.get()
    assert first.body == second.body == {"token": code.token, "url": f"http://testserver/q/#{code.token}"}
    assert (code.order_id, code.status, code.scan_count) == (order["id"], "active", 0)
    assert dt.timedelta(hours=23) < code.expires_at - timezone.now() <= dt.timedelta(hours=24)
    assert announced(house) == ["order:created"]


def test_order_code_is_renewed_when_it_has_expired(house: House) -> None:
    order = house.order()
    old = code_of(house, order["id"])
    QRCode.objects.update(silently=True, expires_at=timezone.now(), status=QRStatus.SCANNED)

    new = code_of(house, order["id"])

    assert new != old
    assert scanned(house.waiter, old).status == 404
    assert scanned(house.waiter, new).body["qr"]["scanned_count"] == 1


def test_scan_counts_and_returns_the_order(house: House) -> None:
    order = house.order()
    token = code_of(house, order["id"])

    first = scanned(house.cashier, token)
    second = scanned(house.cook, f"http://testserver/q/#{token}\n")

    assert (first.status, second.status) == (200, 200)
    assert first.body["qr"].keys() == {"id", "status", "scanned_count", "expires_at"}
    assert [reply.body["qr"]["scanned_count"] for reply in (first, second)] == [1, 2]
    assert first.body["qr"]["status"] == "scanned"
    assert first.body["order"] == house.waiter.get(f"/api/orders/{order['id']}").body == order


def test_scan_is_announced_to_staff_board_and_order(house: House) -> None:
    order = house.order(customer={"name": "Ada Byron", "phone": "+441"})

    scanned(house.waiter, code_of(house, order["id"]))

    assert announced(house) == ["order:created", "qr:scanned"]
    told = payloads(house.restaurant, "qr:scanned")[0]
    assert (told["order_id"], told["status"], told["scanned_count"], told["customer_name"]) == (
        order["id"], "scanned", 1, "Ada Byron",
    )  # fmt: skip
    assert HistoryEntry.objects.filter(event="qr:scanned").count() == 1


@pytest.mark.parametrize("role", list(Role))
def test_scan_is_allowed_to_every_member_of_staff(house: House, role: Role) -> None:
    assert scanned(house.caller(role), code_of(house, house.order()["id"])).status == 200


@pytest.mark.parametrize(
    "token", ["", " ", "nonsense", "a" * 2000, "tbl_x", "#", "🍔", 5, None, ["x"], "a" * 2001, "a\0b"]
)
def test_scan_is_refused_when_the_token_is_none_of_ours(house: House, token: object) -> None:
    house.order()

    reply = house.waiter.post("/api/qr/scan", {"token": token})

    assert reply.status in (400, 404)
    assert reply.body["code"] in ("invalid", "not_found")


def paired(house: House, *scopes: Scope) -> Caller:
    membership = house.manager.membership
    assert membership is not None
    actor = actor_of(membership, "api")
    _, key = pair_device(name="Scanner", kind=DeviceKind.INTEGRATION, actor=actor, scopes=scopes)
    return Caller(token=key)


def test_device_scans_when_it_may_read_orders(house: House, foreign: House) -> None:
    order = house.order()
    token, elsewhere = code_of(house, order["id"]), code_of(foreign, foreign.order()["id"])
    scanner, other = paired(house, Scope.ORDERS_READ), paired(house, Scope.MENU_READ)

    statuses = [scanned(caller, token).status for caller in (scanner, other)]

    assert (statuses, scanned(scanner, elsewhere).status) == ([200, 403], 404)
    assert scanner.get(f"/api/orders/{order['id']}/tracking-link").status == 200
    assert scanner.get(f"/api/tables/{house.table.pk}/qr").status == 403


def test_scan_is_not_found_when_the_code_is_another_restaurants(house: House, foreign: House) -> None:
    token = code_of(foreign, foreign.order()["id"])

    replies = [scanned(house.caller(role), token) for role in Role]

    assert [reply.status for reply in replies] == [404] * len(Role)
    assert (QRCode.objects.get().scan_count, announced(foreign)) == (0, ["order:created"])


def test_scan_is_not_found_when_the_code_has_expired(house: House) -> None:
    token = code_of(house, house.order()["id"])
    QRCode.objects.update(silently=True, expires_at=timezone.now())

    reply = scanned(house.waiter, token)

    assert (reply.status, reply.body["code"], QRCode.objects.get().scan_count) == (404, "not_found", 0)


def test_code_ends_when_its_order_is_closed(house: House) -> None:
    order = house.order()
    token = code_of(house, order["id"])

    house.manager.put(f"/api/orders/{order['id']}/status", {"status": "cancelled"})

    assert scanned(house.waiter, token).status == 404
    assert house.waiter.get(f"/api/orders/{order['id']}/qr").status == 409
    assert QRCode.objects.get().status == QRStatus.EXPIRED


def test_code_goes_with_its_order_when_that_is_deleted(house: House) -> None:
    order = house.order()
    token = code_of(house, order["id"])

    assert house.waiter.delete(f"/api/orders/{order['id']}").status == 204

    assert (scanned(house.waiter, token).status, QRCode.objects.count()) == (404, 0)


def test_scan_counts_once_when_it_is_sent_twice_with_a_key(house: House) -> None:
    token = code_of(house, house.order()["id"])

    first, second = (scanned(house.waiter, token, idempotency_key="a") for _ in range(2))

    assert first.body == second.body
    assert (second.headers["Idempotency-Replayed"], QRCode.objects.get().scan_count) == ("true", 1)


@pytest.mark.django_db(transaction=True)
def test_scans_are_all_counted_when_they_come_at_once(place: Place) -> None:
    order = place.order()
    token = issue_qr_code(order_id=order.pk, actor=place.actor).token

    results = at_once([partial(scan_qr_code, token=token, actor=place.actor)] * 8)

    assert sorted(code.scan_count for code, _ in results) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert QRCode.objects.get().scan_count == 8
    assert [told["scanned_count"] for told in payloads(place.restaurant, "qr:scanned")] == [1, 2, 3, 4, 5, 6, 7, 8]


@pytest.mark.django_db(transaction=True)
def test_one_code_is_made_when_several_ask_for_it_at_once(place: Place) -> None:
    order = place.order()

    results = at_once([partial(issue_qr_code, order_id=order.pk, actor=place.actor)] * 6)

    assert {code.token for code in results} == {QRCode.objects.get().token}


@pytest.mark.django_db(transaction=True)
def test_scan_and_close_at_once_leave_an_expired_code(place: Place) -> None:
    order = place.order()
    token = issue_qr_code(order_id=order.pk, actor=place.actor).token

    scan, closed = at_once(
        [
            partial(scan_qr_code, token=token, actor=place.actor),
            partial(set_order_status, order_id=order.pk, to=OrderStatus.CANCELLED, actor=place.actor),
        ]
    )

    assert isinstance(scan, tuple | NotFound)
    assert isinstance(closed, Order)
    assert QRCode.objects.get().status == QRStatus.EXPIRED


# Links for guests


@pytest.mark.parametrize("role", list(Role))
def test_links_are_given_to_every_member_of_staff(house: House, role: Role) -> None:
    customer = CustomerFactory(restaurant=house.restaurant)
    order = house.order()
    addresses = [f"/api/orders/{order['id']}/tracking-link", f"/api/customers/{customer.pk}/tracking-link"]

    to_order, to_customer = (house.caller(role).get(address) for address in addresses)

    assert [reply.status for reply in (to_order, to_customer)] == [200, 200]
    for reply in (to_order, to_customer):
        assert reply.body.keys() == {"token", "url", "expires_at"}
        assert reply.body["url"] == f"http://testserver/o/#{reply.body['token']}"
        assert reply.headers["Cache-Control"] == "no-store"
    opened = [guest_pass(reply.body["token"]) for reply in (to_order, to_customer)]
    assert [(guest.order_id, guest.customer_id) for guest in opened if guest] == [
        (order["id"], None),
        (None, customer.pk),
    ]


def test_links_are_not_found_when_order_or_customer_is_anothers(house: House, foreign: House) -> None:
    customer = CustomerFactory(restaurant=foreign.restaurant)
    addresses = [f"/api/orders/{foreign.order()['id']}/tracking-link", f"/api/customers/{customer.pk}/tracking-link"]

    assert [house.manager.get(address).status for address in addresses] == [404, 404]


def test_guests_are_unauthenticated_where_staff_work(house: House) -> None:
    order = house.order()
    tokens = [
        table_token(house.table),
        house.waiter.get(f"/api/orders/{order['id']}/tracking-link").body["token"],
    ]
    calls = [
        ("GET", f"/api/orders/{order['id']}"), ("GET", "/api/menu-items"), ("POST", "/api/orders"),
        ("GET", f"/api/tables/{house.table.pk}/qr"), ("GET", f"/api/orders/{order['id']}/qr"),
        ("GET", f"/api/orders/{order['id']}/tracking-link"), ("POST", "/api/qr/scan"),
    ]  # fmt: skip

    statuses = [Caller(token=token).call(method, path).status for token in tokens for method, path in calls]

    assert statuses == [401] * len(statuses)


def test_reading_codes_and_links_takes_a_constant_number_of_queries(
    house: House, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    order = house.order()
    customer = CustomerFactory(restaurant=house.restaurant)
    code_of(house, order["id"])

    # Whether it still stands who calls, and the row that is meant; a code is read under its order's lock.
    for address, queries in (
        (f"/api/tables/{house.table.pk}/qr", 2),
        (f"/api/orders/{order['id']}/tracking-link", 2),
        (f"/api/customers/{customer.pk}/tracking-link", 2),
        (f"/api/orders/{order['id']}/qr?format=svg", 5),
    ):
        with django_assert_num_queries(queries):
            header = f"Bearer {house.waiter.token}"
            assert house.waiter.client.get(address, headers={"authorization": header}).status_code == 200
