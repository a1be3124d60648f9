"""Every write of the realtime app that is not the stream's own."""

from __future__ import annotations

from orders.actors import Actor
from orders.states import Role
from orders.units import unit_of_work
from realtime.models import Alert, Audience, Severity


@unit_of_work
def raise_alert(*, actor: Actor, severity: Severity, message: str, audience: Audience = Audience.STAFF) -> Alert:
    """Tell every screen of the restaurant something at once: the staff's, or the guests' too.

    Announces ``alert``. Raises NotAllowed unless a manager, or Brigade itself, says it.
    """
    actor.require(Role.MANAGER, to="raise alerts")
    alert = Alert(restaurant_id=actor.restaurant_id, severity=severity, message=message, audience=audience)
    alert.save()
    return alert
