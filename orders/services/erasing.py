"""Forgetting a guest who asks for it: in the row, on the orders, in their history, in what was announced."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import suppress
from itertools import groupby
from operator import attrgetter

import msgspec
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from orders import signals, states
from orders.actors import Actor
from orders.forgetting import Forgotten, names_while_theirs
from orders.models import Customer, HistoryEntry, Order, StoredAnswer
from orders.services.customers import lock_customer
from orders.services.touching import touch
from orders.states import Role
from orders.units import Change, require_unit, unit_of_work

_AT_ONCE = 500
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


def erase_customer(*, row_id: int, actor: Actor) -> None:
    """Forget a guest, as ``erase_customers`` does."""
    erase_customers(row_ids=[row_id], actor=actor)


@unit_of_work
def erase_customers(*, row_ids: Collection[int], actor: Actor) -> None:
    """Forget guests: name, phone and email are gone from the row, orders, history, stored answers and events alike.

    Orders and amounts stay, and each has a new version; of the open ones ``order:updated`` tells it. Reads the
    restaurant's kept history and events once for each guest: this is no daily work.

    Locks, in this order, and whatever there is of each before the next:

    1. the restaurant's erasures, one after the other: two might write the same event anew, each with one name in it;
    2. all orders of theirs, open and closed, by id: what a unit of work still says of one is committed by then;
    3. the guests, by id: no order becomes theirs from then on. One that did since step 2 is not waited for with the
       guest locked, since whoever changes it may be waiting for the guest: 2 and 3 are given back and done anew;
    4. what was kept, then the stream: whoever holds the stream waits for none of these.

    An order's services lock in the same order: the order, the guest, the stream.

    Raises NotAllowed for anybody but a manager, NotFound.
    """
    actor.require(Role.MANAGER, to="erase customers")
    _lock_erasures(actor.restaurant_id)
    customers, orders = _lock_with_orders(actor.restaurant_id, sorted(set(row_ids)))
    for customer in customers:
        _forget(customer, [order for order in orders if order.customer_id == customer.pk], actor)


def _lock_erasures(restaurant_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"erasing {restaurant_id}"])


class _OrderedMeanwhile(Exception):
    """An order became a guest's between the locks on their orders and the one on the guest."""


def _lock_with_orders(restaurant_id: int, row_ids: list[int]) -> tuple[list[Customer], list[Order]]:
    """Return the guests, and their open orders: locked, as are their closed ones."""
    unit = require_unit()
    while True:
        with suppress(_OrderedMeanwhile):
            with transaction.atomic():  # what it has locked is free again when it fails
                customers, open_ids = _try_to_lock(restaurant_id, row_ids)
            return customers, [unit.lock(Order, pk, restaurant_id=restaurant_id) for pk in open_ids]


def _try_to_lock(restaurant_id: int, row_ids: list[int]) -> tuple[list[Customer], list[int]]:
    theirs = Order.objects.filter(restaurant_id=restaurant_id, customer_id__in=row_ids)
    status_of = dict(theirs.order_by("pk").select_for_update(no_key=True).values_list("pk", "status"))
    customers = [lock_customer(pk, restaurant_id=restaurant_id) for pk in row_ids]
    if not status_of.keys() >= set(theirs.order_by().values_list("pk", flat=True)):
        raise _OrderedMeanwhile
    return customers, [pk for pk, status in status_of.items() if status in states.OPEN]


def _forget(customer: Customer, still_open: list[Order], actor: Actor) -> None:
    theirs = Order.objects.filter(restaurant_id=customer.restaurant_id, customer_id=customer.pk)
    own_ids = set(theirs.order_by().values_list("pk", flat=True))
    order_ids = own_ids | _former_ids(customer)
    entries = _entries_of(customer.restaurant_id, order_ids)
    names = {customer.name, *theirs.order_by().values_list("customer_name", flat=True).distinct()}
    for order_id, told in groupby(entries, attrgetter("order_id")):
        changes = [entry.changes for entry in told]
        names |= names_while_theirs(customer.pk, changes, is_theirs=order_id in own_ids)
    forgotten = Forgotten(customer.pk, frozenset(names - {""}))

    _forget_in_history(entries, forgotten)
    _forget_in_answers(customer, forgotten)
    _forget_in_log(customer)
    _forget_on_orders(customer, still_open)
    customer.name = customer.phone = customer.email = ""
    customer.erased_at = timezone.now()
    customer.save()
    signals.customer_erased.send(
        sender=Customer,
        restaurant_id=customer.restaurant_id,
        order_ids=order_ids,
        forgotten=forgotten,
        actor=actor,
    )


def _former_ids(customer: Customer) -> set[int]:
    """Return the orders whose history says that they became the guest's, or were theirs no longer."""
    entries = HistoryEntry.objects.filter(restaurant_id=customer.restaurant_id)
    named = entries.filter(changes__customer_id__contains=customer.pk)
    return set(named.order_by().values_list("order_id", flat=True))


def _entries_of(restaurant_id: int, order_ids: Iterable[int]) -> list[HistoryEntry]:
    """Return what the orders' history says of guests, order by order, the oldest first."""
    entries = HistoryEntry.objects.filter(restaurant_id=restaurant_id, order_id__in=order_ids)
    told = entries.filter(Q(changes__has_key="customer_id") | Q(changes__has_key="customer_name"))
    return list(told.order_by("order_id", "pk"))


def _forget_in_history(entries: list[HistoryEntry], forgotten: Forgotten) -> None:
    changed = []
    for entry in entries:
        told = forgotten.without(entry.changes)
        if told != entry.changes:
            entry.changes = told
            changed.append(entry)
    HistoryEntry.objects.bulk_update(changed, ["changes"], batch_size=_AT_ONCE)


def _forget_in_answers(customer: Customer, forgotten: Forgotten) -> None:
    """Have no repeated request told what the first one was: its answer stays, without the guest."""
    answers = StoredAnswer.objects.filter(scope__endswith=f":{customer.restaurant_id}").exclude(body=b"")
    for kept in answers.order_by():
        said = _decode(kept.body)
        if kept.headers.get("Location") == f"/api/customers/{customer.pk}":
            told = said | {"name": None, "phone": None, "email": None}
        else:
            told = forgotten.without(said)
        if told != said:
            # One that is locked is being deleted for its age, by somebody who may wait for an order of the guest's.
            free = answers.filter(pk=kept.pk).select_for_update(skip_locked=True)
            answers.filter(pk__in=[row.pk for row in free]).update(body=_encode(told))


def _forget_in_log(customer: Customer) -> None:
    """Have the admin's log call the guest by number."""
    kind = ContentType.objects.get_for_model(Customer)
    LogEntry.objects.filter(content_type=kind, object_id=str(customer.pk)).update(object_repr=f"#{customer.pk}")


def _forget_on_orders(customer: Customer, still_open: list[Order]) -> None:
    """Take the name off the orders. What it was is told to nobody: not in an event, and so in no history either."""
    theirs = Order.objects.filter(customer_id=customer.pk)
    closed = theirs.exclude(pk__in=[order.pk for order in still_open])
    closed.update(silently=True, customer_name="", version=F("version") + 1, updated_at=timezone.now())
    theirs.exclude(customer_name="").update(silently=True, customer_name="")
    for order in still_open:
        order.refresh_from_db(fields=["customer_name"])
        nameless = {"customer_name": (None, "")}
        require_unit().note(Change(order, "updated", nameless, pk=order.pk, before=order.loaded))
        touch(order)
