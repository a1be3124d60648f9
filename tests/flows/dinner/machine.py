"""A restaurant whose staff and guests do whatever they like, also what is refused."""

from __future__ import annotations

import itertools
from decimal import Decimal

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from kitchen.invariants import broken
from kitchen.models import Station
from kitchen.services.cancellations import accept_cancellation, reject_cancellation
from orders.models import Allergen, CancellationRequest, Counter, Customer, MenuItem, Payment, Restaurant, Table
from orders.services.cancellations import request_cancellation
from orders.services.customers import AskedCustomer
from orders.services.dishes import AskedItem
from orders.services.items import add_items, change_item, remove_item, set_item_status
from orders.services.menu import set_availability
from orders.services.orders import create_order, delete_order, set_order_status, update_order
from orders.services.payments import refund_payment, take_payment
from orders.states import Channel, ItemStatus, OrderStatus, PaymentMethod, Priority, Role
from realtime.snapshots import room_snapshots
from realtime.stream import read_events
from tests.flows.dinner.kitchen import Kitchen, furnish, picks
from tests.flows.dinner.mirrors import Mirror
from tests.flows.dinner.truths import Numbering, Pantry, bills_add_up, history_tells_the_present
from tests.places import open_place

numbers = itertools.count(1)
# The share of what is open, or left, in percent; more than all of it is asked for too.
shares = st.sampled_from([10, 50, 100, 100, 101])
KNOWN = (AskedCustomer(name="Ada Lovelace", phone="1"), AskedCustomer(name="Grace Hopper", phone="2"))
# Rooms of single orders that are followed from when they were taken.
MOST_ORDER_ROOMS = 2


