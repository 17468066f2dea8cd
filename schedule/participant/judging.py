"""Whether a day can be had: the window, the distance to other infusions, the clinic's calendar, the participant's."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import reduce
from zoneinfo import ZoneInfo

from schedule.errors import Problem, Refused
from schedule.participant.events import Slot
from schedule.participant.replanning import Rules
from schedule.participant.state import Deviation, Given, Participant, Preference, Status, VisitState
from schedule.planning.booking import local_end
from schedule.planning.placing import Away, TooClose, why_away
from schedule.saying import Said, words
from schedule.sites import (
    OBSERVED,
    Closed,
    ClosedWeekday,
    ClosureClosed,
    HolidayClosed,
    NoSlots,
    NoSuchTime,
    Site,
    TooShort,
    Weekday,
    check_exists,
    hours_on,
    limit_on,
    opening_on,
    why_closed,
    why_short,
)
from schedule.study.protocol import IN_PERSON, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Full:
    """The site has no slot left for this kind of visit on the day."""

    kind: Kind
    taken: int
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What stands against a day for a visit."""

    outside: bool
    """Whether the day lies outside the visit's window."""
    too_close: TooClose | None
    closed: Closed | Away | None
    full: Full | None

    @property
    def deviates(self) -> bool:
        """Whether taking the day is a protocol deviation."""
        return self.outside or self.too_close is not None


def judge(state: Participant, visit: VisitState, day: date, rules: Rules) -> Judgement:
    """Return what stands against the day; for a visit that is done, only what took place can be too close."""
    return Judgement(
        outside=not (visit.unscheduled or visit.dates.earliest <= day <= visit.dates.latest),
        too_close=next(_too_close(state, visit, day, rules), None),
        closed=why_closed(rules.site, day, visit.kind)
        or why_short(rules.site, day, visit.kind, visit.length)
        or why_away(state.away, day),
        full=why_full(state, visit, day, rules),
    )


def why_full(state: Participant, visit: VisitState, day: date, rules: Rules) -> Full | None:
    """Return that no slot is left on the day; None where there is one, or the visit has its own already."""
    limit = limit_on(rules.site, day, visit.kind)
    if limit is None or (visit.is_promised and visit.dates.day == day):
        return None
    taken = rules.taken.get((day, visit.kind), 0) + own_visits(state, visit, day)
    return Full(kind=visit.kind, taken=taken, limit=limit) if taken >= limit else None


def why_crowded(state: Participant, visit: VisitState, day: date, rules: Rules) -> Full | None:
    """Return that a visit's own day holds more than it can by now, where nobody has answered for the visit yet."""
    limit = limit_on(rules.site, day, visit.kind)
    if limit is None or visit.overbooks or not (visit.is_promised and visit.dates.day == day):
        return None
    taken = rules.taken.get((day, visit.kind), 0) + own_visits(state, visit, day)
    return Full(kind=visit.kind, taken=taken, limit=limit) if taken >= limit else None


def _too_close(state: Participant, visit: VisitState, day: date, rules: Rules) -> Iterator[TooClose]:
    if visit.unscheduled or visit.given is Given.NO:
        return
    for rule in rules.protocol.spacing:
        if rule.kind is not visit.kind:
            continue
        for other in state.visits.values():
            is_kept_apart = other.kind is rule.kind and other.code != visit.code and not other.unscheduled
            counts = _took_place(other) or (other.is_promised and visit.status is not Status.DONE)
            if is_kept_apart and other.dates.day and counts:
                apart = abs((day - other.dates.day).days)
                if apart < rule.at_least:
                    yield TooClose(
                        to=other.code, on=other.dates.day, days_apart=apart, at_least=rule.at_least, basis=rule.basis
                    )


def _took_place(visit: VisitState) -> bool:
    return visit.status is Status.DONE and (visit.kind is not Kind.INFUSION or visit.took_a_dose)


