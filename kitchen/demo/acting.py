"""Does what a simulated evening plans, through the services, as the restaurant's own staff."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from functools import singledispatchmethod
from random import Random

from django.db.models import Prefetch

from kitchen.demo import acts
from kitchen.demo.acts import Act, Outcome
from kitchen.demo.guests import House, Offer, Party, Wish
from kitchen.demo.paying import shares_of
from kitchen.models import KitchenOrder, KitchenOrderItem
from kitchen.services.tickets import ItemMove, acknowledge_ticket, set_ticket_item_statuses
from kitchen.states import TO_MAKE, TicketItemStatus
from orders import states
from orders.access import actor_of
from orders.actors import Actor
from orders.errors import DomainError, NotFound, OutOfStock, Unavailable
from orders.models import Allergen, Counter, Membership, MenuItem, MenuItemModifierGroup, Order, Restaurant, Table
from orders.services.customers import AskedCustomer
from orders.services.dishes import AskedItem
from orders.services.items import add_items, set_item_status
from orders.services.menu import set_availability
from orders.services.orders import confirm_order, create_order, set_order_status, update_order
from orders.services.payments import take_payment
from orders.states import Channel, ItemStatus, OrderStatus, Priority, Role

# Orders of the simulation are known by their external_id: what an earlier one left is taken up again.
_MARK = "sim-"
_TAKERS = {Channel.DINE_IN: Role.WAITER, Channel.TAKEAWAY: Role.CASHIER}
_LEAST_DELIVERED = 12
_GOES_OUT = (Channel.DELIVERY, Channel.ONLINE)


def read_house(restaurant: Restaurant) -> House:
    """Return what guests find in the restaurant: what is available now, choices that have enough to choose from."""
    choices = MenuItemModifierGroup.objects.select_related("group").prefetch_related("group__modifiers")
    dishes = (
        MenuItem.objects.filter(restaurant=restaurant, is_available=True)
        .order_by("pk")
        .prefetch_related("contained", Prefetch("choices", choices))
    )
    return House(
        offers=tuple(_offer(dish) for dish in dishes),
        tables=tuple(Table.objects.filter(restaurant=restaurant).order_by("pk").values_list("pk", "seats")),
        allergen_ids=tuple(Allergen.objects.filter(restaurant=restaurant).order_by("pk").values_list("pk", flat=True)),
    )


def _offer(dish: MenuItem) -> Offer:
    return Offer(
        id=dish.pk,
        minutes=dish.prep_minutes,
        allergen_ids=frozenset(contained.allergen_id for contained in dish.contained.all()),
        choices=tuple(
            (
                choice.group.min,
                choice.group.max,
                tuple(modifier.pk for modifier in choice.group.modifiers.all() if modifier.is_available),
            )
            for choice in dish.choices.all()
        ),
    )


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
    minutes: tuple[int, ...]


class Crew:
    """The staff who do it, each in their role, and the orders that they have in hand."""

    def __init__(self, restaurant: Restaurant, *, run: str) -> None:
        """Take where they work; ``run`` tells this evening's orders from another's."""
        self._restaurant = restaurant
        self._run = run
        self._staff = {role: self._somebody(role) for role in Role}
        self._orders: dict[int, InHand] = {}
        counted = MenuItem.objects.filter(restaurant=restaurant, stock__isnull=False)
        self._stock = {dish.pk: max(dish.stock or 0, _LEAST_DELIVERED) for dish in counted}
        self._off: set[int] = set()
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
            found.append(Leftover(party, OrderStatus(order.status), self._minutes(order.pk)))
        return found

    def do(self, act: Act) -> Outcome:
        """Do it, and return what came of it; a refusal is an outcome like another."""
        try:
            return self._do(act) or Outcome()
        except DomainError as error:
            return self._refused(act, error)

    def go_home(self) -> None:
        """Have back the dishes that this crew has 86'd."""
        for dish_id in sorted(self._off):
            self.do(acts.SetAvailable(dish_id, is_available=True))

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
        return Outcome(minutes=self._minutes(order.pk))

    @_do.register
    def _(self, act: acts.Cancel) -> None:
        self._set_order(act, OrderStatus.CANCELLED, Role.MANAGER, act.reason)
        del self._orders[act.number]

    @_do.register
    def _(self, act: acts.AddItems) -> Outcome:
        add_items(order_id=self._order(act), items=_asked(act.wishes), actor=self._staff[Role.WAITER])
        return Outcome(minutes=self._minutes(self._order(act))[-len(act.wishes) :])

    @_do.register
    def _(self, act: acts.WriteNotes) -> None:
        update_order(order_id=self._order(act), notes=act.notes, actor=self._staff[Role.WAITER])

    @_do.register
    def _(self, act: acts.Acknowledge) -> None:
        acknowledge_ticket(ticket_id=self._ticket(act), actor=self._staff[Role.KITCHEN])

    @_do.register
    def _(self, act: acts.StartItems) -> None:
        waiting = [item for item in self._items(act) if item.status == TicketItemStatus.PENDING]
        self._move(act, waiting, TicketItemStatus.PREPARING)

    @_do.register
    def _(self, act: acts.FinishItem) -> None:
        self._move(act, [self._item(act, act.place)], TicketItemStatus.READY)

    @_do.register
    def _(self, act: acts.BumpTicket) -> None:
        # All its items, and not its status: a ticket that nobody has begun goes through each state by the way.
        left = [item for item in self._items(act) if item.status in TO_MAKE]
        self._move(act, left, TicketItemStatus.READY)

    @_do.register
    def _(self, act: acts.ServeItem) -> None:
        item = self._item(act, act.place)
        set_item_status(
            order_id=self._order(act), item_id=item.order_item_id, to=ItemStatus.SERVED, actor=self._staff[Role.WAITER]
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
        del self._orders[act.number]

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

    def _items(self, act: acts.OfOrder) -> list[KitchenOrderItem]:
        return list(KitchenOrderItem.objects.filter(ticket_id=self._ticket(act)).order_by("pk"))

    def _item(self, act: acts.OfOrder, place: int) -> KitchenOrderItem:
        items = self._items(act)
        if place >= len(items):
            raise NotFound("There is no such item on this ticket.")
        return items[place]

    def _move(self, act: acts.OfOrder, items: Iterable[KitchenOrderItem], to: TicketItemStatus) -> None:
        moves = [ItemMove(item.pk, to) for item in items]
        if moves:
            set_ticket_item_statuses(ticket_id=self._ticket(act), moves=moves, actor=self._staff[Role.KITCHEN])

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

    def _minutes(self, order_id: int) -> tuple[int, ...]:
        items = KitchenOrderItem.objects.filter(ticket__order_id=order_id).order_by("pk")
        return tuple(sum(int(step["minutes"]) for step in item.steps) for item in items)


def _asked(wanted: Iterable[Wish]) -> list[AskedItem]:
    return [AskedItem(wish.dish_id, wish.quantity, wish.modifier_ids, wish.instructions) for wish in wanted]
