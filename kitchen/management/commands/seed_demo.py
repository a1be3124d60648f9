"""`manage.py seed_demo`: the two sample restaurants."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.management.base import BaseCommand, CommandError, CommandParser

from kitchen.demo.opening import open_planned
from kitchen.demo.restaurants import PASSWORD, PLANS
from orders.actors import SYSTEM


class Command(BaseCommand):
    """Open the sample restaurants where they are not there yet."""

    help = "Open the sample restaurants demo and bistro; what is there already stays as it is."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take whether a password that everybody knows may be used outside DEBUG."""
        parser.add_argument("--force", action="store_true", help="also outside DEBUG, with a password everybody knows")

    def handle(self, *, force: bool, verbosity: int, **_options: Any) -> None:
        """Open them, and say who can sign in."""
        if not settings.DEBUG and not force:
            raise CommandError("The sample users' password is known to everybody: outside DEBUG this takes --force.")
        password_hash = make_password(PASSWORD)
        for plan in PLANS:
            opened = open_planned(plan=plan, password_hash=password_hash, actor=SYSTEM)
            if verbosity == 0:
                continue
            if opened.restaurant is None:
                self.stdout.write(f"{plan.slug} is there already and stays as it is.")
                continue
            names = ", ".join(person.username for person in plan.staff)
            self.stdout.write(f"{plan.slug} is open. Sign in as {names} with the password {PASSWORD}.")
            if opened.known:
                self.stdout.write(f"  Known before, with a password of their own: {', '.join(opened.known)}.")
