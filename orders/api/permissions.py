"""Who may call an address at all; what each role may do is for the services to say."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from orders.actors import Actor
from orders.scopes import Scope

# What an endpoint says where no device may read, or write, whatever its scopes.
STAFF_ALONE: Scope | None = None


class IsStaff(BasePermission):
    """Lets staff of a restaurant in, and the devices that have the scope which the endpoint names."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether the caller is a member of staff, or a device that may read here, or write."""
        if not isinstance(request.auth, Actor):
            return False
        if request.auth.kind == "staff":
            return True
        if request.auth.kind != "device":
            return False
        needed = scopes_of(view, request.method or "")
        if not needed:
            self.message = "Only staff may do this, no device."
            return False
        self.message = f"This device lacks the scope {' or '.join(needed)}."
        return not request.auth.scopes.isdisjoint(needed)


def scopes_of(view: Any, method: str) -> tuple[Scope, ...]:
    """Return the scopes any of which a device needs for a method of an endpoint; none where it is for staff alone."""
    names = ("read_scope", "other_read_scope") if method in SAFE_METHODS else ("write_scope",)
    scopes: list[Scope | None] = [getattr(view, name, STAFF_ALONE) for name in names]
    return tuple(scope for scope in scopes if scope is not None)
