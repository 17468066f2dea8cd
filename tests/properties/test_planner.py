"""The planner against brute force: the least cost, or a real and minimal conflict and a repair that helps."""

import json
from datetime import date, timedelta

import planning_checker as checker
from hypothesis import HealthCheck, event, given, settings
from planning_problems import Json, problems

from schedule.desk.optimising import Answer, Setting, optimise
from schedule.files.planning_problem import parse_problem, write_conflict, write_plan, write_problem

EXACTLY = Setting(max_gap=0, is_stopped=lambda: False)


def answer(problem: Json) -> tuple[Answer, Json]:
    """What the planner answers, and what it writes."""
    asked = parse_problem(json.dumps(problem), file="problem.json")
    found = optimise(asked, EXACTLY, seconds=None, jobs=1, tell=lambda *_: None)
    if found.troubles:
        core = found.troubles[0].conflict.core  # type: ignore[union-attr]
        return found, json.loads(write_conflict(core, found.repair, []))
    return found, json.loads(write_plan(asked, found.dates, cost=found.cost, bound=found.bound, gap=found.gap))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(problem=problems())
def test_the_least_cost_or_a_real_conflict(problem: Json) -> None:
    found, written = answer(problem)
    least = checker.least_cost(problem)

    if least is None:
        event("impossible")
        one_a_day = found.troubles[0].conflict.needs_one_a_day  # type: ignore[union-attr]
        assert checker.wrong_core(problem, written["core"], same_day=one_a_day) == []
        check_repair(problem, written["repair"])
    else:
        event("possible")
        days = {(one["participant"], one["visit"]): date.fromisoformat(one["date"]) for one in written["visits"]}
        assert checker.wrong(problem, days) == []
        assert (found.cost, found.bound) == (least, least)
        assert checker.cost(problem, days) == least == written["cost"]
        if not {"overbook", "outside"} & problem["costs"].keys():
            check_earliest(problem, days)


def check_earliest(problem: Json, days: checker.Days) -> None:
    """No single visit could be earlier at the same cost."""
    for visit in problem["visits"]:
        key = checker.key(visit)
        for sooner in range(1, 8) if "fixed" not in visit else ():
            other = {**days, key: days[key] - timedelta(sooner)}
            if not checker.wrong(problem, other):
                assert checker.cost(problem, other) > checker.cost(problem, days), key


def check_repair(problem: Json, repair: list[Json]) -> None:
    """A repair makes a plan possible, and nothing in it can be left out; there is none where days that are fixed
    share a day that one visit may have."""
    if repair:
        assert checker.has_plan(checker.granted(problem, repair))
        for one in repair:
            others = [other for other in repair if other is not one]
            assert not checker.has_plan(checker.granted(problem, others)), one
    else:
        fixed = [(one["participant"], one["fixed"]) for one in problem["visits"] if "fixed" in one]
        assert problem["same_day"] == "forbid"
        assert len(set(fixed)) < len(fixed)


@settings(max_examples=20, deadline=None)
@given(problem=problems())
def test_the_same_question_has_the_same_answer_byte_for_byte(problem: Json) -> None:
    assert json.dumps(answer(problem)[1]) == json.dumps(answer(problem)[1])


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(problem=problems())
def test_a_problem_that_was_written_is_read_as_it_was(problem: Json) -> None:
    asked = parse_problem(json.dumps(problem), file="problem.json")
    assert parse_problem(write_problem(asked).decode(), file="written.json") == asked


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(problem=problems())
def test_without_time_what_is_found_is_whole_and_the_bound_is_true(problem: Json) -> None:
    asked = parse_problem(json.dumps(problem), file="problem.json")
    found = optimise(asked, EXACTLY, seconds=0.0, jobs=1, tell=lambda *_: None)
    least = checker.least_cost(problem)
    if found.troubles:
        event("nothing found" if least is not None else "impossible")
        return
    event("found")
    days = dict(found.dates)
    assert least is not None
    assert checker.wrong(problem, days) == []
    assert checker.cost(problem, days) == found.cost
    assert found.bound <= least <= found.cost
