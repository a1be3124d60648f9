"""Each fault that the run looks for is planted in small records, and found."""

from __future__ import annotations

import copy
import json

import pytest

from realtime.audiences import Audience
from tests.flows.reconcile.checker import Books, Finding, Row, Stream, Told, check_all
from tests.flows.reconcile.record import Ledger, Record, Seat, print_of, read_head

HERE, THERE = 1, 2
STAFF, GUEST, PUBLIC = Audience.STAFF, Audience.GUEST, Audience.PUBLIC


def frame(seq: int, audience: Audience = STAFF, kind: str = "order:created", *, replayed: bool = False) -> str:
    whole = {
        "type": kind, "id": f"id-{seq}", "epoch": "here", "seq": seq, "timestamp": "t", "rooms": [],
        "data": {"seen_by": audience.name},
    }  # fmt: skip
    return json.dumps(whole | ({"replayed": True} if replayed else {}), separators=(",", ":"))


def told(seq: int, *rooms: str, kind: str = "order:created", lowest: Audience | None = None) -> Told:
    prints = {audience: print_of(frame(seq, audience, kind)) for audience in Audience}
    return Told(seq, kind, frozenset(rooms), prints, lowest)


class Run:
    """A small run in which all is well: five events, a waiters' screen, and one order that was asked for by a key."""

    def __init__(self) -> None:
        events = [
            told(1, "kitchen", "orders"),
            told(2, "waiters", "orders"),
            told(3, "orders", "table:7", "display"),
            told(4, "kitchen"),
            told(5, "waiters", "orders"),
        ]
        self.stream = Stream(HERE, "here", "here", 5, told={event.seq: event for event in events})
        self.record = Record("screen", HERE, [Seat("orders", STAFF, after=0)], epoch="here", until=5)
        self.sends(1, 2, 3, 5)
        self.ledger = Ledger()
        self.ledger.asked["key"] = HERE
        self.ledger.acknowledge_order("key", HERE, {"id": 10, "version": 2})
        self.books = Books(
            orders={10: Row("confirmed", 2)},
            tickets={20: Row("pending", 1)},
            told_orders={10: Row("confirmed", 2)},
            told_tickets={20: Row("pending", 1)},
            made={"key": {10}},
            restaurant_of={10: HERE},
        )

    def sends(self, *seqs: int) -> None:
        for seq in seqs:
            self.record.add(seq, "order:created", print_of(frame(seq)))

    def sent(self, *seqs: int) -> None:
        """Have the screen have been sent these instead."""
        self.record = Record("screen", HERE, self.record.seats, epoch="here", until=5)
        self.sends(*seqs)

    def found(self) -> list[tuple[str, str, int | None]]:
        findings = check_all([self.record], {HERE: self.stream}, self.ledger, self.books)
        return [(finding.kind, finding.who, finding.seq) for finding in findings]


@pytest.fixture
def run() -> Run:
    return Run()


def test_nothing_is_found_when_all_is_well(run: Run) -> None:
    assert run.found() == []


def test_lost_is_found_when_an_event_never_came(run: Run) -> None:
    run.sent(1, 3, 5)

    assert run.found() == [("lost", "screen", 2)]


def test_last_event_is_found_lost_when_the_cursor_has_passed_it(run: Run) -> None:
    run.sent(1, 2, 3)

    assert run.found() == [("lost", "screen", 5)]


def test_nothing_is_lost_when_it_came_before_the_room_was_joined(run: Run) -> None:
    run.record.seats[0].after = 2
    run.sent(3, 5)

    assert run.found() == []


def test_nothing_is_lost_when_a_snapshot_stood_for_it(run: Run) -> None:
    run.sent(1, 5)
    run.record.covered.append((1, 4))

    assert run.found() == []


def test_lost_is_found_when_a_snapshot_did_not_reach_so_far(run: Run) -> None:
    run.sent(1, 5)
    run.record.covered.append((1, 2))

    assert run.found() == [("lost", "screen", 3)]


def test_doubled_is_found_when_an_event_came_twice(run: Run) -> None:
    run.sent(1, 2, 2, 3, 5)

    assert run.found() == [("doubled", "screen", 2)]


def test_doubled_is_found_when_a_replay_repeats_what_was_shown(run: Run) -> None:
    run.sent(1, 2, 3, 1, 5)

    assert run.found() == [("doubled", "screen", 1)]


def test_reordered_is_found_when_a_later_one_came_first(run: Run) -> None:
    run.sent(1, 3, 2, 5)

    assert run.found() == [("reordered", "screen", 2)]


