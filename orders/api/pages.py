"""Lists, page by page: a cursor names the row where a page ends, so that nothing moves when rows are added."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, ClassVar, Protocol

from django.contrib.postgres.expressions import ArraySubquery
from django.core import signing
from django.db.models import BooleanField, F, Func, Q, QuerySet
from django.db.models.expressions import BaseExpression, Combinable
from django.http import HttpResponse
from rest_framework import serializers
from rest_framework.request import Request

from orders.api.endpoints import answer
from orders.api.fields import BIGGEST_ID, Body, quoted, validated
from orders.errors import InvalidFields

USUAL_LIMIT = 50
MOST_ROWS = 100
_SALT = "brigade.cursor"


class WholeParameter(serializers.IntegerField):
    """A whole number in a query."""

    default_error_messages: ClassVar[dict[str, Any]] = {"invalid": "A number such as 12 is wanted here, not {input}."}

    def to_internal_value(self, data: Any) -> int:
        """Return the number."""
        if not (data.isascii() and data.isdecimal() and len(data) < len(str(BIGGEST_ID)) + 1):
            self.fail("invalid", input=quoted(data))
        return int(data)


def id_parameter(**options: Any) -> WholeParameter:
    """Return a parameter for a row's id; one that there isn't gives an empty list."""
    return WholeParameter(required=False, min_value=0, max_value=BIGGEST_ID, **options)


class FlagParameter(serializers.BooleanField):
    """``true`` or ``false`` in a query."""

    def to_internal_value(self, data: Any) -> bool:
        """Return the truth."""
        if data not in ("true", "false"):
            self.fail("invalid", input=data)
        return bool(data == "true")


class SeveralParameter(serializers.ListField):
    """Several values in a query, comma-separated or repeated."""


class Query(Body):
    """The parameters of a request; one that isn't among them is refused."""


class NoQuery(Query):
    """For answers that take no parameters."""


class PageQuery(Query):
    """The parameters of every list."""

    limit = WholeParameter(
        required=False, min_value=1, max_value=BIGGEST_ID, help_text="Rows on a page; more than 100 is taken as 100."
    )
    cursor = serializers.CharField(required=False, max_length=2000, help_text="From `next` or `previous`.")


def query_of(request: Request, kind: type[Query]) -> dict[str, Any]:
    """Return the valid parameters; raises ValidationError naming each that is unknown, malformed or given twice."""
    fields = kind().fields
    given: dict[str, Any] = {}
    for name, values in request.GET.lists():
        if isinstance(fields.get(name), SeveralParameter):
            given[name] = [part for value in values for part in value.split(",")]
        elif len(values) > 1:
            raise InvalidFields.one(f"/{name}", "repeated", "This parameter takes one value.")
        else:
            given[name] = values[0]
    return validated(kind, given)


@dataclass(frozen=True, slots=True)
class Ordering:
    """The order of a list: ORM paths, of which the last is unique."""

    paths: tuple[str, ...]
    falling: bool = False

    def applied(self, rows: QuerySet[Any], *, backwards: bool) -> QuerySet[Any]:
        """Return the rows in this order, or in the reverse."""
        sign = "-" if self.falling != backwards else ""
        return rows.order_by(*(f"{sign}{path}" for path in self.paths))

    def beyond(self, place: list[Any], *, backwards: bool) -> Q:
        """Return the condition for rows that come after a place, or before it."""
        step = "lt" if self.falling != backwards else "gt"
        condition = Q()
        for path, value in reversed(list(zip(self.paths, place, strict=True))):
            further = Q(**{f"{path}__{step}": value})
            # The first bound is implied by the second, but it is the one that an index can use.
            condition = Q(**{f"{path}__{step}e": value}) & (further | condition) if condition else further
        return condition

    def place_of(self, row: Any) -> list[Any]:
        """Return where a row stands."""
        values = [attrgetter(path.replace("__", "."))(row) for path in self.paths]
        return [value.isoformat() if isinstance(value, dt.datetime) else value for value in values]


NEWEST_FIRST = Ordering(("id",), falling=True)
OLDEST_FIRST = Ordering(("id",))


class Narrow(Protocol):
    """Finds the first rows of a list by themselves, so that PostgreSQL need not search for them."""

    def __call__(
        self, rows: QuerySet[Any], ordering: Ordering, place: list[Any] | None, *, backwards: bool, most: int
    ) -> QuerySet[Any]:
        """Return rows that include the ``most`` first ones of a list beyond a place, and few others."""


