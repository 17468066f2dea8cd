"""The best days of one site: the linear program, and whole numbers for what it leaves broken.

Who has no day in common with a limit is planned alone, exactly. For the rest the value of the linear program is a bound
that no plan can go below. Participants whose steps are all whole keep their days while the others are solved in whole
numbers; where that is not near enough to the bound, all are.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum
from fractions import Fraction
from functools import cached_property
from math import ceil, inf
from typing import TYPE_CHECKING, Protocol

from schedule.planning.optimising.alone import Alone, best_alone
from schedule.planning.optimising.bargaining import MANY, bargain
from schedule.planning.optimising.candidates import FREE, Asked, Case, Limits, ask, keys_of, tidy
from schedule.planning.optimising.counting import broken, cost_of
from schedule.planning.optimising.problem import Dates, Problem

if TYPE_CHECKING:
    from schedule.planning.optimising.rows import Floats, Grid, Program

TRUST = 1e-6
"""Of the value of a linear program, how much may be rounding."""


Plan = dict[int, Sequence[int]]
"""The days of cases, by their number."""


class Ending(Enum):
    """How a solver ended."""

    SOLVED = "solved"
    IMPOSSIBLE = "impossible"
    STOPPED = "stopped"
    """The time was over, or somebody asked it to stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Solved:
    """What a solver found."""

    ending: Ending
    values: "Floats | None"
    """None where nothing was found that keeps every row."""
    bound: float
    """What nothing can go below; negative infinity where that is not known."""


NO_TIME = Solved(ending=Ending.STOPPED, values=None, bound=-inf)


class Solver(Protocol):
    """Whoever can solve a program: on one thread, and always the same way."""

    @property
    def has_end(self) -> bool:
        """Whether its time is limited."""

    def is_over(self) -> bool:
        """Tell whether the time is over, or somebody asked it to stop."""

    def relax(self, program: "Program") -> Solved:
        """Solve it without whole numbers; the bound is good even where it was stopped."""

    def solve(self, program: "Program", *, near: float, start: "Floats | None" = None) -> Solved:
        """Solve it in whole numbers, to within ``near`` of the least cost; ``start`` is a solution that is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What was found for a site. No dates where there is no plan, or none was found in time."""

    ending: Ending
    dates: Dates | None = None
    cost: Fraction = Fraction(0)
    bound: Fraction = Fraction(0)

    @property
    def gap(self) -> float:
        """How far the cost may be from the least, as a share of the bound, or of 1."""
        return gap_between(self.cost, self.bound)


def gap_between(cost: Fraction, bound: Fraction) -> float:
    """Return (cost - bound) / max(1, bound)."""
    return float((cost - bound) / max(Fraction(1), bound))


def choose_days(problem: Problem, solver: Solver, *, max_gap: float) -> Chosen:
    """Return the best days for the only site of a problem."""
    unit = problem.unit
    asked = ask(problem, unit)
    if asked.limits.are_exceeded or not all(case.is_possible for case in asked.cases):
        return Chosen(ending=Ending.IMPOSSIBLE)
    shared = who_shares(asked)
    chosen: Plan = {}
    spent = 0
    for number, case in enumerate(asked.cases):
        if number not in shared:
            alone = best_alone(case, asked.limits)
            if alone is None:
                return Chosen(ending=Ending.IMPOSSIBLE)
            chosen[number], spent = alone.days, spent + alone.cost
    if not shared:
        best = _told(problem, asked, chosen)
        return replace(best, bound=min(best.cost, Fraction(spent + asked.limits.spent) * unit))
    together = _Together(problem, asked, chosen, sorted(shared), solver)
    return together.choose(Fraction(spent) * unit, max_gap)


