"""Makes the tables of the naive application and fills them; prints, as JSON, who may send what. Run as a program."""

from __future__ import annotations

import datetime as dt
import json
import os
import sys

import django
from django.core.management import call_command

TOKEN_LIFE = dt.timedelta(hours=24)
TABLES = 20
DISHES = 20


def main() -> None:
    """Migrate, fill, print."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.benchmarks.naive.settings")
    django.setup()
    call_command("migrate", verbosity=0)

    from django.contrib.auth.models import User  # noqa: PLC0415 - Django must be set up first
    from rest_framework_simplejwt.tokens import AccessToken  # noqa: PLC0415

    from tests.benchmarks.naive.models import Category, MenuItem, Table  # noqa: PLC0415

    token = AccessToken.for_user(User.objects.create(username="waiter"))
    token.set_exp(lifetime=TOKEN_LIFE)
    mains = Category.objects.create(name="Mains")
    dishes = [
        MenuItem.objects.create(
            category=mains,
            name=f"Dish of the day {number}",
            price="12.50",
            tax_rate="0.07",
            allergens=["Gluten", "Milk"],
        )
        for number in range(DISHES)
    ]
    tables = [Table.objects.create(name=f"M{number}") for number in range(TABLES)]
    said = {"waiters": [str(token)], "tables": [row.pk for row in tables], "dishes": [row.pk for row in dishes]}
    sys.stdout.write(json.dumps(said))


if __name__ == "__main__":
    main()
