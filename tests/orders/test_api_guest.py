"""The guests' API: the menu, orders from the table, and following them; redacted, and never another's."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.test import override_settings

from orders.models import HistoryEntry, MenuItem, Order, StoredAnswer, Table
from orders.states import Role
from orders.tokens import customer_link, table_token, tracking_link
from tests.callers import Caller
from tests.factories import (
    AllergenFactory,
    ChoiceFactory,
    CustomerFactory,
    MenuItemFactory,
    ModifierFactory,
    ModifierGroupFactory,
    TableFactory,
)
from tests.streams import at_once, payloads

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

    from tests.callers import House
    from tests.places import Place

pytestmark = pytest.mark.django_db

STAFFS_OWN = ("customer_id", "waiter_id", "waiter_name")


def at_table(house: House, table: Table | None = None) -> Caller:
    return Caller(token=table_token(table or house.table))


def following(order_id: int) -> Caller:
    return Caller(token=tracking_link(Order.objects.get(pk=order_id)).token)


def customer_caller(customer: Any) -> Caller:
    return Caller(token=customer_link(customer).token)


def asked(house: House, quantity: int = 1, **others: Any) -> dict[str, Any]:
    return {"items": [{"menu_item_id": house.dish.pk, "quantity": quantity}], **others}


def ids(body: Any) -> list[int]:
    return [row["id"] for row in body["results"]]


def announced(house: House) -> list[str]:
    """What was announced of orders."""
    return [name for name in house.events() if name.startswith("order")]


# What a token opens


def test_guest_is_told_what_the_token_opens(house: House) -> None:
    order = house.order()

    seated, follower = at_table(house).get("/api/guest"), following(order["id"]).get("/api/guest")

    restaurant = {"id": house.restaurant.pk, "name": house.restaurant.name}
    assert seated.body == {
        "kind": "table",
        "restaurant": restaurant,
        "currency": "EUR",
        "table": {"id": house.table.pk, "name": house.table.name},
        "order_id": None,
        "customer_id": None,
        "room": f"table:{house.table.pk}",
        "expires_at": None,
    }
    assert (follower.body["kind"], follower.body["room"]) == ("tracking", f"order:{order['id']}")
    assert follower.body["expires_at"].endswith("Z")


@pytest.mark.parametrize("path", ["", "/menu", "/orders", "/orders/1"])
def test_staff_and_strangers_are_unauthenticated_where_guests_are_served(house: House, path: str) -> None:
    tokens = [house.manager.token, None, "nonsense", "tbl_", "tbl_x:y:z", "trk_" + "A" * 5000, "cus_é"]

    statuses = [Caller(token=token).get(f"/api/guest{path}").status for token in tokens]

    assert statuses == [401] * len(tokens)


def test_guests_are_unauthenticated_when_the_code_was_rotated(house: House) -> None:
    guest = at_table(house)
    assert guest.get("/api/guest/menu").status == 200

    rotated = house.manager.post(f"/api/tables/{house.table.pk}/rotate-token")

    assert (rotated.status, guest.get("/api/guest/menu").status) == (200, 401)
    assert guest.post("/api/guest/orders", asked(house)).status == 401
    assert Caller(token=rotated.body["token"]).get("/api/guest/menu").status == 200
    assert Order.objects.count() == 0


@pytest.mark.parametrize("kind", ["tracking", "customer"])
def test_links_open_neither_the_menu_nor_the_kitchen(house: House, kind: str) -> None:
    customer = CustomerFactory(restaurant=house.restaurant)
    order = house.order(customer_id=customer.pk)
    guest = following(order["id"]) if kind == "tracking" else customer_caller(customer)

    replies = [guest.get("/api/guest/menu"), guest.post("/api/guest/orders", asked(house))]

    assert [(reply.status, reply.body["code"]) for reply in replies] == [(403, "forbidden")] * 2
    assert Order.objects.count() == 1


# The menu


def test_menu_has_what_can_be_ordered_and_what_a_guest_must_know(house: House, foreign: House) -> None:
    allergen = AllergenFactory(restaurant=house.restaurant, name="Sesame")
    house.dish.allergens.add(allergen)
    group = ModifierGroupFactory(restaurant=house.restaurant, name="Extras", max=2)
    bacon = ModifierFactory(group=group, name="Bacon", price="1.50")
    ModifierFactory(group=group, name="Caviar", is_available=False)
    ChoiceFactory(menu_item=house.dish, group=group)
    MenuItemFactory(restaurant=house.restaurant, is_available=False)
    MenuItemFactory(restaurant=house.restaurant, stock=0)
    few = MenuItemFactory(restaurant=house.restaurant, stock=1, category=house.dish.category, name="Zander")

    reply = at_table(house).get("/api/guest/menu")

    assert (reply.status, [dish["id"] for dish in reply.body]) == (200, [house.dish.pk, few.pk])
    assert reply.body[0] == {
        "id": house.dish.pk,
        "name": house.dish.name,
        "description": "",
        "price": "9.50",
        "category": {"id": house.dish.category_id, "name": house.dish.category.name},
        "food_type": None,
        "allergens": [{"id": allergen.pk, "name": "Sesame"}],
        "modifier_groups": [
            {
                "id": group.pk,
                "name": "Extras",
                "min": 0,
                "max": 2,
                "modifiers": [{"id": bacon.pk, "name": "Bacon", "price": "1.50", "is_available": True}],
            }
        ],
        "image_url": None,
    }


def test_menu_is_refused_when_something_is_asked_of_it(house: House) -> None:
    assert at_table(house).get("/api/guest/menu?limit=5").status == 400


# Ordering


def test_order_waits_for_the_staff_when_guests_make_it(house: House) -> None:
    reply = at_table(house).post("/api/guest/orders", asked(house, 2, notes="No ice"))

    order = Order.objects.get()
    assert (reply.status, reply.headers["Location"], reply.headers["ETag"]) == (
        201, f"/api/guest/orders/{order.pk}", '"1"',
    )  # fmt: skip
    body = reply.body
    assert (body["status"], body["channel"], body["table_id"], body["notes"]) == (
        "pending", "dine_in", house.table.pk, "No ice",
    )  # fmt: skip
    assert (body["total_amount"], body["items"][0]["quantity"], body["priority"]) == ("19.00", 2, "normal")
    assert [body[name] for name in STAFFS_OWN] == [None, None, None]
    assert announced(house) == ["order:created"]
    assert payloads(house.restaurant, "order:created")[0]["order"]["id"] == order.pk
    entry = HistoryEntry.objects.filter(event="order:created").get()
    assert (entry.actor_id, entry.actor_name, entry.source) == (None, f"Table {house.table.name}", "api")


def test_order_goes_to_the_kitchen_at_once_when_the_restaurant_confirms_by_itself(house: House) -> None:
    house.restaurant.auto_confirm = True
    house.restaurant.save()

    reply = at_table(house).post("/api/guest/orders", asked(house))

    assert (reply.status, reply.body["status"]) == (201, "confirmed")
    assert "order:new" in house.events()


def test_staff_confirm_what_guests_ordered(house: House) -> None:
    order = at_table(house).post("/api/guest/orders", asked(house)).body

    reply = house.waiter.put(f"/api/orders/{order['id']}/confirm")

    assert (reply.status, reply.body["status"]) == (200, "confirmed")
    assert at_table(house).get("/api/guest/orders").body["results"][0]["status"] == "confirmed"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("discount_amount", "5.00"), ("priority", "vip"), ("channel", "takeaway"), ("table_id", 1), ("draft", True),
        ("customer", {"name": "Ada"}), ("customer_id", 1), ("external_id", "x"), ("total_amount", "0.01"),
    ],
)  # fmt: skip
def test_order_is_refused_when_it_says_what_is_not_a_guests_to_say(house: House, field: str, value: object) -> None:
    reply = at_table(house).post("/api/guest/orders", {**asked(house), field: value})

    assert (reply.status, reply.pointers) == (400, [(f"/{field}", "unknown")])
    assert (Order.objects.count(), announced(house)) == (0, [])


@pytest.mark.parametrize(
    "items",
    [
        None, [], "x", {}, [{}], [{"menu_item_id": 1}], [{"menu_item_id": "1", "quantity": 1}],
        [{"menu_item_id": 1, "quantity": 0}], [{"menu_item_id": 1, "quantity": 100}],
        [{"menu_item_id": 1, "quantity": -1}], [{"menu_item_id": 1, "quantity": 1, "unit_price": "0.01"}],
        [{"menu_item_id": 1, "quantity": 1, "special_instructions": "x" * 501}],
        [{"menu_item_id": 1, "quantity": 1}] * 101,
    ],
)  # fmt: skip
def test_order_is_refused_when_its_items_are_wrong(house: House, items: object) -> None:
    assert at_table(house).post("/api/guest/orders", {"items": items}).status == 400
    assert Order.objects.count() == 0


def test_order_is_refused_when_dishes_choices_or_allergens_are_anothers(house: House, foreign: House) -> None:
    elsewhere = ModifierFactory(group__restaurant=foreign.restaurant)
    allergen = AllergenFactory(restaurant=foreign.restaurant)
    item = {"menu_item_id": house.dish.pk, "quantity": 1}
    guest = at_table(house)

    replies = [
        guest.post("/api/guest/orders", {"items": [{"menu_item_id": foreign.dish.pk, "quantity": 1}]}),
        guest.post("/api/guest/orders", {"items": [{**item, "modifier_ids": [elsewhere.pk]}]}),
        guest.post("/api/guest/orders", {"items": [item], "allergen_ids": [allergen.pk]}),
    ]

    assert [reply.status for reply in replies][::2] == [404, 404]
    assert replies[1].status in (400, 404)
    assert Order.objects.count() == 0


def test_order_is_refused_naming_the_dish_when_it_ran_out(house: House) -> None:
    MenuItem.objects.filter(pk=house.dish.pk).update(silently=True, stock=1)

    reply = at_table(house).post("/api/guest/orders", asked(house, 2))

    assert (reply.status, reply.body["code"]) == (409, "out_of_stock")
    assert (reply.body["errors"][0]["menu_item_id"], reply.body["errors"][0]["left"]) == (house.dish.pk, 1)


def test_order_is_made_once_when_it_is_sent_twice_with_a_key(house: House) -> None:
    guest = at_table(house)

    first, second = (guest.post("/api/guest/orders", asked(house), idempotency_key="a") for _ in range(2))
    other = guest.post("/api/guest/orders", asked(house, 2), idempotency_key="a")

    assert (first.status, second.status, other.status) == (201, 201, 422)
    assert (second.body, second.headers["Idempotency-Replayed"]) == (first.body, "true")
    assert Order.objects.count() == 1


def test_key_is_free_when_another_table_or_the_next_code_takes_it(house: House) -> None:
    other = TableFactory(restaurant=house.restaurant)
    callers = [at_table(house), at_table(house, other)]
    assert [caller.post("/api/guest/orders", asked(house), idempotency_key="a").status for caller in callers] == [
        201
    ] * 2

    Table.objects.filter(pk=house.table.pk).update(nonce="another")
    house.table.refresh_from_db()
    reply = at_table(house).post("/api/guest/orders", asked(house), idempotency_key="a")

    assert (reply.status, "Idempotency-Replayed" in reply.headers) == (201, False)
    assert (Order.objects.count(), StoredAnswer.objects.count()) == (3, 3)


@pytest.mark.django_db(transaction=True)
def test_order_is_made_once_when_both_requests_come_at_once(place: Place) -> None:
    body = {"items": [{"menu_item_id": place.dish.pk, "quantity": 1}]}
    send = partial(Caller(token=place.table_token).post, "/api/guest/orders", body, idempotency_key="a")

    replies = at_once([send, send, send])

    assert {reply.status for reply in replies} <= {201, 409}
    assert Order.objects.count() == 1


# Reading orders


def test_table_sees_its_open_orders_and_no_others(house: House, foreign: House) -> None:
    other = TableFactory(restaurant=house.restaurant)
    mine, second = house.order(), house.order()
    closed = house.order()
    house.manager.put(f"/api/orders/{closed['id']}/status", {"status": "cancelled"})
    theirs = house.order(table_id=other.pk)
    foreign.order()
    guest = at_table(house)

    listed = guest.get("/api/guest/orders")
    read = [guest.get(f"/api/guest/orders/{order['id']}").status for order in (mine, second, closed, theirs)]

    assert (listed.status, ids(listed.body)) == (200, [second["id"], mine["id"]])
    assert read == [200, 200, 404, 404]


def test_orders_come_page_by_page(house: House) -> None:
    newest = [house.order()["id"] for _ in range(3)][::-1]
    guest = at_table(house)

    first = guest.get("/api/guest/orders?limit=2").body
    second = guest.get(first["next"].removeprefix("http://testserver")).body

    assert (ids(first), ids(second), second["next"]) == (newest[:2], newest[2:], None)


def test_guests_see_a_redacted_order(house: House) -> None:
    order = house.order(customer={"name": "Ada Byron", "phone": "+4420", "email": "ada@byron.example"})
    guests = [at_table(house), following(order["id"]), customer_caller(Order.objects.get().customer)]

    seen = [guest.get(f"/api/guest/orders/{order['id']}").body for guest in guests]

    assert (order["customer_name"], order["waiter_id"] is not None) == ("Ada Byron", True)
    redacted = {**order, "customer_id": None, "customer_name": "Ada", "waiter_id": None, "waiter_name": None}
    assert seen == [redacted] * 3


def test_link_follows_its_own_order_alone_also_when_it_is_closed(house: House, foreign: House) -> None:
    own, neighbour, stranger = house.order(), house.order(), foreign.order()
    guest = following(own["id"])
    house.manager.put(f"/api/orders/{own['id']}/status", {"status": "cancelled"})

    statuses = [guest.get(f"/api/guest/orders/{order['id']}").status for order in (own, neighbour, stranger)]

    assert statuses == [200, 404, 404]
    assert guest.get("/api/guest/orders").status == 403


def test_customer_sees_all_own_orders_and_no_others(house: House) -> None:
    ada, bea = (CustomerFactory(restaurant=house.restaurant) for _ in range(2))
    first, second = house.order(customer_id=ada.pk), house.order(customer_id=ada.pk)
    theirs = house.order(customer_id=bea.pk)
    house.manager.put(f"/api/orders/{first['id']}/status", {"status": "cancelled"})
    guest = customer_caller(ada)

    assert ids(guest.get("/api/guest/orders").body) == [second["id"], first["id"]]
    read = [guest.get(f"/api/guest/orders/{order['id']}").status for order in (first, second, theirs)]
    assert read == [200, 200, 404]


@pytest.mark.parametrize("path", ["orders/0", "orders/x", f"orders/{2**63}", "orders/1?x=1", "orders?open=true"])
def test_no_fault_when_the_address_is_odd(house: House, path: str) -> None:
    assert at_table(house).get(f"/api/guest/{path}").status in (400, 404)


@pytest.mark.parametrize("orders", [1, 6])
def test_guests_reads_take_a_constant_number_of_queries(
    house: House, orders: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(orders):
        MenuItemFactory(restaurant=house.restaurant, category=house.dish.category)
    order, *_ = [house.order() for _ in range(orders)]
    guest = at_table(house)

    # The table that the token names, then rows and what hangs on them.
    for address, queries in (
        ("/api/guest", 1),
        ("/api/guest/menu", 4),
        ("/api/guest/orders", 4),
        (f"/api/guest/orders/{order['id']}", 4),
    ):
        with django_assert_num_queries(queries):
            assert guest.get(address).status == 200


# Limits and other ways


def test_guests_are_asked_to_wait_when_they_ask_too_often(house: House) -> None:
    guest = at_table(house)

    with override_settings(RATE_LIMITS={**settings.RATE_LIMITS, "guest": (2, 20)}):
        replies = [guest.get("/api/guest") for _ in range(30)]

    statuses = [reply.status for reply in replies]
    assert statuses[:20] == [200] * 20
    assert statuses[-1] == 429
    assert (replies[-1].body["code"], replies[-1].headers["Retry-After"]) == ("rate_limited", "1")


def test_stream_is_read_over_http_with_each_kind_of_token(house: House) -> None:
    order = house.order(customer={"name": "Ada", "phone": "+44"})
    customer = Order.objects.get().customer
    guests = [at_table(house), following(order["id"]), customer_caller(customer)]
    cursors = [guest.get("/api/events").body for guest in guests]
    house.waiter.put(f"/api/orders/{order['id']}/confirm")

    pages = [
        guest.get(f"/api/events?after={cursor['seq']}&epoch={cursor['epoch']}").body
        for guest, cursor in zip(guests, cursors, strict=True)
    ]

    types = [[event["type"] for event in page["events"]] for page in pages]
    assert types == [["order:status_changed", "order:confirmed"]] * 3
    rooms = pages[1]["events"][0]["rooms"]
    assert rooms == [f"table:{house.table.pk}", f"order:{order['id']}", f"customer:{customer.pk}"]  # type: ignore[union-attr]
    assert guests[1].get("/api/events?rooms=kitchen").status == 403
    assert guests[2].get(f"/api/events?rooms=order:{order['id']}").status == 403


@pytest.mark.parametrize("role", [Role.KITCHEN, Role.CASHIER])
def test_staff_take_no_order_through_the_guests_door(house: House, role: Role) -> None:
    assert house.caller(role).post("/api/guest/orders", asked(house)).status == 401
    assert Order.objects.count() == 0
