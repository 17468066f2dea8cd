"""Reasons and notices, kept as facts by the planning, said in a language."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from schedule.participant.state import Deviation, Given, Late, Lateness, Status, ToRebook, Where
from schedule.planning.burden import Burden
from schedule.planning.notices import (
    CannotBePlaced,
    EndsAfterClosing,
    EndsAfterCompletion,
    FixedOnClosedDay,
    FixedOutsideWindow,
    FixedTooClose,
    NotConfirmed,
    Notice,
    SiteHasExamples,
    SiteHasNoHolidays,
    SiteLeavesBlank,
    TaperDatesWait,
    TaperPrescribedEarly,
    TaperStartsHigh,
)
from schedule.planning.placing import AnchorDay, Away, DayRefused, StaysPlanned, TooClose, WorseForOthers
from schedule.render.language import N_, Language
from schedule.sites import OBSERVED, Closed, ClosedWeekday, ClosureClosed, HolidayClosed, NoSlots, TooShort, Weekday
from schedule.study.protocol import RANDOMIZATION, Basis, Kind, Text, VisitCode
from schedule.views import StaffSchedule, StaffVisitView

CLOSED_ON = {
    Weekday.MONDAY: N_("the clinic is closed on Mondays"),
    Weekday.TUESDAY: N_("the clinic is closed on Tuesdays"),
    Weekday.WEDNESDAY: N_("the clinic is closed on Wednesdays"),
    Weekday.THURSDAY: N_("the clinic is closed on Thursdays"),
    Weekday.FRIDAY: N_("the clinic is closed on Fridays"),
    Weekday.SATURDAY: N_("the clinic is closed on Saturdays"),
    Weekday.SUNDAY: N_("the clinic is closed on Sundays"),
}
KINDS = {
    Kind.INFUSION: N_("infusion"),
    Kind.CLINIC: N_("clinic visit"),
    Kind.VIRTUAL: N_("phone or video call"),
    Kind.MILESTONE: N_("milestone"),
}
SHORT_KINDS = {
    Kind.INFUSION: N_("infusion"),
    Kind.CLINIC: N_("clinic"),
    Kind.VIRTUAL: N_("call"),
    Kind.MILESTONE: N_("task"),
}
STATUSES = {
    Status.PLANNED: N_("planned"),
    Status.BOOKED: N_("booked"),
    Status.CONFIRMED: N_("confirmed"),
    Status.DONE: N_("done"),
    Status.MISSED: N_("missed"),
    Status.CANCELLED: N_("cancelled"),
    Status.HELD: N_("on hold"),
}
OUTCOMES: dict[Status | None, str] = {
    Status.DONE: N_("it took place on {day}"),
    Status.MISSED: N_("it was missed"),
    Status.CANCELLED: N_("it is cancelled"),
    Status.HELD: N_("it is on hold: nobody comes until the clinic calls"),
}
GIVEN = {
    Given.YES: N_("the infusion was given"),
    Given.NO: N_("the infusion was not given"),
    Given.PARTIAL: N_("the infusion was given in part"),
}
SHORT_GIVEN = {Given.YES: N_("yes"), Given.NO: N_("no"), Given.PARTIAL: N_("in part")}
WHERE = {
    Where.HERE: N_("it took place at the site"),
    Where.REMOTE: N_("it took place by phone or video"),
    Where.OTHER_SITE: N_("it took place at another site"),
}
HOLIDAYS = (
    N_("New Year's Day"), N_("Martin Luther King Jr. Day"), N_("Washington's Birthday"), N_("Memorial Day"),
    N_("Juneteenth National Independence Day"), N_("Independence Day"), N_("Labor Day"), N_("Columbus Day"),
    N_("Veterans Day"), N_("Thanksgiving Day"), N_("Christmas Day"),
)  # fmt: skip

MOST_NAMED = 3
"""Visits that a reason names; of those beyond it says how many."""

Names = Mapping[VisitCode, Text]


def names_of(schedule: StaffSchedule) -> Names:
    """Return what each visit of the schedule is called."""
    waiting = {one.code: one.name for one in schedule.waiting}
    return waiting | {visit.code: visit.name for visit in schedule.visits}


def because(visit: StaffVisitView, names: Names, speaks: Language) -> list[str]:
    """Say why the visit's dates are what they are."""
    if visit.unscheduled:
        return [speaks.say("the protocol does not plan this visit"), *say_outcome(visit, speaks)]
    return [
        _say_count_from(visit, names, speaks),
        *_say_anchor(visit, names, speaks),
        *_say_day(visit, names, speaks),
        *say_outcome(visit, speaks),
        *_say_assumed(visit, speaks),
    ]


