"""What the API says of production contracts."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from kitchen.models import ProductionContract
from orders.shapes import ModifierShape, Timestamp, timestamp


class ContractStep(Struct, frozen=True):
    """One step of making an item, and the station that it was given to."""

    name: str
    minutes: int
    station_id: int | None
    station_name: str | None


class ContractItem(Struct, frozen=True):
    """What is to be made of one line: ``instructions`` are its modifiers and what was said of it, in words.

    ``recipe_version`` is null where the dish has no recipe: it is made in one step. ``allergy_alert`` are those of
    the guest's allergens that are, or may be, in it.
    """

    order_item_id: int
    menu_item_id: int
    name: str
    quantity: int
    instructions: list[str]
    modifiers: list[ModifierShape]
    special_instructions: str
    course: int
    allergens: list[str]
    allergy_alert: list[str]
    station_id: int | None
    steps: list[ContractStep]
    recipe_version: int | None


class ContractShape(Struct, frozen=True):
    """One version of what the kitchen was asked to make of an order; nothing of it is ever changed."""

    id: int
    order_id: int
    order_number: str
    version: int
    schema_version: int
    channel: str
    table_id: int | None
    table_name: str | None
    notes: str
    allergies: list[str]
    items: list[ContractItem]
    priority: str
    complexity: int
    estimated_minutes: int
    estimated_ready_at: Timestamp
    created_at: Timestamp


def contract_shape(contract: ProductionContract) -> ContractShape:
    """Show a version of an order's contract."""
    return ContractShape(
        id=contract.pk,
        order_id=contract.order_id,
        order_number=contract.order_number,
        version=contract.version,
        schema_version=contract.schema_version,
        channel=contract.channel,
        table_id=contract.table_id,
        table_name=contract.table_name or None,
        notes=contract.notes,
        allergies=contract.allergies,
        items=[msgspec.convert(item, ContractItem) for item in contract.items],
        priority=contract.priority,
        complexity=contract.complexity,
        estimated_minutes=contract.estimated_minutes,
        estimated_ready_at=timestamp(contract.estimated_ready_at),
        created_at=timestamp(contract.created_at),
    )