def answer_for(state: Participant, visit: VisitState, day: date, rules: Rules, reason: str) -> Deviation | None:
    """Return the deviation that taking the day is, with its reason; None where it is none.

    What took place although it was held is one on any day. Raises Refused where a reason is needed and missing, and
    where one is given for a day that needs none.
    """
    judged, reason = judge(state, visit, day, rules), reason.strip()
    known = visit.deviation if visit.deviation and visit.deviation.day == day else None
    was_held = state.visits[visit.code].status is Status.HELD
    if not (judged.deviates or was_held):
        if reason:
            problem = Problem(
                place="--deviation",
                wrong=words(
                    "{day} is no deviation: it is in the window of {visit}, and no infusion is too close",
                    day=day,
                    visit=visit.code,
                ),
                remedy=words("leave --deviation out"),
            )
            raise Refused([problem])
        return known if known and known.is_of_a_hold else None
    if not reason and known is None:
        raise Refused(list(_say_against(visit, day, judged)))
    return Deviation(
        reason=reason or (known.reason if known else ""),
        day=day,
        earliest=visit.dates.earliest,
        latest=visit.dates.latest,
        too_close_to=judged.too_close.to if judged.too_close else None,
        days_apart=judged.too_close.days_apart if judged.too_close else None,
        at_least=judged.too_close.at_least if judged.too_close else None,
    )


def own_visits(state: Participant, visit: VisitState, day: date) -> int:
    """Count the participant's other visits of the same kind that take a slot on the day."""
    return sum(
        other.dates.day == day and (other.is_promised or other.status is Status.DONE)
        for other in state.visits.values()
        if other.kind is visit.kind and other.code != visit.code
    )


def answer_for_slot(state: Participant, visit: VisitState, day: date, rules: Rules, reason: str) -> Full | None:
    """Return what taking the day overbooks; None where a slot is left.

    A visit that stays on a day which can hold fewer by now needs no reason, and may have one. Raises Refused where a
    reason is needed and missing, and where one is given for a day that needs none.
    """
    full, reason = why_full(state, visit, day, rules), reason.strip()
    if full is None and reason:
        full = why_crowded(state, visit, day, rules)
    if bool(full) is bool(reason):
        return full
    if full is None:
        wrong = words("{day} has a slot left for {visit}", day=day, visit=visit.code)
        raise Refused([Problem(place="--overbook", wrong=wrong, remedy=words("leave --overbook out"))])
    wrong = words("{day}: {full}", day=day, full=say_full(full))
    remedy = words('choose another day, or take it all the same with --overbook "why"')
    raise Refused([Problem(place=visit.code, wrong=wrong, remedy=remedy)])


def say_full(full: Full) -> Said:
    """Say that no slot is left, and how many were taken."""
    facts = {"taken": full.taken, "limit": full.limit}
    match full.kind:
        case Kind.INFUSION:
            return words("no infusion slot is left on that day ({taken} of {limit})", **facts)
        case Kind.VIRTUAL:
            return words("no slot for a call is left on that day ({taken} of {limit})", **facts)
        case _:
            return words("no slot for a clinic visit is left on that day ({taken} of {limit})", **facts)


def _say_against(visit: VisitState, day: date, judged: Judgement) -> Iterator[Problem]:
    remedy = words('choose another day, or record a protocol deviation with --deviation "why"')
    if judged.outside:
        wrong = words(
            "{day} is outside the window of {visit}, {earliest} to {latest}",
            day=day,
            visit=visit.code,
            earliest=visit.dates.earliest,
            latest=visit.dates.latest,
        )
        yield Problem(place=visit.code, wrong=wrong, remedy=remedy)
    if close := judged.too_close:
        wrong = words(
            "{day} is {days} days from {visit} on {other}, and at least {least} are required",
            day=day,
            days=close.days_apart,
            visit=close.to,
            other=close.on,
            least=close.at_least,
        )
        yield Problem(place=visit.code, wrong=wrong, remedy=remedy)


def check_open(state: Participant, visit: VisitState, day: date, rules: Rules) -> None:
    """Raise Refused where the clinic is closed on the day, or the participant is away."""
    closed = judge(state, visit, day, rules).closed
    if closed is not None:
        problem = Problem(
            place=visit.code,
            wrong=words("on {day} {closed}", day=day, closed=say_closed_plainly(closed)),
            remedy=words("choose another day; {listing}", listing=_listing(state, visit)),
        )
        raise Refused([problem])


def _listing(state: Participant, visit: VisitState) -> Said:
    if visit.unscheduled:
        return words("the site's file tells on which it is open, dayzero show when the participant is away")
    command = f"dayzero {'move' if visit.is_promised else 'book'} {state.id} {visit.code}"
    return words("{command} lists those that are open", command=command)