def say_outcome(visit: StaffVisitView, speaks: Language) -> Iterator[str]:
    """Say what has become of a visit; nothing of one that is simply planned."""
    if visit.status in OUTCOMES:
        day = speaks.weekday_day(visit.planned, year=True) if visit.planned else ""
        yield speaks.say(OUTCOMES[visit.status], day=day)
    if visit.given:
        yield speaks.say(GIVEN[visit.given])
    if visit.where is not Where.HERE:
        yield speaks.say(WHERE[visit.where])
    if visit.reason:
        is_waiting = visit.is_off or visit.is_held or visit.unscheduled
        said = speaks.say("reason: {reason}") if is_waiting else speaks.say("last change, because: {reason}")
        yield said.format(reason=visit.reason)
    if visit.deviation:
        yield say_deviation(visit.deviation, speaks)


def say_marks(visit: StaffVisitView, speaks: Language) -> Iterator[str]:
    """Say what somebody should do about a visit today. Calendars do not tell it: it is another thing tomorrow."""
    if visit.to_rebook:
        yield say_to_rebook(visit.to_rebook, speaks)
    if visit.late:
        yield say_late(visit.late, speaks)


def say_deviation(one: Deviation, speaks: Language) -> str:
    """Say how a day deviates from the protocol, and who answered for it with what reason."""
    parts = []
    if one.days_outside < 0:
        parts.append(speaks.say_count("{count} day before its window", "{count} days before its window",
                                      -one.days_outside))  # fmt: skip
    if one.days_outside > 0:
        parts.append(speaks.say_count("{count} day after its window", "{count} days after its window",
                                      one.days_outside))  # fmt: skip
    if one.too_close_to:
        parts.append(
            speaks.say_count(
                "{count} day from {visit}, and {least} are required",
                "{count} days from {visit}, and {least} are required",
                one.days_apart or 0,
                visit=one.too_close_to,
                least=one.at_least,
            )
        )
    if one.is_of_a_hold:
        parts.append(speaks.say("while it was on hold"))
    return speaks.say("deviation: {what} ({reason})", what="; ".join(parts), reason=one.reason)


def say_to_rebook(one: ToRebook, speaks: Language) -> str:
    """Say why a promised day does not fit any more."""
    reasons = []
    if one.outside:
        reasons.append(speaks.say("outside its window"))
    if one.too_close_to:
        reasons.append(speaks.say("too close to {visit}", visit=one.too_close_to))
    if isinstance(one.closed, Away):
        reasons.append(speaks.say("the participant is away"))
    elif one.closed:
        reasons.append(say_closed(one.closed, speaks))
    return speaks.say("to rebook: {reasons}", reasons="; ".join(reasons))


def say_late(one: Late, speaks: Language) -> str:
    """Say that a window has ended and nobody has said what became of the visit."""
    if one.lateness is Lateness.TO_RECORD:
        return speaks.say("it was missed: record it")
    return speaks.say_count("overdue for {count} day", "overdue for {count} days", one.days)


def unplaced_reasons(visit: StaffVisitView, names: Names, speaks: Language) -> list[str]:
    """Say day by day why no day fits; nothing for a visit that has one."""
    is_looked_for = visit.planned is None and not (visit.is_held or visit.is_off)
    return [_say_refusal(one, names, speaks) for one in visit.refused] if is_looked_for else []


def _say_count_from(visit: StaffVisitView, names: Names, speaks: Language) -> str:
    counts = visit.counts
    name = speaks.text(visit.name)
    if counts.anchor == RANDOMIZATION and counts.anchor_day == visit.target:
        day = speaks.weekday_day(visit.target, year=True)
        return speaks.say("the target of {visit} is the day of randomization: {day}", visit=name, day=day)
    year = counts.anchor_day.year != visit.target.year
    said = speaks.say(
        "{visit} counts from {anchor}: {day} + {offset} = {target}",
        visit=name,
        anchor=speaks.say("randomization") if counts.anchor == RANDOMIZATION else speaks.text(names[counts.anchor]),
        day=speaks.plain_day(counts.anchor_day, year=year),
        offset=speaks.offset(counts.offset),
        target=speaks.weekday_day(visit.target, year=year),
    )
    clipped = counts.offset.is_clipped_after(counts.anchor_day)
    return said + (speaks.say(" (the last day of its month)") if clipped else "")


