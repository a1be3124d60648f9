"""The unit of work: what was committed is announced, and nothing else is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.core.exceptions import FieldDoesNotExist
from django.db import connection, transaction
from django.db.models import F

from kitchen.models import Ingredient, Station
from orders import units
from orders.actors import SYSTEM, Actor
from orders.aggregates import lines_of, lock_order
from orders.errors import NotFound
from orders.models import MenuItem, Order, OrderItem, OrderItemModifier
from orders.services.orders import update_order
from orders.units import SilentWrite, Unit, current_unit, once_committed, open_unit, require_unit, unit_of_work
from tests.places import Place
from tests.streams import at_once, hearing, payloads


class Oops(Exception):
    """What a service raises in these tests."""


@contextmanager
def end_hook(hook: Callable[[Unit], None]) -> Iterator[None]:
    """Have a hook of the test's own at the end of every unit."""
    units.at_unit_end(hook)
    try:
        yield
    finally:
        units._end_hooks.remove(hook)


@contextmanager
def failing_unit() -> Iterator[None]:
    """A unit that fails in the end, and a caller that goes on."""
    with suppress(Oops), open_unit():
        yield
        raise Oops


def raise_oops(_: Unit) -> None:
    raise Oops


def stored(dish: MenuItem) -> tuple[str, Decimal]:
    row = MenuItem.objects.get(pk=dish.pk)
    return row.name, row.price


# What a save announces ----------------------------------------------------------------------------


def test_row_is_announced_when_it_is_created(place: Place) -> None:
    with hearing(place.restaurant) as heard:
        Station.objects.create(restaurant=place.restaurant, name="Bar")

    bar = Station.objects.get(name="Bar")
    assert heard.told == [("station:updated", ["kitchen", f"station:{bar.pk}"])]


def test_changed_field_is_announced_when_row_is_saved(place: Place) -> None:
    place.dish.price = Decimal("10.00")

    place.dish.save()

    assert payloads(place.restaurant, "menu-item:updated")[-1]["changed_fields"] == ["price"]
    assert payloads(place.restaurant, "menu-item:updated")[-1]["menu_item"]["price"] == "10.00"


def test_row_is_announced_when_it_is_deleted(place: Place) -> None:
    order = place.order()

    with hearing(place.restaurant) as heard:
        order.delete()

    assert heard.types == ["order:deleted"]
    assert not OrderItem.objects.exists()


def test_nothing_is_written_or_announced_when_nothing_changed(place: Place) -> None:
    dish = MenuItem.objects.get(pk=place.dish.pk)

    with hearing(place.restaurant) as heard, open_unit(), connection.execute_wrapper(_forbid_update):
        dish.name = "Burger"
        dish.price = Decimal("9.5")
        dish.save()

    assert heard.types == []


def _forbid_update(execute: Any, sql: str, *args: Any) -> Any:
    assert not sql.startswith("UPDATE"), sql
    return execute(sql, *args)


def test_both_changes_survive_when_two_instances_change_other_columns(place: Place) -> None:
    first = MenuItem.objects.get(pk=place.dish.pk)
    second = MenuItem.objects.get(pk=place.dish.pk)

    first.name = "Cheeseburger"
    first.save()
    second.price = Decimal("11.00")
    second.save()

    assert stored(place.dish) == ("Cheeseburger", Decimal("11.00"))


def test_price_is_a_decimal_in_memory_when_it_was_set_as_text(place: Place) -> None:
    place.dish.price = "12.5"

    place.dish.save()

    assert place.dish.price == Decimal("12.5")
    assert place.dish.changed() == {}


def test_expression_is_refused_when_row_is_saved(place: Place) -> None:
    place.dish.price = F("price") + 1

    with hearing(place.restaurant) as heard, pytest.raises(TypeError, match=r"MenuItem\.price takes a plain value"):
        place.dish.save()

    assert heard.types == []
    assert stored(place.dish) == ("Burger", Decimal("9.50"))


