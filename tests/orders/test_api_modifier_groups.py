"""Choices written over REST, with what there is to choose from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from orders.models import Modifier, Restaurant
from tests.factories import ChoiceFactory, ModifierFactory, ModifierGroupFactory

if TYPE_CHECKING:
    from tests.callers import House

pytestmark = pytest.mark.django_db


def _group(house: House, *names: str) -> Any:
    group = ModifierGroupFactory(restaurant=house.restaurant, name="Sauce")
    for position, name in enumerate(names):
        ModifierFactory(group=group, name=name, position=position)
    return group


def test_group_is_made_with_its_modifiers_in_their_order(house: House) -> None:
    modifiers = [{"name": "Mayo", "price": "0.50", "is_available": False}, {"name": "Curry"}]

    reply = house.manager.post("/api/modifier-groups", {"name": "Sauce", "min": 1, "max": 2, "modifiers": modifiers})

    assert reply.status == 201
    mayo, curry = (row["id"] for row in reply.body["modifiers"])
    assert reply.body == {
        "id": reply.body["id"],
        "name": "Sauce",
        "min": 1,
        "max": 2,
        "modifiers": [
            {"id": mayo, "name": "Mayo", "price": "0.50", "is_available": False},
            {"id": curry, "name": "Curry", "price": "0.00", "is_available": True},
        ],
    }


def test_modifiers_are_kept_changed_added_and_removed_when_they_are_listed(house: House) -> None:
    group = _group(house, "Mayo", "Curry", "Pesto")
    mayo, curry, _ = group.modifiers.all()
    listed = [{"name": "Aioli"}, {"id": curry.pk, "price": "1.00"}, {"id": mayo.pk, "name": "Mayonnaise"}]

    reply = house.manager.patch(f"/api/modifier-groups/{group.pk}", {"modifiers": listed})

    assert reply.status == 200
    assert [(row["name"], row["price"]) for row in reply.body["modifiers"]] == [
        ("Aioli", "0.00"),
        ("Curry", "1.00"),
        ("Mayonnaise", "0.00"),
    ]
    assert [row["id"] for row in reply.body["modifiers"]][1:] == [curry.pk, mayo.pk]


def test_modifiers_stay_when_they_are_not_sent(house: House) -> None:
    group = _group(house, "Mayo")

    reply = house.manager.patch(f"/api/modifier-groups/{group.pk}", {"max": 3})

    assert (reply.body["max"], [row["name"] for row in reply.body["modifiers"]]) == (3, ["Mayo"])


def test_in_use_when_an_ordered_modifier_would_go(house: House) -> None:
    group = _group(house, "Mayo", "Curry")
    mayo = group.modifiers.get(name="Mayo")
    ChoiceFactory(menu_item=house.dish, group=group)
    items = [{"menu_item_id": house.dish.pk, "quantity": 1, "modifier_ids": [mayo.pk]}]
    house.order(items=items)
    house.dish.choices.all().delete()

    removed = house.manager.patch(f"/api/modifier-groups/{group.pk}", {"modifiers": []})
    deleted = house.manager.delete(f"/api/modifier-groups/{group.pk}")

    assert (removed.status, removed.body["code"], removed.pointers) == (409, "in_use", [("/modifiers", "in_use")])
    assert removed.body["errors"][0]["modifier_id"] == mayo.pk
    assert (deleted.status, deleted.body["code"]) == (409, "in_use")
    assert Modifier.objects.filter(group=group).count() == 2


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({"min": -1}, [("/min", "min_value")]),
        ({"min": 2}, [("/min", "range")]),
        ({"max": 0}, [("/max", "min_value")]),
        ({"max": 101}, [("/max", "max_value")]),
        ({"max": None}, [("/max", "null")]),
        ({"min": "1"}, [("/min", "invalid")]),
        ({"modifiers": None}, [("/modifiers", "null")]),
        ({"modifiers": {}}, [("/modifiers", "not_a_list")]),
        ({"modifiers": ["x"]}, [("/modifiers/0", "invalid")]),
        ({"modifiers": [{"name": "x"}] * 101}, [("/modifiers", "max_length")]),
        ({"modifiers": [{"name": "x", "price": "-1.00"}]}, [("/modifiers/0/price", "invalid")]),
        ({"modifiers": [{"name": "x", "price": 1}]}, [("/modifiers/0/price", "invalid")]),
        ({"modifiers": [{"name": ""}]}, [("/modifiers/0/name", "blank")]),
        ({"modifiers": [{"name": "a\0"}]}, [("/modifiers/0/name", "null_characters_not_allowed")]),
        ({"modifiers": [{"name": "x", "size": 1}]}, [("/modifiers/0/size", "unknown")]),
        ({"modifiers": [{"price": "1.00"}]}, [("/modifiers/0/name", "required")]),
        ({"modifiers": [{"name": "x", "is_available": 0}]}, [("/modifiers/0/is_available", "invalid")]),
        ({"modifiers": [{"name": "x", "id": 0}]}, [("/modifiers/0/id", "min_value")]),
    ],
)
def test_every_wrong_field_is_named_when_a_group_is_malformed(
    house: House, body: dict[str, Any], pointers: list[tuple[str, str]]
) -> None:
    group = _group(house, "Mayo")

    made = house.manager.post("/api/modifier-groups", {"name": "New", **body})
    changed = house.manager.patch(f"/api/modifier-groups/{group.pk}", body)

    assert [(reply.status, reply.pointers) for reply in (made, changed)] == [(400, pointers)] * 2
    assert list(Modifier.objects.values_list("name", flat=True)) == ["Mayo"]


def test_price_of_a_modifier_is_refused_when_the_currency_has_no_unit_so_small(house: House) -> None:
    Restaurant.objects.filter(pk=house.restaurant.pk).update(currency="JPY")
    modifiers = [{"name": "Mayo", "price": "50"}, {"name": "Curry", "price": "0.50"}]

    reply = house.manager.post("/api/modifier-groups", {"name": "Sauce", "modifiers": modifiers})

    assert (reply.status, reply.pointers) == (400, [("/modifiers/1/price", "currency_unit")])
    assert not Modifier.objects.exists()


def test_bad_request_when_the_most_falls_below_the_least(house: House) -> None:
    group = ModifierGroupFactory(restaurant=house.restaurant, min=2, max=3)

    reply = house.manager.patch(f"/api/modifier-groups/{group.pk}", {"max": 1})

    assert (reply.status, reply.pointers) == (400, [("/max", "range")])


def test_modifier_is_found_in_its_own_group_only(house: House, foreign: House) -> None:
    group, other = _group(house, "Mayo"), _group(foreign, "Curry")
    curry = other.modifiers.get()

    for address, method in ((f"/api/modifier-groups/{group.pk}", "PATCH"), ("/api/modifier-groups", "POST")):
        listed = [{"name": "New"}, {"id": curry.pk, "name": "Mine"}]
        reply = house.manager.call(method, address, {"name": "x", "modifiers": listed})
        assert (reply.status, reply.pointers) == (404, [("/modifiers/1/id", "not_found")])
    assert Modifier.objects.get(pk=curry.pk).name == "Curry"


def test_bad_request_when_a_modifier_is_named_twice(house: House) -> None:
    group = _group(house, "Mayo")
    mayo = group.modifiers.get()

    reply = house.manager.patch(f"/api/modifier-groups/{group.pk}", {"modifiers": [{"id": mayo.pk}, {"id": mayo.pk}]})

    assert (reply.status, reply.pointers) == (400, [("/modifiers/1/id", "duplicate")])


def test_dish_is_ordered_within_the_bounds_of_its_group(house: House) -> None:
    modifiers = [{"name": "S"}, {"name": "M"}, {"name": "L"}]
    sizes = house.manager.post("/api/modifier-groups", {"name": "Size", "min": 1, "max": 2, "modifiers": modifiers})
    ids = [row["id"] for row in sizes.body["modifiers"]]
    house.manager.patch(f"/api/menu-items/{house.dish.pk}", {"modifier_group_ids": [sizes.body["id"]]})

    def ordered(*chosen: int) -> int:
        items = [{"menu_item_id": house.dish.pk, "quantity": 1, "modifier_ids": list(chosen)}]
        return house.waiter.post("/api/orders", house.order_body(items=items)).status

    assert [ordered(), ordered(ids[0]), ordered(*ids[:2]), ordered(*ids)] == [400, 201, 201, 400]
