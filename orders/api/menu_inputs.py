"""What may be sent about the menu, the room and the guests; what is absent of a change stays as it is."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from rest_framework import serializers

from orders.api.fields import MOST_CHOICES, Amount, Body, DecimalText, Flag, Items, Text, Whole, id_field

BIGGEST_STOCK = 2**31 - 1
BIGGEST_SMALL = 2**15 - 1
MOST_MINUTES = 24 * 60
_RATE = re.compile(r"(0(\.[0-9]{1,4})?|1(\.0{1,4})?)")


class Rate(DecimalText):
    """A share of the price between 0 and 1, as a decimal string."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_digits=5, decimal_places=4, **options)

    def to_internal_value(self, data: Any) -> Decimal:
        """Return the share."""
        if not isinstance(data, str) or _RATE.fullmatch(data) is None:
            self.fail("invalid")
        return Decimal(data)


class CategoryBody(Body):
    """A chapter of the menu; chapters come in the order of their ``position``."""

    name = Text(max_length=100)
    position = Whole(required=False, min_value=0, max_value=BIGGEST_SMALL)


class FoodTypeBody(Body):
    """A kind of food."""

    name = Text(max_length=50)


class AllergenBody(Body):
    """An allergen."""

    name = Text(max_length=50)


class AvailabilityBody(Body):
    """Whether a dish can be had, and how many portions are left; null for as many as you like."""

    is_available = Flag()
    stock = Whole(required=False, allow_null=True, min_value=0, max_value=BIGGEST_STOCK)


class MenuItemBody(Body):
    """A dish. ``tax_rate`` null is the restaurant's, ``stock`` null is as many as you like."""

    category_id = id_field()
    name = Text(max_length=100)
    description = Text(required=False, allow_blank=True, max_length=2000)
    price = Amount()
    food_type_id = id_field(required=False, allow_null=True)
    allergen_ids = Items(child=id_field(), required=False, max_length=MOST_CHOICES)
    modifier_group_ids = Items(child=id_field(), required=False, max_length=MOST_CHOICES)
    station_id = id_field(required=False, allow_null=True)
    prep_minutes = Whole(required=False, min_value=0, max_value=MOST_MINUTES)
    tax_rate = Rate(required=False, allow_null=True)
    external_id = Text(required=False, allow_null=True, allow_blank=True, max_length=100)
    is_available = Flag(required=False)
    stock = Whole(required=False, allow_null=True, min_value=0, max_value=BIGGEST_STOCK)


class ModifierBody(Body):
    """One way to have a dish: of those that there are by its ``id``, else a new one."""

    id = id_field(required=False)
    name = Text(max_length=100)
    price = Amount(required=False)
    is_available = Flag(required=False)


class ModifierGroupBody(Body):
    """A choice: at least ``min`` and at most ``max`` of its modifiers, which are all that it has, in their order."""

    name = Text(max_length=100)
    min = Whole(required=False, min_value=0, max_value=MOST_CHOICES)
    max = Whole(required=False, min_value=1, max_value=MOST_CHOICES)
    modifiers = Items(child=ModifierBody(), required=False, max_length=MOST_CHOICES)


class TableBody(Body):
    """A table."""

    name = Text(max_length=20)
    seats = Whole(required=False, min_value=1, max_value=BIGGEST_SMALL)
    area = Text(required=False, allow_blank=True, max_length=50)


class GuestBody(Body):
    """A guest, known by at least one of these; null is nothing."""

    name = Text(required=False, allow_null=True, allow_blank=True, max_length=100)
    phone = Text(required=False, allow_null=True, allow_blank=True, max_length=32)
    email = serializers.EmailField(
        required=False, allow_null=True, allow_blank=True, max_length=254, trim_whitespace=False
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Take null for an empty text."""
        return {name: value or "" for name, value in attrs.items()}