def _say_anchor(visit: StaffVisitView, names: Names, speaks: Language) -> Iterator[str]:
    """Say which day of the anchor counts, where it is not simply its target."""
    counts = visit.counts
    if counts.anchor == RANDOMIZATION:
        return
    name = speaks.text(names[counts.anchor])
    if counts.anchor_is is AnchorDay.UNPLACED:
        yield speaks.say("no day fits {visit}, so its target counts", visit=name)
    elif counts.anchor_is is AnchorDay.NOT_GIVEN:
        day = speaks.weekday_day(counts.anchor_day)
        yield speaks.say(
            "{visit} was not given or did not take place, so its target counts, {day}", visit=name, day=day
        )
    elif counts.anchor_day != counts.anchor_target:
        days = {
            "visit": name,
            "day": speaks.weekday_day(counts.anchor_day),
            "target": speaks.weekday_day(counts.anchor_target),
        }
        if counts.anchor_is is AnchorDay.ACTUAL:
            yield speaks.say("the actual day of {visit} counts, {day}, not its target, {target}", **days)
        elif counts.anchor_is is AnchorDay.BOOKED:
            yield speaks.say("the booked day of {visit} counts, {day}, not its target, {target}", **days)
        else:
            yield speaks.say("the planned day of {visit} counts, {day}, not its target, {target}", **days)


def _say_day(visit: StaffVisitView, names: Names, speaks: Language) -> Iterator[str]:
    if visit.is_held or visit.is_off:
        return
    if visit.planned is None:
        yield speaks.say("no day in its window fits")
    elif visit.fixed:
        yield speaks.say("its day is fixed: {day}", day=speaks.weekday_day(visit.planned, year=True))
    elif visit.refused:
        first, *others = visit.refused
        yield speaks.say(
            "moved from {target} to {planned}: {reason}; {slack}",
            **_short_pair(visit.target, visit.planned, speaks),
            reason=_say_why(first, names, speaks),
            slack=_say_slack(visit, speaks),
        )
        yield from _say_nearer(visit.target, visit.planned, others, names, speaks)


def _say_nearer(
    target: date, planned: date, nearer: Sequence[DayRefused], names: Names, speaks: Language
) -> Iterator[str]:
    """Say why the day was taken and not a nearer one: first of the days that are free, then of the others."""
    free = [one for one in nearer if isinstance(one.why, WorseForOthers | StaysPlanned)]
    if free:
        yield speaks.say(
            "why {planned}, and not a free day as near or nearer: {days}",
            planned=_short_pair(target, planned, speaks)["planned"],
            days="; ".join(_say_refusal(one, names, speaks) for one in free),
        )
    if not_free := [one for one in nearer if one not in free]:
        yield speaks.say(
            "nearer days that were not taken: {days}",
            days="; ".join(_say_refusal(one, names, speaks) for one in not_free),
        )


def _short_pair(target: date, planned: date, speaks: Language) -> dict[str, str]:
    """Return two days in as few words as leave no doubt: ``Sat 5`` to ``Fri 4`` within one month."""
    if (target.year, target.month) == (planned.year, planned.month):
        return {
            "target": f"{speaks.short_weekday(target)} {target.day}",
            "planned": f"{speaks.short_weekday(planned)} {planned.day}",
        }
    year = target.year != planned.year
    return {
        "target": speaks.weekday_day(target, year=year),
        "planned": speaks.weekday_day(planned, year=year),
    }


def _say_slack(visit: StaffVisitView, speaks: Language) -> str:
    return speaks.say_count("{count} day of slack left", "{count} days of slack left", visit.slack_days or 0)


def _say_refusal(one: DayRefused, names: Names, speaks: Language) -> str:
    return speaks.say("{day}: {reason}", day=speaks.weekday_day(one.day), reason=_say_why(one, names, speaks))


def _say_why(one: DayRefused, names: Names, speaks: Language) -> str:
    if isinstance(one.why, TooClose):
        return _say_too_close(one.why, names[one.why.to], speaks)
    if isinstance(one.why, Away):
        return speaks.say("the participant is away")
    if isinstance(one.why, WorseForOthers):
        return _say_worse([speaks.text(names[code]) for code in one.why.visits], speaks)
    if isinstance(one.why, StaysPlanned):
        return speaks.say("the day that was planned before stays")
    return say_closed(one.why, speaks)


