"""The states of orders and tickets against the tables of the specification, written down here once more."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import QuerySet
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from kitchen.models import KitchenOrder, KitchenOrderItem, Station
from kitchen.services.tickets import ItemMove, set_ticket_item_statuses, set_ticket_status
from kitchen.states import TicketItemStatus, TicketStatus
from orders.actors import Actor
from orders.errors import Conflict, DomainError, InvalidTransition, NotAllowed, NotEditable, NotPaid, OutOfStock
from orders.models import MenuItem, Order, OrderItem
from orders.services.dishes import AskedItem
from orders.services.items import add_items, change_item, remove_item, set_item_status, void_item
from orders.services.orders import create_order, delete_order, set_order_status
from orders.states import Channel, ItemStatus, OrderStatus, Role, may_set, next_item_statuses, next_statuses
from tests.places import Place, open_place
from tests.streams import head

# domain.md, "Order": what comes after what, where d stands for the way that the channel is handed over.
STEPS = {
    "draft": ["pending", "cancelled"],
    "pending": ["confirmed", "cancelled"],
    "confirmed": ["preparing", "cancelled"],
    "preparing": ["ready", "cancelled"],
    "ready": ["handed over", "cancelled"],
    "served": ["completed"],
    "delivering": ["delivered"],
    "delivered": ["completed"],
    "completed": [],
    "cancelled": [],
}
HANDED_OVER = {"dine_in": "served", "takeaway": "served", "delivery": "delivering", "online": "delivering"}
# domain.md, "who may set it through the API".
SETTERS = {
    "pending": {"waiter", "manager"},
    "confirmed": {"waiter", "manager"},
    "preparing": {"waiter", "kitchen", "manager"},
    "ready": {"waiter", "kitchen", "manager"},
    "served": {"waiter", "manager"},
    "delivering": {"waiter", "manager"},
    "delivered": {"waiter", "manager"},
    "completed": {"waiter", "cashier", "manager"},
}
EARLY = ("draft", "pending")
ITEM_STEPS = {
    "pending": ["preparing", "cancelled"],
    "preparing": ["ready", "cancelled"],
    "ready": ["served", "cancelled"],
    "served": [],
    "cancelled": [],
}
TICKET_STEPS = {
    "pending": ["acknowledged", "preparing", "cancelled"],
    "acknowledged": ["preparing", "cancelled"],
    "preparing": ["ready", "cancelled"],
    "ready": ["completed", "cancelled"],
    "completed": [],
    "cancelled": [],
}
TICKET_ITEM_STEPS = {
    "pending": ["preparing", "ready", "cancelled"],
    "preparing": ["ready", "cancelled"],
    "ready": [],
    "cancelled": [],
}


def steps_from(status: str, channel: str) -> list[str]:
    return [HANDED_OVER[channel] if step == "handed over" else step for step in STEPS[status]]


def setters(status: str, to: str) -> set[str]:
    if to == "cancelled":
        return {"waiter", "cashier", "manager"} if status in EARLY else {"manager"}
    return SETTERS[to]


@pytest.mark.parametrize("channel", Channel.values)
@pytest.mark.parametrize("status", OrderStatus.values)
def test_next_statuses_are_those_of_the_table_when_asked(status: str, channel: str) -> None:
    assert [str(step) for step in next_statuses(status, channel)] == steps_from(status, channel)


@pytest.mark.parametrize("status", OrderStatus.values)
@pytest.mark.parametrize("to", [status for status in OrderStatus.values if status != "draft"])
def test_roles_are_those_of_the_table_when_asked(status: str, to: str) -> None:
    assert {str(role) for role in may_set(status, to)} == setters(status, to)


@pytest.mark.parametrize("status", ItemStatus.values)
def test_next_item_statuses_are_those_of_the_table_when_asked(status: str) -> None:
    assert [str(step) for step in next_item_statuses(status)] == ITEM_STEPS[status]


# A restaurant at work, and what it must be at every moment ----------------------------------------


@dataclass
class Line:
    """A line as it must be; ``made`` is its production item, None while the kitchen has not got it."""

    dish: int
    quantity: int
    status: str = "pending"
    made: str | None = None


@dataclass
class Expected:
    """An order and its ticket as they must be."""

    pk: int
    channel: str
    status: str
    ticket: str | None = None
    lines: dict[int, Line] = field(default_factory=dict)
    gone_lines: list[Line] = field(default_factory=list)

    def portions(self, *statuses: str) -> Counter[int]:
        count: Counter[int] = Counter()
        for line in self.lines.values():
            if line.status in statuses:
                count[line.dish] += line.quantity
        return count

    def start(self) -> None:
        if self.ticket in ("pending", "acknowledged"):
            self.ticket = "preparing"
            self.status = "preparing"

    def make(self, line: Line, to: str) -> None:
        line.made = to
        if line.status not in ("served", "cancelled"):
            line.status = to

    def make_rest(self) -> None:
        for line in self.lines.values():
            if line.made in ("pending", "preparing"):
                self.make(line, "ready")
        self.ticket = self.status = "ready"

    @property
    def is_wanted(self) -> bool:
        return any(line.made and line.status != "cancelled" for line in self.lines.values())

    def settle(self) -> None:
        left = [line.made for line in self.lines.values() if line.made not in (None, "cancelled")]
        if self.ticket in ("pending", "acknowledged", "preparing", "ready") and not self.is_wanted:
            self.ticket = "cancelled"
        elif self.ticket == "preparing" and left and set(left) == {"ready"}:
            wanted = {line.status for line in self.lines.values() if line.status != "cancelled"}
            if wanted == {"served"} and HANDED_OVER[self.channel] == "served":
                self.ticket, self.status = "completed", "served"
            else:
                self.ticket = self.status = "ready"

    def take_up(self) -> None:
        """More is to be made of an order that the kitchen has, or had."""
        if self.status in ("ready", "served"):
            self.ticket = self.status = "preparing"
        elif self.ticket == "cancelled":
            self.ticket = "pending" if self.status == "confirmed" else "preparing"

    def cancel(self) -> None:
        self.status = "cancelled"
        if self.ticket not in (None, "completed"):
            self.ticket = "cancelled"
            for line in self.lines.values():
                if line.made in ("pending", "preparing"):
                    line.made = "cancelled"

    def hand_over(self, to: str) -> None:
        self.status = to
        if to != "delivering":
            self.ticket = "cancelled" if self.ticket == "cancelled" else "completed"
            for line in self.lines.values():
                line.status = "cancelled" if line.status == "cancelled" else "served"


Row = dict[str, Any]
Rows = dict[int, Row]


def by_id(rows: QuerySet[Any]) -> Rows:
    return {row["id"]: row for row in rows.values()}


def without(row: Row, *names: str) -> Row:
    return {name: value for name, value in row.items() if name not in names}


@dataclass
class Held:
    """What the database holds of the restaurant, and the number of its last event."""

    orders: Rows
    lines: Rows
    tickets: Rows
    made: Rows
    head: int

    def order(self, pk: int) -> tuple[Row, list[Row]]:
        """Return what an order's version counts the changes of."""
        lines = [line for line in self.lines.values() if line["order_id"] == pk]
        return without(self.orders[pk], "version", "updated_at"), lines

    def ticket(self, pk: int) -> tuple[Row, list[Row]]:
        """Return what a ticket's version counts the changes of."""
        made = [item for item in self.made.values() if item["ticket_id"] == pk]
        return without(self.tickets[pk], "version"), made

    @property
    def rows(self) -> tuple[Rows, Rows, Rows, Rows]:
        return self.orders, self.lines, self.tickets, self.made

    @property
    def statuses(self) -> dict[int, tuple[str, str | None]]:
        """Return {order: (its status, its ticket's)}."""
        tickets = {ticket["order_id"]: ticket["status"] for ticket in self.tickets.values()}
        return {pk: (order["status"], tickets.get(pk)) for pk, order in self.orders.items()}


