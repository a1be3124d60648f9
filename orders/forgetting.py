"""Taking a guest's name out of what was written down: of shapes of orders, and of pairs of old and new values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Forgotten:
    """A guest who is to be forgotten: the id, and the names under which orders knew them."""

    customer_id: int
    names: frozenset[str]

    def without(self, said: Any, *, is_theirs: bool = False) -> Any:
        """Return what was said, a document of JSON, with null in the place of what names the guest.

        What names a customer by id is theirs, or is not, and so is what stands beside an order that does; what names
        none is theirs as what surrounds it is. A name alone is theirs where it is one of their names. So a guest of
        the same name, on the same order, may lose it too.
        """
        if isinstance(said, list):
            return [self.without(one, is_theirs=is_theirs) for one in said]
        if not isinstance(said, dict):
            return said
        owner = _owner(said)
        if owner is not None:
            is_theirs = owner == self.customer_id
        return {name: self._value(name, value, is_theirs=is_theirs) for name, value in said.items()}

    def _value(self, name: str, value: Any, *, is_theirs: bool) -> Any:
        if name != "customer_name":
            return self.without(value, is_theirs=is_theirs)
        if isinstance(value, list):  # old and new
            return [None if one in self.names else one for one in value]
        return None if is_theirs or value in self.names else value


def _owner(said: dict[str, Any]) -> int | None:
    """Return the customer whom a document names by id: itself, or with the order that it brings along."""
    for holder in (said, said.get("order")):
        owner = holder.get("customer_id") if isinstance(holder, dict) else None
        if isinstance(owner, int):
            return owner
    return None


def names_while_theirs(customer_id: int, told: Iterable[dict[str, Any]], *, is_theirs: bool) -> set[str]:
    """Return all names that an order had while it was the guest's.

    ``told`` are the changes in its history that say of whom the order is or what it calls them, the oldest first.
    Between two guests only the name may have changed: so each entry counts for the guest whose the order was by then.
    ``is_theirs``: whose it is where no entry says.
    """
    names: set[str | None] = set()
    entries = list(told)
    first = next((changes["customer_id"] for changes in entries if "customer_id" in changes), None)
    owned = is_theirs if first is None else first[0] == customer_id
    for changes in entries:
        before = owned
        if "customer_id" in changes:
            old_id, new_id = changes["customer_id"]
            before, owned = old_id == customer_id, new_id == customer_id
        old, new = changes.get("customer_name", (None, None))
        names |= ({old} if before else set()) | ({new} if owned else set())
    return {name for name in names if name}
