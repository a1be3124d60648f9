"""What is weighed, what is poured and what is counted."""

from __future__ import annotations

from decimal import Decimal

from django.db import models


class Unit(models.TextChoices):
    """What a quantity is counted in."""

    GRAM = "g"
    KILOGRAM = "kg"
    MILLILITRE = "ml"
    LITRE = "l"
    PIECE = "piece"


# How many of the smallest of its kind.
_OF_SMALLEST: dict[Unit, tuple[Unit, int]] = {
    Unit.GRAM: (Unit.GRAM, 1),
    Unit.KILOGRAM: (Unit.GRAM, 1000),
    Unit.MILLILITRE: (Unit.MILLILITRE, 1),
    Unit.LITRE: (Unit.MILLILITRE, 1000),
    Unit.PIECE: (Unit.PIECE, 1),
}
_FINEST = Decimal("0.001")


def smallest_of(unit: str) -> Unit:
    """Return the smallest unit of a unit's kind."""
    return _OF_SMALLEST[Unit(unit)][0]


def is_same_kind(one: str, other: str) -> bool:
    """Whether a quantity in one unit can be said in the other: grams in kilograms, but never in litres."""
    return smallest_of(one) == smallest_of(other)


def told(quantity: Decimal, unit: str) -> str:
    """Say how much it is, as people do: 2 pieces, 0.5 kg, -3 l."""
    word = "pieces" if unit == Unit.PIECE and abs(quantity) != 1 else unit
    return f"{quantity.normalize():f} {word}"


def is_exact(quantity: Decimal, unit: str, to: str) -> bool:
    """Whether three decimals are enough to say the quantity in another unit of its kind."""
    exact = _exactly(quantity, unit, to)
    return exact == exact.quantize(_FINEST)


def _exactly(quantity: Decimal, unit: str, to: str) -> Decimal:
    if not is_same_kind(unit, to):
        message = f"{unit} can't be said in {to}."
        raise ValueError(message)
    return quantity * _OF_SMALLEST[Unit(unit)][1] / _OF_SMALLEST[Unit(to)][1]


def converted(quantity: Decimal, unit: str, to: str) -> Decimal:
    """Return the quantity in another unit of its kind, to three decimals; never nothing of something.

    Raises ValueError for units of different kinds.
    """
    rounded = _exactly(quantity, unit, to).quantize(_FINEST)
    return _FINEST if quantity > 0 and rounded == 0 else rounded
