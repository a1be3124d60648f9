"""Which orders a list shows, so that a page costs the same however many orders there are.

Each filter has an index that finds its orders in the list's order. Where a search looks in several places, each of
them is a branch of its own, of which no more is read than the page needs.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import BigIntegerField, BooleanField, F, Func, OuterRef, Q, QuerySet, Subquery, Value

from orders import states
from orders.api.pages import Branches, Narrow, Ordering, narrowed
from orders.facets import FACETS, first_ids
from orders.guest_terms import guests_like
from orders.models import Customer

_SAME_NAME = ("waiter", "table", "customer", "external_id")
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


@dataclass(frozen=True, slots=True)
class ByFacets:
    """The orders that have one of the chosen values of each facet, found by the index of all combinations."""

    restaurant_id: int
    chosen: Mapping[str, Collection[str]]

    def __call__(
        self, rows: QuerySet[Any], ordering: Ordering, place: list[Any] | None, *, backwards: bool, most: int
    ) -> QuerySet[Any]:
        """Return the first ones beyond a place."""
        falling = ordering.falling != backwards
        beyond = None if place is None else place[-1]
        ids = first_ids(self.restaurant_id, self.chosen, most=most, falling=falling, beyond=beyond)
        return narrowed(rows, ids)


def order_conditions(restaurant_id: int, query: dict[str, Any]) -> tuple[Q, Narrow | None]:
    """Return what every order of the list meets, and what finds those of them that are meant, if not all are."""
    own = Q(**{name: query[name] for name in _SAME_NAME if name in query})
    own &= Q(**{condition: query[name] for name, condition in _MOMENTS.items() if name in query})
    chosen = {name: set(query[name]) for name in FACETS if name in query}
    if "open" in query:
        of_state = set(states.OPEN if query["open"] else states.CLOSED)
        chosen["status"] = chosen.get("status", of_state) & of_state
    every = own & Q(**{f"{name}__in": sorted(values) for name, values in chosen.items()})
    if "search" in query:
        return every, Branches(_search(restaurant_id, query["search"]))
    # All open orders are few and in an index of their own; those of a table, a guest, a waiter or a time are too.
    statuses = chosen.get("status", set())
    is_small = own or (statuses and statuses <= set(states.OPEN))
    if chosen and not is_small and order_ordering(query).paths == ("id",):
        return Q(), ByFacets(restaurant_id, chosen)
    return every, None


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
        return [number, Q(one_of("customer_id", found))]
    return [number, *(Q(customer=guest) for guest in found)]


def one_of(column: str, ids: list[int]) -> Func:
    """Return the condition that a column is one of many ids, sent as a single value."""
    return Func(
        F(column),
        Value(ids, output_field=ArrayField(BigIntegerField())),
        template="%(expressions)s)",
        arg_joiner=" = ANY(",
        output_field=BooleanField(),
    )
