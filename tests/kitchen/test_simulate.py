"""A simulated evening in a restaurant: acted out by its staff, not to be stopped by a refusal or a lost database."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from kitchen.demo import acts
from kitchen.demo.acting import Crew
from kitchen.demo.acts import DONE, Act, Outcome
from kitchen.demo.evening import Evening
from kitchen.demo.houses import read_house
from kitchen.demo.opening import open_planned
from kitchen.demo.restaurants import DEMO
from kitchen.demo.running import Report, play, play_together
from kitchen.invariants import broken
from kitchen.models import KitchenOrder, KitchenOrderItem, Station
from orders.actors import SYSTEM
from orders.models import CancellationRequest, MenuItem, Order, Payment, Restaurant
from tests.live import database_url

MANAGE = Path(__file__).parents[2] / "manage.py"
# Somebody was faster, or the dish is gone.
OF_THE_GAME = {
    "",
    "out_of_stock",
    "unavailable",
    "conflict",
    "invalid_transition",
    "not_editable",
    "course_held",
    "allergy_unconfirmed",
}


@pytest.fixture
def demo(transactional_db: None) -> Restaurant:
    restaurant = open_planned(plan=DEMO, password_hash="!", actor=SYSTEM).restaurant
    assert restaurant is not None
    return restaurant


def act_out(evening: Evening, crew: Crew, count: int) -> Counter[str]:
    """Do so many acts at once, and count the refusals by their code."""
    refusals: Counter[str] = Counter()
    for _ in range(count):
        _, act = evening.next_act()
        outcome = crew.do(act)
        refusals[outcome.code] += 1
        evening.tell(outcome)
    return refusals


def test_orders_go_all_the_way_when_acted_out(demo: Restaurant) -> None:
    refusals = act_out(Evening(read_house(demo), seed="1", per_minute=4), Crew(demo, run="a"), 900)

    assert set(refusals) <= OF_THE_GAME
    assert refusals[""] > 800
    assert broken(demo.pk) == []
    statuses = Counter(Order.objects.values_list("status", flat=True))
    assert statuses["completed"] > 10
    assert set(Order.objects.values_list("channel", flat=True)) == {"dine_in", "takeaway", "delivery", "online"}
    assert KitchenOrder.objects.filter(order__status="completed").exclude(status="completed").count() == 0
    completed = Order.objects.filter(status="completed")
    assert set(completed.values_list("payment_status", "unpaid_reason")) == {("paid", "")}
    assert set(Payment.objects.values_list("method", flat=True)) == {"cash", "card", "qris"}
    assert set(Payment.objects.values_list("taken_by__username", flat=True)) == {"cashier"}
    assert set(Order.objects.exclude(waiter=None).values_list("waiter__username", flat=True)) == {"waiter"}
    assert set(KitchenOrder.objects.exclude(chef=None).values_list("chef__username", flat=True)) == {"chef"}
    assert KitchenOrder.objects.exclude(recalled_at=None).exists()
    assert CancellationRequest.objects.exclude(decided_at=None).exists()
    assert KitchenOrderItem.objects.filter(course=2, status="ready").exists()
    assert KitchenOrderItem.objects.exclude(allergy_confirmed_by_name="").exists()


def test_rest_is_done_when_an_earlier_evening_left_it(demo: Restaurant) -> None:
    act_out(Evening(read_house(demo), seed="1", per_minute=6), Crew(demo, run="a"), 60)
    left = Order.objects.exclude(status__in=("completed", "cancelled")).count()
    assert left > 5
    evening = Evening(read_house(demo), seed="2", per_minute=0.001)
    crew = Crew(demo, run="b")
    for order in crew.leftovers(seed="2"):
        evening.adopt(order.party, order.status, order.items)

    for _ in range(1500):
        _, act = evening.next_act()
        if isinstance(act, acts.SetAvailable | acts.SetOpen):
            evening.tell(DONE)
            continue
        if not Order.objects.exclude(status__in=("completed", "cancelled")).exists():
            break
        evening.tell(crew.do(act))

    assert Order.objects.exclude(status__in=("completed", "cancelled")).count() == 0


def test_order_is_taken_once_when_the_first_answer_was_lost(demo: Restaurant) -> None:
    evening = Evening(read_house(demo), seed="1", per_minute=6)
    crew = Crew(demo, run="a")
    act: Act = acts.OfOrder(0)
    while not isinstance(act, acts.TakeOrder):
        _, act = evening.next_act()

    outcomes = [crew.do(act), crew.do(act)]

    assert outcomes == [DONE, DONE]
    assert Order.objects.count() == 1


def test_dish_is_had_back_when_the_crew_goes_home(demo: Restaurant) -> None:
    crew = Crew(demo, run="a")
    own, foreign = MenuItem.objects.filter(restaurant=demo)[:2]
    foreign.is_available = False
    foreign.save()
    crew.do(acts.SetAvailable(own.pk, is_available=False))
    crew.do(acts.SetAvailable(foreign.pk, is_available=False))

    crew.go_home()

    available = MenuItem.objects.in_bulk([own.pk, foreign.pk])
    assert available[own.pk].is_available is True
    assert available[foreign.pk].is_available is False


def test_station_is_open_again_when_the_crew_goes_home(demo: Restaurant) -> None:
    crew = Crew(demo, run="a")
    own, foreign = Station.objects.filter(restaurant=demo)[:2]
    foreign.is_active = False
    foreign.save()
    crew.do(acts.SetOpen(own.pk, is_open=False))
    crew.do(acts.SetOpen(foreign.pk, is_open=False))

    crew.go_home()

    is_active = dict(Station.objects.values_list("pk", "is_active"))
    assert is_active[own.pk] is True
    assert is_active[foreign.pk] is False


class Output(io.StringIO):
    """What a command writes to, as Django wraps it."""

    def write(self, msg: str = "", style_func: object = None, ending: str | None = None) -> None:  # type: ignore[override]
        super().write(msg + ("\n" if ending is None else ending))


class StoppingCrew(Crew):
    """Does so many acts, then stops the evening; before one of them the database drops its connection."""

    def begin(self, stop: threading.Event, *, least: int, lose_at: int = -1) -> None:
        self.stop, self.left, self.lose_at = stop, least, lose_at

    def do(self, act: Act) -> Outcome:
        self.left -= 1
        if self.left == self.lose_at:
            drop_connection()
        if self.left <= 0:
            self.stop.set()
        return super().do(act)


def drop_connection() -> None:
    """End this test's connection from the server's side, as a restart of PostgreSQL does."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    with psycopg.connect(database_url(), autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])


