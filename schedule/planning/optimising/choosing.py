"""The best days of one site: a first plan without a solver, the linear program, and whole numbers where it is broken.

Who has no day in common with a limit is planned alone, exactly. The others bargain for a first plan. The linear program
of the days about it gives the slots prices, and these a bound that no plan can go below. Participants whose steps are
all whole keep their days while the others are solved in whole numbers; where that is not near enough to the bound, all
are.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from math import ceil, inf
from typing import TYPE_CHECKING

from schedule.planning.optimising.alone import Alone, best_alone, no_limit
from schedule.planning.optimising.bargaining import bargain
from schedule.planning.optimising.candidates import FREE, Asked, Case, Limits, ask, keys_of, tidy
from schedule.planning.optimising.counting import broken, cost_of
from schedule.planning.optimising.earlier import take_earlier
from schedule.planning.optimising.fitting import fit, widen_to_fit
from schedule.planning.optimising.narrowing import Narrow
from schedule.planning.optimising.problem import Dates, Problem
from schedule.planning.optimising.solving import Ending, Solver, Written, days_in, look, write

if TYPE_CHECKING:
    from schedule.planning.optimising.rows import Floats

TRUST = 1e-6
"""Of the value of a linear program, how much may be rounding."""
Plan = dict[int, Sequence[int]]
"""The days of cases, by their number."""


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
    cost = Fraction(spent) * unit
    return _Together(problem, asked, alone=chosen, spent=cost, solver=solver, max_gap=max_gap).choose()


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


def _told(problem: Problem, asked: Asked, chosen: Mapping[int, Sequence[int]]) -> Chosen:
    """Return a plan, earlier where it costs the same, counted anew. Raises ArithmeticError where it breaks anything."""
    if problem.costs.outside is None and problem.costs.overbook is None:
        chosen = take_earlier(asked, chosen)
    dates = {
        visit.key: date.fromordinal(day)
        for number, days in chosen.items()
        for visit, day in zip(asked.cases[number].visits, days, strict=True)
    }
    if wrong := broken(problem, dates):
        raise ArithmeticError(f"the plan breaks {len(wrong)} conditions, such as: {wrong[0].what}")
    return Chosen(ending=Ending.SOLVED, dates=dates, cost=cost_of(problem, dates))


class _Together:
    """The participants of a site who share limits, the cheapest plan of theirs so far, and what none can go below."""

    def __init__(
        self, problem: Problem, asked: Asked, *, alone: Plan, spent: Fraction, solver: Solver, max_gap: float
    ) -> None:
        """``alone`` are those who share nothing, and ``spent`` is what they cost."""
        self._problem, self._asked, self._solver, self._max_gap = problem, asked, solver, max_gap
        self._alone, self._spent = alone, spent
        self._numbers = [number for number in range(len(asked.cases)) if number not in alone]
        self._part = replace(asked, cases=tuple(asked.cases[number] for number in self._numbers))
        self._people = [Alone(case) for case in self._part.cases]
        self._best: Chosen | None = None
        self._bound = Fraction(0)

    def choose(self) -> Chosen:
        """Return the best days found, with a bound for everybody.

        A whole plan comes first: there is one whenever it is stopped, and it says which days to look at.
        """
        free = [person.best(person.costs, no_limit) for person in self._people]
        ideal = [one.days for one in free if one]
        if len(ideal) < len(free):
            return Chosen(ending=Ending.IMPOSSIBLE)
        self._reach(sum(one.cost for one in free if one) + self._part.limits.spent)
        bargained = bargain(self._people, self._part)
        first = next(bargained, None)
        if first is None and (found := fit(self._part)):
            bargained = bargain(self._people, self._part, found)
            first = next(bargained)
        narrow = Narrow.about(self._part.cases, [ideal, first or ideal])
        if first is None and not widen_to_fit(self._part, narrow, self._solver):
            return Chosen(ending=Ending.STOPPED if self._solver.is_over() else Ending.IMPOSSIBLE, bound=self._bound)
        self._look(narrow)
        if not self._is_near():
            self._take(next(bargained, first))
        if not self._is_near() and not self._search(narrow):
            return Chosen(ending=Ending.IMPOSSIBLE)
        if self._best is None:
            return Chosen(ending=Ending.STOPPED, bound=self._bound)
        ending = Ending.SOLVED if self._is_near() else Ending.STOPPED
        return replace(self._best, ending=ending, bound=min(self._best.cost, self._bound))

    def _look(self, narrow: Narrow) -> None:
        """Solve the linear program, with more days as long as that could pay, and mend it."""
        seen = None
        for seen in look(self._people, self._part, narrow, self._solver):
            self._reach(seen.bound)
        if seen:
            self._take(self._mended(seen.written, seen.values))

    def _search(self, narrow: Narrow) -> bool:
        """Solve for all in whole numbers, first among the days that are looked at; tell whether it can be done."""
        ways = [narrow] if narrow.is_whole else [narrow, Narrow(self._part.cases)]
        for days in ways:
            if self._solver.is_over() or self._is_near():
                break
            written = write(self._part, days.cases())
            solved = self._solver.solve(written.program, near=self._near(), start=self._start(written))
            if days.is_whole:
                if solved.ending is Ending.IMPOSSIBLE:
                    return False
                self._bound = max(self._bound, self._spent + self._rounded_up(solved.bound))
            if solved.values is not None:
                self._take(days_in(written, solved.values))
        return True

    def _take(self, days: Sequence[Sequence[int]] | None) -> None:
        """Keep a plan if it is cheaper than what was known."""
        if days is None:
            return
        plan = _told(self._problem, self._asked, self._alone | dict(zip(self._numbers, days, strict=True)))
        if self._best is None or plan.cost < self._best.cost:
            self._best = plan

    def _reach(self, units: float) -> None:
        """Remember a bound."""
        self._bound = max(self._bound, self._spent + self._rounded_up(units * float(self._part.unit)))

    def _is_near(self) -> bool:
        """Tell whether there is a plan that is near enough to the bound."""
        return self._best is not None and (
            self._best.cost <= self._bound or gap_between(self._best.cost, self._bound) <= self._max_gap
        )

    def _near(self) -> float:
        """Return how near to the least cost is near enough: what cannot be told from it, or what the gap allows."""
        return max(float(self._part.unit) * 0.99, self._max_gap * max(1.0, float(self._bound)))

    def _rounded_up(self, bound: float) -> Fraction:
        """Return the least multiple of the unit that a cost with this bound can be."""
        if bound < 0 or bound == inf:
            return Fraction(0)
        safe = bound - TRUST * max(1.0, bound)
        return max(0, ceil(Fraction(safe) / self._part.unit)) * self._part.unit

    def _mended(self, written: Written, values: "Floats") -> list[Sequence[int]] | None:
        """Keep the days of all whose steps are whole, and solve for the others in the room that is left.

        Where these are most, they are as many as all; then nothing is kept.
        """
        from schedule.planning.optimising.rows import are_whole  # noqa: PLC0415

        whole, days = are_whole(written.grid, values), days_in(written, values)
        broken = [number for number, is_whole in enumerate(whole) if not is_whole]
        if not broken:
            return days
        if len(broken) > len(days) / 2:
            return None
        kept = [(case, own) for case, own, is_whole in zip(written.asked.cases, days, whole, strict=True) if is_whole]
        limits = room_left(self._part.limits, kept)
        cases = tuple(_in_room(written.asked.cases[number], limits) for number in broken)
        if not all(case.is_possible for case in cases):
            return None
        rest = write(replace(self._part, limits=limits), cases)
        solved = self._solver.solve(rest.program, near=self._near())
        if solved.values is None:
            return None
        for number, own in zip(broken, days_in(rest, solved.values), strict=True):
            days[number] = own
        return days

    def _start(self, written: Written) -> "Floats | None":
        from schedule.planning.optimising.rows import steps_of  # noqa: PLC0415

        if self._best is None or self._best.dates is None:
            return None
        dates = self._best.dates
        return steps_of(written.grid, [[dates[key].toordinal() for key in keys_of(one)] for one in written.asked.cases])


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
