"""What finished items have used of the ingredients: written off at the end of the unit that finishes them, once."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from kitchen.cookbook import Use, cookbook_of
from kitchen.measures import converted
from kitchen.models import Consumption, Ingredient, KitchenOrderItem
from orders.reading import read_rows
from orders.units import Unit, at_unit_end


@at_unit_end
def write_off(unit: Unit) -> None:
    """Take off what is on hand what the items that became ready for the first time are made of.

    By the version of the recipe that they were made by. Locks the ingredients by id, after the stations. May leave
    less than nothing on hand: that more was used than was counted in is no reason not to serve it.
    """
    finished: dict[int, list[KitchenOrderItem]] = defaultdict(list)
    for change in unit.changes:
        item = change.instance
        was, now = change.fields.get("consumed_at", (None, None))
        if isinstance(item, KitchenOrderItem) and was is None and now is not None and item.recipe_version:
            finished[item.ticket.restaurant_id].append(item)
    for restaurant_id in sorted(finished):
        _write_off(restaurant_id, finished[restaurant_id])


def _write_off(restaurant_id: int, items: list[KitchenOrderItem]) -> None:
    uses = cookbook_of(restaurant_id).uses({(item.menu_item_id, item.recipe_version or 0) for item in items})
    ids = sorted({use.ingredient_id for each in uses.values() for use in each})
    if not ids:
        return
    rows = read_rows(
        Ingredient, "WHERE restaurant_id = %s AND id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", restaurant_id, ids
    )
    ingredients = {row.pk: row for row in rows}
    written = []
    for item in items:
        assert item.consumed_at is not None
        for use in uses[item.menu_item_id, item.recipe_version or 0]:
            ingredient = ingredients[use.ingredient_id]
            quantity = _taken(use, item.quantity, ingredient)
            ingredient.on_hand -= quantity
            written.append(
                Consumption(
                    restaurant_id=restaurant_id,
                    item=item,
                    ingredient=ingredient,
                    quantity=quantity,
                    unit=ingredient.unit,
                    at=item.consumed_at,
                )
            )
    Consumption.objects.insert(written)
    for ingredient in rows:
        ingredient.save()


def _taken(use: Use, portions: int, ingredient: Ingredient) -> Decimal:
    return converted(use.quantity * portions, use.unit, ingredient.unit)