def test_evening_goes_on_when_the_database_drops_the_connection(demo: Restaurant) -> None:
    stop, output = threading.Event(), Output()
    crew = StoppingCrew(demo, run="a")
    crew.begin(stop, least=25, lose_at=15)
    report = Report(output)

    play(Evening(read_house(demo), seed="1", per_minute=600), crew, report=report, stop=stop)

    said = output.getvalue().splitlines()
    assert said[0].startswith("The database does not answer, trying again: ")
    assert said[1] == "The database answers again."
    assert report.orders == Order.objects.count() > 0


class QuarrellingCrew(StoppingCrew):
    """Is the victim of one deadlock."""

    def do(self, act: Act) -> Outcome:
        if self.left == self.lose_at:
            self.left -= 1
            with connection.cursor() as cursor:
                cursor.execute("DO $$ BEGIN RAISE 'deadlock detected' USING ERRCODE = '40P01'; END $$")
        return super().do(act)


def test_failure_is_told_and_counted_when_it_is_not_the_database_being_away(demo: Restaurant) -> None:
    stop, output = threading.Event(), Output()
    crew = QuarrellingCrew(demo, run="a")
    crew.begin(stop, least=15, lose_at=15)
    report = Report(output)

    play(Evening(read_house(demo), seed="1", per_minute=600), crew, report=report, stop=stop)

    said = output.getvalue().splitlines()
    assert said[0].startswith("Failed: TakeOrder 1: deadlock detected")
    assert report.faults == 1
    assert Order.objects.filter(external_id__endswith="-1").count() == 1