def test_only_the_named_field_is_written_and_told_when_update_fields_are_given(place: Place) -> None:
    place.dish.name = "Cheeseburger"
    place.dish.price = Decimal("11.00")

    place.dish.save(update_fields=["price"])

    assert payloads(place.restaurant, "menu-item:updated")[-1]["changed_fields"] == ["price"]
    assert stored(place.dish) == ("Burger", Decimal("11.00"))
    assert place.dish.changed() == {"name": ("Burger", "Cheeseburger")}


def test_foreign_key_is_written_when_update_fields_name_it_without_id(place: Place) -> None:
    bar = Station.objects.create(restaurant=place.restaurant, name="Bar")
    place.dish.station = bar

    place.dish.save(update_fields=["station"])

    assert MenuItem.objects.get(pk=place.dish.pk).station_id == bar.pk


def test_nothing_is_announced_when_update_fields_name_what_did_not_change(place: Place) -> None:
    place.dish.name = "Cheeseburger"

    with hearing(place.restaurant) as heard:
        place.dish.save(update_fields=["price"])

    assert heard.types == []
    assert place.dish.changed() == {"name": ("Burger", "Cheeseburger")}


def test_save_is_refused_when_update_fields_name_no_field(place: Place) -> None:
    with pytest.raises(FieldDoesNotExist):
        place.dish.save(update_fields=["prize"])  # type: ignore[misc]


def test_copy_is_told_whole_when_a_row_is_inserted_again_under_a_new_id(place: Place) -> None:
    copy = MenuItem.objects.get(pk=place.dish.pk)
    copy.pk = None
    copy._state.adding = True

    copy.save()

    assert "price" in payloads(place.restaurant, "menu-item:updated")[-1]["changed_fields"]
    assert payloads(place.restaurant, "menu-item:updated")[-1]["menu_item"]["id"] == copy.pk


# Deferred fields and refreshing -------------------------------------------------------------------


@pytest.mark.parametrize("how", ["only", "defer"])
def test_only_the_changed_column_is_written_when_fields_are_deferred(place: Place, how: str) -> None:
    rows = MenuItem.objects.only("name") if how == "only" else MenuItem.objects.defer("price", "stock")
    dish = rows.get(pk=place.dish.pk)
    MenuItem.objects.filter(pk=dish.pk).update(price=Decimal("8.00"), silently=True)

    dish.name = "Cheeseburger"
    dish.save()

    assert stored(place.dish) == ("Cheeseburger", Decimal("8.00"))
    assert payloads(place.restaurant, "menu-item:updated")[-1]["menu_item"]["price"] == "8.00"


def test_deferred_field_counts_as_loaded_when_it_was_read(place: Place) -> None:
    dish = MenuItem.objects.only("name").get(pk=place.dish.pk)

    assert dish.station_id == place.station.pk
    assert dish.changed() == {}


def test_other_changes_stay_unsaved_when_one_field_is_refreshed(place: Place) -> None:
    place.dish.name = "Cheeseburger"
    place.dish.price = Decimal("11.00")

    place.dish.refresh_from_db(fields=["price"])

    assert place.dish.changed() == {"name": ("Burger", "Cheeseburger")}


def test_nothing_counts_as_changed_when_row_is_refreshed(place: Place) -> None:
    place.dish.name = "Cheeseburger"

    place.dish.refresh_from_db()

    assert place.dish.changed() == {}


def test_related_rows_are_read_again_when_they_are_refreshed_by_name(place: Place) -> None:
    order = Order.objects.prefetch_related("items").get(pk=place.order().pk)
    OrderItem.objects.filter(order=order).update(name="Cheeseburger", silently=True)

    order.refresh_from_db(fields=["items"])

    assert [item.name for item in order.items.all()] == ["Cheeseburger"]


def test_list_that_was_changed_in_place_is_written_when_saved(place: Place) -> None:
    order = place.order()
    order = Order.objects.get(pk=order.pk)
    order.allergies.append("Celery")

    order.save()

    assert Order.objects.get(pk=order.pk).allergies == ["Celery"]


# Units, nested and failing ------------------------------------------------------------------------