def who_shares(asked: Asked) -> set[int]:
    """Return the numbers of the cases that could use a resource on a day when others might not find room."""
    wanted: Counter[tuple[str, int]] = Counter()
    limited = {resource for resource, _ in asked.limits.left}
    uses = [
        (number, resource, days)
        for number, case in enumerate(asked.cases)
        for visit, days in zip(case.visits, case.days, strict=True)
        if visit.fixed is None
        for resource in visit.uses & limited
    ]
    for _, resource, days in uses:
        wanted.update((resource, day) for day in days)
    tight = {key for key, count in wanted.items() if count > asked.limits.left.get(key, FREE)}
    return {number for number, resource, days in uses if any((resource, day) in tight for day in days)}


def _told(problem: Problem, asked: Asked, chosen: Plan) -> Chosen:
    """Return a plan that was counted anew. Raises ArithmeticError where it breaks anything."""
    dates = {
        visit.key: date.fromordinal(day)
        for number, days in chosen.items()
        for visit, day in zip(asked.cases[number].visits, days, strict=True)
    }
    if wrong := broken(problem, dates):
        raise ArithmeticError(f"the plan breaks {len(wrong)} conditions, such as: {wrong[0].what}")
    return Chosen(ending=Ending.SOLVED, dates=dates, cost=cost_of(problem, dates))


def _cheaper(one: Chosen | None, other: Chosen | None) -> Chosen | None:
    """Return the cheaper plan of those that there are, the first of two that cost the same."""
    return min((plan for plan in (one, other) if plan), key=lambda plan: plan.cost, default=None)


