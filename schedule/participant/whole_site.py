"""From what is known of a site's participants to a planning problem: which visits want a day, and what holds for them.

A window that counts from a visit whose day is chosen too moves with that day; every other window stands as it is known.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from schedule.participant.due import to_rebook
from schedule.participant.replanning import Rules
from schedule.participant.state import Participant, Status, ToRebook, VisitState
from schedule.planning.optimising.problem import Anchor, Costs, Key, Person, Place, Problem, Rule, Wanted
from schedule.sites import WEEK, Site, is_short, limit_on, opening_on, why_closed
from schedule.study.protocol import IN_PERSON, Kind, VisitCode

KINDS = (Kind.INFUSION, Kind.CLINIC, Kind.VIRTUAL)
COSTS = Costs(nonpreferred=Fraction(2), move=Fraction(20))
"""In days off target: a weekday that suits is worth two, an appointment that was told to somebody twenty."""
AROUND = 40
"""Days before the first day, which are shut, and after the last window, that a repair may look at."""
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A participant of a site, and the rules for them."""

    state: Participant
    rules: Rules


def unbooked(members: Iterable[Member], first: date, until: date) -> frozenset[Key]:
    """Return the visits that nobody was promised, whose target comes until a day and whose window lasts to the first.

    What waits for somebody's decision is none of them, nor what counts from it.
    """
    return frozenset(
        (member.state.id, visit.code)
        for member in members
        for visit in member.state.outstanding
        if visit.status is Status.PLANNED and visit.kind is not Kind.MILESTONE
        if visit.dates.target <= until and visit.dates.latest >= first
        if not any(one.status is Status.HELD for one in _counted_from(member.state, visit))
    )


def too_late(members: Iterable[Member], first: date) -> tuple[Key, ...]:
    """Return the visits that nobody was promised and whose window ends before the first day."""
    return tuple(
        (member.state.id, visit.code)
        for member in members
        for visit in member.state.outstanding
        if visit.status is Status.PLANNED and visit.kind is not Kind.MILESTONE and visit.dates.latest < first
    )


def promised(members: Iterable[Member], first: date, until: date) -> frozenset[Key]:
    """Return the visits that are promised for these days, but for those whose day somebody has answered for."""
    return frozenset(
        (member.state.id, visit.code)
        for member in members
        for visit in member.state.outstanding
        if visit.is_promised and visit.dates.day and first <= visit.dates.day <= until
        if not (visit.unscheduled or visit.overbooks or (visit.deviation and visit.deviation.day == visit.dates.day))
    )


def unfit(members: Sequence[Member], first: date) -> frozenset[Key]:
    """Return what was promised for a day that does not fit any more, and all that is on a day that holds too much."""
    could_move = promised(members, first, date.max)
    misplaced = frozenset((member.state.id, one.code) for member, one in _misplaced(members, first))
    return misplaced.union(*(could_move.intersection(keys) for keys, _ in _crowded(members)))


def must_move(members: Sequence[Member], first: date) -> int:
    """Return how many appointments have to move whatever the days of all others are: at least so many, often more."""
    stuck = {
        (member.state.id, one.code)
        for member, one in _misplaced(members, first)
        if one.closed or (one.outside and _is_settled(member.state, one.code))
    }
    could_move = promised(members, first, date.max) - stuck
    return len(stuck) + sum(
        min(len(keys - stuck) - limit, len(keys & could_move))
        for keys, limit in _crowded(members)
        if len(keys - stuck) > limit
    )


def _misplaced(members: Iterable[Member], first: date) -> Iterator[tuple[Member, ToRebook]]:
    for member in members:
        for one in to_rebook(member.state, member.rules):
            if one.day >= first and not member.state.visits[one.code].unscheduled:
                yield member, one


def _is_settled(state: Participant, code: VisitCode) -> bool:
    """Tell whether no day that is chosen can move a visit's window."""
    return all(one.is_closed for one in _counted_from(state, state.visits[code]))


def _crowded(members: Sequence[Member]) -> Iterator[tuple[set[Key], int]]:
    """Yield what is on each day that holds more than it can, and how many it can."""
    on_day: dict[tuple[date, Kind], set[Key]] = {}
    for member, visit, day in taking_slots(members):
        if not visit.overbooks:
            on_day.setdefault((day, visit.kind), set()).add((member.state.id, visit.code))
    for (day, kind), keys in on_day.items():
        limit = limit_on(members[0].rules.site, day, kind)
        if limit is not None and len(keys) > limit:
            yield keys, limit


