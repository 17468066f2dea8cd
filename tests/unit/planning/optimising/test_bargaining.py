"""Days without a solver: whole where the site is crowded, near the best where it is not."""

import json
from collections import Counter
from datetime import date

from synthetic_sites import CROWDED, LARGE, Room, synthetic

from schedule.files.planning_problem import parse_problem
from schedule.planning.optimising.alone import Alone
from schedule.planning.optimising.bargaining import MANY, bargain
from schedule.planning.optimising.candidates import ask
from schedule.planning.optimising.counting import broken, cost_of
from schedule.planning.optimising.problem import Dates, Problem


def bargained(problem: Problem, passes: int = MANY) -> Dates | None:
    asked = ask(problem, problem.unit)
    days = bargain([Alone(case) for case in asked.cases], asked, passes)
    if days is None:
        return None
    return {
        visit.key: date.fromordinal(day)
        for case, own in zip(asked.cases, days, strict=True)
        for visit, day in zip(case.visits, own, strict=True)
    }


def site(people: int, room: Room = CROWDED) -> Problem:
    return parse_problem(json.dumps(synthetic(people, 1, room=room)), file="p")


def test_a_site_at_twice_the_demand_that_fits_easily_gets_a_whole_plan() -> None:
    problem = site(60)
    days = bargained(problem)
    assert days is not None
    assert broken(problem, days) == []


def test_where_limits_bind_on_some_days_it_costs_little_more_than_the_least() -> None:
    problem = site(100, LARGE)
    days = bargained(problem)
    assert days is not None
    assert broken(problem, days) == []
    least = 3464.5  # the proven one, as dayzero optimise finds it
    assert least <= cost_of(problem, days) < 1.01 * least


def test_choosing_again_makes_it_cheaper() -> None:
    problem = site(40)
    once, again = bargained(problem, passes=0), bargained(problem)
    assert once is not None
    assert again is not None
    assert cost_of(problem, again) < cost_of(problem, once)


FIVE_DAYS = {"lower": "2026-03-02", "upper": "2026-03-06", "target": "2026-03-04", "kind": "infusion"}


def tiny(people: int, **costs: float) -> Problem:
    visits = [{"participant": f"P{number}", "visit": "I0", **FIVE_DAYS} for number in range(people)]
    sites = {"S1": {"closed_weekdays": [5, 6], "capacity": {"infusion": 1}}}
    return parse_problem(json.dumps({"sites": sites, "visits": visits, "costs": {"move": 0, **costs}}), file="p")


def test_five_find_five_slots() -> None:
    days = bargained(tiny(5))
    assert days is not None
    assert sorted(days.values()) == [date(2026, 3, day) for day in (2, 3, 4, 5, 6)]


def test_six_do_not() -> None:
    assert bargained(tiny(6)) is None


def test_six_do_where_one_slot_may_be_overbooked_at_a_price() -> None:
    problem = tiny(6, overbook=1000)
    days = bargained(problem)
    assert days is not None
    assert max(Counter(days.values()).values()) == 2
    assert cost_of(problem, days) == 1006
