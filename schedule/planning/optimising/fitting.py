"""Whether there is room for everybody, whatever it costs."""

from collections.abc import Sequence
from dataclasses import replace

from schedule.planning.optimising.alone import Alone
from schedule.planning.optimising.bargaining import bargain
from schedule.planning.optimising.candidates import Asked, Case
from schedule.planning.optimising.narrowing import ROUNDING, Narrow
from schedule.planning.optimising.solving import Solver, look


def fit(asked: Asked) -> list[Sequence[int]] | None:
    """Return days on which there is room for everybody; None where none were found, which proves nothing."""
    free = _free(asked)
    return next(bargain([Alone(case) for case in free.cases], free), None)


def widen_to_fit(asked: Asked, narrow: Narrow, solver: Solver) -> bool:
    """Look at more days until parts of everybody find room; tell whether there can be room at all.

    False, too, where the solver was stopped before it could tell. Limits may be exceeded for one unit here, and nothing
    else costs anything: where everybody's best days at the prices of the slots cost something all the same, there are
    too many for the room that there is, whoever goes where.
    """
    free = replace(_free(asked), limits=replace(asked.limits, overbook=1))
    looked = narrow.over(free.cases)
    people = [Alone(case) for case in free.cases]
    if any(seen.bound > ROUNDING for seen in look(people, free, looked, solver)):
        return False
    narrow.take_over(looked)
    return not solver.is_over()


def _free(asked: Asked) -> Asked:
    """Return the question without what anything costs."""
    return replace(asked, cases=tuple(_free_case(case) for case in asked.cases))


def _free_case(case: Case) -> Case:
    links = tuple(replace(link, weight=0) for link in case.links)
    return replace(case, costs=tuple([0] * len(days) for days in case.days), links=links, toll=0)
