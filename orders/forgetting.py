"""Taking a guest's name out of what was written down: of shapes of orders, and of pairs of old and new values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Forgotten:
    """A guest who is to be forgotten: the id, and the names under which orders knew them."""

    customer_id: int
    names: frozenset[str]

    def without(self, said: Any, *, is_theirs: bool = False) -> Any:
        """Return what was said, a document of JSON, with null in the place of what names the guest.

        What names a customer by id is theirs, or is not; what names none is theirs as what surrounds it is. A name
        alone is theirs where it is one of their names. So a guest of the same name, on the same order, may lose it too.
        """
        if isinstance(said, list):
            return [self.without(one, is_theirs=is_theirs) for one in said]
        if not isinstance(said, dict):
            return said
        own = said.get("customer_id")
        if isinstance(own, int):
            is_theirs = own == self.customer_id
        return {name: self._value(name, value, is_theirs=is_theirs) for name, value in said.items()}

    def _value(self, name: str, value: Any, *, is_theirs: bool) -> Any:
        if name != "customer_name":
            return self.without(value, is_theirs=is_theirs)
        if isinstance(value, list):  # old and new
            return [None if one in self.names else one for one in value]
        return None if is_theirs or value in self.names else value