def test_kitchen_is_as_it_must_be_when_several_act_at_once(demo: Restaurant) -> None:
    stop, output = threading.Event(), Output()
    crew = StoppingCrew(demo, run="a")
    crew.begin(stop, least=250)
    report = Report(output)

    play_together(Evening(read_house(demo), seed="1", per_minute=90), crew, threads=3, report=report, stop=stop)

    assert report.faults == report.refused == 0, output.getvalue()
    assert broken(demo.pk) == []
    assert KitchenOrderItem.objects.filter(status="ready").exists()


def test_evening_goes_on_when_everything_is_off_the_menu(demo: Restaurant) -> None:
    house = read_house(demo)
    for dish in MenuItem.objects.filter(restaurant=demo):
        dish.is_available = False
        dish.save()
    stop, output = threading.Event(), Output()
    crew = StoppingCrew(demo, run="a")
    crew.begin(stop, least=8)
    report = Report(output)

    play(Evening(house, seed="1", per_minute=600), crew, report=report, stop=stop)

    said = output.getvalue().splitlines()
    assert said[0] == "Refused (unavailable): TakeOrder 1: Not everything is available."
    assert report.refused == len(said) >= 7
    assert Order.objects.count() == 0


def test_evening_ends_when_its_minutes_are_over(demo: Restaurant) -> None:
    output = io.StringIO()

    call_command("simulate", orders_per_minute=120, minutes=0.03, seed=7, stdout=output)

    said = output.getvalue().splitlines()
    assert said[0] == "Ember & Salt is open: 120 orders a minute, seed 7. Ctrl-C ends it."
    assert said[1].endswith(" minutes of the kitchen's pass in one.")
    assert said[-2] == "No order was made as it was promised."
    assert said[-1].startswith("Closed. ")


def test_clock_of_the_kitchen_is_everybodys_when_told_so(demo: Restaurant) -> None:
    output = io.StringIO()

    call_command("simulate", orders_per_minute=120, minutes=0.02, seed=7, pace=1.0, stdout=output)

    assert "pass in one" not in output.getvalue()


def test_simulation_fails_when_something_is_not_as_it_must_be(demo: Restaurant) -> None:
    output = io.StringIO()
    station = Station.objects.filter(restaurant=demo).order_by("pk")[0]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE kitchen_station SET load = 7 WHERE id = %s", [station.pk])

    with pytest.raises(CommandError, match=r"^1 things are not as they must be, and 0 acts failed\.$"):
        call_command("simulate", orders_per_minute=0.01, minutes=0.001, seed=7, stdout=output)

    said = output.getvalue().splitlines()
    assert f"Station {station.name} has a load of 7, and 0 items are there." in said


def test_line_says_so_when_there_is_no_such_restaurant(transactional_db: None) -> None:
    with pytest.raises(CommandError, match=r"^There is no restaurant demo: `manage\.py seed_demo` opens one"):
        call_command("simulate", orders_per_minute=5)


def test_line_says_so_when_nothing_is_on_the_menu(transactional_db: None) -> None:
    Restaurant.objects.create(slug="empty", name="Empty", currency="EUR")

    with pytest.raises(CommandError, match=r"^Empty has nothing on its menu that is available\.$"):
        call_command("simulate", orders_per_minute=5, restaurant="empty")


@pytest.mark.parametrize("rate", ["0", "-3", "nan", "inf", "many"])
def test_rate_is_refused_when_it_is_no_number_above_zero(rate: str) -> None:
    with pytest.raises(CommandError, match=f"argument --orders-per-minute: '{rate}' is not a number above 0"):
        call_command("simulate", f"--orders-per-minute={rate}")


@pytest.mark.parametrize("rate", ["30", "400"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_simulation_closes_when_told_to_stop(demo: Restaurant, number: signal.Signals, rate: str) -> None:
    process = subprocess.Popen(
        [sys.executable, str(MANAGE), "simulate", f"--orders-per-minute={rate}", "--seed=1"],
        env={**os.environ, "DATABASE_URL": database_url()},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    opening = process.stdout.readline()

    process.send_signal(number)
    rest, _ = process.communicate(timeout=60)

    assert opening == f"Ember & Salt is open: {rate} orders a minute, seed 1. Ctrl-C ends it.\n"
    assert rest.splitlines()[-1].startswith("Closed. 0:")
    assert process.returncode == 0
