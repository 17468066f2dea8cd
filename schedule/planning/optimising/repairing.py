"""The least that has to be granted so that there is a plan.

What was asked may be broken at a price, and the cheapest plan tells what to grant. The number of grants counts first: a
further slot, a participant who comes after all, a day on which the site opens and a wider window cost about the same,
in this order; a rule between visits costs as much as four, since it guards safety. Days beyond a window come after
that, to within :data:`NEAR`.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING

from schedule.planning.optimising.candidates import FREE, Asked, Case, Limits, survey, tidy
from schedule.planning.optimising.conflicts import (
    AnchorAsked,
    Conflict,
    DayLimited,
    DayShut,
    Element,
    FixedAsked,
    RuleAsked,
    WeekdayShut,
    WindowAsked,
    find_conflict,
    is_possible,
    without,
)
from schedule.planning.optimising.counting import broken, days_beyond
from schedule.planning.optimising.problem import Anchor, Costs, Dates, Problem, Rule, Theirs, Wanted, after
from schedule.planning.optimising.solving import Solver

if TYPE_CHECKING:
    from schedule.planning.optimising.rows import Switch

SLOT, AVAILABLE, OPEN, WIDER, RULE = 1000, 1050, 1100, 1200, 4000
"""Prices. A day off target costs 1, so that of two plans with the same grants the nearer one counts."""
NEAR = 20
"""How much dearer than the cheapest the plan may be: days, not grants."""
WIDTHS = 10, 40, 370
"""Days by which windows may be exceeded; the second only where the first is not enough."""
ANY_RULE = 4000
"""Days by which a rule may be exceeded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WiderWindow:
    """A visit's first and last day, at least one of them new."""

    participant: str
    visit: str
    lower: date | None
    upper: date | None
    by: int
    """By how many days the visit is after the window that was asked, or before it (below 0)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WiderAnchor:
    """A visit's window around its anchored target, wider."""

    participant: str
    visit: str
    lower: int
    upper: int
    by: int
    """By how many days the visit is after the window that was asked, or before it (below 0)."""
    anchor: str
    """The visit that the window counts from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A closed day on which the site opens."""

    site: str
    day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class MoreSlots:
    """Room for more visits on a day."""

    site: str
    resource: str
    day: date
    extra: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Available:
    """A day on which a participant can come after all."""

    participant: str
    day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class LooserRule:
    """Other bounds for the days between two visits of a participant."""

    participant: str
    first: str
    then: str
    least: int | None
    most: int | None
    asked: tuple[int | None, int | None]
    """The bounds that it has now."""


Grant = WiderWindow | WiderAnchor | Opened | MoreSlots | Available | LooserRule


def find_repair(problem: Problem, conflict: Conflict, solver: Solver) -> tuple[Grant, ...]:
    """Return what to grant so that the only site of a problem has a plan; nothing where no grant can help.

    Windows, rules, absences and closed days are granted to those only who are in a conflict, slots on any day. Raises
    Undecided.
    """
    bare = _bare(problem)
    return tuple(_from_asked(problem, one) for one in _needed(bare, _find(bare, conflict, solver), solver))


def _from_asked(problem: Problem, grant: Grant) -> Grant:
    """Count the days of a grant from the window that was asked, where a soft one allowed some already."""
    if problem.costs.outside is None or not isinstance(grant, WiderWindow | WiderAnchor):
        return grant
    days = problem.costs.outside_days
    return replace(grant, by=grant.by + (days if grant.by > 0 else -days))


def _needed(problem: Problem, grants: tuple[Grant, ...], solver: Solver) -> tuple[Grant, ...]:
    """Leave out the slots that are not needed: where days may be overbooked, one slot on a day without any is many."""
    if problem.costs.overbook is None:
        return grants
    for one in grants:
        rest = tuple(other for other in grants if other is not one)
        if isinstance(one, MoreSlots) and rest and is_possible(granted(problem, rest), solver):
            return _needed(problem, rest, solver)
    return grants


def _find(bare: Problem, conflict: Conflict, solver: Solver) -> tuple[Grant, ...]:
    slots = _cheapest(bare, frozenset(), 0, solver)
    if slots is not None and [one.extra for one in _grants(bare, slots) if isinstance(one, MoreSlots)] == [1]:
        return grants_of(bare, slots)
    loose = _all_conflicts(bare, conflict, solver)
    for width in WIDTHS:
        dates = _cheapest(bare, loose, width, solver)
        if dates is not None:
            return grants_of(bare, dates)
    return ()


