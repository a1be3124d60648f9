"""Production contracts: each version of what the kitchen is to make of an order, and the ticket that follows them.

A confirmed order, and one that changes in a way that the kitchen must know, is put off to the end of the unit of work:
several changes of one unit make one version, and the stations are locked last, as they must be.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db.models import Max
from django.utils import timezone

from kitchen import estimating
from kitchen.assigning import Places
from kitchen.cookbook import cookbook_of
from kitchen.loads import uncounted
from kitchen.models import KitchenOrder, KitchenOrderItem, ProductionContract, Station
from kitchen.priorities import complexity_of, priority_of
from kitchen.production import ProductionItem, asked_of, draw_up, read_steps, stored_step
from kitchen.services.courses import hold_new, is_held_at_first, release_due
from kitchen.services.estimates import estimated, places_of
from kitchen.services.touching import (
    alert_again,
    contract_of,
    is_wanted,
    settle,
    start_clock,
    stations_locked,
    take_up,
    ticket_items,
    ticket_of,
    touch,
)
from kitchen.states import TO_MAKE, TicketItemStatus, TicketStatus
from orders import states
from orders.aggregates import keep_rows, lines_of
from orders.errors import Conflict, NotFound
from orders.models import Order, OrderItem
from orders.reading import read_rows
from orders.services.kitchen_side import expect_at
from orders.services.touching import touch as touch_order
from orders.states import ItemStatus, OrderStatus
from orders.units import require_unit

_DETAILS = ("table_id", "table_name", "notes", "allergies")
_OF_LINE = ("name", "quantity", "special_instructions", "course")


def promise(order: Order) -> None:
    """Say on an order that is being confirmed when it will be ready, and have its ticket opened as the unit ends.

    Needs the order locked.
    """
    order.estimated_ready_at = _first_estimate(order)
    renew_later(order)


def _first_estimate(order: Order) -> dt.datetime:
    """Return when an order will be ready that the kitchen gets now.

    The stations are read as they are: what is given out to whom is settled at the end.
    """
    loads, ahead = uncounted(require_unit())
    places = Places(read_rows(Station, "WHERE restaurant_id = %s", order.restaurant_id), loads=loads, work=ahead)
    drawn = draw_up(_wanted(order), cookbook_of(order.restaurant_id), places, order.allergies)
    now = [item.steps for item in drawn if not is_held_at_first(item.course, [each.course for each in drawn])]
    for pk, station in places.stations.items():
        ahead[pk] += station.work
    minutes = estimating.minutes_until_ready(now, places.stations, ahead=ahead)
    return timezone.now() + dt.timedelta(minutes=minutes)


def renew_later(order: Order) -> None:
    """Have the order's contract renewed, and its ticket follow, as the unit ends."""
    require_unit().put_off(contract_of(order), partial(_renew, order.pk, order.restaurant_id))


def _renew(order_id: int, restaurant_id: int) -> None:
    order = require_unit().lock(Order, order_id, restaurant_id=restaurant_id)
    if order.status in states.NOT_YET_IN_KITCHEN or order.status == OrderStatus.CANCELLED:
        return
    ticket = ticket_of(order)
    if ticket is None:
        _open(order, version=_next_version(order))
    else:
        _follow(order, ticket)


def _wanted(order: Order) -> list[OrderItem]:
    return [line for line in lines_of(order) if line.status != ItemStatus.CANCELLED]


def open_missing(order: Order) -> KitchenOrder:
    """Open the ticket of an order that has none, with the next version of its contract. Needs the order locked.

    Raises Conflict where there is one, or where nothing of the order is left for the kitchen to make.
    """
    if ticket_of(order) is not None:
        raise Conflict(f"Order {order.order_number} has its ticket already.")
    if order.status not in (OrderStatus.CONFIRMED, OrderStatus.PREPARING):
        raise Conflict(f"Order {order.order_number} is {order.status}: the kitchen has nothing to make of it.")
    order.estimated_ready_at = _first_estimate(order)
    touch_order(order)
    return _open(order, version=_next_version(order))


def _next_version(order: Order) -> int:
    """Return the version of the contract that is next where there is no ticket: 1 of what is confirmed just now."""
    if require_unit().touched(order, "confirmed_at"):
        return 1
    before = ProductionContract.objects.filter(restaurant_id=order.restaurant_id, order=order)
    return 1 + (before.aggregate(Max("version"))["version__max"] or 0)