def test_no_unit_is_left_open_when_a_bare_save_ends(place: Place) -> None:
    seen: list[Unit | None] = []
    place.dish.name = "Cheeseburger"

    with end_hook(seen.append):
        place.dish.save()

    assert [unit.actor for unit in seen if unit] == [SYSTEM]
    assert current_unit() is None


def test_unit_is_needed_when_required() -> None:
    with pytest.raises(RuntimeError, match="needs a unit of work"):
        require_unit()


def test_outermost_unit_is_refused_when_a_foreign_transaction_is_open(place: Place) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"), open_unit():
        pytest.fail("the unit was opened")

    assert current_unit() is None


def test_bare_save_is_refused_when_a_foreign_transaction_is_open(place: Place) -> None:
    place.dish.name = "Cheeseburger"

    with hearing(place.restaurant) as heard, transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        place.dish.save()

    assert heard.types == []
    assert stored(place.dish)[0] == "Burger"


def test_nested_units_are_one_when_neither_fails(place: Place) -> None:
    with hearing(place.restaurant) as heard, open_unit() as outer:
        place.dish.name = "Cheeseburger"
        place.dish.save()
        with open_unit() as inner:
            place.station.name = "Bar"
            place.station.save()

    assert inner is outer
    assert heard.types == ["menu-item:updated", "station:updated"]


def _fail_in_unit(place: Place) -> None:
    with open_unit():
        _rename_all(place)
        raise Oops


def _fail_in_atomic(place: Place) -> None:
    with transaction.atomic():
        _rename_all(place)
        raise Oops


def _roll_back_by_hand(place: Place) -> None:
    savepoint = transaction.savepoint()
    _rename_all(place)
    transaction.savepoint_rollback(savepoint)
    raise Oops


def _release_then_fail(place: Place) -> None:
    with transaction.atomic():
        with transaction.atomic():
            _rename_all(place)
        raise Oops


def _reuse_a_savepoint_name(place: Place) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SAVEPOINT mark")
        place.station.capacity = 9
        place.station.save()
        cursor.execute("SAVEPOINT mark")
        cursor.execute("RELEASE SAVEPOINT mark")
        _rename_all(place)
        cursor.execute("ROLLBACK TO mark")
    raise Oops


def _rename_all(place: Place) -> None:
    place.dish.name = "Lost"
    place.dish.save()
    place.station.name = "Lost"
    place.station.save()


@pytest.mark.parametrize(
    "fail", [_fail_in_unit, _fail_in_atomic, _roll_back_by_hand, _release_then_fail, _reuse_a_savepoint_name]
)
def test_only_what_the_outer_kept_is_announced_when_an_inner_part_fails(place: Place, fail: Any) -> None:
    with hearing(place.restaurant) as heard, open_unit():
        place.dish.price = Decimal("11.00")
        place.dish.save()
        with pytest.raises(Oops):
            fail(place)

    assert heard.types == ["menu-item:updated"]
    data = payloads(place.restaurant, "menu-item:updated")[-1]
    assert (data["changed_fields"], data["menu_item"]["name"]) == (["price"], "Burger")
    assert stored(place.dish) == ("Burger", Decimal("11.00"))


def test_change_after_a_failed_part_is_announced_when_the_outer_goes_on(place: Place) -> None:
    with hearing(place.restaurant) as heard, open_unit():
        with pytest.raises(Oops):
            _fail_in_unit(place)
        place.station.refresh_from_db()
        place.station.capacity = 7
        place.station.save()

    assert heard.types == ["station:updated"]
    assert payloads(place.restaurant, "station:updated")[-1]["station"]["name"] == "Grill"


def test_order_is_told_as_stored_when_a_second_change_of_it_fails(place: Place) -> None:
    order = place.order()

    with hearing(place.restaurant) as heard, open_unit(place.actor):
        update_order(order_id=order.pk, actor=place.actor, notes="No salt")
        with failing_unit():
            update_order(order_id=order.pk, actor=place.actor, notes="No pepper")
            locked = lock_order(order.pk, actor=place.actor)
            lines_of(locked)[0].name = "Lost"
            lines_of(locked)[0].save()

    told = payloads(place.restaurant, "order:updated")[-1]
    assert heard.types == ["order:updated"]
    assert (told["order"]["notes"], told["order"]["version"], told["version"]) == ("No salt", 2, 2)
    assert told["order"]["items"][0]["menu_item"]["name"] == "Burger"
    assert Order.objects.get(pk=order.pk).version == 2


