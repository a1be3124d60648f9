"""Fills an empty Brigade for the benchmark and prints, as JSON, who sends what; run as a program."""

from __future__ import annotations

import datetime as dt
import json
import sys
from typing import Any

import django
from django.contrib.auth.hashers import make_password
from django.core.management import call_command

# A user may have twenty sockets in one process: this is enough for six thousand screens, and half of them twice.
CHEFS = 500
# So many that no limit on what one person does in a second is near.
WAITERS = 50
TOKEN_LIFE = dt.timedelta(hours=24)


def main() -> None:
    """Migrate, open the sample restaurants, hire, and print the tokens, tables and dishes."""
    django.setup()
    call_command("migrate", verbosity=0)
    call_command("seed_demo", force=True, verbosity=0)

    from orders.models import MenuItem, Restaurant, Table  # noqa: PLC0415 - Django must be set up first
    from orders.states import Role  # noqa: PLC0415

    restaurant = Restaurant.objects.get(slug="demo")
    dishes = MenuItem.objects.filter(restaurant=restaurant, stock=None, is_available=True)
    # Dishes that may be ordered without choosing anything.
    simple = dishes.exclude(choices__group__min__gt=0).order_by("pk")
    said = {
        "chefs": hire(restaurant, Role.KITCHEN, CHEFS),
        "waiters": hire(restaurant, Role.WAITER, WAITERS),
        "tables": list(Table.objects.filter(restaurant=restaurant).order_by("pk").values_list("pk", flat=True)),
        "dishes": list(simple.values_list("pk", flat=True)),
    }
    sys.stdout.write(json.dumps(said))


def hire(restaurant: Any, role: Any, count: int) -> list[str]:
    """Give the restaurant so many people more; return their access tokens."""
    from orders.models import Membership, User  # noqa: PLC0415 - Django must be set up first

    password = make_password(None)
    people = User.objects.bulk_create(
        User(username=f"bench-{role}-{number}", name=f"{role.label} {number}", password=password)
        for number in range(count)
    )
    Membership.objects.bulk_create(Membership(restaurant=restaurant, user=user, role=role) for user in people)
    return [access_token(user, restaurant.pk) for user in people]


def access_token(user: Any, restaurant_id: int) -> str:
    """Return a token as signing in gives it, but for the whole benchmark."""
    from rest_framework_simplejwt.tokens import AccessToken  # noqa: PLC0415 - Django must be set up first

    from orders.access import RESTAURANT_CLAIM  # noqa: PLC0415

    token = AccessToken.for_user(user)
    token[RESTAURANT_CLAIM] = restaurant_id
    token.set_exp(lifetime=TOKEN_LIFE)
    return str(token)


if __name__ == "__main__":
    main()
