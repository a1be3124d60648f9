"""Every operation of the API: who may call it, and a request that is right. An operation without a line fails a test.

Callers are letters: o owner, m manager, w waiter, k kitchen, c cashier, d a device with every scope; guests by their
token: T of a table, t of one order, u of a customer; n nobody at all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from PIL import Image

from kitchen.models import KitchenOrderItem, ProductionContract
from kitchen.services.tickets import set_ticket_status
from kitchen.states import TicketStatus
from orders.access import issue_tokens
from orders.models import Membership, MenuItem, MenuItemAllergen
from orders.services.cancellations import request_cancellation
from orders.services.devices import pair_device
from orders.services.payments import take_payment
from orders.services.qr_codes import issue_qr_code
from orders.states import DeviceKind, PaymentMethod, Role
from tests.factories import (
    AllergenFactory,
    CategoryFactory,
    CounterFactory,
    CustomerFactory,
    FoodTypeFactory,
    MembershipFactory,
    MenuItemFactory,
    ModifierGroupFactory,
    StationFactory,
    TableFactory,
)
from tests.orders.full_house import FullHouse
from tests.pantry import stocked, written
from tests.ticketless import lose_ticket

STAFF = "omwkc"
FLOOR = "omw"
BOSS = "om"
FORM = "multipart/form-data; boundary=x"
Ids = tuple[int, ...]
Make = Callable[[FullHouse], Ids]
Body = Callable[[FullHouse, Ids], Any]


def nothing(_house: FullHouse) -> Ids:
    return ()


@dataclass(frozen=True)
class Operation:
    """One method of one address. ``target`` makes what the path names, ``body`` what is sent about it."""

    who: str
    target: Make = nothing
    body: Body | None = None
    status: int = 200
    query: str = ""
    content_type: str = "application/json"


# What paths name ----------------------------------------------------------------------------------


def pending(house: FullHouse) -> Ids:
    return (house.order()["id"],)


def confirmed(house: FullHouse) -> Ids:
    return (house.confirmed()["id"],)


def with_item(house: FullHouse) -> Ids:
    order = house.order()
    return (order["id"], order["items"][0]["id"])


def confirmed_item(house: FullHouse) -> Ids:
    order = house.confirmed()
    return (order["id"], order["items"][0]["id"])


def ticket(house: FullHouse) -> Ids:
    return (house.ticket()["id"],)


def ready_ticket(house: FullHouse) -> Ids:
    made = house.ticket()
    set_ticket_status(ticket_id=made["id"], to=TicketStatus.PREPARING, actor=house.actor())
    set_ticket_status(ticket_id=made["id"], to=TicketStatus.READY, actor=house.actor())
    return (made["id"],)


def ticket_of_two_courses(house: FullHouse) -> Ids:
    courses = [{"menu_item_id": house.dish.pk, "quantity": 1, "course": course} for course in (1, 2)]
    return (house.ticket(items=courses)["id"],)


def ticket_item(house: FullHouse) -> Ids:
    made = house.ticket()
    return (made["id"], made["items"][0]["id"])


def allergic_item(house: FullHouse) -> Ids:
    """An item of a dish that the guest must not have as it is."""
    nuts = AllergenFactory(restaurant=house.restaurant)
    dish = MenuItemFactory(restaurant=house.restaurant, station=house.station)
    MenuItemAllergen.objects.create(menu_item=dish, allergen=nuts)
    MenuItem.objects.get(pk=dish.pk).save()
    made = house.ticket(items=[{"menu_item_id": dish.pk, "quantity": 1}], allergen_ids=[nuts.pk])
    return (made["id"], made["items"][0]["id"])


def without_ticket(house: FullHouse) -> int:
    """A confirmed order whose ticket is gone, as of before there was a kitchen."""
    order: int = house.confirmed()["id"]
    lose_ticket(order)
    return order


def contract_without_ticket(house: FullHouse) -> Ids:
    return (ProductionContract.objects.get(order_id=without_ticket(house)).pk,)


def requested(house: FullHouse) -> Ids:
    request = request_cancellation(order_id=house.confirmed()["id"], reason="They left.", actor=house.actor())
    return (request.pk,)


def payment(house: FullHouse) -> Ids:
    made = take_payment(
        order_id=house.order()["id"], amount=house.dish.price, method=PaymentMethod.CARD, actor=house.actor()
    )
    return (made.pk,)


def made_by(factory: Any) -> Make:
    """Make a row of the restaurant that nothing else refers to."""
    return lambda house: (factory(restaurant=house.restaurant).pk,)


def device(house: FullHouse) -> Ids:
    return (pair_device(name="Till", kind=DeviceKind.COUNTER, actor=house.actor())[0].pk,)


def member(house: FullHouse) -> Ids:
    return (MembershipFactory(restaurant=house.restaurant, role=Role.WAITER).pk,)


# What bodies say ----------------------------------------------------------------------------------


def says(**fields: Any) -> Body:
    """Send the same to whatever is named."""
    return lambda _house, _ids: dict(fields)


def line(house: FullHouse, ids: Ids) -> Any:
    return {"menu_item_id": house.dish.pk, "quantity": 1, "modifier_ids": [], "special_instructions": "", "course": 1}


def order_body(house: FullHouse, ids: Ids) -> Any:
    return {
        "channel": "dine_in",
        "table_id": house.table.pk,
        "customer": {"name": "Ada", "phone": "1", "email": "ada@engine.example"},
        "priority": "normal",
        "notes": "",
        "allergen_ids": [AllergenFactory(restaurant=house.restaurant).pk],
        "draft": False,
        "items": [line(house, ids)],
    }


def order_changes(house: FullHouse, ids: Ids) -> Any:
    return {
        "table_id": TableFactory(restaurant=house.restaurant).pk,
        "customer_id": CustomerFactory(restaurant=house.restaurant).pk,
        "priority": "vip",
        "notes": "Window",
        "allergen_ids": [AllergenFactory(restaurant=house.restaurant).pk],
    }


def payment_body(house: FullHouse, ids: Ids) -> Any:
    return {
        "order_id": house.order()["id"],
        "amount": "1.00",
        "method": "cash",
        "tendered": "2.00",
        "counter_id": CounterFactory(restaurant=house.restaurant).pk,
    }


def ticket_moves(house: FullHouse, ids: Ids) -> Any:
    items = KitchenOrderItem.objects.filter(ticket_id=ids[0]).values_list("pk", flat=True)
    return {"items": [{"item_id": pk, "status": "ready"} for pk in items]}


def ticketless_body(house: FullHouse, ids: Ids) -> Any:
    return {"order_id": without_ticket(house)}


def other_station(house: FullHouse, ids: Ids) -> Any:
    return {"station_id": StationFactory(restaurant=house.restaurant).pk}


def scan_body(house: FullHouse, ids: Ids) -> Any:
    return {"token": issue_qr_code(order_id=house.order()["id"], actor=house.actor()).token}


def dish_body(house: FullHouse, ids: Ids) -> Any:
    return {
        "category_id": house.dish.category_id,
        "name": house.fresh_name(),
        "price": "4.50",
        "food_type_id": FoodTypeFactory(restaurant=house.restaurant).pk,
        "allergen_ids": [AllergenFactory(restaurant=house.restaurant).pk],
        "station_id": house.station.pk,
        "prep_minutes": 5,
        "is_available": True,
        "stock": 10,
        "modifier_group_ids": [ModifierGroupFactory(restaurant=house.restaurant).pk],
        "description": "Crisp.",
    }


def picture(_house: FullHouse, _ids: Ids) -> Any:
    drawn = BytesIO()
    Image.new("RGB", (8, 8), "red").save(drawn, "PNG")
    head = b'--x\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n'
    return head + drawn.getvalue() + b"\r\n--x--\r\n"


def group_body(house: FullHouse, ids: Ids) -> Any:
    return {
        "name": house.fresh_name(),
        "min": 0,
        "max": 1,
        "modifiers": [{"name": "Large", "price": "1.00", "is_available": True}],
    }


def recipe(house: FullHouse) -> Ids:
    return (written(MenuItemFactory(restaurant=house.restaurant)).pk,)


def recipe_parts(house: FullHouse, ids: Ids) -> Any:
    flour = stocked(house.restaurant.pk, house.fresh_name(), "100", "kg")
    return {
        "steps": [
            {"name": "Knead", "minutes": 5, "station_id": house.station.pk, "station_ids": [house.station.pk]},
            {"name": "Bake", "minutes": 10, "station_id": None},
        ],
        "ingredients": [{"ingredient_id": flour.pk, "quantity": "0.250", "unit": "kg"}],
    }


def recipe_body(house: FullHouse, ids: Ids) -> Any:
    dish = MenuItemFactory(restaurant=house.restaurant)
    return {"menu_item_id": dish.pk, **recipe_parts(house, ids)}


def ingredient(house: FullHouse) -> Ids:
    return (stocked(house.restaurant.pk, house.fresh_name()).pk,)


def ingredient_body(house: FullHouse, ids: Ids) -> Any:
    return {
        "name": house.fresh_name(),
        "unit": "g",
        "on_hand": "250.000",
        "allergen_ids": [AllergenFactory(restaurant=house.restaurant).pk],
        "may_contain_ids": [AllergenFactory(restaurant=house.restaurant).pk],
    }


def named(**others: Any) -> Body:
    """Send a name that nothing has yet."""
    return lambda house, _ids: {"name": house.fresh_name(), **others}


def staff_body(house: FullHouse, ids: Ids) -> Any:
    return {
        "username": house.fresh_name().replace(" ", "-"),
        "password": "long-enough-1",
        "name": "New",
        "role": "waiter",
    }


def device_body(house: FullHouse, ids: Ids) -> Any:
    return {
        "name": house.fresh_name(),
        "kind": "counter",
        "scopes": ["orders:read"],
        "counter_id": CounterFactory(restaurant=house.restaurant).pk,
    }


def refresh_body(house: FullHouse, ids: Ids) -> Any:
    return {"refresh": issue_tokens(MembershipFactory(restaurant=house.restaurant)).refresh}


def sign_in_body(house: FullHouse, ids: Ids) -> Any:
    membership = Membership.objects.select_related("user").get(pk=MembershipFactory(restaurant=house.restaurant).pk)
    membership.user.set_password("long-enough-1")
    membership.user.save()
    return {"username": membership.user.username, "password": "long-enough-1"}


def guest_line(house: FullHouse, ids: Ids) -> Any:
    return {"items": [line(house, ids)], "notes": "", "allergen_ids": []}


def own_order(house: FullHouse) -> Ids:
    """The order that all the house's guests may see: of the table, the tracking link and the customer."""
    return (house.guests_order().pk,)


