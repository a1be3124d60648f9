"""Amounts of money: rounding to a currency's unit, and the sums of a bill."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
ONE = Decimal(1)
MOST = Decimal("99999999.99")  # what a column of Decimal(10,2) holds

# ISO 4217, list one: currencies with no minor unit. All others are taken to have two decimals.
_WITHOUT_MINOR_UNIT = frozenset("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split())  # noqa: SIM905
# Of more decimals than our columns hold.
_FINER_THAN_CENTS = frozenset("BHD CLF IQD JOD KWD LYD OMR TND UYW".split())  # noqa: SIM905
# Codes of metals, units of account and of nothing: nobody pays in them.
_NO_MONEY = frozenset("XAD XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX".split())  # noqa: SIM905


def why_no_currency(code: str) -> str:
    """Say why a restaurant cannot take this currency; nothing where it can."""
    if re.fullmatch(r"[A-Z]{3}", code) is None or code in _NO_MONEY:
        return f"{code!r} is not a currency code of ISO 4217."
    if code in _FINER_THAN_CENTS:
        return f"{code} has more than two decimals, and amounts have two here."
    return ""


def rounded(amount: Decimal, currency: str) -> Decimal:
    """Round half up to the currency's unit; the result always has two decimals."""
    unit = ONE if currency in _WITHOUT_MINOR_UNIT else CENT
    return amount.quantize(unit, rounding=ROUND_HALF_UP).quantize(CENT)


def is_payable(amount: Decimal, currency: str) -> bool:
    """Whether the amount can be handed over: it has no more decimals than the currency's unit."""
    return amount == rounded(amount, currency)


def why_not_payable(amount: Decimal, currency: str) -> str:
    """Say why nobody can hand over exactly this; nothing where one can."""
    return "" if is_payable(amount, currency) else f"{currency} has no unit as small as that."


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a bill: its amount, and the rate of tax (0.10 for 10 %) on it."""

    amount: Decimal
    tax_rate: Decimal


@dataclass(frozen=True, slots=True)
class Bill:
    """The sums of an order, in its currency."""

    total: Decimal
    discount: Decimal
    service: Decimal
    tax: Decimal
    final: Decimal


def bill(
    lines: Iterable[Line], *, discount: Decimal, service_rate: Decimal, prices_include_tax: bool, currency: str
) -> Bill:
    """Add up a bill: final = total - discount + service + tax.

    The discount, at most the total, lowers every line in proportion. Service is charged on what is left,
    untaxed. ``tax`` is what comes on top of the prices: nothing where prices include it.
    """
    lines = list(lines)
    total = rounded(sum((line.amount for line in lines), Decimal(0)), currency)
    discount = min(rounded(discount, currency), total)
    net = total - discount
    service = rounded(net * service_rate, currency)
    tax = Decimal(0)
    if not prices_include_tax and total:
        tax = sum((line.amount * line.tax_rate for line in lines), Decimal(0)) * net / total
    tax = rounded(tax, currency)
    return Bill(total=total, discount=discount, service=service, tax=tax, final=net + service + tax)