_EVERY = {
    Weekday.MONDAY: words("the site is closed, as on every Monday"),
    Weekday.TUESDAY: words("the site is closed, as on every Tuesday"),
    Weekday.WEDNESDAY: words("the site is closed, as on every Wednesday"),
    Weekday.THURSDAY: words("the site is closed, as on every Thursday"),
    Weekday.FRIDAY: words("the site is closed, as on every Friday"),
    Weekday.SATURDAY: words("the site is closed, as on every Saturday"),
    Weekday.SUNDAY: words("the site is closed, as on every Sunday"),
}


def say_closed_plainly(why: Closed | Away) -> Said:
    """Say why nobody can come, for messages about what was typed."""
    match why:
        case ClosedWeekday(weekday=weekday):
            return _EVERY[weekday]
        case HolidayClosed(name=names):
            return words("the site is closed ({reason})", reason=_name_holidays(names))
        case ClosureClosed(reason=reason):
            return words("the site is closed ({reason})", reason=reason)
        case NoSlots():
            return words("the site has no slot for this kind of visit")
        case TooShort(hours=hours):
            said = f"{hours.opens:%H:%M}-{hours.closes:%H:%M}"
            return words("the site is open {hours} only, and the visit is longer", hours=said)
        case Away(first=first, last=last):
            return words("the participant is away ({first} to {last})", first=first, last=last)


def _name_holidays(names: str) -> Said:
    """Return the holidays of a day as they are named; the catalog knows some names in other languages."""
    named = (
        words("{holiday} (observed)", holiday=words(name.removesuffix(OBSERVED)))
        if name.endswith(OBSERVED)
        else words(name)
        for name in names.split("; ")
    )
    return reduce(lambda one, other: words("{one}; {other}", one=one, other=other), named)


def slot_for(visit: VisitState, day: date, at: time | None, rules: Rules, wish: Preference) -> Slot:
    """Return the day with its times; where none is said, at the site's usual time, or the nearest that suits them.

    Raises Refused where the site gives none or is closed at that time, or the clock jumps over it that night.
    """
    at = at or _usual_time(visit.kind, day, rules.site, wish)
    if at is None:
        problem = Problem(
            place=visit.code,
            wrong=words("the site {site} gives no usual time for this kind of visit", site=rules.site.id),
            remedy=words("write the time after the day, such as 09:00"),
        )
        raise Refused([problem])
    _check_hours(visit, day, at, rules.site)
    start, zone = datetime.combine(day, at), ZoneInfo(rules.site.time_zone)
    try:
        check_exists(start, zone)
    except NoSuchTime:
        wrong = words("on {day} the clock jumps over {at:%H:%M} in {zone}", day=day, at=at, zone=rules.site.time_zone)
        raise Refused([Problem(place=visit.code, wrong=wrong, remedy=words("write another time"))]) from None
    return Slot(day=day, start=start, end=local_end(start, visit.length, zone))


def _usual_time(kind: Kind, day: date, site: Site, wish: Preference) -> time | None:
    """Return the site's usual time, or that nearest to it which suits the participant, where the site is open then."""
    usual, hours = site.arrival.get(kind), hours_on(site, day)
    if usual is None or hours is None:
        return usual
    liked = wish.nearest_time(usual)
    return liked if hours.opens <= liked < hours.closes else usual


def _check_hours(visit: VisitState, day: date, at: time, site: Site) -> None:
    hours = hours_on(site, day)
    if visit.kind in IN_PERSON and hours and not hours.opens <= at < hours.closes:
        wrong = words(
            "at {at:%H:%M} the site is closed: it opens at {opens:%H:%M} and closes at {closes:%H:%M}",
            at=at,
            opens=hours.opens,
            closes=hours.closes,
        )
        raise Refused([Problem(place=visit.code, wrong=wrong, remedy=words("write a time in its hours"))])
    if visit.kind in IN_PERSON and (opening := opening_on(site, day)):
        _check_end(visit, datetime.combine(day, at) + visit.length, datetime.combine(day, opening.hours.closes))


def _check_end(visit: VisitState, end: datetime, closes: datetime) -> None:
    """Raise Refused where a visit goes on after a special opening, of which somebody said when it ends."""
    if end > closes:
        wrong = words(
            "it would last until {end:%H:%M}, and the site is open until {closes:%H:%M} on that day",
            end=end,
            closes=closes,
        )
        remedy = words("write an earlier time, or choose another day")
        raise Refused([Problem(place=visit.code, wrong=wrong, remedy=remedy)])