def _all_conflicts(problem: Problem, conflict: Conflict, solver: Solver) -> frozenset[Element]:
    """Return the elements of one conflict, of another one that holds without them, and so on until there is a plan."""
    ((site, place),) = problem.sites.items()
    roomy = replace(problem, sites={site: replace(place, capacity={}, capacity_on={})})
    loose: frozenset[Element] = frozenset(one for one in conflict.core if not isinstance(one, FixedAsked))
    while loose and not is_possible(rest := without(roomy, loose), solver):
        more = frozenset(find_conflict(rest, solver).core)
        if more <= loose or all(isinstance(one, FixedAsked) for one in more):
            break
        loose |= more
    return loose


def _bare(problem: Problem) -> Problem:
    """Return the problem without costs, and with soft windows and limits as the hard ones that they cannot exceed."""
    days = problem.costs.outside_days if problem.costs.outside is not None else 0
    visits = tuple(_widened(one, days) for one in problem.visits)
    costs = Costs(overbook=None if problem.costs.overbook is None else Fraction(1))
    return replace(problem, visits=visits, costs=costs)


def _widened(wanted: Wanted, days: int) -> Wanted:
    anchor = wanted.anchor and replace(
        wanted.anchor, lower=wanted.anchor.lower - days, upper=wanted.anchor.upper + days
    )
    lower = wanted.lower and date.fromordinal(wanted.lower.toordinal() - days)
    upper = wanted.upper and date.fromordinal(wanted.upper.toordinal() + days)
    return replace(wanted, anchor=anchor, lower=lower, upper=upper)


def _cheapest(problem: Problem, loose: frozenset[Element], width: int, solver: Solver) -> Dates | None:
    from schedule.planning.optimising.rows import make_grid, make_program, read_days  # noqa: PLC0415 - numpy: 100 ms

    asked = _priced(problem, loose, width)
    if not all(case.is_possible for case in asked.cases):
        return None
    grid = make_grid(asked.cases)
    solved = solver.solve(make_program(asked, grid, _switches(problem, asked.cases)), near=NEAR)
    if solved.values is None:
        return None
    return {
        visit.key: date.fromordinal(day)
        for case, days in zip(asked.cases, read_days(grid, solved.values), strict=True)
        for visit, day in zip(case.visits, days, strict=True)
    }


def _priced(problem: Problem, loose: frozenset[Element], width: int) -> Asked:
    """Return the site's question with prices on what is loose."""
    ((site, place),) = problem.sites.items()
    names = {one.participant for one in loose if not isinstance(one, WeekdayShut | DayShut | DayLimited)}
    keys = {(one.participant, one.visit) for one in loose if isinstance(one, WindowAsked | AnchorAsked)}
    unlimited = replace(
        place,
        capacity={},
        capacity_on={},
        closed=place.closed - {one.day for one in loose if isinstance(one, DayShut)},
        closed_weekdays=place.closed_weekdays - {one.weekday for one in loose if isinstance(one, WeekdayShut)},
    )
    strict = replace(
        problem,
        sites={site: unlimited},
        visits=tuple(
            _widened(replace(one, weight=Fraction(1)), width) if one.key in keys else replace(one, weight=Fraction(0))
            for one in problem.visits
        ),
    )
    people = {name: replace(one, unavailable=frozenset()) for name, one in problem.participants.items()}
    always = replace(unlimited, closed=frozenset(), closed_weekdays=frozenset())
    generous = survey(replace(strict, sites={site: always}, participants=people), Fraction(1))
    theirs = problem.by_participant()
    cases = [
        tidy(_with_prices(easy if own.visits[0].participant in names else hard, own, loose, width))
        for own, hard, easy in zip(theirs, survey(strict, Fraction(1)).cases, generous.cases, strict=True)
    ]
    return Asked(cases=tuple(cases), limits=_elastic(problem, cases), unit=Fraction(1))


