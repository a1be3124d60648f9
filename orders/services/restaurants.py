"""Opening a restaurant: the tenant, the allergens that the law names, and its owner."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any, TypedDict, Unpack

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from orders.actors import Actor
from orders.errors import Conflict, FieldProblem, InvalidFields, NotAllowed
from orders.models import Allergen, Membership, Restaurant, User
from orders.states import Role
from orders.units import unit_of_work

# Regulation (EU) No 1169/2011, annex II, in its order.
EU_ALLERGENS = (
    "Gluten",
    "Crustaceans",
    "Eggs",
    "Fish",
    "Peanuts",
    "Soya",
    "Milk",
    "Nuts",
    "Celery",
    "Mustard",
    "Sesame",
    "Sulphites",
    "Lupin",
    "Molluscs",
)


class RestaurantSettings(TypedDict, total=False):
    """How a restaurant works; what is absent is as a new restaurant has it."""

    timezone: str
    day_starts_at: dt.time
    order_prefix: str
    tax_rate: Decimal
    prices_include_tax: bool
    service_rate: Decimal
    channel_minutes: dict[str, Any]
    auto_confirm: bool


class SlugTaken(Conflict):
    """Another restaurant is known by this slug."""

    code = "duplicate"


@unit_of_work
def create_restaurant(
    *,
    slug: str,
    name: str,
    currency: str,
    actor: Actor,
    owner: User | None = None,
    **settings: Unpack[RestaurantSettings],
) -> Restaurant:
    """Open a restaurant with the EU's fourteen allergens, and make somebody its owner.

    Raises NotAllowed for anybody but the system, InvalidFields, SlugTaken.
    """
    if not actor.is_system:
        raise NotAllowed("Only the operator may open a restaurant.")
    restaurant = Restaurant(slug=slug, name=name, currency=currency, **settings)
    check_restaurant(restaurant)
    restaurant.save()
    Allergen.objects.bulk_create(Allergen(restaurant=restaurant, name=allergen) for allergen in EU_ALLERGENS)
    if owner is not None:
        Membership.objects.create(restaurant=restaurant, user=owner, role=Role.OWNER)
    return restaurant


def check_restaurant(restaurant: Restaurant) -> None:
    """Raise InvalidFields or SlugTaken unless the restaurant can be opened as it is."""
    try:
        restaurant.full_clean(validate_unique=False)
    except ValidationError as error:
        raise _invalid(error) from error
    if Restaurant.objects.filter(slug=restaurant.slug).exists():
        raise SlugTaken(f"There is a restaurant {restaurant.slug} already.")


@unit_of_work
def create_user(*, username: str, password: str, actor: Actor) -> User:
    """Let somebody new sign in; they work nowhere yet.

    Raises NotAllowed for anybody but the system, InvalidFields for a bad name or a weak password.
    """
    if not actor.is_system:
        raise NotAllowed("Only the operator may make users.")
    user = User(username=username)
    try:
        user.full_clean(exclude=["password"])
        validate_password(password, user)
    except ValidationError as error:
        raise _invalid(error) from error
    user.set_password(password)
    user.save()
    return user


def _invalid(error: ValidationError) -> InvalidFields:
    by_field = error.message_dict if hasattr(error, "error_dict") else {"password": error.messages}
    return InvalidFields(
        [FieldProblem(f"/{name}", "invalid", " ".join(messages)) for name, messages in sorted(by_field.items())]
    )