def _say_worse(visits: Sequence[str], speaks: Language) -> str:
    if not visits:
        return speaks.say("other visits would have to leave the days or the windows that they have")
    return speaks.say_count(
        "{visits} would be farther from its target or without a day",
        "{visits} would be farther from their targets or without a day",
        len(visits),
        visits=_say_some(visits, speaks),
    )


def _say_some(visits: Sequence[str], speaks: Language) -> str:
    """Return up to three of the visits by name, and how many more there are."""
    if len(visits) <= MOST_NAMED:
        return speaks.enumerate(visits)
    named = ", ".join(visits[:MOST_NAMED])
    return speaks.say("{visits} and {more} more", visits=named, more=len(visits) - MOST_NAMED)


def _say_too_close(why: TooClose, other: Text, speaks: Language) -> str:
    said = speaks.say_count(
        "{count} day from {visit} on {day}, and {least} are required",
        "{count} days from {visit} on {day}, and {least} are required",
        why.days_apart,
        visit=speaks.text(other),
        day=speaks.weekday_day(why.on),
        least=why.at_least,
    )
    return speaks.say("{reason} (assumed)", reason=said) if why.basis is Basis.ASSUMED else said


def say_closed(why: Closed, speaks: Language) -> str:
    """Say why the clinic is closed."""
    match why:
        case ClosedWeekday():
            return speaks.say(CLOSED_ON[why.weekday])
        case HolidayClosed():
            return speaks.say("the clinic is closed for a holiday ({name})", name=say_holiday(why.name, speaks))
        case ClosureClosed():
            return speaks.say("the clinic is closed ({reason})", reason=speaks.text(why.reason))
        case NoSlots():
            return speaks.say("the clinic has no slot for this kind of visit")
        case TooShort(hours=hours):
            said = f"{hours.opens:%H:%M}-{hours.closes:%H:%M}"
            return speaks.say("the clinic is open {hours} only, and the visit is longer", hours=said)


def say_holiday(names: str, speaks: Language) -> str:
    """Return the names of the holidays of a day."""
    return "; ".join(
        speaks.say("{holiday}, observed", holiday=speaks.say(name.removesuffix(OBSERVED)))
        if name.endswith(OBSERVED)
        else speaks.say(name)
        for name in names.split("; ")
    )


def say_window(visit: StaffVisitView, speaks: Language) -> str:
    """Say on which days the visit is on time, and whether that is assumed."""
    if visit.earliest == visit.latest:
        window = speaks.say("only {day}", day=speaks.weekday_day(visit.earliest, year=True))
    else:
        window = speaks.say(
            "{earliest} to {latest}",
            earliest=speaks.weekday_day(visit.earliest, year=True),
            latest=speaks.weekday_day(visit.latest, year=True),
        )
    assumed = speaks.say("{window} (assumed)", window=window)
    return assumed if visit.window_basis is Basis.ASSUMED else window


def assumed_parts(visit: StaffVisitView, speaks: Language) -> list[str]:
    """Return which of the visit's figures are assumed and not registered."""
    parts = (
        (visit.anchor_basis, speaks.say("anchor")),
        (visit.offset_basis, speaks.say("offset")),
        (visit.window_basis, speaks.say("window")),
        (visit.length_basis, speaks.say("length")),
    )
    return [name for basis, name in parts if basis is Basis.ASSUMED]


def _say_assumed(visit: StaffVisitView, speaks: Language) -> Iterator[str]:
    if parts := assumed_parts(visit, speaks):
        yield speaks.say("assumed, not registered: {parts}", parts=", ".join(parts))


def say_burden(burden: Burden, speaks: Language) -> list[str]:
    """Say how much the schedule asks of the participant."""
    hours = speaks.say("{length} at the clinic in all, travel not counted", length=speaks.length(burden.clinic_time))
    if burden.lengths_basis is Basis.ASSUMED:
        hours = speaks.say("{hours} (assumed lengths)", hours=hours)
    return [
        speaks.say(
            "{contacts} contacts: {in_person} at the clinic, {virtual} by phone or video",
            contacts=burden.contacts,
            in_person=burden.in_person,
            virtual=burden.virtual,
        ),
        hours,
        speaks.say(
            "longest day: {length} ({visits})",
            length=speaks.length(burden.longest_day),
            visits=", ".join(burden.longest_day_at),
        ),
        speaks.say_count(
            "tightest window: {count} day ({visits})",
            "tightest window: {count} days ({visits})",
            burden.tightest_window_days,
            visits=", ".join(burden.tightest_window_at),
        ),
    ]


