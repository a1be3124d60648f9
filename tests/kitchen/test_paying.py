"""How a simulated party pays: in whole units of the currency, and neither more nor less than its bill."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitchen.demo.paying import shares_of
from orders.money import is_payable
from orders.states import PaymentMethod


@given(cents=st.integers(1, 10**9), currency=st.sampled_from(["EUR", "JPY"]), party=st.integers(-9, 99))
def test_shares_are_the_whole_bill(cents: int, currency: str, party: int) -> None:
    bill = Decimal(cents) / (100 if currency == "EUR" else 1)

    shares = shares_of(bill, currency, party=party)

    assert sum(amount for amount, _, _ in shares) == bill
    for amount, method, tendered in shares:
        assert amount > 0
        assert is_payable(amount, currency)
        assert (tendered is not None) == (method == PaymentMethod.CASH)
        assert tendered is None or (tendered >= amount and is_payable(tendered, currency))


@pytest.mark.parametrize(
    ("party", "expected"),
    [
        (0, [("43.20", "card", None)]),
        (1, [("43.20", "cash", "50")]),
        (2, [("43.20", "qris", None)]),
        (3, [("21.60", "cash", "30"), ("21.60", "card", None)]),
    ],
)
def test_each_party_pays_in_its_way(party: int, expected: list[tuple[str, str, str | None]]) -> None:
    shares = shares_of(Decimal("43.20"), "EUR", party=party)

    assert shares == [
        (Decimal(amount), method, None if tendered is None else Decimal(tendered))
        for amount, method, tendered in expected
    ]


def test_nothing_is_paid_when_the_bill_is_settled() -> None:
    assert shares_of(Decimal("0.00"), "EUR", party=3) == []