def _with_prices(case: Case, theirs: Theirs, loose: frozenset[Element], width: int) -> Case:
    """Return the case whose windows and rules can be exceeded where they are loose; its visits have wide windows."""
    outside, links = [], []
    for visit, days in zip(theirs.visits, case.days, strict=True):
        lower = visit.lower.toordinal() if visit.lower else 0
        upper = visit.upper.toordinal() if visit.upper else FREE
        outside.append(frozenset(day for day in days if not visit.fixed and not lower <= day <= upper))
    anchored = sum(one.anchor is not None and one.fixed is None for one in theirs.visits)
    for link in case.links[:anchored]:
        visit = theirs.visits[link.then]
        is_wide = visit.anchor and case.visits[link.then].anchor != visit.anchor
        links.append(
            replace(link, least=visit.anchor.lower, most=visit.anchor.upper, slack=width)
            if visit.anchor and is_wide
            else link
        )
    for link in case.links[anchored:]:
        first, then = theirs.visits[link.first], theirs.visits[link.then]
        asked = RuleAsked(participant=case.participant, first=first.visit, then=then.visit)
        links.append(replace(link, slack=ANY_RULE, toll=RULE) if asked in loose else link)
    return replace(case, outside=tuple(outside), links=tuple(links), toll=WIDER)


def _switches(problem: Problem, cases: Sequence[Case]) -> "list[Switch]":
    """Return the closed days and absences that would have to be lifted, each once for all visits on it."""
    from schedule.planning.optimising.rows import Switch  # noqa: PLC0415

    ((_, place),) = problem.sites.items()
    opened: dict[date, Places] = {}
    available: dict[tuple[str, date], Places] = {}
    for number, case in enumerate(cases):
        away = problem.participants[case.participant].unavailable
        for visit, wanted in enumerate(case.visits):
            for ordinal in () if wanted.fixed else case.days[visit]:
                day = date.fromordinal(ordinal)
                if not place.is_open(day):
                    opened.setdefault(day, []).append((number, visit, ordinal))
                if day in away:
                    available.setdefault((case.participant, day), []).append((number, visit, ordinal))
    return [
        *(Switch(cost=OPEN, opens=tuple(places)) for _, places in sorted(opened.items())),
        *(Switch(cost=AVAILABLE, opens=tuple(places)) for _, places in sorted(available.items())),
    ]


Places = list[tuple[int, int, int]]
"""Numbers of cases and of their visits, and days."""


def _elastic(problem: Problem, cases: Sequence[Case]) -> Limits:
    """Return the limits of all days that are possible now, each of which may be exceeded at the price of a slot."""
    ((_, place),) = problem.sites.items()
    left: dict[tuple[str, int], int] = {}
    fixed = Counter((resource, one.fixed.toordinal()) for one in problem.visits if one.fixed for resource in one.uses)
    for case in cases:
        for visit, days in zip(case.visits, case.days, strict=True):
            for key in ((resource, day) for resource in visit.uses for day in days):
                limit = place.limit(key[0], date.fromordinal(key[1]))
                is_soft = problem.costs.overbook is not None and limit != 0
                if limit is not None and not is_soft:
                    left[key] = limit - fixed[key]
    return Limits(left=left, overbook=SLOT, spent=0, forbidden=frozenset())


def grants_of(problem: Problem, dates: Dates) -> tuple[Grant, ...]:
    """Return everything that a plan needs granted, having made sure that nothing is wrong with it then."""
    grants = tuple(_grants(problem, dates))
    if wrong := broken(granted(problem, grants), dates):
        raise ArithmeticError(f"what is granted leaves {len(wrong)} conditions broken, such as: {wrong[0].what}")
    return grants


def _grants(problem: Problem, dates: Dates) -> Iterable[Grant]:
    ((site, place),) = problem.sites.items()
    shut: dict[date, None] = {}
    used: Counter[tuple[str, date]] = Counter()
    for one in problem.visits:
        day = dates[one.key]
        used.update((resource, day) for resource in one.uses)
        if one.fixed:
            continue
        if not place.is_open(day):
            shut[day] = None
        yield from _wider(one, dates)
    yield from (Opened(site=site, day=day) for day in sorted(shut))
    for (resource, day), count in sorted(used.items(), key=lambda one: (one[0][1], one[0][0])):
        limit = place.limit(resource, day)
        is_soft = problem.costs.overbook is not None and limit != 0
        if limit is not None and count > limit and not is_soft:
            extra = 1 if problem.costs.overbook is not None else count - limit
            yield MoreSlots(site=site, resource=resource, day=day, extra=extra)
    away = {(one.participant, dates[one.key]): None for one in problem.visits if one.fixed is None}
    for name, day in away:
        if day in problem.participants[name].unavailable:
            yield Available(participant=name, day=day)
    for theirs in problem.by_participant():
        yield from _looser(theirs, dates)


