"""`manage.py add_restaurant`: a new restaurant with its owner."""

from __future__ import annotations

import os
import sys
from getpass import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from orders.actors import SYSTEM
from orders.errors import DomainError
from orders.models import Restaurant, User
from orders.services.restaurants import check_restaurant, create_restaurant, create_user
from orders.units import open_unit

PASSWORD_VARIABLE = "BRIGADE_PASSWORD"  # noqa: S105 - the name of a variable


class Command(BaseCommand):
    """Open a restaurant."""

    help = "Open a restaurant, with the EU's fourteen allergens, and make somebody its owner."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what the restaurant is called and whose it is."""
        parser.add_argument("slug", help="its short name in addresses and at sign-in, such as harbour-grill")
        parser.add_argument("--name", required=True, help="its name as guests know it")
        parser.add_argument("--currency", required=True, help="its currency, an ISO 4217 code such as EUR")
        parser.add_argument("--timezone", default="UTC", help="its time zone, such as Europe/Berlin (default: UTC)")
        parser.add_argument(
            "--owner", required=True, metavar="USERNAME", help="its owner; made when there is none such"
        )

    def handle(self, *, slug: str, name: str, currency: str, timezone: str, owner: str, **_options: Any) -> None:
        """Open it. Everything that can be refused is refused before anybody is asked for a password."""
        try:
            check_restaurant(Restaurant(slug=slug, name=name, currency=currency, timezone=timezone))
            password = None if is_known(owner) else new_password(owner)
            with open_unit(SYSTEM):
                user = (
                    User.objects.get(username=owner)
                    if password is None
                    else create_user(username=owner, password=password, actor=SYSTEM)
                )
                restaurant = create_restaurant(
                    slug=slug, name=name, currency=currency, timezone=timezone, owner=user, actor=SYSTEM
                )
        except DomainError as error:
            raise CommandError(one_line(error)) from error
        kept = ", with the password they had" if password is None else ""
        self.stdout.write(f"{restaurant.name} ({restaurant.slug}) is open. {owner} is its owner{kept}.")


def is_known(username: str) -> bool:
    """Tell whether somebody can sign in by this name; one who no longer may is no owner."""
    user = User.objects.filter(username=username).first()
    if user is not None and not user.is_active:
        raise CommandError(f"{username} may no longer sign in, and so can't be the owner.")
    return user is not None


def new_password(username: str) -> str:
    """Return the password for a new owner: of the environment, else asked for twice."""
    given = os.environ.get(PASSWORD_VARIABLE)
    if given is not None:
        return given
    if not sys.stdin.isatty():
        raise CommandError(f"{username} is new: set {PASSWORD_VARIABLE}, or run this in a terminal to be asked.")
    try:
        password, again = getpass(f"Password for {username}: "), getpass("Once more: ")
    except (EOFError, KeyboardInterrupt) as error:
        raise CommandError("Stopped: no password, no restaurant.") from error
    if password != again:
        raise CommandError("The two passwords differ.")
    return password


def one_line(error: DomainError) -> str:
    """Say what was refused, field by field, on one line."""
    problems = [f"{problem.pointer.strip('/')}: {problem.detail}" for problem in error.problems]
    return " ".join(problems) or error.detail
