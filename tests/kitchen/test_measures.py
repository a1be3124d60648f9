"""Quantities: how they are told to people."""

from __future__ import annotations

from decimal import Decimal

import pytest

from kitchen.measures import told


@pytest.mark.parametrize(
    ("quantity", "unit", "said"),
    [
        ("0.500", "kg", "0.5 kg"),
        ("-5.000", "g", "-5 g"),
        ("1000.000", "ml", "1000 ml"),
        ("-20.000", "l", "-20 l"),
        ("0.000", "g", "0 g"),
        ("1.000", "piece", "1 piece"),
        ("-1.000", "piece", "-1 piece"),
        ("12.000", "piece", "12 pieces"),
        ("0.250", "piece", "0.25 pieces"),
    ],
)
def test_quantity_is_told_as_people_do_when_it_has_zeros_at_its_end(quantity: str, unit: str, said: str) -> None:
    assert told(Decimal(quantity), unit) == said
