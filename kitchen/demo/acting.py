"""Does what a simulated evening plans, through the services, as the restaurant's own staff."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import singledispatchmethod
from random import Random
from typing import Any

from kitchen.demo import acts
from kitchen.demo.acts import Act, Outcome, Promise, Step, ToMake
from kitchen.demo.guests import Party, Wish
from kitchen.demo.paying import shares_of
from kitchen.models import KitchenOrder, KitchenOrderItem, ProductionContract, Station
from kitchen.services.allergies import confirm_allergy
from kitchen.services.cancellations import accept_cancellation, reject_cancellation
from kitchen.services.courses import fire_course
from kitchen.services.moving import move_to_station
from kitchen.services.priority import set_priority
from kitchen.services.recalls import recall_ticket
from kitchen.services.stations import change_station
from kitchen.services.tickets import ItemMove, acknowledge_ticket, set_ticket_item_statuses
from kitchen.states import TO_MAKE, TicketItemStatus
from orders import states
from orders.access import actor_of
from orders.actors import Actor
from orders.errors import DomainError, NotFound, OutOfStock, Unavailable
from orders.models import Counter, Membership, MenuItem, Order, Restaurant
from orders.services.cancellations import request_cancellation
from orders.services.customers import AskedCustomer
from orders.services.dishes import AskedItem
from orders.services.items import add_items, remove_item, set_item_status
from orders.services.menu import set_availability
from orders.services.orders import confirm_order, create_order, set_order_status, update_order
from orders.services.payments import take_payment
from orders.states import Channel, ItemStatus, OrderStatus, Priority, Role

# Orders of the simulation are known by their external_id: what an earlier one left is taken up again.
_MARK = "sim-"
_TAKERS = {Channel.DINE_IN: Role.WAITER, Channel.TAKEAWAY: Role.CASHIER}
_LEAST_DELIVERED = 12
_GOES_OUT = (Channel.DELIVERY, Channel.ONLINE)


@dataclass(slots=True)
class InHand:
    """An order that the crew has in hand; its ticket once the kitchen has it."""

    order_id: int
    channel: str
    ticket_id: int | None = None


@dataclass(frozen=True, slots=True)
class Leftover:
    """An order that an earlier simulation did not see through."""

    party: Party
    status: OrderStatus
    items: tuple[ToMake, ...]


class Crew:
    """The staff who do it, each in their role, and the orders that they have in hand.

    Several threads may have it do things at once, as long as each order is in the hands of its own story: what comes
    between (a rival, a cancellation) meets that in the database, as it would anywhere.
    """

    def __init__(self, restaurant: Restaurant, *, run: str) -> None:
        """Take where they work; ``run`` tells this evening's orders from another's."""
        self._restaurant = restaurant
        self._run = run
        self._staff = {role: self._somebody(role) for role in Role}
        self._rival = Actor(restaurant_id=restaurant.pk, role=Role.KITCHEN, name="Second cook")
        self._orders: dict[int, InHand] = {}
        counted = MenuItem.objects.filter(restaurant=restaurant, stock__isnull=False)
        self._stock = {dish.pk: max(dish.stock or 0, _LEAST_DELIVERED) for dish in counted}
        self._off: set[int] = set()
        self._closed: set[int] = set()
        self._till = Counter.objects.filter(restaurant=restaurant).order_by("pk").values_list("pk", flat=True).first()

    def _somebody(self, role: Role) -> Actor:
        """Return the restaurant's own member of this role; where there is none, somebody without a sign-in."""
        membership = (
            Membership.objects.filter(restaurant=self._restaurant, role=role, is_active=True, user__is_active=True)
            .select_related("user")
            .order_by("pk")
            .first()
        )
        if membership is not None:
            return actor_of(membership, "system")
        return Actor(restaurant_id=self._restaurant.pk, role=role, name=f"Simulated {role.value}")

    def leftovers(self, *, seed: str) -> list[Leftover]:
        """Return the open orders of earlier simulations; from now on they are this crew's, numbered below zero."""
        rows = Order.objects.filter(
            restaurant=self._restaurant, status__in=states.OPEN, external_id__startswith=_MARK
        ).exclude(status=OrderStatus.DRAFT)
        found = []
        for number, order in zip(itertools.count(-1, -1), rows.order_by("pk"), strict=False):
            self._orders[number] = InHand(order.pk, order.channel)
            party = Party(
                number, 0.0, Channel(order.channel), 1, Priority(order.priority),
                Random(f"{seed}/{number}"),  # noqa: S311 - a story, no secret
            )  # fmt: skip
            found.append(Leftover(party, OrderStatus(order.status), _left_of(order.pk)))
        return found

    def do(self, act: Act) -> Outcome:
        """Do it, and return what came of it; a refusal is an outcome like another."""
        try:
            return self._do(act) or Outcome()
        except DomainError as error:
            return self._refused(act, error)

    def go_home(self) -> None:
        """Have back the dishes that this crew has 86'd, and open the stations that it has closed."""
        for dish_id in sorted(self._off):
            self.do(acts.SetAvailable(dish_id, is_available=True))
        for station_id in sorted(self._closed):
            self.do(acts.SetOpen(station_id, is_open=True))

    def _refused(self, act: Act, error: DomainError) -> Outcome:
        sold_out: set[int] = set()
        if isinstance(error, OutOfStock | Unavailable):
            sold_out = {int(problem.extra["menu_item_id"]) for problem in error.problems}
        is_over = False
        if isinstance(act, acts.OfOrder) and act.number in self._orders:
            status = Order.objects.filter(pk=self._orders[act.number].order_id).values_list("status", flat=True).first()
            is_over = status is None or status in states.CLOSED
        return Outcome(error.code, is_over=is_over, sold_out=frozenset(sold_out), detail=error.detail)

    @singledispatchmethod
    def _do(self, act: Act) -> Outcome | None:
        raise TypeError(act)

    @_do.register
    def _(self, act: acts.TakeOrder) -> None:
        party = act.party
        external_id = f"{_MARK}{self._run}-{party.number}"
        known = Order.objects.filter(restaurant=self._restaurant, external_id=external_id).first()
        # Known already: the answer to the first attempt was lost with the connection.
        order = known or create_order(
            actor=self._staff[_TAKERS.get(party.channel, Role.MANAGER)],
            channel=party.channel,
            items=_asked(act.wishes),
            table_id=party.table_id,
            customer=AskedCustomer(name=party.name, phone=party.phone) if party.name else None,
            priority=party.priority,
            notes=party.notes,
            allergen_ids=party.allergen_ids,
            external_id=external_id,
        )
        self._orders[party.number] = InHand(order.pk, order.channel)

    @_do.register
    def _(self, act: acts.Confirm) -> Outcome:
        order = confirm_order(order_id=self._order(act), actor=self._staff[Role.WAITER])
        contract = ProductionContract.objects.get(order_id=order.pk, version=1)
        promise = Promise(contract.estimated_minutes, contract.naive_minutes)
        return Outcome(items=_left_of(order.pk), promise=promise)

    @_do.register
    def _(self, act: acts.Cancel) -> None:
        self._set_order(act, OrderStatus.CANCELLED, Role.MANAGER, act.reason)

    @_do.register
    def _(self, act: acts.AddItems) -> Outcome:
        added = add_items(order_id=self._order(act), items=_asked(act.wishes), actor=self._staff[Role.WAITER])
        return Outcome(items=_left_of(self._order(act), order_item_id__in=[line.pk for line in added]))

    @_do.register
    def _(self, act: acts.WriteNotes) -> None:
        update_order(order_id=self._order(act), notes=act.notes, actor=self._staff[Role.WAITER])

    @_do.register
    def _(self, act: acts.NameAllergy) -> None:
        update_order(order_id=self._order(act), allergen_ids=act.allergen_ids, actor=self._staff[Role.WAITER])

    @_do.register
    def _(self, act: acts.VoidItem) -> None:
        line_id = self._line(act, act.item_id)
        remove_item(order_id=self._order(act), item_id=line_id, reason=act.reason, actor=self._staff[Role.WAITER])

    @_do.register
    def _(self, act: acts.AskToCancel) -> Outcome:
        asked = request_cancellation(order_id=self._order(act), reason=act.reason, actor=self._staff[Role.WAITER])
        return Outcome(request_id=asked.pk)

    @_do.register
    def _(self, act: acts.Decide) -> None:
        cook = self._staff[Role.KITCHEN]
        if act.is_accepted:
            accept_cancellation(request_id=act.request_id, actor=cook)
        else:
            reject_cancellation(request_id=act.request_id, reason="It is as good as made", actor=cook)

    @_do.register
    def _(self, act: acts.Acknowledge) -> None:
        acknowledge_ticket(ticket_id=self._ticket(act), actor=self._cook(by_rival=act.by_rival))

    @_do.register
    def _(self, act: acts.Prioritise) -> None:
        set_priority(ticket_id=self._ticket(act), priority=act.priority, actor=self._cook())

    @_do.register
    def _(self, act: acts.Fire) -> None:
        fire_course(ticket_id=self._ticket(act), course=act.course, actor=self._cook())

    @_do.register
    def _(self, act: acts.StartItem) -> None:
        self._move(act, [ItemMove(act.item_id, TicketItemStatus.PREPARING)])

    @_do.register
    def _(self, act: acts.FinishStep) -> None:
        self._move(act, [ItemMove(act.item_id, TicketItemStatus.PREPARING, act.step)], by_rival=act.by_rival)

    @_do.register
    def _(self, act: acts.ConfirmAllergy) -> None:
        confirm_allergy(ticket_id=self._ticket(act), item_id=act.item_id, actor=self._cook())

    @_do.register
    def _(self, act: acts.MoveWork) -> None:
        ticket_id = self._ticket(act)
        move_to_station(ticket_id=ticket_id, item_id=act.item_id, station_id=act.station_id, actor=self._cook())

    @_do.register
    def _(self, act: acts.BumpTicket) -> None:
        # All its items, and not its status: a ticket that nobody has begun goes through each state by the way.
        left = KitchenOrderItem.objects.filter(ticket_id=self._ticket(act), status__in=TO_MAKE).order_by("pk")
        for course in sorted({item.course for item in left if item.held}):
            self._do(acts.Fire(act.number, course))
        for item in left:
            if item.allergy_alert and not item.allergy_confirmed_by_name:
                self._do(acts.ConfirmAllergy(act.number, item.pk))
        self._move(act, [ItemMove(item.pk, TicketItemStatus.READY) for item in left])

    @_do.register
    def _(self, act: acts.Recall) -> Outcome:
        recall_ticket(ticket_id=self._ticket(act), reason=act.reason, actor=self._cook())
        return Outcome(items=_left_of(self._order(act)))

    @_do.register
    def _(self, act: acts.ServeItem) -> None:
        line_id = self._line(act, act.item_id)
        set_item_status(
            order_id=self._order(act), item_id=line_id, to=ItemStatus.SERVED, actor=self._staff[Role.WAITER]
        )

    @_do.register
    def _(self, act: acts.HandOver) -> None:
        to = OrderStatus.DELIVERING if self._held(act).channel in _GOES_OUT else OrderStatus.SERVED
        self._set_order(act, to, Role.WAITER)

    @_do.register
    def _(self, act: acts.Deliver) -> None:
        self._set_order(act, OrderStatus.DELIVERED, Role.WAITER)

    @_do.register
    def _(self, act: acts.Complete) -> None:
        self._pay(act)
        self._set_order(act, OrderStatus.COMPLETED, Role.CASHIER)

    @_do.register
    def _(self, act: acts.SetAvailable) -> None:
        # A dish that somebody else has 86'd is theirs to have back.
        if not act.is_available and not MenuItem.objects.filter(pk=act.number, is_available=True).exists():
            return
        if act.is_available and act.number not in self._off:
            return
        set_availability(menu_item_id=act.number, is_available=act.is_available, actor=self._staff[Role.KITCHEN])
        (self._off.discard if act.is_available else self._off.add)(act.number)

    @_do.register
    def _(self, act: acts.SetOpen) -> Outcome:
        # As with dishes: a station that somebody else has closed is theirs to open.
        if not act.is_open and not Station.objects.filter(pk=act.number, is_active=True).exists():
            return Outcome()
        if act.is_open and act.number not in self._closed:
            return Outcome()
        change_station(station_id=act.number, is_active=act.is_open, actor=self._staff[Role.MANAGER])
        (self._closed.discard if act.is_open else self._closed.add)(act.number)
        left = KitchenOrderItem.objects.filter(ticket__restaurant=self._restaurant, status__in=TO_MAKE)
        steps = left.values_list("pk", "steps")
        return Outcome(moved={pk: [step["station_id"] for step in written] for pk, written in steps})

    @_do.register
    def _(self, act: acts.Restock) -> None:
        if act.number in self._stock:
            set_availability(menu_item_id=act.number, stock=self._stock[act.number], actor=self._staff[Role.MANAGER])

    def _held(self, act: acts.OfOrder) -> InHand:
        if act.number not in self._orders:
            raise NotFound("There is no such order.")
        return self._orders[act.number]

    def _order(self, act: acts.OfOrder) -> int:
        return self._held(act).order_id

    def _ticket(self, act: acts.OfOrder) -> int:
        held = self._held(act)
        if held.ticket_id is None:
            tickets = KitchenOrder.objects.filter(order_id=held.order_id)
            held.ticket_id = tickets.values_list("pk", flat=True).first()
        if held.ticket_id is None:
            raise NotFound("There is no such kitchen order.")
        return held.ticket_id

    def _cook(self, *, by_rival: bool = False) -> Actor:
        return self._rival if by_rival else self._staff[Role.KITCHEN]

    def _line(self, act: acts.OfOrder, item_id: int) -> int:
        """Return the order's line that an item of its ticket is."""
        items = KitchenOrderItem.objects.filter(ticket_id=self._ticket(act), pk=item_id)
        line_id = items.values_list("order_item_id", flat=True).first()
        if line_id is None:
            raise NotFound("There is no such item on this ticket.")
        return line_id

    def _move(self, act: acts.OfOrder, moves: Sequence[ItemMove], *, by_rival: bool = False) -> None:
        if moves:
            cook = self._cook(by_rival=by_rival)
            set_ticket_item_statuses(ticket_id=self._ticket(act), moves=moves, actor=cook)

    def _set_order(self, act: acts.OfOrder, to: OrderStatus, role: Role, reason: str = "") -> None:
        set_order_status(order_id=self._order(act), to=to, actor=self._staff[role], reason=reason)

    def _pay(self, act: acts.OfOrder) -> None:
        """Have the party pay what is open, each in its way: cash, card, a code, or half in cash and the rest by card.

        What was paid before the connection was lost is not open any more.
        """
        order = Order.objects.get(pk=self._order(act))
        left = order.final_amount - order.paid_amount
        for amount, method, tendered in shares_of(left, order.currency, party=act.number):
            take_payment(
                order_id=order.pk,
                amount=amount,
                method=method,
                tendered=tendered,
                counter_id=self._till,
                actor=self._staff[Role.CASHIER],
            )


def _left_of(order_id: int, **which: Any) -> tuple[ToMake, ...]:
    """Return what the kitchen still has to make of an order."""
    items = KitchenOrderItem.objects.filter(ticket__order_id=order_id, status__in=TO_MAKE, **which)
    return tuple(
        ToMake(
            item.pk,
            item.course,
            item.held,
            has_alert=bool(item.allergy_alert),
            steps=tuple(
                Step(number, step["minutes"], step["station_id"])
                for number, step in enumerate(item.steps)
                if not step["done"]
            ),
        )
        for item in items.order_by("pk")
    )


def _asked(wanted: Iterable[Wish]) -> list[AskedItem]:
    return [
        AskedItem(wish.dish_id, wish.quantity, wish.modifier_ids, wish.instructions, wish.course) for wish in wanted
    ]
