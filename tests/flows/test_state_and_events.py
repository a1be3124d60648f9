"""State + events = fresh state: who took a snapshot and applied what came after holds what a new snapshot says."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from kitchen.models import KitchenOrder, Station
from kitchen.services.tickets import ItemMove, set_ticket_item_statuses, set_ticket_status
from kitchen.states import TicketItemStatus, TicketStatus
from orders.errors import DomainError
from orders.models import MenuItem, Order, Restaurant, Table
from orders.redaction import guest_view
from orders.services.customers import AskedCustomer
from orders.services.dishes import AskedItem
from orders.services.items import add_items, change_item, remove_item, set_item_status
from orders.services.orders import create_order, delete_order, set_order_status, update_order
from orders.shapes import OrderShape
from orders.states import Channel, ItemStatus, OrderStatus, Priority, Role
from realtime.audiences import Audience
from realtime.rooms import audience_in
from realtime.snapshots import room_snapshot, room_snapshots
from realtime.stream import read_events
from tests.places import Place, open_place
from tests.reducers import apply_to_display, apply_to_kitchen, apply_to_orders, by_id

numbers = itertools.count(1)
picks = st.integers(min_value=0, max_value=30)


class Mirror:
    """A client in one room: a snapshot once, from then on events alone."""

    def __init__(self, restaurant_id: int, room: str, *, is_staff: bool = True) -> None:
        self.restaurant_id = restaurant_id
        self.room = room
        self.audience = audience_in(room, is_staff=is_staff)
        self.epoch, self.seq, snapshot = room_snapshot(restaurant_id, room, is_staff=is_staff)
        self.state = self.keyed(snapshot)

    def keyed(self, snapshot: dict[str, Any]) -> dict[str, Any]:
        if self.room.startswith(("kitchen", "station:")):
            return {name: by_id(rows) for name, rows in snapshot.items()}
        if self.room == "display":
            return {"rows": {row["order_id"]: row for rows in snapshot.values() for row in rows}}
        return {"orders": by_id(snapshot["orders"])}

    def follow(self) -> None:
        for event in read_events(self.restaurant_id, self.epoch, after=self.seq, rooms=[self.room]):
            frame = json.loads(event.frame(self.audience).text)
            if self.room.startswith(("kitchen", "station:")):
                apply_to_kitchen(self.state["orders"], self.state["stations"], frame)
            elif self.room == "display":
                apply_to_display(self.state["rows"], frame)
            else:
                apply_to_orders(self.state["orders"], frame)
            self.seq = event.seq

    def check(self, fresh: dict[str, Any]) -> None:
        self.follow()
        assert self.state == self.keyed(fresh), self.room


class Dinner(RuleBasedStateMachine):
    """Staff do whatever they like, also what is refused."""

    place: Place

    @initialize(auto_confirm=st.booleans())
    def open(self, auto_confirm: bool) -> None:
        self.place = open_place(f"place-{next(numbers)}")
        Restaurant.objects.filter(pk=self.place.restaurant.pk).update(
            auto_confirm=auto_confirm, tax_rate=Decimal("0.10"), service_rate=Decimal("0.05")
        )
        self.tables = [self.place.table, Table.objects.create(restaurant=self.place.restaurant, name="8")]
        self.waiter = self.place.actor_of(Role.WAITER)
        self.boss = self.place.actor
        stock = MenuItem.objects.get(pk=self.place.dish.pk)
        stock.stock = 25
        stock.save()
        side = MenuItem.objects.create(
            restaurant=self.place.restaurant,
            name="Fries",
            price="4.00",
            category=self.place.dish.category,
            station=Station.objects.create(restaurant=self.place.restaurant, name="Fry"),
        )
        self.dishes = [self.place.dish.pk, side.pk]
        stations = [
            f"station:{pk}"
            for pk in Station.objects.filter(restaurant=self.place.restaurant)
            .order_by("pk")
            .values_list("pk", flat=True)
        ]
        rooms = [*stations, "kitchen", "orders", "waiters", "display", *(f"table:{table.pk}" for table in self.tables)]
        self.mirrors = [Mirror(self.place.restaurant.pk, room) for room in rooms]

    def attempt(self, service: Callable[..., Any], **arguments: Any) -> None:
        try:
            service(actor=self.boss, **arguments)
        except DomainError:
            return

    def pick(self, number: int) -> Order | None:
        orders = list(Order.objects.filter(restaurant=self.place.restaurant).order_by("id"))
        return orders[number % len(orders)] if orders else None

    def pick_ticket(self, number: int) -> KitchenOrder | None:
        tickets = list(KitchenOrder.objects.filter(restaurant=self.place.restaurant).order_by("id"))
        return tickets[number % len(tickets)] if tickets else None

    @rule(
        quantities=st.lists(st.integers(1, 4), min_size=1, max_size=3),
        channel=st.sampled_from(list(Channel)),
        table=st.integers(0, 2),
        draft=st.booleans(),
        named=st.booleans(),
    )
    def order(self, quantities: list[int], channel: Channel, table: int, draft: bool, named: bool) -> None:
        self.attempt(
            create_order,
            channel=channel,
            items=[AskedItem(self.dishes[quantity % 2], quantity) for quantity in quantities],
            table_id=self.tables[table].pk if table < 2 and channel == Channel.DINE_IN else None,
            draft=draft,
            customer=AskedCustomer(name="Ada Lovelace", phone="1") if named else None,
        )

    @rule(number=picks, to=st.sampled_from(list(OrderStatus)))
    def move_order(self, number: int, to: OrderStatus) -> None:
        if order := self.pick(number):
            self.attempt(set_order_status, order_id=order.pk, to=to, reason="because")

    @rule(number=picks)
    def step_order(self, number: int) -> None:
        if order := self.pick(number):
            steps = {"draft": "pending", "pending": "confirmed", "confirmed": "preparing", "preparing": "ready"}
            to = OrderStatus(steps.get(order.status, "served"))
            self.attempt(set_order_status, order_id=order.pk, to=to)

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

    @rule(number=picks, quantities=st.lists(st.integers(1, 3), min_size=1, max_size=2))
    def add(self, number: int, quantities: list[int]) -> None:
        if order := self.pick(number):
            asked = [AskedItem(self.dishes[quantity % 2], quantity) for quantity in quantities]
            self.attempt(add_items, order_id=order.pk, items=asked)

    @rule(number=picks, item=picks, quantity=st.integers(1, 5), note=st.sampled_from(["", "no salt"]))
    def change(self, number: int, item: int, quantity: int, note: str) -> None:
        if (order := self.pick(number)) and (rows := list(order.items.order_by("id"))):
            row = rows[item % len(rows)]
            self.attempt(change_item, order_id=order.pk, item_id=row.pk, quantity=quantity, special_instructions=note)

    @rule(number=picks, item=picks)
    def remove(self, number: int, item: int) -> None:
        if (order := self.pick(number)) and (rows := list(order.items.order_by("id"))):
            self.attempt(remove_item, order_id=order.pk, item_id=rows[item % len(rows)].pk, reason="dropped")

    @rule(number=picks, item=picks, to=st.sampled_from(list(ItemStatus)))
    def move_item(self, number: int, item: int, to: ItemStatus) -> None:
        if (order := self.pick(number)) and (rows := list(order.items.order_by("id"))):
            self.attempt(set_item_status, order_id=order.pk, item_id=rows[item % len(rows)].pk, to=to)

    @rule(
        number=picks,
        notes=st.sampled_from(["", "birthday", "in a hurry"]),
        priority=st.sampled_from(list(Priority)),
        discount=st.sampled_from(["0", "1.50"]),
        table=st.integers(0, 2),
    )
    def update(self, number: int, notes: str, priority: Priority, discount: str, table: int) -> None:
        if order := self.pick(number):
            moved = {"table_id": self.tables[table].pk if table < 2 else None} if order.channel == "dine_in" else {}
            self.attempt(
                update_order,
                order_id=order.pk,
                notes=notes,
                priority=priority,
                discount_amount=Decimal(discount),
                **moved,
            )

    @rule(number=picks)
    def delete(self, number: int) -> None:
        if order := self.pick(number):
            self.attempt(delete_order, order_id=order.pk, reason="mistake")

    @invariant()
    def every_screen_holds_the_fresh_state(self) -> None:
        _, _, fresh = room_snapshots(self.place.restaurant.pk, [mirror.room for mirror in self.mirrors])
        for mirror in self.mirrors:
            mirror.check(fresh[mirror.room])


def test_screens_hold_the_fresh_state_whatever_staff_do(transactional_db: None) -> None:
    run_state_machine_as_test(
        Dinner,
        settings=settings(
            max_examples=25,
            stateful_step_count=25,
            deadline=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_guest_state_holds_no_more_than_the_guest_may_know(transactional_db: None) -> None:
    place = open_place("grillhaus")
    order = place.order(customer=AskedCustomer(name="Ada Lovelace", phone="1"))

    _, _, snapshot = room_snapshot(place.restaurant.pk, f"table:{place.table.pk}")

    staff = room_snapshot(place.restaurant.pk, "orders")[2]["orders"][0]
    assert staff["customer_name"] == "Ada Lovelace"
    assert snapshot["orders"] == [guest_view(OrderShape, staff)]
    assert audience_in(f"table:{place.table.pk}", is_staff=True) is Audience.GUEST
    assert snapshot["orders"][0]["id"] == order.pk
    assert "Lovelace" not in json.dumps(snapshot)
