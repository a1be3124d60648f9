"""From what was asked for to lines of an order: dishes found, choices checked, portions taken from stock."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from orders.aggregates import keep_rows
from orders.books import Book, Dish, Option
from orders.errors import FieldProblem, InvalidFields, NotFound, OutOfStock, Unavailable
from orders.models import MenuItem, Order, OrderItem, OrderItemModifier, Restaurant
from orders.money import MOST, rounded

MOST_PORTIONS = 99


@dataclass(frozen=True, slots=True)
class AskedItem:
    """One line as it was asked for: the dish by its id, the choices by theirs."""

    menu_item_id: int
    quantity: int
    modifier_ids: tuple[int, ...] = ()
    special_instructions: str = ""
    course: int = 1


def find_dishes(book: Book, asked: Sequence[AskedItem], *, path: str = "/items") -> dict[int, Dish]:
    """Return {id: dish} of what was asked for.

    Raises NotFound, with a pointer for each id that the restaurant's menu hasn't, and Unavailable for 86'd dishes.
    """
    dishes = book.dishes(item.menu_item_id for item in asked)
    missing = [
        FieldProblem(f"{path}/{index}/menu_item_id", "not_found", "There is no such menu item.")
        for index, item in enumerate(asked)
        if item.menu_item_id not in dishes
    ]
    if missing:
        raise NotFound("There is no such menu item.", problems=missing)
    check_available((f"{path}/{index}/menu_item_id", dishes[item.menu_item_id]) for index, item in enumerate(asked))
    return dishes


def check_available(asked: Iterable[tuple[str, Dish | MenuItem]]) -> None:
    """Raise Unavailable when any of the (pointer, dish) is 86'd, naming each."""
    gone = [
        FieldProblem(pointer, "unavailable", f"{dish.name} is not available.", {"menu_item_id": dish.pk, "left": 0})
        for pointer, dish in asked
        if not dish.is_available
    ]
    if gone:
        raise Unavailable("Not everything is available.", problems=gone)


def make_lines(
    order: Order,
    restaurant: Restaurant,
    asked: Sequence[AskedItem],
    dishes: dict[int, Dish],
    *,
    path: str = "/items",
) -> list[OrderItem]:
    """Insert the lines of a saved order, with names, prices and rates as they are now.

    Raises InvalidFields when the choices do not fit the dish.
    """
    return insert_lines(draw_up_lines(order, restaurant, asked, dishes, path=path))


Drawn = list[tuple[OrderItem, list[Option]]]


def draw_up_lines(
    order: Order,
    restaurant: Restaurant,
    asked: Sequence[AskedItem],
    dishes: dict[int, Dish],
    *,
    path: str = "/items",
) -> Drawn:
    """Return the lines with their modifiers, not saved yet: enough to add up an order before it is inserted.

    Raises InvalidFields when the choices do not fit the dish.
    """
    chosen = [choose(dishes[item.menu_item_id], item, f"{path}/{index}") for index, item in enumerate(asked)]
    return [
        (_line(order, restaurant, item, dishes[item.menu_item_id], modifiers, path=f"{path}/{index}"), modifiers)
        for index, (item, modifiers) in enumerate(zip(asked, chosen, strict=True))
    ]


def insert_lines(drawn: Drawn) -> list[OrderItem]:
    """Insert lines that were drawn up, with their modifiers; their order must be saved."""
    lines = OrderItem.objects.insert([line for line, _ in drawn])
    _insert_modifiers(drawn)
    return lines


def insert_with_lines(order: Order, drawn: Drawn) -> None:
    """Insert an order together with the lines that were drawn up for it, and their modifiers."""
    lines = [line for line, _ in drawn]
    order.insert_with(lines, link="order")
    _insert_modifiers(drawn)
    keep_rows(order, "items", lines)


def _insert_modifiers(drawn: Drawn) -> None:
    copies = [
        [
            OrderItemModifier(item=line, modifier_id=modifier.pk, name=modifier.name, price=modifier.price)
            for modifier in modifiers
        ]
        for line, modifiers in drawn
    ]
    OrderItemModifier.objects.insert(list(itertools.chain.from_iterable(copies)))
    for (line, _), own in zip(drawn, copies, strict=True):
        keep_rows(line, "modifiers", own)


