"""Why there is no plan: a smallest set of what was asked that no days satisfy.

Everything that a problem asks is an element. A problem that asks some of them only is a problem again, so that each
question is answered by the same code that plans.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from math import inf
from typing import TypeVar

from schedule.planning.optimising.alone import best_alone
from schedule.planning.optimising.candidates import FREE, Asked, Case, ask
from schedule.planning.optimising.choosing import who_shares
from schedule.planning.optimising.fitting import fit, widen_to_fit
from schedule.planning.optimising.narrowing import Narrow
from schedule.planning.optimising.problem import Costs, Place, Problem, Wanted
from schedule.planning.optimising.solving import Ending, Solver, write
from schedule.study.offsets import Offset

T = TypeVar("T")

WIDE = 60
"""Days of a visit above which pairs of days are too many to be tried: the program is asked at once."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class WindowAsked:
    """A visit is between its first and last day."""

    participant: str
    visit: str


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class AnchorAsked:
    """A visit is in the window around the day that its anchor leads to."""

    participant: str
    visit: str


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class FixedAsked:
    """A visit stays on its day."""

    participant: str
    visit: str


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class RuleAsked:
    """So many days lie between two visits of a participant."""

    participant: str
    first: str
    then: str


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class WeekdayShut:
    """A site is closed on a weekday."""

    site: str
    weekday: int


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class DayShut:
    """A site is closed on a day."""

    site: str
    day: date


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class DayAway:
    """A participant cannot come on a day."""

    participant: str
    day: date


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class DayLimited:
    """A site's resource has a limit on a day."""

    site: str
    resource: str
    day: date