def _open(order: Order, *, version: int) -> KitchenOrder:
    lines = _wanted(order)
    _, given_out = uncounted(require_unit())
    # To other orders of this unit, which come before this one; or nobody has ever said when.
    if any(given_out.values()) or order.estimated_ready_at is None:
        expect_at(order, _first_estimate(order))
    places = places_of(order.restaurant_id)
    drawn = draw_up(lines, cookbook_of(order.restaurant_id), places, order.allergies)
    now = timezone.now()
    assert order.estimated_ready_at is not None
    contract = _contract(order, version, drawn, order.estimated_ready_at, now)
    contract.save()
    ticket = KitchenOrder(
        restaurant_id=order.restaurant_id, order=order, created_at=now, promised_ready_at=order.estimated_ready_at
    )
    _copy_contract(ticket, contract)
    start_clock(ticket, now)
    courses = [item.course for item in drawn]
    items = [_ticket_item(item, held=is_held_at_first(item.course, courses)) for item in drawn]
    ticket.insert_with(items, link="ticket")
    keep_rows(ticket, "items", items)
    require_unit().adopt(ticket)
    return ticket


def _contract(
    order: Order, version: int, items: Sequence[ProductionItem], ready_at: dt.datetime, now: dt.datetime
) -> ProductionContract:
    complexity = complexity_of(items)
    return ProductionContract(
        restaurant_id=order.restaurant_id,
        order=order,
        version=version,
        order_number=order.order_number,
        channel=order.channel,
        table_id=order.table_id,
        table_name=order.table_name,
        notes=order.notes,
        allergies=list(order.allergies),
        items=[_written(item) for item in items],
        priority=priority_of(order.priority, order.channel, complexity),
        complexity=complexity,
        estimated_minutes=max(0, round((ready_at - now).total_seconds() / 60)),
        naive_minutes=estimating.plain_sum(item.steps for item in items),
        estimated_ready_at=ready_at,
        created_at=now,
    )


def _written(item: ProductionItem) -> dict[str, Any]:
    """Write an item as the contract keeps it: how far it is made is the ticket's to know."""
    return {
        "order_item_id": item.order_item_id,
        "menu_item_id": item.menu_item_id,
        "name": item.name,
        "quantity": item.quantity,
        "instructions": item.instructions,
        "modifiers": list(item.modifiers),
        "special_instructions": item.special_instructions,
        "course": item.course,
        "allergens": list(item.allergens),
        "allergy_alert": list(item.allergy_alert),
        "station_id": item.steps[0].station_id,
        "steps": [
            {
                "name": step.name,
                "minutes": step.minutes,
                "station_id": step.station_id,
                "station_name": step.station_name,
            }
            for step in item.steps
        ],
        "recipe_version": item.recipe_version,
    }


def _copy_contract(ticket: KitchenOrder, contract: ProductionContract) -> None:
    ticket.contract = contract
    ticket.contract_version = contract.version
    ticket.order_number = contract.order_number
    ticket.channel = contract.channel
    ticket.estimated_ready_at = contract.estimated_ready_at
    for name in _DETAILS:
        setattr(ticket, name, getattr(contract, name))
    if not ticket.is_priority_chosen:
        ticket.priority = contract.priority


def _ticket_item(item: ProductionItem, *, held: bool) -> KitchenOrderItem:
    station_id, station_name = item.station
    return KitchenOrderItem(
        order_item_id=item.order_item_id,
        menu_item_id=item.menu_item_id,
        name=item.name,
        quantity=item.quantity,
        modifiers=list(item.modifiers),
        special_instructions=item.special_instructions,
        allergens=list(item.allergens),
        station_id=station_id,
        station_name=station_name,
        course=item.course,
        held=held,
        steps=[stored_step(step) for step in item.steps],
        station_ids=item.station_ids,
        recipe_version=item.recipe_version,
        allergy_alert=list(item.allergy_alert),
    )


@dataclass(slots=True)
class _Difference:
    """What a renewal has done to a ticket's items."""

    is_production: bool = False
    is_any: bool = False


def _follow(order: Order, ticket: KitchenOrder) -> None:
    """Make the next version of the contract, when there is anything new, and have the ticket say it."""
    version = (ticket.contract_version or 0) + 1
    difference = _differ(order, ticket, version)
    items = ticket_items(ticket)
    if ticket.status == TicketStatus.CANCELLED and any(map(is_wanted, items)):
        take_up(order, ticket)
    lines = {line.pk for line in _wanted(order)}
    production = [_produced(item) for item in items if item.order_item_id in lines]
    contract = _contract(order, version, production, _ready_at(ticket, difference), timezone.now())
    if require_unit().touched(order, "priority"):
        ticket.is_priority_chosen = False
    if difference.is_any or ticket.contract is None or contract.priority != ticket.contract.priority:
        contract.save()
        _copy_contract(ticket, contract)
    elif not ticket.is_priority_chosen:
        ticket.priority = contract.priority
    for item in items:
        item.save()
    if ticket.changed():
        touch(ticket)
    expect_at(order, contract.estimated_ready_at)
    settle(order, ticket)


