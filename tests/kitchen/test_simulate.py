"""A simulated evening: the same by the same seed, believable, and not to be stopped by a refusal or a lost database."""

from __future__ import annotations

import io
import itertools
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
from kitchen.demo.acting import Crew, read_house
from kitchen.demo.acts import DONE, Act, Outcome
from kitchen.demo.evening import HANDS, Evening
from kitchen.demo.guests import House, Offer, arrivals, parties
from kitchen.demo.opening import open_planned
from kitchen.demo.restaurants import DEMO
from kitchen.demo.running import Report, play
from kitchen.models import KitchenOrder
from orders.actors import SYSTEM
from orders.models import MenuItem, Order, Payment, Restaurant
from orders.states import OrderStatus, Priority
from tests.live import database_url

MANAGE = Path(__file__).parents[2] / "manage.py"
HOUSE = House(
    offers=[Offer(1, 12, frozenset({7}), [(1, 1, (31, 32))]), Offer(2, 9), Offer(3, 3), Offer(4, 2)],
    tables=[(11, 2), (12, 4)],
    allergen_ids=[7],
)


def acts_of(evening: Evening, count: int) -> list[tuple[float, Act]]:
    """Play an evening in which everything succeeds and each ticket has two items."""
    played = []
    for _ in range(count):
        due, act = evening.next_act()
        played.append((due, act))
        evening.tell(Outcome(minutes=(4, 9)) if isinstance(act, acts.Confirm | acts.AddItems) else DONE)
    return played


def words_of(played: list[tuple[float, Act]]) -> list[str]:
    return [f"{due:.6f} {act!r}" for due, act in played]


def test_evening_is_the_same_when_the_seed_is() -> None:
    first = acts_of(Evening(HOUSE, seed="8", per_minute=20), 3000)
    second = acts_of(Evening(HOUSE, seed="8", per_minute=20), 3000)

    assert words_of(first) == words_of(second)


def test_evening_is_another_when_the_seed_is() -> None:
    first = acts_of(Evening(HOUSE, seed="8", per_minute=20), 50)
    second = acts_of(Evening(HOUSE, seed="9", per_minute=20), 50)

    assert words_of(first) != words_of(second)


def test_acts_come_in_the_order_of_time_when_played() -> None:
    moments = [due for due, _ in acts_of(Evening(HOUSE, seed="1", per_minute=600), 3000)]

    assert moments == sorted(moments)


def test_everything_happens_to_somebody_when_an_evening_is_long() -> None:
    kinds = {type(act) for _, act in acts_of(Evening(HOUSE, seed="1", per_minute=2), 5000)}

    assert kinds == {
        acts.TakeOrder,
        acts.Confirm,
        acts.Cancel,
        acts.AddItems,
        acts.WriteNotes,
        acts.Acknowledge,
        acts.StartItems,
        acts.FinishItem,
        acts.BumpTicket,
        acts.ServeItem,
        acts.HandOver,
        acts.Deliver,
        acts.Complete,
        acts.SetAvailable,
    }


def test_parties_come_at_the_rate_when_counted_over_an_hour() -> None:
    moments = list(itertools.takewhile(lambda moment: moment < 3600, arrivals(seed="4", per_minute=10)))

    # Poisson: the standard deviation is the root of the mean, about 25.
    assert 500 < len(moments) < 700


def test_parties_come_in_waves_when_counted_by_the_half_minute() -> None:
    moments = itertools.takewhile(lambda moment: moment < 3600, arrivals(seed="4", per_minute=60))
    by_half_minute = Counter(int(moment // 30) for moment in moments)

    assert max(by_half_minute.values()) > 2 * min(by_half_minute.values())


def test_nobody_is_served_what_makes_them_ill_when_allergic() -> None:
    played = acts_of(Evening(HOUSE, seed="2", per_minute=30), 4000)

    allergic = [act for _, act in played if isinstance(act, acts.TakeOrder) and act.party.allergen_ids]
    assert len(allergic) > 10
    assert all(wish.dish_id != 1 for act in allergic for wish in act.wishes)


def test_no_more_tickets_are_in_work_than_there_are_hands_when_it_is_busy() -> None:
    busy: set[int] = set()
    most = 0
    for _, act in acts_of(Evening(HOUSE, seed="3", per_minute=12), 6000):
        if isinstance(act, acts.StartItems):
            busy.add(act.number)
        elif isinstance(act, acts.HandOver | acts.Cancel):
            busy.discard(act.number)
        most = max(most, len(busy))

    # Those that are made and wait for the waiter are in nobody's hands.
    assert HANDS // 2 < most < HANDS * 3


def test_vip_is_cooked_first_when_others_have_waited_longer() -> None:
    evening = Evening(HOUSE, seed="3", per_minute=0.001, hands=1)
    waiting = list(itertools.islice(parties(HOUSE, seed="12", per_minute=1), 3))
    for party, priority in zip(waiting, (Priority.NORMAL, Priority.NORMAL, Priority.VIP), strict=True):
        party.priority = priority
        evening.adopt(party, OrderStatus.PREPARING, (5,))

    begun = [act.number for _, act in acts_of(evening, 12) if isinstance(act, acts.StartItems)]

    assert begun == [waiting[0].number, waiting[2].number, waiting[1].number]


def test_guest_asks_for_something_else_when_a_dish_is_gone() -> None:
    evening = Evening(HOUSE, seed="5", per_minute=5)
    act: Act = acts.OfOrder(0)
    while not isinstance(act, acts.TakeOrder):
        _, act = evening.next_act()
    gone = act.wishes[0].dish_id
    evening.tell(Outcome("unavailable", sold_out=frozenset({gone})))

    _, again = evening.next_act()

    assert isinstance(again, acts.TakeOrder)
    assert again.party is act.party
    assert gone not in {wish.dish_id for wish in again.wishes}


def test_dish_comes_in_again_when_it_ran_out() -> None:
    evening = Evening(HOUSE, seed="5", per_minute=5)
    act: Act = acts.OfOrder(0)
    while not isinstance(act, acts.TakeOrder):
        _, act = evening.next_act()
    evening.tell(Outcome("out_of_stock", sold_out=frozenset({3})))

    restocked = [act.number for _, act in acts_of(evening, 400) if isinstance(act, acts.Restock)]

    assert restocked == [3]


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
    refusals = act_out(Evening(read_house(demo), seed="1", per_minute=4), Crew(demo, run="a"), 400)

    assert set(refusals) <= {"", "out_of_stock", "unavailable"}
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


def test_rest_is_done_when_an_earlier_evening_left_it(demo: Restaurant) -> None:
    act_out(Evening(read_house(demo), seed="1", per_minute=6), Crew(demo, run="a"), 60)
    left = Order.objects.exclude(status__in=("completed", "cancelled")).count()
    assert left > 5
    evening = Evening(read_house(demo), seed="2", per_minute=0.001)
    crew = Crew(demo, run="b")
    for order in crew.leftovers(seed="2"):
        evening.adopt(order.party, order.status, order.minutes)

    for _ in range(400):
        _, act = evening.next_act()
        if isinstance(act, acts.SetAvailable):
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
    assert said[-1].startswith("Closed. ")


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
