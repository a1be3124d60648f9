"""The public shapes of the orders app: what REST, the WebSocket and the events say of a row.

Each is a msgspec Struct: its fields in this order are the JSON object, its types make the JSON schema of the
OpenAPI and AsyncAPI documents. A field marked ``StaffOnly`` is null for guests, ``FirstName`` is cut for them
to the first word. Fields whose names stand in PUBLIC are all that the order-ready board is told.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from orders.models import Category, MenuItem, ModifierGroup, Order, OrderItem, Table
from orders.pictures import picture_url

Money = Annotated[
    str, Meta(pattern=r"^-?\d+\.\d\d$", description="An amount in the restaurant's currency.", examples=["12.50"])
]
Timestamp = Annotated[
    str,
    Meta(
        pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$",
        description="UTC, ISO 8601, three decimals.",
        examples=["2026-11-21T18:03:12.402Z"],
    ),
]
StaffOnly = Meta(extra={"guest": "null"})
FirstName = Meta(extra={"guest": "first name"})


def timestamp(moment: dt.datetime) -> str:
    """Write a moment as every answer and event does: UTC, exactly three decimals, ``Z``."""
    return moment.astimezone(dt.UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def maybe_timestamp(moment: dt.datetime | None) -> str | None:
    """Write a moment, or None."""
    return None if moment is None else timestamp(moment)


def money(amount: Decimal) -> str:
    """Write an amount with exactly two decimals."""
    return f"{amount:.2f}"


class ModifierShape(Struct, frozen=True):
    """One way to have a dish."""

    id: int
    name: str
    price: Money


class OrderedDish(Struct, frozen=True):
    """A dish as it was when it was ordered."""

    id: int
    name: str
    category: str
    allergens: list[str]


class ItemShape(Struct, frozen=True):
    """One line of an order."""

    id: int
    menu_item: OrderedDish
    quantity: int
    unit_price: Money
    modifiers: list[ModifierShape]
    line_total: Money
    special_instructions: str
    status: str
    course: int


class PendingCancellation(Struct, frozen=True):
    """A cancellation that waits for the kitchen's word."""

    id: int
    reason: str
    requested_by_id: Annotated[int | None, StaffOnly]
    requested_by_name: Annotated[str | None, StaffOnly]
    created_at: Timestamp


class OrderShape(Struct, frozen=True):
    """An order, whole."""

    id: int
    order_number: str
    channel: str
    status: str
    priority: str
    table_id: int | None
    table_name: str | None
    customer_id: Annotated[int | None, StaffOnly]
    customer_name: Annotated[str | None, FirstName]
    waiter_id: Annotated[int | None, StaffOnly]
    waiter_name: Annotated[str | None, StaffOnly]
    notes: str
    items: list[ItemShape]
    items_count: int
    subtotal: Money
    discount_amount: Money
    service_amount: Money
    tax_amount: Money
    total_amount: Money
    final_amount: Money
    paid_amount: Money
    payment_status: str
    currency: str
    cancel_reason: str | None
    pending_cancellation: PendingCancellation | None
    estimated_ready_at: Timestamp | None
    version: int
    created_at: Timestamp
    updated_at: Timestamp
    confirmed_at: Timestamp | None
    ready_at: Timestamp | None
    served_at: Timestamp | None
    completed_at: Timestamp | None
    cancelled_at: Timestamp | None
    allergies: list[str]
    external_id: str | None
    business_date: str


class TransitionShape(Struct, frozen=True):
    """A status that an order may take next, and the roles that may set it."""

    status: str
    allowed_for: list[str]


class TransitionsShape(Struct, frozen=True):
    """Where an order may go from here."""

    status: str
    transitions: list[TransitionShape]


class MenuItemBrief(Struct, frozen=True):
    """What screens need to know of a dish when it changes."""

    id: int
    name: str
    price: Money
    is_available: bool
    stock: int | None


class Named(Struct, frozen=True):
    """A row that is little but its name."""

    id: int
    name: str


class CategoryShape(Struct, frozen=True):
    """A chapter of the menu."""

    id: int
    name: str
    position: int


class ModifierChoice(Struct, frozen=True):
    """A modifier as the menu offers it."""

    id: int
    name: str
    price: Money
    is_available: bool


class ModifierGroupShape(Struct, frozen=True):
    """A choice that comes with a dish."""

    id: int
    name: str
    min: int
    max: int
    modifiers: list[ModifierChoice]


class MenuItemShape(Struct, frozen=True):
    """A dish on the menu."""

    id: int
    name: str
    description: str
    price: Money
    category: Named
    food_type: Named | None
    allergens: list[Named]
    modifier_groups: list[ModifierGroupShape]
    station_id: int | None
    prep_minutes: int
    tax_rate: str | None
    external_id: str | None
    is_available: bool
    stock: int | None
    image_url: Annotated[
        str | None,
        Meta(description="Where its picture is fetched from: WebP; another picture has another address."),
    ]


class TableShape(Struct, frozen=True):
    """A table; ``token`` and ``url`` for managers and waiters alone."""

    id: int
    name: str
    seats: int
    area: str
    token: str | None
    url: str | None


