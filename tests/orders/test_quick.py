"""The quick reading of an order's body takes nothing that the serializer would not, and takes it for the same."""

from __future__ import annotations

import json
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import example, given, settings
from rest_framework.serializers import ValidationError

from orders.api.fields import validated
from orders.api.inputs import OrderBody
from orders.api.parsers import decoded
from orders.api.quick import QuickOrder, read_quickly
from orders.states import Channel, Priority

ITEM: dict[str, Any] = {"menu_item_id": 7, "quantity": 2}
WHOLE: dict[str, Any] = {
    "channel": "dine_in",
    "table_id": 4,
    "priority": "vip",
    "notes": " am Fenster 🪟 ",
    "allergen_ids": [3, 1, 3],
    "external_id": "shop-1",
    "draft": True,
    "items": [ITEM, {**ITEM, "modifier_ids": [5, 6], "special_instructions": "", "course": 3}],
}

odd = st.one_of(
    st.none(), st.booleans(), st.integers(), st.sampled_from([0, -1, 1, 20, 21, 99, 100, 2**31, 2**63 - 1, 2**63]),
    st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=5), st.just("x" * 101), st.just("x" * 501),
    st.just("x" * 1001), st.sampled_from(["", " ", "\0", "dine_in", "1", "true", "é" * 500, "🍮" * 500]),
    st.just([]), st.just([1, 2]), st.just([1] * 101), st.just([0]), st.just(["1"]), st.just([None]), st.just({}),
)  # fmt: skip
ids = st.integers(1, 2**63 - 1)
items = st.fixed_dictionaries(
    {"menu_item_id": ids | odd, "quantity": st.integers(1, 99) | odd},
    optional={"modifier_ids": st.lists(ids) | odd, "special_instructions": odd, "course": odd, "price": odd},
)
bodies = st.fixed_dictionaries(
    {"channel": st.sampled_from([*Channel.values, "none"]) | odd, "items": st.lists(items, max_size=3) | odd},
    optional={
        "table_id": ids | odd, "priority": st.sampled_from(Priority.values) | odd, "notes": st.text() | odd,
        "allergen_ids": st.lists(ids) | odd, "external_id": st.text() | odd, "draft": st.booleans() | odd,
        "customer": odd, "customer_id": odd, "total": odd,
    },
)  # fmt: skip


def slowly(raw: bytes) -> dict[str, Any] | None:
    try:
        return validated(OrderBody, decoded(raw))
    except ValidationError:
        return None


@given(bodies | st.fixed_dictionaries({}, optional={name: odd | st.just(value) for name, value in WHOLE.items()}))
@example(WHOLE)
@settings(max_examples=500, deadline=None)
def test_what_is_read_quickly_is_what_the_serializer_reads(body: Any) -> None:
    raw = json.dumps(body).encode()

    quick = read_quickly(QuickOrder, raw)

    assert quick is None or quick == slowly(raw)


@pytest.mark.parametrize("left_out", [None, "table_id", "priority", "notes", "allergen_ids", "external_id", "draft"])
def test_body_is_read_quickly_when_nothing_is_wrong(left_out: str | None) -> None:
    body = {name: value for name, value in WHOLE.items() if name != left_out}
    raw = json.dumps(body).encode()

    quick = read_quickly(QuickOrder, raw)

    assert quick is not None
    assert quick == slowly(raw)
    assert type(quick["channel"]) is Channel


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"{", b"[]", b"null", b'"x"', b"\xff", b"[" * 100_000,
        json.dumps({**WHOLE, "customer": {"name": "Ada"}}).encode(), json.dumps({**WHOLE, "notes": "\0"}).encode(),
        json.dumps({**WHOLE, "items": []}).encode(), json.dumps({**WHOLE, "items": [ITEM] * 101}).encode(),
    ],
    ids=range(11),
)  # fmt: skip
def test_body_is_left_to_the_serializer_when_it_is_not_an_order_as_it_should_be(raw: bytes) -> None:
    assert read_quickly(QuickOrder, raw) is None
