"""Card numbers, which Brigade never takes: only the terminal may know them."""

from __future__ import annotations

import re

from orders.errors import InvalidFields

_SHORTEST, _LONGEST = 13, 19  # ISO/IEC 7812: digits of a primary account number
_PIECES = re.compile(r"\d+|[^\W\d_]+")
# The ranges of issuers that the networks publish, each with the lengths of its numbers.
_NETWORKS = re.compile(
    r"""
      4 (?: \d{12} | \d{15} | \d{18} )                                   # Visa
    | (?: 5[1-5]\d\d | 222[1-9] | 22[3-9]\d | 2[3-6]\d\d | 27[01]\d | 2720 ) \d{12}  # Mastercard
    | 3[47] \d{13}                                                       # American Express
    | (?: 30[0-5] | 309 | 36\d | 3[89]\d ) \d{11,16}                       # Diners Club
    | (?: 352[89] | 35[3-8]\d ) \d{12,15}                                 # JCB
    | 220[0-4] \d{12,15}                                                 # Mir
    | 8[12] \d{14,17}                                                    # UnionPay, RuPay
    | (?: 50 | 5[6-8] | 6\d ) \d{11,17}                                   # Maestro, Discover, UnionPay, RuPay
    """,
    re.VERBOSE | re.ASCII,
)


def refuse_card_number(text: str, pointer: str) -> None:
    """Keep card numbers out of what is written down: neither stored, nor said back, nor logged.

    Raises InvalidFields.
    """
    if has_card_number(text):
        detail = "This looks like a card number, which is never to be sent here. Send the terminal's reference."
        raise InvalidFields.one(pointer, "card_number", detail)


def has_card_number(text: str) -> bool:
    """Whether a text has a card number in it: digits of a network's range and length that pass Luhn's check.

    They may come in groups with anything but letters between them, and beside other digits that stand apart.
    """
    if len(text) < _SHORTEST:
        return False
    groups: list[str] = []
    for piece in _PIECES.findall(text):
        if not piece.isdecimal():
            groups.clear()
            continue
        groups.append("".join(str(int(digit)) for digit in piece))
        if _ends_in_card_number(groups):
            return True
    return False


def _ends_in_card_number(groups: list[str]) -> bool:
    digits = ""
    for group in reversed(groups):
        digits = group + digits
        if len(digits) > _LONGEST:
            return False
        if len(digits) >= _SHORTEST and _NETWORKS.fullmatch(digits) and _passes_luhn(digits):
            return True
    return False


def _passes_luhn(digits: str) -> bool:
    """Check the last digit (ISO/IEC 7812-1, annex B)."""
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(number - 9 if number > 9 else number for number in doubled) % 10 == 0  # noqa: PLR2004
