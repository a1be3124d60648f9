"""Runs client.test.mjs under Node: does in the restaurant what the JavaScript tests ask for."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import uuid
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import pytest

from kitchen.models import KitchenOrderItem, Station
from kitchen.services.moving import move_to_station
from realtime.models import Event, Stream
from realtime.snapshots import room_snapshots

if TYPE_CHECKING:
    from tests.live import Served
    from tests.places import Place

TESTS = Path(__file__).with_name("client.test.mjs")
NODE = shutil.which("node")
WITHOUT_NODE = "the client library's tests need Node 20 or later: apt-get install nodejs"


class Restaurant:
    """What the JavaScript tests may ask for."""

    def __init__(self, place: Place, served: Served) -> None:
        self.place = place
        self.served = served

    def do(self, act: str, **options: Any) -> dict[str, Any]:
        answer: dict[str, Any] = getattr(self, act)(**options)
        return answer

    def order(self) -> dict[str, Any]:
        ticket = self.place.ticket()
        return {"order_id": ticket.order_id, "ticket_id": ticket.pk, "head": self._stream().head}

    def stations(self) -> dict[str, Any]:
        there, _ = Station.objects.get_or_create(restaurant=self.place.restaurant, name="Fry")
        return {"here": self.place.station.pk, "there": there.pk}

    def move(self, ticket_id: int, station_id: int) -> dict[str, Any]:
        """Have another station make all of a ticket; ``heads`` are the last events of the one and of the other."""
        for item in KitchenOrderItem.objects.filter(ticket_id=ticket_id):
            move_to_station(ticket_id=ticket_id, item_id=item.pk, station_id=station_id, actor=self.place.actor)
        events = list(Event.objects.filter(restaurant=self.place.restaurant))
        rooms = (f"station:{self.place.station.pk}", f"station:{station_id}")
        return {"heads": [max(event.seq for event in events if room in event.rooms) for room in rooms]}

    def station(self, station_id: int) -> dict[str, Any]:
        room = f"station:{station_id}"
        _, _, states = room_snapshots(self.place.restaurant.pk, [room])
        return {"snapshot": states[room]}

    def kill(self) -> dict[str, Any]:
        self.served.kill()
        return {}

    def start(self) -> dict[str, Any]:
        self.served.start()
        return {}

    def rotate(self) -> dict[str, Any]:
        stream = self._stream()
        stream.epoch = uuid.uuid4()
        stream.save()
        return {}

    def stream(self, after: int) -> dict[str, Any]:
        """The numbers of the events that the rooms of the tests' screens must have had."""
        events = Event.objects.filter(restaurant=self.place.restaurant, seq__gt=after)
        rooms = {"kitchen", "orders"}
        return {"seqs": [event.seq for event in events.order_by("seq") if rooms & set(event.rooms)]}

    def snapshots(self) -> dict[str, Any]:
        epoch, seq, states = room_snapshots(self.place.restaurant.pk, ["kitchen", "orders"])
        return {"epoch": epoch, "seq": seq, **states}

    def _stream(self) -> Stream:
        return Stream.objects.get(restaurant=self.place.restaurant)


def serve(asked: IO[str], answers: IO[str], restaurant: Restaurant) -> None:
    for line in asked:
        answers.write(json.dumps(restaurant.do(**json.loads(line))) + "\n")
        answers.flush()


def test_client_keeps_its_promises_when_run_under_node(place: Place, served: Served, tmp_path: Path) -> None:
    from orders.states import Role  # noqa: PLC0415

    if NODE is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(WITHOUT_NODE)
    report = tmp_path / "report"
    node = subprocess.Popen(
        # Node 20 has WebSocket behind a flag, later ones without.
        [
            NODE, "--experimental-websocket", "--no-warnings",
            "--test-reporter=spec", f"--test-reporter-destination={report}", str(TESTS),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={
            **os.environ,
            "BRIGADE_HOST": "127.0.0.1",
            "BRIGADE_PORT": str(served.port),
            "BRIGADE_TOKEN": place.token(),
            "BRIGADE_WAITER_TOKEN": place.token(Role.WAITER),
        },
    )  # fmt: skip
    assert node.stdin is not None
    assert node.stdout is not None

    with node:
        serve(node.stdout, node.stdin, Restaurant(place, served))

    assert node.returncode == 0, report.read_text()
