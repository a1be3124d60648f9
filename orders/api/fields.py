"""What requests may say: fields that take exactly their JSON type, and serializers that know every field.

A serializer here is made once per process and asked to validate, so it must keep nothing of a request.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

from django.db import models
from msgspec import Struct
from rest_framework import serializers

BIGGEST_ID = 2**63 - 1
MOST_ITEMS = 100
MOST_CHOICES = 100
_LONGEST_QUOTE = 60
_UNKNOWN = "There is no such field."
_AMOUNT = re.compile(r"[0-9]{1,8}(\.[0-9]{1,2})?")


def quoted(data: Any) -> str:
    """Write what was sent into a refusal, or as much of it as helps: of a list or an object that it is one."""
    if isinstance(data, list | dict):
        return "a list" if isinstance(data, list) else "an object"
    text = json.dumps(data, ensure_ascii=False)
    return text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}…"


class Whole(serializers.IntegerField):
    """A whole number: neither "1", nor 1.0, nor true."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "invalid": "A whole number such as 12 is wanted here, not {input}."
    }

    def to_internal_value(self, data: Any) -> int:
        """Return the number."""
        if type(data) is not int:
            self.fail("invalid", input=quoted(data))
        return int(data)


def id_field(**options: Any) -> Whole:
    """Return a field for the id of a row."""
    return Whole(min_value=1, max_value=BIGGEST_ID, **options)


class Text(serializers.CharField):
    """A string as it was sent, blanks and all; one that must say something may not be of blanks alone."""

    def __init__(self, **options: Any) -> None:
        super().__init__(trim_whitespace=False, **options)

    def to_internal_value(self, data: Any) -> str:
        """Return the string."""
        if not isinstance(data, str):
            self.fail("invalid")
        if not self.allow_blank and not data.strip():
            self.fail("blank")
        return data


class Flag(serializers.BooleanField):
    """True or false: neither 1 nor "true"."""

    def to_internal_value(self, data: Any) -> bool:
        """Return the truth."""
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class OneOf(serializers.ChoiceField):
    """One of a few words; a refusal names them."""

    default_error_messages: ClassVar[dict[str, Any]] = {"invalid_choice": "{input} is none of {allowed}."}

    def to_internal_value(self, data: Any) -> Any:
        """Return the word."""
        if not isinstance(data, str) or data not in self.choices:
            self.fail("invalid_choice", input=quoted(data), allowed=", ".join(self.choices))
        return data


class Choice(OneOf):
    """One of an enumeration's values, taken as its member."""

    def __init__(self, enumeration: type[models.TextChoices], **options: Any) -> None:
        super().__init__(choices=enumeration.choices, **options)
        self.enumeration = enumeration

    def to_internal_value(self, data: Any) -> models.TextChoices:
        """Return the member."""
        return self.enumeration(super().to_internal_value(data))


class DecimalText(serializers.DecimalField):
    """A number as a decimal string; an empty one is no null."""

    def validate_empty_values(self, data: Any) -> tuple[bool, Any]:
        """Tell what is absent or null from what is there."""
        found: tuple[bool, Any] = serializers.Field.validate_empty_values(self, data)
        return found


class Amount(DecimalText):
    """An amount of money, as a decimal string."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "invalid": 'An amount is a string of digits with at most two decimals, such as "9.50".'
    }

    def __init__(self, **options: Any) -> None:
        super().__init__(max_digits=10, decimal_places=2, **options)

    def to_internal_value(self, data: Any) -> Decimal:
        """Return the amount."""
        if not isinstance(data, str) or _AMOUNT.fullmatch(data) is None:
            self.fail("invalid")
        return Decimal(data)


class Items(serializers.ListField):
    """A list whose length is checked before anything in it is."""

    def to_internal_value(self, data: Any) -> list[Any]:
        """Return the list."""
        if isinstance(data, list) and self.max_length is not None and len(data) > self.max_length:
            raise serializers.ValidationError(f"At most {self.max_length} at a time.", code="max_length")
        values: list[Any] = super().to_internal_value(data)
        return values


class Body(serializers.Serializer[Any]):
    """The fields of a request's body; one that isn't among them is refused."""

    # The same body as msgspec reads it, where it is sent so often that it matters (orders.api.quick).
    quick: ClassVar[type[Struct] | None] = None

    def to_internal_value(self, data: Any) -> Any:
        """Return the values of the fields that were sent; raises ValidationError naming every wrong one."""
        unknown = {}
        if isinstance(data, Mapping):
            unknown = {
                str(name): [serializers.ErrorDetail(_UNKNOWN, "unknown")] for name in data if name not in self.fields
            }
        try:
            values = super().to_internal_value(data)
        except serializers.ValidationError as error:
            detail: Any = error.detail
            raise serializers.ValidationError({**detail, **unknown}) from error
        if unknown:
            raise serializers.ValidationError(unknown)
        return values


class Versioned(Body):
    """A body that may say which version it is about."""

    version = Whole(required=False, min_value=0, max_value=2**31 - 1)


@functools.cache
def _validator(kind: type[Body], *, partial: bool) -> Body:
    return kind(partial=partial)


def validated(kind: type[Body], data: Any, *, partial: bool = False) -> dict[str, Any]:
    """Return the valid fields of what was sent, or raise ValidationError."""
    values: dict[str, Any] = _validator(kind, partial=partial).run_validation(data)
    return values