class Dinner(Kitchen):
    """Staff do whatever they like, also what is refused."""

    @initialize(auto_confirm=st.booleans())
    def open(self, auto_confirm: bool) -> None:
        self.place = open_place(f"place-{next(numbers)}")
        Restaurant.objects.filter(pk=self.place.restaurant.pk).update(
            auto_confirm=auto_confirm, tax_rate=Decimal("0.10"), service_rate=Decimal("0.05")
        )
        self.tables = [self.place.table, Table.objects.create(restaurant=self.place.restaurant, name="8")]
        self.waiter = self.place.actor_of(Role.WAITER)
        self.boss = self.place.actor
        dishes = furnish(self.place)
        counted = MenuItem.objects.get(pk=self.place.dish.pk)
        counted.stock = 25
        counted.save()
        self.dishes = [dish.pk for dish in dishes]
        allergens = Allergen.objects.filter(restaurant=self.place.restaurant)
        self.allergen_ids = list(allergens.values_list("pk", flat=True))
        stations = [
            f"station:{pk}"
            for pk in Station.objects.filter(restaurant=self.place.restaurant)
            .order_by("pk")
            .values_list("pk", flat=True)
        ]
        rooms = [*stations, "kitchen", "orders", "waiters", "display", *(f"table:{table.pk}" for table in self.tables)]
        customers = [
            Customer.objects.create(restaurant=self.place.restaurant, name=guest.name, phone=guest.phone)
            for guest in KNOWN
        ]
        rooms += [f"customer:{customer.pk}" for customer in customers]
        rooms.append(f"counter:{Counter.objects.create(restaurant=self.place.restaurant, name='Till').pk}")
        self.mirrors = [Mirror(self.place.restaurant.pk, room) for room in rooms]
        self.pantry = Pantry(self.place.restaurant)
        self.numbering = Numbering(self.place.restaurant)

    @rule(
        quantities=st.lists(st.integers(1, 4), min_size=1, max_size=3),
        channel=st.sampled_from(list(Channel)),
        table=st.integers(0, 2),
        draft=st.booleans(),
        named=st.booleans(),
        by_course=st.booleans(),
        is_allergic=st.booleans(),
    )
    def order(
        self,
        quantities: list[int],
        channel: Channel,
        table: int,
        draft: bool,
        named: bool,
        by_course: bool,
        is_allergic: bool,
    ) -> None:
        order = self.attempt(
            create_order,
            channel=channel,
            items=[
                AskedItem(self.dishes[quantity % 2], quantity, course=course if by_course else 1)
                for course, quantity in enumerate(quantities, start=1)
            ],
            allergen_ids=self.allergen_ids if is_allergic else (),
            table_id=self.tables[table].pk if table < 2 and channel == Channel.DINE_IN else None,
            draft=draft,
            customer=KNOWN[0] if named else None,
        )
        followed = [mirror.room for mirror in self.mirrors if mirror.room.startswith("order:")]
        if order is not None and len(followed) < MOST_ORDER_ROOMS:
            for is_staff in (True, False):
                mirror = Mirror(self.place.restaurant.pk, f"order:{order.pk}", is_staff=is_staff)
                self.mirrors.append(mirror)

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

    @rule(number=picks, quantities=st.lists(st.integers(1, 3), min_size=1, max_size=2))
    def add(self, number: int, quantities: list[int]) -> None:
        if order := self.pick(number):
            asked = [AskedItem(self.dishes[quantity % 2], quantity, course=quantity) for quantity in quantities]
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

    @rule(number=picks, customer=st.sampled_from([*KNOWN, None]))
    def name_guest(self, number: int, customer: AskedCustomer | None) -> None:
        if order := self.pick(number):
            named = {"customer": customer} if customer else {"customer_id": None}
            self.attempt(update_order, order_id=order.pk, **named)

    @rule(number=picks, share=shares, method=st.sampled_from(list(PaymentMethod)), extra=st.sampled_from(["0", "5.5"]))
    def pay(self, number: int, share: int, method: PaymentMethod, extra: str) -> None:
        if order := self.pick(number):
            amount = _share(order.final_amount - order.paid_amount, share)
            tendered = amount + Decimal(extra) if method == PaymentMethod.CASH else None
            self.attempt(take_payment, order_id=order.pk, amount=amount, method=method, tendered=tendered)

    @rule(number=picks, share=st.sampled_from([None, 50, 100, 101]))
    def refund(self, number: int, share: int | None) -> None:
        payments = list(Payment.objects.filter(restaurant=self.place.restaurant).order_by("id"))
        if payments:
            payment = payments[number % len(payments)]
            amount = None if share is None else _share(payment.left, share)
            self.attempt(refund_payment, payment_id=payment.pk, amount=amount, reason="cold")

    @rule(number=picks)
    def ask_to_cancel(self, number: int) -> None:
        if order := self.pick(number):
            self.attempt(request_cancellation, order_id=order.pk, reason="they left")

    @rule(number=picks, accept=st.booleans())
    def answer_request(self, number: int, accept: bool) -> None:
        asked = list(CancellationRequest.objects.filter(restaurant=self.place.restaurant).order_by("status", "id"))
        if asked and accept:
            self.attempt(accept_cancellation, request_id=asked[number % len(asked)].pk)
        elif asked:
            self.attempt(reject_cancellation, request_id=asked[number % len(asked)].pk, reason="too late")

    @rule(dish=st.integers(0, 1), is_available=st.booleans())
    def have_dish(self, dish: int, is_available: bool) -> None:
        self.attempt(set_availability, menu_item_id=self.dishes[dish], is_available=is_available)

    @rule(stock=st.sampled_from([None, 4, 12]))
    def count_side(self, stock: int | None) -> None:
        set_availability(menu_item_id=self.dishes[1], stock=stock, actor=self.boss)
        self.pantry.recount(self.dishes[1], stock)

    @invariant()
    def every_screen_holds_the_fresh_state(self) -> None:
        restaurant = self.place.restaurant
        events = read_events(restaurant.pk, self.mirrors[0].epoch, after=min(mirror.seq for mirror in self.mirrors))
        for is_staff in (True, False):
            group = [mirror for mirror in self.mirrors if mirror.is_staff == is_staff]
            _, _, fresh = room_snapshots(restaurant.pk, [mirror.room for mirror in group], is_staff=is_staff)
            for mirror in group:
                mirror.follow(events)
                mirror.check(fresh[mirror.room])

    @invariant()
    def every_book_is_right(self) -> None:
        bills_add_up(self.place.restaurant)
        self.pantry.check()
        self.numbering.check()
        assert broken(self.place.restaurant.pk) == []

    def teardown(self) -> None:
        history_tells_the_present(self.place.restaurant)


def _share(amount: Decimal, percent: int) -> Decimal:
    return (max(amount, Decimal(1)) * percent / 100).quantize(Decimal("0.01"))