def _line(
    order: Order, restaurant: Restaurant, asked: AskedItem, dish: Dish, modifiers: Sequence[Option], *, path: str
) -> OrderItem:
    line = OrderItem(
        order=order,
        menu_item_id=dish.pk,
        name=dish.name,
        category_name=dish.category_name,
        allergens=list(dish.allergens),
        quantity=asked.quantity,
        unit_price=dish.price,
        tax_rate=restaurant.tax_rate if dish.tax_rate is None else dish.tax_rate,
        special_instructions=asked.special_instructions,
        course=asked.course,
    )
    line.line_total = line_total(line, (modifier.price for modifier in modifiers), order.currency, path=path)
    return line


def line_total(line: OrderItem, modifier_prices: Iterable[Decimal], currency: str, *, path: str = "") -> Decimal:
    """Return quantity × (the dish and its modifiers), rounded to the currency's unit.

    Raises InvalidFields for a quantity that no line takes, and for an amount that no bill holds.
    """
    if not 1 <= line.quantity <= MOST_PORTIONS:
        raise InvalidFields.one(f"{path}/quantity", "range", f"A line takes 1 to {MOST_PORTIONS} portions.")
    amount = rounded(line.quantity * (line.unit_price + sum(modifier_prices, Decimal(0))), currency)
    if amount > MOST:
        raise InvalidFields.one(f"{path}/quantity", "max_value", f"The line's amount is more than {MOST}.")
    return amount


def choose(dish: Dish, asked: AskedItem, path: str) -> list[Option]:
    """Return the modifiers that were chosen; raises InvalidFields unless each group has min to max of its own."""
    ids = list(asked.modifier_ids)
    pointer = f"{path}/modifier_ids"
    if len(set(ids)) != len(ids):
        raise InvalidFields.one(pointer, "duplicate", "A modifier is named twice.")
    chosen: list[Option] = []
    for group in dish.choices:
        picked = [modifier for modifier in group.options if modifier.pk in ids]
        if not group.min <= len(picked) <= group.max:
            raise InvalidFields.one(
                pointer, "choices", f"{dish.name}: {group.name} takes {group.min} to {group.max}, not {len(picked)}."
            )
        chosen += picked
    unknown = set(ids) - {modifier.pk for modifier in chosen}
    if unknown:
        raise NotFound(
            "There is no such modifier.",
            problems=[FieldProblem(pointer, "not_found", f"{dish.name} has no modifier {min(unknown)}.")],
        )
    gone = [modifier.name for modifier in chosen if not modifier.is_available]
    if gone:
        detail = f"{', '.join(gone)} is not available."
        raise Unavailable(
            "Not everything is available.",
            problems=[FieldProblem(pointer, "unavailable", detail, {"menu_item_id": dish.pk, "left": 0})],
        )
    return chosen


def take_stock(restaurant_id: int, portions: Counter[int], *, pointers: dict[int, str] | None = None) -> None:
    """Take portions {menu item id: quantity} from stock; a negative quantity puts them back.

    Locks the dishes that are counted, by id. Raises OutOfStock, naming every dish that falls short and what is left.
    """
    ids = sorted(dish_id for dish_id, quantity in portions.items() if quantity)
    counted = MenuItem.objects.filter(restaurant_id=restaurant_id, pk__in=ids, stock__isnull=False)
    rows = [row for row in counted.order_by("pk").select_for_update(of=("self",), no_key=True) if row.stock is not None]
    short = [
        FieldProblem(
            (pointers or {}).get(row.pk, "/items"),
            "out_of_stock",
            f"{row.name}: {row.stock} left.",
            {"menu_item_id": row.pk, "left": row.stock},
        )
        for row in rows
        if row.stock is not None and row.stock < portions[row.pk]
    ]
    if short:
        raise OutOfStock("Not enough is left.", problems=short)
    for row in rows:
        row.stock = (row.stock or 0) - portions[row.pk]
        row.save()


def portions_of(lines: Iterable[OrderItem]) -> Counter[int]:
    """Count the portions of each dish."""
    count: Counter[int] = Counter()
    for line in lines:
        count[line.menu_item_id] += line.quantity
    return count


def negative(portions: Counter[int]) -> Counter[int]:
    """Turn portions to take into portions to put back."""
    return Counter({dish_id: -quantity for dish_id, quantity in portions.items()})
