"""What a plan costs, and what is wrong with it, straight from what the problem says."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from schedule.planning.optimising.problem import Dates, Key, Place, Problem, Wanted, after


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A visit whose day breaks something: a window, the calendar, an absence, a limit, a rule, a fixed day."""

    visit: Key
    what: str


def cost_of(problem: Problem, dates: Dates) -> Fraction:
    """Return what a valid plan costs."""
    total = sum((_cost(problem, one, dates) for one in problem.visits if one.fixed is None), Fraction(0))
    if problem.costs.overbook is not None:
        total += problem.costs.overbook * sum(over for _, _, over in _over_limits(problem, dates))
    return total


def _cost(problem: Problem, wanted: Wanted, dates: Dates) -> Fraction:
    day, costs = dates[wanted.key], problem.costs
    target, total = _target(wanted, dates), Fraction(0)
    if target:
        total += wanted.weight * abs(day.toordinal() - target.toordinal())
    preferred = problem.participants[wanted.participant].preferred_weekdays
    if preferred is not None and day.weekday() not in preferred:
        total += costs.nonpreferred
    if wanted.communicated not in (None, day):
        total += costs.move
    if costs.outside is not None and days_outside(wanted, dates):
        total += costs.outside
    return total


def _target(wanted: Wanted, dates: Dates) -> date | None:
    if wanted.anchor is None:
        return wanted.target
    return after(wanted.anchor.offset, dates[wanted.participant, wanted.anchor.visit])


def days_outside(wanted: Wanted, dates: Dates) -> int:
    """Return by how many days a visit is outside its windows, at most."""
    return abs(days_beyond(wanted, dates))


def days_beyond(wanted: Wanted, dates: Dates) -> int:
    """Return by how many days a visit is after its windows, or before them (below 0), at most."""
    day = dates[wanted.key].toordinal()
    early, late = [0], [0]
    if wanted.lower:
        early.append(wanted.lower.toordinal() - day)
    if wanted.upper:
        late.append(day - wanted.upper.toordinal())
    if wanted.anchor and (target := _target(wanted, dates)):
        off = day - target.toordinal()
        early.append(wanted.anchor.lower - off)
        late.append(off - wanted.anchor.upper)
    return max(-max(early), max(late), key=abs)


def beyond(problem: Problem, dates: Dates) -> dict[Key, int]:
    """Return by how many days each visit is after its windows, or before them (below 0), where it is."""
    found = {one.key: days_beyond(one, dates) for one in problem.visits if one.fixed is None}
    return {key: days for key, days in found.items() if days}


def overbooked(problem: Problem, dates: Dates) -> dict[tuple[str, str, date], int]:
    """Return by how many visits each site's resource is above what a day can hold, where it is, day by day."""
    found = {(site, resource, day): over for (site, resource), day, over in _over_limits(problem, dates)}
    return dict(sorted(found.items(), key=lambda one: (one[0][2], one[0])))


def broken(problem: Problem, dates: Dates) -> list[Broken]:
    """Return everything that makes a plan invalid."""
    found = [Broken(visit=one.key, what=what) for one in problem.visits for what in _broken_alone(problem, one, dates)]
    for theirs in problem.by_participant():
        days = {one.visit: dates[one.key].toordinal() for one in theirs.visits}
        participant = theirs.visits[0].participant
        for rule in theirs.rules:
            apart = days[rule.then] - days[rule.first]
            too_few = rule.least is not None and apart < rule.least
            if too_few or (rule.most is not None and apart > rule.most):
                found.append(Broken(visit=(participant, rule.then), what="rule"))
        if problem.is_one_a_day and len(set(days.values())) < len(days):
            found.append(Broken(visit=(participant, ""), what="same day"))
    return found + [Broken(visit=key, what="limit") for key, _, _ in _over_limits(problem, dates, hard=True)]


def _broken_alone(problem: Problem, wanted: Wanted, dates: Dates) -> Iterator[str]:
    day = dates[wanted.key]
    if wanted.fixed:
        if day != wanted.fixed:
            yield "fixed"
        return
    person = problem.participants[wanted.participant]
    if not problem.sites[person.site].is_open(day):
        yield "closed"
    if day in person.unavailable:
        yield "absent"
    allowed = 0 if problem.costs.outside is None else problem.costs.outside_days
    if days_outside(wanted, dates) > allowed:
        yield "window"


def _over_limits(problem: Problem, dates: Dates, *, hard: bool = False) -> Iterator[tuple[Key, date, int]]:
    """Yield a site's resource, a day, and by how much it is over its limit; if asked, only what is forbidden."""
    used: Counter[tuple[str, str, date]] = Counter()
    for one in problem.visits:
        site = problem.participants[one.participant].site
        used.update((site, resource, dates[one.key]) for resource in one.uses)
    for (site, resource, day), count in used.items():
        limit = _limit(problem.sites[site], resource, day)
        if count > limit and not (hard and limit and problem.costs.overbook is not None):
            yield (site, resource), day, count - limit


def _limit(place: Place, resource: str, day: date) -> int:
    limit = place.limit(resource, day)
    return 1_000_000_000 if limit is None else limit
