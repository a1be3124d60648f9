"""Rounding, and the sums of a bill."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.money import Bill, Line, bill, rounded, why_no_currency

CURRENCIES = st.sampled_from(["EUR", "USD", "IDR", "JPY", "KRW"])
amounts = st.decimals(min_value=0, max_value=10_000, places=4)
rates = st.decimals(min_value=0, max_value=1, places=4)
lines = st.lists(st.builds(Line, st.decimals(min_value=0, max_value=10_000, places=2), rates), max_size=8)
bills = st.fixed_dictionaries(
    {
        "discount": amounts,
        "service_rate": rates,
        "prices_include_tax": st.booleans(),
        "currency": CURRENCIES,
    }
)


def unit_of(currency: str) -> Decimal:
    return Decimal(1) if currency in ("JPY", "KRW") else Decimal("0.01")


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        ("1.005", "EUR", "1.01"),
        ("1.015", "EUR", "1.02"),
        ("1.0049", "EUR", "1.00"),
        ("2.5", "JPY", "3.00"),
        ("3.5", "JPY", "4.00"),
        ("3.49", "JPY", "3.00"),
        ("12500", "IDR", "12500.00"),
        ("0", "EUR", "0.00"),
    ],
)
def test_half_is_rounded_up_when_amount_lies_between_units(amount: str, currency: str, expected: str) -> None:
    assert str(rounded(Decimal(amount), currency)) == expected


@given(amount=amounts, currency=CURRENCIES)
def test_rounded_is_the_nearest_whole_unit_when_any_amount_is_rounded(amount: Decimal, currency: str) -> None:
    unit = unit_of(currency)

    result = rounded(amount, currency)

    assert result % unit == 0
    assert -unit / 2 < result - amount <= unit / 2
    assert result.as_tuple().exponent == -2
    assert rounded(result, currency) == result
    assert result == (amount + unit / 2).quantize(unit, rounding=ROUND_DOWN)


@given(lines=lines, terms=bills)
def test_final_is_total_less_discount_with_service_and_tax_when_any_bill_is_added_up(
    lines: list[Line], terms: dict[str, object]
) -> None:
    sums = bill(lines, **terms)  # type: ignore[arg-type]

    assert sums.final == sums.total - sums.discount + sums.service + sums.tax
    assert 0 <= sums.discount <= sums.total
    unit = unit_of(str(terms["currency"]))
    assert all(amount % unit == 0 for amount in (sums.total, sums.discount, sums.service, sums.tax, sums.final))
    if terms["prices_include_tax"]:
        assert sums.tax == 0


@given(amount=amounts, terms=bills)
def test_nothing_is_to_pay_when_the_discount_takes_everything(amount: Decimal, terms: dict[str, object]) -> None:
    sums = bill([Line(amount, Decimal("0.19"))], **{**terms, "discount": amount + 1})  # type: ignore[arg-type]

    assert sums.discount == sums.total
    assert sums.service == sums.tax == sums.final == 0


def test_sums_are_exact_when_the_bill_has_two_rates() -> None:
    lines = [Line(Decimal("19.00"), Decimal("0.07")), Line(Decimal("6.00"), Decimal("0.19"))]

    sums = bill(lines, discount=Decimal("5.00"), service_rate=Decimal("0.10"), prices_include_tax=False, currency="EUR")

    # 20.00 after the discount; tax is (1.33 + 1.14) x 20/25 = 1.976.
    assert sums == Bill(
        total=Decimal("25.00"),
        discount=Decimal("5.00"),
        service=Decimal("2.00"),
        tax=Decimal("1.98"),
        final=Decimal("23.98"),
    )


def test_everything_is_zero_when_nothing_was_ordered() -> None:
    sums = bill([], discount=Decimal(3), service_rate=Decimal("0.1"), prices_include_tax=False, currency="EUR")

    assert sums == Bill(Decimal(0), Decimal(0), Decimal(0), Decimal(0), Decimal(0))


@pytest.mark.parametrize("code", ["EUR", "JPY", "XOF", "XCD"])
def test_currency_is_taken_when_its_amounts_can_be_kept(code: str) -> None:
    assert why_no_currency(code) == ""


@pytest.mark.parametrize("code", ["eur", "EURO", "EU1", "", "XXX", "XAU"])
def test_code_is_refused_when_it_is_of_no_currency(code: str) -> None:
    assert why_no_currency(code) == f"{code!r} is not a currency code of ISO 4217."


@pytest.mark.parametrize("code", ["KWD", "BHD", "OMR", "TND", "JOD", "IQD", "LYD", "CLF"])
def test_currency_is_refused_when_it_has_more_than_two_decimals(code: str) -> None:
    assert why_no_currency(code) == f"{code} has more than two decimals, and amounts have two here."
