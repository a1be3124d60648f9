"""A publisher that dies between COMMIT and publish: its events are stored, and nobody is told.

Run as a program: `python -m tests.flows.reconcile.crashing SLUG order|alert`. It ends with `DIED` when all went
as planned, which is: badly.
"""

from __future__ import annotations

import os
import sys
from typing import Any, NoReturn

import django

DIED = 86


def die(*_: Any, **__: Any) -> NoReturn:
    """Go in the middle of the work, as after SIGKILL."""
    os._exit(DIED)


def main(slug: str, what: str) -> None:
    """Commit something as the restaurant's manager, and die."""
    django.setup()
    from orders.access import actor_of  # noqa: PLC0415 - needs the settings
    from orders.models import Membership, MenuItem  # noqa: PLC0415
    from orders.services.dishes import AskedItem  # noqa: PLC0415
    from orders.services.orders import create_order  # noqa: PLC0415
    from orders.states import Channel, Role  # noqa: PLC0415
    from realtime import forwarding  # noqa: PLC0415
    from realtime.models import Severity  # noqa: PLC0415
    from realtime.services import raise_alert  # noqa: PLC0415

    forwarding.forward = die
    boss = Membership.objects.filter(restaurant__slug=slug, role=Role.MANAGER).select_related("user").order_by("pk")[0]
    actor = actor_of(boss, "api")
    if what == "alert":
        raise_alert(actor=actor, severity=Severity.WARNING, message="The publisher dies now.")
    dish = MenuItem.objects.filter(restaurant__slug=slug, stock=None).order_by("pk")[0]
    create_order(actor=actor, channel=Channel.TAKEAWAY, items=[AskedItem(dish.pk, 1)], notes="left behind")


if __name__ == "__main__":
    main(*sys.argv[1:3])
