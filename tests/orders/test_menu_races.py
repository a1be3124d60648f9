"""What is taken off the menu's lists while a dish is being given it: in use, or gone, and never a deadlock."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import pytest

from orders.models import Category, FoodType, ModifierGroup
from orders.services.menu import update_menu_item
from orders.services.menu_lists import delete_category, delete_food_type
from orders.services.modifier_groups import delete_modifier_group
from tests.races import first_then, outcome

if TYPE_CHECKING:
    from tests.places import Place

Acts = tuple[Callable[[], object], Callable[[], object]]


@pytest.fixture(params=["category", "food type", "modifier group"])
def acts(place: Place, request: pytest.FixtureRequest) -> Acts:
    """Give a dish something, and delete that."""
    change = partial(update_menu_item, row_id=place.dish.pk, actor=place.actor)
    if request.param == "category":
        row = Category.objects.create(restaurant=place.restaurant, name="Sides")
        return partial(change, category_id=row.pk), partial(delete_category, row_id=row.pk, actor=place.actor)
    if request.param == "food type":
        kind = FoodType.objects.create(restaurant=place.restaurant, name="Vegan")
        return partial(change, food_type_id=kind.pk), partial(delete_food_type, row_id=kind.pk, actor=place.actor)
    group = ModifierGroup.objects.create(restaurant=place.restaurant, name="Sauce")
    give = partial(change, modifier_group_ids=[group.pk])
    return give, partial(delete_modifier_group, row_id=group.pk, actor=place.actor)


def test_in_use_when_it_is_deleted_while_a_dish_is_given_it(place: Place, acts: Acts) -> None:
    give, drop = acts

    given, dropped = first_then(give, drop, actor=place.actor)

    assert [outcome(given), outcome(dropped)] == ["done", "in_use by None"]


def test_not_found_when_a_dish_is_given_what_is_being_deleted(place: Place, acts: Acts) -> None:
    give, drop = acts

    dropped, given = first_then(drop, give, actor=place.actor)

    assert [outcome(dropped), outcome(given)] == ["done", "not_found by None"]
