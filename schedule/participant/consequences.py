"""What a change would mean before anything is saved, and which other days there are."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from schedule.participant.due import to_rebook
from schedule.participant.events import Moved, Slot
from schedule.participant.evolving import evolve
from schedule.participant.judging import Judgement, judge
from schedule.participant.replanning import Rules, follow
from schedule.participant.state import Deviation, Participant, Status, ToRebook, VisitState
from schedule.sites import Limit, Site, limit_on
from schedule.study.protocol import Kind, Text, VisitCode


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitChange:
    """What a visit is before and after; None before for one that is new."""

    before: VisitState | None
    after: VisitState


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequences:
    """All that would be different."""

    changes: tuple[VisitChange, ...]
    deviations: tuple[tuple[VisitCode, Deviation], ...]
    """Protocol deviations that would be recorded."""
    impossible: tuple[VisitCode, ...]
    """Visits that no day would fit any more."""
    to_rebook: tuple[ToRebook, ...]
    """Promised days that would not fit any more."""


def compare_states(
    before: Participant | None, after: Participant, rules: Rules, old_rules: Rules | None = None
) -> Consequences:
    """Return what is different between two states of one participant; ``old_rules`` held for the first of them."""
    old = before.visits if before else {}
    old_rebook = {one.code for one in to_rebook(before, old_rules or rules)} if before else set()
    changes = tuple(
        VisitChange(before=old.get(visit.code), after=visit)
        for visit in after.in_order
        if _shown(visit) != _shown(old.get(visit.code))
    )
    return Consequences(
        changes=changes,
        deviations=tuple(
            (one.after.code, one.after.deviation)
            for one in changes
            if one.after.deviation and (one.before is None or one.before.deviation != one.after.deviation)
        ),
        impossible=tuple(
            visit.code for visit in after.in_order if _has_no_day(visit) and not _has_no_day(old.get(visit.code))
        ),
        to_rebook=tuple(one for one in to_rebook(after, rules) if one.code not in old_rebook),
    )


def _shown(visit: VisitState | None) -> object:
    return visit and (
        visit.status,
        visit.dates.told(visit.kind),
        visit.start,
        visit.given,
        visit.where,
        visit.deviation,
    )


def _has_no_day(visit: VisitState | None) -> bool:
    return visit is not None and visit.status is Status.PLANNED and visit.dates.day is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """A day that a visit could have."""

    day: date
    from_target: int
    """Days after the target; negative before it."""
    off_in_all: int
    """Days off target of this visit and of all that count from it, in the best days that are left for them."""
    judged: Judgement
    least_slack: int | None
    """The fewest days that a visit that counts from this one would have left; None where none does."""
    tightest: VisitCode | None
    """The visit that would have them."""
    impossible: tuple[VisitCode, ...]
    """Visits that would have no day any more."""
    to_rebook: tuple[VisitCode, ...]
    """Promised visits that fit now and would not any more."""
    liked: bool
    """Whether it is a weekday on which the participant likes to come."""


OFFERED = 8
"""Days that are offered where nobody asks for all of them."""
BEYOND = 7
"""Days outside the window that are offered too, as deviations; after the window has ended, days from today on."""
AT_MOST_BEYOND = 90
"""Where all of these are closed or full: days among which the first that is open is offered."""


def alternatives(
    state: Participant, code: VisitCode, rules: Rules, *, most: int | None = OFFERED
) -> tuple[Alternative, ...]:
    """Return the days open to this participant for a visit, the best first: all of them where ``most`` is None.

    Days that are no deviation come first, then those that leave what follows possible, then weekdays that the
    participant likes, then those with the fewest days off target in all, then those that leave more room. A day with
    no slot left is none of them, and none for what follows.
    """
    visit = state.visits[code]
    known = frozenset(one.code for one in to_rebook(state, rules))
    weighs = _Weighing(
        state=state, visit=visit, rules=rules, free=replace(rules, site=_with_free_days(rules)), known=known
    )
    found = [weighs.weigh(day, judged) for day, judged in _open_days(state, visit, rules)]
    return tuple(sorted(found, key=_rank)[:most])


def _with_free_days(rules: Rules) -> Site:
    """Return the site with its full days closed to the kinds of which they can hold no more."""
    full = tuple(
        Limit(first=day, last=day, kind=kind, limit=0, reason=Text(en="", es=""))
        for (day, kind), taken in rules.taken.items()
        if (limit := limit_on(rules.site, day, kind)) is not None and taken >= limit
    )
    return replace(rules.site, capacity_on=(*rules.site.capacity_on, *full))


def _open_days(state: Participant, visit: VisitState, rules: Rules) -> Iterator[tuple[date, Judgement]]:
    first = max(rules.today, visit.dates.earliest - timedelta(days=BEYOND))
    latest = max(rules.today, visit.dates.latest)
    is_offered = False
    for number in range((latest - first).days + AT_MOST_BEYOND + 1):
        day = first + timedelta(days=number)
        if is_offered and day > latest + timedelta(days=BEYOND):
            return
        if day == visit.dates.day and visit.is_promised:
            continue
        judged = judge(state, visit, day, rules)
        if judged.closed is None and judged.full is None:
            is_offered = True
            yield day, judged


def _rank(one: Alternative) -> tuple[object, ...]:
    return (
        one.judged.deviates,
        len(one.impossible),
        len(one.to_rebook),
        not one.liked,
        one.off_in_all,
        abs(one.from_target),
        -(one.least_slack or 0),
        one.day,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Weighing:
    """What the days of a visit are weighed by."""

    state: Participant
    visit: VisitState
    rules: Rules
    free: Rules
    """The same, where full days are closed."""
    known: frozenset[VisitCode]
    """Promises that do not fit now."""

    def weigh(self, day: date, judged: Judgement) -> Alternative:
        """Return what a day would mean."""
        code = self.visit.code
        midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - local wall time, which no decision looks at
        moved = Moved(
            code=code,
            old_day=self.visit.dates.day,
            old_start=self.visit.start,
            slot=Slot(day=day, start=midnight, end=midnight),
            reason="",
        )
        after = _after(self.state, moved, self.free)
        following = list(_following(after, code))
        slack = [((one.dates.latest - one.dates.day).days, one.code) for one in following if one.dates.day]
        least, tightest = min(slack, default=(None, None))
        from_target = (day - self.visit.dates.target).days
        off = [abs((one.dates.day - one.dates.target).days) for one in following if one.dates.day]
        return Alternative(
            day=day,
            from_target=from_target,
            off_in_all=abs(from_target) + sum(off),
            judged=judged,
            least_slack=least,
            tightest=tightest,
            impossible=tuple(one.code for one in following if one.dates.day is None),
            to_rebook=tuple(one.code for one in to_rebook(after, self.rules) if one.code not in {code, *self.known}),
            liked=self.state.preference.likes(day),
        )


def _after(state: Participant, moved: Moved, rules: Rules) -> Participant:
    """Return the state with the visit moved and what follows placed anew."""
    at = state.visits[moved.code].changed
    after = evolve(state, moved, at)
    for event in follow(after, rules):
        after = evolve(after, event, at)
    return after


def _following(state: Participant, code: VisitCode) -> Iterator[VisitState]:
    """Yield the outstanding contacts that count from a visit, directly or by way of others."""
    counted = {code}
    for visit in state.in_order:
        if visit.dates.counts.anchor in counted and visit.kind is not Kind.MILESTONE:
            counted.add(visit.code)
            if not visit.is_closed and visit.status is not Status.HELD:
                yield visit
