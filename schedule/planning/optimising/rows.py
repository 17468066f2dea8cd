"""A site's question as a linear program over steps: a column is 1 when its visit is on or before its day.

All of it is made of whole arrays: a site of 100 participants has some 25,000 columns.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from schedule.planning.optimising.candidates import FREE, Asked, Case, shift
from schedule.planning.optimising.narrowing import Slot

Ints = np.ndarray[Any, np.dtype[np.int64]]
Floats = np.ndarray[Any, np.dtype[np.float64]]

NONE, ALL = -1, -2
"""A step that is 0 or 1 whatever is chosen, where a column's number could be."""
FAR = 1 << 22
"""More than any ordinal of a day, its sign included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """Minimise ``cost @ x + offset`` for ``x`` from 0 to ``upper``, the first ``steps`` of them whole, with rows."""

    cost: Floats
    offset: float
    upper: Floats
    steps: int
    row_lower: Floats
    row_upper: Floats
    starts: Ints
    columns: Ints
    values: Floats
    slots: Mapping[int, Slot]
    """The rows that keep limits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """Something that can be had at a cost, and then lets any of these visits be on these days."""

    cost: float
    opens: tuple[tuple[int, int, int], ...]
    """The numbers of a case and of its visit, and the day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """All possible days of all visits of some cases, one after the other."""

    first: Ints
    """Where the days of each visit begin; one more at the end."""
    days: Ints
    keys: Ints
    """Rising: the visit's number and the day."""
    before: tuple[int, ...]
    """How many visits come before each case."""

    def step(self, visits: Ints, days: Ints) -> Ints:
        """Return the column that says whether each visit is on or before the day, or NONE, or ALL."""
        at = np.searchsorted(self.keys, visits * FAR + days, side="right") - 1
        return self.column(visits, at)

    def column(self, visits: Ints, at: Ints) -> Ints:
        """Return the columns of places in the grid; before a visit's first day NONE, at its last ALL."""
        return np.where(at < self.first[visits], NONE, np.where(at >= self.first[visits + 1] - 1, ALL, at - visits))

    @property
    def visit_at(self) -> Ints:
        """The number of the visit at each place."""
        return np.repeat(np.arange(len(self.first) - 1), np.diff(self.first))


def make_grid(cases: Sequence[Case]) -> Grid:
    """Return the possible days of the cases, each visit having one at least."""
    lists = [days for case in cases for days in case.days]
    first = np.concatenate([[0], np.cumsum([len(days) for days in lists])]).astype(np.int64)
    days = np.fromiter((day for one in lists for day in one), dtype=np.int64, count=int(first[-1]))
    before = np.concatenate([[0], np.cumsum([len(case.days) for case in cases])])
    visits = np.repeat(np.arange(len(lists)), np.diff(first))
    return Grid(first=first, days=days, keys=visits * FAR + days, before=tuple(int(one) for one in before))


