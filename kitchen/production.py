"""An order in the kitchen's words: what is to be made, in which steps, at which stations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from kitchen.assigning import Places
from kitchen.cookbook import Cookbook, Making
from kitchen.models import KitchenOrderItem
from orders.models import OrderItem


@dataclass(frozen=True, slots=True)
class ProductionStep:
    """One step of making an item; ``station_ids`` are all stations that can do it."""

    name: str
    minutes: int
    station_id: int | None
    station_name: str | None
    station_ids: tuple[int, ...]
    done: bool = False


@dataclass(frozen=True, slots=True)
class ProductionItem:
    """One line of an order, as it is to be made."""

    order_item_id: int
    menu_item_id: int
    name: str
    quantity: int
    modifiers: tuple[dict[str, Any], ...]
    special_instructions: str
    course: int
    allergens: tuple[str, ...]
    allergy_alert: tuple[str, ...]
    steps: tuple[ProductionStep, ...]
    recipe_version: int | None

    @property
    def instructions(self) -> list[str]:
        """What the cook is told beyond the dish's name."""
        asked = [str(modifier["name"]) for modifier in self.modifiers]
        return [*asked, self.special_instructions] if self.special_instructions else asked

    @property
    def station_ids(self) -> list[int]:
        """The stations of all its steps."""
        return sorted({step.station_id for step in self.steps if step.station_id is not None})

    @property
    def station(self) -> tuple[int | None, str]:
        """The id and the name of the station of its current step."""
        return station_of(self.steps)


def station_of(steps: Sequence[ProductionStep]) -> tuple[int | None, str]:
    """Return the id and the name of the station where the first step is done that is not, else the last one's."""
    current = next((step for step in steps if not step.done), steps[-1])
    return current.station_id, current.station_name or ""


def draw_up(
    lines: Iterable[OrderItem], cookbook: Cookbook, places: Places, allergies: Iterable[str]
) -> list[ProductionItem]:
    """Return what is to be made of lines that the kitchen has not had yet, each step at a station of ``places``."""
    lines = list(lines)
    makings = cookbook.makings({line.menu_item_id for line in lines})
    guests = frozenset(allergies)
    return [_drawn(line, makings[line.menu_item_id], places, guests) for line in lines]


def _drawn(line: OrderItem, making: Making, places: Places, guests: frozenset[str]) -> ProductionItem:
    steps = []
    for number, step in enumerate(making.steps):
        station = places.take(step.station_ids, step.minutes, is_first=number == 0)
        steps.append(
            ProductionStep(
                name=step.name,
                minutes=step.minutes,
                station_id=station.pk if station else None,
                station_name=station.name if station else None,
                station_ids=step.station_ids,
            )
        )
    inside = frozenset(line.allergens) | making.contains
    return ProductionItem(
        order_item_id=line.pk,
        menu_item_id=line.menu_item_id,
        name=line.name,
        quantity=line.quantity,
        modifiers=asked_of(line),
        special_instructions=line.special_instructions,
        course=line.course,
        allergens=tuple(sorted(inside)),
        allergy_alert=tuple(sorted(guests & (inside | making.may_contain))),
        steps=tuple(steps),
        recipe_version=making.recipe_version,
    )


def asked_of(line: OrderItem) -> tuple[dict[str, Any], ...]:
    """Return the line's modifiers as tickets and contracts write them."""
    return tuple(
        {"id": modifier.modifier_id, "name": modifier.name, "price": f"{modifier.price:.2f}"}
        for modifier in line.modifiers.all()
    )


def stored_step(step: ProductionStep) -> dict[str, Any]:
    """Write a step as a ticket's item keeps it."""
    return {**asdict(step), "station_ids": list(step.station_ids)}


def read_steps(item: KitchenOrderItem) -> tuple[ProductionStep, ...]:
    """Return the steps of a ticket's item."""
    return tuple(ProductionStep(**{**step, "station_ids": tuple(step.get("station_ids", ()))}) for step in item.steps)


def write_steps(item: KitchenOrderItem, steps: Sequence[ProductionStep]) -> None:
    """Have a ticket's item made in these steps: it is at the station of the first that is not done."""
    item.steps = [stored_step(step) for step in steps]
    item.station_id, item.station_name = station_of(steps)
    item.station_ids = sorted({step.station_id for step in steps if step.station_id is not None})
