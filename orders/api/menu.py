"""The menu: all staff read it, the manager writes it, the kitchen says what can be had."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from orders.api.documents import documented, shown
from orders.api.endpoints import Endpoint, answer
from orders.api.menu_inputs import (
    AllergenBody,
    AvailabilityBody,
    CategoryBody,
    FoodTypeBody,
    MenuItemBody,
    ModifierGroupBody,
)
from orders.api.pages import FlagParameter, Ordering, PageQuery, id_parameter
from orders.api.shelves import BY_NAME, Shelf, ShelfList, Writes, shelf_views
from orders.errors import InUse
from orders.models import Allergen, Category, FoodType, ModifierGroup
from orders.scopes import Scope
from orders.selectors import menu_of
from orders.services import menu_lists
from orders.services.menu import create_menu_item, delete_menu_item, set_availability, update_menu_item
from orders.services.modifier_groups import create_modifier_group, delete_modifier_group, update_modifier_group
from orders.shapes import (
    CategoryShape,
    MenuItemShape,
    ModifierGroupShape,
    Named,
    category_shape,
    menu_item_shape,
    modifier_group_shape,
)

TAG = "menu"
MENU = (Scope.MENU_READ, Scope.MENU_WRITE)


def _named(row: Any, _: Endpoint) -> Named:
    return Named(row.pk, row.name)


CategoryList, CategoryRow = shelf_views(
    Shelf(
        lambda restaurant_id: Category.objects.filter(restaurant_id=restaurant_id),
        Ordering(("position", "name", "id")),
        lambda row, _: category_shape(row),
        Writes(CategoryBody, menu_lists.create_category, menu_lists.update_category, menu_lists.delete_category),
        *MENU,
    ),
    CategoryShape,
    one="category",
    many="categories",
    tag=TAG,
)
FoodTypeList, FoodTypeRow = shelf_views(
    Shelf(
        lambda restaurant_id: FoodType.objects.filter(restaurant_id=restaurant_id),
        BY_NAME,
        _named,
        Writes(FoodTypeBody, menu_lists.create_food_type, menu_lists.update_food_type, menu_lists.delete_food_type),
        *MENU,
    ),
    Named,
    one="food_type",
    many="food_types",
    tag=TAG,
)
AllergenList, AllergenRow = shelf_views(
    Shelf(
        lambda restaurant_id: Allergen.objects.filter(restaurant_id=restaurant_id),
        BY_NAME,
        _named,
        Writes(
            AllergenBody,
            menu_lists.create_allergen,
            menu_lists.update_allergen,
            menu_lists.delete_allergen,
            change_refuses=(InUse,),
        ),
        *MENU,
    ),
    Named,
    one="allergen",
    many="allergens",
    tag=TAG,
)
ModifierGroupList, ModifierGroupRow = shelf_views(
    Shelf(
        lambda restaurant_id: ModifierGroup.objects.filter(restaurant_id=restaurant_id).prefetch_related("modifiers"),
        BY_NAME,
        lambda row, _: modifier_group_shape(row),
        Writes(ModifierGroupBody, create_modifier_group, update_modifier_group, delete_modifier_group),
        *MENU,
    ),
    ModifierGroupShape,
    one="modifier_group",
    many="modifier_groups",
    tag=TAG,
)


class MenuQuery(PageQuery):
    """Which dishes."""

    category = id_parameter()
    is_available = FlagParameter(required=False)


class Menu(ShelfList):
    """The list of dishes, with its filters."""

    query = MenuQuery


MenuItemList, MenuItemRow = shelf_views(
    Shelf(
        menu_of,
        Ordering(("category__position", "name", "id")),
        lambda row, _: menu_item_shape(row),
        Writes(MenuItemBody, create_menu_item, update_menu_item, delete_menu_item),
        *MENU,
    ),
    MenuItemShape,
    one="menu_item",
    many="menu_items",
    tag=TAG,
    base=Menu,
)


class Availability(Endpoint):
    """86 a dish, or have it back."""

    write_scope = Scope.MENU_WRITE

    @documented("set_availability", tag=TAG, body=AvailabilityBody, answers={200: shown(MenuItemShape)})
    def patch(self, request: Request, row_id: int) -> HttpResponse:
        """86 a dish, have it back, or count its portions."""
        dish = set_availability(menu_item_id=row_id, actor=self.actor, **self.body(AvailabilityBody))
        return answer(menu_item_shape(menu_of(self.restaurant_id).get(pk=dish.pk)))
