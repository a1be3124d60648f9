"""Taking orders, changing them and taking them back."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError

from kitchen.models import KitchenOrder
from orders.actors import SYSTEM, Actor
from orders.errors import (
    Conflict,
    DomainError,
    Duplicate,
    InvalidFields,
    InvalidTransition,
    NotAllowed,
    NotEditable,
    NotFound,
    NotPaid,
    StaleVersion,
    Unavailable,
)
from orders.models import Allergen, Customer, MenuItem, Order, Restaurant, Table
from orders.services.customers import AskedCustomer
from orders.services.dishes import AskedItem
from orders.services.items import void_item
from orders.services.orders import confirm_order, create_order, delete_order, set_order_status, update_order
from orders.services.payments import refund_payment, take_payment
from orders.states import Channel, OrderStatus, PaymentMethod, Priority, Role
from tests.places import Place
from tests.streams import at_once, hearing


def staff(place: Place, role: Role) -> Actor:
    membership = place.staff(role)
    return Actor(restaurant_id=place.restaurant.pk, role=role, user_id=membership.user_id, name=role.title())


def refused(place: Place, error: type[DomainError], **options: Any) -> DomainError:
    """Take an order that must be refused, and see that nothing is left of it."""
    options = {"channel": Channel.DINE_IN, "items": [AskedItem(place.dish.pk, 1)], "actor": place.actor, **options}
    with hearing(place.restaurant) as heard, pytest.raises(error) as raised:
        create_order(**options)

    assert heard.types == []
    assert not Order.objects.filter(restaurant=place.restaurant).exists()
    return raised.value


def pointers(error: DomainError) -> list[tuple[str, str]]:
    return [(problem.pointer, problem.code) for problem in error.problems]


# Taking -------------------------------------------------------------------------------------------


def test_order_is_numbered_and_copied_when_it_is_taken(place: Place) -> None:
    waiter = staff(place, Role.WAITER)

    order = create_order(
        actor=waiter, channel=Channel.DINE_IN, items=[AskedItem(place.dish.pk, 2)], table_id=place.table.pk, notes="Hi"
    )

    order = Order.objects.get(pk=order.pk)
    line = order.items.get()
    assert (order.order_number, order.status, order.version, order.table_name) == ("T1-001", "pending", 1, "7")
    assert (order.waiter_id, order.waiter_name, order.notes) == (waiter.user_id, "Waiter", "Hi")
    assert (line.name, line.category_name, line.unit_price, line.line_total) == (
        "Burger",
        "Mains",
        Decimal("9.50"),
        Decimal("19.00"),
    )
    assert (order.total_amount, order.final_amount) == (Decimal("19.00"), Decimal("19.00"))


def test_order_stays_as_it_was_when_the_menu_and_the_table_change(place: Place) -> None:
    order = place.order()

    place.dish.price = Decimal("20.00")
    place.dish.name = "Gold burger"
    place.dish.save()
    Table.objects.filter(pk=place.table.pk).update(name="99")
    order = confirm_order(order_id=order.pk, actor=place.actor)

    line = order.items.get()
    assert (line.name, line.unit_price, order.total_amount, order.table_name) == (
        "Burger",
        Decimal("9.50"),
        Decimal("9.50"),
        "7",
    )


def test_tax_and_service_are_on_top_when_prices_leave_them_out(place: Place) -> None:
    Restaurant.objects.filter(pk=place.restaurant.pk).update(tax_rate=Decimal("0.10"), service_rate=Decimal("0.05"))

    order = place.order(2)

    assert (order.total_amount, order.service_amount, order.tax_amount, order.final_amount) == (
        Decimal("19.00"),
        Decimal("0.95"),
        Decimal("1.90"),
        Decimal("21.85"),
    )


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"table_id": "table"}, [("/table_id", "not_found")]),
        ({"customer_id": "customer"}, [("/customer_id", "not_found")]),
        ({"allergen_ids": "allergen"}, [("/allergen_ids/0", "not_found")]),
        ({"items": "dish"}, [("/items/1/menu_item_id", "not_found")]),
    ],
)
def test_foreign_id_is_not_found_when_an_order_names_it(
    place: Place, other_place: Place, options: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    foreign = {
        "table": other_place.table.pk,
        "customer": Customer.objects.create(restaurant=other_place.restaurant, name="Ada").pk,
        "allergen": [Allergen.objects.create(restaurant=other_place.restaurant, name="Moon dust").pk],
        "dish": [AskedItem(place.dish.pk, 1), AskedItem(other_place.dish.pk, 1)],
    }
    chosen = {name: foreign[value] for name, value in options.items()}

    error = refused(place, NotFound, **chosen)

    assert pointers(error) == expected


def test_order_is_refused_when_a_dish_is_86d(place: Place) -> None:
    place.dish.is_available = False
    place.dish.save()

    error = refused(place, Unavailable)

    assert [problem.as_dict() for problem in error.problems] == [
        {
            "pointer": "/items/0/menu_item_id",
            "code": "unavailable",
            "detail": "Burger is not available.",
            "menu_item_id": place.dish.pk,
            "left": 0,
        }
    ]


@pytest.mark.parametrize("quantity", [-1, 0, 100, 10**12])
def test_order_is_refused_when_a_quantity_is_none_that_a_line_takes(place: Place, quantity: int) -> None:
    error = refused(place, InvalidFields, items=[AskedItem(place.dish.pk, 1), AskedItem(place.dish.pk, quantity)])

    assert pointers(error) == [("/items/1/quantity", "range")]


def test_order_is_refused_when_its_total_is_longer_than_a_bill_holds(place: Place) -> None:
    place.dish.price = Decimal("2000000.00")
    place.dish.save()

    line = refused(place, InvalidFields, items=[AskedItem(place.dish.pk, 99)])
    total = refused(place, InvalidFields, items=[AskedItem(place.dish.pk, 49), AskedItem(place.dish.pk, 49)])

    assert pointers(line) == [("/items/0/quantity", "max_value")]
    assert pointers(total) == [("/items", "max_value")]


def test_order_is_refused_when_takeaway_has_a_table(place: Place) -> None:
    error = refused(place, InvalidFields, channel=Channel.TAKEAWAY, table_id=place.table.pk)

    assert pointers(error) == [("/table_id", "channel")]


def test_order_is_refused_when_a_cook_takes_it(place: Place) -> None:
    error = refused(place, NotAllowed, actor=staff(place, Role.KITCHEN))

    assert error.extra["roles"] == ["waiter", "cashier", "manager"]


def test_second_order_is_a_duplicate_when_it_has_the_same_external_id(place: Place, other_place: Place) -> None:
    place.order(external_id="web-1")

    with hearing(place.restaurant) as heard, pytest.raises(Duplicate) as raised:
        place.order(external_id="web-1")
    other_place.order(external_id="web-1")

    assert pointers(raised.value) == [("/external_id", "duplicate")]
    assert heard.types == []
    assert Order.objects.filter(external_id="web-1").count() == 2


def test_one_order_is_taken_when_the_same_external_id_comes_ten_times_at_once(place: Place) -> None:
    results = at_once([lambda: place.order(external_id="web-1")] * 10)

    assert Counter(type(result) for result in results) == {Order: 1, Duplicate: 9}
    assert Order.objects.count() == 1


def test_number_stays_used_when_its_order_was_deleted(place: Place) -> None:
    delete_order(order_id=place.order().pk, actor=place.actor)

    assert place.order().order_number == "T1-002"


def test_number_is_given_again_when_its_order_was_never_committed(place: Place) -> None:
    place.order(external_id="web-1")
    with pytest.raises(Duplicate):
        place.order(external_id="web-1")

    assert place.order().order_number == "T1-002"


def test_numbers_are_unique_and_rising_when_many_order_at_once(place: Place) -> None:
    results = at_once([place.order] * 12)

    assert sorted(order.order_number for order in results) == [f"T1-{number:03d}" for number in range(1, 13)]


def test_numbers_go_on_past_three_digits_when_a_day_is_long(place: Place) -> None:
    first = place.order()
    first.restaurant.ordercounter_set.update(last=999)

    assert place.order().order_number == "T1-1000"


def test_number_is_unique_when_somebody_bypasses_the_counter(place: Place) -> None:
    first = place.order()
    first.restaurant.ordercounter_set.update(last=0)

    with pytest.raises(IntegrityError, match="order_number_once"):
        place.order()


# The business day ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "starts", "moment", "day"),
    [
        ("UTC", "04:00", "2026-11-21T03:59:59.999999", "2026-11-20"),
        ("UTC", "04:00", "2026-11-21T04:00:00", "2026-11-21"),
        ("UTC", "00:00", "2026-11-21T00:00:00", "2026-11-21"),
        ("Asia/Jakarta", "04:00", "2026-11-20T20:59:59", "2026-11-20"),
        ("Asia/Jakarta", "04:00", "2026-11-20T21:00:00", "2026-11-21"),
        ("America/New_York", "04:00", "2026-11-21T08:59:59", "2026-11-20"),
        ("America/New_York", "04:00", "2026-11-21T09:00:00", "2026-11-21"),
        ("Asia/Kathmandu", "05:30", "2026-11-20T23:44:59", "2026-11-20"),
        ("Asia/Kathmandu", "05:30", "2026-11-20T23:45:00", "2026-11-21"),
        # The night in which the clocks go back: 02:30 comes twice, both belong to the evening before.
        ("Europe/Berlin", "03:00", "2026-10-25T00:30:00", "2026-10-24"),
        ("Europe/Berlin", "03:00", "2026-10-25T01:30:00", "2026-10-24"),
        ("Europe/Berlin", "03:00", "2026-10-25T02:00:00", "2026-10-25"),
    ],
)
def test_business_date_turns_at_the_local_start_of_the_day(zone: str, starts: str, moment: str, day: str) -> None:
    restaurant = Restaurant(timezone=zone, day_starts_at=dt.time.fromisoformat(starts))

    date = restaurant.business_date(dt.datetime.fromisoformat(moment).replace(tzinfo=dt.UTC))

    assert date == dt.date.fromisoformat(day)


def test_numbers_begin_again_when_a_new_business_day_begins(place: Place) -> None:
    yesterday = place.order()
    day = yesterday.business_date - dt.timedelta(days=1)
    Order.objects.filter(pk=yesterday.pk).update(business_date=day, silently=True)
    place.restaurant.ordercounter_set.update(business_date=day)

    assert place.order().order_number == "T1-001"


# Customers ----------------------------------------------------------------------------------------


def test_customer_is_found_by_phone_then_by_email_when_an_order_names_one(place: Place) -> None:
    first = place.order(customer=AskedCustomer(name="Ada", phone="0123", email="ada@example.org"))
    by_phone = place.order(customer=AskedCustomer(name="Ada L.", phone="0123"))
    by_email = place.order(customer=AskedCustomer(phone="0999", email="ada@example.org"))

    assert first.customer_id == by_phone.customer_id == by_email.customer_id
    customer = Customer.objects.get()
    assert (customer.name, customer.phone, customer.email) == ("Ada L.", "0999", "ada@example.org")
    assert (by_phone.customer_name, by_email.customer_name) == ("Ada L.", "Ada L.")


def test_customer_is_a_new_one_when_only_the_name_is_the_same(place: Place) -> None:
    for _ in range(2):
        place.order(customer=AskedCustomer(name="Ada"))

    assert Customer.objects.count() == 2


def test_customer_is_not_another_restaurants_when_the_phone_is_the_same(place: Place, other_place: Place) -> None:
    for here in (place, other_place):
        here.order(customer=AskedCustomer(name="Ada", phone="0123"))

    assert Customer.objects.count() == 2


def test_one_customer_is_made_when_a_new_guest_orders_ten_times_at_once(place: Place) -> None:
    guest = AskedCustomer(name="Ada", phone="0123", email="ada@example.org")

    results = at_once([lambda: place.order(customer=guest)] * 10)

    assert len({order.customer_id for order in results}) == 1
    assert Customer.objects.count() == 1


# Changing -----------------------------------------------------------------------------------------


def test_only_sent_fields_change_when_an_order_is_patched(place: Place) -> None:
    order = place.order(notes="Hi")

    update_order(order_id=order.pk, actor=place.actor, priority=Priority.VIP)

    order = Order.objects.get(pk=order.pk)
    assert (order.priority, order.notes, order.version) == ("vip", "Hi", 2)


def test_ticket_shows_it_when_its_order_is_patched(place: Place) -> None:
    celery = Allergen.objects.create(restaurant=place.restaurant, name="Celery root")
    order = place.confirm(place.order())

    update_order(
        order_id=order.pk, actor=place.actor, notes="No salt", priority=Priority.VIP, allergen_ids=[celery.pk],
        table_id=None,
    )  # fmt: skip

    ticket = KitchenOrder.objects.get()
    assert (ticket.notes, ticket.priority, ticket.allergies, ticket.table_id, ticket.table_name, ticket.version) == (
        "No salt",
        "vip",
        ["Celery root"],
        None,
        "",
        2,
    )


@pytest.mark.parametrize(
    ("changes", "error", "expected"),
    [
        ({"table_id": 0}, NotFound, [("/table_id", "not_found")]),
        ({"customer_id": 0}, NotFound, [("/customer_id", "not_found")]),
        ({"allergen_ids": [0]}, NotFound, [("/allergen_ids/0", "not_found")]),
        ({"discount_amount": Decimal("9.51")}, InvalidFields, [("/discount_amount", "max_value")]),
        ({"discount_amount": Decimal("-0.01")}, InvalidFields, [("/discount_amount", "min_value")]),
        ({"channel": Channel.TAKEAWAY}, NotEditable, []),
    ],
)
def test_nothing_changes_when_a_patch_is_refused(
    place: Place, changes: Any, error: type[DomainError], expected: list[tuple[str, str]]
) -> None:
    order = place.order()

    with hearing(place.restaurant) as heard, pytest.raises(error) as raised:
        update_order(order_id=order.pk, actor=place.actor, notes="Lost", **changes)

    assert pointers(raised.value) == expected
    assert heard.types == []
    assert Order.objects.values_list("notes", "version").get() == ("", 1)


def test_channel_changes_when_the_order_is_a_draft_without_a_table(place: Place) -> None:
    order = place.order(draft=True)

    with pytest.raises(InvalidFields):
        update_order(order_id=order.pk, actor=place.actor, channel=Channel.DELIVERY)
    order = update_order(order_id=order.pk, actor=place.actor, channel=Channel.DELIVERY, table_id=None)

    assert (order.channel, order.table_id) == ("delivery", None)


def test_waiter_may_send_the_discount_back_when_it_is_the_one_that_stands(place: Place) -> None:
    order = update_order(order_id=place.order().pk, actor=place.actor, discount_amount=Decimal("2.00"))

    order = update_order(
        order_id=order.pk, actor=place.actor_of(Role.WAITER), discount_amount=Decimal("2.00"), notes="Hurry"
    )

    assert (order.discount_amount, order.notes) == (Decimal("2.00"), "Hurry")


def test_discount_is_a_managers_when_a_waiter_gives_one(place: Place) -> None:
    order = place.order()

    with pytest.raises(NotAllowed):
        update_order(order_id=order.pk, actor=staff(place, Role.WAITER), discount_amount=Decimal(1))


def test_discount_is_refused_when_the_currency_has_no_unit_so_small(place: Place) -> None:
    Restaurant.objects.filter(pk=place.restaurant.pk).update(currency="JPY")
    MenuItem.objects.filter(pk=place.dish.pk).update(price=Decimal(900), silently=True)
    order = place.order()

    with pytest.raises(InvalidFields) as refused:
        update_order(order_id=order.pk, actor=place.actor, discount_amount=Decimal("100.50"))
    order = update_order(order_id=order.pk, actor=place.actor, discount_amount=Decimal("100.00"))

    assert pointers(refused.value) == [("/discount_amount", "currency_unit")]
    assert (order.discount_amount, order.final_amount) == (Decimal("100.00"), Decimal("800.00"))


def test_order_is_not_found_when_another_restaurants_staff_asks(place: Place, other_place: Place) -> None:
    order = other_place.order()

    for service in (update_order, confirm_order, delete_order):
        with pytest.raises(NotFound):
            service(order_id=order.pk, actor=place.actor)
    with pytest.raises(NotFound):
        set_order_status(order_id=order.pk, to=OrderStatus.CANCELLED, actor=place.actor)

    assert Order.objects.get(pk=order.pk).status == "pending"


def test_change_is_stale_when_somebody_else_changed_the_order(place: Place) -> None:
    order = place.order()
    update_order(order_id=order.pk, actor=place.actor, notes="First", version=1)

    with hearing(place.restaurant) as heard, pytest.raises(StaleVersion) as raised:
        update_order(order_id=order.pk, actor=place.actor, notes="Second", version=1)

    assert raised.value.extra["version"] == 2
    assert heard.types == []
    assert Order.objects.get().notes == "First"


def test_one_change_wins_when_ten_come_at_once_with_the_same_version(place: Place) -> None:
    order = place.order()

    results = at_once(
        [
            partial(update_order, order_id=order.pk, actor=place.actor, notes=str(number), version=1)
            for number in range(10)
        ]
    )

    assert Counter(type(result) for result in results) == {Order: 1, StaleVersion: 9}
    assert Order.objects.get().version == 2


def test_both_changes_survive_when_two_patch_other_fields_at_once(place: Place) -> None:
    order = place.order()

    at_once(
        [
            lambda: update_order(order_id=order.pk, actor=place.actor, notes="No salt"),
            lambda: update_order(order_id=order.pk, actor=place.actor, priority=Priority.VIP),
        ]
    )

    assert Order.objects.values_list("notes", "priority", "version").get() == ("No salt", "vip", 3)


# Status, completion, deletion ---------------------------------------------------------------------


def served(place: Place) -> Order:
    order = place.order()
    for step in ("confirmed", "preparing", "ready", "served"):
        set_order_status(order_id=order.pk, to=OrderStatus(step), actor=place.actor)
    return Order.objects.get(pk=order.pk)


def test_refusal_names_what_is_allowed_when_a_status_can_not_follow(place: Place) -> None:
    order = place.order()

    with hearing(place.restaurant) as heard, pytest.raises(InvalidTransition) as raised:
        set_order_status(order_id=order.pk, to=OrderStatus.READY, actor=place.actor)

    assert raised.value.extra == {"status_now": "pending", "allowed": ["confirmed", "cancelled"]}
    assert heard.types == []


def test_ticket_is_opened_once_when_two_confirm_at_once(place: Place) -> None:
    order = place.order()

    results = at_once([lambda: confirm_order(order_id=order.pk, actor=place.actor)] * 8)

    assert [type(result) for result in results] == [Order] * 8
    assert KitchenOrder.objects.count() == 1
    assert Order.objects.get().version == 2


def test_nothing_is_confirmed_when_everything_was_voided(place: Place) -> None:
    order = place.order()
    void_item(order_id=order.pk, item_id=order.items.get().pk, actor=place.actor)

    with hearing(place.restaurant) as heard, pytest.raises(Conflict):
        confirm_order(order_id=order.pk, actor=place.actor)

    assert heard.types == []
    assert not KitchenOrder.objects.exists()


def test_unpaid_order_is_completed_when_a_manager_says_why(place: Place) -> None:
    order = served(place)

    with pytest.raises(NotPaid):
        set_order_status(
            order_id=order.pk, to=OrderStatus.COMPLETED, actor=staff(place, Role.CASHIER), reason="Trust me"
        )
    with pytest.raises(NotPaid) as raised:
        set_order_status(order_id=order.pk, to=OrderStatus.COMPLETED, actor=place.actor)
    set_order_status(order_id=order.pk, to=OrderStatus.COMPLETED, actor=place.actor, reason="On the house")

    assert pointers(raised.value) == [("/reason", "required")]
    assert Order.objects.get().status == "completed"


def test_cashier_completes_when_the_order_is_paid(place: Place) -> None:
    order = served(place)
    Order.objects.filter(pk=order.pk).update(paid_amount=order.final_amount, silently=True)

    order = set_order_status(order_id=order.pk, to=OrderStatus.COMPLETED, actor=staff(place, Role.CASHIER))

    assert order.completed_at is not None


def test_cancelling_needs_a_reason_when_the_kitchen_has_the_order(place: Place) -> None:
    order = place.confirm(place.order())

    with pytest.raises(InvalidFields) as raised:
        set_order_status(order_id=order.pk, to=OrderStatus.CANCELLED, actor=place.actor)

    assert pointers(raised.value) == [("/reason", "required")]
    assert KitchenOrder.objects.get().status == "pending"


def test_waiter_deletes_an_order_when_it_is_the_own_one(place: Place) -> None:
    waiter = staff(place, Role.WAITER)
    own = create_order(actor=waiter, channel=Channel.TAKEAWAY, items=[AskedItem(place.dish.pk, 1)])
    others = place.order()

    assert delete_order(order_id=own.pk, actor=waiter) is None
    with pytest.raises(NotAllowed):
        delete_order(order_id=others.pk, actor=waiter)

    assert list(Order.objects.all()) == [others]


def test_order_is_cancelled_instead_when_it_is_paid_or_in_work(place: Place) -> None:
    paid, confirmed = place.order(), place.confirm(place.order())
    Order.objects.filter(pk=paid.pk).update(payment_status="paid", paid_amount=Decimal("9.50"), silently=True)

    kept = [delete_order(order_id=order.pk, actor=place.actor, reason="Gone") for order in (paid, confirmed)]

    assert [(order.status, order.cancel_reason) for order in kept if order] == [("cancelled", "Gone")] * 2
    assert KitchenOrder.objects.get().status == "cancelled"


def test_waiter_cancels_an_own_order_when_it_was_paid_before_the_kitchen_had_it(place: Place) -> None:
    waiter = place.actor_of(Role.WAITER)
    order = place.order_by(place.staff(Role.WAITER))
    take_payment(order_id=order.pk, amount=order.final_amount, method=PaymentMethod.CARD, actor=place.actor)

    kept = delete_order(order_id=order.pk, actor=waiter)

    assert kept is not None
    assert (kept.status, kept.cancel_reason) == ("cancelled", "")


def test_order_is_kept_when_what_was_paid_for_it_was_given_back(place: Place) -> None:
    order = place.order()
    paid = take_payment(order_id=order.pk, amount=order.final_amount, method=PaymentMethod.CARD, actor=place.actor)
    refund_payment(payment_id=paid.pk, reason="changed their mind", actor=place.actor)

    kept = delete_order(order_id=order.pk, actor=place.actor)

    assert kept is not None
    assert (kept.status, kept.payment_status) == ("cancelled", "refunded")


def test_cashier_takes_back_no_order(place: Place) -> None:
    order = place.order()

    with pytest.raises(NotAllowed):
        delete_order(order_id=order.pk, actor=place.actor_of(Role.CASHIER))

    assert Order.objects.get(pk=order.pk).status == "pending"


def test_late_cancellation_is_refused_when_its_reason_is_blank(place: Place) -> None:
    order = place.confirm(place.order())

    with pytest.raises(InvalidFields) as refused:
        set_order_status(order_id=order.pk, to=OrderStatus.CANCELLED, actor=place.actor, reason="  ")

    assert pointers(refused.value) == [("/reason", "required")]


def test_deleting_is_refused_when_the_order_was_served(place: Place) -> None:
    order = served(place)

    with pytest.raises(InvalidTransition):
        delete_order(order_id=order.pk, actor=place.actor)


def test_nobody_finds_an_order_when_the_actor_is_of_no_restaurant(place: Place) -> None:
    with pytest.raises(NotFound):
        update_order(order_id=place.order().pk, actor=SYSTEM, notes="Lost")
