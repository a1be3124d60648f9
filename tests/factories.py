"""The smallest valid row of each kind. What has states is made by the services, never here."""

from __future__ import annotations

import factory
from factory.django import DjangoModelFactory

from kitchen.models import Station
from orders.models import (
    Allergen,
    Category,
    Counter,
    Customer,
    Device,
    FoodType,
    Membership,
    MenuItem,
    MenuItemModifierGroup,
    Modifier,
    ModifierGroup,
    Restaurant,
    Table,
    User,
)
from orders.states import Role


class RestaurantFactory(DjangoModelFactory):
    class Meta:
        model = Restaurant

    name = factory.Sequence(lambda n: f"Restaurant {n}")
    slug = factory.Sequence(lambda n: f"restaurant-{n}")
    currency = "EUR"


class UserFactory(DjangoModelFactory):
    class Meta:
        model = User

    username = factory.Sequence(lambda n: f"user-{n}")
    name = factory.Sequence(lambda n: f"Person {n}")
    password = "!"


class MembershipFactory(DjangoModelFactory):
    class Meta:
        model = Membership

    restaurant = factory.SubFactory(RestaurantFactory)
    user = factory.SubFactory(UserFactory)
    role = Role.MANAGER


class OfRestaurant(DjangoModelFactory):
    """A named row of a restaurant."""

    class Meta:
        abstract = True

    restaurant = factory.SubFactory(RestaurantFactory)
    name = factory.Sequence(lambda n: f"Name {n}")


class CategoryFactory(OfRestaurant):
    class Meta:
        model = Category


class FoodTypeFactory(OfRestaurant):
    class Meta:
        model = FoodType


class AllergenFactory(OfRestaurant):
    class Meta:
        model = Allergen


class StationFactory(OfRestaurant):
    class Meta:
        model = Station


class TableFactory(OfRestaurant):
    class Meta:
        model = Table


class CounterFactory(OfRestaurant):
    class Meta:
        model = Counter


class DeviceFactory(OfRestaurant):
    """A device whose key nobody knows; those that call are paired by the service."""

    class Meta:
        model = Device

    kind = "integration"
    key_digest = factory.Sequence(lambda n: f"{n:064x}")
    key_hint = "dev_unknown"


class CustomerFactory(OfRestaurant):
    class Meta:
        model = Customer


class ModifierGroupFactory(OfRestaurant):
    class Meta:
        model = ModifierGroup


class ModifierFactory(DjangoModelFactory):
    class Meta:
        model = Modifier

    group = factory.SubFactory(ModifierGroupFactory)
    name = factory.Sequence(lambda n: f"Modifier {n}")


class MenuItemFactory(OfRestaurant):
    class Meta:
        model = MenuItem

    category = factory.SubFactory(CategoryFactory, restaurant=factory.SelfAttribute("..restaurant"))
    price = "9.50"


class ChoiceFactory(DjangoModelFactory):
    """That a dish offers a group of modifiers."""

    class Meta:
        model = MenuItemModifierGroup
