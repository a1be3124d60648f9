"""What guests are shown besides orders: the menu, and what their token opens."""

from __future__ import annotations

from msgspec import Struct

from orders.models import MenuItem
from orders.shapes import ModifierChoice, Money, Named, Timestamp, maybe_timestamp, money
from orders.tokens import GuestPass


class GuestChoice(Struct, frozen=True):
    """A choice that comes with a dish; what can't be had at the moment is left out."""

    id: int
    name: str
    min: int
    max: int
    modifiers: list[ModifierChoice]


class GuestDish(Struct, frozen=True):
    """A dish that guests can order now."""

    id: int
    name: str
    description: str
    price: Money
    category: Named
    food_type: Named | None
    allergens: list[Named]
    modifier_groups: list[GuestChoice]
    image_url: str | None


class GuestTable(Struct, frozen=True):
    """The table at which the guest sits."""

    id: int
    name: str


class GuestShape(Struct, frozen=True):
    """What a guest's token opens; ``room`` is where the guest hears of it, ``expires_at`` null for a table's code."""

    kind: str
    restaurant: Named
    currency: str
    table: GuestTable | None
    order_id: int | None
    customer_id: int | None
    room: str
    expires_at: Timestamp | None


def guest_shape(guest: GuestPass) -> GuestShape:
    """Show what a guest's token opens."""
    return GuestShape(
        kind=guest.kind,
        restaurant=Named(guest.restaurant.pk, guest.restaurant.name),
        currency=guest.restaurant.currency,
        table=None if guest.table is None else GuestTable(guest.table.pk, guest.table.name),
        order_id=guest.order_id,
        customer_id=guest.customer_id,
        room=guest.room,
        expires_at=maybe_timestamp(guest.ends),
    )


def guest_dish(item: MenuItem, *, image_url: str | None) -> GuestDish:
    """Show a dish to guests; reads category, food type, allergens, groups and modifiers (prefetch them)."""
    return GuestDish(
        id=item.pk,
        name=item.name,
        description=item.description,
        price=money(item.price),
        category=Named(item.category.pk, item.category.name),
        food_type=Named(item.food_type.pk, item.food_type.name) if item.food_type else None,
        allergens=[Named(allergen.pk, allergen.name) for allergen in item.allergens.all()],
        modifier_groups=[
            GuestChoice(
                id=choice.group.pk,
                name=choice.group.name,
                min=choice.group.min,
                max=choice.group.max,
                modifiers=[
                    ModifierChoice(m.pk, m.name, money(m.price), m.is_available)
                    for m in choice.group.modifiers.all()
                    if m.is_available
                ],
            )
            for choice in item.choices.all()
        ],
        image_url=image_url,
    )
