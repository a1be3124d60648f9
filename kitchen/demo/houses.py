"""What guests of a simulated evening find, read from the restaurant."""

from __future__ import annotations

from django.db.models import Prefetch

from kitchen.cookbook import Making, cookbook_of
from kitchen.demo.guests import House, Offer
from kitchen.models import Station
from orders.models import Allergen, MenuItem, MenuItemModifierGroup, Restaurant, Table


def read_house(restaurant: Restaurant) -> House:
    """Return what guests find in the restaurant: what is available now, choices that have enough to choose from."""
    choices = MenuItemModifierGroup.objects.select_related("group").prefetch_related("group__modifiers")
    dishes = (
        MenuItem.objects.filter(restaurant=restaurant, is_available=True)
        .order_by("pk")
        .prefetch_related("contained", Prefetch("choices", choices))
    )
    makings = cookbook_of(restaurant.pk).makings(dish.pk for dish in dishes)
    return House(
        offers=tuple(_offer(dish, makings[dish.pk]) for dish in dishes),
        tables=tuple(Table.objects.filter(restaurant=restaurant).order_by("pk").values_list("pk", "seats")),
        allergen_ids=tuple(Allergen.objects.filter(restaurant=restaurant).order_by("pk").values_list("pk", flat=True)),
        stations=dict(Station.objects.filter(restaurant=restaurant).order_by("pk").values_list("pk", "capacity")),
    )


def _offer(dish: MenuItem, making: Making) -> Offer:
    return Offer(
        id=dish.pk,
        minutes=dish.prep_minutes,
        allergen_ids=frozenset(contained.allergen_id for contained in dish.contained.all()),
        choices=tuple(
            (
                choice.group.min,
                choice.group.max,
                tuple(modifier.pk for modifier in choice.group.modifiers.all() if modifier.is_available),
            )
            for choice in dish.choices.all()
        ),
        steps=tuple((step.minutes, step.station_ids[0] if step.station_ids else None) for step in making.steps),
    )
