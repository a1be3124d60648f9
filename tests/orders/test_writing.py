"""Rows written by prepared statements: what is read back is what was written, and every signal is sent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.db import DatabaseError, DataError, IntegrityError, connection, models
from django.db.models.signals import post_save, pre_save

from kitchen.models import KitchenOrder, KitchenOrderItem, Station
from orders.aggregates import lines_of, rows_of
from orders.models import MenuItem, Order, OrderItem
from orders.units import TrackedModel, open_unit
from orders.writing import can_write
from tests.streams import hearing

if TYPE_CHECKING:
    from tests.places import Place

NOW = dt.datetime(2026, 11, 21, 18, 3, 12, 402_123, tzinfo=dt.UTC)


def order(place: Place, **others: Any) -> Order:
    return Order(
        restaurant=place.restaurant,
        order_number="T1-900",
        business_date=dt.date(2026, 11, 21),
        channel="dine_in",
        table=place.table,
        notes='Say "crème \\ brûlée",\n{now} 🍮',
        allergies=["nuts", 'a "quoted", one', "", "NULL", "{}"],
        currency="EUR",
        service_rate=Decimal("0.1250"),
        prices_include_tax=True,
        total_amount=Decimal("99999999.99"),
        created_at=NOW,
        updated_at=NOW,
        **others,
    )


def line(place: Place, quantity: int, **others: Any) -> OrderItem:
    return OrderItem(
        menu_item=place.dish, name="Burger", category_name="Mains", quantity=quantity, unit_price=Decimal("9.50"),
        tax_rate=Decimal("0.07"), **others,
    )  # fmt: skip


def columns(row: models.Model) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


@contextmanager
def signals_heard() -> Iterator[list[tuple[str, str, bool]]]:
    """Collect (signal, model, whether it has a key) of what is saved."""
    heard: list[tuple[str, str, bool]] = []

    def before(sender: Any, instance: Any, **_: Any) -> None:
        heard.append(("pre_save", sender.__name__, instance.pk is not None))

    def after(sender: Any, instance: Any, **_: Any) -> None:
        heard.append(("post_save", sender.__name__, instance.pk is not None))

    pre_save.connect(before)
    post_save.connect(after)
    try:
        yield heard
    finally:
        pre_save.disconnect(before)
        post_save.disconnect(after)


def test_every_row_that_is_news_can_be_written_by_a_prepared_statement() -> None:
    models_told = [model for model in TrackedModel.__subclasses__() if not model._meta.abstract]

    assert {model.__name__ for model in models_told} >= {"Order", "OrderItem", "MenuItem", "KitchenOrder", "Alert"}
    assert all(can_write(model) for model in models_told)


def test_row_is_read_back_as_it_was_written(place: Place) -> None:
    new = order(place)

    with open_unit(place.actor):
        new.insert_with([line(place, 1)], link="order")

    assert columns(Order.objects.get(pk=new.pk)) == columns(new)
    assert new.changed() == {}


def test_ticket_item_is_read_back_with_its_steps(place: Place) -> None:
    ticket = place.ticket()
    steps = [{"name": 'Grill "hot"', "minutes": 4, "station_id": None, "station_name": None, "done": False}]
    item = KitchenOrderItem(
        ticket=ticket, order_item_id=1, menu_item_id=place.dish.pk, name="Burger", quantity=1, steps=steps
    )

    with open_unit(place.actor):
        KitchenOrderItem.objects.insert([item])

    assert columns(KitchenOrderItem.objects.get(pk=item.pk)) == columns(item)
    assert KitchenOrderItem.objects.get(pk=item.pk).steps == steps


def test_children_keep_their_order_and_refer_to_the_parent(place: Place) -> None:
    new, lines = order(place), [line(place, quantity) for quantity in (9, 1, 5, 3)]

    with open_unit(place.actor):
        new.insert_with(lines, link="order")

    stored = list(OrderItem.objects.filter(order=new).order_by("pk"))
    assert [row.quantity for row in stored] == [9, 1, 5, 3]
    assert [row.pk for row in stored] == [row.pk for row in lines]
    assert all(row.order is new for row in lines)


def test_signals_are_sent_for_the_parent_and_then_its_children(place: Place) -> None:
    with signals_heard() as heard, open_unit(place.actor):
        order(place).insert_with([line(place, 1), line(place, 2)], link="order")

    names = ["Order", "OrderItem", "OrderItem"]
    assert heard == [("pre_save", name, False) for name in names] + [("post_save", name, True) for name in names]


def test_parent_is_inserted_alone_when_it_has_no_children(place: Place) -> None:
    new = order(place)

    with hearing(place.restaurant) as heard, open_unit(place.actor):
        new.insert_with([], link="order")

    assert heard.types == ["order:created"]
    assert Order.objects.get().notes == new.notes


@pytest.mark.parametrize(
    "wrong",
    [{"order_number": "x" * 21}, {"external_id": "nul\0"}, {"tax_amount": Decimal("1e9")}, {"version": 2**40}],
    ids=str,
)
def test_nothing_is_written_when_a_value_does_not_fit(place: Place, wrong: dict[str, Any]) -> None:
    new = order(place)
    for name, value in wrong.items():
        setattr(new, name, value)

    with hearing(place.restaurant) as heard, pytest.raises(DataError), open_unit(place.actor):
        new.insert_with([line(place, 1)], link="order")

    assert heard.types == []
    assert not Order.objects.exists()


def test_nothing_is_written_when_a_child_is_refused(place: Place) -> None:
    with pytest.raises(IntegrityError), open_unit(place.actor):
        order(place).insert_with([line(place, 1), line(place, 100)], link="order")

    assert not Order.objects.exists()


def test_key_is_kept_when_it_was_given(place: Place) -> None:
    Station.objects.create(pk=900_001, restaurant=place.restaurant, name="Bar")

    assert Station.objects.get(pk=900_001).name == "Bar"


def test_expression_is_refused_as_in_a_save(place: Place) -> None:
    rows = [Station(restaurant=place.restaurant, name="Bar", capacity=models.F("id"))]

    with pytest.raises(TypeError, match="takes a plain value"), open_unit(place.actor):
        Station.objects.insert(rows)


def test_statements_are_prepared_once_whatever_they_are_given(place: Place) -> None:
    def prepared() -> list[str]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT statement FROM pg_prepared_statements ORDER BY statement")
            return [text for (text,) in cursor.fetchall()]

    for quantity in range(1, 8):
        place.order(quantity, notes="again " * quantity)
    before = prepared()
    place.order(99, notes="x" * 1000)

    for table in ("orders_revision", "orders_ordercounter", "orders_orderitem", "realtime_event"):
        assert any(table in statement for statement in before), table
    assert prepared() == before


def test_dish_is_written_by_its_columns_when_it_is_made(place: Place) -> None:
    dish = MenuItem.objects.create(
        restaurant=place.restaurant, name="Soup", price="7.5", category=place.dish.category, stock=3, tax_rate="0.07"
    )

    assert columns(MenuItem.objects.get(pk=dish.pk)) == columns(dish)


def test_changes_are_read_back_as_they_were_written(place: Place) -> None:
    taken = order(place)
    taken.save()
    taken.notes, taken.allergies, taken.table, taken.confirmed_at = "", ["{a,b}"], None, NOW
    taken.total_amount, taken.prices_include_tax = Decimal("0.10"), False

    taken.save()

    assert columns(Order.objects.get(pk=taken.pk)) == columns(taken)


def test_row_is_not_found_when_what_is_saved_was_deleted_elsewhere(place: Place) -> None:
    station = Station.objects.create(restaurant=place.restaurant, name="Bar")
    again = Station.objects.get(pk=station.pk)
    again.delete()
    station.name = "Cold"

    with pytest.raises(DatabaseError, match="did not affect any rows"):
        station.save()


def test_locked_row_is_what_a_queryset_reads(place: Place) -> None:
    ticket = place.ticket()
    item = ticket.items.get()

    with open_unit(place.actor) as unit:
        rows = [
            unit.lock(Order, ticket.order_id, restaurant_id=place.restaurant.pk),
            unit.lock(KitchenOrder, ticket.pk, restaurant_id=place.restaurant.pk),
            *rows_of(ticket, "items"),
            *lines_of(ticket.order),
        ]

    assert [columns(row) for row in rows] == [columns(type(row).objects.get(pk=row.pk)) for row in rows]
    assert [row.changed() for row in rows] == [{}] * 4
    assert rows[2].steps == item.steps
    assert rows[2].ticket is ticket


def test_statement_runs_on_the_connection_that_there_is_when_the_former_was_lost(place: Place) -> None:
    first = place.order()
    connection.connection.close()
    connection.close()

    second = place.order()

    assert second.pk > first.pk