def say_notice(notice: Notice, speaks: Language) -> str:  # noqa: PLR0911 - a line for each kind of notice
    """Say what staff should know, and what to do about it."""
    match notice:
        case FixedOnClosedDay() | FixedOutsideWindow() | FixedTooClose():
            return _say_fixed(notice, speaks)
        case TaperStartsHigh() | TaperDatesWait() | TaperPrescribedEarly():
            return _say_of_taper(notice, speaks)
        case EndsAfterCompletion():
            return speaks.say(
                "{visit} falls on {day}, after the study's registered completion on {completion}; ask the sponsor",
                visit=notice.visit,
                day=speaks.plain_day(notice.day, year=True),
                completion=speaks.plain_day(notice.completion, year=True),
            )
        case CannotBePlaced():
            return speaks.say(
                "no day fits {visits}; the reasons stand below, day by day", visits=", ".join(notice.visits)
            )
        case SiteLeavesBlank():
            return speaks.say(
                "the site file leaves these empty, they print as blank lines: {keys}",
                keys=", ".join(notice.keys),
            )
        case SiteHasExamples():
            return speaks.say(
                "these values of the site file are examples, not the site's own: {keys}",
                keys=", ".join(notice.keys),
            )
        case SiteHasNoHolidays():
            return speaks.say("the site file names no holidays: visits may fall on one")
        case NotConfirmed():
            return speaks.say(
                "pages say SAMPLE: no [confirmed] of the site file counts for protocol version {version} on {day}",
                version=notice.version,
                day=speaks.weekday_day(notice.day, year=True),
            )
        case EndsAfterClosing():
            return speaks.say(
                "these visits end after the clinic closes if they start at the usual time: {visits}",
                visits=", ".join(notice.visits),
            )


def _say_fixed(notice: FixedOnClosedDay | FixedOutsideWindow | FixedTooClose, speaks: Language) -> str:
    match notice:
        case FixedOnClosedDay():
            return speaks.say(
                "{visit} is fixed on {day}, but {reason}; check the date",
                visit=speaks.text(notice.visit),
                day=speaks.weekday_day(notice.day, year=True),
                reason=say_closed(notice.why, speaks),
            )
        case FixedOutsideWindow():
            return speaks.say(
                "{visit} is fixed on {day}, outside its window from {earliest} to {latest}: record a deviation",
                visit=speaks.text(notice.visit),
                day=speaks.weekday_day(notice.day, year=True),
                earliest=speaks.weekday_day(notice.earliest),
                latest=speaks.weekday_day(notice.latest, year=True),
            )
        case FixedTooClose():
            return speaks.say(
                "{visit} is fixed on {day}, {reason}: record a deviation",
                visit=speaks.text(notice.visit),
                day=speaks.weekday_day(notice.day, year=True),
                reason=_say_too_close(notice.why, notice.other, speaks),
            )


def _say_of_taper(notice: TaperStartsHigh | TaperDatesWait | TaperPrescribedEarly, speaks: Language) -> str:
    if isinstance(notice, TaperPrescribedEarly):
        return speaks.say(
            "the taper is shown without its dates: it was prescribed from {day} on, and may start on {target}; ask for"
            " a new prescription",
            day=speaks.weekday_day(notice.first_day, year=True),
            target=speaks.weekday_day(notice.may_start, year=True),
        )
    if isinstance(notice, TaperDatesWait):
        return speaks.say(
            "the taper is shown without its dates until --infusion2-given says when {visit} was given",
            visit=speaks.text(notice.visit),
        )
    doses = {"dose": speaks.dose(notice.dose_mg), "highest": speaks.dose(notice.highest_mg)}
    if notice.basis is Basis.ASSUMED:
        return speaks.say(
            "the taper starts at {dose} mg a day, above the highest of {highest} mg (assumed); check it", **doses
        )
    return speaks.say(
        "the taper starts at {dose} mg a day, above the registered highest of {highest} mg; check it", **doses
    )