def item_shape(item: OrderItem) -> ItemShape:
    """Show one line; reads ``item.modifiers`` (prefetch them)."""
    return ItemShape(
        id=item.pk,
        menu_item=OrderedDish(item.menu_item_id, item.name, item.category_name, item.allergens),
        quantity=item.quantity,
        unit_price=money(item.unit_price),
        modifiers=[ModifierShape(m.modifier_id, m.name, money(m.price)) for m in item.modifiers.all()],
        line_total=money(item.line_total),
        special_instructions=item.special_instructions,
        status=item.status,
        course=item.course,
    )


def _pending(said: dict[str, Any] | None) -> PendingCancellation | None:
    return None if said is None else PendingCancellation(**said)


def order_shape(order: Order) -> OrderShape:
    """Show an order, whole; reads ``order.items`` and their modifiers (prefetch them).

    ``items_count`` counts portions that are not cancelled.
    """
    items = list(order.items.all())
    total = money(order.total_amount)
    return OrderShape(
        id=order.pk,
        order_number=order.order_number,
        channel=order.channel,
        status=order.status,
        priority=order.priority,
        table_id=order.table_id,
        table_name=order.table_name or None,
        customer_id=order.customer_id,
        customer_name=order.customer_name or None,
        waiter_id=order.waiter_id,
        waiter_name=order.waiter_name or None,
        notes=order.notes,
        items=[item_shape(item) for item in items],
        items_count=sum(item.quantity for item in items if item.status != "cancelled"),
        subtotal=total,
        discount_amount=money(order.discount_amount),
        service_amount=money(order.service_amount),
        tax_amount=money(order.tax_amount),
        total_amount=total,
        final_amount=money(order.final_amount),
        paid_amount=money(order.paid_amount),
        payment_status=order.payment_status,
        currency=order.currency,
        cancel_reason=order.cancel_reason or None,
        pending_cancellation=_pending(order.pending_cancellation),
        estimated_ready_at=maybe_timestamp(order.estimated_ready_at),
        version=order.version,
        created_at=timestamp(order.created_at),
        updated_at=timestamp(order.updated_at),
        confirmed_at=maybe_timestamp(order.confirmed_at),
        ready_at=maybe_timestamp(order.ready_at),
        served_at=maybe_timestamp(order.served_at),
        completed_at=maybe_timestamp(order.completed_at),
        cancelled_at=maybe_timestamp(order.cancelled_at),
        allergies=order.allergies,
        external_id=order.external_id or None,
        business_date=order.business_date.isoformat(),
    )


def keep_shape(order: Order, shape: OrderShape) -> None:
    """Remember how an order was shown at the end of its unit of work, for the answer that follows."""
    order.__dict__["_shown"] = shape


def shown_shape(order: Order) -> OrderShape:
    """Show an order as its unit of work has just shown it; anew where it has changed since, as its version tells."""
    shape: OrderShape | None = order.__dict__.get("_shown")
    if shape is None or shape.version != order.version or order.changed():
        return order_shape(order)
    return shape


def menu_item_brief(item: MenuItem) -> MenuItemBrief:
    """Show what changed dishes show."""
    return MenuItemBrief(item.pk, item.name, money(item.price), item.is_available, item.stock)


def category_shape(category: Category) -> CategoryShape:
    """Show a chapter of the menu."""
    return CategoryShape(category.pk, category.name, category.position)


def modifier_group_shape(group: ModifierGroup) -> ModifierGroupShape:
    """Show a choice; reads ``group.modifiers`` (prefetch them)."""
    return ModifierGroupShape(
        id=group.pk,
        name=group.name,
        min=group.min,
        max=group.max,
        modifiers=[ModifierChoice(m.pk, m.name, money(m.price), m.is_available) for m in group.modifiers.all()],
    )


def menu_item_shape(item: MenuItem) -> MenuItemShape:
    """Show a dish; reads category, food type, allergens, groups and modifiers (prefetch them)."""
    return MenuItemShape(
        id=item.pk,
        name=item.name,
        description=item.description,
        price=money(item.price),
        category=Named(item.category.pk, item.category.name),
        food_type=Named(item.food_type.pk, item.food_type.name) if item.food_type else None,
        allergens=[Named(allergen.pk, allergen.name) for allergen in item.allergens.all()],
        modifier_groups=[modifier_group_shape(choice.group) for choice in item.choices.all()],
        station_id=item.station_id,
        prep_minutes=item.prep_minutes,
        tax_rate=None if item.tax_rate is None else str(item.tax_rate),
        external_id=item.external_id or None,
        is_available=item.is_available,
        stock=item.stock,
        image_url=picture_url(item.image),
    )


def table_shape(table: Table, *, token: str | None, url: str | None) -> TableShape:
    """Show a table."""
    return TableShape(table.pk, table.name, table.seats, table.area, token, url)


def as_builtins(shape: Any) -> Any:
    """Turn a shape into dicts, lists and scalars."""
    return msgspec.to_builtins(shape)
