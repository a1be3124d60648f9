"""The hub, in the loop of the test."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio
from channels.layers import channel_layers
from websockets.client import ClientProtocol
from websockets.frames import Frame as WireFrame
from websockets.frames import Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from orders.services.orders import update_order
from realtime import forwarding
from realtime.audiences import Audience
from realtime.commands import in_thread
from realtime.consumers import StreamConsumer
from realtime.frames import Frame
from realtime.hub import Hub, get_hub
from realtime.models import Event, Stream
from realtime.sockets import MOST_MESSAGES, Membership, Socket
from realtime.stream import head_of, read_events
from tests.places import Place


class Plain:
    """What a server that speaks ASGI alone would have been given to send."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.open = asyncio.Event()
        self.open.set()

    async def send(self, message: dict[str, Any]) -> None:
        await self.open.wait()
        self.sent.append(message)

    def socket(self) -> Socket:
        return Socket(self.send)

    @property
    def seqs(self) -> list[int]:
        frames = [json.loads(message["text"]) for message in self.sent if "text" in message]
        return [frame["seq"] for frame in frames if "data" in frame and "seq" in frame]

    async def reaches(self, seq: int, seconds: float = 10) -> None:
        async with asyncio.timeout(seconds):
            while seq not in self.seqs:
                await asyncio.sleep(0.01)


@pytest_asyncio.fixture
async def hub(place: Place) -> AsyncIterator[Hub]:
    forwarding.finish()
    channel_layers.backends.clear()  # what an ended loop has left there can't be waited for in this one
    hub = get_hub()

    yield hub

    await hub.stop()