@pytest.mark.parametrize(
    "sent",
    [
        frame(3).replace("STAFF", "STAFx"),
        frame(3, GUEST),
        frame(3).replace('"id":"id-3"', '"id":"id-4"'),
        frame(3).replace('"timestamp":"t"', '"timestamp":"u"'),
    ],
)
def test_changed_is_found_when_a_frame_is_not_the_stored_event(run: Run, sent: str) -> None:
    run.sent(1, 2)
    run.record.take(read_head(sent), sent)
    run.sends(5)

    assert run.found() == [("changed", "screen", 3)]


def test_changed_is_found_when_the_type_is_another(run: Run) -> None:
    run.sent(1, 2)
    sent = frame(3, kind="order:updated")
    run.record.take(read_head(sent), sent)
    run.sends(5)

    assert run.found() == [("changed", "screen", 3)]


def test_nothing_is_changed_when_an_event_is_replayed(run: Run) -> None:
    run.sent(1, 2)
    sent = frame(3, replayed=True)
    run.record.take(read_head(sent), sent)
    run.sends(5)

    assert run.found() == []


@pytest.mark.parametrize(("room", "audience"), [("table:7", GUEST), ("display", PUBLIC)])
def test_changed_is_found_when_somebody_sees_more_than_their_audience_may(
    run: Run, room: str, audience: Audience
) -> None:
    run.record.seats[:] = [Seat(room, audience, after=0)]
    run.sent(3)

    assert run.found() == [("changed", "screen", 3)]


def test_nothing_is_changed_when_the_richest_of_several_rooms_is_seen(run: Run) -> None:
    run.record.seats.insert(0, Seat("display", PUBLIC, after=0))

    assert run.found() == []


def test_foreign_is_found_when_an_event_is_of_another_stream(run: Run) -> None:
    sent = frame(2).replace('"epoch":"here"', '"epoch":"there"')
    run.record.take(read_head(sent), sent)

    assert run.found() == [("foreign", "screen", 2)]


def test_foreign_is_found_when_an_event_is_of_a_room_that_was_not_joined(run: Run) -> None:
    run.sent(1, 2, 3, 4, 5)

    assert run.found() == [("foreign", "screen", 4)]


def test_foreign_is_found_when_no_stream_holds_the_event(run: Run) -> None:
    run.sends(6)

    assert run.found() == [("foreign", "screen", 6)]


def test_foreign_is_found_when_a_type_was_not_asked_for(run: Run) -> None:
    run.record.seats[0].only = frozenset({"alert"})
    run.sent(2)

    assert run.found() == [("foreign", "screen", 2)]


def test_every_room_has_it_when_an_event_is_for_everywhere(run: Run) -> None:
    run.stream.told[6] = told(6, "*", lowest=STAFF)
    run.stream.head = run.record.until = 6
    run.record.seats[:] = [Seat("display", PUBLIC, after=5)]
    run.sent()

    run.record.until = 6
    assert run.found() == [("lost", "screen", 6)]


def test_guests_are_not_told_when_an_event_for_everywhere_is_for_staff(run: Run) -> None:
    run.stream.told[6] = told(6, "*", lowest=STAFF)
    run.stream.head = 6
    run.record = Record("guest", HERE, [Seat("table:9", GUEST, after=0)], is_staff=False, epoch="here", until=6)

    assert run.found() == []


@pytest.mark.parametrize(("lowest", "rooms", "found"), [(GUEST, "*", []), (None, "table:9", ["foreign"])])
def test_before_its_first_join_a_client_may_hear_what_is_for_everybody(
    run: Run, lowest: Audience | None, rooms: str, found: list[str]
) -> None:
    run.stream.told[6] = told(6, rooms, lowest=lowest)
    run.stream.head = 6
    run.record = Record("guest", HERE, [Seat("table:9", GUEST, after=6)], is_staff=False, epoch="here", until=6)
    run.record.add(6, "order:created", print_of(frame(6, GUEST)))
    assert [kind for kind, *_ in run.found()] == ["foreign"]

    run.record.early.add(6)

    assert [kind for kind, *_ in run.found()] == found


def test_every_table_has_it_when_an_event_is_for_all_tables(run: Run) -> None:
    run.stream.told[6] = told(6, "table:*")
    run.stream.head = 6
    run.record = Record("guest", HERE, [Seat("table:9", GUEST, after=0)], is_staff=False, epoch="here", until=6)

    assert run.found() == [("lost", "guest", 6)]


def test_type_is_the_clients_own_when_it_joined_with_names(run: Run) -> None:
    run.record.seats[0].names = {"order:created": "order-made"}
    run.sent()
    for seq in (1, 2, 3, 5):
        run.record.add(seq, "order-made", print_of(frame(seq)))

    assert run.found() == []


