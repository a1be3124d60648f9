"""The restaurants that grow: a big one, whose figures are taken, and four small ones in the same tables."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from kitchen.models import KitchenOrder, Station
from kitchen.services.tickets import acknowledge_ticket, set_ticket_status
from kitchen.states import TicketStatus
from orders.access import actor_of, issue_tokens
from orders.actors import Actor
from orders.models import (
    Category,
    Counter,
    Customer,
    Membership,
    MenuItem,
    MenuItemModifierGroup,
    Modifier,
    ModifierGroup,
    Restaurant,
    Table,
    User,
)
from orders.services.dishes import AskedItem
from orders.services.orders import create_order, set_order_status
from orders.states import Channel, OrderStatus, Role
from realtime.models import Event

SMALL_PLACES = 4
TABLES = 9
WAITERS = 9
STATIONS = 5
DISHES = 12
# Ids in the model order's events, which every loaded event replaces with its own.
MODEL_ORDER = 900_000_001
MODEL_TABLE = 900_000_002
MODEL_STATION = 900_000_003
EVENTS_PER_ORDER = 10
# What an order goes through, in the order in which it is told; of a longer story these are kept.
KEPT_EVENTS = (
    "order:created",
    "order:status_changed",
    "order:confirmed",
    "order:new",
    "kitchen:order_acknowledged",
    "kitchen:order_preparing",
    "kitchen:item_status_changed",
    "kitchen:order_ready",
    "kitchen:order_completed",
    "order:status_changed",
)


@dataclass(frozen=True, slots=True)
class Places:
    """The ids of what the loaded rows refer to.

    ``rare_…`` have eleven orders spread over all the history, ``quiet_…`` four among the newest, whatever the size.
    """

    big: int
    small: list[int]
    tables: list[int]
    quiet_table: int
    rare_table: int
    waiters: list[int]
    rare_waiter: int
    stations: list[int]
    quiet_station: int
    dishes: list[int]
    modifier: int
    regular: int
    rare_customer: int
    manager: int
    counter: int

    def membership(self, role: Role) -> Membership:
        """Return the big restaurant's first member of staff with a role."""
        rows = Membership.objects.select_related("restaurant", "user").order_by("id")
        return rows.filter(restaurant_id=self.big, role=role)[0]

    def actor(self, role: Role) -> Actor:
        """Return that member of staff as the services know one."""
        return actor_of(self.membership(role), "api")

    def token(self, role: Role) -> str:
        """Return an access token of that member of staff."""
        return issue_tokens(self.membership(role)).access


def furnish() -> Places:
    """Make the restaurants, their staff, tables, stations and dishes: as many whatever number of orders follows."""
    big = Restaurant.objects.create(name="Big", slug="big", currency="EUR", tax_rate="0.1900", prices_include_tax=True)
    for n in range(SMALL_PLACES):
        Restaurant.objects.create(name=f"Small {n}", slug=f"small-{n}", currency="EUR")
    for role in (Role.MANAGER, Role.KITCHEN, Role.CASHIER):
        _member(big, f"growth-{role}", role)
    for n in range(WAITERS):
        _member(big, f"growth-waiter-{n}", Role.WAITER)
    _member(big, "growth-rare", Role.OWNER)
    for name in [*(f"T{n}" for n in range(1, TABLES + 1)), "T98", "T99"]:
        Table.objects.create(restaurant=big, name=name)
    Counter.objects.create(restaurant=big, name="Till")
    stations = [Station.objects.create(restaurant=big, name=f"Station {n}", capacity=8) for n in range(STATIONS)]
    Station.objects.create(restaurant=big, name="Tandoor")
    category = Category.objects.create(restaurant=big, name="Mains")
    group = ModifierGroup.objects.create(restaurant=big, name="Extras", max=3)
    Modifier.objects.create(group=group, name="Extra cheese", price="1.50")
    for n in range(DISHES):
        dish = MenuItem.objects.create(
            restaurant=big, name=f"Dish number {n}", price=f"{8 + n}.50", category=category, station=stations[n % 5]
        )
        MenuItemModifierGroup.objects.create(menu_item=dish, group=group)
    # Known before the crowd: the guest who comes daily, and one whom hardly an order names.
    Customer.objects.create(restaurant=big, name="Kontor Nord", phone="+49301234567", email="kantine@nord.example")
    Customer.objects.create(restaurant=big, name="Wilhelmina Quint", phone="+4917612345678")
    return find_places()


def _member(restaurant: Restaurant, username: str, role: Role) -> None:
    user = User.objects.create(username=username, name=username.title(), password="!")
    Membership.objects.create(restaurant=restaurant, user=user, role=role)


