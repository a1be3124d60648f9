"""Who acts: the identity that every service checks and every event remembers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from orders.errors import NotAllowed
from orders.states import DeviceKind, Role

Source = Literal["api", "admin", "websocket", "system"]


@dataclass(frozen=True, slots=True)
class Actor:
    """One caller, in one restaurant, for the length of one request or command.

    ``restaurant_id`` is 0 for the system alone (commands, migrations of data): it finds no restaurant's rows.
    ``role`` is a membership role; None for guests, devices and the system. A device has ``scopes`` instead, and
    ``counter_id`` where it is paired with a till. A guest has what the token names: the table at which one sits, the
    order that one follows, or oneself as a customer.
    """

    restaurant_id: int
    kind: Literal["staff", "device", "table", "tracking", "customer", "system"] = "staff"
    role: Role | None = None
    user_id: int | None = None
    name: str = ""
    source: Source = "system"
    device_id: int | None = None
    device_kind: DeviceKind | None = None
    counter_id: int | None = None
    scopes: frozenset[str] = frozenset()
    table_id: int | None = None
    order_id: int | None = None
    customer_id: int | None = None
    # What a table's token names besides the table: it changes with each code that is printed anew.
    nonce: str = ""

    @property
    def is_system(self) -> bool:
        """Whether this is Brigade itself: no role is asked of it."""
        return self.kind == "system"

    @property
    def is_manager(self) -> bool:
        """Whether a manager's word is enough: managers, owners and the system."""
        return self.is_system or self.role in (Role.MANAGER, Role.OWNER)

    @property
    def is_guest(self) -> bool:
        """Whether this is somebody who eats here, and sees no more than guests may."""
        return self.kind in ("table", "tracking", "customer")

    def may(self, *roles: Role, scope: str = "") -> bool:
        """Whether the actor has one of the roles, or as a device the scope; an owner may do whatever a manager may."""
        if self.is_system:
            return True
        if self.kind == "device":
            return scope in self.scopes
        if self.role is Role.OWNER and Role.MANAGER in roles:
            return True
        return self.role in roles

    def require(self, *roles: Role, to: str = "do this", scope: str = "") -> None:
        """Raise NotAllowed unless the actor has one of the roles, or as a device the scope."""
        if not self.may(*roles, scope=scope):
            names = ", ".join(role.value for role in roles)
            raise NotAllowed(f"Only {names} may {to}.", roles=[role.value for role in roles])

    def via(self, source: Source) -> Actor:
        """Return the same actor coming through another door."""
        return replace(self, source=source)


SYSTEM = Actor(restaurant_id=0, kind="system", name="Brigade", source="system")
