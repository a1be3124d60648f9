"""The unit of work: one transaction, and the news that it makes.

A service runs in a unit. While it runs, every saved or deleted row of a TrackedModel is
noted with its old and new values (a receiver of ``post_save`` and ``post_delete`` calls
``Unit.note``). When the outermost unit ends, still inside its transaction, the hooks given
to ``at_unit_end`` turn what was noted into events. So a change and its event are committed
together or not at all.

Units nest. What an inner unit or any other savepoint noted falls with it: the unit watches
the connection for ``SAVEPOINT`` and ``ROLLBACK TO SAVEPOINT``, whoever sends them.
"""

from __future__ import annotations

import copy
import functools
import threading
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, ParamSpec, Self, TypeVar

import structlog
from django.db import DEFAULT_DB_ALIAS, connection, models, transaction
from django.db.models.signals import post_save, pre_save

from orders.actors import SYSTEM, Actor
from orders.errors import NotFound
from orders.reading import read_rows
from orders.writing import can_write, insert_family, insert_rows, update_row

log = structlog.get_logger(__name__)

_active = threading.local()
_end_hooks: list[Callable[[Unit], None]] = []

Values = dict[str, Any]
PutOff = dict[Hashable, Callable[[], None]]
M = TypeVar("M", bound=models.Model)
P = ParamSpec("P")
R = TypeVar("R")


@dataclass(slots=True, eq=False)
class Change:
    """One row saved or deleted: ``fields`` maps the column's attribute to (old, new).

    A created row has (None, value) for each field, a deleted one (value, None).
    ``before`` are the values that the instance had been loaded with, to go back to when
    the change is rolled back.
    """

    instance: TrackedModel
    kind: Literal["created", "updated", "deleted"]
    fields: dict[str, tuple[Any, Any]]
    pk: int = 0
    before: Values | None = None

    @classmethod
    def of(
        cls,
        instance: TrackedModel,
        kind: Literal["created", "updated", "deleted"],
        update_fields: Iterable[str] | None = None,
    ) -> Change:
        """Note what is being done to the row, while ``post_save`` or ``post_delete`` is sent."""
        if kind == "created":
            return cls(instance, kind, instance.as_new(), pk=instance.pk)
        if kind == "deleted":
            fields = {name: (old, None) for name, old in (instance.loaded or {}).items()}
        else:
            fields = instance.changed(update_fields)
        return cls(instance, kind, fields, pk=instance.pk, before=instance.loaded)

    def undo(self) -> None:
        """The row is as it was before: what the instance says beyond that counts as unsaved again."""
        if self.kind == "deleted":
            self.instance.pk = self.pk
        self.instance.restore_loaded(self.before)