READS = STAFF + "d"
EVERYBODY = STAFF + "dsTtun"
ORDER_STATUS = says(status="confirmed", reason="")

OPERATIONS: dict[str, Operation] = {
    # Orders
    "GET /api/orders": Operation(READS),
    "POST /api/orders": Operation("omwcd", body=order_body, status=201),
    "GET /api/orders/stats": Operation(BOSS),
    "GET /api/orders/{}": Operation(READS, pending),
    "PUT /api/orders/{}": Operation(FLOOR + "d", pending, order_changes),
    "PATCH /api/orders/{}": Operation(FLOOR + "d", pending, order_changes),
    "DELETE /api/orders/{}": Operation(FLOOR, pending, status=204),
    "PUT /api/orders/{}/confirm": Operation(FLOOR + "d", pending),
    "PUT /api/orders/{}/status": Operation(FLOOR + "d", pending, ORDER_STATUS),
    "PATCH /api/orders/{}/status": Operation(FLOOR + "d", pending, ORDER_STATUS),
    "GET /api/orders/{}/transitions": Operation(READS, pending),
    "GET /api/orders/{}/history": Operation(READS, pending),
    "GET /api/orders/{}/production-contract": Operation(READS, confirmed),
    "GET /api/orders/{}/production-contracts": Operation(READS, confirmed),
    "POST /api/orders/{}/items": Operation(FLOOR + "d", pending, line, 201),
    "PUT /api/orders/{}/items/{}": Operation(FLOOR + "d", with_item, says(quantity=2, course=2)),
    "PATCH /api/orders/{}/items/{}": Operation(FLOOR + "d", with_item, says(quantity=2, special_instructions="x")),
    "DELETE /api/orders/{}/items/{}": Operation(FLOOR + "d", with_item, query="?reason=x"),
    "PATCH /api/orders/{}/items/{}/status": Operation("omwkd", confirmed_item, says(status="preparing")),
    "POST /api/orders/{}/cancel-request": Operation(FLOOR + "d", confirmed, says(reason="They left."), 201),
    "GET /api/orders/{}/qr": Operation(READS, pending),
    "GET /api/orders/{}/tracking-link": Operation(READS, pending),
    "POST /api/qr/scan": Operation(READS, body=scan_body),
    # The kitchen
    "GET /api/kitchen/orders": Operation(READS),
    "POST /api/kitchen/orders": Operation("omkd", body=ticketless_body, status=201),
    "POST /api/kitchen/orders/from-contract/{}": Operation("omkd", contract_without_ticket, status=201),
    "GET /api/kitchen/orders/{}": Operation(READS, ticket),
    "GET /api/kitchen/orders/by-order/{}": Operation(READS, confirmed),
    "PUT /api/kitchen/orders/{}/status": Operation("omkd", ticket, says(status="preparing")),
    "PUT /api/kitchen/orders/{}/acknowledge": Operation("omkd", ticket),
    "PUT /api/kitchen/orders/{}/items/status": Operation("omkd", ticket, ticket_moves),
    "POST /api/kitchen/orders/{}/recall": Operation("omkd", ready_ticket, says(reason="Cold.")),
    "PATCH /api/kitchen/orders/{}/priority": Operation("omkd", ticket, says(priority="vip")),
    "POST /api/kitchen/orders/{}/fire": Operation("omkd", ticket_of_two_courses, says(course=2)),
    "PATCH /api/kitchen/orders/{}/items/{}/station": Operation("omkd", ticket_item, other_station),
    "POST /api/kitchen/orders/{}/items/{}/confirm-allergy": Operation("omkd", allergic_item, says(name="Ines")),
    "GET /api/kitchen/cancel-requests": Operation(READS),
    "POST /api/kitchen/cancel-requests/{}/accept": Operation("omkd", requested),
    "POST /api/kitchen/cancel-requests/{}/reject": Operation("omkd", requested, says(reason="On the grill.")),
    "GET /api/kitchen/stations": Operation(READS),
    "POST /api/kitchen/stations": Operation("omkd", body=named(capacity=2, is_active=True), status=201),
    "PATCH /api/kitchen/stations/{}": Operation("omkd", made_by(StationFactory), says(capacity=2, is_active=False)),
    "DELETE /api/kitchen/stations/{}": Operation("omkd", made_by(StationFactory), status=204),
    "GET /api/kitchen/stations/{}": Operation(READS, lambda house: (house.station.pk,)),
    "GET /api/kitchen/stats": Operation(READS),
    "GET /api/kitchen/all-day": Operation(READS),
    # Money
    "GET /api/payments": Operation("omcd"),
    "POST /api/payments": Operation("omcd", body=payment_body, status=201),
    "GET /api/payments/{}": Operation("omcd", payment),
    "POST /api/payments/{}/refund": Operation(BOSS, payment, says(amount="1.00", reason="Cold."), 201),
    # The menu
    "GET /api/categories": Operation(READS),
    "POST /api/categories": Operation("omd", body=named(position=1), status=201),
    "GET /api/categories/{}": Operation(READS, made_by(CategoryFactory)),
    "PUT /api/categories/{}": Operation("omd", made_by(CategoryFactory), named(position=1)),
    "PATCH /api/categories/{}": Operation("omd", made_by(CategoryFactory), named()),
    "DELETE /api/categories/{}": Operation("omd", made_by(CategoryFactory), status=204),
    "GET /api/food-types": Operation(READS),
    "POST /api/food-types": Operation("omd", body=named(), status=201),
    "GET /api/food-types/{}": Operation(READS, made_by(FoodTypeFactory)),
    "PUT /api/food-types/{}": Operation("omd", made_by(FoodTypeFactory), named()),
    "PATCH /api/food-types/{}": Operation("omd", made_by(FoodTypeFactory), named()),
    "DELETE /api/food-types/{}": Operation("omd", made_by(FoodTypeFactory), status=204),
    "GET /api/allergens": Operation(READS),
    "POST /api/allergens": Operation("omd", body=named(), status=201),
    "GET /api/allergens/{}": Operation(READS, made_by(AllergenFactory)),
    "PUT /api/allergens/{}": Operation("omd", made_by(AllergenFactory), named()),
    "PATCH /api/allergens/{}": Operation("omd", made_by(AllergenFactory), named()),
    "DELETE /api/allergens/{}": Operation("omd", made_by(AllergenFactory), status=204),
    "GET /api/menu-items": Operation(READS),
    "POST /api/menu-items": Operation("omd", body=dish_body, status=201),
    "GET /api/menu-items/{}": Operation(READS, made_by(MenuItemFactory)),
    "PUT /api/menu-items/{}": Operation("omd", made_by(MenuItemFactory), dish_body),
    "PATCH /api/menu-items/{}": Operation("omd", made_by(MenuItemFactory), dish_body),
    "DELETE /api/menu-items/{}": Operation("omd", made_by(MenuItemFactory), status=204),
    "PATCH /api/menu-items/{}/availability": Operation(
        "omkd", made_by(MenuItemFactory), says(is_available=False, stock=3)
    ),
    "PUT /api/menu-items/{}/image": Operation("omd", made_by(MenuItemFactory), picture, content_type=FORM),
    "DELETE /api/menu-items/{}/image": Operation("omd", made_by(MenuItemFactory)),
    "GET /api/modifier-groups": Operation(READS),
    "POST /api/modifier-groups": Operation("omd", body=group_body, status=201),
    "GET /api/modifier-groups/{}": Operation(READS, made_by(ModifierGroupFactory)),
    "PUT /api/modifier-groups/{}": Operation("omd", made_by(ModifierGroupFactory), group_body),
    "PATCH /api/modifier-groups/{}": Operation("omd", made_by(ModifierGroupFactory), group_body),
    "DELETE /api/modifier-groups/{}": Operation("omd", made_by(ModifierGroupFactory), status=204),
    "GET /api/recipes": Operation(READS),
    "POST /api/recipes": Operation("omd", body=recipe_body, status=201),
    "GET /api/recipes/{}": Operation(READS, recipe),
    "PUT /api/recipes/{}": Operation("omd", recipe, recipe_parts),
    "PATCH /api/recipes/{}": Operation("omd", recipe, recipe_parts),
    "DELETE /api/recipes/{}": Operation("omd", recipe, status=204),
    "GET /api/ingredients": Operation(READS),
    "POST /api/ingredients": Operation("omd", body=ingredient_body, status=201),
    "GET /api/ingredients/{}": Operation(READS, ingredient),
    "PUT /api/ingredients/{}": Operation("omd", ingredient, ingredient_body),
    "PATCH /api/ingredients/{}": Operation("omd", ingredient, ingredient_body),
    "DELETE /api/ingredients/{}": Operation("omd", ingredient, status=204),
    # The room
    "GET /api/tables": Operation(READS),
    "POST /api/tables": Operation(BOSS, body=named(seats=4, area="Garden"), status=201),
    "GET /api/tables/{}": Operation(READS, made_by(TableFactory)),
    "PUT /api/tables/{}": Operation(BOSS, made_by(TableFactory), says(seats=6, area="Garden")),
    "PATCH /api/tables/{}": Operation(BOSS, made_by(TableFactory), says(seats=6)),
    "DELETE /api/tables/{}": Operation(BOSS, made_by(TableFactory), status=204),
    "GET /api/tables/{}/qr": Operation(FLOOR, made_by(TableFactory)),
    "POST /api/tables/{}/rotate-token": Operation(BOSS, made_by(TableFactory)),
    "GET /api/customers": Operation(READS),
    "POST /api/customers": Operation("omwcd", body=says(name="Grace", phone="2", email="g@h.example"), status=201),
    "GET /api/customers/{}": Operation(READS, made_by(CustomerFactory)),
    "PUT /api/customers/{}": Operation("omwcd", made_by(CustomerFactory), says(name="Grace", phone="3")),
    "PATCH /api/customers/{}": Operation("omwcd", made_by(CustomerFactory), says(name="Grace")),
    "DELETE /api/customers/{}": Operation(BOSS, made_by(CustomerFactory), status=204),
    "GET /api/customers/{}/tracking-link": Operation(READS, made_by(CustomerFactory)),
    "GET /api/counters": Operation(READS),
    "POST /api/counters": Operation(BOSS, body=named(), status=201),
    "GET /api/counters/{}": Operation(READS, made_by(CounterFactory)),
    "PUT /api/counters/{}": Operation(BOSS, made_by(CounterFactory), named()),
    "PATCH /api/counters/{}": Operation(BOSS, made_by(CounterFactory), named()),
    "DELETE /api/counters/{}": Operation(BOSS, made_by(CounterFactory), status=204),
    # Who works here
    "GET /api/staff": Operation(BOSS),
    "POST /api/staff": Operation(BOSS, body=staff_body, status=201),
    "GET /api/staff/{}": Operation(BOSS, member),
    "PATCH /api/staff/{}": Operation(BOSS, member, says(role="cashier", is_active=False, name="Other")),
    "GET /api/devices": Operation(BOSS),
    "POST /api/devices": Operation(BOSS, body=device_body, status=201),
    "GET /api/devices/{}": Operation(BOSS, device),
    "DELETE /api/devices/{}": Operation(BOSS, device, status=204),
    # Guests
    "GET /api/guest": Operation("Ttu"),
    "GET /api/guest/menu": Operation("T"),
    "GET /api/guest/orders": Operation("Tu"),
    "POST /api/guest/orders": Operation("T", body=guest_line, status=201),
    "GET /api/guest/orders/{}": Operation("Ttu", own_order),
    # What happens, and the way in
    "GET /api/events": Operation("omwkcdTtu"),
    "POST /api/alerts": Operation(BOSS, body=says(severity="info", message="Closing.", audience="staff"), status=201),
    "POST /api/auth/token": Operation(EVERYBODY, body=sign_in_body),
    "POST /api/auth/refresh": Operation(EVERYBODY, body=refresh_body),
    "GET /api/health/live": Operation(EVERYBODY),
    "GET /api/health/ready": Operation(EVERYBODY),
}
