"""Card numbers, which Brigade never takes: only the terminal may know them."""

from __future__ import annotations

import re

_SHORTEST, _LONGEST = 13, 19  # ISO/IEC 7812: digits of a primary account number
_PIECES = re.compile(r"\d+|[^\W\d_]+")


def has_card_number(text: str) -> bool:
    """Whether a text has a card number in it: 13 to 19 digits that pass Luhn's check.

    They may come in groups with anything but letters between them, and beside other digits that stand apart.
    """
    groups: list[str] = []
    for piece in _PIECES.findall(text):
        if not piece.isdecimal():
            groups.clear()
            continue
        groups.append(piece)
        if _ends_in_card_number(groups):
            return True
    return False


def _ends_in_card_number(groups: list[str]) -> bool:
    digits = ""
    for group in reversed(groups):
        digits = group + digits
        if len(digits) > _LONGEST:
            return False
        if len(digits) >= _SHORTEST and _passes_luhn(digits):
            return True
    return False


def _passes_luhn(digits: str) -> bool:
    """Check the last digit (ISO/IEC 7812-1, annex B)."""
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(number - 9 if number > 9 else number for number in doubled) % 10 == 0  # noqa: PLR2004
