"""What a restaurant's orders rest on, kept by each process between changes.

That is its settings, staff, devices, tables and menu. A book is of one revision (``orders.models.Revision``), and
whoever asks for a book asks the database for the revision first: one short statement. So nobody is let in by a
membership that has ended, and nothing is sold at a price that is no longer the menu's, whoever changed them and from
wherever. Rows come into a book when they are first asked for. Several threads read the same book: nothing in it is
ever changed.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Prefetch

from orders.models import (
    Device,
    Membership,
    MenuItem,
    MenuItemAllergen,
    MenuItemModifierGroup,
    Restaurant,
    Revision,
    Table,
)
from orders.statements import fetch

MOST_BOOKS = 500
_REVISION = f"SELECT value FROM {Revision._meta.db_table} WHERE restaurant_id = %s"  # noqa: S608, SLF001 - our own table


@dataclass(frozen=True, slots=True)
class Option:
    """A modifier as it is sold."""

    pk: int
    name: str
    price: Decimal
    is_available: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """A group of modifiers, of which a dish takes ``min`` to ``max``."""

    name: str
    min: int
    max: int
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Dish:
    """A dish as it is sold. ``tax_rate`` None is the restaurant's; how many portions are left is nobody's to keep."""

    pk: int
    name: str
    price: Decimal
    tax_rate: Decimal | None
    category_name: str
    allergens: tuple[str, ...]
    choices: tuple[Choice, ...]
    is_available: bool
    is_counted: bool


class Book:
    """One restaurant at one revision."""

    def __init__(self, restaurant_id: int, revision: uuid.UUID | None) -> None:
        self.restaurant_id = restaurant_id
        self.revision = revision
        self._restaurant: Restaurant | None = None
        self._members: dict[int, Membership] = {}
        self._devices: dict[int, Device] = {}
        self._tables: dict[int, Table] = {}
        self._dishes: dict[int, Dish] = {}

    @property
    def restaurant(self) -> Restaurant:
        """The restaurant itself; raises Restaurant.DoesNotExist."""
        if self._restaurant is None:
            self._restaurant = Restaurant.objects.get(pk=self.restaurant_id)
        return self._restaurant

    def member(self, user_id: int) -> Membership | None:
        """Return the active membership of an active user, with user and restaurant; None for anybody else."""
        if user_id not in self._members:
            membership = (
                Membership.objects.select_related("restaurant", "user")
                .filter(user_id=user_id, restaurant_id=self.restaurant_id, is_active=True, user__is_active=True)
                .first()
            )
            if membership is None:
                return None
            self._members[user_id] = membership
        return self._members[user_id]

    def device(self, device_id: int) -> Device | None:
        """Return the device as long as its key is good, or None."""
        if device_id not in self._devices:
            device = Device.objects.filter(
                restaurant_id=self.restaurant_id, pk=device_id, revoked_at__isnull=True
            ).first()
            if device is None:
                return None
            self._devices[device_id] = device
        return self._devices[device_id]

    def table(self, table_id: int) -> Table | None:
        """Return the table, or None where the restaurant has no such."""
        if table_id not in self._tables:
            table = Table.objects.filter(restaurant_id=self.restaurant_id, pk=table_id).first()
            if table is None:
                return None
            self._tables[table_id] = table
        return self._tables[table_id]

    def dishes(self, ids: Iterable[int]) -> dict[int, Dish]:
        """Return {id: dish} of those ids that are on the menu."""
        wanted = set(ids)
        unread = wanted - self._dishes.keys()
        if unread:
            self._dishes |= _read_dishes(self.restaurant_id, unread)
        return {pk: self._dishes[pk] for pk in wanted if pk in self._dishes}


def _read_dishes(restaurant_id: int, ids: Iterable[int]) -> dict[int, Dish]:
    choices = MenuItemModifierGroup.objects.select_related("group").prefetch_related("group__modifiers")
    rows = (
        MenuItem.objects.filter(restaurant_id=restaurant_id, pk__in=ids)
        .select_related("category")
        .prefetch_related(
            Prefetch("contained", MenuItemAllergen.objects.select_related("allergen")),
            Prefetch("choices", choices),
        )
    )
    return {row.pk: _dish(row) for row in rows}


def _dish(row: MenuItem) -> Dish:
    return Dish(
        pk=row.pk,
        name=row.name,
        price=row.price,
        tax_rate=row.tax_rate,
        category_name=row.category.name,
        allergens=tuple(sorted(contained.allergen.name for contained in row.contained.all())),
        choices=tuple(_choice(choice) for choice in row.choices.all()),
        is_available=row.is_available,
        is_counted=row.stock is not None,
    )


def _choice(row: MenuItemModifierGroup) -> Choice:
    options = tuple(Option(each.pk, each.name, each.price, each.is_available) for each in row.group.modifiers.all())
    return Choice(row.group.name, row.group.min, row.group.max, options)


_books: dict[int, Book] = {}
_keeping = threading.Lock()


def book_of(restaurant_id: int) -> Book:
    """Return the restaurant's book as it is now.

    Inside a transaction it is as that transaction sees it. A restaurant without a revision is read anew each time.
    """
    found = fetch(_REVISION, restaurant_id)
    revision = found[0][0] if found else None
    book = _books.get(restaurant_id)
    if book is None or book.revision != revision or revision is None:
        book = Book(restaurant_id, revision)
        _keep(book)
    return book


def _keep(book: Book) -> None:
    """Keep a book for the next caller; of very many restaurants, those that were opened last."""
    if book.revision is None:
        return
    with _keeping:
        _books.pop(book.restaurant_id, None)
        _books[book.restaurant_id] = book
        while len(_books) > MOST_BOOKS:
            del _books[next(iter(_books))]
