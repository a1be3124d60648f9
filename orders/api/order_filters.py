"""Which orders a list shows, so that a page costs the same however many orders there are.

Each filter has an index that finds its orders in the list's order. Where a filter takes several values, or a search
looks in several places, each has its own branch, of which no more is read than the page needs.
"""

from __future__ import annotations

from typing import Any

from django.db.models import OuterRef, Q, Subquery

from orders import states
from orders.api.pages import Ordering
from orders.guest_terms import guests_like
from orders.models import Customer

_SAME_NAME = ("waiter", "table", "customer", "external_id")
_SEVERAL = ("status", "payment_status", "priority", "channel")
_MOMENTS = {
    "created_after": "created_at__gte",
    "created_before": "created_at__lt",
    "updated_after": "updated_at__gte",
}
# Up to here each guest who is found is a branch of their own; a list of more guests' orders is read as one.
FEW_GUESTS = 20
# More guests than these, and the orders of one of them are never far: the list is read until the page is full.
MANY_GUESTS = 5000


def order_ordering(query: dict[str, Any]) -> Ordering:
    """Return the order that was asked for; without one the newest first, by the moment that the list is bounded by."""
    usual = "-id"
    if "updated_after" in query:
        usual = "-updated_at"
    elif "created_after" in query or "created_before" in query:
        usual = "-created_at"
    name = query.get("ordering", usual)
    path = name.removeprefix("-")
    return Ordering((path,) if path == "id" else (path, "id"), falling=name.startswith("-"))


def order_conditions(restaurant_id: int, query: dict[str, Any]) -> tuple[Q, list[Q]]:
    """Return what every order of the list meets, and the branches: of these it meets one; none, and all are meant."""
    every = Q(**{name: query[name] for name in _SAME_NAME if name in query})
    every &= Q(**{condition: query[name] for name, condition in _MOMENTS.items() if name in query})
    several = {name: set(query[name]) for name in _SEVERAL if name in query}
    if "open" in query:
        of_state = set(states.OPEN if query["open"] else states.CLOSED)
        several["status"] = several.get("status", of_state) & of_state
    branches = _search(restaurant_id, query["search"]) if "search" in query else []
    for name, values in several.items():
        # All open orders are few and in an index of their own.
        is_one = len(values) == 1 or (name == "status" and values <= set(states.OPEN))
        if is_one or branches:
            every &= Q(**{f"{name}__in": sorted(values)})
        else:
            branches = [Q(**{name: value}) for value in sorted(values)]
    return every, branches


def _search(restaurant_id: int, words: str) -> list[Q]:
    """Return where to look for orders by the beginning of their number, or by their guest."""
    number = Q(order_number__startswith=words.upper())
    is_meant = guests_like(restaurant_id, words)
    guests = Customer.objects.filter(is_meant, restaurant_id=restaurant_id).order_by()
    found = list(guests.values_list("pk", flat=True)[: MANY_GUESTS + 1])
    if len(found) > MANY_GUESTS:
        # Asked for one order after the other, not joined: so the list's own order is kept.
        guest = Customer.objects.filter(pk=OuterRef("customer")).annotate(is_meant=is_meant).values("is_meant")
        return [number, Q(Subquery(guest), customer__isnull=False)]
    if len(found) > FEW_GUESTS:
        return [number, Q(customer__in=found)]
    return [number, *(Q(customer=guest) for guest in found)]
