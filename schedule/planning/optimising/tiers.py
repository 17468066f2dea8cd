"""Days by tiers: what is broken first is counted first, whatever it spares further down.

Fewest visits outside their windows, then fewest slots overbooked, then fewest appointments moved, then the least
deviation from the targets. Two programs: the first counts, and lets the deviation cost nothing; the second gives each
tier a price that is just more than everything below it costs in the first one's answer. Prices that would do for any
plan are so large that they would drown the days.
"""

from dataclasses import dataclass, replace
from fractions import Fraction

from schedule.planning.optimising.choosing import Chosen, choose_days
from schedule.planning.optimising.counting import cost_of, days_outside, overbooked
from schedule.planning.optimising.problem import Costs, Dates, Problem
from schedule.planning.optimising.solving import Solver


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Tally:
    """What a plan breaks, the worst first; the less of two is the better."""

    outside: int
    """Visits outside their windows."""
    overbooked: int
    """Visits above what a day can hold."""
    moved: int
    """Appointments on another day than was promised."""
    deviation: Fraction
    """What the days cost besides."""


def tally(problem: Problem, dates: Dates) -> Tally:
    """Count what a plan breaks."""
    free = [one for one in problem.visits if one.fixed is None]
    besides = replace(problem, costs=Costs(nonpreferred=problem.costs.nonpreferred))
    return Tally(
        outside=sum(days_outside(one, dates) > 0 for one in free),
        overbooked=sum(overbooked(problem, dates).values()),
        moved=sum(one.communicated not in (None, dates[one.key]) for one in free),
        deviation=cost_of(besides, dates),
    )


def choose_by_tiers(problem: Problem, solver: Solver) -> Chosen:
    """Return the best days by tiers for the only site of a problem; a tier without a price in it is hard."""
    counted = choose_days(_counting(problem), solver, max_gap=0)
    if counted.dates is None:
        return counted
    best = choose_days(_priced(problem, tally(problem, counted.dates)), solver, max_gap=0)
    return counted if best.dates is None else best


def _counting(problem: Problem) -> Problem:
    """Return the problem in which a move costs one, and each tier more than all below it ever can."""
    visits = tuple(replace(one, weight=Fraction(0)) for one in problem.visits)
    overbook = 1 + len(visits)
    outside = overbook * (1 + sum(len(one.uses) for one in visits))
    return replace(problem, visits=visits, costs=_with_prices(problem, 1, overbook, outside, nonpreferred=Fraction(0)))


def _priced(problem: Problem, known: Tally) -> Problem:
    """Return the problem with prices at which no plan pays that is worse in a tier than one that is known."""
    move = 1 + known.deviation
    overbook = move * (1 + known.moved)
    outside = overbook * (1 + known.overbooked)
    return replace(problem, costs=_with_prices(problem, move, overbook, outside, problem.costs.nonpreferred))


def _with_prices(
    problem: Problem, move: Fraction | int, overbook: Fraction | int, outside: Fraction | int, nonpreferred: Fraction
) -> Costs:
    costs = problem.costs
    return replace(
        costs,
        nonpreferred=nonpreferred,
        move=Fraction(move),
        overbook=None if costs.overbook is None else Fraction(overbook),
        outside=None if costs.outside is None else Fraction(outside),
    )
