"""The checker finds each kind of fault that is planted, and none where there is none."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.benchmarks.load.ledger import Faults, Ledger, Witness, compare, misplaced

FIRST = 11
ALL_FINE = [FIRST, FIRST + 1, FIRST + 2, FIRST + 3]


def taken(*seen_by: Sequence[int], refused: int | None = None) -> tuple[Ledger, list[Witness]]:
    """A ledger of four orders, sent and answered one after the other, and what each screen saw of them."""
    ledger = Ledger(FIRST, 4, audience=len(seen_by))
    for index in range(4):
        ledger.begun[index] = 1000 * (index + 1)
        ledger.answered[index] = 1000 * (index + 1) + 500
        ledger.status[index] = 409 if index == refused else 201
        if index == refused:
            ledger.dropped(index)
    witnesses = [Witness() for _ in seen_by]
    for place in range(max(map(len, seen_by))):
        for screen, numbers in enumerate(seen_by):
            if place < len(numbers):
                ledger.enter(witnesses[screen], numbers[place], now=10_000 + 10 * place + screen)
    return ledger, witnesses


def faults(*seen_by: Sequence[int]) -> Faults:
    ledger, witnesses = taken(*seen_by)
    return ledger.faults([witness.record(ledger) for witness in witnesses])


def test_nothing_is_found_when_all_screens_saw_all_in_order() -> None:
    ledger, witnesses = taken(ALL_FINE, ALL_FINE, ALL_FINE)

    assert ledger.faults([witness.record(ledger) for witness in witnesses]) == Faults()
    assert ledger.is_whole()


@pytest.mark.parametrize("screen", [0, 1, 2])
@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ([11, 13, 14], Faults(lost=1)),
        ([11, 12, 13], Faults(lost=1)),
        ([12, 13, 14], Faults(lost=1)),
        ([], Faults(lost=4)),
        ([11, 12, 12, 13, 14], Faults(doubled=1)),
        ([11, 12, 13, 14, 11], Faults(doubled=1)),
        ([12, 11, 13, 14], Faults(disordered=1)),
        ([14, 11, 12, 13], Faults(disordered=3)),
        ([13, 11, 11], Faults(lost=2, doubled=1, disordered=1)),
    ],
)
def test_fault_is_found_when_it_is_planted_on_one_screen(seen: list[int], expected: Faults, screen: int) -> None:
    screens = [ALL_FINE, ALL_FINE, ALL_FINE]
    screens[screen] = seen

    assert faults(*screens) == expected


def test_screens_that_agree_are_out_of_order_when_effect_came_before_cause() -> None:
    backwards = [12, 11, 13, 14]

    assert faults(backwards, backwards) == Faults(disordered=1)


def test_either_order_is_fine_when_both_were_under_way() -> None:
    begun, answered = {1: 100, 2: 110}, {1: 300, 2: 250}

    assert misplaced([2, 1], begun=begun, answered=answered) == 0


def test_frame_is_foreign_when_nobody_sent_its_order() -> None:
    assert faults([*ALL_FINE, 99], ALL_FINE) == Faults(foreign=1)


def test_frame_is_late_and_no_fault_here_when_its_order_is_of_the_run_before() -> None:
    ledger, witnesses = taken([7, *ALL_FINE], ALL_FINE)

    assert ledger.late == 1
    assert ledger.faults([witness.record(ledger) for witness in witnesses]) == Faults()


def test_order_is_not_missed_when_it_was_refused() -> None:
    ledger, witnesses = taken([11, 12, 14], [11, 12, 14], refused=2)

    assert ledger.faults([witness.record(ledger) for witness in witnesses]) == Faults()
    assert ledger.is_whole()


def test_screen_that_lost_most_does_not_set_the_order_when_others_saw_all() -> None:
    assert compare([[2], [1, 2, 3], [3], [3]], {1, 2, 3}) == Faults(lost=6)


def test_times_are_from_the_first_byte_to_the_first_and_last_screen() -> None:
    ledger, _ = taken(ALL_FINE, ALL_FINE)

    assert ledger.to_first() == [9000, 8010, 7020, 6030]
    assert ledger.to_last() == [9001, 8011, 7021, 6031]
    assert sorted(ledger.delays) == [6030, 6031, 7020, 7021, 8010, 8011, 9000, 9001]


def test_order_has_no_last_screen_when_one_never_saw_it() -> None:
    ledger, _ = taken(ALL_FINE, [11, 12, 13])

    assert len(ledger.to_last()) == 3
    assert not ledger.is_whole()
