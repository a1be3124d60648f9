"""Who may call at all; what each role may do is for the services to say."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from orders.actors import Actor


class IsStaff(BasePermission):
    """Lets staff of a restaurant in."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether the caller is a member of staff."""
        return isinstance(request.auth, Actor) and request.auth.kind == "staff"
