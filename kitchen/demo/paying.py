"""How a simulated party pays its bill."""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal

from orders.money import rounded
from orders.states import PaymentMethod

Share = tuple[Decimal, PaymentMethod, Decimal | None]
_WHOLE = (PaymentMethod.CARD, PaymentMethod.CASH, PaymentMethod.QRIS)


def shares_of(bill: Decimal, currency: str, *, party: int) -> list[Share]:
    """Return (amount, method, cash handed over) of each payment of a bill; nothing for one that is settled.

    Three parties in four pay at once, the fourth splits it: half in cash, the rest by card.
    """
    if bill <= 0:
        return []
    way = party % (len(_WHOLE) + 1)
    if way < len(_WHOLE):
        return [_share(bill, _WHOLE[way])]
    half = rounded(bill / 2, currency)
    parts = [(half, PaymentMethod.CASH), (bill - half, PaymentMethod.CARD)]
    return [_share(amount, method) for amount, method in parts if amount > 0]


def _share(amount: Decimal, method: PaymentMethod) -> Share:
    return amount, method, _note_for(amount) if method == PaymentMethod.CASH else None


def _note_for(amount: Decimal) -> Decimal:
    """Return what is handed over: the next round number of the amount's size, such as 50 for 43.20."""
    step = Decimal(10) ** max(amount.adjusted(), 0)
    return (amount / step).quantize(Decimal(1), rounding=ROUND_CEILING) * step