def test_missing_is_found_when_an_acknowledged_order_is_not_there(run: Run) -> None:
    run.ledger.acknowledge_order("other key", HERE, {"id": 11, "version": 1})

    assert run.found() == [("missing", "other key", None)]


def test_missing_is_found_when_an_acknowledged_order_is_another_restaurants(run: Run) -> None:
    run.books.restaurant_of[10] = THERE

    assert run.found() == [("missing", "key", None)]


def test_nothing_is_missing_when_the_order_was_deleted(run: Run) -> None:
    run.ledger.acknowledge_order("other key", HERE, {"id": 11, "version": 1})
    run.books.told_deleted.add(11)

    assert run.found() == []


def test_missing_is_found_when_an_acknowledged_change_is_not_there(run: Run) -> None:
    run.ledger.acknowledge_version({"id": 10, "version": 3})

    assert run.found() == [("missing", "order 10", None)]


def test_missing_is_found_when_an_acknowledged_line_is_not_there(run: Run) -> None:
    run.ledger.lines["line key"] = {(10, 30)}

    assert run.found() == [("missing", "line key", None)]


def test_twice_is_found_when_two_orders_were_made_for_a_key(run: Run) -> None:
    run.books.made["key"].add(11)

    assert run.found() == [("twice", "key", None)]


def test_twice_is_found_when_a_retry_was_answered_with_another_order(run: Run) -> None:
    run.ledger.acknowledge_order("key", HERE, {"id": 11, "version": 1})
    run.books.orders[11] = run.books.told_orders[11] = Row("pending", 1)

    assert run.found() == [("twice", "key", None)]


def test_twice_is_found_when_two_lines_were_made_for_a_key(run: Run) -> None:
    run.ledger.asked["line key"] = HERE
    run.books.made_lines["line key"] = {30, 31}

    assert run.found() == [("twice", "line key", None)]


def test_hole_is_found_when_a_number_is_not_in_the_table(run: Run) -> None:
    del run.stream.told[4]

    assert run.found() == [("hole", "here", 4)]


def test_hole_is_found_when_the_head_is_ahead_of_the_table(run: Run) -> None:
    run.stream.head = 6

    assert run.found() == [("hole", "here", 6)]


def test_hole_is_found_when_the_table_is_ahead_of_the_head(run: Run) -> None:
    run.stream.head = 4

    assert run.found() == [("hole", "here", 5)]


def test_untold_is_found_when_a_row_changed_without_an_event(run: Run) -> None:
    run.books.orders[10] = Row("preparing", 3)

    assert run.found() == [("untold", "order 10", None)]


def test_untold_is_found_when_a_row_is_there_without_an_event(run: Run) -> None:
    run.books.tickets[21] = Row("pending", 1)

    assert run.found() == [("untold", "ticket 21", None)]


def test_untold_is_found_when_an_event_is_there_without_its_row(run: Run) -> None:
    del run.books.tickets[20]

    assert run.found() == [("untold", "ticket 20", None)]


def test_complaints_of_clients_and_writers_are_findings(run: Run) -> None:
    run.record.complain("resynced", 4, "a replay was refused")
    run.ledger.complaints.append(("POST /api/orders", "500"))

    assert run.found() == [("resynced", "screen", 4), ("refused", "POST /api/orders", None)]


def test_books_hold_what_the_events_say_when_an_order_goes_its_way() -> None:
    order = {"order_id": 1, "version": 1, "kitchen_order": None}
    books = Books()
    ticket = {"id": 5, "status": "pending", "version": 1}
    for kind, data in (
        ("order:created", {**order, "order": {"status": "pending", "notes": "key"}}),
        ("order-item:added", {**order, "version": 2, "item": {"id": 7, "special_instructions": "line key"}}),
        ("order:status_changed", {**order, "version": 3, "new_status": "confirmed"}),
        ("order:new", {**order, "version": 3, "kitchen_order": ticket}),
        ("station:updated", {"station": {}}),
        ("order:created", {**order, "order_id": 2, "order": {"status": "draft", "notes": "second"}}),
        ("order:deleted", {**order, "order_id": 2, "version": 2}),
    ):
        books.take(kind, copy.deepcopy(data))

    assert books.told_orders == {1: Row("confirmed", 3)}
    assert books.told_tickets == {5: Row("pending", 1)}
    assert books.told_deleted == {2}
    assert books.made == {"key": {1}, "second": {2}}
    assert books.made_lines == {"line key": {7}}


def test_a_finding_says_what_is_wrong_in_words() -> None:
    run = Run()
    run.sent(1, 2, 5)

    (finding,) = check_all([run.record], {HERE: run.stream}, run.ledger, run.books)

    assert finding == Finding("lost", "screen", "order:created", 3)
