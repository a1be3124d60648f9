"""An evening before anybody acts it out: the same by the same seed, believable, and everything in it happens."""

from __future__ import annotations

import itertools
from collections import Counter

from kitchen.demo import acts
from kitchen.demo.acts import DONE, Act, Outcome, Promise, Step, ToMake
from kitchen.demo.cooking import Quality
from kitchen.demo.evening import Evening
from kitchen.demo.guests import House, Offer, arrivals, parties
from orders.states import OrderStatus, Priority

HOUSE = House(
    offers=[
        Offer(1, 12, frozenset({7}), [(1, 1, (31, 32))], [(12, 21)]),
        Offer(2, 9, steps=[(6, 21), (3, 22)]),
        Offer(3, 3, steps=[(3, 22)]),
        Offer(4, 2, steps=[(2, 22)]),
    ],
    tables=[(11, 2), (12, 4)],
    allergen_ids=[7],
    stations={21: 3, 22: 2},
)


def items_of(number: int) -> tuple[ToMake, ...]:
    """What the kitchen gets of each order: two items of two courses, the second with an alert."""
    first = ToMake(number * 10, 1, is_held=False, has_alert=False, steps=(Step(0, 6, 21), Step(1, 3, 22)))
    return first, ToMake(number * 10 + 1, 2, is_held=True, has_alert=True, steps=(Step(0, 4, 22),))


class Luck:
    """Answers to acts: everything succeeds. The kitchen gets two items of each order, or the first of them."""

    def __init__(self, items: int = 2) -> None:
        self.count = 0
        self.items = items

    def answer(self, act: Act) -> Outcome:
        self.count += 1
        if isinstance(act, acts.Confirm | acts.AddItems):
            return Outcome(items=items_of(self.count)[: self.items], promise=Promise(13, 13))
        if isinstance(act, acts.Recall):
            return Outcome(items=items_of(self.count)[:1])
        return DONE


def acts_of(evening: Evening, count: int, *, items: int = 2) -> list[tuple[float, Act]]:
    """Play an evening in which everything succeeds."""
    luck, played = Luck(items), []
    for _ in range(count):
        due, act = evening.next_act()
        played.append((due, act))
        evening.tell(luck.answer(act))
    return played


def words_of(played: list[tuple[float, Act]]) -> list[str]:
    return [f"{due:.6f} {act!r}" for due, act in played]


def test_evening_is_the_same_when_the_seed_is() -> None:
    first = acts_of(Evening(HOUSE, seed="8", per_minute=20), 3000)
    second = acts_of(Evening(HOUSE, seed="8", per_minute=20), 3000)

    assert words_of(first) == words_of(second)


def test_evening_is_another_when_the_seed_is() -> None:
    first = acts_of(Evening(HOUSE, seed="8", per_minute=20), 50)
    second = acts_of(Evening(HOUSE, seed="9", per_minute=20), 50)

    assert words_of(first) != words_of(second)


def test_acts_come_in_the_order_of_time_when_played() -> None:
    moments = [due for due, _ in acts_of(Evening(HOUSE, seed="1", per_minute=600), 3000)]

    assert moments == sorted(moments)


def test_everything_happens_to_somebody_when_an_evening_is_long() -> None:
    kinds = {type(act) for _, act in acts_of(Evening(HOUSE, seed="1", per_minute=2), 8000)}

    assert kinds == {
        acts.TakeOrder,
        acts.Confirm,
        acts.Cancel,
        acts.AddItems,
        acts.WriteNotes,
        acts.VoidItem,
        acts.NameAllergy,
        acts.AskToCancel,
        acts.Decide,
        acts.Acknowledge,
        acts.Prioritise,
        acts.Fire,
        acts.StartItem,
        acts.FinishStep,
        acts.ConfirmAllergy,
        acts.MoveWork,
        acts.BumpTicket,
        acts.Recall,
        acts.ServeItem,
        acts.HandOver,
        acts.Deliver,
        acts.Complete,
        acts.SetAvailable,
        acts.SetOpen,
    }


def test_parties_come_at_the_rate_when_counted_over_an_hour() -> None:
    moments = list(itertools.takewhile(lambda moment: moment < 3600, arrivals(seed="4", per_minute=10)))

    # Poisson: the standard deviation is the root of the mean, about 25.
    assert 500 < len(moments) < 700