def find_places() -> Places:
    """Find what ``furnish`` made."""
    big = Restaurant.objects.get(slug="big")
    tables = list(Table.objects.filter(restaurant=big).order_by("id").values_list("id", flat=True))
    staff = Membership.objects.filter(restaurant=big).order_by("id")
    stations = list(Station.objects.filter(restaurant=big).order_by("id").values_list("id", flat=True))
    dishes = list(MenuItem.objects.filter(restaurant=big).order_by("id").values_list("id", flat=True))
    customers = Customer.objects.filter(restaurant=big).order_by("id").values_list("id", flat=True)[:2]
    return Places(
        big=big.pk,
        small=list(Restaurant.objects.filter(slug__startswith="small-").order_by("id").values_list("id", flat=True)),
        tables=tables[:TABLES],
        quiet_table=tables[-2],
        rare_table=tables[-1],
        waiters=[member.user_id for member in staff if member.role == Role.WAITER],
        rare_waiter=next(member.user_id for member in staff if member.role == Role.OWNER),
        stations=stations[:STATIONS],
        quiet_station=stations[-1],
        dishes=dishes,
        modifier=Modifier.objects.get(group__restaurant=big).pk,
        regular=customers[0],
        rare_customer=customers[1],
        manager=next(member.user_id for member in staff if member.role == Role.MANAGER),
        counter=Counter.objects.get(restaurant=big).pk,
    )


@dataclass(frozen=True, slots=True)
class ModelEvent:
    """An event of the model order as the services made it, with the model's ids in it."""

    type: str
    rooms: str
    data: str
    changes: str


def model_events(places: Places) -> list[ModelEvent]:
    """Play one order through the services, and return what they announced; nothing of it stays.

    So that the loaded events are as long as real ones, and hold what real ones hold.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT setval(pg_get_serial_sequence('orders_order', 'id'), %s, false)", [MODEL_ORDER])
        cursor.execute("SELECT count(*) FROM orders_order")
        assert cursor.fetchone() == (0,)
    table = Table.objects.create(pk=MODEL_TABLE, restaurant_id=places.big, name="T77")
    station = Station.objects.create(pk=MODEL_STATION, restaurant_id=places.big, name="Grill")
    MenuItem.objects.filter(pk__in=places.dishes[:3]).update(silently=True, station=station)
    _play(places, table)
    rows = Event.objects.filter(restaurant_id=places.big, order_id=MODEL_ORDER).order_by("seq")
    told = [ModelEvent(row.type, " ".join(row.rooms), row.data, row.changes) for row in rows]
    _clear(places)
    return _kept(told)


def _play(places: Places, table: Table) -> None:
    waiter, manager = places.actor(Role.WAITER), places.actor(Role.MANAGER)
    items = [AskedItem(places.dishes[0], 1, modifier_ids=(places.modifier,))]
    items += [AskedItem(dish, n) for n, dish in enumerate(places.dishes[1:3], start=1)]
    order = create_order(actor=waiter, channel=Channel.DINE_IN, table_id=table.pk, items=items, notes="No onions.")
    set_order_status(order_id=order.pk, to=OrderStatus.CONFIRMED, actor=waiter)
    ticket = KitchenOrder.objects.get(order=order)
    acknowledge_ticket(ticket_id=ticket.pk, actor=manager)
    for status in (TicketStatus.PREPARING, TicketStatus.READY):
        set_ticket_status(ticket_id=ticket.pk, to=status, actor=manager)
    set_order_status(order_id=order.pk, to=OrderStatus.SERVED, actor=waiter)


def _kept(told: list[ModelEvent]) -> list[ModelEvent]:
    rest = list(told)
    kept = []
    for name in KEPT_EVENTS:
        event = next(event for event in rest if event.type == name)
        rest.remove(event)
        kept.append(event)
    assert len(kept) == EVENTS_PER_ORDER
    return kept


def _clear(places: Places) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "TRUNCATE orders_order, orders_orderitem, orders_orderitemmodifier, orders_ordercounter,"
            " orders_historyentry, kitchen_kitchenorder, kitchen_kitchenorderitem, realtime_event, realtime_stream"
            " CASCADE"
        )
        cursor.execute(
            "UPDATE orders_menuitem SET station_id = %s WHERE station_id = %s", [places.stations[0], MODEL_STATION]
        )
        cursor.execute("DELETE FROM kitchen_station WHERE id = %s", [MODEL_STATION])
        cursor.execute("DELETE FROM orders_table WHERE id = %s", [MODEL_TABLE])
        for name in ("orders_table", "kitchen_station"):
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), (SELECT max(id) FROM {name}))"  # noqa: S608
            )
