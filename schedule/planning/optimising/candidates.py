"""From a site's problem to the days that are possible for each visit, what each costs, and what ties visits together.

Days are ordinals here (``date.toordinal``), and costs whole numbers of the problem's unit.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from types import MappingProxyType

from schedule.planning.optimising.problem import Anchor, Key, Person, Problem, Theirs, Wanted
from schedule.study.offsets import Offset

NO_WEEK: tuple[None, ...] = (None,) * 7
NO_EXCEPTIONS: Mapping[str, int] = MappingProxyType({})
FREE = 1_000_000_000
"""The limit of a resource that has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What ties two visits: ``least <= then - (first + offset) <= most``, and what each day between costs."""

    first: int
    """The number of a visit of the participant."""
    then: int
    offset: int | Offset
    least: int | None
    most: int | None
    weight: int = 0
    """What each day off ``first + offset`` costs."""
    slack: int = 0
    """Days by which the bounds may be exceeded, if the toll is paid."""
    toll: int | None = None
    """What exceeding the bounds costs by itself; None where ``then`` pays :attr:`Case.toll`, its window included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """The visits of one participant: the possible days of each, in order, and what they cost by themselves."""

    participant: str
    visits: tuple[Wanted, ...]
    days: tuple[Sequence[int], ...]
    costs: tuple[Sequence[int], ...]
    outside: tuple[frozenset[int], ...]
    """The days outside each visit's own window; :attr:`toll` is not among the costs."""
    toll: int
    """What a visit pays that is outside its windows."""
    links: tuple[Link, ...]
    is_one_a_day: bool

    @property
    def is_possible(self) -> bool:
        """Whether each visit has a day left."""
        return all(self.days)

    def only(self, chosen: Sequence[int]) -> "Case":
        """Return the case with no other days than these, one for each visit."""
        costs = [[cost[days.index(day)]] for days, cost, day in zip(self.days, self.costs, chosen, strict=True)]
        return replace(self, days=tuple([day] for day in chosen), costs=tuple(costs))


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a site can do on each day besides what is fixed."""

    left: Mapping[tuple[str, int], int]
    """By resource and day; a resource without limit is not here. Below 0 where more is fixed than there is room."""
    overbook: int | None
    """What each visit above the limit costs; None where it is hard."""
    spent: int
    """What the fixed visits above the limits cost."""
    forbidden: frozenset[tuple[str, int]]
    """Limits of 0, which hold even where others are soft."""

    @property
    def are_exceeded(self) -> bool:
        """Whether the fixed visits alone are too many."""
        return any(count < 0 and (self.overbook is None or key in self.forbidden) for key, count in self.left.items())

    def is_full(self, resource: str, day: int) -> bool:
        """Tell whether no further visit can use the resource on this day."""
        if self.overbook is not None:
            return (resource, day) in self.forbidden
        return self.left.get((resource, day), FREE) <= 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What one site is asked: a case for each participant, and its limits."""

    cases: tuple[Case, ...]
    limits: Limits
    unit: Fraction


def ask(problem: Problem, unit: Fraction) -> Asked:
    """Return the possible days at the only site of a problem, each visit's shrunk by what its neighbours allow."""
    asked = survey(problem, unit)
    return replace(asked, cases=tuple(tidy(one) for one in asked.cases))


def survey(problem: Problem, unit: Fraction) -> Asked:
    """Return the days on which each visit could be by itself."""
    return _Asking(problem, unit).ask()


