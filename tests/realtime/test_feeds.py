"""Crowds: sockets in the same rooms in the same way get the same frame, and only they."""

from __future__ import annotations

import json
from typing import Any

import pytest

from realtime.audiences import Audience
from realtime.feeds import RECENT_EVENTS, Feed
from realtime.frames import StreamEvent
from realtime.sockets import Membership, Socket


class Wire:
    """Takes what is written, as long as it is told."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.on_full: Any = None
        self.on_writable: Any = None

    def write(self, frames: bytes) -> None:
        self.frames.append(frames)

    def abort(self) -> None:
        raise AssertionError("nobody is slow here")

    @property
    def told(self) -> list[tuple[int, str]]:
        frames = [json.loads(frame[4 if frame[1] == 126 else 2 :]) for frame in self.frames]
        return [(frame["seq"], frame["type"]) for frame in frames]


async def never(_: dict[str, Any]) -> None:
    raise AssertionError("everything goes over the wire")


def event(seq: int, *rooms: str, kind: str = "order:updated") -> StreamEvent:
    return StreamEvent(1, "e", seq, "id", kind, "now", list(rooms), '{"order_id":5}')


def screen(feed: Feed, *rooms: str, **how: Any) -> tuple[Wire, Socket]:
    wire = Wire()
    socket = Socket(never, wire)
    feed.sockets.add(socket)
    feed.enter(socket, *(Membership(room, Audience.STAFF, feed.cursor, **how) for room in rooms))
    return wire, socket


@pytest.fixture
def feed() -> Feed:
    return Feed(1, "e", 0, 0.0)


async def test_event_is_given_once_to_those_in_any_of_its_rooms(feed: Feed) -> None:
    both, _ = screen(feed, "kitchen", "orders")
    one, _ = screen(feed, "orders")
    none, _ = screen(feed, "waiters")
    whole, _ = screen(feed, "restaurant")

    feed.deliver(event(1, "kitchen", "orders"))

    assert [wire.told for wire in (both, one, none, whole)] == [[(1, "order:updated")]] * 2 + [[]] + [
        [(1, "order:updated")]
    ]


async def test_same_bytes_are_written_to_a_whole_crowd(feed: Feed) -> None:
    first, _ = screen(feed, "kitchen")
    second, _ = screen(feed, "kitchen")

    feed.deliver(event(1, "kitchen"))

    assert first.frames[0] is second.frames[0]


async def test_each_gets_its_own_selection_and_names(feed: Feed) -> None:
    plain, _ = screen(feed, "kitchen")
    picky, _ = screen(feed, "kitchen", only=frozenset({"order:deleted"}))
    foreign, _ = screen(feed, "kitchen", names={"order:updated": "changed"})

    feed.deliver(event(1, "kitchen"))
    feed.deliver(event(2, "kitchen", kind="order:deleted"))

    assert plain.told == [(1, "order:updated"), (2, "order:deleted")]
    assert picky.told == [(2, "order:deleted")]
    assert foreign.told == [(1, "changed"), (2, "order:deleted")]


async def test_room_that_was_served_further_than_the_feed_gets_nothing_twice(feed: Feed) -> None:
    wire, socket = screen(feed, "kitchen")
    socket.memberships["kitchen"].after = 2
    socket.note_served()

    for seq in (1, 2, 3):
        feed.deliver(event(seq, "kitchen"))

    assert wire.told == [(3, "order:updated")]


async def test_menu_reaches_every_table(feed: Feed) -> None:
    table, _ = screen(feed, "table:4")
    other, _ = screen(feed, "table:5")

    feed.deliver(event(1, "kitchen", "table:*", kind="menu-item:updated"))

    assert table.told == other.told == [(1, "menu-item:updated")]


async def test_nothing_comes_from_a_room_that_was_left_and_nothing_of_it_is_kept(feed: Feed) -> None:
    wire, socket = screen(feed, "kitchen", "orders")

    feed.leave(socket, "kitchen")
    feed.deliver(event(1, "kitchen"))
    feed.deliver(event(2, "orders"))
    feed.leave(socket, "orders")

    assert wire.told == [(2, "order:updated")]
    assert (dict(feed.rooms), socket.crowd, socket.memberships) == ({}, None, {})


async def test_recent_events_are_all_that_came_after_a_number_or_none(feed: Feed) -> None:
    feed.cursor = 10
    for seq in range(11, 14):
        feed.deliver(event(seq, "kitchen"))

    assert [each.seq for each in feed.recent(11) or ()] == [12, 13]
    assert [each.seq for each in feed.recent(10) or ()] == [11, 12, 13]
    assert feed.recent(13) == []
    assert feed.recent(9) is None
    assert feed.recent(14) is None


async def test_recent_events_are_bounded(feed: Feed) -> None:
    for seq in range(1, RECENT_EVENTS + 3):
        feed.deliver(event(seq, "kitchen"))

    assert feed.recent(1) is None
    assert len(feed.recent(2) or ()) == RECENT_EVENTS


async def test_nothing_is_remembered_up_to_where_events_were_written_anew(feed: Feed) -> None:
    for seq in range(1, 5):
        feed.deliver(event(seq, "kitchen"))
    feed.pending = {seq: event(seq, "kitchen") for seq in (6, 7)}

    feed.forget(1, until=6)

    assert (feed.recent(3), feed.recent(4)) == (None, [])
    assert (list(feed.pending), feed.read_until, feed.rewritten) == ([7], 6, 1)


async def test_screens_that_came_back_keep_their_crowd_when_the_feed_before_is_given_up(feed: Feed) -> None:
    _, former = screen(Feed(1, "former", 0, 0.0), "kitchen")
    wire, socket = screen(feed, "kitchen")

    feed.leave(former, "kitchen")
    late, other = screen(feed, "kitchen")
    feed.deliver(event(1, "kitchen"))
    feed.leave(socket, "kitchen")
    feed.leave(other, "kitchen")

    assert socket.crowd is other.crowd is None
    assert wire.told == late.told == [(1, "order:updated")]
    assert dict(feed.rooms) == {}


async def test_only_the_event_itself_is_kept_when_it_was_delivered(feed: Feed) -> None:
    screen(feed, "kitchen")
    table = Socket(never, Wire())
    feed.enter(table, Membership("table:5", Audience.GUEST, 0))
    told = event(1, "kitchen", "table:5")

    feed.deliver(told)

    assert feed.recent(0) == [told]
    assert not {"frames", "bodies"} & set(told.__dict__)


async def test_guest_is_told_of_the_end_of_an_order_when_it_comes_during_a_join(feed: Feed) -> None:
    wire, socket = screen(feed, "order:5")
    socket.hold()

    feed.deliver(event(1, "order:5", kind="order:cancelled"))
    while_joining = list(wire.frames)
    socket.release()

    frames = [json.loads(frame[4 if frame[1] == 126 else 2 :]) for frame in wire.frames]
    assert while_joining == []
    assert [frame["type"] for frame in frames] == ["order:cancelled", "left"]
    assert socket.memberships == {}