def _differ(order: Order, ticket: KitchenOrder, version: int) -> _Difference:
    """Have a ticket's items be what the order's lines are, and fire the course that is due now; saves only new ones."""
    lines = {line.pk: line for line in _wanted(order)}
    items = ticket_items(ticket)
    difference = _Difference()
    for item in items:
        _follow_line(order, item, lines.get(item.order_item_id), items, version, difference)
    known = {item.order_item_id for item in items}
    _add(order, ticket, [line for pk, line in lines.items() if pk not in known], version, difference)
    if release_due(order, ticket):
        difference.is_any = difference.is_production = True
    if order.allergies != ticket.allergies:
        # Whoever writes what is in a dish holds the stations: either we read it, or they find this ticket.
        stations_locked(order.restaurant_id)
    is_alert_new = alert_again(order, ticket, cookbook_of(order.restaurant_id))
    if is_alert_new or any(getattr(order, name) != getattr(ticket, name) for name in _DETAILS):
        difference.is_any = True
    return difference


def _follow_line(
    order: Order,
    item: KitchenOrderItem,
    line: OrderItem | None,
    items: list[KitchenOrderItem],
    version: int,
    difference: _Difference,
) -> None:
    """Have an item say what its line says; one whose line is gone is not made, unless it is made already."""
    if line is None:
        if item.change is None or item.change["kind"] != "voided":
            difference.is_any = True
            difference.is_production |= item.status != TicketItemStatus.READY
            if item.status in TO_MAKE:
                item.status = TicketItemStatus.CANCELLED
            item.change = {"version": version, "kind": "voided", "fields": {}}
        return
    said = {name: getattr(line, name) for name in _OF_LINE} | {"modifiers": list(asked_of(line))}
    fields = {name: [getattr(item, name), new] for name, new in said.items() if getattr(item, name) != new}
    if not fields:
        return
    for name, new in said.items():
        setattr(item, name, new)
    if "course" in fields and item.status == TicketItemStatus.PENDING:
        was_held, item.held = item.held, hold_new(order, [other for other in items if other is not item], item.course)
        difference.is_production |= item.held != was_held
    item.allergy_confirmed_by_name = ""
    item.change = {"version": version, "kind": "changed", "fields": fields}
    difference.is_any = True


def _add(order: Order, ticket: KitchenOrder, lines: list[OrderItem], version: int, difference: _Difference) -> None:
    if not lines:
        return
    places = places_of(ticket.restaurant_id)
    drawn = draw_up(lines, cookbook_of(ticket.restaurant_id), places, order.allergies)
    present = ticket_items(ticket)
    added = [_ticket_item(item, held=False) for item in drawn]
    awaited = list(present)
    for row in sorted(added, key=lambda row: row.course):
        row.held = hold_new(order, awaited, row.course)
        awaited.append(row)
    for row in added:
        row.ticket = ticket
        row.change = {"version": version, "kind": "added", "fields": {}}
    present.extend(KitchenOrderItem.objects.insert(added))
    difference.is_any = difference.is_production = True


def _produced(item: KitchenOrderItem) -> ProductionItem:
    return ProductionItem(
        order_item_id=item.order_item_id,
        menu_item_id=item.menu_item_id,
        name=item.name,
        quantity=item.quantity,
        modifiers=tuple(item.modifiers),
        special_instructions=item.special_instructions,
        course=item.course,
        allergens=tuple(item.allergens),
        allergy_alert=tuple(item.allergy_alert),
        steps=read_steps(item),
        recipe_version=item.recipe_version,
    )


def _ready_at(ticket: KitchenOrder, difference: _Difference) -> dt.datetime:
    """Return when the ticket will be ready: as was said before, unless what is to be made has changed."""
    is_wanted_any = any(map(is_wanted, ticket_items(ticket)))
    if ticket.estimated_ready_at is not None and not (difference.is_production and is_wanted_any):
        return ticket.estimated_ready_at
    return estimated(ticket)


def find_contract(restaurant_id: int, order_id: int, version: int | None = None) -> ProductionContract:
    """Return a version of an order's contract, or the latest; raises NotFound."""
    contracts = ProductionContract.objects.filter(restaurant_id=restaurant_id, order_id=order_id)
    if version is not None:
        contracts = contracts.filter(version=version)
    contract = contracts.order_by("-version").first()
    if contract is None:
        raise NotFound("There is no such production contract.")
    return contract