class _Asking:
    """One site's calendar as lists of days, made for each set of resources when it is first asked for."""

    def __init__(self, problem: Problem, unit: Fraction) -> None:
        self._problem, self._unit = problem, unit
        ((_, self._place),) = problem.sites.items()
        self._people = problem.by_participant()
        self._spans = [spans_of(problem, theirs) for theirs in self._people]
        ends = [end for spans in self._spans for span in spans for end in span]
        self._first, self._last = min(ends, default=1), max(ends, default=1)
        self._limits = self._make_limits()
        self._open: dict[frozenset[str], Sequence[int]] = {}

    def ask(self) -> Asked:
        cases = [self._case(theirs, spans) for theirs, spans in zip(self._people, self._spans, strict=True)]
        return Asked(cases=tuple(cases), limits=self._limits, unit=self._unit)

    def _make_limits(self) -> Limits:
        fixed: Counter[tuple[str, int]] = Counter()
        for one in self._problem.visits:
            if one.fixed:
                fixed.update((resource, one.fixed.toordinal()) for resource in one.uses)
        resources = sorted({resource for one in self._problem.visits for resource in one.uses})
        left, forbidden, over = {}, set(), 0
        limited = range(self._first, self._last + 1) if self._place.capacity else ()
        exceptions = {day.toordinal(): limits for day, limits in self._place.capacity_on.items()}
        weeks = [(resource, self._place.capacity.get(resource, NO_WEEK)) for resource in resources]
        for number in sorted({*limited, *exceptions, *(day for _, day in fixed)}):
            special = exceptions.get(number, NO_EXCEPTIONS)
            for resource, week in weeks:
                # Ordinal 1 was a Monday.
                limit = special.get(resource, week[(number - 1) % 7])
                if limit is None:
                    continue
                left[resource, number] = limit - fixed[resource, number]
                over += max(0, -left[resource, number])
                if limit == 0:
                    forbidden.add((resource, number))
        overbook = self._amount(self._problem.costs.overbook)
        return Limits(left=left, overbook=overbook, spent=over * (overbook or 0), forbidden=frozenset(forbidden))

    def _amount(self, cost: Fraction | None) -> int | None:
        return None if cost is None else int(cost / self._unit)

    def _open_days(self, uses: frozenset[str]) -> Sequence[int]:
        if uses not in self._open:
            days: Sequence[int] = range(self._first, self._last + 1)
            if self._place.closed_weekdays or self._place.closed:
                days = [number for number in days if self._place.is_open(date.fromordinal(number))]
            limits = self._limits
            full = {day for resource, day in limits.left if resource in uses and limits.is_full(resource, day)}
            self._open[uses] = [day for day in days if day not in full] if full else days
        return self._open[uses]

    def _case(self, theirs: Theirs, spans: Sequence[tuple[int, int]]) -> Case:
        away = {day.toordinal() for day in theirs.person.unavailable}
        taken = {one.fixed.toordinal() for one in theirs.visits if one.fixed} if self._problem.is_one_a_day else set()
        days = [self._days(one, span, away | taken) for one, span in zip(theirs.visits, spans, strict=True)]
        if self._problem.is_one_a_day and len(taken) < sum(one.fixed is not None for one in theirs.visits):
            days[0] = []
        number = {one.visit: index for index, one in enumerate(theirs.visits)}
        return Case(
            participant=theirs.visits[0].participant,
            visits=theirs.visits,
            days=tuple(days),
            costs=tuple(self._costs(one, found, theirs.person) for one, found in zip(theirs.visits, days, strict=True)),
            outside=tuple(_outside(one, found) for one, found in zip(theirs.visits, days, strict=True)),
            toll=self._amount(self._problem.costs.outside) or 0,
            links=tuple(self._links(theirs, number)),
            is_one_a_day=self._problem.is_one_a_day,
        )

    def _days(self, wanted: Wanted, span: tuple[int, int], not_on: set[int]) -> Sequence[int]:
        if wanted.fixed:
            return [wanted.fixed.toordinal()]
        days = self._open_days(wanted.uses)
        found = days[bisect_left(days, span[0]) : bisect_right(days, span[1])]
        return [day for day in found if day not in not_on] if not_on else found

    def _costs(self, wanted: Wanted, days: Sequence[int], person: Person) -> list[int]:
        if wanted.fixed:
            return [0]
        costs = [0] * len(days)
        if wanted.anchor is None and wanted.target:
            target, weight = wanted.target.toordinal(), int(wanted.weight / self._unit)
            costs = [weight * abs(day - target) for day in days]
        extra = int(self._problem.costs.nonpreferred / self._unit)
        if extra and person.preferred_weekdays is not None:
            # Ordinal 1 was a Monday.
            costs = [
                cost if (day - 1) % 7 in person.preferred_weekdays else cost + extra
                for cost, day in zip(costs, days, strict=True)
            ]
        move = int(self._problem.costs.move / self._unit)
        if move and wanted.communicated:
            told = wanted.communicated.toordinal()
            costs = [cost if day == told else cost + move for cost, day in zip(costs, days, strict=True)]
        return costs

    def _links(self, theirs: Theirs, number: Mapping[str, int]) -> Iterator[Link]:
        slack = self._problem.costs.outside_days if self._problem.costs.outside is not None else 0
        for then, one in enumerate(theirs.visits):
            if one.anchor and not one.fixed:
                yield Link(
                    first=number[one.anchor.visit],
                    then=then,
                    offset=one.anchor.offset,
                    least=one.anchor.lower,
                    most=one.anchor.upper,
                    weight=int(one.weight / self._unit),
                    slack=slack,
                )
        yield from rule_links(theirs)


