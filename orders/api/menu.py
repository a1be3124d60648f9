"""The menu and the room: what all staff read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from msgspec import Struct
from rest_framework.request import Request

from orders.api.documents import documented, paged, shown
from orders.api.endpoints import Endpoint, answer
from orders.api.fields import Body, Flag, Whole
from orders.api.pages import FlagParameter, NoQuery, Ordering, PageQuery, id_parameter, page, query_of
from orders.errors import NotFound
from orders.models import Allergen, Category, FoodType, ModifierGroup, Table
from orders.selectors import menu_of
from orders.services.menu import set_availability
from orders.shapes import (
    CategoryShape,
    MenuItemShape,
    ModifierGroupShape,
    Named,
    TableShape,
    category_shape,
    menu_item_shape,
    modifier_group_shape,
    table_shape,
)
from orders.states import Role
from orders.tokens import table_token

BIGGEST_STOCK = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Shelf:
    """One kind of row that staff read: where it is found, how it is ordered, and how it is shown to whom."""

    rows: Callable[[int], QuerySet[Any]]
    ordering: Ordering
    shape: Callable[[Any, Endpoint], Struct]


class ShelfList(Endpoint):
    """A list of rows."""

    shelf: Shelf
    query: type[PageQuery] = PageQuery

    def get(self, request: Request) -> HttpResponse:
        """Return a page of the rows."""
        query = query_of(request, self.query)
        rows = self.filtered(self.shelf.rows(self.restaurant_id), query)
        return page(request, rows, self._shape, ordering=self.shelf.ordering, query=query)

    def filtered(self, rows: QuerySet[Any], query: dict[str, Any]) -> QuerySet[Any]:
        """Return the rows that were asked for."""
        return rows.filter(**{name: value for name, value in query.items() if name not in ("limit", "cursor")})

    def _shape(self, row: Any) -> Struct:
        return self.shelf.shape(row, self)


class ShelfRow(Endpoint):
    """One row; ``name`` is what it is called."""

    shelf: Shelf
    name: str

    def get(self, request: Request, row_id: int) -> HttpResponse:
        """Return the row."""
        query_of(request, NoQuery)
        row = self.shelf.rows(self.restaurant_id).filter(pk=row_id).first()
        if row is None:
            raise NotFound(f"There is no such {self.name}.")
        return answer(self.shelf.shape(row, self))


def _shelf_views(
    shelf: Shelf, shape: type[Struct], *, one: str, many: str, tag: str, query: type[PageQuery] = PageQuery
) -> tuple[type[ShelfList], type[ShelfRow]]:
    """Return the two views of a shelf, each described in the document under its own name."""
    title = one.title().replace("_", "")

    def get_page(self: Any, request: Request) -> HttpResponse:
        return ShelfList.get(self, request)

    def get_row(self: Any, request: Request, row_id: int) -> HttpResponse:
        return ShelfRow.get(self, request, row_id)

    get_page.__doc__ = f"List the {many.replace('_', ' ')}."
    get_row.__doc__ = f"Return one {one.replace('_', ' ')}."
    listed = documented(f"list_{many}", tag=tag, query=query, answers={200: paged(shape)})(get_page)
    single = documented(f"get_{one}", tag=tag, answers={200: shown(shape)})(get_row)
    return (
        type(f"{title}List", (ShelfList,), {"shelf": shelf, "query": query, "get": listed}),
        type(f"{title}Row", (ShelfRow,), {"shelf": shelf, "name": one.replace("_", " "), "get": single}),
    )


def _named(row: Any, _: Endpoint) -> Named:
    return Named(row.pk, row.name)


def _table(table: Table, endpoint: Endpoint) -> TableShape:
    """Show a table, with what its printed code says to those who may print one."""
    if not endpoint.actor.may(Role.MANAGER, Role.WAITER):
        return table_shape(table, token=None, url=None)
    token = table_token(table)
    return table_shape(table, token=token, url=endpoint.request.build_absolute_uri(f"/t/{token}/"))


BY_NAME = Ordering(("name", "id"))

CategoryList, CategoryRow = _shelf_views(
    Shelf(
        lambda restaurant_id: Category.objects.filter(restaurant_id=restaurant_id),
        Ordering(("position", "name", "id")),
        lambda row, _: category_shape(row),
    ),
    CategoryShape,
    one="category",
    many="categories",
    tag="menu",
)
FoodTypeList, FoodTypeRow = _shelf_views(
    Shelf(lambda restaurant_id: FoodType.objects.filter(restaurant_id=restaurant_id), BY_NAME, _named),
    Named,
    one="food_type",
    many="food_types",
    tag="menu",
)
AllergenList, AllergenRow = _shelf_views(
    Shelf(lambda restaurant_id: Allergen.objects.filter(restaurant_id=restaurant_id), BY_NAME, _named),
    Named,
    one="allergen",
    many="allergens",
    tag="menu",
)
ModifierGroupList, ModifierGroupRow = _shelf_views(
    Shelf(
        lambda restaurant_id: ModifierGroup.objects.filter(restaurant_id=restaurant_id).prefetch_related("modifiers"),
        BY_NAME,
        lambda row, _: modifier_group_shape(row),
    ),
    ModifierGroupShape,
    one="modifier_group",
    many="modifier_groups",
    tag="menu",
)
TableList, TableRow = _shelf_views(
    Shelf(
        lambda restaurant_id: Table.objects.filter(restaurant_id=restaurant_id),
        Ordering(("area", "name", "id")),
        _table,
    ),
    TableShape,
    one="table",
    many="tables",
    tag="tables",
)


class MenuQuery(PageQuery):
    """Which dishes."""

    category = id_parameter()
    is_available = FlagParameter(required=False)


MenuItemList, MenuItemRow = _shelf_views(
    Shelf(menu_of, Ordering(("category__position", "name", "id")), lambda row, _: menu_item_shape(row)),
    MenuItemShape,
    one="menu_item",
    many="menu_items",
    tag="menu",
    query=MenuQuery,
)


class AvailabilityBody(Body):
    """Whether a dish can be had, and how many portions are left; null for as many as you like."""

    is_available = Flag()
    stock = Whole(required=False, allow_null=True, min_value=0, max_value=BIGGEST_STOCK)


class Availability(Endpoint):
    """86 a dish, or have it back."""

    @documented("set_availability", tag="menu", body=AvailabilityBody, answers={200: shown(MenuItemShape)})
    def patch(self, request: Request, row_id: int) -> HttpResponse:
        """86 a dish, have it back, or count its portions."""
        dish = set_availability(menu_item_id=row_id, actor=self.actor, **self.body(AvailabilityBody))
        return answer(menu_item_shape(menu_of(self.restaurant_id).get(pk=dish.pk)))
