"""Prices of slots: no plan is below the bound of any; and there is room wherever brute force finds a plan."""

import json

import planning_checker as checker
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from planning_problems import Json, problems

from schedule.desk.solver import Highs
from schedule.files.planning_problem import parse_problem
from schedule.planning.optimising.alone import Alone, no_limit
from schedule.planning.optimising.candidates import Asked, ask
from schedule.planning.optimising.fitting import widen_to_fit
from schedule.planning.optimising.narrowing import Narrow, price

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]


def sites(problem: Json) -> list[Asked]:
    """What each site is asked."""
    asked = parse_problem(json.dumps(problem), file="problem.json")
    return [ask(one, one.unit) for one in asked.by_site().values() if one.visits]


def ideal(asked: Asked) -> list[tuple[int, ...]]:
    """Everybody's best days if there were no limits; as many as there are."""
    best = [Alone(case).best(Alone(case).costs, no_limit) for case in asked.cases if case.is_possible]
    return [one.days for one in best if one]


@settings(max_examples=40, deadline=None, suppress_health_check=SLOW)
@given(problem=problems(), data=st.data())
def test_no_plan_is_below_the_bound_of_any_prices(problem: Json, data: st.DataObject) -> None:
    least = checker.least_cost(problem)
    if least is None:
        return
    total = 0.0
    for asked in sites(problem):
        most = 9.0 if asked.limits.overbook is None else float(asked.limits.overbook)
        slots = sorted(asked.limits.left)[:6]
        prices = {slot: data.draw(st.floats(0, most)) for slot in slots}
        people = [Alone(case) for case in asked.cases]
        total += price(people, Narrow(asked.cases), prices, asked.limits).bound * float(asked.unit)
    event("priced" if total else "free")
    assert total <= float(least) + 1e-6


@settings(max_examples=40, deadline=None, suppress_health_check=SLOW)
@given(problem=problems())
def test_there_is_room_where_there_is_a_plan(problem: Json) -> None:
    if checker.least_cost(problem) is None:
        return
    for asked in sites(problem):
        if asked.limits.overbook is None:
            event("asked")
            assert widen_to_fit(asked, Narrow.about(asked.cases, [ideal(asked)]), Highs())


def test_there_is_none_for_six_on_five_days() -> None:
    days = {"lower": "2026-03-02", "upper": "2026-03-06", "target": "2026-03-04", "kind": "infusion"}
    visits = [{"participant": f"P{number}", "visit": "I0", **days} for number in range(6)]
    (asked,) = sites({"sites": {"S1": {"capacity": {"infusion": 1}}}, "visits": visits})
    assert not widen_to_fit(asked, Narrow.about(asked.cases, [ideal(asked)]), Highs())
