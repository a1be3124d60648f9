"""The room: tables, and the codes that are printed for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict, Unpack

from orders.actors import Actor
from orders.in_use import check_unused
from orders.models import Table
from orders.models.tables import new_nonce
from orders.services.saving import save_once
from orders.states import Role
from orders.units import require_unit, unit_of_work

_TAKEN: Mapping[str, tuple[str, str]] = {"table_once": ("/name", "There is a table of this name.")}


class TableChanges(TypedDict, total=False):
    """The fields of a table that may be sent."""

    name: str
    seats: int
    area: str


@unit_of_work
def create_table(*, actor: Actor, **fields: Unpack[TableChanges]) -> Table:
    """Put a table into the room. Raises NotAllowed, Duplicate."""
    actor.require(Role.MANAGER, to="change the tables")
    table = Table(restaurant_id=actor.restaurant_id, **fields)
    save_once(table, _TAKEN)
    return table


@unit_of_work
def update_table(*, row_id: int, actor: Actor, **changes: Unpack[TableChanges]) -> Table:
    """Change fields of a table: the ones given, and no others. Orders keep the name that they were taken with.

    Locks the table. Raises NotAllowed, NotFound, Duplicate.
    """
    actor.require(Role.MANAGER, to="change the tables")
    table = require_unit().lock(Table, row_id, restaurant_id=actor.restaurant_id)
    for name, value in changes.items():
        setattr(table, name, value)
    if changes:
        save_once(table, _TAKEN)
    return table


@unit_of_work
def delete_table(*, row_id: int, actor: Actor) -> None:
    """Take a table out of the room that has never had an order. Raises NotAllowed, NotFound, InUse."""
    actor.require(Role.MANAGER, to="change the tables")
    table = require_unit().lock(Table, row_id, restaurant_id=actor.restaurant_id)
    check_unused(table)
    table.delete()


@unit_of_work
def rotate_table_token(*, table_id: int, actor: Actor) -> Table:
    """End every code that was printed for a table; a new one has to be printed.

    Locks the table. Raises NotAllowed, NotFound.
    """
    actor.require(Role.MANAGER, to="end a table's code")
    table = require_unit().lock(Table, table_id, restaurant_id=actor.restaurant_id)
    table.nonce = new_nonce()
    table.save(update_fields=["nonce"])
    return table