class _Together:
    """The participants of a site who share limits."""

    def __init__(self, problem: Problem, asked: Asked, alone: Plan, numbers: Sequence[int], solver: Solver) -> None:
        self._problem, self._asked, self._alone, self._numbers, self._solver = problem, asked, alone, numbers, solver
        self._part = replace(asked, cases=tuple(asked.cases[number] for number in numbers))

    @cached_property
    def _people(self) -> list[Alone]:
        return [Alone(case) for case in self._part.cases]

    @cached_property
    def _grid(self) -> "Grid":
        from schedule.planning.optimising.rows import make_grid  # noqa: PLC0415 - numpy: 100 ms

        return make_grid(self._part.cases)

    @cached_property
    def _program(self) -> "Program":
        from schedule.planning.optimising.rows import make_program  # noqa: PLC0415

        return make_program(self._part, self._grid)

    def choose(self, spent: Fraction, max_gap: float) -> Chosen:
        """Return the best days found, with a bound for everybody; ``spent`` is what those planned alone cost.

        Where time is limited a whole plan comes first, and the solver has what is left.
        """
        best = self._told(self._bargained(passes=1)) if self._solver.has_end else None
        relaxed = NO_TIME if self._solver.is_over() else self._solver.relax(self._program)
        if relaxed.ending is Ending.IMPOSSIBLE:
            return Chosen(ending=Ending.IMPOSSIBLE)
        bound = spent + (self._each_alone() if relaxed.bound == -inf else self._rounded_up(relaxed.bound))
        if relaxed.ending is Ending.SOLVED and relaxed.values is not None:
            best = _cheaper(best, self._told(self._mended(relaxed.values)))
        if best and (gap_between(best.cost, bound) <= max_gap or best.cost <= bound):
            return replace(best, bound=min(best.cost, bound))
        if relaxed.ending is Ending.SOLVED:
            start = self._start(best) if best else None
            solved = self._solver.solve(self._program, near=self._near(bound, max_gap), start=start)
            if solved.ending is Ending.IMPOSSIBLE:
                return Chosen(ending=Ending.IMPOSSIBLE)
            bound = max(bound, spent + self._rounded_up(solved.bound))
            best = _cheaper(best, self._told(self._read(solved.values)))
        best = best or self._told(self._bargained())
        if best is None:
            return Chosen(ending=Ending.STOPPED, bound=bound)
        best = replace(best, bound=min(best.cost, bound))
        return best if best.gap <= max_gap else replace(best, ending=Ending.STOPPED)

    def _bargained(self, passes: int = MANY) -> Plan | None:
        days = bargain(self._people, self._part, passes)
        return dict(zip(self._numbers, days, strict=True)) if days else None

    def _told(self, plan: Plan | None) -> Chosen | None:
        return _told(self._problem, self._asked, self._alone | plan) if plan else None

    def _each_alone(self) -> Fraction:
        """Return what everybody would cost if there were no limits: a bound for when there was no time for a better."""
        best = [person.best(person.costs, lambda *_: FREE) for person in self._people]
        return sum((one.cost * self._asked.unit for one in best if one), Fraction(0))

    def _near(self, bound: Fraction, max_gap: float) -> float:
        """Return how near to the least cost is near enough: what cannot be told from it, or what the gap allows."""
        return max(float(self._asked.unit) * 0.99, max_gap * max(1.0, float(bound)))

    def _rounded_up(self, bound: float) -> Fraction:
        """Return the least multiple of the unit that a cost with this bound can be."""
        if bound < 0 or bound == float("inf"):
            return Fraction(0)
        safe = bound - TRUST * max(1.0, bound)
        return max(0, ceil(Fraction(safe) / self._asked.unit)) * self._asked.unit

    def _mended(self, values: "Floats") -> Plan | None:
        """Keep the days of all whose steps are whole, and solve for the others in the room that is left."""
        from schedule.planning.optimising.rows import are_whole, make_grid, make_program, read_days  # noqa: PLC0415

        whole, days = are_whole(self._grid, values), read_days(self._grid, values)
        chosen: Plan = {number: own for number, own, kept in zip(self._numbers, days, whole, strict=True) if kept}
        rest = [number for number in self._numbers if number not in chosen]
        if not rest:
            return chosen
        limits = room_left(self._asked.limits, [(self._asked.cases[number], own) for number, own in chosen.items()])
        cases = [_in_room(self._asked.cases[number], limits) for number in rest]
        if not all(case.is_possible for case in cases):
            return None
        part = replace(self._asked, cases=tuple(cases), limits=limits)
        grid = make_grid(part.cases)
        solved = self._solver.solve(make_program(part, grid), near=float(part.unit) * 0.99)
        if solved.values is None:
            return None
        return chosen | dict(zip(rest, read_days(grid, solved.values), strict=True))

    def _read(self, values: "Floats | None") -> Plan | None:
        from schedule.planning.optimising.rows import read_days  # noqa: PLC0415

        return None if values is None else dict(zip(self._numbers, read_days(self._grid, values), strict=True))

    def _start(self, best: Chosen) -> "Floats":
        from schedule.planning.optimising.rows import steps_of  # noqa: PLC0415

        dates = best.dates or {}
        return steps_of(self._grid, [[dates[key].toordinal() for key in keys_of(one)] for one in self._part.cases])


def room_left(limits: Limits, taken: Sequence[tuple[Case, Sequence[int]]]) -> Limits:
    """Return the limits less what some cases use on their days."""
    left, over = dict(limits.left), 0
    for case, days in taken:
        for visit, day in zip(case.visits, days, strict=True):
            if visit.fixed is None:
                for resource in visit.uses:
                    if (resource, day) in left:
                        left[resource, day] -= 1
    over = sum(max(0, -count) - max(0, -limits.left[key]) for key, count in left.items())
    return replace(limits, left=left, spent=limits.spent + over * (limits.overbook or 0))


def _in_room(case: Case, limits: Limits) -> Case:
    """Take away the days that have become full."""
    days, costs = [], []
    for visit, own, cost in zip(case.visits, case.days, case.costs, strict=True):
        kept = [
            index
            for index, day in enumerate(own)
            if visit.fixed or not any(limits.is_full(resource, day) for resource in visit.uses)
        ]
        days.append([own[index] for index in kept])
        costs.append([cost[index] for index in kept])
    return tidy(replace(case, days=tuple(days), costs=tuple(costs)))
