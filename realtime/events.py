"""The catalogue: everything that Brigade announces, with its rooms and its data.

Rooms are written as letters: K the kitchen and the stations concerned, W waiters, O order lists, T the order's
table, # the order's own room, D the order-ready board, C the payment's counter, c the order's customer.
``restaurant`` gets every event.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from msgspec import Meta, Struct

from kitchen.shapes import KitchenOrderShape, StationShape, StepShape
from orders.shapes import FirstName, ItemShape, MenuItemBrief, Money, OrderShape, StaffOnly, Timestamp

OrderFields = Meta(extra={"guest": "order fields"}, description="New values of the order's own fields, by name.")
Changes = Annotated[dict[str, Any], OrderFields]


class OfOrder(Struct, frozen=True, kw_only=True):
    """What every event about an order says; ``version`` is the order's after the change."""

    order_id: int
    order_number: str
    channel: str
    table_id: int | None
    version: int
    changes: Changes


class OrderCreated(OfOrder, frozen=True, kw_only=True):
    """An order was taken, with its items."""

    order: OrderShape


class OrderUpdated(OfOrder, frozen=True, kw_only=True):
    """Other fields of an order than its status changed, or its items did."""

    order: OrderShape
    changed_fields: list[str]


class OrderConfirmed(OfOrder, frozen=True, kw_only=True):
    """An order was accepted."""

    confirmed_at: Timestamp
    estimated_ready_at: Timestamp | None


class OrderStatusChanged(OfOrder, frozen=True, kw_only=True):
    """An order went from one status to another."""

    previous_status: str
    new_status: str
    status: str
    updated_at: Timestamp


class OrderDeleted(OfOrder, frozen=True, kw_only=True):
    """An order was taken back before the kitchen had it."""


class OrderCancelled(OfOrder, frozen=True, kw_only=True):
    """An order will not be made, or not be handed over; ``refund_amount`` is what was paid."""

    reason: str | None
    refund_amount: Money


class OrderItemsAdded(OfOrder, frozen=True, kw_only=True):
    """Items were added to an order, in one call."""

    items: list[ItemShape]
    new_total_amount: Money
    new_final_amount: Money


class OrderItemAdded(OfOrder, frozen=True, kw_only=True):
    """One item was added to an order."""

    item: ItemShape


class OrderItemUpdated(OfOrder, frozen=True, kw_only=True):
    """An item was changed."""

    item: ItemShape
    changed_fields: list[str]


class OrderItemRemoved(OfOrder, frozen=True, kw_only=True):
    """An item was removed, or voided."""

    item_id: int


class OrderItemStatusChanged(OfOrder, frozen=True, kw_only=True):
    """An item went from one status to another."""

    item_id: int
    previous_status: str
    status: str


class CancellationRequested(OfOrder, frozen=True, kw_only=True):
    """A cancellation was asked for; the kitchen decides."""

    request_id: int
    reason: str
    staff_id: Annotated[int | None, StaffOnly]


class PaymentProcessed(OfOrder, frozen=True, kw_only=True):
    """Somebody paid; ``payment_status`` is the order's after it."""

    payment_id: int
    amount_paid: Money
    payment_method: str
    transaction_reference: Annotated[str | None, StaffOnly]
    status: str
    change: Money
    customer_name: Annotated[str | None, FirstName]
    payment_status: str


class PaymentRefunded(OfOrder, frozen=True, kw_only=True):
    """Money was given back; ``payment_status`` is the order's after it."""

    refund_id: int
    refund_amount: Money
    transaction_reference: Annotated[str | None, StaffOnly]
    original_payment_id: int
    reason: str
    customer_name: Annotated[str | None, FirstName]
    payment_status: str


class QRScanned(OfOrder, frozen=True, kw_only=True):
    """An order's QR code was scanned."""

    qr_id: int
    status: str
    scanned_count: int
    customer_name: Annotated[str | None, FirstName]


class OrderLeft(Struct, frozen=True, kw_only=True):
    """An order moved to another table, or to another customer; told to the one that it left."""

    order_id: int
    order_number: str


