"""Devices: screens and programs that are paired, listed, and shut out again."""

from __future__ import annotations

from http import HTTPStatus

from django.db.models import QuerySet
from django.http import HttpResponse
from msgspec import UNSET, Struct, UnsetType
from rest_framework.request import Request

from orders.api.documents import documented, paged, shown
from orders.api.endpoints import JSON, Endpoint, Secret, answer, keyed
from orders.api.fields import Body, Choice, Items, Text, id_field
from orders.api.pages import NEWEST_FIRST, NoQuery, PageQuery, page, query_of
from orders.api.permissions import STAFF_ALONE
from orders.api.renderers import encoded
from orders.errors import NotFound
from orders.models import Device
from orders.scopes import Scope
from orders.services.devices import pair_device, revoke_device
from orders.shapes import Timestamp, maybe_timestamp, timestamp
from orders.states import DeviceKind, Role

TAG = "devices"


class DeviceShape(Struct, frozen=True):
    """A paired device; ``key_hint`` is how its key begins, ``last_used_at`` is exact to a minute."""

    id: int
    name: str
    kind: DeviceKind
    scopes: list[Scope]
    counter_id: int | None
    key_hint: str
    created_at: Timestamp
    last_used_at: Timestamp | None


class PairedDeviceShape(Struct, frozen=True):
    """A device that was just paired. ``key`` is told this once: a replay of the answer is without it."""

    id: int
    name: str
    kind: DeviceKind
    scopes: list[Scope]
    counter_id: int | None
    key_hint: str
    created_at: Timestamp
    last_used_at: Timestamp | None
    key: str | UnsetType = UNSET


def device_shape(device: Device) -> DeviceShape:
    """Show a device."""
    return DeviceShape(
        id=device.pk,
        name=device.name,
        kind=DeviceKind(device.kind),
        scopes=[Scope(scope) for scope in device.scopes],
        counter_id=device.counter_id,
        key_hint=device.key_hint,
        created_at=timestamp(device.created_at),
        last_used_at=maybe_timestamp(device.last_used_at),
    )


class DeviceBody(Body):
    """What is paired, and what it may do; without scopes those of its kind."""

    name = Text(max_length=100)
    kind = Choice(DeviceKind)
    scopes = Items(child=Choice(Scope), required=False, max_length=len(Scope))
    counter_id = id_field(required=False, allow_null=True, help_text="The till of a device of kind `counter`.")


class OfDevices(Endpoint):
    """Devices are the manager's, and no device's."""

    read_scope = STAFF_ALONE
    write_scope = STAFF_ALONE

    def devices(self) -> QuerySet[Device]:
        """Return the restaurant's devices whose keys are good; raises NotAllowed."""
        self.actor.require(Role.MANAGER, to="see devices")
        return Device.objects.filter(restaurant_id=self.restaurant_id, revoked_at__isnull=True)


class Devices(OfDevices):
    """All devices."""

    @documented("list_devices", tag=TAG, query=PageQuery, answers={200: paged(DeviceShape)})
    def get(self, request: Request) -> HttpResponse:
        """List the devices, the newest first."""
        query = query_of(request, PageQuery)
        return page(request, self.devices(), device_shape, ordering=NEWEST_FIRST, query=query)

    @documented("pair_device", tag=TAG, body=DeviceBody, answers={201: shown(PairedDeviceShape)})
    @keyed
    def post(self, request: Request) -> HttpResponse:
        """Pair a device, and tell its key.

        The key is told in this answer alone; what is kept is its digest. Whoever repeats the request under an
        `Idempotency-Key` is told everything but the key.
        """
        query_of(request, NoQuery)
        device, key = pair_device(actor=self.actor, **self.body(DeviceBody))
        shape = device_shape(device)
        fields = {name: getattr(shape, name) for name in shape.__struct_fields__}
        response = Secret(
            encoded(PairedDeviceShape(**fields, key=key)), status=int(HTTPStatus.CREATED), content_type=JSON
        )
        response.replayed = encoded(PairedDeviceShape(**fields))
        response["Location"] = f"/api/devices/{device.pk}"
        response["Cache-Control"] = "no-store"
        return response


class OneDevice(OfDevices):
    """One device."""

    @documented("get_device", tag=TAG, answers={200: shown(DeviceShape)})
    def get(self, request: Request, device_id: int) -> HttpResponse:
        """Return a device."""
        query_of(request, NoQuery)
        device = self.devices().filter(pk=device_id).first()
        if device is None:
            raise NotFound("There is no such device.")
        return answer(device_shape(device))

    @documented("revoke_device", tag=TAG, answers={204: None})
    def delete(self, request: Request, device_id: int) -> HttpResponse:
        """Revoke a device: its key opens nothing any more, and its sockets are closed."""
        query_of(request, NoQuery)
        revoke_device(device_id=device_id, actor=self.actor)
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