def taking_slots(members: Iterable[Member]) -> Iterator[tuple[Member, VisitState, date]]:
    """Yield the visits that take a slot of their day."""
    for member in members:
        for visit in member.state.visits.values():
            if visit.dates.day and (visit.is_promised or visit.status is Status.DONE):
                yield member, visit, visit.dates.day


def _counted_from(state: Participant, visit: VisitState) -> Iterator[VisitState]:
    """Yield what a visit counts from: its anchor, that one's anchor, and so on."""
    anchor = state.visits.get(visit.dates.counts.anchor)
    while anchor is not None:
        yield anchor
        anchor = state.visits.get(anchor.dates.counts.anchor)


def problem_of(members: Sequence[Member], chosen: frozenset[Key], first: date) -> Problem:
    """Return the problem of one site that gives the chosen visits a day, from the first one on.

    What is promised and not chosen stays, and a window that moves may not leave it behind. Days that hold more than
    they can already take nothing more.
    """
    if not members:
        return Problem(sites={}, participants={}, visits=(), costs=COSTS)
    site = members[0].rules.site
    asked = [_Asking(member, chosen, first) for member in members]
    visits = tuple(one for each in asked for one in each.visits())
    kept = Counter((one.fixed or one.lower, use) for one in visits if _stays(one) for use in one.uses)
    over = Counter((day, visit.kind.value) for _, visit, day in taking_slots(members) if visit.overbooks)
    last = max((each.last for each in asked), default=first) + AROUND * DAY
    lengths = {visit.length for member in members for visit in member.state.visits.values() if visit.kind in IN_PERSON}
    present = {one.participant for one in visits}
    return Problem(
        sites={site.id: _place(site, (first - AROUND * DAY, first, last), kept, over, lengths)},
        participants={each.code: each.person(site, first, last) for each in asked if each.code in present},
        visits=visits,
        rules=tuple(rule for each in asked for rule in each.rules()),
        costs=COSTS,
    )


def _stays(wanted: Wanted) -> bool:
    return wanted.fixed is not None or (
        wanted.lower is not None and wanted.lower == wanted.communicated == wanted.upper
    )


