"""How far somebody reaches in the admin: the restaurants that they run, and as whom they act there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db.models import QuerySet
from django.http import HttpRequest

from orders.access import memberships_of
from orders.actors import Actor
from orders.models import Restaurant, User
from orders.states import Role

RUNNERS = (Role.OWNER, Role.MANAGER)
_KEPT = "_brigade_reach"


@dataclass(frozen=True, slots=True)
class Reach:
    """The restaurants that somebody runs, each with their role; a superuser reaches every one."""

    user: User | None = None
    roles: Mapping[int, Role] = field(default_factory=dict)
    is_boundless: bool = False

    @property
    def is_open(self) -> bool:
        """Whether the admin is for this person at all."""
        return self.is_boundless or bool(self.roles)

    @property
    def only_id(self) -> int | None:
        """The restaurant, for somebody who runs exactly one."""
        return next(iter(self.roles)) if len(self.roles) == 1 and not self.is_boundless else None

    def covers(self, restaurant_id: int | None) -> bool:
        """Whether the restaurant is theirs to run."""
        return self.is_boundless or restaurant_id in self.roles

    def owns(self, restaurant_id: int | None) -> bool:
        """Whether they are its owner, whom no manager can make or unmake."""
        return self.is_boundless or (restaurant_id is not None and self.roles.get(restaurant_id) is Role.OWNER)

    def restaurants(self) -> QuerySet[Restaurant]:
        """Return the restaurants that they run."""
        every = Restaurant.objects.all()
        return every if self.is_boundless else every.filter(pk__in=list(self.roles))

    def actor(self, restaurant_id: int | None = None) -> Actor:
        """Return who acts in the restaurant; without one, who is named by what several restaurants are told."""
        at = restaurant_id or self.only_id or 0
        assert self.user is not None
        return Actor(
            restaurant_id=at,
            role=Role.OWNER if self.is_boundless else self.roles.get(at),
            user_id=self.user.pk,
            name=self.user.display_name,
            source="admin",
        )


NOWHERE = Reach()


def reach_of(request: HttpRequest) -> Reach:
    """Return how far the signed-in user reaches; read once for a request."""
    known: Reach | None = getattr(request, _KEPT, None)
    if known is None or known.user != request.user:
        known = _read(request)
        setattr(request, _KEPT, known)
    return known


def _read(request: HttpRequest) -> Reach:
    user = request.user
    if not isinstance(user, User) or not user.is_active:
        return NOWHERE
    if user.is_superuser:
        return Reach(user, is_boundless=True)
    roles = {membership.restaurant_id: Role(membership.role) for membership in memberships_of(user)}
    return Reach(user, {restaurant_id: role for restaurant_id, role in roles.items() if role in RUNNERS})
