"""The public shapes of the kitchen: what REST, the WebSocket and the events say of its rows."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Struct

from kitchen.models import KitchenOrder, KitchenOrderItem, Station
from orders.models import CancellationRequest
from orders.shapes import ModifierShape, StaffOnly, Timestamp, maybe_timestamp, timestamp


class StepShape(Struct, frozen=True):
    """One step of making an item."""

    name: str
    minutes: int
    station_id: int | None
    station_name: str | None
    done: bool


class ItemChange(Struct, frozen=True):
    """What a version of the contract did to an item: ``added``, ``changed`` ({field: [old, new]}) or ``voided``."""

    version: int
    kind: str
    fields: dict[str, Any]


class TicketItemShape(Struct, frozen=True):
    """A production item; ``station_id`` is that of its current step, ``change`` the contract's latest of it."""

    id: int
    order_item_id: int
    name: str
    quantity: int
    modifiers: list[ModifierShape]
    special_instructions: str
    allergens: list[str]
    station_id: int | None
    station_name: str | None
    status: str
    course: int
    held: bool
    steps: list[StepShape]
    allergy_alert: list[str]
    allergy_confirmed_by_name: Annotated[str | None, StaffOnly]
    started_at: Timestamp | None
    ready_at: Timestamp | None
    change: ItemChange | None


class KitchenOrderShape(Struct, frozen=True):
    """A ticket, whole. ``prep_minutes`` are whole minutes from ``clock_at`` to ready.

    That is when it arrived, or came again: with a second round, or a course that is fired. After ``warn_at`` it is
    slow, after ``late_at`` late: every screen and report goes by these. ``recalled_at`` and ``recall_reason`` are of
    the last recall, also when it has been made again since, until more is wanted of it.
    """

    id: int
    order_id: int
    order_number: str
    channel: str
    table_id: int | None
    table_name: str | None
    contract_id: int | None
    contract_version: int | None
    status: str
    priority: str
    chef_id: Annotated[int | None, StaffOnly]
    chef_name: Annotated[str | None, StaffOnly]
    notes: str
    items: list[TicketItemShape]
    allergies: list[str]
    estimated_ready_at: Timestamp | None
    prep_minutes: int | None
    version: int
    created_at: Timestamp
    acknowledged_at: Timestamp | None
    started_at: Timestamp | None
    ready_at: Timestamp | None
    completed_at: Timestamp | None
    clock_at: Timestamp
    warn_at: Timestamp | None
    late_at: Timestamp | None
    recalled_at: Timestamp | None
    recall_reason: Annotated[str | None, StaffOnly]


class StationShape(Struct, frozen=True):
    """A station; ``load`` counts the items in work or waiting there."""

    id: int
    name: str
    capacity: int
    load: int
    is_active: bool


class WaitingCancellation(Struct, frozen=True):
    """A cancellation that the kitchen has to decide."""

    id: int
    order_id: int
    reason: str
    requested_by_id: int | None
    requested_by_name: str
    created_at: Timestamp


def ticket_item_shape(item: KitchenOrderItem) -> TicketItemShape:
    """Show a production item."""
    return TicketItemShape(
        id=item.pk,
        order_item_id=item.order_item_id,
        name=item.name,
        quantity=item.quantity,
        modifiers=[ModifierShape(**modifier) for modifier in item.modifiers],
        special_instructions=item.special_instructions,
        allergens=item.allergens,
        station_id=item.station_id,
        station_name=item.station_name or None,
        status=item.status,
        course=item.course,
        held=item.held,
        steps=step_shapes(item),
        allergy_alert=item.allergy_alert,
        allergy_confirmed_by_name=item.allergy_confirmed_by_name or None,
        started_at=maybe_timestamp(item.started_at),
        ready_at=maybe_timestamp(item.ready_at),
        change=ItemChange(**item.change) if item.change else None,
    )


def step_shapes(item: KitchenOrderItem) -> list[StepShape]:
    """Show the steps of a production item."""
    return [
        StepShape(step["name"], step["minutes"], step["station_id"], step["station_name"], step["done"])
        for step in item.steps
    ]


def ticket_shape(ticket: KitchenOrder) -> KitchenOrderShape:
    """Show a ticket, whole; reads ``ticket.items`` (prefetch them)."""
    return KitchenOrderShape(
        id=ticket.pk,
        order_id=ticket.order_id,
        order_number=ticket.order_number,
        channel=ticket.channel,
        table_id=ticket.table_id,
        table_name=ticket.table_name or None,
        contract_id=ticket.contract_id,
        contract_version=ticket.contract_version,
        status=ticket.status,
        priority=ticket.priority,
        chef_id=ticket.chef_id,
        chef_name=ticket.chef_name or None,
        notes=ticket.notes,
        items=[ticket_item_shape(item) for item in ticket.items.all()],
        allergies=ticket.allergies,
        estimated_ready_at=maybe_timestamp(ticket.estimated_ready_at),
        prep_minutes=ticket.prep_minutes,
        version=ticket.version,
        created_at=timestamp(ticket.created_at),
        acknowledged_at=maybe_timestamp(ticket.acknowledged_at),
        started_at=maybe_timestamp(ticket.started_at),
        ready_at=maybe_timestamp(ticket.ready_at),
        completed_at=maybe_timestamp(ticket.completed_at),
        clock_at=timestamp(ticket.clock_at or ticket.created_at),
        warn_at=maybe_timestamp(ticket.warn_at),
        late_at=maybe_timestamp(ticket.late_at),
        recalled_at=maybe_timestamp(ticket.recalled_at),
        recall_reason=ticket.recall_reason or None,
    )


def waiting_cancellation(request: CancellationRequest) -> WaitingCancellation:
    """Show a cancellation that the kitchen has to decide."""
    return WaitingCancellation(
        id=request.pk,
        order_id=request.order_id,
        reason=request.reason,
        requested_by_id=request.requested_by_id,
        requested_by_name=request.requested_by_name,
        created_at=timestamp(request.created_at),
    )


def station_shape(station: Station) -> StationShape:
    """Show a station with its load."""
    return StationShape(station.pk, station.name, station.capacity, station.load, station.is_active)