Element = WindowAsked | AnchorAsked | FixedAsked | RuleAsked | WeekdayShut | DayShut | DayAway | DayLimited


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Elements that no days satisfy, none of which can be left out."""

    core: tuple[Element, ...]
    needs_one_a_day: bool = False
    """Whether they conflict only because a participant has at most one visit a day."""


class Undecided(Exception):
    """The solver was stopped before it could tell."""


def is_possible(problem: Problem, solver: Solver) -> bool:
    """Tell whether the only site of a problem has a plan, whatever it costs. Raises Undecided."""
    if solver.is_over():
        raise Undecided
    asked = ask(problem, problem.unit)
    if asked.limits.are_exceeded or not all(case.is_possible for case in asked.cases):
        return False
    shared = who_shares(asked) | {number for number, case in enumerate(asked.cases) if _may_clash(case)}
    return not shared or _fit_together(replace(asked, cases=tuple(asked.cases[one] for one in sorted(shared))), solver)


def _may_clash(case: Case) -> bool:
    """Tell whether the first days of all visits are too many for one a day."""
    first = [days[0] for days, visit in zip(case.days, case.visits, strict=True) if visit.fixed is None]
    return case.is_one_a_day and len(set(first)) < len(first)


def _fit_together(asked: Asked, solver: Solver) -> bool:
    if any(len(days) > WIDE for case in asked.cases for days in case.days):
        return solver.relax(write(asked, asked.cases).program).ending is not Ending.IMPOSSIBLE and _is_whole(
            asked, Narrow(asked.cases), solver
        )
    best = [best_alone(case, asked.limits) for case in asked.cases]
    ideal = [one.days for one in best if one]
    if len(ideal) < len(best):
        return False
    if asked.limits.overbook is not None or fit(asked):
        return True
    narrow = Narrow.about(asked.cases, [ideal])
    if not widen_to_fit(asked, narrow, solver):
        if solver.is_over():
            raise Undecided
        return False
    return any(_is_whole(asked, days, solver) for days in (narrow, Narrow(asked.cases)))


def _is_whole(asked: Asked, days: Narrow, solver: Solver) -> bool:
    """Tell whether there is room in whole numbers on these days."""
    solved = solver.solve(write(asked, days.cases()).program, near=inf)
    if solved.ending is Ending.STOPPED and solved.values is None:
        raise Undecided
    return solved.ending is not Ending.IMPOSSIBLE


def find_conflict(problem: Problem, solver: Solver) -> Conflict:
    """Return a smallest conflict of the only site of a problem that has no plan. Raises Undecided."""
    problem = _without_costs(problem)
    relaxed = replace(problem, is_one_a_day=False)
    needs_one_a_day = problem.is_one_a_day and is_possible(relaxed, solver)
    asked = problem if needs_one_a_day else relaxed
    people = _few_participants(asked, solver)
    span = span_of(problem)
    core = smallest(elements(asked, people), lambda kept: not is_possible(only(asked, kept, span), solver))
    return Conflict(core=tuple(core), needs_one_a_day=needs_one_a_day)


def _without_costs(problem: Problem) -> Problem:
    visits = tuple(replace(one, weight=Fraction(0)) for one in problem.visits)
    costs = Costs(
        overbook=None if problem.costs.overbook is None else Fraction(1),
        outside=None if problem.costs.outside is None else Fraction(1),
        outside_days=problem.costs.outside_days,
    )
    return replace(problem, visits=visits, costs=costs)


def _few_participants(problem: Problem, solver: Solver) -> list[str]:
    """Return participants who have no plan together, and who have one as soon as any of them does not come."""
    asked = ask(problem, problem.unit)
    for case in asked.cases:
        if not case.is_possible or (_may_clash(case) and best_alone(case, asked.limits) is None):
            return _with_fixed(problem, [case.participant])
    people = [case.participant for case in asked.cases]
    return smallest(people, lambda kept: not is_possible(_for_people(problem, kept), solver))


def _with_fixed(problem: Problem, people: list[str]) -> list[str]:
    """Add the participants whose fixed visits take the room of these."""
    return people + [one for one in dict.fromkeys(visit.participant for visit in problem.visits if visit.fixed)
                     if one not in people]  # fmt: skip


def _for_people(problem: Problem, people: Iterable[str]) -> Problem:
    kept = set(people)
    return replace(problem, visits=tuple(one for one in problem.visits if one.participant in kept))


def smallest(parts: Sequence[T], is_conflict: Callable[[Sequence[T]], bool]) -> list[T]:
    """Return some of the parts that conflict, none of which can be left out; halves are left out before single ones."""
    kept, size = list(parts), max(1, len(parts) // 2)
    while True:
        at = 0
        while at < len(kept):
            others = kept[:at] + kept[at + size :]
            if is_conflict(others):
                kept = others
            else:
                at += size
        if size == 1:
            return kept
        size = size // 2


def elements(problem: Problem, people: Sequence[str]) -> list[Element]:
    """Return what a problem asks of these participants, as far as it can matter for them."""
    mine = _for_people(problem, people)
    ((site, place),) = problem.sites.items()
    wide = replace(mine, sites={site: replace(place, closed=frozenset(), closed_weekdays=frozenset())})
    days = dict(_reach(wide))
    inside = {day for found in days.values() for day, _ in found}
    found: list[Element] = [
        DayAway(participant=name, day=day)
        for name in people
        for day in sorted(problem.participants[name].unavailable & {day for day, _ in days.get(name, ())})
    ]
    found += [WeekdayShut(site=site, weekday=one) for one in sorted(place.closed_weekdays)]
    found += [
        DayShut(site=site, day=day)
        for day in sorted(place.closed & inside)
        if day.weekday() not in place.closed_weekdays
    ]
    for theirs in mine.by_participant():
        name = theirs.visits[0].participant
        found += dict.fromkeys(RuleAsked(participant=name, first=one.first, then=one.then) for one in theirs.rules)
        for one in theirs.visits:
            found += _asked_of(one)
    used = sorted({(resource, day) for one in days.values() for day, uses in one for resource in uses})
    found += [
        DayLimited(site=site, resource=resource, day=day)
        for resource, day in used
        if place.limit(resource, day) is not None
    ]
    return found


def _asked_of(wanted: Wanted) -> list[Element]:
    if wanted.fixed:
        return [FixedAsked(participant=wanted.participant, visit=wanted.visit)]
    found: list[Element] = []
    if wanted.anchor:
        found.append(AnchorAsked(participant=wanted.participant, visit=wanted.visit))
    if wanted.lower or wanted.upper:
        found.append(WindowAsked(participant=wanted.participant, visit=wanted.visit))
    return found


def _reach(problem: Problem) -> Iterable[tuple[str, list[tuple[date, frozenset[str]]]]]:
    """Yield the days that each participant's visits could be on by their windows, and what they use there."""
    from schedule.planning.optimising.candidates import spans_of  # noqa: PLC0415

    for theirs in problem.by_participant():
        found = [
            (date.fromordinal(day), one.uses)
            for one, (first, last) in zip(theirs.visits, spans_of(problem, theirs), strict=True)
            for day in range(first, last + 1)
        ]
        yield theirs.visits[0].participant, found


def span_of(problem: Problem) -> tuple[date, date]:
    """Return the days within which all that is asked lies, with room for visits of which nothing is asked."""
    days = [day for one in problem.visits for day in (one.lower, one.upper, one.fixed, one.target) if day is not None]
    reach = [
        abs(_in_days(one.anchor.offset)) + max(abs(one.anchor.lower), abs(one.anchor.upper))
        for one in problem.visits
        if one.anchor
    ]
    reach += [max(abs(one.least or 0), abs(one.most or 0)) for one in problem.rules]
    room = timedelta(days=min(2000, 60 + 3 * max(reach, default=0) + problem.costs.outside_days))
    return min(days) - room, max(days) + room