class _Asking:
    """What is asked for one participant."""

    def __init__(self, member: Member, chosen: frozenset[Key], first: date) -> None:
        self.code = member.state.id
        self._state, self._steps, self._first = member.state, member.rules.steps, first
        self._protocol, self._site = member.rules.protocol, member.rules.site
        self._unfit = {one.code for one in to_rebook(member.state, member.rules)}
        self._chosen = self._certain({VisitCode(code) for participant, code in chosen if participant == self.code})

    def _certain(self, chosen: set[VisitCode]) -> set[VisitCode]:
        """Return the visits whose window is known once what they count from directly has its day."""
        certain = {
            code
            for code in chosen
            if self._counts_from(code) in chosen
            or not any(one.code in chosen for one in _counted_from(self._state, self._state.visits[code]))
        }
        return certain if certain == chosen else self._certain(certain)

    def _counts_from(self, code: VisitCode) -> VisitCode:
        return self._state.visits[code].dates.counts.anchor

    def visits(self) -> Iterator[Wanted]:
        infusions_chosen = any(self._state.visits[code].kind is Kind.INFUSION for code in self._chosen)
        for visit in self._state.visits.values():
            day = visit.dates.day
            if visit.code in self._chosen:
                yield self._wanted(visit)
            elif day is None or not (visit.is_promised or visit.status is Status.DONE):
                continue
            elif visit.is_promised and self._is_tied(visit) and day >= self._first:
                yield self._wanted(visit, lower=day, upper=day)
            elif day >= self._first or (infusions_chosen and self._is_apart(visit)):
                yield Wanted(participant=self.code, visit=visit.code, uses=self._uses(visit), fixed=day)

    def _is_tied(self, visit: VisitState) -> bool:
        """Tell whether the window of a promised visit moves with a chosen day, and must not leave the visit behind."""
        answered = visit.deviation is not None and visit.deviation.day == visit.dates.day
        return self._counts_from(visit.code) in self._chosen and visit.code not in self._unfit and not answered

    def _wanted(self, visit: VisitState, *, lower: date | None = None, upper: date | None = None) -> Wanted:
        anchor, dates = self._counts_from(visit.code), visit.dates
        told = dates.day if visit.is_promised else None
        uses = self._uses(visit)
        if anchor not in self._chosen:
            lower, upper = lower or max(dates.earliest, self._first), upper or dates.latest
            return Wanted(participant=self.code, visit=visit.code, uses=uses, target=dates.target, lower=lower,
                          upper=upper, communicated=told)  # fmt: skip
        before, after = dates.earliest - dates.target, dates.latest - dates.target
        around = Anchor(visit=anchor, offset=dates.counts.offset, lower=before.days, upper=after.days)
        return Wanted(participant=self.code, visit=visit.code, uses=uses, anchor=around, lower=lower or self._first,
                      upper=upper, communicated=told)  # fmt: skip

    def _uses(self, visit: VisitState) -> frozenset[str]:
        too_long = _too_long(self._site, visit.length) if visit.kind in IN_PERSON else ""
        return frozenset({visit.kind.value, too_long} - {""})

    @property
    def last(self) -> date:
        """The last day that any of the chosen visits could have."""
        return max(map(self._reach, self._chosen), default=self._first)

    def _reach(self, code: VisitCode) -> date:
        dates = self._state.visits[code].dates
        if dates.counts.anchor not in self._chosen:
            return dates.latest
        return dates.counts.offset.after(self._reach(dates.counts.anchor)) + (dates.latest - dates.target)

    def _is_apart(self, visit: VisitState) -> bool:
        """Tell whether the day of a visit keeps others of its kind away."""
        took_place = visit.status is Status.DONE and (visit.kind is not Kind.INFUSION or visit.took_a_dose)
        is_kept = any(rule.kind is visit.kind for rule in self._protocol.spacing)
        return is_kept and not visit.unscheduled and (visit.is_promised or took_place)

    def rules(self) -> Iterator[Rule]:
        """Yield the distance between any two visits of a kind, in the order of their targets."""
        present = {one.visit for one in self.visits() if not self._state.visits[VisitCode(one.visit)].unscheduled}
        for rule in self._protocol.spacing:
            apart = (one for one in self._state.visits.values() if one.kind is rule.kind and one.code in present)
            theirs = sorted(apart, key=lambda one: (one.dates.target, one.code))
            for number, first in enumerate(theirs):
                for then in theirs[number + 1 :]:
                    if not {first.code, then.code}.isdisjoint(self._chosen):
                        yield Rule(participant=self.code, first=first.code, then=then.code, least=rule.at_least)

    def person(self, site: Site, first: date, last: date) -> Person:
        away = (day for one in self._state.away for day in _days(max(one.first, first), min(one.last, last)))
        liked = frozenset(map(WEEK.index, self._state.preference.weekdays))
        return Person(site=site.id, unavailable=frozenset(away), preferred_weekdays=liked or None)


def _days(first: date, last: date) -> Iterator[date]:
    return (first + number * DAY for number in range((last - first).days + 1))


def _place(
    site: Site,
    days: tuple[date, date, date],
    kept: Mapping[tuple[date | None, str], int],
    over: Mapping[tuple[date, str], int],
    lengths: Collection[timedelta],
) -> Place:
    """Return a site's calendar; the days before the first one are shut.

    A closed day has limits too: a repair may open it, and it holds no more than another then. What ``kept`` counts
    stays; what ``over`` counts was taken beyond a limit, and takes nobody's slot. Visits that are longer than a special
    opening have none.
    """
    before, first, last = days
    open_to = {day: {kind for kind in KINDS if not why_closed(site, day, kind)} for day in _days(first, last)}
    never = frozenset(range(7)) - {day.weekday() for day, kinds in open_to.items() if kinds}
    closed = {day for day, kinds in open_to.items() if not kinds and day.weekday() not in never}
    limits: dict[date, dict[str, int]] = {}
    for day, kinds in open_to.items():
        for kind in KINDS:
            limit = limit_on(site, day, kind) if kind in kinds or not kinds else 0
            if limit is not None:
                key = day, kind.value
                limits.setdefault(day, {})[kind.value] = max(limit + over.get(key, 0), kept.get(key, 0))
        if opening := opening_on(site, day):
            uses = (_too_long(site, length) for length in lengths if is_short(opening, length))
            limits.setdefault(day, {}).update({use: kept.get((day, use), 0) for use in uses})
    shut = closed.union(_days(before, first - DAY))
    return Place(closed_weekdays=never, closed=frozenset(shut), capacity_on=limits)


def _too_long(site: Site, length: timedelta) -> str:
    """Return what a visit uses besides that is longer than a special opening: there is none of it on that day."""
    return f"visit-of-{length}" if any(is_short(one, length) for one in site.openings) else ""
