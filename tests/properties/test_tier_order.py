"""The order of the tiers, against brute force that knows the format alone."""

import json
from datetime import date
from fractions import Fraction

import planning_checker as checker
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from planning_problems import Json, day, problems

from schedule.desk.solver import Highs
from schedule.files.planning_problem import parse_problem
from schedule.planning.optimising.tiers import choose_by_tiers, tally

TIERS = {"overbook": 7, "outside": 9, "outside_days": 2}
"""That both are soft; how dear they are is the tiers' own matter."""
Counts = tuple[int, int, int, Fraction]


@st.composite
def crowds(draw: st.DrawFn) -> Json:
    """Problems in which windows and limits are soft, or one of them, or none."""
    problem: Json = draw(problems())
    if draw(st.booleans()):
        for site in problem["sites"].values():
            site["capacity"] = {"r": 1, "s": 1}
    if draw(st.booleans()):
        for one in problem["visits"]:
            one.setdefault("communicated", day(draw(st.integers(0, 9))))
    soft = draw(st.sampled_from([TIERS, TIERS, {"overbook": 7}, {"outside": 9, "outside_days": 2}, {}]))
    problem["costs"] = {"nonpreferred": draw(st.sampled_from([0, 0.5, 30])), **soft}
    return problem


def count(problem: Json, days: checker.Days) -> Counts:
    """What a plan breaks, by the words of the format: each tier is the only one that costs anything."""
    free = {"nonpreferred": 0, "move": 0, "overbook": 0, "outside": 0}
    weightless = {**problem, "visits": [{**one, "weight": 0} for one in problem["visits"]]}
    return (
        int(checker.cost({**weightless, "costs": {**free, "outside": 1}}, days)),
        int(checker.cost({**weightless, "costs": {**free, "overbook": 1}}, days)),
        int(checker.cost({**weightless, "costs": {**free, "move": 1}}, days)),
        checker.cost({**problem, "costs": {**free, "nonpreferred": problem["costs"]["nonpreferred"]}}, days),
    )


def each_site(problem: Json) -> list[Json]:
    found = []
    for name, site in problem["sites"].items():
        people = {code: one for code, one in problem["participants"].items() if one["site"] == name}
        visits = [one for one in problem["visits"] if one["participant"] in people]
        if visits:
            found.append({**problem, "sites": {name: site}, "participants": people, "visits": visits})
    return found


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(whole=crowds())
def test_no_tier_is_worse_than_it_has_to_be(whole: Json) -> None:
    for problem in each_site(whole):
        asked = parse_problem(json.dumps(problem), file="problem.json")
        found = choose_by_tiers(asked, Highs())
        least = min((count(problem, one) for one in checker.plans(problem)), default=None)

        if least is None:
            assert found.dates is None
            continue
        assert found.dates is not None
        days: dict[tuple[str, str], date] = dict(found.dates)
        assert checker.wrong(problem, days) == []
        assert count(problem, days) == least
        mine = tally(asked, found.dates)
        assert (mine.outside, mine.overbooked, mine.moved, mine.deviation) == least
        event(f"outside {least[0] > 0}, overbooked {least[1] > 0}, moved {least[2] > 0}")
