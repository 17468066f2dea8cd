"""Days without a solver: whole where the site is crowded, near the best where it is not."""

import json
from collections import Counter
from datetime import date

from synthetic_sites import CROWDED, LARGE, Room, synthetic

from schedule.files.planning_problem import parse_problem
from schedule.planning.optimising.alone import Alone
from schedule.planning.optimising.bargaining import bargain
from schedule.planning.optimising.candidates import ask
from schedule.planning.optimising.counting import broken, cost_of
from schedule.planning.optimising.problem import Dates, Problem


def plans(problem: Problem) -> list[Dates]:
    asked = ask(problem, problem.unit)
    return [
        {
            visit.key: date.fromordinal(day)
            for case, own in zip(asked.cases, days, strict=True)
            for visit, day in zip(case.visits, own, strict=True)
        }
        for days in bargain([Alone(case) for case in asked.cases], asked)
    ]


def site(people: int, room: Room = CROWDED) -> Problem:
    return parse_problem(json.dumps(synthetic(people, 1, room=room)), file="p")


def test_a_crowded_site_gets_a_whole_plan() -> None:
    problem = site(60)
    first, *_ = plans(problem)
    assert broken(problem, first) == []


def test_where_limits_bind_on_some_days_it_costs_little_more_than_the_least() -> None:
    problem = site(100, LARGE)
    *_, last = plans(problem)
    least = 3464.5  # the proven one, as dayzero optimise finds it
    assert broken(problem, last) == []
    assert least <= cost_of(problem, last) < 1.01 * least


def test_plans_get_cheaper() -> None:
    problem = site(40)
    costs = [cost_of(problem, one) for one in plans(problem)]
    assert costs == sorted(costs, reverse=True)
    assert costs[-1] < costs[0]


FIVE_DAYS = {"lower": "2026-03-02", "upper": "2026-03-06", "target": "2026-03-04", "kind": "infusion"}


def tiny(people: int, **costs: float) -> Problem:
    visits = [{"participant": f"P{number}", "visit": "I0", **FIVE_DAYS} for number in range(people)]
    sites = {"S1": {"closed_weekdays": [5, 6], "capacity": {"infusion": 1}}}
    return parse_problem(json.dumps({"sites": sites, "visits": visits, "costs": {"move": 0, **costs}}), file="p")


def test_five_find_five_slots() -> None:
    *_, days = plans(tiny(5))
    assert sorted(days.values()) == [date(2026, 3, day) for day in (2, 3, 4, 5, 6)]


def test_six_do_not() -> None:
    assert plans(tiny(6)) == []


def test_six_do_where_one_slot_may_be_overbooked_at_a_price() -> None:
    problem = tiny(6, overbook=1000)
    *_, days = plans(problem)
    assert max(Counter(days.values()).values()) == 2
    assert cost_of(problem, days) == 1006
