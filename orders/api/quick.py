"""The body of an order that is as it should be, read in one go.

A serializer looks at every field of every line by itself, which for an order takes longer than its insertion. What is
accepted here is what the serializer accepts, and comes out the same; whatever is refused here the serializer reads
again, and it alone says what is wrong. (A test compares the two over bodies of all kinds.)
"""

from __future__ import annotations

import functools
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from orders.api.fields import BIGGEST_ID, MOST_CHOICES, MOST_ITEMS
from orders.states import Channel, Priority

Id = Annotated[int, Meta(ge=1, le=BIGGEST_ID)]
Ids = Annotated[list[Id], Meta(max_length=MOST_CHOICES)]
# What no serializer takes in a text; told by its only spelling in JSON.
_NUL = b"\\u0000"


class QuickItem(Struct, forbid_unknown_fields=True):
    """One line (``ItemBody``)."""

    menu_item_id: Id
    quantity: Annotated[int, Meta(ge=1, le=99)]
    modifier_ids: Ids | UnsetType | None = UNSET
    special_instructions: Annotated[str, Meta(max_length=500)] | UnsetType | None = UNSET
    course: Annotated[int, Meta(ge=1, le=20)] | UnsetType | None = UNSET


class QuickOrder(Struct, forbid_unknown_fields=True):
    """An order (``OrderBody``), but for one that names its guest."""

    channel: Channel
    items: Annotated[list[QuickItem], Meta(min_length=1, max_length=MOST_ITEMS)]
    table_id: Id | UnsetType | None = UNSET
    priority: Priority | UnsetType = UNSET
    notes: Annotated[str, Meta(max_length=1000)] | UnsetType | None = UNSET
    allergen_ids: Ids | UnsetType | None = UNSET
    external_id: Annotated[str, Meta(max_length=100)] | UnsetType | None = UNSET
    draft: bool | UnsetType = UNSET


@functools.cache
def _decoder(kind: type[Struct]) -> msgspec.json.Decoder[Struct]:
    return msgspec.json.Decoder(kind)


def read_quickly(kind: type[Struct], raw: bytes) -> dict[str, Any] | None:
    """Return the fields that were sent, as the serializer would; None where that is for the serializer to say."""
    if _NUL in raw:
        return None
    try:
        return _values(_decoder(kind).decode(raw))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def _values(said: Struct) -> dict[str, Any]:
    values = {name: value for name in said.__struct_fields__ if (value := getattr(said, name)) is not UNSET}
    if "items" in values:
        values["items"] = [_values(item) for item in values["items"]]
    return values
