"""What the kitchen does, and what the floor asks of it: any of it, in any order, also what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from kitchen.models import KitchenOrder, KitchenOrderItem, Station
from kitchen.services.allergies import confirm_allergy
from kitchen.services.courses import fire_course
from kitchen.services.moving import move_to_station
from kitchen.services.priority import set_priority
from kitchen.services.recalls import recall_ticket
from kitchen.services.stations import change_station, create_station, delete_station
from kitchen.services.tickets import ItemMove, acknowledge_ticket, set_ticket_item_statuses, set_ticket_status
from kitchen.states import TicketItemStatus, TicketStatus
from orders.actors import Actor
from orders.errors import DomainError
from orders.models import Allergen, MenuItem, Order
from orders.services.items import change_item
from orders.services.orders import update_order
from orders.states import Priority, Role
from tests.cookery import ingredient, recipe
from tests.places import Place

picks = st.integers(min_value=0, max_value=30)


def furnish(place: Place) -> list[MenuItem]:
    """Have the burger made in two steps, one of them at either of two stations; fries are made without a recipe."""
    fry, plate = (Station.objects.create(restaurant=place.restaurant, name=name) for name in ("Fry", "Pass"))
    beef = ingredient(place.restaurant, "Beef", on_hand="0.500")
    bun = ingredient(place.restaurant, "Bun", unit="piece", allergen="Gluten")
    steps = {"Grill": (6, [place.station, fry]), "Plate": (2, [plate])}
    recipe(place.dish, steps, {beef: ("180", "g"), bun: ("1", "piece")})
    side = MenuItem.objects.create(
        restaurant=place.restaurant, name="Fries", price="4.00", category=place.dish.category, station=fry
    )
    return [place.dish, side]


class Kitchen(RuleBasedStateMachine):
    """Cooks do whatever they like."""

    place: Place
    boss: Actor

    def attempt(self, service: Callable[..., Any], **arguments: Any) -> Any:
        try:
            return service(**{"actor": self.boss, **arguments})
        except DomainError:
            return None

    def pick(self, number: int) -> Order | None:
        orders = list(Order.objects.filter(restaurant=self.place.restaurant).order_by("id"))
        return orders[number % len(orders)] if orders else None

    def pick_ticket(self, number: int) -> KitchenOrder | None:
        tickets = list(KitchenOrder.objects.filter(restaurant=self.place.restaurant).order_by("id"))
        return tickets[number % len(tickets)] if tickets else None

    def pick_item(self, number: int) -> KitchenOrderItem | None:
        items = list(KitchenOrderItem.objects.filter(ticket__restaurant=self.place.restaurant).order_by("id"))
        return items[number % len(items)] if items else None

    def pick_station(self, number: int) -> Station:
        stations = list(Station.objects.filter(restaurant=self.place.restaurant).order_by("id"))
        return stations[number % len(stations)]

    @rule(number=picks, to=st.sampled_from(list(TicketStatus)))
    def move_ticket(self, number: int, to: TicketStatus) -> None:
        if ticket := self.pick_ticket(number):
            self.attempt(set_ticket_status, ticket_id=ticket.pk, to=to, reason="because")

    @rule(number=picks, item=picks, to=st.sampled_from(list(TicketItemStatus)), whole=st.booleans())
    def move_ticket_items(self, number: int, item: int, to: TicketItemStatus, whole: bool) -> None:
        if ticket := self.pick_ticket(number):
            items = list(ticket.items.order_by("id"))
            chosen = items if whole else [items[item % len(items)]]
            moves = [ItemMove(row.pk, to) for row in chosen]
            self.attempt(set_ticket_item_statuses, ticket_id=ticket.pk, moves=moves)

    @rule(number=picks)
    def bump(self, number: int) -> None:
        """See a ticket through as a cook does: fired, confirmed, made, whatever it takes."""
        ticket = self.pick_ticket(number)
        if ticket is None:
            return
        for course in sorted({item.course for item in ticket.items.all()}):
            self.attempt(fire_course, ticket_id=ticket.pk, course=course)
        left = list(ticket.items.filter(status__in=("pending", "preparing")).order_by("id"))
        for item in left:
            self.attempt(confirm_allergy, ticket_id=ticket.pk, item_id=item.pk, name="Eve")
        moves = [ItemMove(item.pk, TicketItemStatus.READY) for item in left]
        self.attempt(set_ticket_item_statuses, ticket_id=ticket.pk, moves=moves)

    @rule(number=picks, role=st.sampled_from([Role.KITCHEN, Role.MANAGER]))
    def claim(self, number: int, role: Role) -> None:
        if ticket := self.pick_ticket(number):
            self.attempt(acknowledge_ticket, ticket_id=ticket.pk, actor=self.place.actor_of(role))

    @rule(number=picks, step=st.integers(0, 2), to=st.sampled_from(["preparing", "ready"]))
    def finish_step(self, number: int, step: int, to: str) -> None:
        if item := self.pick_item(number):
            moves = [ItemMove(item.pk, TicketItemStatus(to), step)]
            self.attempt(set_ticket_item_statuses, ticket_id=item.ticket_id, moves=moves)

    @rule(number=picks, reason=st.sampled_from(["", "too rare"]))
    def recall(self, number: int, reason: str) -> None:
        if ticket := self.pick_ticket(number):
            self.attempt(recall_ticket, ticket_id=ticket.pk, reason=reason)

    @rule(number=picks, course=st.integers(1, 4))
    def fire(self, number: int, course: int) -> None:
        if ticket := self.pick_ticket(number):
            self.attempt(fire_course, ticket_id=ticket.pk, course=course)

    @rule(number=picks, name=st.sampled_from(["Eve", "Mallory"]))
    def confirm_safe(self, number: int, name: str) -> None:
        if item := self.pick_item(number):
            self.attempt(confirm_allergy, ticket_id=item.ticket_id, item_id=item.pk, name=name)

    @rule(number=picks, station=picks)
    def move_work(self, number: int, station: int) -> None:
        if item := self.pick_item(number):
            place = self.pick_station(station)
            self.attempt(move_to_station, ticket_id=item.ticket_id, item_id=item.pk, station_id=place.pk)

    @rule(station=picks, is_active=st.booleans())
    def close_station(self, station: int, is_active: bool) -> None:
        self.attempt(change_station, station_id=self.pick_station(station).pk, is_active=is_active)

    @rule(name=st.sampled_from(["Bar", "Pastry"]), capacity=st.integers(1, 9))
    def set_up_station(self, name: str, capacity: int) -> None:
        self.attempt(create_station, name=name, capacity=capacity)

    @rule(station=picks)
    def take_out_station(self, station: int) -> None:
        self.attempt(delete_station, station_id=self.pick_station(station).pk)

    @rule(number=picks, priority=st.sampled_from(list(Priority)))
    def prioritise(self, number: int, priority: Priority) -> None:
        if ticket := self.pick_ticket(number):
            self.attempt(set_priority, ticket_id=ticket.pk, priority=priority)

    @rule(number=picks, is_allergic=st.booleans())
    def name_allergies(self, number: int, is_allergic: bool) -> None:
        if order := self.pick(number):
            known = Allergen.objects.filter(restaurant=self.place.restaurant).values_list("pk", flat=True)
            self.attempt(update_order, order_id=order.pk, allergen_ids=list(known) if is_allergic else [])

    @rule(number=picks, item=picks, course=st.integers(1, 3))
    def move_to_course(self, number: int, item: int, course: int) -> None:
        if (order := self.pick(number)) and (rows := list(order.items.order_by("id"))):
            self.attempt(change_item, order_id=order.pk, item_id=rows[item % len(rows)].pk, course=course)