def narrowed(rows: QuerySet[Any], ids: BaseExpression | Combinable) -> QuerySet[Any]:
    """Return the rows whose id is in an array, with the related rows of a queryset.

    Of an array PostgreSQL knows nothing before it is there, and looks its rows up one by one; a subquery it might join
    by walking over all rows.
    """
    is_one = Func(F("pk"), ids, template="%(expressions)s)", arg_joiner=" = ANY(", output_field=BooleanField())
    same: QuerySet[Any] = rows.model._default_manager.filter(is_one)  # noqa: SLF001
    return same.prefetch_related(*rows._prefetch_related_lookups)  # type: ignore[attr-defined]  # noqa: SLF001


@dataclass(frozen=True, slots=True)
class Branches:
    """The rows that meet any of several conditions, each of them found by itself.

    An index has the rows of each branch in order, but not those of several: asked for all at once PostgreSQL would
    sort every row that there is, or walk over the whole list in search of the few that match.
    """

    conditions: Sequence[Q]

    def __call__(
        self, rows: QuerySet[Any], ordering: Ordering, place: list[Any] | None, *, backwards: bool, most: int
    ) -> QuerySet[Any]:
        """Return the first ones of all branches together."""
        ids = rows.order_by().values("pk")
        first = [ordering.applied(ids.filter(branch), backwards=backwards)[:most] for branch in self.conditions]
        return narrowed(rows, ArraySubquery(first[0].union(*first[1:], all=True) if len(first) > 1 else first[0]))


def page(
    request: Request,
    rows: QuerySet[Any],
    shape: Callable[[Any], Any],
    *,
    ordering: Ordering,
    query: dict[str, Any],
    narrow: Narrow | None = None,
    read: Callable[[QuerySet[Any]], list[Any]] = list,
) -> HttpResponse:
    """Answer with one page of the rows, and the addresses of the next and the previous one.

    ``narrow`` says which rows of those are meant, where an index knows it better than a condition tells.
    ``read`` fetches the rows of the page.
    """
    limit = min(query.get("limit", USUAL_LIMIT), MOST_ROWS)
    cursor = query.get("cursor")
    backwards, place = _read_cursor(cursor, ordering) if cursor else (False, None)
    if place is not None:
        rows = rows.filter(ordering.beyond(place, backwards=backwards))
    if narrow is not None:
        rows = narrow(rows, ordering, place, backwards=backwards, most=limit + 1)
    found = read(ordering.applied(rows, backwards=backwards)[: limit + 1])
    is_more = len(found) > limit
    found = found[:limit]
    if backwards:
        found.reverse()
    onwards = (is_more, place is not None) if not backwards else (place is not None, is_more)
    return _answer(request, ordering, found, [shape(row) for row in found], onwards)


def page_of(
    request: Request,
    rows: Sequence[Any],
    *,
    ordering: Ordering,
    key: Callable[[list[Any]], Any],
    query: dict[str, Any],
) -> HttpResponse:
    """Answer with one page of what was reckoned and not read, in order; ``key`` says of places which comes first."""
    limit = min(query.get("limit", USUAL_LIMIT), MOST_ROWS)
    cursor = query.get("cursor")
    backwards, place = _read_cursor(cursor, ordering) if cursor else (False, None)
    before = [row for row in rows if place is not None and key(ordering.place_of(row)) < key(place)]
    after = [row for row in rows if place is None or key(ordering.place_of(row)) > key(place)]
    if backwards:
        found = before[-limit:]
        return _answer(request, ordering, found, found, (True, len(before) > limit))
    found = after[:limit]
    return _answer(request, ordering, found, found, (len(after) > limit, place is not None))


def _answer(
    request: Request, ordering: Ordering, found: Sequence[Any], shown: Sequence[Any], onwards: tuple[bool, bool]
) -> HttpResponse:
    """Answer with a page; ``onwards`` says whether there is a next one, and a previous one."""
    there_is_next, there_is_previous = onwards
    return answer(
        {
            "next": _link(request, ordering, found[-1], back=False) if found and there_is_next else None,
            "previous": _link(request, ordering, found[0], back=True) if found and there_is_previous else None,
            "results": shown,
        }
    )


def _link(request: Request, ordering: Ordering, row: Any, *, back: bool) -> str:
    parameters = request.GET.copy()
    parameters["cursor"] = signing.dumps(
        [list(ordering.paths), ordering.falling, back, ordering.place_of(row)], salt=_SALT
    )
    address: str = request.build_absolute_uri(f"{request.path}?{parameters.urlencode()}")
    return address


def _read_cursor(cursor: str, ordering: Ordering) -> tuple[bool, list[Any]]:
    """Return which way a page goes and from where; what is signed is what we wrote."""
    try:
        paths, falling, back, place = signing.loads(cursor, salt=_SALT)
    except (signing.BadSignature, ValueError) as error:
        raise InvalidFields.one("/cursor", "invalid", "This is no cursor of ours.") from error
    if (tuple(paths), falling) != (ordering.paths, ordering.falling):
        raise InvalidFields.one("/cursor", "invalid", "This cursor is of a list in another order.")
    return back, place
