"""The figures of business days: who may see them, what counts, and for which days."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from orders.models import Order, Restaurant
from orders.states import OrderStatus, Role

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

    from tests.callers import House

pytestmark = pytest.mark.django_db

DAY = dt.date(2026, 3, 14)


def stats(house: House, query: str = "") -> Any:
    reply = house.manager.get(f"/api/orders/stats{query}")
    assert reply.status == 200, reply.body
    return reply.body


def changed(order: dict[str, Any], **columns: Any) -> None:
    """Have an order be of another time, or paid otherwise."""
    Order.objects.filter(pk=order["id"]).update(silently=True, **columns)


def at(hour: int, minute: int = 0, day: dt.date = DAY) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(hour, minute), dt.UTC)


def test_everything_is_nothing_when_no_order_was_taken(house: House) -> None:
    today = house.restaurant.business_date(timezone.now()).isoformat()

    assert stats(house) == {
        "from": today,
        "to": today,
        "orders": 0,
        "by_status": dict.fromkeys(OrderStatus.values, 0),
        "by_channel": {"dine_in": 0, "takeaway": 0, "delivery": 0, "online": 0},
        "revenue": "0.00",
        "average_ticket": "0.00",
        "items_sold": 0,
        "prep_minutes": {"average": None, "p90": None},
        "by_hour": [{"hour": hour % 24, "orders": 0, "revenue": "0.00"} for hour in range(4, 28)],
    }


def test_figures_are_of_what_was_sold_when_some_is_not(house: House, foreign: House) -> None:
    sold, more = house.confirmed(2), house.confirmed(1, channel="takeaway", table_id=None)
    house.order(5)
    house.order(5, draft=True)
    gone = house.confirmed(3)
    house.manager.put(f"/api/orders/{gone['id']}/status", {"status": "cancelled", "reason": "why not"})
    foreign.confirmed(9)
    voided = sold["items"][0]["id"]
    house.waiter.post(f"/api/orders/{sold['id']}/items", {"menu_item_id": house.dish.pk, "quantity": 4})
    house.waiter.patch(f"/api/orders/{sold['id']}/items/{voided}/status", {"status": "cancelled"})

    figures = stats(house)

    assert (figures["orders"], sum(figures["by_status"].values()), sum(figures["by_channel"].values())) == (5, 5, 5)
    assert {name: n for name, n in figures["by_status"].items() if n} == {
        "draft": 1, "pending": 1, "confirmed": 2, "cancelled": 1,
    }  # fmt: skip
    assert figures["by_channel"] == {"dine_in": 4, "takeaway": 1, "delivery": 0, "online": 0}
    assert (figures["revenue"], figures["items_sold"]) == ("47.50", 5)
    assert figures["average_ticket"] == "23.75"
    assert sum(Decimal(hour["revenue"]) for hour in figures["by_hour"]) == Decimal("47.50")
    assert sum(hour["orders"] for hour in figures["by_hour"]) == 5
    assert more["final_amount"] == "9.50"


def test_revenue_is_what_stayed_when_money_was_given_back(house: House) -> None:
    whole, part, bill_shrank = house.confirmed(2), house.confirmed(2), house.confirmed(1)
    changed(whole, status="completed", paid_amount=0, refunded_amount=19)
    changed(part, status="completed", paid_amount=15, refunded_amount=4)
    changed(bill_shrank, status="completed", paid_amount="9.50", refunded_amount="9.50")

    assert stats(house)["revenue"] == "24.50"


def test_revenue_is_the_whole_bill_when_money_was_given_back_of_one_that_is_open(house: House) -> None:
    order = house.confirmed(2)
    paid = house.manager.post("/api/payments", {"order_id": order["id"], "amount": "10.00", "method": "cash"}).body
    house.manager.post(f"/api/payments/{paid['id']}/refund", {"amount": "2.00", "reason": "Cold soup"})

    assert stats(house)["revenue"] == "19.00"


def test_prep_minutes_are_from_confirmation_to_ready(house: House) -> None:
    for minutes in (*range(1, 11), 30):
        order = house.confirmed()
        changed(order, confirmed_at=at(12), ready_at=at(12, minutes), status="ready")
    house.confirmed()

    assert stats(house)["prep_minutes"] == {"average": 7.7, "p90": 10.0}


def test_orders_count_for_their_business_day_and_local_hour(house: House) -> None:
    Restaurant.objects.filter(pk=house.restaurant.pk).update(timezone="Asia/Kathmandu", day_starts_at=dt.time(5))
    evening, night = house.confirmed(), house.confirmed()
    changed(evening, business_date=DAY, created_at=at(15, 40))  # 21:25 in Kathmandu
    changed(night, business_date=DAY, created_at=at(18, 20))  # 00:05 of the next day

    figures = stats(house, f"?from={DAY}&to={DAY}")

    assert [row["hour"] for row in figures["by_hour"]][:2] == [5, 6]
    assert {row["hour"]: row["orders"] for row in figures["by_hour"] if row["orders"]} == {21: 1, 0: 1}
    assert stats(house)["orders"] == 0


@pytest.mark.parametrize(
    ("query", "days"),
    [
        ("?from=2026-03-13&to=2026-03-15", 3),
        ("?from=2026-03-14&to=2026-03-14", 1),
        ("?to=2026-03-13", 1),
        ("?from=2026-03-15&to=2026-03-20", 1),
        ("?from=2027-01-01&to=2027-01-02", 0),
    ],
)
def test_days_are_those_that_were_asked_for(house: House, query: str, days: int) -> None:
    for day in (13, 14, 15):
        changed(house.confirmed(), business_date=DAY.replace(day=day))

    assert stats(house, query)["orders"] == days


def test_days_go_until_today_when_only_the_first_is_given(house: House) -> None:
    house.order()
    today = house.restaurant.business_date(timezone.now())
    changed(house.order(), business_date=today - dt.timedelta(days=3))

    figures = stats(house, f"?from={today - dt.timedelta(days=3)}")

    assert (figures["to"], figures["orders"]) == (today.isoformat(), 2)


@pytest.mark.parametrize(
    ("query", "pointers"),
    [
        ("?from=2026-03-15&to=2026-03-14", [("/to", "range")]),
        ("?from=2026-01-01&to=2026-04-03", [("/from", "range")]),
        ("?from=yesterday", [("/from", "invalid")]),
        ("?from=2026-02-30", [("/from", "invalid")]),
        ("?to=20260314", [("/to", "invalid")]),
        ("?to=2026-W11-6", [("/to", "invalid")]),
        ("?to=0000-01-01", [("/to", "invalid")]),
        ("?to=", [("/to", "invalid")]),
        ("?from=2026-03-14&from=2026-03-15", [("/from", "repeated")]),
        ("?day=2026-03-14", [("/day", "unknown")]),
    ],
)
def test_bad_request_when_the_days_make_no_sense(house: House, query: str, pointers: Any) -> None:
    reply = house.manager.get(f"/api/orders/stats{query}")

    assert (reply.status, reply.pointers) == (400, pointers)


def test_longest_range_is_taken_whatever_its_years(house: House) -> None:
    assert stats(house, "?from=2026-01-01&to=2026-04-02")["orders"] == 0
    assert stats(house, "?from=0001-01-01&to=0001-01-02")["from"] == "0001-01-01"
    assert stats(house, "?from=9999-12-31")["to"] == "9999-12-31"


@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.OWNER, 200), (Role.MANAGER, 200), (Role.WAITER, 403), (Role.KITCHEN, 403), (Role.CASHIER, 403)],
)
def test_only_managers_see_the_figures(house: House, role: Role, status: int) -> None:
    assert house.caller(role).get("/api/orders/stats").status == status


@pytest.mark.parametrize("orders", [1, 8])
def test_figures_take_a_constant_number_of_queries(
    house: House, orders: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(orders):
        house.confirmed()
    stats(house)

    # Whether it still stands who calls, the restaurant's settings at their revision, the figures.
    with django_assert_num_queries(3):
        assert stats(house)["orders"] == orders