def allowed(error: DomainError | None) -> list[str] | None:
    return error.extra["allowed"] if isinstance(error, InvalidTransition) else None


places = (open_place(f"place-{number}") for number in itertools.count())
roles = st.sampled_from([*[Role.MANAGER] * 6, Role.OWNER, Role.WAITER, Role.KITCHEN, Role.CASHIER])
quantities = st.integers(1, 3)
# Three orders at a time: each gets far, and they compete for the same portions.
orders = st.integers(0, 2)


class RestaurantAtWork(RuleBasedStateMachine):
    """Orders and tickets pushed about in every way, by everybody."""

    def __init__(self) -> None:
        super().__init__()
        self.place: Place = next(places)
        bar = Station.objects.create(restaurant=self.place.restaurant, name="Bar")
        cola = MenuItem.objects.create(
            restaurant=self.place.restaurant, name="Cola", price=Decimal("3.00"), category=self.place.dish.category,
            station=bar, stock=12,
        )  # fmt: skip
        self.stock = 12
        self.counted = cola.pk
        self.dishes = [self.place.dish.pk, cola.pk]
        self.expected: dict[int, Expected] = {}
        self.numbers: list[str] = []
        # Whoever changed anything between two attempts would be caught by the next.
        self.held = self.read()

    # Doing --------------------------------------------------------------------------------------

    def actor(self, role: Role) -> Actor:
        return replace(self.place.actor, role=role)

    def read(self) -> Held:
        """Read everything that a service may change, in as few statements as there are tables."""
        orders = by_id(self.place.restaurant.orders.all())
        tickets = by_id(self.place.restaurant.tickets.all())
        lines = by_id(OrderItem.objects.filter(order_id__in=orders))
        made = by_id(KitchenOrderItem.objects.filter(ticket_id__in=tickets))
        return Held(orders, lines, tickets, made, head(self.place.restaurant))

    def attempt(
        self, call: Callable[[], Any], refusal: type[DomainError] | None, steps: list[str] | None = None
    ) -> bool:
        """Do it, and see that it is refused as it must be, or done; versions rise by one where something changed."""
        before = self.held
        error = None
        try:
            call()
        except DomainError as raised:
            error = raised
        assert type(error) is (refusal or type(None)), f"{error!r} instead of {refusal}"
        assert allowed(error) == (steps if refusal is InvalidTransition else None)
        self.held = after = self.read()
        if refusal:
            assert after == before
        for pk in before.orders.keys() & after.orders.keys():
            risen = after.orders[pk]["version"] - before.orders[pk]["version"]
            assert risen == int(after.order(pk) != before.order(pk))
        for pk in before.tickets.keys() & after.tickets.keys():
            risen = after.tickets[pk]["version"] - before.tickets[pk]["version"]
            assert risen == int(after.ticket(pk) != before.ticket(pk))
        assert (after.head > before.head) == (after.rows != before.rows)
        return error is None

    def at(self, position: int) -> Expected | None:
        open_first = sorted(
            self.expected.values(), key=lambda order: (order.status in ("completed", "cancelled"), order.pk)
        )
        return open_first[position] if position < len(open_first) else None

    def take(self, portions: Counter[int]) -> None:
        self.stock -= portions[self.counted]

    def short(self, portions: Counter[int]) -> bool:
        return portions[self.counted] > self.stock

    @initialize()
    def open_with_an_order_in_the_kitchen(self) -> None:
        self.create("dine_in", draft=False, asked=[(0, 1), (1, 2)])
        self.set_order(0, "confirmed", Role.MANAGER)

    @precondition(lambda self: self.at(2) is None or self.at(2).status in ("completed", "cancelled"))
    @rule(
        channel=st.sampled_from(Channel.values),
        draft=st.booleans(),
        asked=st.lists(st.tuples(st.integers(0, 1), quantities), min_size=1, max_size=3),
    )
    def create(self, channel: str, draft: bool, asked: list[tuple[int, int]]) -> None:
        items = [AskedItem(self.dishes[dish], quantity) for dish, quantity in asked]
        portions: Counter[int] = Counter()
        for item in items:
            portions[item.menu_item_id] += item.quantity
        made: list[Order] = []

        def call() -> None:
            made.append(create_order(actor=self.place.actor, channel=Channel(channel), items=items, draft=draft))

        if not self.attempt(call, OutOfStock if not draft and self.short(portions) else None):
            return
        order = made[0]
        self.numbers.append(order.order_number)
        expected = Expected(order.pk, channel, "draft" if draft else "pending")
        for line, item in zip(order.items.all(), items, strict=True):
            expected.lines[line.pk] = Line(item.menu_item_id, item.quantity)
        if not draft:
            self.take(portions)
        self.expected[order.pk] = expected

    @rule(position=orders, to=st.sampled_from(OrderStatus.values), role=roles)
    def set_order(self, position: int, to: str, role: Role) -> None:
        order = self.at(position)
        if order is None:
            return
        steps = steps_from(order.status, order.channel)
        refusal: type[DomainError] | None = None
        if to != order.status:
            if to not in steps:
                refusal = InvalidTransition
            elif role.value.replace("owner", "manager") not in setters(order.status, to):
                refusal = NotAllowed
            elif to == "completed" and role not in (Role.MANAGER, Role.OWNER) and self.total(order):
                refusal = NotPaid
            elif to == "confirmed" and not order.portions("pending"):
                refusal = Conflict
            elif to == "pending" and self.short(order.portions("pending")):
                refusal = OutOfStock
        done = self.attempt(
            lambda: set_order_status(order_id=order.pk, to=OrderStatus(to), actor=self.actor(role), reason="So it is"),
            refusal,
            steps,
        )
        if done and to != order.status:
            self.follow_order(order, to)

    @rule(position=orders)
    def forward(self, position: int) -> None:
        """Take an order where most orders go, so that far states are reached often."""
        order = self.at(position)
        if order is not None and STEPS[order.status]:
            self.set_order(position, steps_from(order.status, order.channel)[0], Role.MANAGER)

    def follow_order(self, order: Expected, to: str) -> None:
        if to == "pending":
            self.take(order.portions("pending"))
            order.status = to
        elif to == "confirmed":
            order.status, order.ticket = to, "pending"
            for line in order.lines.values():
                line.made = "pending" if line.status == "pending" else None
        elif order.ticket == "cancelled" and to in ("preparing", "ready"):
            order.status = to
        elif to == "preparing":
            order.start()
        elif to == "ready":
            order.make_rest()
        elif to == "cancelled":
            if order.status != "draft":
                self.stock += order.portions("pending")[self.counted]
            order.cancel()
        elif to == "completed":
            order.status = to
        else:
            order.hand_over(to)

    def total(self, order: Expected) -> Decimal:
        prices = {self.dishes[0]: Decimal("9.50"), self.dishes[1]: Decimal("3.00")}
        lines = order.lines.values()
        return sum((line.quantity * prices[line.dish] for line in lines if line.status != "cancelled"), Decimal(0))

    @rule(position=orders, to=st.sampled_from(TicketStatus.values), role=roles)
    def set_ticket(self, position: int, to: str, role: Role) -> None:
        order = self.at(position)
        if order is None or order.ticket is None:
            return
        workers = (Role.MANAGER, Role.OWNER) if to == "cancelled" else (Role.KITCHEN, Role.MANAGER, Role.OWNER)
        steps: list[str] = TICKET_STEPS[order.ticket]
        refusal: type[DomainError] | None = None
        if role not in workers:
            refusal = NotAllowed
        elif to != order.ticket and to not in steps:
            refusal = InvalidTransition
        elif to != order.ticket and to == "cancelled" and order.status == "delivering":
            refusal, steps = InvalidTransition, ["delivered"]
        ticket = KitchenOrder.objects.get(order_id=order.pk)
        done = self.attempt(
            lambda: set_ticket_status(
                ticket_id=ticket.pk, to=TicketStatus(to), actor=self.actor(role), reason="So it is"
            ),
            refusal,
            steps,
        )
        if not done or to == order.ticket:
            return
        if to == "preparing":
            order.start()
        elif to == "ready":
            order.make_rest()
        elif to == "cancelled":
            self.follow_order(order, "cancelled")
        else:
            order.ticket = to

    @rule(position=orders)
    def bump(self, position: int) -> None:
        """Make everything that is on a ticket ready."""
        for number in range(4):
            self.move_item(position, "ready", Role.KITCHEN, number)

    @rule(position=orders, to=st.sampled_from(TicketItemStatus.values), role=roles, picked=st.integers(0, 3))
    def move_item(self, position: int, to: str, role: Role, picked: int) -> None:
        order = self.at(position)
        if order is None or order.ticket is None:
            return
        item = self.pick(KitchenOrderItem.objects.filter(ticket__order_id=order.pk).order_by("pk"), picked)
        if item is None:
            return
        refusal: type[DomainError] | None = None
        steps = TICKET_ITEM_STEPS[item.status]
        if role not in (Role.KITCHEN, Role.MANAGER, Role.OWNER):
            refusal = NotAllowed
        elif to != item.status and to not in steps:
            refusal = InvalidTransition
        elif to != item.status and order.ticket not in ("pending", "acknowledged", "preparing"):
            refusal = NotEditable
        moves = [ItemMove(item.pk, TicketItemStatus(to))]
        done = self.attempt(
            lambda: set_ticket_item_statuses(ticket_id=item.ticket_id, moves=moves, actor=self.actor(role)),
            refusal,
            steps,
        )
        if not done or to == item.status:
            return
        line = order.lines[item.order_item_id]
        if to == "cancelled":
            line.made = to
            self.write_off(line)
        else:
            order.start()
            order.make(line, to)
        order.settle()

    def write_off(self, line: Line) -> None:
        if line.status == "pending" and line.dish == self.counted:
            self.stock += line.quantity
        line.status = "cancelled"

    def pick(self, rows: Any, picked: int) -> Any:
        found = list(rows)
        return found[picked % len(found)] if found else None

    def some_line(self, position: int, picked: int) -> tuple[Expected, int, Line] | None:
        order = self.at(position)
        if order is None or not order.lines:
            return None
        item_id = sorted(order.lines)[picked % len(order.lines)]
        return order, item_id, order.lines[item_id]

    @rule(
        position=orders,
        to=st.sampled_from(["pending", "preparing", "ready", "served"]),
        role=roles,
        picked=st.integers(0, 3),
    )
    def set_line(self, position: int, to: str, role: Role, picked: int) -> None:
        some = self.some_line(position, picked)
        if some is None:
            return
        order, item_id, line = some
        steps = ITEM_STEPS[line.status]
        refusal: type[DomainError] | None = None
        if role == Role.CASHIER:
            refusal = NotAllowed
        elif to != line.status and to not in steps:
            refusal = InvalidTransition
        elif to != line.status and order.status not in ("confirmed", "preparing", "ready", "served"):
            refusal = NotEditable
        done = self.attempt(
            lambda: set_item_status(order_id=order.pk, item_id=item_id, to=ItemStatus(to), actor=self.actor(role)),
            refusal,
            steps,
        )
        if done and to != line.status:
            line.status = to
            if to != "served" and line.made in ("pending", "preparing") and line.made != to:
                order.start()
                line.made = to
            order.settle()

    @rule(position=orders, dish=st.integers(0, 1), quantity=quantities, role=roles)
    def add(self, position: int, dish: int, quantity: int, role: Role) -> None:
        order = self.at(position)
        if order is None:
            return
        portions = Counter({self.dishes[dish]: quantity})
        added: list[OrderItem] = []
        refusal: type[DomainError] | None = None
        if role in (Role.KITCHEN, Role.CASHIER):
            refusal = NotAllowed
        elif order.status not in ("draft", "pending", "confirmed", "preparing", "ready", "served"):
            refusal = NotEditable
        elif order.status != "draft" and self.short(portions):
            refusal = OutOfStock
        items = [AskedItem(self.dishes[dish], quantity)]
        done = self.attempt(
            lambda: added.extend(add_items(order_id=order.pk, items=items, actor=self.actor(role))), refusal
        )
        if not done:
            return
        line = order.lines[added[0].pk] = Line(self.dishes[dish], quantity)
        if order.status != "draft":
            self.take(portions)
        if order.status not in EARLY:
            line.made = "pending"
            order.take_up()

    @rule(position=orders, quantity=quantities, picked=st.integers(0, 3))
    def change(self, position: int, quantity: int, picked: int) -> None:
        some = self.some_line(position, picked)
        if some is None:
            return
        order, item_id, line = some
        more = Counter({line.dish: quantity - line.quantity})
        refusal: type[DomainError] | None = None
        if line.status != "pending" or order.status in ("delivering", "delivered", "completed", "cancelled"):
            refusal = NotEditable
        elif order.status != "draft" and self.short(more):
            refusal = OutOfStock
        actor = self.place.actor
        if self.attempt(
            lambda: change_item(order_id=order.pk, item_id=item_id, actor=actor, quantity=quantity), refusal
        ):
            line.quantity = quantity
            if order.status != "draft":
                self.take(more)

    @rule(position=orders, picked=st.integers(0, 3), keep=st.booleans(), role=roles)
    def take_off(self, position: int, picked: int, keep: bool, role: Role) -> None:
        some = self.some_line(position, picked)
        if some is None:
            return
        order, item_id, line = some
        refusal: type[DomainError] | None = None
        closed = order.status in ("delivering", "delivered", "completed", "cancelled")
        if role in (Role.KITCHEN, Role.CASHIER):
            refusal = NotAllowed
        elif keep and line.status == "cancelled":
            refusal = None
        elif line.status in ("served", "cancelled") or closed:
            refusal = NotEditable
        service = void_item if keep else remove_item
        done = self.attempt(
            lambda: service(order_id=order.pk, item_id=item_id, actor=self.actor(role), reason="Dropped"), refusal
        )
        if not done or line.status == "cancelled":
            return
        begun = line.status != "pending"
        if not begun and order.status == "draft":
            line.status = "cancelled"
        else:
            self.write_off(line)
        if line.made in ("pending", "preparing"):
            line.made = "cancelled"
        if not keep and not begun:
            order.gone_lines.append(order.lines.pop(item_id))
        order.settle()

    @rule(position=orders, role=roles)
    def delete(self, position: int, role: Role) -> None:
        order = self.at(position)
        if order is None:
            return
        refusal: type[DomainError] | None = None
        is_early = order.status in EARLY
        if role not in (Role.MANAGER, Role.OWNER):
            refusal = NotAllowed
        elif not is_early and order.status != "cancelled" and "cancelled" not in STEPS[order.status]:
            refusal = InvalidTransition
        done = self.attempt(
            lambda: delete_order(order_id=order.pk, actor=self.actor(role)),
            refusal,
            steps_from(order.status, order.channel),
        )
        if not done or order.status == "cancelled":
            return
        if not is_early:
            self.follow_order(order, "cancelled")
            return
        if order.status == "pending":
            self.stock += order.portions("pending")[self.counted]
        del self.expected[order.pk]

    # What must hold ------------------------------------------------------------------------------

    @invariant()
    def rows_are_as_expected(self) -> None:
        held = self.held
        assert held.statuses == {pk: (order.status, order.ticket) for pk, order in self.expected.items()}
        assert {pk: (line["status"], line["quantity"]) for pk, line in held.lines.items()} == {
            pk: (line.status, line.quantity) for order in self.expected.values() for pk, line in order.lines.items()
        }
        assert {
            item["order_item_id"]: item["status"] for item in held.made.values() if item["order_item_id"] in held.lines
        } == {pk: line.made for order in self.expected.values() for pk, line in order.lines.items() if line.made}

    @invariant()
    def order_and_ticket_agree(self) -> None:
        agreeing: dict[str, set[str | None]] = {
            "confirmed": {"pending", "acknowledged"},
            "preparing": {"preparing"},
            "ready": {"ready", "completed"},
            "served": {"completed"},
            "delivering": {"ready", "completed"},
            "delivered": {"completed"},
            "completed": {"completed"},
            "cancelled": {None, "cancelled", "completed"},
        }
        for pk, (status, ticket_status) in self.held.statuses.items():
            is_dropped = ticket_status == "cancelled" and not self.expected[pk].is_wanted
            assert is_dropped or ticket_status in agreeing.get(status, {None})

    @invariant()
    def sums_are_those_of_the_lines(self) -> None:
        for pk, order in self.held.orders.items():
            assert order["total_amount"] == self.total(self.expected[pk])
            assert order["final_amount"] == order["total_amount"]

    @invariant()
    def stock_is_conserved(self) -> None:
        stock = MenuItem.objects.get(pk=self.counted).stock
        assert stock == self.stock >= 0

    @invariant()
    def load_is_what_is_to_be_made(self) -> None:
        for station in Station.objects.filter(restaurant=self.place.restaurant):
            items = [item for item in self.held.made.values() if item["station_id"] == station.pk]
            assert station.load == sum(item["status"] in ("pending", "preparing") for item in items)

    @invariant()
    def numbers_rise(self) -> None:
        assert self.numbers == [f"T1-{number:03d}" for number in range(1, len(self.numbers) + 1)]


def test_everything_holds_when_orders_and_tickets_are_pushed_about(transactional_db: None) -> None:
    run_state_machine_as_test(
        RestaurantAtWork,
        settings=settings(
            max_examples=20,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