class OfTicket(OfOrder, frozen=True, kw_only=True):
    """What every event about a ticket says: the ticket as it is after the change, whole."""

    kitchen_order_id: int
    kitchen_order: Annotated[KitchenOrderShape | None, StaffOnly]


class ContractCreated(OfOrder, frozen=True, kw_only=True):
    """A version of the production contract was made: ``version`` is the contract's, ``order_version`` the order's."""

    contract_id: int
    order_version: int
    priority: str
    estimated_ready_at: Timestamp


class TicketNew(OfTicket, frozen=True, kw_only=True):
    """A ticket reached the kitchen."""


class TicketAcknowledged(OfTicket, frozen=True, kw_only=True):
    """A chef took a ticket."""

    chef_id: Annotated[int | None, StaffOnly]
    chef_name: Annotated[str | None, StaffOnly]


class TicketPreparing(OfTicket, frozen=True, kw_only=True):
    """The kitchen started a ticket."""


class TicketReady(OfTicket, frozen=True, kw_only=True):
    """Everything on a ticket is made."""


class TicketCompleted(OfTicket, frozen=True, kw_only=True):
    """A ticket was handed over or put away; ``prep_time`` in minutes."""

    prep_time: int | None


class TicketUpdated(OfTicket, frozen=True, kw_only=True):
    """A ticket changed in a way that no other event names."""

    changed_fields: list[str]


class TicketPriorityChanged(OfTicket, frozen=True, kw_only=True):
    """A ticket is to be made sooner, or later."""

    previous_priority: str
    priority: str


class TicketItemStatusChanged(OfTicket, frozen=True, kw_only=True):
    """A production item's status or steps changed."""

    item_id: int
    order_item_id: int
    station_id: int | None
    previous_status: str
    status: str
    steps: list[StepShape]


class AllergyConfirmed(OfTicket, frozen=True, kw_only=True):
    """Somebody at the station has confirmed that a guest's allergy was seen to."""

    item_id: int
    confirmed_by_name: Annotated[str | None, StaffOnly]


class TicketRecalled(OfTicket, frozen=True, kw_only=True):
    """A ticket that was ready, or put away, is in work again."""

    reason: str | None


class StationAssigned(OfTicket, frozen=True, kw_only=True):
    """A step of an item is done at another station from now on."""

    item_id: int
    station_id: int | None
    station_name: str | None


class CourseFired(OfTicket, frozen=True, kw_only=True):
    """A course that was held is to be made now."""

    course: int


class ConsumedIngredient(Struct, frozen=True):
    """What was used of an ingredient, in its unit, and what is on hand after it: three decimals, as strings."""

    ingredient_id: int
    name: str
    quantity: str
    unit: str
    on_hand: str


class IngredientsConsumed(OfTicket, frozen=True, kw_only=True):
    """What items that became ready have used."""

    consumed: list[ConsumedIngredient]


class CancellationAccepted(OfTicket, frozen=True, kw_only=True):
    """The kitchen let go of an order."""

    request_id: int


class CancellationRejected(OfTicket, frozen=True, kw_only=True):
    """The kitchen goes on with an order, and says why."""

    request_id: int
    reason: str


class StationUpdated(Struct, frozen=True, kw_only=True):
    """A station was made, changed, closed or taken out of the kitchen, or has another load."""

    station: StationShape
    is_deleted: bool = False


class MenuItemUpdated(Struct, frozen=True, kw_only=True):
    """A dish was put on the menu, changed, 86'd or came back."""

    menu_item: MenuItemBrief
    changed_fields: list[str]


class AlertRaised(Struct, frozen=True, kw_only=True):
    """A manager, or Brigade itself, tells everybody."""

    severity: str
    message: str
    audience: str


class KitchenNumbers(Struct, frozen=True, kw_only=True):
    """How many tickets are open; told when they changed, at most once a second, and in no stream."""

    pending: int
    preparing: int
    ready: int
    total: int


@dataclass(frozen=True, slots=True)
class EventType:
    """One line of the catalogue."""

    name: str
    data: type[Struct]
    rooms: str