def test_parties_come_in_waves_when_counted_by_the_half_minute() -> None:
    moments = itertools.takewhile(lambda moment: moment < 3600, arrivals(seed="4", per_minute=60))
    by_half_minute = Counter(int(moment // 30) for moment in moments)

    assert max(by_half_minute.values()) > 2 * min(by_half_minute.values())


def test_what_makes_a_guest_ill_is_asked_for_without_it_when_at_all() -> None:
    played = acts_of(Evening(HOUSE, seed="2", per_minute=30), 6000)

    allergic = [act for _, act in played if isinstance(act, acts.TakeOrder) and act.party.allergen_ids]
    wished = [wish.instructions for act in allergic for wish in act.wishes if wish.dish_id == 1]
    assert len(allergic) > 10
    assert set(wished) == {"Without what makes me ill, please"}


def test_mains_come_second_when_a_party_eats_in_courses() -> None:
    played = acts_of(Evening(HOUSE, seed="2", per_minute=30), 6000)

    taken = [act for _, act in played if isinstance(act, acts.TakeOrder)]
    by_course = [act for act in taken if any(wish.course == 2 for wish in act.wishes)]
    assert 10 < len(by_course) < len(taken) / 2
    assert all(wish.course == (2 if wish.dish_id < 3 else 1) for act in by_course for wish in act.wishes)


def test_no_more_is_in_work_at_a_station_than_it_has_places_when_it_is_busy() -> None:
    evening = Evening(HOUSE, seed="3", per_minute=12)
    luck = Luck()
    at_22: set[int] = set()
    most = 0
    for _ in range(6000):
        _, act = evening.next_act()
        # The second item of each order has one step, and so does it from its start to its end.
        if isinstance(act, acts.StartItem) and act.item_id % 10 == 1:
            at_22.add(act.item_id)
        elif isinstance(act, acts.FinishStep) and act.item_id in at_22 and not act.by_rival:
            at_22.discard(act.item_id)
        elif isinstance(act, acts.VoidItem | acts.Cancel | acts.Decide | acts.MoveWork | acts.SetOpen):
            at_22.clear()
        most = max(most, len(at_22))
        evening.tell(luck.answer(act))

    assert most == HOUSE.stations[22]


def test_vip_is_cooked_first_when_others_have_waited_longer() -> None:
    house = House(HOUSE.offers, HOUSE.tables, (), {21: 1})
    evening = Evening(house, seed="3", per_minute=0.001)
    waiting = list(itertools.islice(parties(HOUSE, seed="12", per_minute=1), 3))
    for party, priority in zip(waiting, (Priority.NORMAL, Priority.NORMAL, Priority.VIP), strict=True):
        party.priority = priority
        step = ToMake(party.number, 1, is_held=False, has_alert=False, steps=(Step(0, 5, 21),))
        evening.adopt(party, OrderStatus.PREPARING, [step])

    bumped = [act.number for _, act in acts_of(evening, 12) if isinstance(act, acts.BumpTicket)]

    assert bumped == [waiting[0].number, waiting[2].number, waiting[1].number]


def test_item_waits_elsewhere_when_its_station_closes() -> None:
    house = House(HOUSE.offers, HOUSE.tables, (), {21: 1, 22: 1})
    evening = Evening(house, seed="3", per_minute=0.001)
    first, second = itertools.islice(parties(HOUSE, seed="12", per_minute=1), 2)
    for party in (first, second):
        step = ToMake(party.number, 1, is_held=False, has_alert=False, steps=(Step(0, 100, 21),))
        evening.adopt(party, OrderStatus.PREPARING, [step])
    bumped: dict[int, float] = {}
    while len(bumped) < 2:
        due, act = evening.next_act()
        if isinstance(act, acts.BumpTicket):
            bumped[act.number] = due / 60
        is_closing = isinstance(act, acts.SetOpen) and not act.is_open
        evening.tell(Outcome(moved={second.number: [22]}) if is_closing else DONE)

    # At one station they would have taken 200 minutes, more or less; the closing comes within 70.
    assert bumped[first.number] < 140
    assert bumped[second.number] < 70 + 135


def test_promises_are_measured_in_minutes_of_the_kitchens() -> None:
    quality = Quality()
    quality.note(Promise(10, 20), 12.0)
    quality.note(Promise(10, 20), 9.0)

    assert str(quality) == (
        "Estimates of 2 orders: wrong by 1.5 minutes on average, 50% kept. "
        "The plain sum of all minutes: wrong by 9.5 minutes on average, 100% kept. In minutes of the kitchen's."
    )


def test_same_promises_are_measured_when_the_kitchen_goes_faster() -> None:
    slow, fast = (Evening(HOUSE, seed="8", per_minute=0.5 * pace, pace=pace) for pace in (1.0, 60.0))
    for evening in (slow, fast):
        acts_of(evening, 3000, items=1)

    minutes = [[actual for _, actual in evening.quality.noted] for evening in (slow, fast)]

    assert min(map(len, minutes)) > 50
    # Steps of 6 and 3 minutes, each done in 0.7 to 1.3 of that, and what one waits for a place.
    assert 0.7 * 9 <= min(map(min, minutes)) < 9
    assert max(map(max, minutes)) < 120


def test_guest_asks_for_something_else_when_a_dish_is_gone() -> None:
    evening = Evening(HOUSE, seed="5", per_minute=5)
    act: Act = acts.OfOrder(0)
    while not isinstance(act, acts.TakeOrder):
        _, act = evening.next_act()
    gone = act.wishes[0].dish_id
    evening.tell(Outcome("unavailable", sold_out=frozenset({gone})))

    _, again = evening.next_act()

    assert isinstance(again, acts.TakeOrder)
    assert again.party is act.party
    assert gone not in {wish.dish_id for wish in again.wishes}


def test_dish_comes_in_again_when_it_ran_out() -> None:
    evening = Evening(HOUSE, seed="5", per_minute=5)
    act: Act = acts.OfOrder(0)
    while not isinstance(act, acts.TakeOrder):
        _, act = evening.next_act()
    evening.tell(Outcome("out_of_stock", sold_out=frozenset({3})))

    restocked = [act.number for _, act in acts_of(evening, 400) if isinstance(act, acts.Restock)]

    assert restocked == [3]
