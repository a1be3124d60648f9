"""From what was asked for to lines of an order: dishes found, choices checked, portions taken from stock."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import prefetch_related_objects

from orders.aggregates import keep_rows
from orders.books import Book, Dish, Option
from orders.card_numbers import refuse_card_number
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


def check_modifiers_available(asked: Iterable[tuple[str, OrderItem]]) -> None:
    """Raise Unavailable when a modifier of any of the (pointer, line) cannot be had any more, naming each."""
    asked = list(asked)
    prefetch_related_objects([line for _, line in asked], "modifiers__modifier")
    gone = [
        FieldProblem(
            pointer, "unavailable", f"{chosen.name} is not available.", {"menu_item_id": line.menu_item_id, "left": 0}
        )
        for pointer, line in asked
        for chosen in line.modifiers.all()
        if not chosen.modifier.is_available
    ]
    if gone:
        raise Unavailable("Not everything is available.", problems=gone)


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
    counted: Collection[int],
    path: str = "/items",
) -> list[OrderItem]:
    """Insert the lines of a saved order, with names, prices and rates as they are now.

    ``counted`` are the dishes of which portions were taken. Raises InvalidFields when the choices do not fit the dish.
    """
    return insert_lines(draw_up_lines(order, restaurant, asked, dishes, counted=counted, path=path))


Drawn = list[tuple[OrderItem, list[Option]]]


def draw_up_lines(
    order: Order,
    restaurant: Restaurant,
    asked: Sequence[AskedItem],
    dishes: dict[int, Dish],
    *,
    counted: Collection[int],
    path: str = "/items",
) -> Drawn:
    """Return the lines with their modifiers, not saved yet: enough to add up an order before it is inserted.

    ``counted`` are the dishes of which portions were taken. Raises InvalidFields when the choices do not fit the dish.
    """
    chosen = [choose(dishes[item.menu_item_id], item, f"{path}/{index}") for index, item in enumerate(asked)]
    drawn = [
        (_line(order, restaurant, item, dishes[item.menu_item_id], modifiers, path=f"{path}/{index}"), modifiers)
        for index, (item, modifiers) in enumerate(zip(asked, chosen, strict=True))
    ]
    note_taken((line for line, _ in drawn), counted)
    return drawn


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
    refuse_card_number(asked.special_instructions, f"{path}/special_instructions")
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


def take_stock(restaurant_id: int, portions: Counter[int], *, pointers: dict[int, str] | None = None) -> frozenset[int]:
    """Take portions {menu item id: quantity} from stock, and return the dishes of which they were taken.

    A negative quantity puts them back. Locks the dishes that are counted, by id; the others have no stock to take from.
    Raises OutOfStock, naming every dish that falls short and what is left.
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
    return frozenset(row.pk for row in rows)


def note_taken(lines: Iterable[OrderItem], counted: Collection[int]) -> None:
    """Write onto lines what they took from stock: all their portions, where the dish is among the counted ones."""
    for line in lines:
        line.portions_taken = line.quantity if line.menu_item_id in counted else 0


def take_more_or_less(order: Order, line: OrderItem, difference: int) -> None:
    """Take from stock what is wanted of a line beyond before, or put back what is not; the caller saves the line.

    What was asked for last goes back first, and no more than was taken. Locks the dish. Raises OutOfStock.
    """
    portions = max(difference, -line.portions_taken)
    dish_id = line.menu_item_id
    counted = take_stock(order.restaurant_id, Counter({dish_id: portions}), pointers={dish_id: "/quantity"})
    # Of a dish that is not counted any more nothing goes back, but the line has no claim on it either.
    if portions < 0 or dish_id in counted:
        line.portions_taken += portions


def give_back(order: Order, lines: Iterable[OrderItem]) -> None:
    """Put back all that lines have taken from stock; the caller saves them. Locks the dishes by id."""
    portions: Counter[int] = Counter()
    for line in lines:
        portions[line.menu_item_id] -= line.portions_taken
        line.portions_taken = 0
    if any(portions.values()):
        take_stock(order.restaurant_id, portions)


def portions_of(lines: Iterable[OrderItem | AskedItem]) -> Counter[int]:
    """Count the portions of each dish."""
    count: Counter[int] = Counter()
    for line in lines:
        count[line.menu_item_id] += line.quantity
    return count
