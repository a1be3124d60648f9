"""Puts a planned restaurant into the database, in one unit of work."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from django.db import connection

from kitchen.demo.pantry import write_recipes
from kitchen.demo.plans import Dish, Plan
from kitchen.models import Station
from orders.actors import Actor
from orders.models import (
    Allergen,
    Category,
    Counter,
    FoodType,
    Membership,
    MenuItem,
    MenuItemAllergen,
    MenuItemModifierGroup,
    Modifier,
    ModifierGroup,
    Restaurant,
    Table,
    User,
)
from orders.services.restaurants import create_restaurant
from orders.units import unit_of_work

# Any number will do, as long as no other lock of this database has it.
_SEEDING_LOCK = 0x64656D6F


@dataclass(frozen=True, slots=True)
class Opened:
    """What became of a plan: no restaurant where one of this slug was there already.

    ``known`` are the people who could sign in before; they keep their passwords.
    """

    restaurant: Restaurant | None = None
    known: list[str] = field(default_factory=list)


@unit_of_work
def open_planned(*, plan: Plan, password_hash: str, actor: Actor) -> Opened:
    """Open the planned restaurant, with all its staff, menu, recipes and tables, unless its slug is taken.

    ``password_hash`` is what all its staff sign in with, encoded once: a good hash takes its time.
    Two who do so at once wait for each other. Announces ``menu-item:updated`` and ``station:updated`` for each.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_SEEDING_LOCK])
    if Restaurant.objects.filter(slug=plan.slug).exists():
        return Opened()
    restaurant = create_restaurant(
        slug=plan.slug,
        name=plan.name,
        currency=plan.currency,
        timezone=plan.timezone,
        day_starts_at=plan.day_starts_at,
        order_prefix=plan.order_prefix,
        tax_rate=plan.tax_rate,
        prices_include_tax=plan.prices_include_tax,
        service_rate=plan.service_rate,
        channel_minutes=plan.channel_minutes,
        actor=actor,
    )
    known = _engage_staff(restaurant, plan, password_hash)
    _set_up_rooms(restaurant, plan)
    _write_menu(restaurant, plan)
    return Opened(restaurant, known)


def _engage_staff(restaurant: Restaurant, plan: Plan, password_hash: str) -> list[str]:
    known = []
    for person in plan.staff:
        user = User.objects.filter(username=person.username).first()
        if user is None:
            user = User.objects.create(username=person.username, password=password_hash, name=person.name)
        else:
            known.append(person.username)
        Membership.objects.create(restaurant=restaurant, user=user, role=person.role)
    return known


def _set_up_rooms(restaurant: Restaurant, plan: Plan) -> None:
    Table.objects.bulk_create(
        Table(restaurant=restaurant, name=f"{area.letter}{number}", seats=seats, area=area.name)
        for area in plan.areas
        for number, seats in enumerate(area.seats, start=1)
    )
    Counter.objects.bulk_create(Counter(restaurant=restaurant, name=name) for name in plan.counters)


def _write_menu(restaurant: Restaurant, plan: Plan) -> None:
    stations = Station.objects.insert(
        [Station(restaurant=restaurant, name=name, capacity=capacity) for name, capacity in plan.stations.items()]
    )
    categories = Category.objects.bulk_create(
        Category(restaurant=restaurant, name=name, position=position)
        for position, name in enumerate(plan.menu, start=1)
    )
    food_types = FoodType.objects.bulk_create(FoodType(restaurant=restaurant, name=name) for name in plan.food_types)
    station_of = {station.name: station for station in stations}
    category_of = {category.name: category for category in categories}
    food_type_of = {food_type.name: food_type for food_type in food_types}
    planned = [(category_of[name], dish) for name, dishes in plan.menu.items() for dish in dishes]
    rows = MenuItem.objects.insert(
        [
            MenuItem(
                restaurant=restaurant,
                category=category,
                name=dish.name,
                description=dish.description,
                price=Decimal(dish.price),
                food_type=food_type_of.get(dish.food_type),
                station=station_of[dish.station],
                prep_minutes=dish.minutes,
                tax_rate=dish.tax_rate,
                stock=dish.stock,
            )
            for category, dish in planned
        ]
    )
    allergens = {allergen.name: allergen for allergen in Allergen.objects.filter(restaurant=restaurant)}
    _complete_dishes(restaurant, plan, list(zip(rows, (dish for _, dish in planned), strict=True)), allergens)
    dish_of = {row.name: row for row in rows}
    write_recipes(restaurant, plan, dishes=dish_of, stations=station_of, allergens=allergens)


def _complete_dishes(
    restaurant: Restaurant, plan: Plan, dishes: list[tuple[MenuItem, Dish]], allergens: dict[str, Allergen]
) -> None:
    groups = _write_choices(restaurant, plan)
    MenuItemAllergen.objects.bulk_create(
        MenuItemAllergen(menu_item=row, allergen=allergens[name]) for row, dish in dishes for name in dish.allergens
    )
    MenuItemModifierGroup.objects.bulk_create(
        MenuItemModifierGroup(menu_item=row, group=groups[name], position=position)
        for row, dish in dishes
        for position, name in enumerate(dish.choices, start=1)
    )


def _write_choices(restaurant: Restaurant, plan: Plan) -> dict[str, ModifierGroup]:
    rows = ModifierGroup.objects.bulk_create(
        ModifierGroup(restaurant=restaurant, name=choice.name, min=choice.min, max=choice.max)
        for choice in plan.choices
    )
    groups = {group.name: group for group in rows}
    Modifier.objects.bulk_create(
        Modifier(group=groups[choice.name], name=name, price=Decimal(price), position=position)
        for choice in plan.choices
        for position, (name, price) in enumerate(choice.modifiers, start=1)
    )
    return groups
