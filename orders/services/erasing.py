"""Forgetting a guest who asks for it: in the row, on the orders, in their history, in what was announced."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from django.db.models import F
from django.utils import timezone

from orders import signals, states
from orders.actors import Actor
from orders.forgetting import Forgotten
from orders.models import Customer, HistoryEntry, Order, StoredAnswer
from orders.services.customers import lock_customer
from orders.services.touching import touch
from orders.states import Role
from orders.units import Change, require_unit, unit_of_work

_AT_ONCE = 500
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


@unit_of_work
def erase_customer(*, row_id: int, actor: Actor) -> None:
    """Forget a guest: name, phone and email are gone from the row, orders, history, stored answers and events alike.

    Locks the guest's open orders, then the guest. Orders and amounts stay, and each has a new version; of the open
    ones ``order:updated`` tells it. Reads the restaurant's kept history and events once: this is no daily work.

    Raises NotAllowed for anybody but a manager, NotFound.
    """
    actor.require(Role.MANAGER, to="erase customers")
    unit = require_unit()
    theirs = Order.objects.filter(restaurant_id=actor.restaurant_id, customer_id=row_id)
    open_ids = list(theirs.filter(status__in=states.OPEN).order_by("pk").values_list("pk", flat=True))
    still_open = [unit.lock(Order, pk, restaurant_id=actor.restaurant_id) for pk in open_ids]
    customer = lock_customer(row_id, restaurant_id=actor.restaurant_id)

    order_ids = set(theirs.order_by().values_list("pk", flat=True))
    names = {customer.name, *theirs.order_by().values_list("customer_name", flat=True).distinct()}
    for entry in _entries_of(customer):
        order_ids.add(entry.order_id)
        names |= _names_in(entry, customer.pk)
    forgotten = Forgotten(customer.pk, frozenset(names - {""}))

    _forget_in_history(customer, forgotten, order_ids)
    _forget_in_answers(customer, forgotten)
    signals.customer_erased.send(
        sender=Customer,
        restaurant_id=customer.restaurant_id,
        order_ids=order_ids,
        forgotten=forgotten,
        actor=actor,
    )
    _forget_on_orders(customer, still_open)
    customer.name = customer.phone = customer.email = ""
    customer.erased_at = timezone.now()
    customer.save()


def _entries_of(customer: Customer) -> Iterable[HistoryEntry]:
    """Return the entries that say that an order became the guest's, or was theirs no longer."""
    entries = HistoryEntry.objects.filter(restaurant_id=customer.restaurant_id)
    return entries.filter(changes__customer_id__contains=customer.pk).order_by().iterator(_AT_ONCE)


def _names_in(entry: HistoryEntry, customer_id: int) -> set[str]:
    ids, names = entry.changes["customer_id"], entry.changes.get("customer_name", (None, None))
    return {name for pk, name in zip(ids, names, strict=True) if pk == customer_id and name}


def _forget_in_history(customer: Customer, forgotten: Forgotten, order_ids: set[int]) -> None:
    entries = HistoryEntry.objects.filter(
        restaurant_id=customer.restaurant_id, order_id__in=order_ids, changes__has_key="customer_name"
    )
    changed = []
    for entry in entries.order_by():
        entry.changes = forgotten.without(entry.changes)
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
            kept.body = _encode(told)
            kept.save(update_fields=["body"])


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