@dataclass(slots=True, eq=False)
class Unit:
    """What one outermost unit of work has done so far."""

    actor: Actor
    changes: list[Change] = field(default_factory=list)
    _marks: list[tuple[str, int, PutOff]] = field(default_factory=list)
    _put_off: PutOff = field(default_factory=dict)
    _locked: dict[tuple[type[models.Model], int], Any] = field(default_factory=dict)
    _if_undone: list[Callable[[], object]] = field(default_factory=list)

    def note(self, change: Change) -> None:
        """Add a change to what the unit will announce."""
        self.changes.append(change)

    def touched(self, instance: models.Model, attname: str) -> bool:
        """Whether this unit has already changed the field of the row (or created the row)."""
        return any(
            change.pk == instance.pk and type(change.instance) is type(instance) and attname in change.fields
            for change in self.changes
        )

    def drop_since(self, position: int, put_off: PutOff | None = None) -> None:
        """Forget the changes noted after the position; their rows are as they were before, and so is what to do."""
        for change in reversed(self.changes[position:]):
            change.undo()
        del self.changes[position:]
        self._put_off = dict(put_off or {})
        self._locked.clear()

    def put_off(self, key: Hashable, work: Callable[[], None]) -> None:
        """Have something done once, when all else of the unit is: before its events are made.

        For what needs locks that come last, or sums up several changes. Put off again under the same key it stays
        where it is; it falls with the savepoint that it was put off under.
        """
        self._put_off.setdefault(key, work)

    def do_now(self, key: Hashable) -> None:
        """Do at once what was put off under the key, if anything was."""
        work = self._put_off.pop(key, None)
        if work is not None:
            work()

    def do_the_rest(self) -> None:
        """Do all that was put off: as the unit ends, or before an answer is made of what it has done."""
        while self._put_off:
            self.do_now(next(iter(self._put_off)))

    def if_undone(self, work: Callable[[], object]) -> None:
        """Do something in a unit of its own if this one fails: what a refusal is about must be seen by who reads it."""
        self._if_undone.append(work)

    def after_undoing(self) -> None:
        """Do what was to be done if the unit failed. What fails of it is logged: the caller is told of the unit."""
        for work in self._if_undone:
            try:
                work()
            except Exception:
                log.exception("after_undoing_failed")

    def watch(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
        """Run a statement and follow the savepoints among them (a wrapper of ``connection.execute_wrapper``)."""
        result = execute(sql, params, many, context)
        if isinstance(sql, str) and sql[:2].upper() in ("SA", "RO", "RE"):
            self._follow(sql)
        return result

    def _follow(self, sql: str) -> None:
        words = sql.upper().split()
        name = sql.rsplit(maxsplit=1)[-1]
        if words[0] == "SAVEPOINT":
            self._marks.append((name, len(self.changes), dict(self._put_off)))
        elif words[:2] == ["ROLLBACK", "TO"] and self._pop_to(name):
            self.drop_since(*self._marks[-1][1:])
        elif words[0] == "RELEASE" and self._pop_to(name):
            self._marks.pop()

    def _pop_to(self, name: str) -> bool:
        """Forget the savepoints made after the named one, which are gone with it; False where there is none."""
        if all(mark[0] != name for mark in self._marks):
            return False
        while self._marks[-1][0] != name:
            self._marks.pop()
        return True

    def lock(self, model: type[M], pk: int, *, restaurant_id: int) -> M:
        """Return the restaurant's row locked until the unit ends; the same object each time within the unit.

        ``FOR NO KEY UPDATE``: rows that refer to this one check it at their COMMIT, when their stream is locked
        already. A full lock would hold them up there, and one that waits for that stream would never get it.

        Raises NotFound when the restaurant has no such row.
        """
        row: M | None = self._locked.get((model, pk))
        if row is not None:
            return row
        found = read_rows(model, "WHERE id = %s AND restaurant_id = %s FOR NO KEY UPDATE", pk, restaurant_id)
        if not found:
            raise NotFound(f"There is no such {model._meta.verbose_name}.")  # noqa: SLF001 - public but for its name
        self._locked[(model, pk)] = found[0]
        return found[0]

    def adopt(self, instance: models.Model) -> None:
        """Hold a row that this unit has just created as if it had been locked (nobody else can see it)."""
        self._locked[(type(instance), instance.pk)] = instance

    def held(self, model: type[M], pk: int) -> M | None:
        """Return the row if this unit holds it locked."""
        return self._locked.get((model, pk))


def at_unit_end(hook: Callable[[Unit], None]) -> Callable[[Unit], None]:
    """Have the hook called at the end of every outermost unit, inside its transaction."""
    _end_hooks.append(hook)
    return hook


def current_unit() -> Unit | None:
    """Return the unit that this thread is in."""
    return getattr(_active, "unit", None)


def require_unit() -> Unit:
    """Return the unit that this thread is in; a programming error outside one."""
    unit = current_unit()
    if unit is None:
        message = "This needs a unit of work: call it from a service."
        raise RuntimeError(message)
    return unit


@contextmanager
def open_unit(actor: Actor = SYSTEM) -> Iterator[Unit]:
    """Open a unit of work, or a nested one, which fails alone when its caller catches the error.

    The outermost is a durable transaction: opened inside a foreign ``atomic`` it raises RuntimeError,
    since then the events would not be the last thing before COMMIT.
    """
    outer = current_unit()
    if outer is not None:
        with transaction.atomic():
            yield outer
        return
    unit = Unit(actor)
    try:
        with transaction.atomic(durable=True), connection.execute_wrapper(unit.watch):
            _active.unit = unit
            try:
                yield unit
                unit.do_the_rest()
                for hook in _end_hooks:
                    hook(unit)
            finally:
                # Before COMMIT: what a callback of on_commit writes belongs to a unit of its own.
                _active.unit = None
    except BaseException:
        unit.drop_since(0)
        unit.after_undoing()
        raise


def once_committed(work: Callable[[], object]) -> None:
    """Do work when the transaction is committed: what it raises is logged, and keeps nothing else from being done."""

    def run() -> None:  # Django logs by the name of a function, which a partial hasn't
        work()

    transaction.on_commit(run, robust=True)


def _unit_if_none() -> AbstractContextManager[Any]:
    """A unit of its own for a bare save; inside a unit nothing, not even a savepoint."""
    return open_unit() if current_unit() is None else nullcontext()


def unit_of_work(service: Callable[P, R]) -> Callable[P, R]:
    """Run a service in a unit of its ``actor``; nested calls join the unit that is open."""

    @functools.wraps(service)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        actor = kwargs.get("actor", SYSTEM)
        assert isinstance(actor, Actor)
        with open_unit(actor):
            return service(*args, **kwargs)

    return run


class SilentWrite(TypeError):
    """A bulk write would have changed rows that nobody hears of."""

    def __init__(self, method: str, model: type[models.Model]) -> None:
        super().__init__(
            f"{model.__name__}.objects.{method}() sends no signal, so no screen would hear of it. "
            f"Save the rows one by one, or say silently=True.",
        )


class TrackedQuerySet(models.QuerySet[M], Generic[M]):
    """A QuerySet that refuses the writes that Django does without signals."""

    def update(self, *, silently: bool = False, **kwargs: Any) -> int:
        """Update rows that no screen shows; raises SilentWrite unless ``silently``."""
        if not silently:
            raise SilentWrite("update", self.model)
        return super().update(**kwargs)

    def bulk_create(self, objs: Iterable[M], *args: Any, silently: bool = False, **kwargs: Any) -> list[M]:
        """Insert rows that no screen shows; raises SilentWrite unless ``silently``."""
        if not silently:
            raise SilentWrite("bulk_create", self.model)
        rows = super().bulk_create(objs, *args, **kwargs)
        for row in rows:
            if isinstance(row, TrackedModel) and row.pk is not None:
                row.remember_loaded()
        return rows

    def bulk_update(self, objs: Iterable[M], *args: Any, silently: bool = False, **kwargs: Any) -> int:
        """Update rows that no screen shows; raises SilentWrite unless ``silently``."""
        if not silently:
            raise SilentWrite("bulk_update", self.model)
        # Django's bulk_update() calls update() on a queryset of the same class, which would refuse.
        plain: models.QuerySet[M] = models.QuerySet(self.model, using=self.db)
        return plain.bulk_update(objs, *args, **kwargs)

    def _raw_delete(self, using: str | None) -> int:
        raise SilentWrite("_raw_delete", self.model)

    def insert(self, objs: list[M]) -> list[M]:
        """Insert several rows in one statement; ``pre_save`` and ``post_save`` are sent for each, as by ``save()``."""
        require_unit()
        _announce(objs)
        _made(objs, insert_rows(objs), using=self.db)
        return objs

    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete the rows, each with its ``post_delete``, in a unit."""
        with _unit_if_none():
            return super().delete()

    def get_or_create(self, defaults: Any = None, **kwargs: Any) -> tuple[M, bool]:
        """Get or make a row, in a unit."""
        with _unit_if_none():
            return super().get_or_create(defaults, **kwargs)

    def update_or_create(self, defaults: Any = None, create_defaults: Any = None, **kwargs: Any) -> tuple[M, bool]:
        """Update or make a row, in a unit."""
        with _unit_if_none():
            return super().update_or_create(defaults, create_defaults, **kwargs)


def _announce(rows: Iterable[models.Model], *, using: str = DEFAULT_DB_ALIAS) -> None:
    """Do with rows what ``save()`` does before it inserts them."""
    for row in rows:
        if isinstance(row, TrackedModel):
            row.take_plain_values()
        pre_save.send(sender=type(row), instance=row, raw=False, using=using, update_fields=None)


def _made(rows: Iterable[models.Model], keys: Iterable[int], *, using: str = DEFAULT_DB_ALIAS) -> None:
    """Do with rows what ``save()`` does once they are inserted."""
    for row, key in zip(rows, keys, strict=True):
        row.pk = key
        row._state.adding = False  # noqa: SLF001 - as Django does
        row._state.db = using  # noqa: SLF001
    for row in rows:
        post_save.send(sender=type(row), instance=row, created=True, raw=False, using=using, update_fields=None)
        if isinstance(row, TrackedModel):
            row.remember_loaded()


TrackedManager = models.Manager.from_queryset(TrackedQuerySet)


class TrackedModel(models.Model):
    """A row whose changes are news.

    It remembers the values that it was loaded with, so that ``changed()`` knows what is new;
    ``save()`` writes only those columns, and nothing at all when there are none.
    """

    objects = TrackedManager()

    class Meta:
        abstract = True
        base_manager_name = "objects"

    _loaded: Values | None = None

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Write what changed, in a unit of work (one of its own where none is open).

        With ``update_fields`` only what changed among those; the others count as unsaved still.
        """
        self.take_plain_values()
        is_new = self._state.adding or kwargs.get("force_insert")
        written = self._columns()
        if not is_new:
            written = tuple(self.changed(kwargs.get("update_fields")))
            if not written:
                return
            kwargs["update_fields"] = written
        with _unit_if_none():
            super().save(*args, **kwargs)
            self._remember(written)

    def insert_with(self, children: list[M], *, link: str) -> None:
        """Insert a new row and new rows that refer to it by ``link``, in one statement; else as ``save()`` does."""
        require_unit()
        _announce([self, *children])
        if not children:
            _made([self], insert_rows([self]))
            return
        key, keys = insert_family(self, children, link)
        self.pk = key
        for child in children:
            setattr(child, link, self)
        _made([self, *children], [key, *keys])

    def _do_insert(self, manager: Any, using: Any, fields: Any, returning_fields: Any, raw: bool) -> list[Any]:
        if raw or self.pk is not None or not can_write(type(self)):
            return super()._do_insert(manager, using, fields, returning_fields, raw)  # type: ignore[misc, no-any-return]
        return [(key,) for key in insert_rows([self])]

    def _do_update(self, base_qs: Any, using: Any, pk_val: Any, values: Any, *options: Any) -> Any:
        if not values or not can_write(type(self)):
            return super()._do_update(base_qs, using, pk_val, values, *options)
        return update_row(type(self), pk_val, {field.column: value for field, _, value in values})

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete the row, in a unit of work (one of its own where none is open)."""
        with _unit_if_none():
            return super().delete(*args, **kwargs)

    @classmethod
    def from_db(cls, db: str | None, field_names: Any, values: Any, **options: Any) -> Self:
        """Keep the loaded values beside the row."""
        row = super().from_db(db, field_names, values, **options)
        row.remember_loaded()
        return row

    def refresh_from_db(self, using: str | None = None, fields: Any = None, from_queryset: Any = None) -> None:
        """Read the row again and forget what was changed in memory."""
        super().refresh_from_db(using, fields, from_queryset)
        if fields is None or self._loaded is None:
            self.remember_loaded()
            return
        self._remember(self._attnames(fields))

    @classmethod
    def _attnames(cls, fields: Iterable[str]) -> set[str]:
        """Return the columns among the names of fields; "table" and "table_id" are the same one."""
        columns = (cls._meta.get_field(name) for name in fields)
        return {column.attname for column in columns if hasattr(column, "attname")}

    @property
    def loaded(self) -> Values | None:
        """The values that the database is known to hold; None for a row that it hasn't."""
        return self._loaded

    @classmethod
    def _columns(cls) -> tuple[str, ...]:
        names: tuple[str, ...] | None = cls.__dict__.get("_column_names")
        if names is None:
            names = tuple(column.attname for column in cls._meta.concrete_fields)
            cls._column_names = names  # type: ignore[attr-defined]
        return names

    def remember_loaded(self) -> None:
        """Take the present values as those of the database."""
        self._loaded = {}
        self._remember(self._columns())

    def _remember(self, attnames: Iterable[str]) -> None:
        # A new dict each time: a change noted before holds the old one.
        present = self.__dict__
        self._loaded = (self._loaded or {}) | {
            name: copy.deepcopy(value) if isinstance(value, list | dict) else value
            for name in attnames
            if (value := present.get(name, self)) is not self
        }

    def restore_loaded(self, before: Values | None) -> None:
        """Go back to the values before a save that was rolled back: what it wrote counts as unsaved again."""
        self._loaded = before
        if before is None:
            self._state.adding = True

    def as_new(self) -> dict[str, tuple[Any, Any]]:
        """Return {attribute: (None, value)} of the whole row."""
        present = self.__dict__
        return {name: (None, present[name]) for name in self._columns() if name in present}

    def changed(self, only: Iterable[str] | None = None) -> dict[str, tuple[Any, Any]]:
        """Return {attribute: (old, new)} of what differs from the database; all of it for a new row.

        ``only`` these fields, if given, by their names or those of their columns.
        """
        present = self.__dict__
        columns = self._columns() if only is None else self._attnames(only)
        loaded = self._loaded
        if loaded is None:
            return {name: (None, present[name]) for name in columns if name in present}
        return {
            name: (loaded.get(name), present[name])
            for name in columns
            if name in present and (name not in loaded or loaded[name] != present[name])
        }

    def take_plain_values(self) -> None:
        """Have in memory what the database will have: "9.50" for a price is a Decimal; an expression is refused."""
        for name, (_, new) in self.changed().items():
            if hasattr(new, "resolve_expression"):
                message = f"{type(self).__name__}.{name} takes a plain value: lock the row and compute it."
                raise TypeError(message)
            if isinstance(new, str):
                column: Any = self._meta.get_field(name)
                self.__dict__[name] = getattr(column, "target_field", column).to_python(new)
