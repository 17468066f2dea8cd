"""The best days of one site: the linear program, and whole numbers for what it leaves broken.

Who has no day in common with a limit is planned alone, exactly. For the rest the value of the linear program is a bound
that no plan can go below. Participants whose steps are all whole keep their days while the others are solved in whole
numbers; where that is not near enough to the bound, all are.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING, Protocol

from schedule.planning.optimising.alone import best_alone
from schedule.planning.optimising.candidates import FREE, Asked, Case, Limits, ask, tidy
from schedule.planning.optimising.counting import broken, cost_of
from schedule.planning.optimising.earlier import take_earlier
from schedule.planning.optimising.problem import Dates, Problem

if TYPE_CHECKING:
    from schedule.planning.optimising.rows import Floats, Program

ATTEMPTS = 8
"""Orders in which participants are planned one by one when the time is over."""
TRUST = 1e-6
"""Of the value of a linear program, how much may be rounding."""


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


class Solver(Protocol):
    """Whoever can solve a program: on one thread, and always the same way."""

    def relax(self, program: "Program") -> Solved:
        """Solve it without whole numbers."""

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
    chosen: dict[int, Sequence[int]] = {}
    spent = 0
    for number, case in enumerate(asked.cases):
        if number not in shared:
            best = best_alone(case, asked.limits)
            if best is None:
                return Chosen(ending=Ending.IMPOSSIBLE)
            chosen[number], spent = best.days, spent + best.cost
    if not shared:
        return _told(problem, asked, chosen, Fraction(spent + asked.limits.spent) * unit)
    together = _Together(asked, sorted(shared), solver)
    return together.choose(problem, chosen, Fraction(spent) * unit, max_gap)


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


def _told(problem: Problem, asked: Asked, chosen: Mapping[int, Sequence[int]], bound: Fraction) -> Chosen:
    if problem.costs.outside is None and problem.costs.overbook is None:
        chosen = take_earlier(asked, chosen)
    dates = {
        visit.key: date.fromordinal(day)
        for number, days in chosen.items()
        for visit, day in zip(asked.cases[number].visits, days, strict=True)
    }
    if wrong := broken(problem, dates):
        raise ArithmeticError(f"the plan breaks {len(wrong)} conditions, such as: {wrong[0].what}")
    cost = cost_of(problem, dates)
    return Chosen(ending=Ending.SOLVED, dates=dates, cost=cost, bound=min(cost, bound))


NO_LIMITS = Limits(left={}, overbook=None, spent=0, forbidden=frozenset())


class _Together:
    """The participants of a site who share limits."""

    def __init__(self, asked: Asked, numbers: Sequence[int], solver: Solver) -> None:
        from schedule.planning.optimising.rows import make_grid, make_program  # noqa: PLC0415 - numpy: 100 ms

        self._asked, self._numbers, self._solver = asked, numbers, solver
        self._part = replace(asked, cases=tuple(asked.cases[number] for number in numbers))
        self._grid = make_grid(self._part.cases)
        self._program = make_program(self._part, self._grid)

    def choose(self, problem: Problem, alone: dict[int, Sequence[int]], spent: Fraction, max_gap: float) -> Chosen:
        """Return the best days found, with a bound for everybody; ``spent`` is what those planned alone cost."""
        relaxed = self._solver.relax(self._program)
        if relaxed.ending is Ending.IMPOSSIBLE:
            return Chosen(ending=Ending.IMPOSSIBLE)
        bound = spent + (self._rounded_up(relaxed.bound) if relaxed.ending is Ending.SOLVED else self._each_alone())
        found = None
        if relaxed.ending is Ending.SOLVED and relaxed.values is not None:
            found = self._mended(relaxed.values)
        best = _told(problem, self._asked, alone | found, bound) if found else None
        if best and (best.gap <= max_gap or best.cost == best.bound):
            return best
        if relaxed.ending is Ending.SOLVED:
            solved = self._solver.solve(self._program, near=self._near(bound, max_gap), start=self._start(found))
            if solved.ending is Ending.IMPOSSIBLE:
                return Chosen(ending=Ending.IMPOSSIBLE)
            bound = max(bound, spent + self._rounded_up(solved.bound))
            if solved.values is not None:
                found = self._read(solved.values)
        found = found or self._one_by_one()
        if found is None:
            return Chosen(ending=Ending.STOPPED, bound=bound)
        best = _told(problem, self._asked, alone | found, bound)
        return best if best.gap <= max_gap else replace(best, ending=Ending.STOPPED)

    def _each_alone(self) -> Fraction:
        """Return what everybody would cost if there were no limits: a bound for when there was no time for a better."""
        best = [best_alone(case, NO_LIMITS) for case in self._part.cases]
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

    def _mended(self, values: "Floats") -> dict[int, Sequence[int]] | None:
        """Keep the days of all whose steps are whole, and solve for the others in the room that is left."""
        from schedule.planning.optimising.rows import are_whole, make_grid, make_program, read_days  # noqa: PLC0415

        whole, days = are_whole(self._grid, values), read_days(self._grid, values)
        chosen: dict[int, Sequence[int]] = {
            number: own for number, own, kept in zip(self._numbers, days, whole, strict=True) if kept
        }
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

    def _read(self, values: "Floats") -> dict[int, Sequence[int]]:
        from schedule.planning.optimising.rows import read_days  # noqa: PLC0415

        return dict(zip(self._numbers, read_days(self._grid, values), strict=True))

    def _start(self, found: dict[int, Sequence[int]] | None) -> "Floats | None":
        from schedule.planning.optimising.rows import steps_of  # noqa: PLC0415

        return steps_of(self._grid, [found[number] for number in self._numbers]) if found else None

    def _one_by_one(self) -> dict[int, Sequence[int]] | None:
        """Plan one participant after the other in the room that is left: what is whole when the time is over.

        Whoever finds no room comes first in the next attempt.
        """
        order = sorted(self._numbers, key=lambda one: min(days[0] for days in self._asked.cases[one].days))
        for _ in range(ATTEMPTS):
            chosen, failed = self._in_order(order)
            if failed is None:
                return chosen
            order.remove(failed)
            order.insert(0, failed)
        return None

    def _in_order(self, order: Sequence[int]) -> tuple[dict[int, Sequence[int]], int | None]:
        """Return the days of each, and who found none."""
        limits, chosen = self._asked.limits, dict[int, Sequence[int]]()
        for number in order:
            case = _in_room(self._asked.cases[number], limits)
            best = best_alone(case, limits) if case.is_possible else None
            if best is None:
                return chosen, number
            chosen[number] = best.days
            limits = room_left(limits, [(case, best.days)])
        return chosen, None


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