def _wider(wanted: Wanted, dates: Dates) -> Iterable[Grant]:
    who, day = {"participant": wanted.participant, "visit": wanted.visit}, dates[wanted.key]
    window = replace(wanted, anchor=None)
    if by := days_beyond(window, dates):
        yield WiderWindow(
            **who,
            lower=wanted.lower and min(wanted.lower, day),
            upper=wanted.upper and max(wanted.upper, day),
            by=by,
        )
    if wanted.anchor and (by := days_beyond(replace(wanted, lower=None, upper=None), dates)):
        off = (day - after(wanted.anchor.offset, dates[wanted.participant, wanted.anchor.visit])).days
        lower, upper = min(wanted.anchor.lower, off), max(wanted.anchor.upper, off)
        yield WiderAnchor(**who, lower=lower, upper=upper, by=by, anchor=wanted.anchor.visit)


def _looser(theirs: Theirs, dates: Dates) -> Iterable[LooserRule]:
    name = theirs.visits[0].participant
    found: dict[tuple[str, str], LooserRule] = {}
    for rule in theirs.rules:
        apart = (dates[name, rule.then] - dates[name, rule.first]).days
        least = rule.least if rule.least is None else min(rule.least, apart)
        most = rule.most if rule.most is None else max(rule.most, apart)
        asked = rule.least, rule.most
        if (least, most) != asked:
            found[rule.first, rule.then] = LooserRule(
                participant=name, first=rule.first, then=rule.then, least=least, most=most, asked=asked
            )
    yield from found.values()


def granted(problem: Problem, grants: Iterable[Grant]) -> Problem:
    """Return the problem with everything granted."""
    for one in grants:
        problem = _granted(problem, one)
    return problem


def _granted(problem: Problem, grant: Grant) -> Problem:
    match grant:
        case WiderWindow():
            return _change_visit(problem, grant.participant, grant.visit, lower=grant.lower, upper=grant.upper)
        case WiderAnchor():
            return _change_visit(problem, grant.participant, grant.visit, around=(grant.lower, grant.upper))
        case Opened():
            return _open(problem, grant)
        case MoreSlots():
            return _add_slots(problem, grant)
        case Available():
            person = problem.participants[grant.participant]
            person = replace(person, unavailable=person.unavailable - {grant.day})
            return replace(problem, participants={**problem.participants, grant.participant: person})
        case LooserRule():
            return _loosen(problem, grant)


def _change_visit(
    problem: Problem,
    participant: str,
    visit: str,
    *,
    lower: date | None = None,
    upper: date | None = None,
    around: tuple[int, int] | None = None,
) -> Problem:
    def change(one: Wanted) -> Wanted:
        if one.key != (participant, visit):
            return one
        if around is None or one.anchor is None:
            return replace(one, lower=lower, upper=upper)
        anchor = Anchor(visit=one.anchor.visit, offset=one.anchor.offset, lower=around[0], upper=around[1])
        return replace(one, anchor=anchor)

    return replace(problem, visits=tuple(change(one) for one in problem.visits))


def _open(problem: Problem, grant: Opened) -> Problem:
    place = problem.sites[grant.site]
    place = replace(place, closed=place.closed - {grant.day}, opened=place.opened | {grant.day})
    return replace(problem, sites={**problem.sites, grant.site: place})


def _add_slots(problem: Problem, grant: MoreSlots) -> Problem:
    place = problem.sites[grant.site]
    limit = place.limit(grant.resource, grant.day) or 0
    on_day = {**place.capacity_on.get(grant.day, {}), grant.resource: limit + grant.extra}
    place = replace(place, capacity_on={**place.capacity_on, grant.day: on_day})
    return replace(problem, sites={**problem.sites, grant.site: place})


def _loosen(problem: Problem, grant: LooserRule) -> Problem:
    """Give one participant other bounds; a rule for everybody becomes one for each of the others."""
    rules: list[Rule] = []
    for rule in problem.rules:
        if (rule.first, rule.then) != (grant.first, grant.then) or rule.participant not in (None, grant.participant):
            rules.append(rule)
            continue
        if rule.participant is None:
            rules += [replace(rule, participant=name) for name in problem.participants if name != grant.participant]
        least = rule.least if rule.least is None or grant.least is None else min(rule.least, grant.least)
        most = rule.most if rule.most is None or grant.most is None else max(rule.most, grant.most)
        rules.append(replace(rule, participant=grant.participant, least=least, most=most))
    return replace(problem, rules=tuple(rules))
