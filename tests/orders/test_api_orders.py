"""Orders over REST: who may do what, and what is answered."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from orders.models import Order
from orders.states import Role
from tests.callers import Caller
from tests.factories import AllergenFactory, ChoiceFactory, CustomerFactory, ModifierFactory, TableFactory

if TYPE_CHECKING:
    from tests.callers import House

pytestmark = pytest.mark.django_db
EVERYBODY = [Role.OWNER, Role.MANAGER, Role.WAITER, Role.KITCHEN, Role.CASHIER]
NEVER = 2**63


def test_order_is_answered_whole_when_it_is_taken(house: House) -> None:
    reply = house.waiter.post("/api/orders", house.order_body(2, notes="window"))

    order = reply.body
    assert reply.status == 201
    assert reply.headers["Location"] == f"/api/orders/{order['id']}"
    assert reply.headers["ETag"] == '"1"'
    assert reply.headers["Content-Type"] == "application/json"
    assert (order["status"], order["order_number"], order["version"]) == ("pending", "T1-001", 1)
    assert (order["total_amount"], order["final_amount"], order["notes"]) == ("19.00", "19.00", "window")
    assert [(item["quantity"], item["line_total"]) for item in order["items"]] == [(2, "19.00")]
    assert order["waiter_name"] == house.waiter.membership.user.name  # type: ignore[union-attr]
    assert house.waiter.get(f"/api/orders/{order['id']}").body == order


@pytest.mark.parametrize("slash", ["", "/"])
def test_order_is_found_with_and_without_a_trailing_slash(house: House, slash: str) -> None:
    order = house.order()

    assert house.waiter.get(f"/api/orders/{order['id']}{slash}").body == order
    assert house.waiter.get(f"/api/orders{slash}").body["results"] == [order]


def test_everything_that_may_be_said_is_taken_when_an_order_says_it(house: House) -> None:
    modifier = ModifierFactory(group__restaurant=house.restaurant, price="1.50")
    ChoiceFactory(menu_item=house.dish, group=modifier.group)
    allergen = AllergenFactory(restaurant=house.restaurant, name="peanuts")
    item = {
        "menu_item_id": house.dish.pk,
        "quantity": 3,
        "modifier_ids": [modifier.pk],
        "special_instructions": " well done ",
        "course": 2,
    }
    body = house.order_body(
        items=[item],
        customer={"name": "Ada", "phone": "+49 1"},
        priority="vip",
        notes="birthday",
        allergen_ids=[allergen.pk],
        external_id="shop-1",
        draft=True,
    )

    order = house.cashier.post("/api/orders", body).body

    line = order["items"][0]
    assert (line["special_instructions"], line["course"], line["line_total"]) == (" well done ", 2, "33.00")
    assert line["modifiers"] == [{"id": modifier.pk, "name": modifier.name, "price": "1.50"}]
    assert (order["status"], order["priority"], order["external_id"]) == ("draft", "vip", "shop-1")
    assert (order["customer_name"], order["allergies"], order["waiter_id"]) == ("Ada", ["peanuts"], None)


def test_nulls_mean_nothing_said_when_they_are_optional(house: House) -> None:
    item = {"menu_item_id": house.dish.pk, "quantity": 1}
    item_nulls: dict[str, Any] = {"modifier_ids": None, "special_instructions": None, "course": None}
    nulls: dict[str, Any] = dict.fromkeys(("customer", "customer_id", "notes", "allergen_ids", "external_id"))

    reply = house.waiter.post("/api/orders", house.order_body(items=[item | item_nulls]) | nulls)

    assert reply.status == 201
    assert (reply.body["customer_id"], reply.body["notes"], reply.body["items"][0]["course"]) == (None, "", 1)


@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.OWNER, 201), (Role.MANAGER, 201), (Role.WAITER, 201), (Role.CASHIER, 201), (Role.KITCHEN, 403)],
)
def test_order_is_taken_when_the_role_may(house: House, role: Role, status: int) -> None:
    caller, before = house.caller(role), house.announced()

    reply = caller.post("/api/orders", house.order_body())

    assert reply.status == status
    assert Order.objects.count() == (status == 201)
    assert (house.announced() > before) == (status == 201)


@pytest.mark.parametrize("role", EVERYBODY)
def test_orders_are_read_by_every_role(house: House, role: Role) -> None:
    order = house.order()
    caller = house.caller(role)

    assert caller.get("/api/orders").body["results"] == [order]
    assert caller.get(f"/api/orders/{order['id']}").body == order
    assert caller.get(f"/api/orders/{order['id']}/transitions").status == 200


@pytest.mark.parametrize(
    ("field", "pointer"),
    [
        ("table_id", "/table_id"),
        ("customer_id", "/customer_id"),
        ("allergen_ids", "/allergen_ids/0"),
        ("items", "/items/0/menu_item_id"),
    ],
)
@pytest.mark.parametrize("kind", ["foreign", "unknown"])
def test_not_found_when_an_order_names_what_the_restaurant_has_not(
    house: House, foreign: House, field: str, pointer: str, kind: str
) -> None:
    foreign_ids = {
        "table_id": foreign.table.pk,
        "customer_id": CustomerFactory(restaurant=foreign.restaurant).pk,
        "allergen_ids": AllergenFactory(restaurant=foreign.restaurant).pk,
        "items": foreign.dish.pk,
    }
    wanted = foreign_ids[field] if kind == "foreign" else NEVER - 1
    value: Any = {"items": [{"menu_item_id": wanted, "quantity": 1}], "allergen_ids": [wanted]}.get(field, wanted)
    caller, before = house.waiter, house.announced()

    reply = caller.post("/api/orders", house.order_body(**{field: value}))

    assert (reply.status, reply.body["code"]) == (404, "not_found")
    assert reply.pointers == [(pointer, "not_found")]
    assert (Order.objects.count(), house.announced()) == (0, before)


def test_conflict_when_the_dish_is_86d(house: House) -> None:
    house.manager.patch(f"/api/menu-items/{house.dish.pk}/availability", {"is_available": False})

    reply = house.waiter.post("/api/orders", house.order_body())

    assert (reply.status, reply.body["code"]) == (409, "unavailable")
    assert reply.body["errors"] == [
        {
            "pointer": "/items/0/menu_item_id",
            "code": "unavailable",
            "detail": f"{house.dish.name} is not available.",
            "menu_item_id": house.dish.pk,
            "left": 0,
        }
    ]


def test_conflict_names_what_is_left_when_stock_runs_short(house: House) -> None:
    house.cook.patch(f"/api/menu-items/{house.dish.pk}/availability", {"is_available": True, "stock": 2})
    before = house.announced()

    reply = house.waiter.post("/api/orders", house.order_body(3))

    assert (reply.status, reply.body["code"]) == (409, "out_of_stock")
    assert (reply.body["errors"][0]["pointer"], reply.body["errors"][0]["left"]) == ("/items/0/quantity", 2)
    assert (Order.objects.count(), house.announced()) == (0, before)


def test_conflict_when_the_external_id_is_in_use(house: House) -> None:
    house.order(external_id="shop-1")

    reply = house.waiter.post("/api/orders", house.order_body(external_id="shop-1"))

    assert (reply.status, reply.body["code"]) == (409, "duplicate")
    assert reply.pointers == [("/external_id", "duplicate")]
    assert Order.objects.count() == 1


def test_invalid_when_the_amount_is_more_than_a_bill_can_hold(house: House) -> None:
    house.dish.price = Decimal("99999999.99")
    house.dish.save()

    reply = house.waiter.post("/api/orders", house.order_body(99))

    assert (reply.status, reply.body["code"]) == (400, "invalid")
    assert reply.pointers == [("/items/0/quantity", "max_value")]
    assert Order.objects.count() == 0


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_only_what_is_sent_changes_when_an_order_is_changed(house: House, method: str) -> None:
    order = house.order(notes="window")
    table = TableFactory(restaurant=house.restaurant, name="12")

    reply = house.waiter.call(method, f"/api/orders/{order['id']}", {"table_id": table.pk, "priority": "express"})

    assert reply.status == 200
    assert reply.headers["ETag"] == '"2"'
    assert (reply.body["table_name"], reply.body["priority"], reply.body["notes"]) == ("12", "express", "window")


def test_customer_is_set_and_taken_off_when_asked(house: House) -> None:
    address = f"/api/orders/{house.order()['id']}"
    guest = CustomerFactory(restaurant=house.restaurant, name="Ada Byron")

    assert house.waiter.patch(address, {"customer_id": guest.pk}).body["customer_name"] == "Ada Byron"
    assert house.waiter.patch(address, {"customer": {"name": "Bob"}}).body["customer_name"] == "Bob"
    assert house.waiter.patch(address, {"customer": None}).body["customer_id"] is None


@pytest.mark.parametrize(("role", "status"), [(Role.OWNER, 200), (Role.MANAGER, 200), (Role.WAITER, 403)])
def test_discount_is_given_when_a_manager_gives_it(house: House, role: Role, status: int) -> None:
    order = house.order()
    caller, before = house.caller(role), house.announced()

    reply = caller.patch(f"/api/orders/{order['id']}", {"discount_amount": "1.50"})

    assert reply.status == status
    assert house.waiter.get(f"/api/orders/{order['id']}").body["final_amount"] == ("8.00" if status == 200 else "9.50")
    assert (house.announced() > before) == (status == 200)


@pytest.mark.parametrize("role", [Role.KITCHEN, Role.CASHIER])
def test_forbidden_when_the_role_may_not_change_orders(house: House, role: Role) -> None:
    order = house.order()
    caller, before = house.caller(role), house.announced()

    reply = caller.patch(f"/api/orders/{order['id']}", {"notes": "x"})

    assert (reply.status, reply.body["code"]) == (403, "forbidden")
    assert house.announced() == before


def test_order_reaches_the_kitchen_when_confirmed(house: House) -> None:
    order = house.order()

    reply = house.waiter.put(f"/api/orders/{order['id']}/confirm")

    assert (reply.status, reply.body["status"], reply.body["version"]) == (200, "confirmed", 2)
    assert house.events()[-5:] == [
        "order:status_changed",
        "order:confirmed",
        "production-contract:created",
        "order:new",
        "station:updated",
    ]


def test_nothing_is_announced_when_the_status_is_already_that(house: House) -> None:
    order = house.confirmed()
    before = house.announced()

    reply = house.waiter.put(f"/api/orders/{order['id']}/confirm")

    assert (reply.status, reply.body["version"]) == (200, order["version"])
    assert house.announced() == before


@pytest.mark.parametrize(("role", "status"), [(Role.KITCHEN, 403), (Role.CASHIER, 403), (Role.MANAGER, 200)])
def test_status_is_said_again_when_the_role_may_set_it(house: House, role: Role, status: int) -> None:
    order = house.confirmed()

    reply = house.caller(role).put(f"/api/orders/{order['id']}/confirm")

    assert reply.status == status
    assert house.waiter.get(f"/api/orders/{order['id']}").body["version"] == order["version"]


@pytest.mark.parametrize("role", [Role.WAITER, Role.CASHIER])
def test_cancelling_is_said_again_when_the_role_may_cancel_early(house: House, role: Role) -> None:
    order = house.order()

    replies = [
        house.caller(role).put(f"/api/orders/{order['id']}/status", {"status": "cancelled", "reason": "They left."})
        for _ in range(2)
    ]

    assert [reply.status for reply in replies] == [200, 200]


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_order_moves_on_when_its_status_is_set(house: House, method: str) -> None:
    order = house.confirmed()

    reply = house.waiter.call(method, f"/api/orders/{order['id']}/status", {"status": "preparing"})

    assert (reply.status, reply.body["status"]) == (200, "preparing")
    assert reply.headers["ETag"] == f'"{reply.body["version"]}"'


def test_conflict_names_what_is_allowed_when_a_step_is_skipped(house: House) -> None:
    order = house.order()
    before = house.announced()

    reply = house.waiter.put(f"/api/orders/{order['id']}/status", {"status": "ready"})

    assert (reply.status, reply.body["code"]) == (409, "invalid_transition")
    assert reply.body["allowed"] == ["confirmed", "cancelled"]
    assert house.announced() == before


@pytest.mark.parametrize(
    ("role", "status"), [(Role.MANAGER, 200), (Role.WAITER, 200), (Role.KITCHEN, 403), (Role.CASHIER, 403)]
)
def test_order_is_confirmed_when_the_role_may(house: House, role: Role, status: int) -> None:
    order = house.order()
    caller, before = house.caller(role), house.announced()

    reply = caller.put(f"/api/orders/{order['id']}/confirm")

    assert reply.status == status
    assert (house.announced() > before) == (status == 200)


def test_unpaid_order_is_completed_when_a_manager_says_why(house: House) -> None:
    order = house.confirmed()
    for status in ("preparing", "ready", "served"):
        house.waiter.put(f"/api/orders/{order['id']}/status", {"status": status})
    address = f"/api/orders/{order['id']}/status"

    assert house.cashier.put(address, {"status": "completed"}).body["code"] == "not_paid"
    assert house.manager.put(address, {"status": "completed"}).pointers == [("/reason", "required")]
    assert house.manager.put(address, {"status": "completed", "reason": "friends"}).body["status"] == "completed"


def test_transitions_name_who_may_when_asked(house: House) -> None:
    order = house.order()

    reply = house.waiter.get(f"/api/orders/{order['id']}/transitions")

    assert reply.body == {
        "status": "pending",
        "transitions": [
            {"status": "confirmed", "allowed_for": ["waiter", "manager", "owner"]},
            {"status": "cancelled", "allowed_for": ["waiter", "cashier", "manager", "owner"]},
        ],
    }
    assert reply.headers["ETag"] == '"1"'


def test_pending_order_is_deleted_when_its_waiter_takes_it_back(house: House) -> None:
    order = house.order()

    reply = house.waiter.delete(f"/api/orders/{order['id']}")

    assert (reply.status, reply.body) == (204, None)
    assert Order.objects.count() == 0
    assert house.events()[-1] == "order:deleted"


def test_confirmed_order_is_cancelled_when_a_manager_deletes_it(house: House) -> None:
    order = house.confirmed()

    reply = house.manager.delete(f"/api/orders/{order['id']}?reason=fire+alarm")

    assert (reply.status, reply.body["status"], reply.body["cancel_reason"]) == (200, "cancelled", "fire alarm")
    assert "order:cancelled" in house.events()


@pytest.mark.parametrize("role", [Role.KITCHEN, Role.CASHIER, Role.WAITER])
def test_forbidden_when_the_role_may_not_delete_a_confirmed_order(house: House, role: Role) -> None:
    order = house.confirmed()
    caller, before = house.caller(role), house.announced()

    reply = caller.delete(f"/api/orders/{order['id']}")

    assert reply.status == 403
    assert house.announced() == before


def test_conflict_when_an_order_that_was_handed_over_is_deleted(house: House) -> None:
    order = house.confirmed()
    for status in ("preparing", "ready", "served"):
        house.waiter.put(f"/api/orders/{order['id']}/status", {"status": status})

    reply = house.manager.delete(f"/api/orders/{order['id']}")

    assert (reply.status, reply.body["code"]) == (409, "invalid_transition")


CALLS: list[tuple[str, str, Any]] = [
    ("GET", "", None),
    ("PUT", "", {"notes": "x"}),
    ("PATCH", "", {"notes": "x"}),
    ("DELETE", "", None),
    ("PUT", "/confirm", None),
    ("PUT", "/status", {"status": "cancelled"}),
    ("PATCH", "/status", {"status": "cancelled"}),
    ("GET", "/transitions", None),
    ("POST", "/items", {"menu_item_id": 1, "quantity": 1}),
    ("PATCH", "/items/{item}", {"quantity": 2}),
    ("PUT", "/items/{item}", {"quantity": 2}),
    ("DELETE", "/items/{item}", None),
    ("PATCH", "/items/{item}/status", {"status": "preparing"}),
]


@pytest.mark.parametrize(("method", "path", "body"), CALLS)
def test_not_found_when_the_order_is_another_restaurants(
    house: House, foreign: House, method: str, path: str, body: Any
) -> None:
    order = foreign.order()
    before = foreign.announced()

    reply = house.manager.call(method, f"/api/orders/{order['id']}{path.format(item=order['items'][0]['id'])}", body)

    assert (reply.status, reply.body["code"]) == (404, "not_found")
    assert foreign.waiter.get(f"/api/orders/{order['id']}").body == order
    assert foreign.announced() == before


@pytest.mark.parametrize("order_id", ["0", "-1", "01", "x", str(NEVER), "9" * 5000, "1.5", "%00"])
def test_not_found_when_no_order_can_have_the_id(house: House, order_id: str) -> None:
    reply = house.manager.get(f"/api/orders/{order_id}")

    assert (reply.status, reply.body["code"]) == (404, "not_found")


@pytest.mark.parametrize(("method", "path", "body"), [*CALLS, ("POST", "", {})])
def test_unauthenticated_when_nobody_signed_in(house: House, method: str, path: str, body: Any) -> None:
    order = house.order()
    address = "/api/orders" if method == "POST" and not path else f"/api/orders/{order['id']}"

    reply = Caller().call(method, address + path.format(item=order["items"][0]["id"]), body)

    assert (reply.status, reply.body["code"]) == (401, "unauthenticated")
    assert reply.headers["WWW-Authenticate"] == 'Bearer realm="brigade"'
