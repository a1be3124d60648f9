"""Alerts: a manager tells every screen something at once."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpResponse
from msgspec import Struct
from rest_framework.request import Request

from orders.api.documents import documented, shown
from orders.api.endpoints import Endpoint, answer, keyed
from orders.api.fields import Body, Choice, Text
from orders.api.permissions import STAFF_ALONE
from orders.shapes import Timestamp, timestamp
from realtime.models import Audience, Severity
from realtime.services import raise_alert


class AlertShape(Struct, frozen=True):
    """An alert that was raised."""

    id: int
    severity: str
    message: str
    audience: str
    created_at: Timestamp


class AlertBody(Body):
    """What to tell, how serious it is, and to whom."""

    severity = Choice(Severity)
    message = Text(max_length=500)
    audience = Choice(Audience, required=False)


class Alerts(Endpoint):
    """Alerts."""

    write_scope = STAFF_ALONE

    @documented("raise_alert", tag="realtime", body=AlertBody, answers={201: shown(AlertShape)})
    @keyed
    def post(self, request: Request) -> HttpResponse:
        """Tell every screen something at once."""
        alert = raise_alert(actor=self.actor, **self.body(AlertBody))
        shape = AlertShape(alert.pk, alert.severity, alert.message, alert.audience, timestamp(alert.created_at))
        return answer(shape, HTTPStatus.CREATED)
