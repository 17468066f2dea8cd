"""HiGHS as the planner uses it: limits that are left for later hold all the same."""

import json
import time

import pytest
from synthetic_sites import synthetic

from schedule.desk.solver import OPTIONS, Highs, model_of, quiet
from schedule.files.planning_problem import parse_problem
from schedule.planning.optimising.candidates import ask
from schedule.planning.optimising.rows import Program, make_grid, make_program
from schedule.planning.optimising.solving import Ending


def crowded(people: int) -> Program:
    problem = parse_problem(json.dumps(synthetic(people, 1)), file="p")
    asked = ask(problem, problem.unit)
    return make_program(asked, make_grid(asked.cases))


def test_limits_added_when_broken_cost_what_all_at_once_do() -> None:
    program = crowded(20)
    at_once = quiet()
    for name, value in OPTIONS.items():
        at_once.setOptionValue(name, value)
    at_once.passModel(model_of(program, whole=False))
    at_once.run()
    solved = Highs().relax(program)
    assert solved.ending is Ending.SOLVED
    assert solved.bound == pytest.approx(at_once.getInfo().objective_function_value)
    assert solved.bound == pytest.approx(712.5)


def test_the_same_program_has_the_same_answer() -> None:
    program = crowded(20)
    one, other = Highs().relax(program), Highs().relax(program)
    assert one.values is not None
    assert other.values is not None
    assert one.values.tobytes() == other.values.tobytes()


def test_it_stops_when_the_time_is_over() -> None:
    program = crowded(100)
    start = time.monotonic()
    solved = Highs(end=start + 2).relax(program)
    assert solved.ending is Ending.STOPPED
    assert time.monotonic() - start < 6
