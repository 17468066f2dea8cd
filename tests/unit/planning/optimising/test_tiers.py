"""Each tier by itself: what would be cheaper in sum is not taken where a worse thing would be broken for it."""

from collections.abc import Collection
from dataclasses import replace
from datetime import date
from fractions import Fraction

from schedule.desk.solver import Highs
from schedule.planning.optimising.problem import Costs, Person, Place, Problem, Wanted
from schedule.planning.optimising.tiers import Tally, choose_by_tiers, tally

SOFT = Costs(overbook=Fraction(1), outside=Fraction(1), outside_days=5)


def day(number: int) -> date:
    return date(2026, 6, number)


def wanted(who: str, first: int, last: int, told: int | None = None, target: int | None = None) -> Wanted:
    return Wanted(participant=who, visit="V", uses=frozenset({"r"}), lower=day(first), upper=day(last),
                  target=day(target or first), communicated=day(told) if told else None)  # fmt: skip


def best(*visits: Wanted, costs: Costs = SOFT, without: Collection[int] = ()) -> Tally:
    """The tally of the best plan; one chair a day, but for days without any."""
    place = Place(capacity={"r": (1,) * 7}, capacity_on={day(one): {"r": 0} for one in without})
    people = {one.participant: Person(site="S") for one in visits}
    problem = Problem(sites={"S": place}, participants=people, visits=visits, costs=costs)
    found = choose_by_tiers(problem, Highs())
    assert found.dates
    return tally(problem, found.dates)


def test_two_slots_are_overbooked_before_one_visit_leaves_its_window() -> None:
    # Three who can come on the 1st alone; the 2nd is free.
    assert best(*(wanted(who, 1, 1) for who in "ABC")) == Tally(outside=0, overbooked=2, moved=0, deviation=Fraction(0))


def test_three_move_before_one_slot_is_overbooked() -> None:
    # N has the 1st alone; A can only give way to the 2nd, where B is, and so on to the 4th.
    chain = [wanted("A", 1, 2, told=1), wanted("B", 2, 3, told=2), wanted("C", 3, 4, told=3)]
    assert best(wanted("N", 1, 1), *chain) == Tally(outside=0, overbooked=0, moved=3, deviation=Fraction(3))


def test_a_month_off_target_before_one_more_moves() -> None:
    # A keeps its chair of the 1st, and N, whose target that is, goes to the 30th.
    found = best(wanted("N", 1, 30, target=1), wanted("A", 1, 30, told=1), without=range(2, 30))
    assert found == Tally(outside=0, overbooked=0, moved=0, deviation=Fraction(29))


def test_a_day_without_a_chair_is_never_overbooked() -> None:
    assert best(wanted("A", 1, 1), without=[1]) == Tally(outside=1, overbooked=0, moved=0, deviation=Fraction(1))


def test_hard_limits_stay_hard() -> None:
    hard = replace(SOFT, overbook=None)
    assert best(wanted("A", 1, 1), wanted("B", 1, 1), costs=hard).outside == 1
