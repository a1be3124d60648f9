"""The books that a process keeps: never older than the last commit, whoever made it."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from django.contrib.auth.hashers import make_password
from django.db import connection, transaction

from orders import books
from orders.books import Book, book_of
from orders.models import (
    Allergen,
    Category,
    Membership,
    MenuItem,
    MenuItemAllergen,
    MenuItemModifierGroup,
    Modifier,
    ModifierGroup,
    Restaurant,
    Revision,
    Table,
    User,
)
from orders.states import Role
from tests.callers import Caller, Reply

if TYPE_CHECKING:
    from tests.places import Place

Elsewhere = psycopg.Connection[Any]


@pytest.fixture
def elsewhere(transactional_db: None) -> Iterator[Elsewhere]:
    """Somebody at the database who knows nothing of Brigade, as another process or psql would be."""
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": psycopg.Cursor}) as other:
        yield other


def order(place: Place, **others: Any) -> Reply:
    body = {"channel": "dine_in", "items": [{"menu_item_id": place.dish.pk, "quantity": 1}]}
    return Caller(place.staff(Role.WAITER)).post("/api/orders", body | others)


def price(place: Place, **others: Any) -> str:
    reply = order(place, **others)
    assert reply.status == 201, reply.body
    unit_price: str = reply.body["items"][0]["unit_price"]
    return unit_price


# What is sold ---------------------------------------------------------------------------------------


def test_new_price_is_paid_when_another_connection_has_committed_it(place: Place, elsewhere: Elsewhere) -> None:
    before = price(place)
    elsewhere.execute("UPDATE orders_menuitem SET price = 11.00 WHERE id = %s", [place.dish.pk])
    meanwhile = price(place)
    elsewhere.commit()

    assert (before, meanwhile, price(place)) == ("9.50", "9.50", "11.00")


def test_old_price_is_paid_when_another_connection_rolls_back(place: Place, elsewhere: Elsewhere) -> None:
    elsewhere.execute("UPDATE orders_menuitem SET price = 11.00 WHERE id = %s", [place.dish.pk])
    elsewhere.rollback()

    assert price(place) == "9.50"


def test_own_price_is_paid_inside_the_transaction_that_sets_it_and_no_more_after_its_rollback(place: Place) -> None:
    def read() -> Decimal:
        return book_of(place.restaurant.pk).dishes([place.dish.pk])[place.dish.pk].price

    first = read()
    with transaction.atomic():
        MenuItem.objects.filter(pk=place.dish.pk).update(price=11, silently=True)
        second = read()
        MenuItem.objects.filter(pk=place.dish.pk).update(price=12, silently=True)
        third = read()
        transaction.set_rollback(True)

    assert (first, second, third, read()) == (Decimal("9.50"), Decimal(11), Decimal(12), Decimal("9.50"))


def test_dish_is_refused_when_another_connection_86d_it(place: Place, elsewhere: Elsewhere) -> None:
    price(place)
    elsewhere.execute("UPDATE orders_menuitem SET is_available = false WHERE id = %s", [place.dish.pk])
    elsewhere.commit()

    reply = order(place)

    assert (reply.status, reply.body["code"]) == (409, "unavailable")


def test_portions_are_counted_when_another_connection_began_to_count_them(place: Place, elsewhere: Elsewhere) -> None:
    price(place)
    elsewhere.execute("UPDATE orders_menuitem SET stock = 1 WHERE id = %s", [place.dish.pk])
    elsewhere.commit()

    replies = [order(place), order(place)]

    assert [(reply.status, reply.body.get("code")) for reply in replies] == [(201, None), (409, "out_of_stock")]
    assert MenuItem.objects.get(pk=place.dish.pk).stock == 0


def test_what_hangs_on_a_dish_is_as_committed_when_another_connection_changed_it(
    place: Place, elsewhere: Elsewhere
) -> None:
    group = ModifierGroup.objects.create(restaurant=place.restaurant, name="Extras")
    cheese = Modifier.objects.create(group=group, name="Cheese", price="1.00")
    MenuItemModifierGroup.objects.create(menu_item=place.dish, group=group)
    milk = Allergen.objects.create(restaurant=place.restaurant, name="Milk")
    item = {"menu_item_id": place.dish.pk, "quantity": 1, "modifier_ids": [cheese.pk]}
    price(place, items=[item])
    elsewhere.execute("UPDATE orders_modifier SET price = 2.00 WHERE id = %s", [cheese.pk])
    elsewhere.execute("UPDATE orders_category SET name = 'Grill' WHERE id = %s", [place.dish.category_id])
    elsewhere.execute(
        "INSERT INTO orders_menuitemallergen (menu_item_id, allergen_id) VALUES (%s, %s)", [place.dish.pk, milk.pk]
    )
    elsewhere.commit()

    line = order(place, items=[item]).body["items"][0]

    assert [modifier["price"] for modifier in line["modifiers"]] == ["2.00"]
    assert (line["menu_item"]["category"], line["menu_item"]["allergens"]) == ("Grill", ["Milk"])


def test_terms_and_tables_are_as_committed_when_another_connection_changed_them(
    place: Place, elsewhere: Elsewhere
) -> None:
    order(place, table_id=place.table.pk)
    elsewhere.execute("UPDATE orders_restaurant SET service_rate = 0.1 WHERE id = %s", [place.restaurant.pk])
    elsewhere.execute("UPDATE orders_table SET name = 'Terrace 1' WHERE id = %s", [place.table.pk])
    elsewhere.commit()

    taken = order(place, table_id=place.table.pk).body

    assert (taken["table_name"], taken["service_amount"]) == ("Terrace 1", "0.95")


# Who may ask ----------------------------------------------------------------------------------------


def test_caller_is_turned_away_when_the_membership_or_the_user_has_ended(place: Place, elsewhere: Elsewhere) -> None:
    member = place.staff(Role.WAITER)
    caller = Caller(member)
    statuses = [caller.get("/api/orders").status]
    for statement, pk in (
        ("UPDATE orders_membership SET is_active = not is_active WHERE id = %s", member.pk),
        ("UPDATE orders_user SET is_active = not is_active WHERE id = %s", member.user_id),
    ):
        for _ in range(2):
            elsewhere.execute(statement, [pk])
            elsewhere.commit()
            statuses.append(caller.get("/api/orders").status)

    assert statuses == [200, 401, 200, 401, 200]


def test_caller_is_turned_away_when_the_password_was_changed(place: Place, elsewhere: Elsewhere) -> None:
    member = place.staff(Role.WAITER)
    caller = Caller(member)
    before = caller.get("/api/orders").status
    elsewhere.execute("UPDATE orders_user SET password = %s WHERE id = %s", [make_password("new"), member.user_id])
    elsewhere.commit()

    assert (before, caller.get("/api/orders").status) == (200, 401)


def test_caller_is_turned_away_when_a_token_that_was_good_has_expired(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller = Caller(place.staff(Role.WAITER))
    before = caller.get("/api/orders").status
    later = time.time() + 16 * 60
    monkeypatch.setattr("orders.access.time.time", lambda: later)

    assert (before, caller.get("/api/orders").status) == (200, 401)


def test_caller_has_the_new_role_when_it_was_changed(place: Place, elsewhere: Elsewhere) -> None:
    member = place.staff(Role.WAITER)
    caller = Caller(member)
    body = {"channel": "takeaway", "items": [{"menu_item_id": place.dish.pk, "quantity": 1}]}
    before = caller.post("/api/orders", body).status
    elsewhere.execute("UPDATE orders_membership SET role = 'kitchen' WHERE id = %s", [member.pk])
    elsewhere.commit()

    assert (before, caller.post("/api/orders", body).status) == (201, 403)


# The revision ---------------------------------------------------------------------------------------


def revision(restaurant: Restaurant) -> Any:
    return Revision.objects.get(restaurant=restaurant).value


def test_revision_is_another_when_any_row_that_orders_rest_on_changes(place: Place, other_place: Place) -> None:
    group = ModifierGroup.objects.create(restaurant=place.restaurant, name="Extras")
    allergen = Allergen.objects.create(restaurant=place.restaurant, name="Milk")
    of_menu = MenuItemAllergen.objects.create(menu_item=place.dish, allergen=allergen)
    choice = MenuItemModifierGroup.objects.create(menu_item=place.dish, group=group)
    modifier = Modifier.objects.create(group=group, name="Cheese")
    category = Category.objects.create(restaurant=place.restaurant, name="Drinks")
    user = place.staff(Role.WAITER).user
    foreign, seen = revision(other_place.restaurant), [revision(place.restaurant)]

    for change in (
        lambda: Restaurant.objects.filter(pk=place.restaurant.pk).update(tax_rate="0.1"),
        lambda: Membership.objects.filter(user=user).update(role=Role.CASHIER),
        lambda: User.objects.filter(pk=user.pk).update(name="Ada"),
        lambda: Table.objects.filter(pk=place.table.pk).update(name="8"),
        lambda: Category.objects.filter(pk=category.pk).update(name="Wine"),
        lambda: Category.objects.filter(pk=category.pk).delete(),
        lambda: Allergen.objects.filter(pk=allergen.pk).update(name="Egg"),
        lambda: ModifierGroup.objects.filter(pk=group.pk).update(max=2),
        lambda: Modifier.objects.filter(pk=modifier.pk).update(name="Brie"),
        lambda: Modifier.objects.filter(pk=modifier.pk).delete(),
        lambda: MenuItemAllergen.objects.filter(pk=of_menu.pk).delete(),
        lambda: MenuItemModifierGroup.objects.filter(pk=choice.pk).update(position=3),
        lambda: MenuItem.objects.filter(pk=place.dish.pk).update(name="Club", silently=True),
        lambda: MenuItem.objects.filter(pk=place.dish.pk).update(stock=3, silently=True),
        lambda: MenuItem.objects.filter(pk=place.dish.pk).update(stock=None, silently=True),
        lambda: Membership.objects.filter(user=user).delete(),
        lambda: MenuItem.objects.all().delete(),
    ):
        change()
        seen.append(revision(place.restaurant))

    assert len(set(seen)) == len(seen)
    assert revision(other_place.restaurant) != foreign  # by the last change alone, which was everybody's


def test_revision_stays_when_portions_are_taken_or_somebody_signs_in(place: Place) -> None:
    MenuItem.objects.filter(pk=place.dish.pk).update(stock=5, silently=True)
    before = revision(place.restaurant)

    place.order(2)
    User.objects.filter(pk=place.staff(Role.MANAGER).user_id).update(last_login="2026-01-01T00:00Z")

    assert MenuItem.objects.get(pk=place.dish.pk).stock == 3
    assert revision(place.restaurant) == before


def test_book_is_the_same_while_nothing_changes(place: Place) -> None:
    assert book_of(place.restaurant.pk) is book_of(place.restaurant.pk)


def test_book_is_read_anew_when_its_restaurant_has_no_revision(place: Place) -> None:
    Revision.objects.all().delete()

    assert book_of(place.restaurant.pk) is not book_of(place.restaurant.pk)
    assert price(place) == "9.50"


def test_books_are_bounded_when_there_are_many_restaurants(
    place: Place, other_place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(books, "MOST_BOOKS", 1)
    monkeypatch.setattr(books, "_books", {})

    first: Book = book_of(place.restaurant.pk)
    book_of(other_place.restaurant.pk)

    assert list(books._books) == [other_place.restaurant.pk]
    assert book_of(place.restaurant.pk) is not first


def test_book_is_kept_when_another_thread_keeps_one_in_the_same_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted(dict[int, Book]):
        """Lets the other thread run where the first one looks for what to leave out."""

        def __iter__(self) -> Iterator[int]:
            keys = super().__iter__()
            if other.ident is None:
                other.start()
                other.join(0.2)  # it comes to its end, or waits for us
            return keys

    other = threading.Thread(target=lambda: books._keep(Book(3, uuid.uuid4())))
    monkeypatch.setattr(books, "_books", Interrupted())
    monkeypatch.setattr(books, "MOST_BOOKS", 1)

    books._keep(Book(1, uuid.uuid4()))
    books._keep(Book(2, uuid.uuid4()))
    other.join()

    assert len(books._books) == 1


def test_foreign_rows_are_in_no_book(place: Place, other_place: Place) -> None:
    book = book_of(place.restaurant.pk)

    assert book.dishes([other_place.dish.pk, place.dish.pk]).keys() == {place.dish.pk}
    assert book.table(other_place.table.pk) is None
    assert book.member(other_place.staff(Role.MANAGER).user_id) is None