def test_version_rises_by_one_when_a_failed_change_is_followed_by_a_good_one(place: Place) -> None:
    order = place.order()

    with open_unit(place.actor):
        with failing_unit():
            update_order(order_id=order.pk, actor=place.actor, notes="No pepper")
        update_order(order_id=order.pk, actor=place.actor, notes="No salt")

    assert Order.objects.values_list("version", "notes").get(pk=order.pk) == (2, "No salt")


def test_unsaved_changes_are_as_before_when_the_whole_unit_fails(place: Place) -> None:
    place.dish.name = "Cheeseburger"
    before = place.dish.changed()

    with hearing(place.restaurant) as heard, failing_unit():
        place.dish.save()
        place.dish.price = Decimal("1.00")
        place.dish.save()

    assert heard.types == []
    assert before == {"name": ("Burger", "Cheeseburger")}
    assert place.dish.changed() == {**before, "price": (Decimal("9.50"), Decimal("1.00"))}
    place.dish.save()
    assert stored(place.dish) == ("Cheeseburger", Decimal("1.00"))


def test_new_row_can_be_saved_again_when_the_unit_that_made_it_failed(place: Place) -> None:
    bar = Station(restaurant=place.restaurant, name="Bar")
    with failing_unit():
        bar.save()

    with hearing(place.restaurant) as heard:
        bar.save()

    assert heard.types == ["station:updated"]
    assert Station.objects.get(name="Bar").pk == bar.pk


def test_row_is_whole_again_when_its_deletion_was_rolled_back(place: Place) -> None:
    bar = Station.objects.create(restaurant=place.restaurant, name="Bar")
    pk = bar.pk

    with hearing(place.restaurant) as heard, failing_unit():
        bar.delete()

    assert heard.types == []
    assert (bar.pk, bar.changed()) == (pk, {})
    bar.name = "Long bar"
    bar.save()
    assert Station.objects.get(pk=pk).name == "Long bar"


def test_everything_is_rolled_back_when_an_end_hook_fails(place: Place) -> None:
    place.dish.name = "Cheeseburger"

    with hearing(place.restaurant) as heard, end_hook(raise_oops), pytest.raises(Oops):
        place.dish.save()

    assert heard.types == []
    assert stored(place.dish)[0] == "Burger"
    assert place.dish.changed() == {"name": ("Burger", "Cheeseburger")}
    assert current_unit() is None


def test_callback_of_on_commit_has_a_unit_of_its_own_when_it_writes(place: Place) -> None:
    def rename() -> None:
        place.station.name = "Bar"
        place.station.save()

    with hearing(place.restaurant) as heard, open_unit():
        place.dish.name = "Cheeseburger"
        place.dish.save()
        transaction.on_commit(rename)

    assert heard.types == ["menu-item:updated", "station:updated"]


def test_actor_of_the_outermost_is_remembered_when_services_nest(place: Place) -> None:
    seen: list[Actor] = []

    @unit_of_work
    def inner(*, actor: Actor) -> None:
        seen.append(require_unit().actor)

    @unit_of_work
    def outer(*, actor: Actor) -> None:
        inner(actor=SYSTEM)

    outer(actor=place.actor)

    assert seen == [place.actor]


# Writes that send no signal -----------------------------------------------------------------------


def test_bulk_writes_are_refused_when_not_said_by_name(place: Place) -> None:
    rows = MenuItem.objects.filter(pk=place.dish.pk)
    writes: dict[str, Callable[[], Any]] = {
        "update": lambda: rows.update(name="Lost"),
        "bulk_create": lambda: MenuItem.objects.bulk_create([MenuItem(restaurant=place.restaurant, name="Lost")]),
        "bulk_update": lambda: MenuItem.objects.bulk_update([place.dish], ["name"]),
        "_raw_delete": partial(rows._raw_delete, None),
    }

    for name, write in writes.items():
        with pytest.raises(SilentWrite, match=rf"MenuItem\.objects\.{name}\(\) sends no signal"):
            write()

    assert list(MenuItem.objects.values_list("name")) == [("Burger",)]