@pytest.fixture
def deaf(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every message is lost on its way; the test passes on what it likes."""
    monkeypatch.setattr(forwarding, "forward", lambda _: None)


class Wire(Plain):
    """What our own server would have been given to write, after each of which it may want no more for a while."""

    def __init__(self) -> None:
        super().__init__()
        self.aborted = False
        self.on_full: Callable[[], None] | None = None
        self.on_writable: Callable[[], None] | None = None

    def socket(self) -> Socket:
        return Socket(self.send, self)

    def write(self, frames: bytes) -> None:
        head = {126: 4, 127: 10}.get(frames[1], 2)
        self.sent.append({"type": "websocket.send", "text": frames[head:].decode()})
        if not self.open.is_set():
            assert self.on_full is not None
            self.on_full()

    def reopen(self) -> None:
        self.open.set()
        assert self.on_writable is not None
        self.on_writable()

    def abort(self) -> None:
        self.aborted = True


async def watch(hub: Hub, place: Place, wire: Plain, room: str = "orders") -> Socket:
    socket = wire.socket()
    feed = await hub.follow(place.restaurant.pk, socket)
    feed.enter(socket, Membership(room, Audience.STAFF, feed.cursor))
    return socket


def change(place: Place, times: int) -> None:
    order = place.order()
    for number in range(times):
        update_order(order_id=order.pk, actor=place.actor, notes=f"note {number}")


async def test_socket_is_forgotten_when_its_consumer_raises(hub: Hub, place: Place) -> None:
    token = await in_thread(place.token)
    incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    wire = Wire()
    scope = {"type": "websocket", "headers": [(b"authorization", f"Bearer {token}".encode())]}
    running = asyncio.create_task(StreamConsumer()(scope, incoming.get, wire.send))
    await incoming.put({"type": "websocket.connect"})
    await incoming.put({"type": "websocket.receive", "text": json.dumps({"type": "join", "data": {"room": "orders"}})})
    while not any('"reply"' in message.get("text", "") for message in wire.sent):
        await asyncio.sleep(0.01)
    feed = hub.feeds[place.restaurant.pk]
    assert len(feed.rooms["orders"]) == 1

    await incoming.put({"type": "websocket.surprise"})
    with pytest.raises(AttributeError):
        await running

    assert not feed.sockets
    assert not feed.rooms


async def test_late_doubled_and_reordered_messages_are_delivered_once_in_order(
    hub: Hub, place: Place, deaf: None
) -> None:
    head = await in_thread(lambda: head_of(place.restaurant.pk))
    wire = Wire()
    await watch(hub, place, wire)
    await in_thread(lambda: change(place, 11))
    events = await in_thread(lambda: read_events(place.restaurant.pk, head.epoch, after=head.seq))

    for event in [*reversed(events[:4]), *events[1:3], *events[6:9], events[0], *events[9:]]:
        hub.take([event])
    await wire.reaches(events[-1].seq)

    assert wire.seqs == [event.seq for event in events]


async def test_lost_last_message_is_noticed_by_the_poll(hub: Hub, place: Place, deaf: None) -> None:
    wire = Wire()
    await watch(hub, place, wire)

    await in_thread(lambda: change(place, 0))
    head = await in_thread(lambda: head_of(place.restaurant.pk))
    await wire.reaches(head.seq)

    assert wire.seqs == [head.seq]


async def test_gap_is_read_once_however_many_messages_show_it(hub: Hub, place: Place, deaf: None) -> None:
    head = await in_thread(lambda: head_of(place.restaurant.pk))
    wire = Wire()
    await watch(hub, place, wire)
    await in_thread(lambda: change(place, 30))
    events = await in_thread(lambda: read_events(place.restaurant.pk, head.epoch, after=head.seq))

    for event in events[5:]:
        hub.take([event])
    await wire.reaches(events[-1].seq)

    assert hub.gap_reads == 1
    assert wire.seqs == [event.seq for event in events]


async def test_events_of_another_epoch_are_dropped_and_sockets_closed_when_the_epoch_changes(
    hub: Hub, place: Place
) -> None:
    wire = Wire()
    await watch(hub, place, wire)

    await in_thread(lambda: Stream.objects.update(epoch="00000000-0000-0000-0000-000000000001"))
    async with asyncio.timeout(5):
        while not any(message["type"] == "websocket.close" for message in wire.sent):
            await asyncio.sleep(0.02)

    assert wire.sent[-1] == {"type": "websocket.close", "code": 1012}
    assert place.restaurant.pk not in hub.feeds


async def test_slow_socket_is_aborted_and_delays_nobody(
    hub: Hub, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("realtime.sockets.CLOSE_SECONDS", 0.05)
    monkeypatch.setattr("realtime.sockets.MOST_MESSAGES", 60)
    slow, quick = Wire(), Wire()
    slow.open.clear()
    stuck = await watch(hub, place, slow)
    await watch(hub, place, quick)

    await in_thread(lambda: change(place, 65))
    head = await in_thread(lambda: head_of(place.restaurant.pk))
    await quick.reaches(head.seq, 30)
    async with asyncio.timeout(5):
        while not slow.aborted:
            await asyncio.sleep(0.01)

    assert len(quick.seqs) == 66
    assert len(slow.sent) == 1  # the frame that filled the transport's buffer
    assert stuck.closing == 4503
    assert len(stuck._queue) == 0


async def test_no_heartbeat_is_sent_until_a_room_is_joined(hub: Hub, place: Place) -> None:
    nowhere, joined = Plain(), Plain()
    await hub.follow(place.restaurant.pk, nowhere.socket())
    await watch(hub, place, joined)

    await hub._beat()
    async with asyncio.timeout(10):
        while not joined.sent:
            await asyncio.sleep(0.01)

    assert [json.loads(message["text"])["type"] for message in joined.sent] == ["heartbeat"]
    assert nowhere.sent == []


async def test_no_heartbeat_is_sent_when_the_head_cannot_be_asked(
    hub: Hub, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire = Wire()
    await watch(hub, place, wire)
    await hub._beat()
    await asyncio.sleep(0.01)
    feed = hub.feeds[place.restaurant.pk]
    feed.verified_at -= 6

    await hub._beat()
    await asyncio.sleep(0.01)

    assert [json.loads(message["text"])["type"] for message in wire.sent] == ["heartbeat"]


async def test_only_the_restaurants_own_sockets_hear_an_event(hub: Hub, place: Place, other_place: Place) -> None:
    mine, theirs = Wire(), Wire()
    await watch(hub, place, mine, "restaurant")
    await watch(hub, other_place, theirs, "restaurant")

    await in_thread(place.order)
    head = await in_thread(lambda: head_of(place.restaurant.pk))
    await mine.reaches(head.seq)

    assert theirs.seqs == []


async def test_feed_is_reset_when_events_behind_its_cursor_are_gone(hub: Hub, place: Place, deaf: None) -> None:
    wire = Wire()
    await watch(hub, place, wire)
    await in_thread(lambda: change(place, 5))
    cursor = hub.feeds[place.restaurant.pk].cursor

    await in_thread(lambda: Event.objects.filter(seq__lte=cursor + 3).delete())
    async with asyncio.timeout(5):
        while not any(message["type"] == "websocket.close" for message in wire.sent):
            await asyncio.sleep(0.02)

    assert wire.sent == [{"type": "websocket.close", "code": 1012}]
    assert hub.gap_reads <= 2


class Broken(Wire):
    """A wire that fails in a way nobody thought of."""

    def write(self, frames: bytes) -> None:
        raise RuntimeError("out of order")


async def test_one_socket_that_cannot_be_served_keeps_the_event_from_no_other(hub: Hub, place: Place) -> None:
    fine = Wire()
    sick = await watch(hub, place, Broken())
    await watch(hub, place, fine)

    await in_thread(place.order)
    head = await in_thread(lambda: head_of(place.restaurant.pk))
    await fine.reaches(head.seq)

    assert sick.closing == 1012


@pytest.mark.parametrize("kind", [Plain, Wire])
async def test_replay_of_large_frames_waits_for_the_client(hub: Hub, place: Place, kind: type[Plain]) -> None:
    wire = kind()
    screen = wire.socket()

    await screen.put_all([Frame("x" * 30_000)] * 400)
    await screen.drain()

    assert screen.closing is None
    assert [message["text"] for message in wire.sent] == ["x" * 30_000] * 400
    screen.forget()


async def test_what_waits_is_written_in_order_when_the_client_reads_again(hub: Hub, place: Place) -> None:
    wire = Wire()
    screen = wire.socket()
    wire.open.clear()

    for number in range(5):
        screen.put(str(number))
    held_back = len(wire.sent)
    wire.reopen()
    screen.put("5")

    assert held_back == 1  # the frame that filled the transport's buffer
    assert [message["text"] for message in wire.sent] == ["0", "1", "2", "3", "4", "5"]
    screen.forget()


async def test_close_goes_out_behind_what_waits(hub: Hub, place: Place) -> None:
    wire = Wire()
    screen = wire.socket()
    wire.open.clear()
    screen.put("first")
    screen.put("second")

    screen.close(4401)
    wire.reopen()
    async with asyncio.timeout(5):
        while wire.sent[-1]["type"] != "websocket.close":
            await asyncio.sleep(0.01)

    assert [message.get("text", message.get("code")) for message in wire.sent] == ["first", "second", 4401]


@pytest.mark.parametrize("kind", [Plain, Wire])
async def test_socket_whose_queue_is_full_is_closed_as_too_slow(hub: Hub, place: Place, kind: type[Plain]) -> None:
    wire = kind()
    screen = wire.socket()
    wire.open.clear()

    for number in range(MOST_MESSAGES + 10):
        screen.put(str(number))
    wire.open.set()
    async with asyncio.timeout(5):
        while not wire.sent or wire.sent[-1]["type"] != "websocket.close":
            await asyncio.sleep(0.01)

    assert wire.sent[-1]["code"] == 4503
    screen.forget()


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_frame_is_what_a_client_reads(size: int) -> None:
    client = ClientProtocol(parse_uri("ws://127.0.0.1/"), state=State.OPEN, max_size=None)

    client.receive_data(Frame("é" * (size // 2) + "x" * (size % 2)).wire)

    (read,) = client.events_received()
    assert isinstance(read, WireFrame)
    assert bytes(read.data).decode() == "é" * (size // 2) + "x" * (size % 2)
    assert (read.opcode, read.fin) == (Opcode.TEXT, True)


async def test_client_that_reads_no_close_is_aborted(hub: Hub, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("realtime.sockets.DRAIN_SECONDS", 0.05)
    wire = Wire()
    wire.open.clear()
    screen = wire.socket()

    screen.close(4401)
    async with asyncio.timeout(5):
        while not wire.aborted:
            await asyncio.sleep(0.01)

    assert wire.sent == []