class _Rows:
    """Rows and columns as they are collected."""

    def __init__(self, steps: int) -> None:
        self.cost = np.zeros(steps)
        self.offset = 0.0
        self._more_costs: list[Floats] = []
        self._more_upper: list[Floats] = []
        self._parts: list[tuple[Ints, Ints, Floats]] = []
        self._upper: list[Floats] = []
        self._lower: list[Floats] = []
        self.columns, self.rows = steps, 0
        self.slots: dict[int, Slot] = {}

    def pay(self, columns: Ints, amounts: Floats) -> None:
        """Add costs of steps, constant ones included."""
        self.offset += float(amounts[columns == ALL].sum())
        np.add.at(self.cost, columns[columns >= 0], amounts[columns >= 0])

    def add_columns(self, costs: Floats, *, upper: float) -> Ints:
        """Return the numbers of new columns."""
        self._more_costs.append(costs)
        self._more_upper.append(np.full(len(costs), upper))
        self.columns += len(costs)
        return np.arange(self.columns - len(costs), self.columns)

    def at_most(self, upper: Floats, *terms: tuple[Ints, Ints, Floats], lower: float = -np.inf) -> None:
        """Add a row for each bound; terms are row (from 0), column and value. Steps that are 1 move the bound."""
        upper = upper.astype(float)
        for rows, columns, values in terms:
            np.subtract.at(upper, rows[columns == ALL], values[columns == ALL])
            real = columns >= 0
            self._parts.append((rows[real] + self.rows, columns[real], values[real]))
        self._upper.append(upper)
        self._lower.append(np.full(len(upper), lower))
        self.rows += len(upper)

    def program(self, steps: int) -> Program:
        """Return everything as rows with equal columns put together."""
        rows, columns, values = (
            np.concatenate([part[index] for part in self._parts] or [np.zeros(0)]) for index in range(3)
        )
        keys, where = np.unique(rows.astype(np.int64) * self.columns + columns.astype(np.int64), return_inverse=True)
        summed = np.bincount(where.ravel(), weights=values, minlength=len(keys)) if len(keys) else np.zeros(0)
        keys, summed = keys[summed != 0], summed[summed != 0]
        counts = np.bincount(keys // max(self.columns, 1), minlength=self.rows)
        return Program(
            cost=np.concatenate([self.cost, *self._more_costs]),
            offset=self.offset,
            upper=np.concatenate([np.ones(steps), *self._more_upper]),
            steps=steps,
            row_lower=np.concatenate([*self._lower, np.zeros(0)]),
            row_upper=np.concatenate([*self._upper, np.zeros(0)]),
            starts=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            columns=keys % max(self.columns, 1),
            values=summed,
            slots=self.slots,
        )


def make_program(asked: Asked, grid: Grid, switches: Sequence[Switch] = ()) -> Program:
    """Return the program of a site. Costs are real amounts, not units."""
    steps = int(len(grid.days) - len(grid.first) + 1)
    rows = _Rows(steps)
    _pay_days(rows, asked, grid)
    _keep_order(rows, grid)
    _tie(rows, asked, grid, _pay_tolls(rows, asked, grid))
    _keep_limits(rows, asked, grid)
    _keep_one_a_day(rows, asked, grid)
    for one in switches:
        _add_switch(rows, grid, one)
    return rows.program(steps)


def _pay_days(rows: _Rows, asked: Asked, grid: Grid) -> None:
    costs = np.fromiter((cost for case in asked.cases for one in case.costs for cost in one), dtype=np.float64)
    costs *= float(asked.unit)
    rows.offset += float(asked.limits.spent * asked.unit)
    visits, at = grid.visit_at, np.arange(len(grid.days))
    rows.pay(grid.column(visits, at), costs)
    rows.pay(_before(grid, visits, at), -costs)


def _before(grid: Grid, visits: Ints, at: Ints) -> Ints:
    """Return the column of the day before each place, so that a day is the difference of the two."""
    return np.where(at == grid.first[visits], NONE, grid.column(visits, at - 1))


def _keep_order(rows: _Rows, grid: Grid) -> None:
    at = np.arange(len(grid.days) - 1)
    visits = grid.visit_at[:-1]
    at = at[at + 2 < grid.first[visits + 1]]
    columns = at - grid.visit_at[at]
    number = np.arange(len(at))
    rows.at_most(np.zeros(len(at)), (number, columns, np.ones(len(at))), (number, columns + 1, -np.ones(len(at))))


def _pay_tolls(rows: _Rows, asked: Asked, grid: Grid) -> Ints:
    """Return a column for each visit that says that it is outside its windows; NONE where it cannot be."""
    paying, outside = [], []
    for case, before in zip(asked.cases, grid.before, strict=False):
        loose = {link.then for link in case.links if link.slack and link.toll is None}
        for number, days in enumerate(case.outside):
            own = days.intersection(case.days[number])
            if number in loose or own:
                paying.append(before + number)
            outside += [(before + number) * FAR + day for day in sorted(own)]
    tolls = np.full(len(grid.first) - 1, NONE)
    toll = max((case.toll for case in asked.cases), default=0)
    tolls[paying] = rows.add_columns(np.full(len(paying), float(toll * asked.unit)), upper=1.0)
    at = np.searchsorted(grid.keys, np.array(outside, dtype=np.int64))
    _open_by(rows, grid, at, tolls[grid.visit_at[at]])
    return tolls


def _open_by(rows: _Rows, grid: Grid, at: Ints, columns: Ints) -> None:
    """Let a visit be at each of these places only where a column is 1."""
    visits, number, ones = grid.visit_at[at], np.arange(len(at)), np.ones(len(at))
    rows.at_most(
        np.zeros(len(at)),
        (number, grid.column(visits, at), ones),
        (number, _before(grid, visits, at), -ones),
        (number, columns, -ones),
    )


def _add_switch(rows: _Rows, grid: Grid, switch: Switch) -> None:
    column = int(rows.add_columns(np.array([switch.cost]), upper=1.0)[0])
    visits = np.array([grid.before[case] + visit for case, visit, _ in switch.opens], dtype=np.int64)
    days = np.array([day for _, _, day in switch.opens], dtype=np.int64)
    at = np.searchsorted(grid.keys, visits * FAR + days)
    found = (at < len(grid.keys)) & (grid.keys[np.minimum(at, len(grid.keys) - 1)] == visits * FAR + days)
    _open_by(rows, grid, at[found], np.full(int(found.sum()), column))


def _tie(rows: _Rows, asked: Asked, grid: Grid, tolls: Ints) -> None:
    """Write what ties visits: their bounds, and what each day between them costs."""
    ties = [(link, before) for case, before in zip(asked.cases, grid.before, strict=False) for link in case.links]
    if not ties:
        return
    first = np.array([before + link.first for link, before in ties])
    then = np.array([before + link.then for link, before in ties])
    slack = np.array([link.slack for link, _ in ties])
    sizes = np.diff(grid.first)
    number = np.repeat(np.arange(len(ties)), sizes[first])
    at = _places(grid.first[first], sizes[first])
    starts = np.concatenate([[0], np.cumsum(sizes[first])])
    shifted = np.empty(len(at), dtype=np.int64)
    for index, (link, _) in enumerate(ties):
        own = slice(starts[index], starts[index + 1])
        days = grid.days[at[own]]
        shifted[own] = (
            days + link.offset if isinstance(link.offset, int) else [shift(link.offset, int(day)) for day in days]
        )
    tied = _Tied(grid=grid, first=first, then=then, number=number, at=at, shifted=shifted, starts=starts)
    paid = np.where(slack > 0, tolls[then], NONE)
    alone = np.flatnonzero([link.slack > 0 and link.toll is not None for link, _ in ties])
    costs = np.array([float((ties[index][0].toll or 0) * asked.unit) for index in alone])
    paid[alone] = rows.add_columns(costs, upper=1.0)
    free = np.full(len(ties), NONE)
    for sign, bounds, hold in (
        (-1, [link.least for link, _ in ties], tied.hold_least),
        (1, [link.most for link, _ in ties], tied.hold_most),
    ):
        is_bound = np.array([bound is not None for bound in bounds])
        values = np.array([bound or 0 for bound in bounds])
        hold(rows, np.flatnonzero(is_bound), values + sign * slack, free)
        hold(rows, np.flatnonzero(is_bound & (slack > 0)), values, paid)
    weights = np.array([float(link.weight * asked.unit) for link, _ in ties])
    tied.pay_distance(rows, np.flatnonzero(weights), weights)


def _places(first: Ints, sizes: Ints) -> Ints:
    """Return the places from each first on, as many as its size says."""
    ends = np.cumsum(sizes)
    return np.arange(ends[-1] if len(ends) else 0) + np.repeat(first - ends + sizes, sizes)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tied:
    """Pairs of visits that are tied; for each day of the first of a pair, where its offset leads."""

    grid: Grid
    first: Ints
    then: Ints
    number: Ints
    """The pair of each of the days below."""
    at: Ints
    """Where the first's day is in the grid."""
    shifted: Ints
    starts: Ints

    def _reached(self, ties: Ints, days: Ints) -> Ints:
        """Return the step of the first of each pair that says: its shifted day is on or before this one."""
        keys = self.number * FAR + self.shifted
        found = np.searchsorted(keys, ties * FAR + days, side="right") - 1
        at = np.where(found < self.starts[ties], self.grid.first[self.first[ties]] - 1, self.at[found])
        return self.grid.column(self.first[ties], at)

    def hold_least(self, rows: _Rows, ties: Ints, least: Ints, tolls: Ints) -> None:
        """If the second visit is on or before a day, the first is so long before it."""
        sizes = np.diff(self.grid.first)[self.then[ties]]
        at = _places(self.grid.first[self.then[ties]], sizes)
        ties = np.repeat(ties, sizes)
        _imply(
            rows,
            ties,
            self.grid.column(self.then[ties], at),
            self._reached(ties, self.grid.days[at] - least[ties]),
            tolls,
        )

    def hold_most(self, rows: _Rows, ties: Ints, most: Ints, tolls: Ints) -> None:
        """If the first visit is on or before a day, the second is no longer after it than that."""
        mine = np.isin(self.number, ties)
        number = self.number[mine]
        _imply(
            rows,
            number,
            self.grid.column(self.first[number], self.at[mine]),
            self.grid.step(self.then[number], self.shifted[mine] + most[number]),
            tolls,
        )

    def pay_distance(self, rows: _Rows, ties: Ints, weights: Floats) -> None:
        """Pay for each day between the second visit and where the first leads: the steps of the two that differ."""
        sizes = np.diff(self.grid.first)[self.then[ties]]
        at = _places(self.grid.first[self.then[ties]], sizes)
        mine = np.isin(self.number, ties)
        keys = np.unique(
            np.concatenate([
                np.repeat(ties, sizes) * FAR + self.grid.days[at],
                self.number[mine] * FAR + self.shifted[mine],
            ])
        )  # fmt: skip
        if not len(keys):
            return
        number, days = keys // FAR, keys % FAR
        lengths = np.diff(keys, append=keys[-1:])
        lengths[np.append(number[1:] != number[:-1], [True])] = 0
        amounts = lengths * weights[number]
        then, first = self.grid.step(self.then[number], days), self._reached(number, days)
        both = (then >= 0) & (first >= 0)
        _pay_apart(rows, then[both], first[both], amounts[both])
        _pay_known(rows, then[~both], first[~both], amounts[~both])


def _pay_apart(rows: _Rows, one: Ints, other: Ints, amounts: Floats) -> None:
    """Pay where two steps differ: twice where the one alone is taken, less the difference."""
    is_paid = amounts > 0
    one, other, amounts = one[is_paid], other[is_paid], amounts[is_paid]
    rows.pay(one, -amounts)
    rows.pay(other, amounts)
    apart = rows.add_columns(2 * amounts, upper=1.0)
    number, ones = np.arange(len(one)), np.ones(len(one))
    rows.at_most(np.zeros(len(one)), (number, one, ones), (number, other, -ones), (number, apart, -ones))


def _pay_known(rows: _Rows, one: Ints, other: Ints, amounts: Floats) -> None:
    """Pay where two steps differ of which at most one is open."""
    for mine, known in ((one, other), (other, one)):
        is_mine = (mine >= 0) & (known < 0)
        rows.pay(mine[is_mine], np.where(known[is_mine] == ALL, -amounts[is_mine], amounts[is_mine]))
        rows.offset += float(amounts[is_mine & (known == ALL)].sum())
    rows.offset += float(amounts[(one < 0) & (other < 0) & (one != other)].sum())


def _imply(rows: _Rows, ties: Ints, one: Ints, other: Ints, tolls: Ints) -> None:
    """Let one step be taken only with the other, unless the pair's toll is paid; where several say it, the last."""
    needed = (one != NONE) & (other != ALL) & (one != other)
    ties, one, other = ties[needed], one[needed], other[needed]
    if not len(ties):
        return
    is_last = np.append((ties[1:] != ties[:-1]) | (other[1:] != other[:-1]), [True])
    ties, one, other = ties[is_last], one[is_last], other[is_last]
    number, ones = np.arange(len(ties)), np.ones(len(ties))
    rows.at_most(np.zeros(len(ties)), (number, one, ones), (number, other, -ones), (number, tolls[ties], -ones))


def _keep_limits(rows: _Rows, asked: Asked, grid: Grid) -> None:
    """Write a row for each day and resource that more visits could use than there is room for."""
    limits = asked.limits
    overbook = None if limits.overbook is None else float(limits.overbook * asked.unit)
    resources = sorted({resource for resource, _ in limits.left})
    uses = [one.uses if one.fixed is None else () for case in asked.cases for one in case.visits]
    for resource in resources:
        users = np.array([resource in one for one in uses], dtype=bool)
        at = np.flatnonzero(users[grid.visit_at])
        days, row, counts = np.unique(grid.days[at], return_inverse=True, return_counts=True)
        left = np.array([max(0, limits.left.get((resource, int(day)), FREE)) for day in days], dtype=np.int64)
        is_tight = counts > left
        rows.slots.update(enumerate(((resource, int(day)) for day in days[is_tight]), start=rows.rows))
        _keep_below(rows, grid, (at, row), np.where(is_tight, left, -1), overbook)


def _keep_below(rows: _Rows, grid: Grid, day: tuple[Ints, Ints], left: Ints, overbook: float | None) -> None:
    """Write the rows whose bound is not -1."""
    at, row = day
    tight = np.flatnonzero(left >= 0)
    if not len(tight):
        return
    renumber = np.full(len(left), NONE)
    renumber[tight] = np.arange(len(tight))
    kept = renumber[row] >= 0
    at, row = at[kept], renumber[row][kept]
    visits, ones = grid.visit_at[at], np.ones(len(at))
    terms = [(row, grid.column(visits, at), ones), (row, _before(grid, visits, at), -ones)]
    if overbook is not None:
        over = rows.add_columns(np.full(len(tight), overbook), upper=np.inf)
        terms.append((np.arange(len(tight)), over, -np.ones(len(tight))))
    rows.at_most(left[tight].astype(float), *terms)


def _keep_one_a_day(rows: _Rows, asked: Asked, grid: Grid) -> None:
    cases = [number for number, case in enumerate(asked.cases) if case.is_one_a_day]
    whose = np.repeat(np.arange(len(asked.cases)), [len(case.days) for case in asked.cases])
    visits = grid.visit_at
    at = np.flatnonzero(np.isin(whose[visits], cases))
    _, row, counts = np.unique(whose[visits[at]] * FAR + grid.days[at], return_inverse=True, return_counts=True)
    _keep_below(rows, grid, (at, row), np.where(counts > 1, 1, -1), None)


def read_days(grid: Grid, taken: Floats) -> list[list[int]]:
    """Return the day of each visit of each case: the first whose step is taken."""
    visits = np.arange(len(grid.first) - 1)
    is_open = np.ones(len(grid.days), dtype=bool)
    is_open[grid.first[1:] - 1] = False
    steps = np.zeros(len(grid.days))
    steps[is_open] = taken[: is_open.sum()] > 0.5
    missed = np.add.reduceat(np.where(is_open, 1 - steps, 0), grid.first[:-1]).astype(np.int64)
    days = grid.days[grid.first[visits] + missed]
    return [[int(day) for day in days[one:other]] for one, other in zip(grid.before, grid.before[1:], strict=False)]


def are_whole(grid: Grid, taken: Floats) -> list[bool]:
    """Tell of each case whether all its steps are 0 or 1."""
    is_open = np.ones(len(grid.days), dtype=bool)
    is_open[grid.first[1:] - 1] = False
    broken = np.zeros(len(grid.days))
    steps = taken[: is_open.sum()]
    broken[is_open] = np.abs(steps - np.round(steps)) > 1e-6
    visits = np.add.reduceat(broken, grid.first[:-1])
    return [not visits[one:other].any() for one, other in zip(grid.before, grid.before[1:], strict=False)]


def steps_of(grid: Grid, chosen: Sequence[Sequence[int]]) -> Floats:
    """Return the steps of chosen days, the reverse of :func:`read_days`."""
    days = np.array([day for one in chosen for day in one], dtype=np.int64)
    is_open = np.ones(len(grid.days), dtype=bool)
    is_open[grid.first[1:] - 1] = False
    return (grid.days >= days[grid.visit_at]).astype(float)[is_open]
