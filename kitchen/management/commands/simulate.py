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

from kitchen.demo.acting import Crew
from kitchen.demo.evening import Evening
from kitchen.demo.houses import read_house
from kitchen.demo.running import Report, play, play_together
from kitchen.invariants import broken
from orders.models import Restaurant

# From so many orders a minute on another thread acts too: so that they get in each other's way as people do.
_PER_THREAD = 25.0
_MOST_THREADS = 4
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
        """Take how many guests come, for how long, how fast the kitchen's clock goes, and by which seed."""
        parser.add_argument("--orders-per-minute", type=positive, required=True, metavar="N", help="on average")
        parser.add_argument("--minutes", type=positive, metavar="M", default=math.inf, help="default: until stopped")
        parser.add_argument(
            "--seed", type=int, help="the same seed makes the same evening (default: another each time)"
        )
        parser.add_argument(
            "--pace",
            type=positive,
            metavar="P",
            help="so many minutes of the kitchen's pass in one (default: as fast as it must be to keep up)",
        )
        parser.add_argument("--restaurant", default="demo", metavar="SLUG", help="where (default: demo)")

    def handle(
        self,
        *,
        orders_per_minute: float,
        minutes: float,
        seed: int | None,
        pace: float | None,
        restaurant: str,
        **_options: Any,
    ) -> None:
        """Play the evening until its end, Ctrl-C or SIGTERM; then look whether everything is as it must be."""
        place = Restaurant.objects.filter(slug=restaurant).first()
        if place is None:
            raise CommandError(f"There is no restaurant {restaurant}: `manage.py seed_demo` opens one called demo.")
        house = read_house(place)
        if not house.offers:
            raise CommandError(f"{place.name} has nothing on its menu that is available.")
        seed = secrets.randbelow(10**6) if seed is None else seed
        evening = Evening(house, seed=str(seed), per_minute=orders_per_minute, pace=pace)
        crew = Crew(place, run=secrets.token_hex(4))
        for order in crew.leftovers(seed=str(seed)):
            evening.adopt(order.party, order.status, order.items)
        report = Report(self.stdout)
        threads = min(_MOST_THREADS, math.ceil(orders_per_minute / _PER_THREAD))
        with stop_on_signals() as stop:
            report.say(f"{place.name} is open: {orders_per_minute:g} orders a minute, seed {seed}. Ctrl-C ends it.")
            if evening.pace > 1:
                report.say(f"{evening.pace:.1f} minutes of the kitchen's pass in one.")
            if threads == 1:
                play(evening, crew, report=report, stop=stop, seconds=minutes * 60)
            else:
                play_together(evening, crew, threads=threads, report=report, stop=stop, seconds=minutes * 60)
        self.close(place, evening, crew, report)

    def close(self, place: Restaurant, evening: Evening, crew: Crew, report: Report) -> None:
        """Say how it was; raises CommandError where something is not as it must be."""
        found: list[str] | None = None
        with contextlib.suppress(DatabaseError):
            crew.go_home()
            found = broken(place.pk)
        for sentence in found or ():
            report.say(sentence)
        report.say(str(evening.quality))
        if found is None:
            report.say("The database does not answer: nobody looked whether everything is as it must be.")
        report.say(f"Closed. {report.line()}")
        if found or report.faults:
            raise CommandError(f"{len(found or ())} things are not as they must be, and {report.faults} acts failed.")


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