def test_bulk_writes_are_done_and_not_told_when_said_by_name(place: Place) -> None:
    fries = MenuItem(restaurant=place.restaurant, name="Fries", price=Decimal(3), category=place.dish.category)

    with hearing(place.restaurant) as heard:
        MenuItem.objects.bulk_create([fries], silently=True)
        MenuItem.objects.filter(pk=place.dish.pk).update(name="Cheeseburger", silently=True)
        fries.price = Decimal(4)
        MenuItem.objects.bulk_update([fries], ["price"], silently=True)

    assert heard.types == []
    assert sorted(MenuItem.objects.values_list("name", "price")) == [
        ("Cheeseburger", Decimal("9.50")),
        ("Fries", Decimal("4.00")),
    ]


def test_only_its_change_is_told_when_a_row_from_bulk_create_is_saved(place: Place) -> None:
    fries = MenuItem(restaurant=place.restaurant, name="Fries", price=Decimal(3), category=place.dish.category)
    MenuItem.objects.bulk_create([fries], silently=True)

    fries.stock = 5
    fries.save()

    assert payloads(place.restaurant, "menu-item:updated")[-1]["changed_fields"] == ["stock"]


def test_related_managers_refuse_when_they_would_write_in_bulk(place: Place) -> None:
    bar = Station.objects.create(restaurant=place.restaurant, name="Bar")

    with pytest.raises(SilentWrite):
        bar.menu_items.add(place.dish)
    with pytest.raises(SilentWrite):
        place.station.menu_items.update(name="Lost")

    assert MenuItem.objects.get(pk=place.dish.pk).station_id == place.station.pk


def test_each_row_is_announced_when_a_queryset_is_deleted(place: Place) -> None:
    first, second = place.order(), place.order()

    with hearing(place.restaurant) as heard:
        count, rows = Order.objects.filter(pk__in=[first.pk, second.pk]).delete()

    assert (count, rows) == (4, {"orders.Order": 2, "orders.OrderItem": 2})
    assert heard.types == ["order:deleted", "order:deleted"]


def test_row_is_made_once_and_told_once_when_got_or_created(place: Place) -> None:
    with hearing(place.restaurant) as heard:
        bar, made = Station.objects.get_or_create(restaurant=place.restaurant, name="Bar")
        again, made_again = Station.objects.get_or_create(restaurant=place.restaurant, name="Bar")

    assert (made, made_again, again) == (True, False, bar)
    assert heard.types == ["station:updated"]


def test_change_is_told_once_when_updated_or_created(place: Place) -> None:
    with hearing(place.restaurant) as heard:
        Station.objects.update_or_create(restaurant=place.restaurant, name="Grill", defaults={"capacity": 6})
        Station.objects.update_or_create(restaurant=place.restaurant, name="Grill", defaults={"capacity": 6})

    assert heard.types == ["station:updated"]
    assert Station.objects.get(name="Grill").capacity == 6


def test_rows_are_told_and_known_when_inserted_together(place: Place) -> None:
    rows = [Station(restaurant=place.restaurant, name=name) for name in ("Bar", "Cold")]

    with hearing(place.restaurant) as heard, open_unit():
        Station.objects.insert(rows)

    assert heard.types == ["station:updated", "station:updated"]
    assert [row.changed() for row in rows] == [{}, {}]


def test_insert_is_refused_when_no_unit_is_open(place: Place) -> None:
    with pytest.raises(RuntimeError, match="needs a unit of work"):
        OrderItemModifier.objects.insert([])


# Locks and threads --------------------------------------------------------------------------------


def test_lock_gives_the_same_object_when_taken_twice(place: Place) -> None:
    order = place.order()

    with open_unit(place.actor):
        first = lock_order(order.pk, actor=place.actor)
        with open_unit():
            second = lock_order(order.pk, actor=place.actor)

    assert first is second
    assert first is not order


