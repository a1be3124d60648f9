"""Two act on the same order at the same moment: one outcome for each order of theirs, and the loser learns of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from kitchen.invariants import broken
from kitchen.models import Station
from kitchen.services.allergies import confirm_allergy
from kitchen.services.cancellations import accept_cancellation, reject_cancellation
from kitchen.services.courses import fire_course
from kitchen.services.priority import set_priority
from kitchen.services.recalls import recall_ticket
from kitchen.services.tickets import ItemMove, acknowledge_ticket, set_ticket_item_statuses, set_ticket_status
from kitchen.states import TicketItemStatus, TicketStatus
from orders.access import actor_of
from orders.actors import Actor
from orders.models import Allergen, CancellationRequest, Order
from orders.services.cancellations import request_cancellation
from orders.services.dishes import AskedItem
from orders.services.items import add_items, change_item, remove_item, set_item_status
from orders.services.orders import create_order, set_order_status, update_order
from orders.services.payments import take_payment
from orders.states import Channel, ItemStatus, OrderStatus, PaymentMethod, Priority, Role
from realtime.models import Event
from tests.contracts import items, lines, stored, ticket_of
from tests.factories import MembershipFactory
from tests.places import Place
from tests.races import first_then, outcome
from tests.streams import at_once, types

# How often two start at the same moment and nobody says who is first.
ROUNDS = 3


@dataclass
class Crew:
    """Who works in a restaurant, and what they do to one order."""

    place: Place
    actors: dict[str, Actor] = field(default_factory=dict)

    def actor(self, name: str) -> Actor:
        roles = {"Ana": Role.KITCHEN, "Bo": Role.KITCHEN, "Wes": Role.WAITER, "Max": Role.MANAGER, "Cy": Role.CASHIER}
        if name not in self.actors:
            membership = MembershipFactory(restaurant=self.place.restaurant, role=roles[name], user__name=name)
            self.actors[name] = actor_of(membership, "api")
        return self.actors[name]

    # What orders begin as ---------------------------------------------------------------------------

    def order(self, *courses: int, allergies: bool = False) -> Order:
        """Confirm an order with a burger in each of the courses."""
        nuts = list(self.place.dish.allergens.values_list("pk", flat=True)) if allergies else []
        order = create_order(
            actor=self.actor("Wes"),
            channel=Channel.DINE_IN,
            items=[AskedItem(self.place.dish.pk, 1, (), "", course) for course in courses],
            table_id=self.place.table.pk,
            allergen_ids=nuts,
        )
        return self.place.confirm(order)

    def ready(self) -> Order:
        order = self.order(1, 1)
        self.bump(order, "Max", 0, 1)
        return order

    def served(self) -> Order:
        order = self.ready()
        self.order_to(order, "Max", OrderStatus.SERVED)
        return order

    def paid(self) -> Order:
        order = self.served()
        self.pay(order, "Max")
        return order

    # What is done to them ---------------------------------------------------------------------------

    def bump(self, order: Order, name: str, *numbers: int) -> None:
        moves = [ItemMove(items(order)[number].pk, TicketItemStatus.READY) for number in numbers]
        set_ticket_item_statuses(ticket_id=ticket_of(order).pk, moves=moves, actor=self.actor(name))

    def ticket_to(self, order: Order, name: str, to: TicketStatus) -> None:
        set_ticket_status(ticket_id=ticket_of(order).pk, to=to, actor=self.actor(name))

    def claim(self, order: Order, name: str) -> None:
        acknowledge_ticket(ticket_id=ticket_of(order).pk, actor=self.actor(name))

    def recall(self, order: Order, name: str) -> None:
        recall_ticket(ticket_id=ticket_of(order).pk, actor=self.actor(name))

    def order_to(self, order: Order, name: str, to: OrderStatus) -> None:
        set_order_status(order_id=order.pk, to=to, actor=self.actor(name))

    def pay(self, order: Order, name: str) -> None:
        take_payment(order_id=order.pk, amount=Decimal("19.00"), method=PaymentMethod.CARD, actor=self.actor(name))

    def add(self, order: Order, name: str) -> None:
        add_items(order_id=order.pk, items=[AskedItem(self.place.dish.pk, 1)], actor=self.actor(name))

    def remove(self, order: Order, name: str, number: int) -> None:
        remove_item(order_id=order.pk, item_id=self.line(order, number), actor=self.actor(name))

    def change(self, order: Order, name: str, number: int) -> None:
        change_item(order_id=order.pk, item_id=self.line(order, number), actor=self.actor(name), quantity=2)

    def serve_line(self, order: Order, name: str, number: int) -> None:
        set_item_status(
            order_id=order.pk, item_id=self.line(order, number), to=ItemStatus.SERVED, actor=self.actor(name)
        )

    def line(self, order: Order, number: int) -> int:
        return items(order)[number].order_item_id

    def fire(self, order: Order, name: str) -> None:
        fire_course(ticket_id=ticket_of(order).pk, course=2, actor=self.actor(name))

    def confirm_allergy(self, order: Order, name: str) -> None:
        item = items(order)[0]
        confirm_allergy(ticket_id=item.ticket_id, item_id=item.pk, actor=self.actor(name))

    def hurry(self, order: Order, name: str, priority: Priority) -> None:
        set_priority(ticket_id=ticket_of(order).pk, priority=priority, actor=self.actor(name))

    def ask_for(self, order: Order, name: str, **changes: Any) -> None:
        update_order(order_id=order.pk, actor=self.actor(name), **changes)

    def accept(self, order: Order, name: str) -> None:
        request = CancellationRequest.objects.get(order=order)
        accept_cancellation(request_id=request.pk, actor=self.actor(name))

    def reject(self, order: Order, name: str) -> None:
        request = CancellationRequest.objects.get(order=order)
        reject_cancellation(request_id=request.pk, reason="Too late", actor=self.actor(name))


@pytest.fixture
def crew(place: Place) -> Crew:
    crew = Crew(place)
    for name in ("Ana", "Bo", "Wes", "Max", "Cy"):
        crew.actor(name)
    nuts = Allergen.objects.get_or_create(restaurant=place.restaurant, name="Nuts")[0]
    place.dish.allergens.add(nuts)
    return crew


Doing = Callable[[Crew, Order], Any]


@dataclass(frozen=True)
class Race:
    """Two acts on an order, and what comes of each and of the order when the one or the other is first."""

    begin: Callable[[Crew], Order]
    names: tuple[str, str]
    acts: tuple[Doing, Doing]
    first_wins: tuple[str, str, Any]
    second_wins: tuple[str, str, Any]
    result: Callable[[Order], Any]

    def run(self, crew: Crew, how: str) -> tuple[str, str, Any]:
        order = self.begin(crew)
        one, other = (partial(act, crew, order) for act in self.acts)
        if how == "first":
            results = first_then(one, other, actor=crew.actor(self.names[0]))
        elif how == "second":
            results = first_then(other, one, actor=crew.actor(self.names[1]))[::-1]
        else:
            results = tuple(at_once([one, other]))
        return (outcome(results[0]), outcome(results[1]), self.result(order))


def statuses(order: Order) -> str:
    """Return how far the order is, its ticket, and each production item."""
    parts = [stored(order).status, ticket_of(order).status, *(item.status for item in items(order))]
    return " ".join(parts)


def lines_and_items(order: Order) -> str:
    return f"{' '.join(line.status for line in lines(order))} / {statuses(order)}"


def asked_to_cancel(crew: Crew) -> Order:
    order = crew.order(1)
    request_cancellation(order_id=order.pk, reason="Left", actor=crew.actor("Wes"))
    crew.ticket_to(order, "Max", TicketStatus.PREPARING)
    return order


def one_left(crew: Crew) -> Order:
    order = crew.order(1, 1)
    crew.bump(order, "Max", 0)
    return order


def first_course_ready(crew: Crew) -> Order:
    order = crew.order(1, 2)
    crew.bump(order, "Max", 0)
    return order


def fired(order: Order) -> Any:
    told = Event.objects.filter(order_id=order.pk, type="kitchen:course_fired").count()
    return ([item.held for item in items(order)], told)


def priorities(order: Order) -> Any:
    return (stored(order).priority, ticket_of(order).priority)


def confirmed_by(order: Order) -> str:
    return items(order)[0].allergy_confirmed_by_name


def chef(order: Order) -> Any:
    return (ticket_of(order).status, ticket_of(order).chef_name)


def paid(order: Order) -> Any:
    return (statuses(order), stored(order).payment_status)


READY = "ready ready ready ready"
RECALLED = "preparing preparing preparing preparing"

RACES = {
    "two bump the same ticket": Race(
        begin=lambda crew: crew.order(1, 1),
        names=("Ana", "Bo"),
        acts=(lambda crew, order: crew.bump(order, "Ana", 0, 1), lambda crew, order: crew.bump(order, "Bo", 0, 1)),
        first_wins=("done", "conflict by Ana", READY),
        second_wins=("conflict by Bo", "done", READY),
        result=statuses,
    ),
    "one bumps the whole ticket and one its items": Race(
        begin=one_left,
        names=("Ana", "Bo"),
        acts=(
            lambda crew, order: crew.ticket_to(order, "Ana", TicketStatus.READY),
            lambda crew, order: crew.bump(order, "Bo", 1),
        ),
        first_wins=("done", "conflict by Ana", READY),
        second_wins=("conflict by Bo", "done", READY),
        result=statuses,
    ),
    "two claim the same ticket": Race(
        begin=lambda crew: crew.order(1),
        names=("Ana", "Bo"),
        acts=(lambda crew, order: crew.claim(order, "Ana"), lambda crew, order: crew.claim(order, "Bo")),
        first_wins=("done", "conflict by Ana", ("acknowledged", "Ana")),
        second_wins=("conflict by Bo", "done", ("acknowledged", "Bo")),
        result=chef,
    ),
    "one claims a ticket that another starts": Race(
        begin=lambda crew: crew.order(1),
        names=("Ana", "Bo"),
        acts=(
            lambda crew, order: crew.claim(order, "Ana"),
            lambda crew, order: crew.ticket_to(order, "Bo", TicketStatus.PREPARING),
        ),
        first_wins=("done", "done", ("preparing", "Ana")),
        second_wins=("invalid_transition by Bo", "done", ("preparing", "Bo")),
        result=chef,
    ),
    "a waiter adds an item as the last one is bumped": Race(
        begin=one_left,
        names=("Wes", "Ana"),
        acts=(lambda crew, order: crew.add(order, "Wes"), lambda crew, order: crew.bump(order, "Ana", 1)),
        first_wins=("done", "done", "preparing preparing ready ready pending"),
        second_wins=("done", "done", "preparing preparing ready ready pending"),
        result=statuses,
    ),
    "a waiter removes the last open item as it is bumped": Race(
        begin=one_left,
        names=("Wes", "Ana"),
        acts=(lambda crew, order: crew.remove(order, "Wes", 1), lambda crew, order: crew.bump(order, "Ana", 1)),
        first_wins=("done", "invalid_transition by Wes", "ready / ready ready ready cancelled"),
        second_wins=("done", "done", "ready cancelled / ready ready ready ready"),
        result=lines_and_items,
    ),
    "a waiter changes an item as it is bumped": Race(
        begin=one_left,
        names=("Wes", "Ana"),
        acts=(lambda crew, order: crew.change(order, "Wes", 1), lambda crew, order: crew.bump(order, "Ana", 1)),
        first_wins=("done", "done", [1, 2]),
        second_wins=("not_editable by Ana", "done", [1, 1]),
        result=lambda order: [item.quantity for item in items(order)],
    ),
    "a cancellation is accepted as the ticket becomes ready": Race(
        begin=asked_to_cancel,
        names=("Ana", "Bo"),
        acts=(
            lambda crew, order: crew.accept(order, "Ana"),
            lambda crew, order: crew.ticket_to(order, "Bo", TicketStatus.READY),
        ),
        first_wins=("done", "invalid_transition by Ana", "cancelled cancelled cancelled"),
        second_wins=("done", "done", "cancelled cancelled ready"),
        result=statuses,
    ),
    "a cancellation is accepted as the last item is bumped": Race(
        begin=asked_to_cancel,
        names=("Ana", "Bo"),
        acts=(lambda crew, order: crew.accept(order, "Ana"), lambda crew, order: crew.bump(order, "Bo", 0)),
        first_wins=("done", "invalid_transition by Ana", "cancelled cancelled cancelled"),
        second_wins=("done", "done", "cancelled cancelled ready"),
        result=statuses,
    ),
    "a cancellation is rejected as the order is served": Race(
        begin=lambda crew: _asked(crew, crew.ready()),
        names=("Ana", "Wes"),
        acts=(
            lambda crew, order: crew.reject(order, "Ana"),
            lambda crew, order: crew.order_to(order, "Wes", OrderStatus.SERVED),
        ),
        first_wins=("done", "done", "served completed ready ready"),
        second_wins=("conflict by Wes", "done", "served completed ready ready"),
        result=statuses,
    ),
    "a ticket is recalled as the waiter serves": Race(
        begin=Crew.ready,
        names=("Ana", "Wes"),
        acts=(
            lambda crew, order: crew.recall(order, "Ana"),
            lambda crew, order: crew.order_to(order, "Wes", OrderStatus.SERVED),
        ),
        first_wins=("done", "invalid_transition by Ana", RECALLED),
        second_wins=("done", "done", RECALLED),
        result=statuses,
    ),
    "a ticket is recalled as the waiter serves a line": Race(
        begin=Crew.ready,
        names=("Ana", "Wes"),
        acts=(lambda crew, order: crew.recall(order, "Ana"), lambda crew, order: crew.serve_line(order, "Wes", 0)),
        first_wins=("done", "invalid_transition by Ana", f"preparing preparing / {RECALLED}"),
        second_wins=("done", "done", f"preparing preparing / {RECALLED}"),
        result=lines_and_items,
    ),
    "a ticket is recalled as the order is paid": Race(
        begin=Crew.served,
        names=("Ana", "Cy"),
        acts=(lambda crew, order: crew.recall(order, "Ana"), lambda crew, order: crew.pay(order, "Cy")),
        first_wins=("done", "done", (RECALLED, "paid")),
        second_wins=("done", "done", (RECALLED, "paid")),
        result=paid,
    ),
    "a ticket is recalled as the order is closed": Race(
        begin=Crew.paid,
        names=("Ana", "Cy"),
        acts=(
            lambda crew, order: crew.recall(order, "Ana"),
            lambda crew, order: crew.order_to(order, "Cy", OrderStatus.COMPLETED),
        ),
        first_wins=("done", "invalid_transition by Ana", RECALLED),
        second_wins=("invalid_transition by Cy", "done", "completed completed ready ready"),
        result=statuses,
    ),
    "two recall the same ticket": Race(
        begin=Crew.ready,
        names=("Ana", "Bo"),
        acts=(lambda crew, order: crew.recall(order, "Ana"), lambda crew, order: crew.recall(order, "Bo")),
        first_wins=("done", "invalid_transition by Ana", RECALLED),
        second_wins=("invalid_transition by Bo", "done", RECALLED),
        result=statuses,
    ),
    "a course is fired as the one before is served": Race(
        begin=first_course_ready,
        names=("Ana", "Wes"),
        acts=(lambda crew, order: crew.fire(order, "Ana"), lambda crew, order: crew.serve_line(order, "Wes", 0)),
        first_wins=("done", "done", ([False, False], 1)),
        second_wins=("done", "done", ([False, False], 1)),
        result=fired,
    ),
    "a manager changes the priority as the waiter does": Race(
        begin=lambda crew: crew.order(1),
        names=("Max", "Wes"),
        acts=(
            lambda crew, order: crew.hurry(order, "Max", Priority.EXPRESS),
            lambda crew, order: crew.ask_for(order, "Wes", priority=Priority.VIP),
        ),
        first_wins=("done", "done", ("vip", "vip")),
        second_wins=("done", "done", ("vip", "express")),
        result=priorities,
    ),
    "two confirm the same allergy": Race(
        begin=lambda crew: crew.order(1, allergies=True),
        names=("Ana", "Bo"),
        acts=(
            lambda crew, order: crew.confirm_allergy(order, "Ana"),
            lambda crew, order: crew.confirm_allergy(order, "Bo"),
        ),
        first_wins=("done", "conflict by Ana", "Ana"),
        second_wins=("conflict by Bo", "done", "Bo"),
        result=confirmed_by,
    ),
    "an allergy is confirmed as the guest is said to have none": Race(
        begin=lambda crew: crew.order(1, allergies=True),
        names=("Ana", "Wes"),
        acts=(
            lambda crew, order: crew.confirm_allergy(order, "Ana"),
            lambda crew, order: crew.ask_for(order, "Wes", allergen_ids=[]),
        ),
        first_wins=("done", "done", ""),
        second_wins=("not_editable by None", "done", ""),
        result=confirmed_by,
    ),
}


def _asked(crew: Crew, order: Order) -> Order:
    request_cancellation(order_id=order.pk, reason="Left", actor=crew.actor("Wes"))
    return order


@pytest.mark.parametrize("name", RACES)
@pytest.mark.parametrize("how", ["first", "second"])
def test_loser_learns_of_the_winner_when_one_waits_for_the_other(crew: Crew, name: str, how: str) -> None:
    race = RACES[name]

    result = race.run(crew, how)

    assert result == (race.first_wins if how == "first" else race.second_wins)
    check(crew)


@pytest.mark.parametrize("name", RACES)
def test_one_of_two_outcomes_holds_when_both_start_at_the_same_moment(crew: Crew, name: str) -> None:
    race = RACES[name]

    results = [race.run(crew, "at once") for _ in range(ROUNDS)]

    assert [result for result in results if result not in (race.first_wins, race.second_wins)] == []
    check(crew)


def check(crew: Crew) -> None:
    """Look whether all that must hold does, and every event is there once and in its place."""
    restaurant = crew.place.restaurant
    numbers = list(Event.objects.filter(restaurant=restaurant).order_by("seq").values_list("seq", flat=True))
    assert broken(restaurant.pk) == []
    assert numbers == list(range(1, len(numbers) + 1))


def test_nothing_is_lost_when_a_whole_crew_works_on_one_order(crew: Crew) -> None:
    order = crew.order(1, 1, 2)
    acts: list[Doing] = [
        lambda crew, order: crew.bump(order, "Ana", 0),
        lambda crew, order: crew.bump(order, "Bo", 0, 1),
        lambda crew, order: crew.add(order, "Wes"),
        lambda crew, order: crew.fire(order, "Ana"),
        lambda crew, order: crew.remove(order, "Wes", 1),
        lambda crew, order: crew.hurry(order, "Max", Priority.EXPRESS),
        lambda crew, order: crew.ask_for(order, "Wes", notes="Hurry", priority=Priority.VIP),
        lambda crew, order: crew.recall(order, "Bo"),
    ]

    results = at_once([partial(act, crew, order) for act in acts])

    assert {outcome(result).split()[0] for result in results} <= {"done", "conflict", "invalid_transition"}
    assert types(crew.place.restaurant).count("kitchen:course_fired") == 1
    assert Station.objects.get().load == sum(item.status in ("pending", "preparing") for item in items(order))
    check(crew)
