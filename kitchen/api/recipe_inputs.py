"""What may be sent about recipes and ingredients; what is absent of a change stays as it is."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from kitchen.measures import Unit
from kitchen.services.recipes import AskedIngredient, AskedStep
from orders.api.fields import MOST_CHOICES, Body, Choice, DecimalText, Items, Text, Versioned, Whole, id_field
from orders.api.pages import PageQuery, Query, WholeParameter, id_parameter

MOST_PARTS = 50
MOST_STATIONS = 20
MOST_MINUTES = 24 * 60
BIGGEST_VERSION = 2**31 - 1


def _said(pattern: str) -> dict[str, str]:
    """Describe a quantity in the document."""
    return {"type": "string", "format": "decimal", "pattern": pattern}


@extend_schema_field(_said(r"^-?[0-9]{1,9}(\.[0-9]{1,3})?$"))
class Quantity(DecimalText):
    """What there is of something, as a decimal string; below zero where more was used than was counted in."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "invalid": 'A quantity is a string of digits with at most three decimals, such as "0.250".'
    }
    form = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,3})?")

    def __init__(self, **options: Any) -> None:
        super().__init__(max_digits=12, decimal_places=3, **options)

    def to_internal_value(self, data: Any) -> Decimal:
        """Return the quantity."""
        if not isinstance(data, str) or self.form.fullmatch(data) is None:
            self.fail("invalid")
        return Decimal(data)


@extend_schema_field(_said(r"^(?=.*[1-9])[0-9]{1,9}(\.[0-9]{1,3})?$"))
class PortionQuantity(Quantity):
    """What a portion takes: more than nothing."""

    default_error_messages: ClassVar[dict[str, Any]] = {"min_value": "A portion takes more than nothing of it."}
    form = re.compile(r"[0-9]{1,9}(\.[0-9]{1,3})?")

    def to_internal_value(self, data: Any) -> Decimal:
        """Return the quantity."""
        value = super().to_internal_value(data)
        if value == 0:
            self.fail("min_value")
        return value


class StepBody(Body):
    """One step; at ``station_id``, or at any of ``station_ids``, or without either at the dish's own station."""

    name = Text(max_length=100)
    minutes = Whole(min_value=0, max_value=MOST_MINUTES)
    station_id = id_field(required=False, allow_null=True)
    station_ids = Items(child=id_field(), required=False, allow_null=True, max_length=MOST_STATIONS)


class UseBody(Body):
    """What one portion takes of an ingredient; without a ``unit`` it is told in the ingredient's own."""

    ingredient_id = id_field()
    quantity = PortionQuantity()
    unit = Choice(Unit, required=False)


class RecipeBody(Body):
    """How a dish is made; without ``steps`` it is made in one, at its own station."""

    menu_item_id = id_field()
    steps = Items(child=StepBody(), required=False, min_length=1, max_length=MOST_PARTS)
    ingredients = Items(child=UseBody(), required=False, max_length=MOST_PARTS)


class RecipeChangesBody(Versioned):
    """What is new in the next version: steps and ingredients as a whole. ``menu_item_id`` may only be the recipe's."""

    menu_item_id = id_field(required=False)
    steps = Items(child=StepBody(), required=False, min_length=1, max_length=MOST_PARTS)
    ingredients = Items(child=UseBody(), required=False, max_length=MOST_PARTS)


class IngredientBody(Body):
    """Something that dishes are made of; ``on_hand`` is what was counted, in ``unit``."""

    name = Text(max_length=100)
    unit = Choice(Unit)
    on_hand = Quantity(required=False)
    allergen_ids = Items(child=id_field(), required=False, max_length=MOST_CHOICES)
    may_contain_ids = Items(child=id_field(), required=False, max_length=MOST_CHOICES)


class RecipeListQuery(PageQuery):
    """Which recipes."""

    menu_item = id_parameter()
    ingredient = id_parameter()
    station = id_parameter()
    search = serializers.CharField(
        required=False, max_length=100, trim_whitespace=False, help_text="A part of the dish's name."
    )


class RecipeQuery(Query):
    """Which version of a recipe."""

    version = WholeParameter(
        required=False, min_value=1, max_value=BIGGEST_VERSION, help_text="An earlier version; without it the latest."
    )


class IngredientListQuery(PageQuery):
    """Which ingredients."""

    allergen = id_parameter(help_text="Those that contain it, or may.")
    search = serializers.CharField(
        required=False, max_length=100, trim_whitespace=False, help_text="A part of the name."
    )


def asked_recipe(body: dict[str, Any]) -> dict[str, Any]:
    """Return what was said of a recipe as the services take it."""
    asked = {name: body[name] for name in ("menu_item_id",) if name in body}
    if "steps" in body:
        asked["steps"] = [_asked_step(step) for step in body["steps"]]
    if "ingredients" in body:
        asked["ingredients"] = [
            AskedIngredient(use["ingredient_id"], use["quantity"], use.get("unit", "")) for use in body["ingredients"]
        ]
    return asked


def _asked_step(values: dict[str, Any]) -> AskedStep:
    return AskedStep(
        name=values["name"],
        minutes=values["minutes"],
        station_id=values.get("station_id"),
        station_ids=tuple(values.get("station_ids") or ()),
    )