def _in_days(offset: int | Offset) -> int:
    return offset if isinstance(offset, int) else 366 * offset.years + 31 * offset.months + offset.in_days


def only(problem: Problem, kept: Iterable[Element], span: tuple[date, date]) -> Problem:
    """Return the problem that asks these elements and nothing else; a visit of which nothing is asked is left out."""
    asked = frozenset(kept)
    ((site, place),) = problem.sites.items()
    limits: dict[date, dict[str, int]] = {}
    for one in asked:
        if isinstance(one, DayLimited):
            limits.setdefault(one.day, {})[one.resource] = place.limit(one.resource, one.day) or 0
    calendar = Place(
        closed_weekdays=frozenset(one.weekday for one in asked if isinstance(one, WeekdayShut)),
        closed=frozenset(one.day for one in asked if isinstance(one, DayShut)),
        capacity_on=limits,
    )
    away: dict[str, set[date]] = {}
    for one in asked:
        if isinstance(one, DayAway):
            away.setdefault(one.participant, set()).add(one.day)
    people = {
        name: replace(person, unavailable=frozenset(away.get(name, ())))
        for name, person in problem.participants.items()
    }
    rules = tuple(
        replace(one, participant=name)
        for one in problem.rules
        for name in ([one.participant] if one.participant else people)
        if RuleAsked(participant=name, first=one.first, then=one.then) in asked
    )
    tied = {(one.participant, code) for one in rules for code in (one.first, one.then)}
    tied |= {
        (one.participant, one.anchor.visit) for one in problem.visits
        if one.anchor and AnchorAsked(participant=one.participant, visit=one.visit) in asked
    }  # fmt: skip
    visits = tuple(found for one in problem.visits if (found := _as_asked(one, asked, span, is_tied=one.key in tied)))
    return replace(problem, sites={site: calendar}, participants=people, rules=rules, visits=visits)


def _as_asked(wanted: Wanted, asked: frozenset[Element], span: tuple[date, date], *, is_tied: bool) -> Wanted | None:
    """Return the visit as far as it is asked for; None where nothing is."""
    who = {"participant": wanted.participant, "visit": wanted.visit}
    if wanted.fixed and FixedAsked(**who) in asked:
        return wanted
    has_window = not wanted.fixed and WindowAsked(**who) in asked
    anchor = wanted.anchor if not wanted.fixed and AnchorAsked(**who) in asked else None
    if not (has_window or anchor or is_tied):
        return None
    lower, upper = (wanted.lower, wanted.upper) if has_window else (None, None)
    return replace(wanted, fixed=None, anchor=anchor, lower=lower or span[0], upper=upper or span[1])


def without(problem: Problem, dropped: Iterable[Element]) -> Problem:
    """Return the problem that asks everything but these elements."""
    gone, span = frozenset(dropped), span_of(problem)
    ((site, place),) = problem.sites.items()
    on_day = {day: dict(limits) for day, limits in place.capacity_on.items()}
    for one in gone:
        if isinstance(one, DayLimited):
            on_day.setdefault(one.day, {})[one.resource] = FREE
    calendar = replace(
        place,
        closed_weekdays=place.closed_weekdays - {one.weekday for one in gone if isinstance(one, WeekdayShut)},
        closed=place.closed - {one.day for one in gone if isinstance(one, DayShut)},
        capacity_on=on_day,
    )
    away = {(one.participant, one.day) for one in gone if isinstance(one, DayAway)}
    people = {
        name: replace(one, unavailable=frozenset(day for day in one.unavailable if (name, day) not in away))
        for name, one in problem.participants.items()
    }
    rules = problem.rules
    if any(isinstance(one, RuleAsked) for one in gone):
        rules = tuple(
            replace(one, participant=name)
            for one in problem.rules
            for name in ([one.participant] if one.participant else people)
            if RuleAsked(participant=name, first=one.first, then=one.then) not in gone
        )
    visits = tuple(_less(one, gone, span) for one in problem.visits)
    return replace(problem, sites={site: calendar}, participants=people, rules=rules, visits=visits)


def _less(wanted: Wanted, gone: frozenset[Element], span: tuple[date, date]) -> Wanted:
    who = {"participant": wanted.participant, "visit": wanted.visit}
    if WindowAsked(**who) in gone:
        wanted = replace(wanted, lower=span[0], upper=span[1])
    if AnchorAsked(**who) in gone:
        wanted = replace(wanted, anchor=None, lower=wanted.lower or span[0], upper=wanted.upper or span[1])
    return wanted