def rule_links(theirs: Theirs) -> Iterator[Link]:
    """Yield the rules that bind a participant's visits as links."""
    number = {one.visit: index for index, one in enumerate(theirs.visits)}
    for rule in theirs.rules:
        yield Link(first=number[rule.first], then=number[rule.then], offset=0, least=rule.least, most=rule.most)


def _outside(wanted: Wanted, days: Sequence[int]) -> frozenset[int]:
    if wanted.fixed:
        return frozenset()
    lower = wanted.lower.toordinal() if wanted.lower else days[0] if days else 0
    upper = wanted.upper.toordinal() if wanted.upper else days[-1] if days else 0
    if not days or (days[0] >= lower and days[-1] <= upper):
        return frozenset()
    return frozenset(day for day in days if not lower <= day <= upper)


def spans_of(problem: Problem, theirs: Theirs) -> list[tuple[int, int]]:
    """Return the first and last day of each visit by its windows alone, in the order of the visits."""
    slack = problem.costs.outside_days if problem.costs.outside is not None else 0
    by_code = {one.visit: one for one in theirs.visits}
    found: dict[str, tuple[int, int]] = {}
    for one in theirs.visits:
        waiting = [one]
        while waiting:
            last = waiting[-1]
            if last.anchor and last.fixed is None and last.anchor.visit not in found:
                waiting.append(by_code[last.anchor.visit])
            else:
                found[last.visit] = _span(last, found, slack)
                waiting.pop()
    return [found[one.visit] for one in theirs.visits]


def _span(wanted: Wanted, found: Mapping[str, tuple[int, int]], slack: int) -> tuple[int, int]:
    if wanted.fixed:
        return wanted.fixed.toordinal(), wanted.fixed.toordinal()
    firsts = [wanted.lower.toordinal() - slack] if wanted.lower else []
    lasts = [wanted.upper.toordinal() + slack] if wanted.upper else []
    if wanted.anchor:
        earliest, latest = _window(wanted.anchor, found[wanted.anchor.visit])
        firsts.append(earliest - slack)
        lasts.append(latest + slack)
    return max(firsts), min(lasts)


def _window(anchor: Anchor, span: tuple[int, int]) -> tuple[int, int]:
    return shift(anchor.offset, span[0]) + anchor.lower, shift(anchor.offset, span[1]) + anchor.upper


def shift(offset: int | Offset, day: int) -> int:
    """Return the ordinal this far after another."""
    return day + offset if isinstance(offset, int) else offset.ordinals[day]


def tidy(case: Case) -> Case:
    """Take away the first and last days of each visit that its neighbours' leave no partner for.

    Bounds alone are at stake, so that where every visit keeps a day, the first days of all go together: without
    one-a-day and limits the case is then possible.
    """
    low, high = [0] * len(case.days), [len(days) - 1 for days in case.days]
    shifted = [
        case.days[one.first] if one.offset == 0 else [shift(one.offset, day) for day in case.days[one.first]]
        for one in case.links
    ]
    waiting = case.is_possible
    while waiting:
        waiting = False
        for link, days in zip(case.links, shifted, strict=True):
            waiting |= _narrow(link, days, case.days[link.then], low, high)
            if low[link.first] > high[link.first] or low[link.then] > high[link.then]:
                return replace(case, days=tuple([] for _ in case.days), costs=tuple([] for _ in case.days))
    return replace(
        case,
        days=tuple(days[first : last + 1] for days, first, last in zip(case.days, low, high, strict=True)),
        costs=tuple(costs[first : last + 1] for costs, first, last in zip(case.costs, low, high, strict=True)),
    )


def _narrow(link: Link, before: Sequence[int], after: Sequence[int], low: list[int], high: list[int]) -> bool:
    """Move the ends of two visits towards each other; tell whether any moved. ``before`` is the first's, shifted."""
    one, other = link.first, link.then
    ends = low[one], high[one], low[other], high[other]
    if link.least is not None:
        least = link.least - link.slack
        low[other] = max(low[other], bisect_left(after, before[low[one]] + least))
        high[one] = min(high[one], bisect_right(before, after[high[other]] - least) - 1)
    if low[one] > high[one] or low[other] > high[other]:
        return False
    if link.most is not None:
        most = link.most + link.slack
        high[other] = min(high[other], bisect_right(after, before[high[one]] + most) - 1)
        low[one] = max(low[one], bisect_left(before, after[low[other]] - most))
    return ends != (low[one], high[one], low[other], high[other])


def keys_of(case: Case) -> list[Key]:
    """Return what each visit is called."""
    return [one.key for one in case.visits]