def test_lock_is_not_found_when_the_row_is_another_restaurants(place: Place, other_place: Place) -> None:
    order = other_place.order()

    with open_unit(place.actor), pytest.raises(NotFound):
        lock_order(order.pk, actor=place.actor)


def test_lock_gives_the_stored_row_when_what_was_done_to_it_was_rolled_back(place: Place) -> None:
    order = place.order()

    with open_unit(place.actor):
        with failing_unit():
            lock_order(order.pk, actor=place.actor).notes = "Lost"
        again = lock_order(order.pk, actor=place.actor)

    assert again.notes == ""


def test_units_are_separate_when_threads_work_at_once(place: Place) -> None:
    meet = threading.Barrier(4)

    def work(number: int) -> tuple[int, int]:
        with open_unit() as unit:
            Ingredient.objects.create(restaurant_id=place.restaurant.pk, name=f"Flour {number}", unit="g")
            meet.wait(30)
            return id(unit), len(unit.changes)

    results = at_once([partial(work, number) for number in range(4)])

    assert [changes for _, changes in results] == [1, 1, 1, 1]
    assert len({unit for unit, _ in results}) == 4
    assert current_unit() is None


# What is put off ----------------------------------------------------------------------------------


@pytest.fixture
def done(transactional_db: None) -> list[str]:
    return []


def test_work_is_done_once_before_the_hooks_when_it_is_put_off(done: list[str]) -> None:
    with end_hook(lambda _: done.append("hook")), open_unit() as unit:
        unit.put_off("a", partial(done.append, "a"))
        unit.put_off("b", partial(done.append, "b"))
        unit.put_off("a", partial(done.append, "a again"))
        done.append("rest of the unit")

    assert done == ["rest of the unit", "a", "b", "hook"]


def test_work_is_done_at_once_and_not_again_when_it_is_needed_early(done: list[str]) -> None:
    with open_unit() as unit:
        unit.put_off("a", partial(done.append, "a"))
        unit.do_now("a")
        unit.do_now("a")
        unit.do_now("unknown")
        done.append("rest of the unit")

    assert done == ["a", "rest of the unit"]


def test_work_is_done_too_when_other_work_puts_it_off(done: list[str]) -> None:
    with open_unit() as unit:
        unit.put_off("a", lambda: unit.put_off("b", partial(done.append, "b")))

    assert done == ["b"]


def test_work_is_not_done_when_the_part_that_put_it_off_failed(done: list[str]) -> None:
    with open_unit() as unit:
        unit.put_off("kept", partial(done.append, "kept"))
        with failing_unit():
            unit.put_off("dropped", partial(done.append, "dropped"))
            with open_unit():
                unit.put_off("dropped too", partial(done.append, "dropped too"))
        with open_unit():
            unit.put_off("inner", partial(done.append, "inner"))

    assert done == ["kept", "inner"]


def test_work_is_done_again_when_the_part_that_did_it_early_failed(done: list[str]) -> None:
    with open_unit() as unit:
        unit.put_off("a", partial(done.append, "a"))
        with failing_unit():
            unit.do_now("a")

    assert done == ["a", "a"]


def test_nothing_of_it_is_kept_when_work_that_was_put_off_fails(place: Place) -> None:
    before = stored(place.dish)

    with hearing(place.restaurant) as heard, suppress(Oops), open_unit() as unit:
        place.dish.name = "Soup"
        place.dish.save()
        unit.put_off("a", partial(raise_oops, unit))

    assert stored(place.dish) == before
    assert (heard.types, current_unit()) == ([], None)


def test_nothing_is_left_to_do_when_the_whole_unit_failed(done: list[str]) -> None:
    with failing_unit():
        require_unit().put_off("a", partial(done.append, "a"))

    with open_unit():
        pass

    assert done == []


@pytest.mark.django_db(transaction=True)
def test_rest_is_done_when_what_comes_after_the_commit_fails(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    done: list[str] = []

    def fail(why: str) -> None:
        raise ValueError(why)

    with open_unit(place.actor):
        once_committed(partial(fail, "broken"))
        once_committed(partial(done.append, "told"))

    assert done == ["told"]
    assert "broken" in caplog.text
