"""One participant's best days, by hand."""

import json
from datetime import date
from typing import Any

from synthetic_sites import synthetic

from schedule.desk.solver import Highs
from schedule.files.planning_problem import parse_problem
from schedule.planning.optimising.alone import Best, best_alone
from schedule.planning.optimising.candidates import Asked, ask
from schedule.planning.optimising.rows import make_grid, make_program

Json = dict[str, Any]


def asked(problem: Json) -> Asked:
    found = parse_problem(json.dumps(problem), file="problem.json")
    return ask(found, found.unit)


def best(problem: Json) -> Best | None:
    found = asked(problem)
    return best_alone(found.cases[0], found.limits)


def anchored(code: str, to: str, offset: int | str, weight: int = 1) -> Json:
    anchor = {"visit": to, "offset": offset, "lower": -3, "upper": 3}
    return {"participant": "P", "visit": code, "weight": weight, "anchor": anchor}


FIRST = {"participant": "P", "visit": "A", "target": "2026-03-03", "lower": "2026-03-02", "upper": "2026-03-06"}
"""A Tuesday."""


def days(*numbers: int) -> tuple[int, ...]:
    return tuple(date(2026, 3, number).toordinal() for number in numbers)


def test_an_anchor_moves_where_its_followers_outweigh_it() -> None:
    """Tuesday 3 would put both followers on Tuesday 10, a holiday: 10 a day each. Wednesday costs 1."""
    site = {"closed_weekdays": [5, 6], "holidays": ["2026-03-10"]}
    visits = [FIRST, anchored("B", "A", 7, 10), anchored("C", "A", "P1W", 10)]

    assert best({"sites": {"S": site}, "visits": visits}) == Best(days=days(2, 9, 9), cost=1)


def test_three_visits_in_a_ring() -> None:
    """B and C want 7 and 9 days after A, but four days between them: one of them gives two."""
    visits = [FIRST, anchored("B", "A", 7, 3), anchored("C", "A", 9, 2)]
    rules = [{"from": "B", "to": "C", "min": 4, "max": None}]

    assert best({"sites": {"S": {}}, "visits": visits, "rules": rules}) == Best(days=days(3, 10, 14), cost=4)


def test_four_visits_all_tied_to_each_other() -> None:
    """Each a day after the one before, and all on one day otherwise: 0, 1, 2 and 3 days late."""
    visits = [FIRST, *(anchored(code, "A", 0) for code in "BCD")]
    rules = [{"from": one, "to": other, "min": 1} for one, other in ("AB", "BC", "CD", "BD", "AD", "AC")]

    assert best({"sites": {"S": {}}, "visits": visits, "rules": rules}) == Best(days=days(3, 4, 5, 6), cost=6)


def test_one_visit_a_day() -> None:
    visits = [FIRST, anchored("B", "A", 0, 4), anchored("C", "A", 0, 9)]
    problem = {"sites": {"S": {}}, "visits": visits, "same_day": "forbid"}

    found = best(problem)

    assert found
    assert found.cost == 13
    assert len(set(found.days)) == 3


def test_no_day_is_none() -> None:
    assert best({"sites": {"S": {"closed_weekdays": [0, 1, 2, 3, 4]}}, "visits": [FIRST]}) is None


def test_the_same_cost_as_the_linear_program_for_whole_trials() -> None:
    """For one participant the program is whole by itself: two ways to the same figure, for 23 visits."""
    found = asked(synthetic(20, 1))
    for case in found.cases:
        one = Asked(cases=(case,), limits=found.limits, unit=found.unit)
        program = make_program(one, make_grid(one.cases))
        alone = best_alone(case, found.limits)
        assert alone
        assert round(Highs().relax(program).bound, 6) == float(alone.cost * found.unit)