CATALOGUE: dict[str, EventType] = {
    line.name: line
    for line in (
        EventType("order:created", OrderCreated, "KWOTDc"),
        EventType("order:new", TicketNew, "K"),
        EventType("order:updated", OrderUpdated, "KWOT#c"),
        EventType("order:confirmed", OrderConfirmed, "KWOT#c"),
        EventType("order:status_changed", OrderStatusChanged, "KWOT#Dc"),
        EventType("order:deleted", OrderDeleted, "KWOT#Dc"),
        EventType("order:cancel_request", CancellationRequested, "KWO#"),
        EventType("order:cancelled", OrderCancelled, "KWOT#Dc"),
        EventType("order:items_added", OrderItemsAdded, "KWOT#c"),
        EventType("order-item:added", OrderItemAdded, "KO"),
        EventType("order-item:updated", OrderItemUpdated, "KO#"),
        EventType("order-item:removed", OrderItemRemoved, "KOT#"),
        EventType("order:item_status_changed", OrderItemStatusChanged, "KWOT#c"),
        EventType("order:left", OrderLeft, ""),
        EventType("production-contract:created", ContractCreated, "K"),
        EventType("kitchen:order_acknowledged", TicketAcknowledged, "KW#"),
        EventType("kitchen:order_preparing", TicketPreparing, "KWT#c"),
        EventType("kitchen:order_ready", TicketReady, "KWT#Dc"),
        EventType("kitchen:order_completed", TicketCompleted, "KWT#Dc"),
        EventType("kitchen:order_updated", TicketUpdated, "K"),
        EventType("kitchen:allergy_confirmed", AllergyConfirmed, "KW"),
        EventType("kitchen:order_recalled", TicketRecalled, "KWT#Dc"),
        EventType("kitchen:cancel_accepted", CancellationAccepted, "KW#"),
        EventType("kitchen:cancel_rejected", CancellationRejected, "KW#"),
        EventType("kitchen:priority_changed", TicketPriorityChanged, "K"),
        EventType("kitchen:item_status_changed", TicketItemStatusChanged, "K"),
        EventType("kitchen:station_assigned", StationAssigned, "K"),
        EventType("kitchen:course_fired", CourseFired, "KW"),
        EventType("kitchen:ingredients_consumed", IngredientsConsumed, ""),
        EventType("kitchen:stats_update", KitchenNumbers, "K"),
        EventType("station:updated", StationUpdated, "K"),
        EventType("menu-item:updated", MenuItemUpdated, "KWOT"),
        EventType("payment:processed", PaymentProcessed, "OCD#"),
        EventType("payment:refunded", PaymentRefunded, "OCD#"),
        EventType("qr:scanned", QRScanned, "OD#"),
        EventType("alert", AlertRaised, "*"),
    )
}
NAMES = {line.data: name for name, line in CATALOGUE.items()}

_ROOMS = {
    "K": "`kitchen`, `station:{id}`",
    "W": "`waiters`",
    "O": "`orders`",
    "T": "`table:{id}`",
    "#": "`order:{id}`",
    "D": "`display`",
    "C": "`counter:{id}`",
    "c": "`customer:{id}`",
    "*": "every socket of the staff; with `audience: all` every socket",
}

# Events that go to no room by a letter.
_NOWHERE_ELSE = {
    "order:left": "the `table:{id}` or `customer:{id}` that was left",
    "kitchen:ingredients_consumed": "`restaurant` only",
}


def catalogue_table() -> str:
    """Return the catalogue as the table that the README carries."""
    rows = ["| event | what it tells | rooms | data |", "| --- | --- | --- | --- |"]
    for line in CATALOGUE.values():
        rooms = ", ".join(_ROOMS[letter] for letter in line.rooms) or _NOWHERE_ELSE[line.name]
        fields = ", ".join(f"`{name}`" for name in line.data.__struct_fields__)
        told = (line.data.__doc__ or "").strip()
        rows.append(f"| `{line.name}` | {told} | {rooms} | {fields} |")
    return "\n".join(rows)
