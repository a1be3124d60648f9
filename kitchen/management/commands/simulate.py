"""`manage.py simulate`: a believable dinner service."""

from __future__ import annotations

import argparse
import contextlib
import math
import secrets
import signal
import threading
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from kitchen.demo.acting import Crew, read_house
from kitchen.demo.evening import HANDS, Evening
from kitchen.demo.guests import House
from kitchen.demo.running import Report, play, play_together
from orders.models import Restaurant

# One crew, which does one thing after another, can do no more.
_MOST_PER_CREW = 150
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def positive(text: str) -> float:
    """Read a number above zero."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return number


class Command(BaseCommand):
    """Let guests come, and have the staff work."""

    help = "Let guests order and the kitchen cook, in waves, through the same services as everybody, until Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take how many guests come, for how long, and by which seed."""
        parser.add_argument("--orders-per-minute", type=positive, required=True, metavar="N", help="on average")
        parser.add_argument("--minutes", type=positive, metavar="M", default=math.inf, help="default: until stopped")
        parser.add_argument(
            "--seed", type=int, help="the same seed makes the same evening (default: another each time)"
        )
        parser.add_argument("--restaurant", default="demo", metavar="SLUG", help="where (default: demo)")

    def handle(
        self, *, orders_per_minute: float, minutes: float, seed: int | None, restaurant: str, **_options: Any
    ) -> None:
        """Play the evening until its end, Ctrl-C or SIGTERM."""
        place = Restaurant.objects.filter(slug=restaurant).first()
        if place is None:
            raise CommandError(f"There is no restaurant {restaurant}: `manage.py seed_demo` opens one called demo.")
        house = read_house(place)
        if not house.offers:
            raise CommandError(f"{place.name} has nothing on its menu that is available.")
        seed = secrets.randbelow(10**6) if seed is None else seed
        shifts = plan_shifts(place, house, seed=seed, per_minute=orders_per_minute)
        report = Report(self.stdout)
        with stop_on_signals() as stop:
            report.say(f"{place.name} is open: {orders_per_minute:g} orders a minute, seed {seed}. Ctrl-C ends it.")
            if len(shifts) == 1:
                play(*shifts[0], report=report, stop=stop, seconds=minutes * 60)
            else:
                play_together(shifts, report=report, stop=stop, seconds=minutes * 60)
        with contextlib.suppress(DatabaseError):
            for _, crew in shifts:
                crew.go_home()
        report.say(f"Closed. {report.line()}")


def plan_shifts(place: Restaurant, house: House, *, seed: int, per_minute: float) -> list[tuple[Evening, Crew]]:
    """Return as many crews as can take so many orders, each with its share; the first has what was left before."""
    count = math.ceil(per_minute / _MOST_PER_CREW)
    run = secrets.token_hex(4)
    shifts = []
    for number in range(count):
        share = Evening(house, seed=f"{seed}.{number}", per_minute=per_minute / count, hands=max(1, HANDS // count))
        shifts.append((share, Crew(place, run=f"{run}.{number}")))
    evening, crew = shifts[0]
    for order in crew.leftovers(seed=str(seed)):
        evening.adopt(order.party, order.status, order.minutes)
    return shifts


@contextlib.contextmanager
def stop_on_signals() -> Iterator[threading.Event]:
    """Give an event that Ctrl-C and SIGTERM set; as a part of another program's thread they are its own."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in _STOP_SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
