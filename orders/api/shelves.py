"""Kinds of rows that are listed, read, made, changed and deleted in the same way: the menu, the room, the guests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from msgspec import Struct
from rest_framework.request import Request

from orders.api.documents import Schema, documented, paged, shown
from orders.api.endpoints import Endpoint, answer, keyed
from orders.api.fields import Body
from orders.api.pages import NoQuery, Ordering, PageQuery, page, query_of
from orders.api.permissions import STAFF_ALONE
from orders.errors import DomainError, Duplicate, InUse, NotFound
from orders.scopes import Scope

BY_NAME = Ordering(("name", "id"))


@dataclass(frozen=True, slots=True)
class Writes:
    """How rows of a kind are written: the body, and the services that take its fields.

    ``erases`` says what deleting does where it is never refused because something refers to the row.
    ``change_refuses`` are the refusals of a change beyond that the row is there already.
    """

    body: type[Body]
    create: Callable[..., Any]
    update: Callable[..., Any]
    delete: Callable[..., Any]
    erases: str = ""
    change_refuses: tuple[type[DomainError], ...] = ()


@dataclass(frozen=True, slots=True)
class Shelf:
    """One kind of row: where it is found, how it is ordered, how it is shown to whom, and how it is written.

    ``other_read_scope`` is another scope that lets a device read it.
    """

    rows: Callable[[int], QuerySet[Any]]
    ordering: Ordering
    shape: Callable[[Any, Endpoint], Any]
    writes: Writes
    read_scope: Scope | None
    write_scope: Scope | None = STAFF_ALONE
    other_read_scope: Scope | None = None


class OfShelf(Endpoint):
    """An address of a shelf; ``name`` is what one of its rows is called."""

    shelf: Shelf
    name: str

    def shown(self, row_id: int) -> Any:
        """Return the row as it is shown; raises NotFound."""
        row = self.shelf.rows(self.restaurant_id).filter(pk=row_id).first()
        if row is None:
            raise NotFound(f"There is no such {self.name}.")
        return self.shelf.shape(row, self)


class ShelfList(OfShelf):
    """A list of rows."""

    query: type[PageQuery] = PageQuery

    def get(self, request: Request) -> HttpResponse:
        """Return a page of the rows."""
        query = query_of(request, self.query)
        rows = self.filtered(self.shelf.rows(self.restaurant_id), query)
        return page(request, rows, lambda row: self.shelf.shape(row, self), ordering=self.shelf.ordering, query=query)

    def filtered(self, rows: QuerySet[Any], query: dict[str, Any]) -> QuerySet[Any]:
        """Return the rows that were asked for."""
        return rows.filter(**{name: value for name, value in query.items() if name not in ("limit", "cursor")})

    def make(self, request: Request) -> HttpResponse:
        """Make a row."""
        query_of(request, NoQuery)
        row = self.shelf.writes.create(actor=self.actor, **self.body(self.shelf.writes.body))
        return answer(self.shown(row.pk), HTTPStatus.CREATED, location=f"{request.path.rstrip('/')}/{row.pk}")


class ShelfRow(OfShelf):
    """One row."""

    def get(self, request: Request, row_id: int) -> HttpResponse:
        """Return the row."""
        query_of(request, NoQuery)
        return answer(self.shown(row_id))

    def change(self, request: Request, row_id: int) -> HttpResponse:
        """Change the fields that are sent."""
        query_of(request, NoQuery)
        self.shelf.writes.update(row_id=row_id, actor=self.actor, **self.body(self.shelf.writes.body, partial=True))
        return answer(self.shown(row_id))

    def remove(self, request: Request, row_id: int) -> HttpResponse:
        """Delete the row."""
        query_of(request, NoQuery)
        self.shelf.writes.delete(row_id=row_id, actor=self.actor)
        return HttpResponse(status=HTTPStatus.NO_CONTENT)


Methods = dict[str, Callable[..., HttpResponse]]


def shelf_views(
    shelf: Shelf, shape: type[Struct], *, one: str, many: str, tag: str, base: type[ShelfList] = ShelfList
) -> tuple[type[ShelfList], type[ShelfRow]]:
    """Return the two addresses of a shelf, each method described in the document under a name of its own.

    ``base`` is the list's class where it has filters.
    """
    title, name = one.title().replace("_", ""), one.replace("_", " ")
    of_list, of_row = _reads(shape, one=one, many=many, tag=tag, base=base)
    of_list |= _makes(shelf.writes, shape, one=one, tag=tag)
    of_row |= _changes(shelf.writes, shape, one=one, tag=tag)
    own: dict[str, Any] = {
        "shelf": shelf,
        "name": name,
        "read_scope": shelf.read_scope,
        "write_scope": shelf.write_scope,
        "other_read_scope": shelf.other_read_scope,
        "__module__": base.__module__,
    }
    return type(f"{title}List", (base,), own | of_list), type(f"{title}Row", (ShelfRow,), own | of_row)


def _reads(shape: type[Struct], *, one: str, many: str, tag: str, base: type[ShelfList]) -> tuple[Methods, Methods]:
    def get_page(self: Any, request: Request) -> HttpResponse:
        return base.get(self, request)

    def get_row(self: Any, request: Request, row_id: int) -> HttpResponse:
        return ShelfRow.get(self, request, row_id)

    get_page.__doc__ = f"List the {many.replace('_', ' ')}."
    get_row.__doc__ = f"Return {_a(one)}."
    listed = documented(f"list_{many}", tag=tag, query=base.query, answers={200: paged(shape)})(get_page)
    return {"get": listed}, {"get": documented(f"get_{one}", tag=tag, answers={200: shown(shape)})(get_row)}


def _makes(writes: Writes, shape: type[Struct], *, one: str, tag: str) -> Methods:
    def post(self: Any, request: Request) -> HttpResponse:
        return ShelfList.make(self, request)

    post.__doc__ = f"Make {_a(one)}."
    answers: dict[int, Schema | None] = {201: shown(shape)}
    return {
        "post": documented(f"create_{one}", tag=tag, body=writes.body, answers=answers, refuses=(Duplicate,))(
            keyed(post)
        )
    }


def _changes(writes: Writes, shape: type[Struct], *, one: str, tag: str) -> Methods:
    def put(self: Any, request: Request, row_id: int) -> HttpResponse:
        return ShelfRow.change(self, request, row_id)

    def patch(self: Any, request: Request, row_id: int) -> HttpResponse:
        return ShelfRow.change(self, request, row_id)

    def delete(self: Any, request: Request, row_id: int) -> HttpResponse:
        return ShelfRow.remove(self, request, row_id)

    put.__doc__ = f"Change the fields of {_a(one)} that are sent."
    patch.__doc__ = f"Change the fields of {_a(one)} that are sent (the same as PUT)."
    delete.__doc__ = writes.erases or f"Delete {_a(one)}; 409 while something refers to it."
    body = writes.body(partial=True)
    answers: dict[int, Schema | None] = {200: shown(shape)}
    refuses: tuple[type[DomainError], ...] = (Duplicate, *writes.change_refuses)
    return {
        "put": documented(f"replace_{one}_fields", tag=tag, body=body, answers=answers, refuses=refuses)(put),
        "patch": documented(f"change_{one}", tag=tag, body=body, answers=answers, refuses=refuses)(patch),
        "delete": documented(f"delete_{one}", tag=tag, answers={204: None}, refuses=() if writes.erases else (InUse,))(
            delete
        ),
    }


def _a(one: str) -> str:
    name = one.replace("_", " ")
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"
