"""Every address of the API says which scope a device needs there, or that it is for people alone."""

from __future__ import annotations

from typing import Any

import pytest

from config.api import urlpatterns
from orders.api.endpoints import Endpoint
from orders.api.permissions import IsStaff
from orders.scopes import DEFAULT_SCOPES, Scope
from orders.states import DeviceKind

ENDPOINTS: dict[str, Any] = {
    str(pattern.pattern): view
    for pattern in urlpatterns
    if isinstance(view := getattr(getattr(pattern, "callback", None), "cls", None), type)
    and issubclass(view, Endpoint)
    and not str(pattern.pattern).endswith("/")
}
FOR_THE_HOUSE = {route: view for route, view in ENDPOINTS.items() if IsStaff in view.permission_classes}


def declared(view: type, name: str) -> bool:
    """Whether the class says it, or one that it is made of; not the endpoint that all are."""
    return any(name in vars(base) for base in view.__mro__ if base is not Endpoint)


@pytest.mark.parametrize("route", FOR_THE_HOUSE)
def test_endpoint_names_its_scopes(route: str) -> None:
    view = FOR_THE_HOUSE[route]

    assert not hasattr(view, "get") or declared(view, "read_scope")
    writes = any(hasattr(view, method) for method in ("post", "put", "patch", "delete"))
    assert not writes or declared(view, "write_scope")


def test_others_are_for_guests_for_strangers_and_for_whoever_is_on_the_stream() -> None:
    others = set(ENDPOINTS) - set(FOR_THE_HOUSE)

    assert {route.partition("/")[0] for route in others} == {"auth", "guest", "events"}


def test_reading_and_writing_never_need_the_same_scope_but_for_a_scan() -> None:
    both = {
        route
        for route, view in FOR_THE_HOUSE.items()
        if (view.write_scope or "").endswith(":read") or (view.read_scope or "").endswith(":write")
    }

    assert both == {"qr/scan"}


def test_every_scope_opens_something_and_every_kind_has_its_own() -> None:
    opened = {view.read_scope for view in FOR_THE_HOUSE.values()} | {
        view.write_scope for view in FOR_THE_HOUSE.values()
    }

    assert opened - {None} == set(Scope) - {Scope.EVENTS_READ}
    assert set(DEFAULT_SCOPES) == set(DeviceKind)
